#include "ui/fp-item-model.h"

#include "ui/fp-item-object.h"

/* Rows a page, and pages that are kept: a GtkListView holds about 200 rows. */
#define PAGE_ROWS 50u
#define MAX_PAGES 16u

struct _FpItemModel
{
  GObject parent_instance;

  /* Owned. */
  FpEngine     *engine;
  GCancellable *cancellable;
  GHashTable   *pages;   /* page number -> GPtrArray of FpItemObject, as long as the page */
  GQueue       *recent;  /* page numbers, last used first */
  GHashTable   *loading; /* page numbers that are being read for the first time */
  GHashTable   *fresh;   /* of a running refresh: page number -> GPtrArray of FpItem */
  GArray       *todo;    /* of a running refresh: page numbers */

  guint    states;
  guint    n_items;
  guint    next_n_items;
  guint    generation; /* of the numbering: a page read before a change is not for us any more */
  gboolean refreshing;
  gboolean again;
};

typedef struct {
  FpItemModel *self;
  guint        page;
  guint        generation;
} PageLoad;

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FpItemModel, fp_item_model, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static guint
page_length (guint page,
             guint n_items)
{
  guint start = page * PAGE_ROWS;

  return start >= n_items ? 0 : MIN (PAGE_ROWS, n_items - start);
}

static void load_page (FpItemModel *self,
                       guint        page);

static void
load_page_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  PageLoad *load = user_data;
  g_autoptr(FpItemModel) self = load->self;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = fp_engine_list_items_finish (FP_ENGINE (source), result, &error);
  GPtrArray *objects = g_hash_table_lookup (self->pages, GUINT_TO_POINTER (load->page));
  gboolean current = load->generation == self->generation;

  g_hash_table_remove (self->loading, GUINT_TO_POINTER (load->page));
  if (!items)
    g_debug ("A page of the outbox could not be read: %s", error->message);
  for (guint i = 0; current && items && objects && i < MIN (items->len, objects->len); i++)
    fp_item_object_set_item (objects->pdata[i], fp_item_copy (items->pdata[i]));
  if (!current && objects && !g_cancellable_is_cancelled (self->cancellable))
    load_page (self, load->page);
  g_free (load);
}

static void
load_page (FpItemModel *self,
           guint        page)
{
  FpItemQuery query = { .states = self->states, .limit = PAGE_ROWS, .offset = page * PAGE_ROWS };
  PageLoad *load;

  if (!g_hash_table_add (self->loading, GUINT_TO_POINTER (page)))
    return;
  load = g_new0 (PageLoad, 1);
  load->self = g_object_ref (self);
  load->page = page;
  load->generation = self->generation;
  fp_engine_list_items_async (self->engine, &query, self->cancellable, load_page_cb, load);
}

static void
touch_page (FpItemModel *self,
            guint        page)
{
  gpointer key = GUINT_TO_POINTER (page);

  if (g_queue_peek_head (self->recent) == key && !g_queue_is_empty (self->recent))
    return;
  g_queue_remove (self->recent, key);
  g_queue_push_head (self->recent, key);
  while (g_queue_get_length (self->recent) > MAX_PAGES)
    g_hash_table_remove (self->pages, g_queue_pop_tail (self->recent));
}

static GType
fp_item_model_get_item_type (GListModel *model)
{
  return FP_TYPE_ITEM_OBJECT;
}

static guint
fp_item_model_get_n_items (GListModel *model)
{
  return FP_ITEM_MODEL (model)->n_items;
}

static gpointer
fp_item_model_get_item (GListModel *model,
                        guint       position)
{
  FpItemModel *self = FP_ITEM_MODEL (model);
  guint page = position / PAGE_ROWS;
  GPtrArray *objects;

  if (position >= self->n_items)
    return NULL;
  objects = g_hash_table_lookup (self->pages, GUINT_TO_POINTER (page));
  if (!objects)
    {
      objects = g_ptr_array_new_with_free_func (g_object_unref);
      for (guint i = 0; i < page_length (page, self->n_items); i++)
        g_ptr_array_add (objects, fp_item_object_new ());
      g_hash_table_insert (self->pages, GUINT_TO_POINTER (page), objects);
      load_page (self, page);
    }
  touch_page (self, page);

  return g_object_ref (objects->pdata[position % PAGE_ROWS]);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = fp_item_model_get_item_type;
  iface->get_n_items = fp_item_model_get_n_items;
  iface->get_item = fp_item_model_get_item;
}

static FpItemObject *
object_at (GHashTable *pages,
           guint       position)
{
  GPtrArray *objects = g_hash_table_lookup (pages, GUINT_TO_POINTER (position / PAGE_ROWS));
  guint at = position % PAGE_ROWS;

  return objects && at < objects->len ? objects->pdata[at] : NULL;
}

