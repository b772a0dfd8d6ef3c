/* Clean-up in two steps: what it deletes, and what it must never touch. */
#include "fp-store-fixture.h"

#include <string.h>

#include "base/fp-random.h"
#include "store/fp-clean-rows.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-store-private.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))
#define WEEK_MS (7 * DAY_MS)
#define WALL G_GINT64_CONSTANT (1700000000000)

typedef FpStoreFixture Fixture;

typedef struct {
  FpItemState state;
  gint64 age;    /* ms before the transaction */
  gint64 id;
  guint deleted; /* of a whole run */
  guint steps;
} Args;

static gpointer
call (Fixture     *f,
      FpStoreFunc  func,
      gpointer     data)
{
  g_autoptr(GError) error = NULL;
  gpointer result = fp_test_store_write (f->store, func, data, &error);

  g_assert_no_error (error);
  return result;
}

static gpointer
insert_func (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Args *args = data;
  g_autoptr(FpItem) item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "text/plain");

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("POST");
  item->url = g_strdup ("https://example.org/");
  item->host = g_strdup ("https://example.org:443");
  item->instance_id = g_strdup ("uuid:1");
  item->state = args->state == FP_ITEM_SENT ? FP_ITEM_SENDING : args->state;
  item->state_before = FP_ITEM_PENDING;
  item->created = fp_store_txn_get_now (txn);
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  part->data = g_bytes_new_static ("what was typed", 14);
  g_ptr_array_add (item->parts, part);
  if (!fp_item_rows_insert (txn, item, error))
    return NULL;
  if (args->state == FP_ITEM_SENT)
    {
      FpReceipt receipt = { .item = item->id, .uid = item->uid, .instance_id = item->instance_id, .url = item->url,
                            .status = 201, .body = (char *) "thanks", .time = fp_store_txn_get_now (txn) };

      item->state = FP_ITEM_SENT;
      if (!fp_item_rows_update (txn, item, FP_ITEM_SENDING, error) || !fp_item_rows_add_receipt (txn, &receipt, error))
        return NULL;
    }
  args->id = item->id;

  return NULL;
}

/* An item that came into its state @age before now. */
static gint64
insert (Fixture     *f,
        FpItemState  state,
        gint64       age)
{
  Args args = { .state = state };
  gint64 now = fp_clock_get_wall_ms (f->clock);

  fp_clock_set_wall (f->clock, now - age);
  call (f, insert_func, &args);
  fp_clock_set_wall (f->clock, now);

  return args.id;
}

static gboolean
exists (Fixture *f,
        gint64   id)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM item WHERE id = %" G_GINT64_FORMAT, id);
  g_autofree char *n = fp_store_fixture_ask (f, sql);

  return g_str_equal (n, "1");
}

typedef struct {
  FpCleanStep step;
  FpCleanKind kind;
  FpCleanCursor cursor;
  gint64 rows;
} StepArgs;

static gpointer
step_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  StepArgs *args = data;

  args->rows = fp_clean_rows_step (txn, args->step, args->kind, WEEK_MS, &args->cursor, error);
  return NULL;
}

/* A whole run, as the engine makes it; returns how many rows were deleted. */
static guint
clean (Fixture *f)
{
  guint deleted = 0;

  for (FpCleanKind kind = 0; kind < FP_CLEAN_N; kind++)
    for (FpCleanStep step = 0; step < FP_CLEAN_N_STEPS; step++)
      {
        StepArgs args = { .step = step, .kind = kind };

        do
          {
            call (f, step_func, &args);
            g_assert_cmpint (args.rows, <=, FP_STORE_SLICE);
            deleted += step == FP_CLEAN_DELETE ? (guint) args.rows : 0;
          }
        while (args.cursor.more);
      }

  return deleted;
}

