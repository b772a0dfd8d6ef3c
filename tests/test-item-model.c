/* The outbox as a paged list: get_item() never waits, rows keep their objects, changes are told with the fewest
 * rows. */
#include "fp-test.h"

#include "ui/fp-format.h"
#include "ui/fp-item-model.h"
#include "ui/fp-item-object.h"

#define N_ITEMS 120u
#define WAITING (1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD)

typedef struct {
  char        *folder;
  FpEngine    *engine;
  FpItemModel *model;
  guint        n_changes;
  guint        position, removed, added; /* of the last change */
} Fixture;

static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       removed,
                  guint       added,
                  Fixture    *f)
{
  f->n_changes++;
  f->position = position;
  f->removed = removed;
  f->added = added;
}

static void
enqueue (Fixture *f,
         guint    number)
{
  g_auto(FpTestAwait) w = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  FpEnqueue *enqueue = fp_enqueue_new ("https://data.example.org/in");

  enqueue->title = g_strdup_printf ("%u", number);
  fp_engine_enqueue_async (f->engine, enqueue, NULL, fp_test_await_cb, &w);
  item = fp_engine_enqueue_finish (f->engine, fp_test_await (&w), &error);
  g_assert_no_error (error);
}

static guint
count (Fixture *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->model));
}

static FpItemObject *
object_at (Fixture *f,
           guint    position)
{
  return g_list_model_get_item (G_LIST_MODEL (f->model), position);
}

static void
wait_title (Fixture    *f,
            guint       position,
            const char *title)
{
  g_autoptr(FpItemObject) object = object_at (f, position);

  g_assert_nonnull (object);
  fp_test_until (fp_item_object_get_item (object) != NULL);
  g_assert_cmpstr (fp_item_object_get_item (object)->title, ==, title);
}

static void
setup (Fixture      *f,
       gconstpointer data)
{
  g_auto(FpTestAwait) w = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  f->folder = fp_test_make_folder ();
  f->engine = fp_engine_new (f->folder, NULL);
  fp_engine_open_async (f->engine, NULL, fp_test_await_cb, &w);
  fp_engine_open_finish (f->engine, fp_test_await (&w), &error);
  g_assert_no_error (error);
  for (guint i = 1; i <= N_ITEMS; i++)
    enqueue (f, i);
  f->model = fp_item_model_new (f->engine, WAITING);
  g_signal_connect (f->model, "items-changed", G_CALLBACK (items_changed_cb), f);
  fp_test_until (count (f) == N_ITEMS);
}