/* The objects of the old pages by the id of their item. */
static GHashTable *
index_objects (GHashTable *pages)
{
  GHashTable *index = g_hash_table_new (g_int64_hash, g_int64_equal);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, pages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      GPtrArray *objects = value;

      for (guint i = 0; i < objects->len; i++)
        {
          const FpItem *item = fp_item_object_get_item (objects->pdata[i]);

          if (item)
            g_hash_table_insert (index, (gpointer) &item->id, objects->pdata[i]);
        }
    }

  return index;
}

/* New pages out of what was read; an item that was there keeps its object, so that its row stays. */
static GHashTable *
make_pages (FpItemModel *self)
{
  g_autoptr(GHashTable) index = index_objects (self->pages);
  GHashTable *pages = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->fresh);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      GPtrArray *items = value;
      GPtrArray *objects = g_ptr_array_new_with_free_func (g_object_unref);

      for (guint i = 0; i < page_length (GPOINTER_TO_UINT (key), self->next_n_items); i++)
        {
          FpItem *item = i < items->len ? items->pdata[i] : NULL;
          FpItemObject *object = item ? g_hash_table_lookup (index, &item->id) : NULL;
          FpItemObject *empty = object_at (self->pages, GPOINTER_TO_UINT (key) * PAGE_ROWS + i);

          /* Somebody may already show this place and wait for what is in it. */
          if (!object && empty && !fp_item_object_get_item (empty))
            object = empty;
          g_ptr_array_add (objects, object ? g_object_ref (object) : fp_item_object_new ());
        }
      g_hash_table_insert (pages, key, objects);
    }

  return pages;
}

/* Pages that somebody asked for while the refresh ran are shown by now: they stay and are read again. */
static void
keep_late_pages (FpItemModel *self,
                 GHashTable  *old_pages)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, old_pages);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      GPtrArray *objects = value;

      if (g_hash_table_contains (self->pages, key)
          || objects->len != page_length (GPOINTER_TO_UINT (key), self->n_items))
        continue;
      g_hash_table_insert (self->pages, key, g_ptr_array_ref (objects));
      g_queue_push_head (self->recent, key);
      load_page (self, GPOINTER_TO_UINT (key));
    }
}

/* Tells what changed with the fewest rows. An unknown place equals any other: nobody shows it. */
static void
announce (FpItemModel *self,
          GHashTable  *old_pages,
          guint        old_n)
{
  guint n = self->n_items, shorter = MIN (old_n, n), prefix = 0, suffix = 0;

  for (; prefix < shorter; prefix++)
    {
      FpItemObject *before = object_at (old_pages, prefix), *now = object_at (self->pages, prefix);

      if (before && now && before != now)
        break;
      /* A shift can only be seen from the other end when the beginning is unknown. */
      if (old_n != n && (!before || !now))
        break;
    }
  for (; suffix < shorter - prefix; suffix++)
    {
      FpItemObject *before = object_at (old_pages, old_n - 1 - suffix);
      FpItemObject *now = object_at (self->pages, n - 1 - suffix);

      if (before && now && before != now)
        break;
    }
  if (old_n - prefix - suffix > 0 || n - prefix - suffix > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), prefix, old_n - prefix - suffix, n - prefix - suffix);
}

static void
apply_refresh (FpItemModel *self)
{
  g_autoptr(GHashTable) old_pages = self->pages;
  guint old_n = self->n_items;
  GHashTableIter iter;
  gpointer key, value;

  self->pages = make_pages (self);
  self->n_items = self->next_n_items;
  self->generation++;
  g_queue_clear (self->recent);
  g_hash_table_iter_init (&iter, self->fresh);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      GPtrArray *items = value, *objects = g_hash_table_lookup (self->pages, key);

      g_queue_push_tail (self->recent, key);
      for (guint i = 0; i < MIN (items->len, objects->len); i++)
        fp_item_object_set_item (objects->pdata[i], fp_item_copy (items->pdata[i]));
    }
  keep_late_pages (self, old_pages);
  announce (self, old_pages, old_n);
}

static void read_status_cb (GObject      *source,
                            GAsyncResult *result,
                            gpointer      user_data);

static void
end_refresh (FpItemModel *self)
{
  g_clear_pointer (&self->fresh, g_hash_table_unref);
  g_clear_pointer (&self->todo, g_array_unref);
  self->refreshing = FALSE;
  if (self->again)
    {
      self->again = FALSE;
      fp_item_model_refresh (self);
    }
}

static void refresh_next (FpItemModel *self);

