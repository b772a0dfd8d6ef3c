#include "config.h"

#include "engine/fp-engine-edit.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-json.h"
#include "engine/fp-engine-private.h"
#include "store/fp-edit-rows.h"
#include "store/fp-hold-rows.h"
#include "sync/fp-item-machine.h"

typedef struct {
  gint64     id;
  FpEnqueue *changes;
  gboolean   reach;
  FpItem    *before; /* as it was read, with its parts */
  FpItem    *after;
} Edit;

static void
edit_free (gpointer data)
{
  Edit *edit = data;

  g_clear_pointer (&edit->changes, fp_enqueue_free);
  g_clear_pointer (&edit->before, fp_item_free);
  g_clear_pointer (&edit->after, fp_item_free);
  g_free (edit);
}

/* Reading. */

static gboolean
refuse (gint64       id,
        const char  *why,
        GError     **error)
{
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("item %" G_GINT64_FORMAT " %s"), id, why);

  return FALSE;
}

/* NULL = nothing is in the way of an edit. */
static const char *
get_obstacle (const FpItem *item)
{
  if (fp_item_is_moved (item))
    return _("was moved to another place: edit it there, or release it first");
  if (g_strcmp0 (item->hold, "staging") != 0)
    return NULL;
  if (item->state == FP_ITEM_HELD)
    return _("is still being copied");

  /* Its other half is nowhere: an edit would send it without. */
  return item->state == FP_ITEM_FAILED ? _("has lost its file: queue it again") : NULL;
}

FpItem *
_fp_engine_get_editable (FpStoreTxn  *txn,
                         gint64       id,
                         GError     **error)
{
  GError *local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, TRUE, &local);
  gint64 follower;
  const char *why;

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, _("item %" G_GINT64_FORMAT ": there is none"), id);
      return NULL;
    }
  if (!item)
    {
      g_propagate_error (error, local);
      return NULL;
    }

  follower = fp_edit_rows_find_follower (txn, id, error);
  if (follower < 0)
    return NULL;
  if (follower > 0)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                   _("item %" G_GINT64_FORMAT " has a newer version already: edit item %" G_GINT64_FORMAT), id,
                   follower);
      return NULL;
    }
  why = get_obstacle (item);
  if (why)
    {
      refuse (id, why, error);
      return NULL;
    }

  return g_steal_pointer (&item);
}

gboolean
_fp_engine_is_undelivered (const FpItem *item)
{
  return (item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED || item->state == FP_ITEM_HELD)
         && !item->maybe_delivered && item->posts_done == 0;
}

static gboolean
check_request (const FpItem  *item,
               GError       **error)
{
  if (item->kind == FP_ITEM_SUBMISSION)
    return refuse (item->id, _("is a submission: it is edited by its questions"), error);
  if (item->kind == FP_ITEM_BATCH)
    return refuse (item->id, _("is a batch of events, which cannot be edited"), error);
  if (item->state == FP_ITEM_SENT)
    return refuse (item->id, _("is sent; queue another request instead"), error);
  if (item->state == FP_ITEM_DISCARDED)
    return refuse (item->id, _("is discarded; undo that first"), error);

  return TRUE;
}

static gpointer
read_request (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Edit *edit = data;
  g_autoptr(FpItem) item = _fp_engine_get_editable (txn, edit->id, error);

  if (!item || !check_request (item, error))
    return NULL;
  edit->before = g_steal_pointer (&item);

  return _FP_ENGINE_DONE;
}

/* Merging. */

/* The stored map with @changes over it; an empty value takes a name away. Names of headers know no case. */
static GHashTable *
merge (const char  *stored,
       GHashTable  *changes,
       gboolean     headers,
       GError     **error)
{
  g_autoptr(GHashTable) merged = stored ? fp_json_to_string_map (stored, error)
                                        : g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer name, value;

  if (!merged || !changes)
    return g_steal_pointer (&merged);

  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      GHashTableIter old;
      gpointer key;

      g_hash_table_iter_init (&old, merged);
      while (g_hash_table_iter_next (&old, &key, NULL))
        if (headers ? g_ascii_strcasecmp (key, name) == 0 : g_str_equal (key, name))
          g_hash_table_iter_remove (&old);
      if (*(char *) value)
        g_hash_table_insert (merged, g_strdup (name), g_strdup (value));
    }

  return g_steal_pointer (&merged);
}

