#include "sync/fp-breaker.h"

#define NOW G_GINT64_CONSTANT (1000000)

typedef struct
{
  FpBreaker *breaker;
  FpRandom *random;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->breaker = fp_breaker_new ();
  f->random = fp_random_new_seeded (3);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_breaker_free (f->breaker);
  fp_random_free (f->random);
}

static void
ended (Fixture       *f,
       gint64         item,
       FpVerdictKind  kind,
       guint          status,
       gint64         retry_after,
       gint64         now)
{
  FpVerdict verdict = { .kind = kind,
                        .retry_after = retry_after,
                        .contacted = status != 0,
                        .opens_breaker = kind == FP_VERDICT_RETRY && (status == 0 || status == 429 || status == 503) };

  fp_breaker_ended (f->breaker, item, &verdict, status, f->random, now);
}

static gint64
until (Fixture *f)
{
  return fp_breaker_get_until (f->breaker);
}

static void
assert_closed (Fixture *f,
               gint64   now)
{
  g_assert_cmpint (until (f), ==, 0);
  g_assert_false (fp_breaker_is_half_open (f->breaker, now));
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, now, 1, 4), ==, 3);
}

static void
test_room (Fixture       *f,
           gconstpointer  data)
{
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, NOW, 0, 4), ==, 4);
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, NOW, 4, 4), ==, 0);
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, NOW, 5, 4), ==, 0);
}

static void
test_opens_and_probes (Fixture       *f,
                       gconstpointer  data)
{
  ended (f, 1, FP_VERDICT_RETRY, 0, -1, NOW);
  g_assert_cmpint (until (f), >, NOW);
  g_assert_cmpint (until (f), <=, NOW + 1000);
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, NOW, 0, 4), ==, 0);
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, until (f), 0, 4), ==, 1);

  /* While one asks, nobody else goes. */
  fp_breaker_began (f->breaker, 2, until (f));
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, NOW + 60000, 1, 4), ==, 0);
  g_assert_true (fp_breaker_is_closed_to_all (f->breaker, NOW + 60000));

  ended (f, 2, FP_VERDICT_RECEIPT, 201, -1, NOW + 2000);
  assert_closed (f, NOW + 2000);
}

static void
test_doubles (Fixture       *f,
              gconstpointer  data)
{
  gint64 now = NOW;
  gint64 bound = 1000;

  ended (f, 1, FP_VERDICT_RETRY, 503, -1, now);
  for (int i = 0; i < 20; i++)
    {
      gint64 wait = until (f) - now;

      g_assert_cmpint (wait, >=, bound / 2);
      g_assert_cmpint (wait, <=, bound);
      bound = MIN (bound * 2, 300000);
      now = until (f);
      fp_breaker_began (f->breaker, 1, now);
      ended (f, 1, FP_VERDICT_RETRY, 503, -1, now);
    }

  /* One good answer and the next fault begins at the beginning. */
  now = until (f);
  fp_breaker_began (f->breaker, 1, now);
  ended (f, 1, FP_VERDICT_RECEIPT, 200, -1, now);
  ended (f, 1, FP_VERDICT_RETRY, 503, -1, now);
  g_assert_cmpint (until (f), <=, now + 1000);
}

/* Four were under way when the host went: that is one fault, not four. */
static void
test_stragglers (Fixture       *f,
                 gconstpointer  data)
{
  for (gint64 item = 1; item <= 4; item++)
    ended (f, item, FP_VERDICT_RETRY, 0, -1, NOW);
  g_assert_cmpint (until (f), <=, NOW + 1000);
  fp_breaker_began (f->breaker, 1, until (f));
  ended (f, 1, FP_VERDICT_RETRY, 0, -1, NOW + 1000);
  g_assert_cmpint (until (f), <=, NOW + 1000 + 2000);
}

/* One person's wish is one question: while an item asks, another by hand waits for what it hears. */
static void
test_let_ask (Fixture       *f,
              gconstpointer  data)
{
  g_assert_false (fp_breaker_let_ask (f->breaker, NOW));

  ended (f, 1, FP_VERDICT_RETRY, 503, -1, NOW);
  g_assert_true (fp_breaker_let_ask (f->breaker, NOW));
  g_assert_true (fp_breaker_is_half_open (f->breaker, NOW));
  fp_breaker_began (f->breaker, 1, NOW);
  g_assert_false (fp_breaker_let_ask (f->breaker, NOW));
}