static void
test_unsent_is_never_touched (Fixture       *f,
                              gconstpointer  data)
{
  static const FpItemState unsent[] = { FP_ITEM_PENDING, FP_ITEM_SENDING, FP_ITEM_FAILED, FP_ITEM_HELD };
  gint64 ids[G_N_ELEMENTS (unsent)];

  for (guint i = 0; i < G_N_ELEMENTS (unsent); i++)
    ids[i] = insert (f, unsent[i], 3650 * DAY_MS);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpuint (clean (f), ==, 0);
      fp_clock_advance (f->clock, 400 * DAY_MS);
    }
  for (guint i = 0; i < G_N_ELEMENTS (unsent); i++)
    g_assert_true (exists (f, ids[i]));
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item WHERE marked IS NOT NULL", "0");
}

static void
test_sent_goes_in_two_steps (Fixture       *f,
                             gconstpointer  data)
{
  gint64 old = insert (f, FP_ITEM_SENT, 8 * DAY_MS);
  gint64 young = insert (f, FP_ITEM_SENT, 6 * DAY_MS);

  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS - 1);
  g_assert_cmpuint (clean (f), ==, 0);
  g_assert_true (exists (f, old));
  fp_clock_advance (f->clock, 1);
  g_assert_cmpuint (clean (f), ==, 1);
  g_assert_false (exists (f, old));
  g_assert_true (exists (f, young));

  /* What stays for ever. */
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM receipt WHERE length(uid) = 36 AND instance_id = 'uuid:1'"
                                     " AND time > 0", "2");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM receipt WHERE body IS NULL AND url = '' AND headers = '{}'",
                                  "1");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item_part", "1");
  fp_store_fixture_assert_answer (f, "SELECT n FROM item_count WHERE state = 6", "1");
}

static void
test_discarded_goes_after_a_week (Fixture       *f,
                                  gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_DISCARDED, 0);

  for (guint day = 0; day < 8; day++)
    {
      g_assert_cmpuint (clean (f), ==, 0);
      g_assert_true (exists (f, id));
      fp_clock_advance (f->clock, DAY_MS);
    }
  g_assert_cmpuint (clean (f), ==, 1);
  g_assert_false (exists (f, id));
}

static void
test_clock_set_forward_deletes_nothing_early (Fixture       *f,
                                              gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_SENT, 0);

  clean (f);
  fp_clock_set_wall (f->clock, WALL + 365 * DAY_MS);
  for (guint i = 0; i < 23; i++)
    {
      g_assert_cmpuint (clean (f), ==, 0);
      fp_clock_advance (f->clock, 3600 * 1000);
    }
  /* Set right again: the marks of the wrong year are worth nothing. */
  fp_clock_set_wall (f->clock, WALL + DAY_MS);
  fp_clock_advance (f->clock, DAY_MS);
  g_assert_cmpuint (clean (f), ==, 0);
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item WHERE marked IS NOT NULL", "0");
  g_assert_true (exists (f, id));
}

static gpointer
sql_func (FpStoreTxn  *txn,
          gpointer     sql,
          GError     **error)
{
  return fp_db_exec (txn->db, sql, error) ? sql : NULL;
}

/* The mark is right and the clock is not: a day has passed where the machine ran for one. */
static void
test_clock_set_after_the_mark (Fixture       *f,
                               gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_SENT, 8 * DAY_MS);

  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_set_wall (f->clock, WALL + 365 * DAY_MS);
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS - 1);
  g_assert_cmpuint (clean (f), ==, 0);
  g_assert_true (exists (f, id));
  fp_clock_advance (f->clock, 1);
  g_assert_cmpuint (clean (f), ==, 1);
}

/* A mark of another boot, of which only the wall clock tells how long ago it was. */
static void
test_restart_after_the_mark (Fixture       *f,
                             gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_SENT, 8 * DAY_MS);

  g_assert_cmpuint (clean (f), ==, 0);
  call (f, sql_func, (gpointer) "UPDATE item SET marked_boot_id = 'before', marked_boot = 1000000000000");
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS - 1);
  g_assert_cmpuint (clean (f), ==, 0);
  g_assert_true (exists (f, id));
  fp_clock_advance (f->clock, 1);
  g_assert_cmpuint (clean (f), ==, 1);
}