static void
teardown (Fixture      *f,
          gconstpointer data)
{
  g_auto(FpTestAwait) w = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  g_object_run_dispose (G_OBJECT (f->model));
  fp_engine_close_async (f->engine, NULL, fp_test_await_cb, &w);
  fp_engine_close_finish (f->engine, fp_test_await (&w), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&w);
  fp_test_drain ();
  g_assert_finalize_object (f->model);
  g_assert_finalize_object (f->engine);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

static void
test_never_waits (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr(FpItemObject) last = object_at (f, N_ITEMS - 1);
  g_autoptr(FpItemObject) beyond = object_at (f, N_ITEMS);

  /* Nothing ran in between: the place is there and empty. */
  g_assert_null (fp_item_object_get_item (last));
  g_assert_null (beyond);
  wait_title (f, N_ITEMS - 1, "1");
  wait_title (f, 0, "120");
  wait_title (f, 60, "60");
}

static void
test_new_item_is_one_row (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr(FpItemObject) before = NULL, after = NULL;

  wait_title (f, 0, "120");
  before = object_at (f, 0);
  f->n_changes = 0;
  enqueue (f, 121);
  fp_test_until (count (f) == N_ITEMS + 1);
  g_assert_cmpuint (f->n_changes, ==, 1);
  g_assert_cmpuint (f->position, ==, 0);
  g_assert_cmpuint (f->removed, ==, 0);
  g_assert_cmpuint (f->added, ==, 1);
  after = object_at (f, 1);
  g_assert_true (before == after);
  wait_title (f, 0, "121");
}

static void
test_discarded_item_is_one_row (Fixture      *f,
                                gconstpointer data)
{
  g_auto(FpTestAwait) w = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(FpItemObject) object = NULL;

  wait_title (f, 7, "113");
  object = object_at (f, 7);
  g_array_append_val (ids, fp_item_object_get_item (object)->id);
  f->n_changes = 0;
  fp_engine_act_async (f->engine, FP_ACT_DISCARD, ids, NULL, fp_test_await_cb, &w);
  fp_engine_act_finish (f->engine, fp_test_await (&w), &error);
  g_assert_no_error (error);
  fp_test_until (count (f) == N_ITEMS - 1);
  g_assert_cmpuint (f->n_changes, ==, 1);
  g_assert_cmpuint (f->position, ==, 7);
  g_assert_cmpuint (f->removed, ==, 1);
  g_assert_cmpuint (f->added, ==, 0);
  wait_title (f, 7, "112");
  wait_title (f, 49, "70");
}

/* A page that is asked for while the list is read again must not stay empty. */
static void
test_page_during_refresh_is_read (Fixture      *f,
                                  gconstpointer data)
{
  for (guint turns = 0; turns < 24; turns++)
    {
      g_autoptr(FpItemModel) model = fp_item_model_new (f->engine, WAITING);
      g_autoptr(FpItemObject) first = NULL, shown = NULL;

      fp_test_until (g_list_model_get_n_items (G_LIST_MODEL (model)) == N_ITEMS);
      first = g_list_model_get_item (G_LIST_MODEL (model), 0);
      fp_test_until (fp_item_object_get_item (first) != NULL);
      fp_item_model_refresh (model);
      /* At some turn the refresh has chosen its pages and not yet applied them. */
      for (guint i = 0; i < turns; i++)
        {
          g_usleep (200);
          g_main_context_iteration (NULL, FALSE);
        }
      /* Once in the page that is read along with the first, once far from it. */
      shown = g_list_model_get_item (G_LIST_MODEL (model), turns % 2 ? 60 : 110);
      fp_test_until (fp_item_object_get_item (shown) != NULL);
      g_assert_cmpstr (fp_item_object_get_item (shown)->title, ==, turns % 2 ? "60" : "10");
      g_object_run_dispose (G_OBJECT (model));
      fp_test_drain ();
    }
}

static void
test_dates (void)
{
  g_autofree char *iso = fp_parse_date ("2026-11-22");
  g_autofree char *shown = fp_format_date ("2026-11-22");
  g_autofree char *back = fp_parse_date (shown);
  const char *none[] = { "", "2026-11", "2026-02-30", "22", "1/2/3/4", "0000-01-01", "2026-11-2x", "٢٠٢٦-١١-٢٢", "32/13/2026" };

  g_assert_cmpstr (iso, ==, "2026-11-22");
  g_assert_cmpstr (back, ==, "2026-11-22");
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_autofree char *date = fp_parse_date (none[i]);
      g_autofree char *kept = fp_format_date (none[i]);

      g_assert_null (date);
      g_assert_cmpstr (kept, ==, none[i]);
    }
}

static void
test_decimals (void)
{
  const char *cases[][2] = { { "3.5", "3.5" }, { " 3.5 ", "3.5" }, { "1,234.5", "1,234.5" }, { "1.2.3", "1.2.3" },
                             { "", "" }, { "-7", "-7" }, { "abc", "abc" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *canonical = fp_parse_decimal (cases[i][0]);

      g_assert_cmpstr (canonical, ==, cases[i][1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  ADD ("/ui/item-model/get-item-never-waits", test_never_waits);
  ADD ("/ui/item-model/new-item-is-one-row", test_new_item_is_one_row);
  ADD ("/ui/item-model/discarded-item-is-one-row", test_discarded_item_is_one_row);
  ADD ("/ui/item-model/page-asked-for-during-refresh-is-read", test_page_during_refresh_is_read);
#undef ADD
  g_test_add_func ("/ui/format/dates-go-there-and-back", test_dates);
  g_test_add_func ("/ui/format/decimals-change-nothing-doubtful", test_decimals);

  return g_test_run ();
}
