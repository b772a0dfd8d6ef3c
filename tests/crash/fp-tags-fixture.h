/* fp-tags-fixture.h — FpTags beside a sender, a tag of events, and what was told; header only */
#pragma once

#include "fp-sync-fixture.h"

#include <string.h>

#include "store/fp-event-rows.h"
#include "sync/fp-periodic.h"
#include "sync/fp-tags.h"

#define HOUR_MS FP_PERIODIC_HOUR_MS
#define MINUTE_MS (60 * G_GINT64_CONSTANT (1000))

typedef struct {
  FpSyncFixture base;
  FpTags *tags;
  guint fired;
  guint last_chances;
  char *tag;       /* of the last "fired" */
  char *bus_name;
  guint jobs;
  char *job;
  guint clean_ups; /* not among the jobs: ended at once */
} Fixture;

static inline void
fired_cb (FpTags     *tags,
          const char *tag,
          const char *bus_name,
          gboolean    last_chance,
          Fixture    *f)
{
  f->fired++;
  f->last_chances += last_chance;
  g_free (f->tag);
  f->tag = g_strdup (tag);
  g_free (f->bus_name);
  f->bus_name = g_strdup (bus_name);
}

static inline void
job_cb (FpTags     *tags,
        const char *name,
        Fixture    *f)
{
  if (g_str_equal (name, FP_PERIODIC_CLEAN_UP))
    {
      f->clean_ups++;
      fp_tags_job_done (tags, name, NULL);
      return;
    }
  f->jobs++;
  g_free (f->job);
  f->job = g_strdup (name);
}

static inline void
begin (Fixture *f)
{
  f->tags = fp_tags_new (f->base.store, f->base.sync, fp_random_new_seeded (7));
  g_signal_connect (f->tags, "fired", G_CALLBACK (fired_cb), f);
  g_signal_connect (f->tags, "job", G_CALLBACK (job_cb), f);
  fp_tags_set_announce (f->tags, TRUE);
  fp_tags_set_jobs (f->tags, TRUE);
  fp_tags_start (f->tags);
}

static inline void
end (Fixture *f)
{
  fp_tags_stop (f->tags);
  fp_test_drain ();
  fp_test_finalize (g_steal_pointer (&f->tags));
}

static inline void
setup (Fixture       *f,
       gconstpointer  data)
{
  fp_sync_fixture_setup (&f->base, data);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
}

static inline void
teardown (Fixture       *f,
          gconstpointer  data)
{
  if (f->tags)
    end (f);
  fp_sync_fixture_teardown (&f->base, data);
  g_free (f->tag);
  g_free (f->bus_name);
  g_free (f->job);
}

/* The store without callbacks. */

typedef struct {
  const char *name;
  const char *text;
  gint64 number;
  gint64 count;
} Args;

static inline gpointer
call (Fixture     *f,
      FpStoreFunc  func,
      gpointer     data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gpointer result;

  fp_store_write_async (f->base.store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  result = fp_store_write_finish (f->base.store, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return result;
}

/* Everything that was begun is through: the store works in order. */
static inline void
settle (Fixture *f)
{
  for (guint i = 0; i < 4; i++)
    fp_sync_fixture_pass (&f->base, 0);
  fp_test_drain ();
}

static inline void
pass (Fixture *f,
      gint64   ms)
{
  fp_clock_advance (f->base.clock, ms);
  settle (f);
}

static inline gpointer
register_func (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Args *args = data;

  fp_registration_rows_add (txn, args->name, args->text, error);
  return NULL;
}

static inline void
register_tag (Fixture    *f,
              const char *tag,
              const char *bus_name)
{
  Args args = { .name = tag, .text = bus_name };

  call (f, register_func, &args);
}

static inline gpointer
registrations_func (FpStoreTxn  *txn,
                    gpointer     data,
                    GError     **error)
{
  return fp_registration_rows_list (txn, error);
}

static inline guint
count_registrations (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, registrations_func, NULL);

  return rows->len;
}

static inline guint
get_attempts (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, registrations_func, NULL);

  g_assert_cmpuint (rows->len, ==, 1);
  return ((FpRegistration *) g_ptr_array_index (rows, 0))->attempts;
}

static inline gpointer
set_tag_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Args *args = data;
  FpTagRow row = { .name = (char *) args->name, .url = (char *) args->text, .headers = (char *) "{}",
                   .reach = FP_REACH_PUBLIC, .batch_max = FP_BATCH_EVENTS };

  fp_tag_rows_set (txn, &row, error);
  return NULL;
}

static inline void
set_tag (Fixture *f)
{
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->base.sink), "/events", NULL);
  Args args = { .name = "clicks", .text = url };

  call (f, set_tag_func, &args);
}

static inline gpointer
add_events_func (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  Args *args = data;

  for (gint64 i = 0; i < args->count; i++)
    {
      g_autofree char *json = args->text ? g_strdup (args->text)
                                         : g_strdup_printf ("{\"n\":%" G_GINT64_FORMAT "}", args->number + i);

      if (!fp_event_rows_add (txn, "clicks", json, error))
        break;
    }

  return NULL;
}

static inline void
add_events (Fixture *f,
            gint64   first,
            gint64   count)
{
  Args args = { .number = first, .count = count };

  call (f, add_events_func, &args);
}

static inline gpointer
tags_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  return fp_tag_rows_list (txn, error);
}

static inline guint
count_events (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, tags_func, NULL);

  g_assert_cmpuint (rows->len, ==, 1);
  return ((FpTagRow *) g_ptr_array_index (rows, 0))->events;
}

static inline char *
dup_body (Fixture *f,
          guint    i)
{
  gsize size;
  const char *data = g_bytes_get_data (fp_sink_get (f->base.sink, i)->body, &size);

  return g_strndup (data, size);
}