static void
test_one_poison_5xx (Fixture       *f,
                     gconstpointer  data)
{
  for (int i = 0; i < 10; i++)
    ended (f, 1, FP_VERDICT_RETRY, 500, -1, NOW);
  assert_closed (f, NOW);

  /* Another was delivered in between: the server is well. */
  ended (f, 2, FP_VERDICT_RECEIPT, 201, -1, NOW);
  ended (f, 3, FP_VERDICT_RETRY, 500, -1, NOW);
  assert_closed (f, NOW);

  ended (f, 1, FP_VERDICT_RETRY, 502, -1, NOW);
  g_assert_cmpint (until (f), >, NOW);
}

/* A 5xx for the item that asks is no sign of health, although nobody else had one. */
static void
test_asking_5xx (Fixture       *f,
                 gconstpointer  data)
{
  gint64 now;

  ended (f, 1, FP_VERDICT_RETRY, 0, -1, NOW);
  now = until (f);
  fp_breaker_began (f->breaker, 2, now);
  ended (f, 2, FP_VERDICT_RETRY, 500, -1, now);
  g_assert_cmpint (until (f), >=, now + 1000);
  g_assert_cmpuint (fp_breaker_get_room (f->breaker, now, 0, 4), ==, 0);
}

static void
test_fewest_tries_ask (Fixture       *f,
                       gconstpointer  data)
{
  FpItem poison = { .id = 1 };
  FpItem other = { .id = 2 };
  FpItem later = { .id = 3 };
  g_autoptr(GPtrArray) items = g_ptr_array_new ();

  g_ptr_array_add (items, &poison);
  g_ptr_array_add (items, &other);
  g_ptr_array_add (items, &later);
  g_assert_cmpuint (fp_breaker_pick (f->breaker, items), ==, 0);

  /* It cuts the connection each time, so no try is counted on the item: the breaker remembers. */
  ended (f, 1, FP_VERDICT_RETRY, 0, -1, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 1);
  g_assert_cmpuint (fp_breaker_pick (f->breaker, items), ==, 1);
  other.attempts = 1;
  g_assert_cmpuint (fp_breaker_pick (f->breaker, items), ==, 2);
  later.attempts = 4;
  g_assert_cmpuint (fp_breaker_pick (f->breaker, items), ==, 0);

  ended (f, 1, FP_VERDICT_RECEIPT, 201, -1, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 0);
}

/* An answer that was cut off is a try of the item already. */
static void
test_tries_are_no_faults (Fixture       *f,
                          gconstpointer  data)
{
  FpVerdict cut = { .kind = FP_VERDICT_RETRY, .retry_after = -1, .contacted = TRUE, .opens_breaker = TRUE };

  fp_breaker_ended (f->breaker, 1, &cut, 0, f->random, NOW);
  g_assert_cmpint (until (f), >, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 0);
}

/* The server is well: it answers. The destination may be another matter, see fp-pauses.h. */
static void
test_refusals_are_no_fault (Fixture       *f,
                            gconstpointer  data)
{
  gint64 now;

  for (gint64 item = 1; item < 10; item++)
    {
      ended (f, item, FP_VERDICT_ITEM, 400, -1, NOW);
      ended (f, item, FP_VERDICT_SLOW, 404, -1, NOW);
      ended (f, item, FP_VERDICT_RETRY, 423, -1, NOW);
      ended (f, item, FP_VERDICT_REPOST, 409, -1, NOW);
    }
  assert_closed (f, NOW);

  /* The item that asks is refused: the host is back. */
  ended (f, 1, FP_VERDICT_RETRY, 503, -1, NOW);
  now = until (f);
  fp_breaker_began (f->breaker, 10, now);
  ended (f, 10, FP_VERDICT_ITEM, 400, -1, now);
  assert_closed (f, now);
}

static void
test_retry_after (Fixture       *f,
                  gconstpointer  data)
{
  ended (f, 1, FP_VERDICT_RETRY, 503, 60000, NOW);
  g_assert_cmpint (until (f), ==, NOW + 60000);

  /* A new chance does not overrule the server; a person does. */
  fp_breaker_reset (f->breaker, FALSE, NOW + 10);
  g_assert_cmpint (until (f), ==, NOW + 60000);
  fp_breaker_reset (f->breaker, TRUE, NOW + 10);
  assert_closed (f, NOW + 10);

  /* A day for one item is not a day for all. */
  ended (f, 1, FP_VERDICT_RETRY, 503, 86400000, NOW);
  g_assert_cmpint (until (f), ==, NOW + 900000);
  fp_breaker_reset (f->breaker, FALSE, NOW + 900000);
  assert_closed (f, NOW + 900000);
}