/* Stand-ins for the parts that stay: the checks go by their names. */
static void
add_kept_parts (FpEnqueue    *request,
                const FpItem *before)
{
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0);

  for (guint i = 0; i < before->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (before->parts, i);

      fp_enqueue_add_part (request, part->name, part->filename, part->media_type, nothing, NULL);
    }
}

static FpEnqueue *
make_request (Edit    *edit,
              GError **error)
{
  const FpItem *before = edit->before;
  FpEnqueue *changes = edit->changes;
  g_autoptr(FpEnqueue) request = fp_enqueue_new (changes->url ? changes->url : before->url);
  g_autofree char *automatic = _fp_engine_dup_title (before);

  /* What had no body and gets one is sent as one that has, unless its method is another than the usual. */
  if (changes->method || before->parts->len > 0 || changes->parts->len == 0 || !g_str_equal (before->method, "GET"))
    request->method = g_strdup (changes->method ? changes->method : before->method);
  request->tag = g_strdup (changes->tag ? changes->tag : before->tag);
  request->title = g_strdup (changes->title                                 ? changes->title
                             : g_strcmp0 (before->title, automatic) == 0 ? NULL
                                                                            : before->title);
  request->reach = edit->reach ? changes->reach : before->reach;
  request->headers = merge (before->headers, changes->headers, TRUE, error);
  if (!request->headers)
    return NULL;
  request->meta = merge (before->meta, changes->meta, FALSE, error);
  if (!request->meta)
    return NULL;
  if (changes->parts->len > 0)
    {
      g_ptr_array_unref (request->parts);
      request->parts = g_ptr_array_ref (changes->parts);
    }
  else
    {
      add_kept_parts (request, before);
    }

  return g_steal_pointer (&request);
}

/* The bytes of the parts that stay into their stand-ins. */
static void
keep_parts (FpItem       *after,
            const FpItem *before)
{
  for (guint i = 0; i < before->parts->len; i++)
    {
      const FpItemPart *from = g_ptr_array_index (before->parts, i);
      FpItemPart *to = g_ptr_array_index (after->parts, i);

      g_clear_pointer (&to->data, g_bytes_unref);
      to->data = from->data ? g_bytes_ref (from->data) : NULL;
      to->sha256 = g_strdup (from->sha256);
      to->size = from->size;
    }
}

/* A secret goes to the place for which it was given and to no other. */
static gboolean
keep_secret (Edit    *edit,
             GError **error)
{
  const FpItem *before = edit->before;
  FpItem *after = edit->after;

  if (g_strcmp0 (before->host, after->host) == 0)
    {
      /* Of the account of its server; what stood in a header or in the address was taken away with that. */
      if (!after->secret_id && !strstr (before->url, "{secret}") && !strstr (before->headers, "{secret}"))
        after->secret_id = g_strdup (before->secret_id);
      return TRUE;
    }
  if (!before->secret_id || g_strcmp0 (before->secret_id, after->secret_id) != 0)
    return TRUE;

  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
               _("the password of item %" G_GINT64_FORMAT " is for %s alone; give the one for %s along"), edit->id,
               before->host, after->host);
  return FALSE;
}

/* Writing. */

/* Holds that say something of the item itself outlive an edit; what a server or the network refused is asked anew. */
static gboolean
stays_held (const FpItem *item)
{
  static const char * const lasting[] = { "user", "machine", "after", NULL };

  return item->state == FP_ITEM_HELD && item->hold && g_strv_contains (lasting, item->hold);
}