static void
refresh_page_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(FpItemModel) self = user_data;
  g_autoptr(GError) error = NULL;
  GPtrArray *items = fp_engine_list_items_finish (FP_ENGINE (source), result, &error);
  guint page = g_array_index (self->todo, guint, self->todo->len - 1);

  /* An answer can come after the end of the list that asked. */
  if (!items || g_cancellable_is_cancelled (self->cancellable))
    {
      g_clear_pointer (&items, g_ptr_array_unref);
      g_debug ("The outbox could not be read: %s", error ? error->message : "too late");
      end_refresh (self);
      return;
    }
  g_hash_table_insert (self->fresh, GUINT_TO_POINTER (page), items);
  g_array_set_size (self->todo, self->todo->len - 1);
  refresh_next (self);
}

static void
refresh_next (FpItemModel *self)
{
  FpItemQuery query = { .states = self->states, .limit = PAGE_ROWS };

  if (self->todo->len == 0)
    {
      apply_refresh (self);
      end_refresh (self);
      return;
    }
  query.offset = g_array_index (self->todo, guint, self->todo->len - 1) * PAGE_ROWS;
  fp_engine_list_items_async (self->engine, &query, self->cancellable, refresh_page_cb, g_object_ref (self));
}

static guint
count_states (guint               states,
              const FpItemCounts *counts)
{
  const guint numbers[] = {
    [FP_ITEM_PENDING] = counts->pending, [FP_ITEM_SENDING] = counts->sending,
    [FP_ITEM_FAILED] = counts->failed,   [FP_ITEM_HELD] = counts->held + counts->moved,
    [FP_ITEM_DISCARDED] = counts->discarded, [FP_ITEM_SENT] = counts->sent,
  };
  guint sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (states & (1u << i))
      sum += numbers[i];

  return sum;
}

static void
read_status_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpItemModel) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpStatus) status = fp_engine_read_status_finish (FP_ENGINE (source), result, &error);
  guint last = 0;

  if (!status || g_cancellable_is_cancelled (self->cancellable))
    {
      g_debug ("The number of items could not be read: %s", error ? error->message : "too late");
      end_refresh (self);
      return;
    }
  self->next_n_items = count_states (self->states, status->counts);
  self->fresh = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->todo = g_array_new (FALSE, FALSE, sizeof (guint));
  for (GList *l = self->recent->head; l; l = l->next)
    {
      guint page = GPOINTER_TO_UINT (l->data);

      last = MAX (last, page);
      if (page_length (page, self->next_n_items) > 0)
        g_array_append_val (self->todo, page);
    }
  /* What slides over the end of the last page is shown, too. */
  last++;
  if (self->recent->length > 0 && page_length (last, self->next_n_items) > 0)
    g_array_append_val (self->todo, last);
  refresh_next (self);
}

/**
 * fp_item_model_refresh:
 *
 * Reads again what is shown. Rows whose item is still there keep their place and only show its new state.
 */
void
fp_item_model_refresh (FpItemModel *self)
{
  g_return_if_fail (FP_IS_ITEM_MODEL (self));

  if (self->refreshing)
    {
      self->again = TRUE;
      return;
    }
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  self->refreshing = TRUE;
  fp_engine_read_status_async (self->engine, self->cancellable, read_status_cb, g_object_ref (self));
}

static void
engine_changed_cb (FpItemModel *self,
                   guint        topics)
{
  if (topics & FP_STORE_ITEMS)
    fp_item_model_refresh (self);
}

static void
fp_item_model_dispose (GObject *object)
{
  FpItemModel *self = FP_ITEM_MODEL (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_item_model_parent_class)->dispose (object);
}

static void
fp_item_model_finalize (GObject *object)
{
  FpItemModel *self = FP_ITEM_MODEL (object);

  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->pages);
  g_hash_table_unref (self->loading);
  g_queue_free (self->recent);

  G_OBJECT_CLASS (fp_item_model_parent_class)->finalize (object);
}

static void
fp_item_model_class_init (FpItemModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_item_model_dispose;
  object_class->finalize = fp_item_model_finalize;
}

static void
fp_item_model_init (FpItemModel *self)
{
  self->cancellable = g_cancellable_new ();
  self->pages = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->loading = g_hash_table_new (NULL, NULL);
  self->recent = g_queue_new ();
}

FpItemModel *
fp_item_model_new (FpEngine *engine,
                   guint     states)
{
  FpItemModel *self = g_object_new (FP_TYPE_ITEM_MODEL, NULL);

  self->engine = g_object_ref (engine);
  self->states = states;
  g_signal_connect_object (engine, "changed", G_CALLBACK (engine_changed_cb), self, G_CONNECT_SWAPPED);
  fp_item_model_refresh (self);

  return self;
}
