#include "sync/fp-pauses.h"

#define NOW G_GINT64_CONSTANT (1000000)
#define ADDRESS "https://a.example/in"

typedef struct
{
  FpPauses *pauses;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->pauses = fp_pauses_new ();
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_pauses_free (f->pauses);
}

static gboolean
ended_at (Fixture       *f,
          const char    *url,
          gint64         item,
          FpVerdictKind  kind,
          guint          status,
          gint64         now)
{
  FpItem tried = { .id = item, .url = (char *) url, .protocol = FP_PROTOCOL_PLAIN };
  FpVerdict verdict = { .kind = kind, .retry_after = -1, .contacted = status != 0 };

  return fp_pauses_ended (f->pauses, &tried, &verdict, status, now);
}

static gboolean
ended (Fixture       *f,
       gint64         item,
       FpVerdictKind  kind,
       guint          status,
       gint64         now)
{
  return ended_at (f, ADDRESS, item, kind, status, now);
}

static gint64
until_of (Fixture    *f,
          const char *url,
          gint64      item,
          gint64      now)
{
  FpItem asked = { .id = item, .url = (char *) url, .protocol = FP_PROTOCOL_PLAIN };

  return fp_pauses_get_until (f->pauses, &asked, now);
}

static void
began (Fixture *f,
       gint64   item)
{
  FpItem begun = { .id = item, .url = (char *) ADDRESS, .protocol = FP_PROTOCOL_PLAIN };

  fp_pauses_began (f->pauses, &begun);
}

static void
pause_it (Fixture *f)
{
  for (gint64 item = 1; item <= 3; item++)
    ended (f, item, FP_VERDICT_SLOW, 404, NOW);
  g_assert_cmpint (until_of (f, ADDRESS, 9, NOW), ==, NOW + 30000);
}

static void
test_same_refusal_pauses (Fixture       *f,
                          gconstpointer  data)
{
  gint64 now;

  /* Different refusals, and one item asked thrice, are no pattern. */
  ended (f, 1, FP_VERDICT_ITEM, 400, NOW);
  ended (f, 2, FP_VERDICT_ITEM, 422, NOW);
  ended (f, 3, FP_VERDICT_ITEM, 400, NOW);
  ended (f, 3, FP_VERDICT_ITEM, 400, NOW);
  ended (f, 3, FP_VERDICT_ITEM, 400, NOW);
  g_assert_false (fp_pauses_any (f->pauses));
  ended (f, 4, FP_VERDICT_ITEM, 400, NOW);
  g_assert_false (ended (f, 5, FP_VERDICT_RECEIPT, 201, NOW));
  ended (f, 6, FP_VERDICT_ITEM, 400, NOW);
  ended (f, 7, FP_VERDICT_ITEM, 400, NOW);
  g_assert_false (fp_pauses_any (f->pauses));
  ended (f, 8, FP_VERDICT_ITEM, 400, NOW);
  g_assert_true (fp_pauses_any (f->pauses));
  g_assert_cmpint (until_of (f, ADDRESS, 9, NOW), ==, NOW + 30000);

  /* Those that were under way tell nothing new. */
  ended (f, 10, FP_VERDICT_ITEM, 400, NOW + 10);
  g_assert_cmpint (until_of (f, ADDRESS, 9, NOW), ==, NOW + 30000);

  /* The next one asks alone; refused again: twice as long. */
  now = NOW + 30000;
  g_assert_cmpint (until_of (f, ADDRESS, 9, now), ==, 0);
  began (f, 9);
  g_assert_cmpint (until_of (f, ADDRESS, 11, now), >, now);
  ended (f, 9, FP_VERDICT_ITEM, 400, now);
  g_assert_cmpint (until_of (f, ADDRESS, 11, now), ==, now + 60000);
  now += 60000;
  began (f, 11);
  g_assert_true (ended (f, 11, FP_VERDICT_RECEIPT, 201, now));
  g_assert_cmpint (until_of (f, ADDRESS, 12, now), ==, 0);
  g_assert_false (fp_pauses_any (f->pauses));
}

static void
test_not_longer_than_an_hour (Fixture       *f,
                              gconstpointer  data)
{
  gint64 now = NOW;

  pause_it (f);
  for (gint64 item = 10; item < 50; item++)
    {
      now = until_of (f, ADDRESS, item, now);
      began (f, item);
      ended (f, item, FP_VERDICT_SLOW, 404, now);
    }
  g_assert_cmpint (until_of (f, ADDRESS, 9, now), ==, now + 3600000);
}