/* Events that a person threw away with their batch go with it. */
static void
test_discarded_batch_takes_its_events (Fixture       *f,
                                       gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_DISCARDED, 8 * DAY_MS);
  g_autofree char *frozen = g_strdup_printf ("INSERT INTO event (tag, data, created, item) VALUES ('t', '1', 1, %"
                                             G_GINT64_FORMAT "), ('t', '2', 1, NULL)", id);

  call (f, sql_func, frozen);
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS);
  g_assert_cmpuint (clean (f), ==, 1);
  fp_store_fixture_assert_answer (f, "SELECT group_concat(data) FROM event", "2");
}

static gpointer
state_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Args *args = data;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, args->id, FALSE, error);
  FpItemState before;

  if (!item)
    return NULL;
  before = item->state;
  item->state_before = item->state;
  item->state = args->state;
  fp_item_rows_update (txn, item, before, error);

  return NULL;
}

static void
set_state (Fixture     *f,
           gint64       id,
           FpItemState  state)
{
  Args args = { .id = id, .state = state };

  call (f, state_func, &args);
}

static void
test_undone_and_discarded_again (Fixture       *f,
                                 gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_DISCARDED, 8 * DAY_MS);

  g_assert_cmpuint (clean (f), ==, 0);
  set_state (f, id, FP_ITEM_PENDING);
  fp_clock_advance (f->clock, 2 * DAY_MS);
  set_state (f, id, FP_ITEM_DISCARDED);
  fp_clock_advance (f->clock, WEEK_MS);
  /* Old enough, but the mark is that of the first time. */
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS);
  g_assert_cmpuint (clean (f), ==, 1);
}

enum { MANY = 2 * FP_STORE_SLICE + 200 };

static gpointer
many_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  for (guint i = 0; i < MANY; i++)
    insert_func (txn, data, error);

  return NULL;
}

static void
test_short_transactions (Fixture       *f,
                         gconstpointer  data)
{
  Args args = { .state = FP_ITEM_SENT };

  call (f, many_func, &args);
  _fp_store_take_most_changes (f->store);
  fp_clock_advance (f->clock, 8 * DAY_MS);
  g_assert_cmpuint (clean (f), ==, 0);
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), ==, FP_STORE_SLICE);
  /* Nothing is marked twice, and to find that out takes no more rows than a slice either. */
  fp_clock_advance (f->clock, DAY_MS - 1);
  g_assert_cmpuint (clean (f), ==, 0);
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), ==, 0);
  fp_clock_advance (f->clock, 1);
  g_assert_cmpuint (clean (f), ==, MANY);
  /* An item, its part, its receipt, its number. */
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), ==, 4 * FP_STORE_SLICE);
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item", "0");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM receipt WHERE body IS NULL", "1200");
}

static gpointer
seen_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  FpCleanCursor cursor = { 0 };
  guint *transactions = data;

  do
    {
      gint64 rows = fp_clean_rows_step (txn, FP_CLEAN_MARK, FP_CLEAN_SENT, WEEK_MS, &cursor, error);

      g_assert_cmpint (rows, ==, 0);
      ++*transactions;
    }
  while (cursor.more);

  return NULL;
}

/* What was marked before is looked at again, and that too in several transactions. */
static void
test_rows_that_are_passed_over_count (Fixture       *f,
                                      gconstpointer  data)
{
  Args args = { .state = FP_ITEM_SENT };
  guint transactions = 0;

  call (f, many_func, &args);
  fp_clock_advance (f->clock, 8 * DAY_MS);
  clean (f);
  call (f, seen_func, &transactions);
  g_assert_cmpuint (transactions, ==, 3);
}