static gboolean
replace (FpStoreTxn    *txn,
         FpItem        *after,
         const FpItem  *now,
         GError       **error)
{
  after->id = now->id;
  after->waits_for = now->waits_for;
  after->state = now->state;
  g_free (after->hold);
  after->hold = g_strdup (now->hold);
  /* Also what keeps all of its account: it was given a password, or is to be asked anew. */
  if (!stays_held (now))
    {
      if (now->state != FP_ITEM_PENDING
          && (!fp_hold_rows_lift_for (txn, after, error) || !fp_item_machine_step (after, FP_EVENT_RELEASE)))
        return FALSE;
      g_clear_pointer (&after->hold, g_free);
    }

  return fp_edit_rows_replace (txn, after, now->state, error) && fp_hold_rows_go_on (txn, error);
}

static gboolean
follow (FpStoreTxn    *txn,
        FpItem        *after,
        const FpItem  *now,
        GError       **error)
{
  after->waits_for = now->id;
  after->state = FP_ITEM_HELD;
  after->hold = g_strdup ("after");

  return fp_item_rows_insert (txn, after, error);
}

static gpointer
write_request (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Edit *edit = data;
  g_autoptr(FpItem) now = _fp_engine_get_editable (txn, edit->id, error);

  if (!now || !check_request (now, error))
    return NULL;
  if (g_strcmp0 (now->uid, edit->before->uid) != 0)
    {
      refuse (edit->id, _("was edited by somebody else meanwhile"), error);
      return NULL;
    }
  if (!(_fp_engine_is_undelivered (now) ? replace (txn, edit->after, now, error)
                                        : follow (txn, edit->after, now, error)))
    return NULL;

  return fp_item_rows_get (txn, edit->after->id, FALSE, error);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpItem *item = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (item)
    g_task_return_pointer (task, item, (GDestroyNotify) fp_item_free);
  else
    g_task_return_error (task, error);
}

static void
prepared_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Edit *edit = g_task_get_task_data (task);
  GError *error = NULL;

  edit->after = _fp_engine_finish (self, result, &error);
  if (edit->after && edit->changes->parts->len == 0)
    keep_parts (edit->after, edit->before);
  if (!edit->after || !keep_secret (edit, &error))
    g_task_return_error (task, error);
  else
    _fp_engine_write (self, fp_engine_edit_request_async, write_request, edit, NULL, (GDestroyNotify) fp_item_free,
                      g_task_get_cancellable (task), written_cb, g_object_ref (task));
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Edit *edit = g_task_get_task_data (task);
  GError *error = NULL;
  FpEnqueue *request = _fp_engine_finish (self, result, &error) ? make_request (edit, &error) : NULL;

  if (request)
    _fp_engine_prepare_async (self, request, edit->before->secret_id, g_task_get_cancellable (task), prepared_cb,
                              g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_edit_request_async:
 * @id: a request that is not settled
 * @changes: (transfer full): see the header
 * @reach: whether @changes->reach is meant
 *
 * One transaction, compare-and-set. A request that was certainly not delivered is replaced: the same row and place in
 * the queue, another uid and so another key. One that may have arrived, or is being sent, stays as it is; what comes
 * back is then another item, held ("after") until that one is settled.
 *
 * Errors: FP_ENGINE_ERROR_NOT_FOUND, FP_ENGINE_ERROR_REFUSED with what is in the way, and those of
 * [method@Engine.enqueue_async]. Nothing is changed then.
 */
void
fp_engine_edit_request_async (FpEngine            *self,
                              gint64               id,
                              FpEnqueue           *changes,
                              gboolean             reach,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Edit *edit = g_new0 (Edit, 1);

  edit->id = id;
  edit->changes = changes;
  edit->reach = reach;
  g_task_set_source_tag (task, fp_engine_edit_request_async);
  g_task_set_task_data (task, edit, edit_free);
  _fp_engine_read (self, fp_engine_edit_request_async, read_request, edit, NULL, NULL, cancellable, read_cb, task);
}

/**
 * fp_engine_edit_request_finish:
 *
 * Returns: (transfer full): the replaced item, or, with another id, the one that waits for it; without parts
 */
FpItem *
fp_engine_edit_request_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