static void
test_only_the_destination (Fixture       *f,
                           gconstpointer  data)
{
  FpItem submission = { .id = 1, .url = (char *) ADDRESS, .protocol = FP_PROTOCOL_OPENROSA, .form = 1 };
  FpVerdict verdict = { .kind = FP_VERDICT_SLOW, .contacted = TRUE };

  pause_it (f);
  g_assert_cmpint (until_of (f, ADDRESS "?late=1", 9, NOW), ==, NOW + 30000);
  g_assert_cmpint (until_of (f, ADDRESS "#x", 9, NOW), ==, NOW + 30000);
  g_assert_cmpint (until_of (f, ADDRESS "/other", 9, NOW), ==, 0);
  g_assert_cmpint (until_of (f, "https://a.example/", 9, NOW), ==, 0);
  g_assert_cmpint (until_of (f, "http://a.example/in", 9, NOW), ==, 0);
  g_assert_cmpint (until_of (f, "https://b.example/in", 9, NOW), ==, 0);

  /* One address of an OpenRosa server takes many forms, and one of them may be closed. */
  for (submission.id = 1; submission.id <= 3; submission.id++)
    fp_pauses_ended (f->pauses, &submission, &verdict, 409, NOW);
  g_assert_cmpint (fp_pauses_get_until (f->pauses, &submission, NOW), ==, NOW + 30000);
  submission.form = 2;
  g_assert_cmpint (fp_pauses_get_until (f->pauses, &submission, NOW), ==, 0);
}

static void
test_what_is_no_refusal (Fixture       *f,
                         gconstpointer  data)
{
  for (gint64 item = 1; item < 10; item++)
    {
      ended (f, item, FP_VERDICT_RETRY, 423, NOW);
      ended (f, item, FP_VERDICT_REPOST, 409, NOW);
      ended (f, item, FP_VERDICT_HOLD_ACCOUNT, 401, NOW);
      ended (f, item, FP_VERDICT_RETRY, 500, NOW);
      ended (f, item, FP_VERDICT_ITEM, 0, NOW);
    }
  g_assert_false (fp_pauses_any (f->pauses));
}

/* The one that asks hears nothing that says anything: another may ask at once. */
static void
test_asker_that_hears_nothing (Fixture       *f,
                               gconstpointer  data)
{
  gint64 now = NOW + 30000;

  pause_it (f);
  began (f, 9);
  fp_pauses_cancelled (f->pauses, 9);
  g_assert_cmpint (until_of (f, ADDRESS, 10, now), ==, 0);
  began (f, 10);
  g_assert_cmpint (until_of (f, ADDRESS, 11, now), >, now);
  g_assert_false (ended (f, 10, FP_VERDICT_RETRY, 503, now));
  g_assert_cmpint (until_of (f, ADDRESS, 11, now), ==, 0);

  /* Another refusal than before is no pattern any more. */
  began (f, 11);
  g_assert_true (ended (f, 11, FP_VERDICT_ITEM, 422, now));
  g_assert_false (fp_pauses_any (f->pauses));
}

static void
test_a_person_may (Fixture       *f,
                   gconstpointer  data)
{
  FpItem wanted = { .id = 9, .url = (char *) ADDRESS, .manual = TRUE };
  FpVerdict receipt = { .kind = FP_VERDICT_RECEIPT, .contacted = TRUE };

  pause_it (f);
  g_assert_cmpint (fp_pauses_get_until (f->pauses, &wanted, NOW), ==, 0);
  fp_pauses_began (f->pauses, &wanted);
  g_assert_true (fp_pauses_ended (f->pauses, &wanted, &receipt, 201, NOW));
  g_assert_cmpint (until_of (f, ADDRESS, 10, NOW), ==, 0);

  /* One by hand goes beside the one that asks, and does not take its place. */
  pause_it (f);
  began (f, 9);
  wanted.id = 10;
  fp_pauses_began (f->pauses, &wanted);
  fp_pauses_cancelled (f->pauses, 10);
  g_assert_cmpint (until_of (f, ADDRESS, 11, NOW + 30000), >, NOW + 30000);

  fp_pauses_reset (f->pauses);
  g_assert_false (fp_pauses_any (f->pauses));
  g_assert_cmpint (until_of (f, ADDRESS, 10, NOW), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) g_test_add ("/sync/pauses/" path, Fixture, NULL, setup, func, teardown)
  add ("three-same-refusals-pause", test_same_refusal_pauses);
  add ("not-longer-than-an-hour", test_not_longer_than_an_hour);
  add ("only-the-destination", test_only_the_destination);
  add ("what-is-no-refusal", test_what_is_no_refusal);
  add ("the-one-that-asks-hears-nothing", test_asker_that_hears_nothing);
  add ("a-person-may", test_a_person_may);
#undef add

  return g_test_run ();
}