static gpointer
large_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  g_autofree char *megabyte = g_strnfill (1024 * 1024, 'x');

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(FpItem) item = fp_item_new ();
      FpItemPart *part = fp_item_part_new (NULL, NULL, "text/plain");

      item->kind = FP_ITEM_BATCH;
      item->protocol = FP_PROTOCOL_PLAIN;
      item->method = g_strdup ("POST");
      item->url = g_strdup ("https://example.org/");
      item->host = g_strdup ("https://example.org:443");
      item->state = FP_ITEM_DISCARDED;
      item->state_before = FP_ITEM_PENDING;
      item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
      part->data = g_bytes_new (megabyte, 1024 * 1024);
      g_ptr_array_add (item->parts, part);
      fp_item_rows_insert (txn, item, error);
    }

  return NULL;
}

static void
test_large_rows_go_a_few_at_a_time (Fixture       *f,
                                    gconstpointer  data)
{
  call (f, large_func, NULL);
  fp_clock_advance (f->clock, 8 * DAY_MS);
  clean (f);
  fp_clock_advance (f->clock, DAY_MS);
  _fp_store_take_most_changes (f->store);
  g_assert_cmpuint (clean (f), ==, 20);
  /* Eight of them, with part and number. */
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), ==, 24);
}

static gpointer
wait_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Args *args = data;
  g_autoptr(FpItem) item = fp_item_new ();

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("POST");
  item->url = g_strdup ("https://example.org/");
  item->host = g_strdup ("https://example.org:443");
  item->state = FP_ITEM_HELD;
  item->hold = g_strdup ("after");
  item->waits_for = args->id;
  fp_item_rows_insert (txn, item, error);

  return NULL;
}

static void
test_what_is_waited_for_stays (Fixture       *f,
                               gconstpointer  data)
{
  Args args = { .id = insert (f, FP_ITEM_SENT, 30 * DAY_MS) };

  call (f, wait_func, &args);
  for (guint i = 0; i < 4; i++, fp_clock_advance (f->clock, DAY_MS))
    g_assert_cmpuint (clean (f), ==, 0);
  g_assert_true (exists (f, args.id));
}

static gpointer
draft_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  g_autoptr(FpFormRow) form = fp_form_row_new ();
  g_autoptr(FpDraftRow) draft = fp_draft_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<x/>", 4);

  form->form_id = g_strdup ("f");
  form->version = g_strdup ("");
  form->title = g_strdup ("F");
  form->md5 = g_strdup ("0");
  if (!fp_form_rows_add (txn, form, xml, error))
    return NULL;
  draft->uid = fp_uuid_new ();
  draft->form = form->id;
  draft->title = g_strdup ("");
  draft->instance = g_bytes_ref (xml);
  draft->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  if (fp_draft_rows_create (txn, draft, error) && data)
    fp_draft_rows_discard (txn, draft->uid, error);

  return NULL;
}

/* What it became is what the new version is to name. */
static void
test_what_is_edited_stays (Fixture       *f,
                           gconstpointer  data)
{
  gint64 id = insert (f, FP_ITEM_SENT, 30 * DAY_MS);
  g_autofree char *edits = g_strdup_printf ("UPDATE draft SET edits = %" G_GINT64_FORMAT, id);

  call (f, draft_func, NULL);
  call (f, sql_func, edits);
  for (guint i = 0; i < 4; i++, fp_clock_advance (f->clock, DAY_MS))
    g_assert_cmpuint (clean (f), ==, 0);
  g_assert_true (exists (f, id));
}

static void
test_discarded_drafts (Fixture       *f,
                       gconstpointer  data)
{
  call (f, draft_func, NULL);
  call (f, draft_func, f);
  fp_clock_advance (f->clock, WEEK_MS);
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, DAY_MS - 1);
  g_assert_cmpuint (clean (f), ==, 0);
  fp_clock_advance (f->clock, 1);
  g_assert_cmpuint (clean (f), ==, 1);
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM draft WHERE discarded = 0", "1");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM draft", "1");
}