/* The word of any of those under way counts, also while another asks; with a good answer it is void. */
static void
test_retry_after_of_stragglers (Fixture       *f,
                                gconstpointer  data)
{
  gint64 now;

  ended (f, 1, FP_VERDICT_RETRY, 503, -1, NOW);
  ended (f, 2, FP_VERDICT_RETRY, 503, 60000, NOW);
  g_assert_cmpint (until (f), ==, NOW + 60000);

  now = until (f);
  fp_breaker_began (f->breaker, 1, now);
  ended (f, 3, FP_VERDICT_RETRY, 503, 60000, now);
  fp_breaker_cancelled (f->breaker, 1);
  g_assert_cmpint (until (f), ==, now + 60000);

  ended (f, 4, FP_VERDICT_RECEIPT, 201, -1, now);
  ended (f, 5, FP_VERDICT_RETRY, 503, -1, now);
  g_assert_cmpint (until (f), <=, now + 1000);
}

/* What was before the network was another says nothing of the server that is found in it. */
static void
test_reset_forgets (Fixture       *f,
                    gconstpointer  data)
{
  ended (f, 1, FP_VERDICT_RETRY, 0, -1, NOW);
  ended (f, 2, FP_VERDICT_RETRY, 500, -1, NOW);
  fp_breaker_reset (f->breaker, FALSE, NOW);
  assert_closed (f, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 0);
  ended (f, 3, FP_VERDICT_RETRY, 500, -1, NOW);
  assert_closed (f, NOW);
}

static void
test_something_between (Fixture       *f,
                        gconstpointer  data)
{
  FpVerdict between = { .kind = FP_VERDICT_BETWEEN, .retry_after = -1 };

  fp_breaker_ended (f->breaker, 1, &between, 200, f->random, NOW);
  g_assert_cmpint (until (f), >, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 1);
}

static void
test_own_trouble_says_nothing (Fixture       *f,
                               gconstpointer  data)
{
  gint64 now;

  ended (f, 1, FP_VERDICT_ITEM, 0, -1, NOW);
  assert_closed (f, NOW);
  g_assert_cmpuint (fp_breaker_get_faults (f->breaker, 1), ==, 1);

  /* The asking item could not be sent at all: another may ask at once. */
  ended (f, 2, FP_VERDICT_RETRY, 0, -1, NOW);
  now = until (f);
  fp_breaker_began (f->breaker, 1, now);
  ended (f, 1, FP_VERDICT_ITEM, 0, -1, now);
  g_assert_true (fp_breaker_is_half_open (f->breaker, now));
  fp_breaker_began (f->breaker, 3, now);
  fp_breaker_cancelled (f->breaker, 3);
  g_assert_true (fp_breaker_is_half_open (f->breaker, now));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  add ("/sync/breaker/room-is-the-limit-less-what-is-in-flight", test_room);
  add ("/sync/breaker/opens-on-a-fault-and-one-item-asks", test_opens_and_probes);
  add ("/sync/breaker/waits-double-until-a-good-answer", test_doubles);
  add ("/sync/breaker/those-under-way-do-not-lengthen-the-wait", test_stragglers);
  add ("/sync/breaker/a-person-lets-one-item-ask-before-its-time", test_let_ask);
  add ("/sync/breaker/5xx-of-one-item-does-not-open", test_one_poison_5xx);
  add ("/sync/breaker/5xx-of-the-asking-item-opens-again", test_asking_5xx);
  add ("/sync/breaker/the-item-with-the-fewest-tries-asks", test_fewest_tries_ask);
  add ("/sync/breaker/what-counts-as-a-try-is-no-fault-besides", test_tries_are_no_faults);
  add ("/sync/breaker/refusals-are-no-fault-of-the-host", test_refusals_are_no_fault);
  add ("/sync/breaker/retry-after-binds-the-host", test_retry_after);
  add ("/sync/breaker/retry-after-of-those-under-way-binds-too", test_retry_after_of_stragglers);
  add ("/sync/breaker/a-new-chance-forgets-what-was", test_reset_forgets);
  add ("/sync/breaker/something-between-stops-the-host", test_something_between);
  add ("/sync/breaker/own-trouble-says-nothing-about-the-host", test_own_trouble_says_nothing);
#undef add

  return g_test_run ();
}
