/* bench-enqueue.c — one durable enqueue after another, against the same rows in raw SQLite with the same pragmas
 *
 * bench-enqueue FOLDER. Both write one item and one part in a transaction of its own; rounds alternate, so that both
 * meet the same disk. */
#include "fp-bench.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "engine/fp-engine.h"

#define ROUNDS 7
#define PER_ROUND 200
#define URL "http://127.0.0.1:9/report"

static void
run_sql (sqlite3    *db,
         const char *sql)
{
  if (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return;

  g_printerr ("%s: %s\n", sql, sqlite3_errmsg (db));
  exit (1);
}

/* The schema of the store itself, without its triggers: raw SQLite does not count. */
static sqlite3 *
open_raw (const char *folder)
{
  g_autofree char *from = g_build_filename (folder, "store", "fieldpost.db", NULL);
  g_autofree char *path = g_build_filename (folder, "raw.db", NULL);
  sqlite3 *source = NULL, *db = NULL;
  sqlite3_stmt *stmt = NULL;

  sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  sqlite3_open_v2 (from, &source, SQLITE_OPEN_READONLY, NULL);
  sqlite3_prepare_v2 (source,
                      "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL"
                      " AND name NOT LIKE 'sqlite_%' ORDER BY type DESC", -1, &stmt, NULL);
  while (sqlite3_step (stmt) == SQLITE_ROW)
    run_sql (db, (const char *) sqlite3_column_text (stmt, 0));
  sqlite3_finalize (stmt);
  sqlite3_close (source);
  run_sql (db, "PRAGMA journal_mode = WAL");
  run_sql (db, "PRAGMA synchronous = FULL");
  run_sql (db, "PRAGMA foreign_keys = ON");
  run_sql (db, "PRAGMA wal_autocheckpoint = 1000");

  return db;
}

static void
step (sqlite3_stmt *stmt)
{
  if (sqlite3_step (stmt) != SQLITE_DONE)
    {
      g_printerr ("raw SQLite: %s\n", sqlite3_errmsg (sqlite3_db_handle (stmt)));
      exit (1);
    }
  sqlite3_reset (stmt);
}

static double
time_raw (sqlite3 *db)
{
  sqlite3_stmt *begin, *item, *part, *commit;
  double began;

  sqlite3_prepare_v2 (db, "BEGIN IMMEDIATE", -1, &begin, NULL);
  sqlite3_prepare_v2 (db,
                      "INSERT INTO item (uid, kind, protocol, title, tag, method, url, host, reach, headers, body_size,"
                      " created, state, state_before, status, attempts, slow_step, due_boot, due_boot_id, not_before,"
                      " next_try, manual, maybe_delivered, last_try, changed) VALUES (?, 1, 1, 'A report', 'data-sync',"
                      " 'POST', '" URL "', 'http://127.0.0.1:9', 0, '{}', 200, 1, 1, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0,"
                      " 1)", -1, &item, NULL);
  sqlite3_prepare_v2 (db,
                      "INSERT INTO item_part (item, position, media_type, size, data) VALUES (?, 0,"
                      " 'application/json', 200, zeroblob (200))", -1, &part, NULL);
  sqlite3_prepare_v2 (db, "COMMIT", -1, &commit, NULL);

  began = fp_bench_now ();
  for (guint i = 0; i < PER_ROUND; i++)
    {
      g_autofree char *uid = g_uuid_string_random ();

      step (begin);
      sqlite3_bind_text (item, 1, uid, -1, SQLITE_STATIC);
      step (item);
      sqlite3_bind_int64 (part, 1, sqlite3_last_insert_rowid (db));
      step (part);
      step (commit);
    }
  began = fp_bench_now () - began;

  sqlite3_finalize (begin);
  sqlite3_finalize (item);
  sqlite3_finalize (part);
  sqlite3_finalize (commit);

  return PER_ROUND / began;
}

static void
done_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (!*result)
    g_main_context_iteration (NULL, TRUE);

  return *result;
}

static void
enqueue (FpEngine *engine)
{
  g_autofree char *filler = g_strnfill (180, 'x');
  g_autofree char *body = g_strdup_printf ("{\"answers\":\"%s\"}", filler);
  g_autoptr(GBytes) bytes = g_bytes_new (body, strlen (body));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(GError) error = NULL;
  FpEnqueue *request = fp_enqueue_new (URL);

  fp_enqueue_add_part (request, NULL, NULL, "application/json", bytes, NULL);
  fp_engine_enqueue_async (engine, request, NULL, done_cb, &result);
  item = fp_engine_enqueue_finish (engine, wait_for (&result), &error);
  if (!item)
    g_error ("%s", error->message);
}

static double
time_fieldpost (FpEngine *engine)
{
  double began = fp_bench_now ();

  for (guint i = 0; i < PER_ROUND; i++)
    enqueue (engine);

  return PER_ROUND / (fp_bench_now () - began);
}

static FpEngine *
open_engine (const char *folder)
{
  g_autofree char *store = g_build_filename (folder, "store", NULL);
  FpEngine *engine = fp_engine_new (store, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  fp_engine_open_async (engine, NULL, done_cb, &result);
  if (!fp_engine_open_finish (engine, wait_for (&result), &error))
    g_error ("%s", error->message);

  return engine;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GArray) ours = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr(GArray) raw = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr(FpEngine) engine = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  sqlite3 *db;

  if (argc != 2)
    return 2;

  engine = open_engine (argv[1]);
  db = open_raw (argv[1]);
  for (guint i = 0; i < ROUNDS; i++)
    {
      double a = time_fieldpost (engine), b = time_raw (db);

      g_array_append_val (ours, a);
      g_array_append_val (raw, b);
    }
  fp_bench_print ("durable enqueue", fp_bench_median (ours), fp_bench_median (raw), "a second",
                  fp_bench_median (ours) / fp_bench_median (raw));
  fp_engine_close_async (engine, NULL, done_cb, &closed);
  fp_engine_close_finish (engine, wait_for (&closed), NULL);
  sqlite3_close (db);

  return 0;
}