/* Random states, ages, changes of state, passing time and clock jumps. A model keeps, for each item, since when (boot
 * ms) it is continuously sent or discarded. */
static void
test_property (Fixture       *f,
               gconstpointer  data)
{
  enum { N = 40 };
  static const FpItemState states[] = { FP_ITEM_PENDING, FP_ITEM_FAILED, FP_ITEM_HELD, FP_ITEM_DISCARDED,
                                        FP_ITEM_SENT };
  g_autoptr(FpRandom) random = fp_random_new_seeded (3);
  gint64 ids[N];
  FpItemState state[N];
  gint64 since[N];
  gboolean gone[N] = { FALSE };

  for (guint i = 0; i < N; i++)
    {
      state[i] = states[fp_random_below (random, G_N_ELEMENTS (states))];
      ids[i] = insert (f, state[i], fp_random_below (random, 20) * DAY_MS);
      since[i] = fp_clock_get_boot_ms (f->clock);
    }
  for (guint round = 0; round < 150; round++)
    {
      gint64 now;

      fp_clock_advance (f->clock, fp_random_below (random, 2 * DAY_MS));
      if (fp_random_below (random, 5) == 0)
        fp_clock_set_wall (f->clock, fp_clock_get_wall_ms (f->clock) + fp_random_below (random, 800 * DAY_MS)
                                       - 400 * DAY_MS);
      for (guint i = 0; i < N; i++)
        if (!gone[i] && state[i] != FP_ITEM_SENT && fp_random_below (random, 40) == 0)
          {
            state[i] = state[i] == FP_ITEM_DISCARDED ? FP_ITEM_PENDING : FP_ITEM_DISCARDED;
            set_state (f, ids[i], state[i]);
            since[i] = fp_clock_get_boot_ms (f->clock);
          }
      clean (f);
      now = fp_clock_get_boot_ms (f->clock);
      for (guint i = 0; i < N; i++)
        {
          if (gone[i] || exists (f, ids[i]))
            continue;
          gone[i] = TRUE;
          g_assert_true (state[i] == FP_ITEM_SENT || state[i] == FP_ITEM_DISCARDED);
          g_assert_cmpint (now - since[i], >=, DAY_MS);
        }
    }
  for (guint i = 0; i < N; i++)
    if (state[i] != FP_ITEM_SENT && state[i] != FP_ITEM_DISCARDED)
      g_assert_true (exists (f, ids[i]));
}

#define ADD(path, func) fp_store_fixture_add (path, NULL, func)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/clean/unsent-is-never-touched", test_unsent_is_never_touched);
  ADD ("/clean/sent-goes-in-two-steps", test_sent_goes_in_two_steps);
  ADD ("/clean/discarded-goes-after-a-week", test_discarded_goes_after_a_week);
  ADD ("/clean/clock-set-forward-deletes-nothing-early", test_clock_set_forward_deletes_nothing_early);
  ADD ("/clean/clock-set-after-the-mark", test_clock_set_after_the_mark);
  ADD ("/clean/restart-after-the-mark", test_restart_after_the_mark);
  ADD ("/clean/discarded-batch-takes-its-events", test_discarded_batch_takes_its_events);
  ADD ("/clean/undone-and-discarded-again", test_undone_and_discarded_again);
  ADD ("/clean/what-is-edited-stays", test_what_is_edited_stays);
  ADD ("/clean/discarded-drafts", test_discarded_drafts);
  ADD ("/clean/short-transactions", test_short_transactions);
  ADD ("/clean/rows-that-are-passed-over-count", test_rows_that_are_passed_over_count);
  ADD ("/clean/large-rows-go-a-few-at-a-time", test_large_rows_go_a_few_at_a_time);
  ADD ("/clean/what-is-waited-for-stays", test_what_is_waited_for_stays);
  ADD ("/clean/property", test_property);

  return g_test_run ();
}
