#include "engine/fp-engine.h"
#include "fp-test.h"
#include "net/fp-verdict.h"

static void
every_code_has_a_sentence (void)
{
  const char * const *codes = fp_verdict_list_codes ();
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_assert_nonnull (codes[0]);
  for (guint i = 0; codes[i]; i++)
    {
      g_autofree char *words = fp_reason_dup_words (codes[i], NULL, 0);

      g_assert_cmpstr (words, !=, codes[i]);
      g_assert_cmpstr (words, !=, "");
      g_assert_null (strstr (words, "%"));
      if (!g_hash_table_add (seen, g_strdup (words)))
        g_error ("%s: its sentence is that of another code: %s", codes[i], words);
    }
}

static void
held_words (void)
{
  FpItem item = { .state = FP_ITEM_HELD, .waits_for = 12, .hold = (char *) "after" };
  g_autofree char *after = fp_item_dup_words (&item);
  g_autofree char *lost = NULL;

  item.hold = (char *) "lost";
  lost = fp_item_dup_words (&item);
  g_assert_cmpstr (after, ==, "Waits for #12");
  g_assert_cmpstr (lost, ==, "It may have arrived; send it again?");
}

static void
server_words_are_shown_where_they_help (void)
{
  g_autofree char *refused = fp_reason_dup_words ("item-refused", "field age: not a number", 0);
  g_autofree char *connect = fp_reason_dup_words ("network-connect", "Could not connect: errno 111", 0);

  g_assert_nonnull (strstr (refused, "field age: not a number"));
  g_assert_null (strstr (connect, "errno"));
}

static void
code_of_a_later_version_is_not_silent (void)
{
  g_autofree char *words = fp_reason_dup_words ("server-asleep", "come back in spring", 0);
  g_autofree char *bare = fp_reason_dup_words ("server-asleep", NULL, 0);

  g_assert_cmpstr (words, ==, "come back in spring");
  g_assert_cmpstr (bare, ==, "server-asleep");
}

static void
no_reason_is_no_words (void)
{
  g_autofree char *words = fp_reason_dup_words (NULL, NULL, 0);

  g_assert_cmpstr (words, ==, "");
}

static void
busy_server_names_the_time (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  gint64 ms = g_date_time_to_unix (now) * 1000;
  g_autofree char *time = g_date_time_format (now, "%H:%M");
  g_autofree char *words = fp_reason_dup_words ("server-busy", NULL, ms);

  g_assert_true (g_str_has_suffix (words, time));
}

static void
times_far_away_carry_their_day (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(GDateTime) later = g_date_time_add_days (now, 2);
  g_autofree char *expected = g_date_time_format (later, "%a %H:%M");
  g_autofree char *words = fp_time_dup_words (g_date_time_to_unix (later) * 1000);

  g_assert_cmpstr (words, ==, expected);
}

/* The one count is everything undelivered; what failed is named beside it, the most general cause first. */
static void
title_counts_everything_undelivered (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();
  g_autofree char *none = fp_status_dup_title (status);
  g_autofree char *one = NULL;
  g_autofree char *three = NULL;

  g_assert_cmpstr (none, ==, "Everything is sent");
  g_assert_null (fp_status_dup_detail (status));
  status->counts->waiting = 1;
  one = fp_status_dup_title (status);
  g_assert_cmpstr (one, ==, "1 waiting to be sent");
  status->counts->waiting = 3;
  three = fp_status_dup_title (status);
  g_assert_cmpstr (three, ==, "3 waiting to be sent");
}

static void
title_names_events_beside_it (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();
  g_autofree char *alone = NULL;
  g_autofree char *both = NULL;

  status->counts->events = 3;
  alone = fp_status_dup_title (status);
  g_assert_cmpstr (alone, ==, "3 events waiting to be sent");
  status->counts->waiting = 2;
  both = fp_status_dup_title (status);
  g_assert_cmpstr (both, ==, "2 waiting to be sent, and 3 events");
}

static void
assert_detail (const FpStatus *status,
               const char     *expected)
{
  g_autofree char *detail = fp_status_dup_detail (status);

  g_assert_cmpstr (detail, ==, expected);
}

static void
detail_says_the_most_general_cause (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();

  status->sender = TRUE;
  status->counts->waiting = 3;
  assert_detail (status, NULL);

  status->counts->failed = 2;
  assert_detail (status, "2 could not be sent");
  status->counts->reason_code = g_strdup ("network-connect");
  assert_detail (status, "2 could not be sent: The server cannot be reached");
  status->state = FP_SYNC_OFFLINE;
  assert_detail (status, "No network");
  status->link = FP_LINK_LIMITED;
  assert_detail (status, "This network does not reach the internet");
  status->link = FP_LINK_PORTAL;
  assert_detail (status, "Sign in to the network");
  status->paused = TRUE;
  assert_detail (status, "Work Offline is on");
  status->full = TRUE;
  assert_detail (status, "The disk is full. Delete something, and what waits is sent by itself");
}

static void
detail_names_what_is_held (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();

  status->sender = TRUE;
  status->state = FP_SYNC_ERROR;
  status->counts->waiting = 1;
  status->counts->held = 1;
  assert_detail (status, "1 is held back");
  /* Not what keeps it. */
  status->link = FP_LINK_OFFLINE;
  assert_detail (status, "1 is held back");
  status->link = FP_LINK_FULL;

  status->counts->held_for = g_strdup ("moving");
  status->counts->waiting = 4;
  status->counts->held = 3;
  status->counts->failed = 1;
  assert_detail (status, "1 could not be sent; 3 are not wholly exported: run the same export again");
  status->counts->reason_code = g_strdup ("item-refused");
  assert_detail (status, "1 could not be sent: The server refused it; 3 are not wholly exported: run the same export again");
  status->counts->failed = 0;
  g_free (status->counts->reason_code);
  status->counts->reason_code = g_strdup ("network-cut");
  assert_detail (status, "The connection broke off; 3 are not wholly exported: run the same export again");
  status->link = FP_LINK_OFFLINE;
  assert_detail (status, "No network");
}

static void
waiting_for_an_unmetered_network_is_said (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();

  status->sender = TRUE;
  status->counts->waiting = 1;
  status->counts->reason_code = g_strdup ("metered");
  assert_detail (status, "Waits for a network that is not metered");
}

static void
detail_tells_how_far_a_run_is (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();

  status->sender = TRUE;
  status->counts->waiting = 4;
  status->state = FP_SYNC_SYNCING;
  assert_detail (status, "Sending");
  status->run_done = 1;
  status->run_total = 5;
  assert_detail (status, "Sending 2 of 5");
  /* Delivered, but the total was not read again yet. */
  status->run_done = 5;
  assert_detail (status, "Sending 5 of 5");
}

static void
nobody_who_sends_is_said (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();

  status->counts->waiting = 1;
  assert_detail (status, "The sending service is not running");
  status->counts->waiting = 0;
  assert_detail (status, NULL);
}

static void
copies_share_nothing (void)
{
  g_autoptr(FpStatus) status = fp_status_new ();
  g_autoptr(FpStatus) copy = NULL;

  status->counts->reason_code = g_strdup ("server-busy");
  copy = fp_status_copy (status);
  g_assert_true (copy->counts != status->counts);
  g_assert_true (copy->counts->reason_code != status->counts->reason_code);
  g_assert_cmpstr (copy->counts->reason_code, ==, "server-busy");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/status/reason/held-says-for-what", held_words);
  g_test_add_func ("/status/reason/every-code-has-a-sentence", every_code_has_a_sentence);
  g_test_add_func ("/status/reason/server-words-are-shown-where-they-help", server_words_are_shown_where_they_help);
  g_test_add_func ("/status/reason/code-of-a-later-version-is-not-silent", code_of_a_later_version_is_not_silent);
  g_test_add_func ("/status/reason/no-reason-is-no-words", no_reason_is_no_words);
  g_test_add_func ("/status/reason/busy-server-names-the-time", busy_server_names_the_time);
  g_test_add_func ("/status/times-far-away-carry-their-day", times_far_away_carry_their_day);
  g_test_add_func ("/status/title-counts-everything-undelivered", title_counts_everything_undelivered);
  g_test_add_func ("/status/title-names-events-beside-it", title_names_events_beside_it);
  g_test_add_func ("/status/detail-says-the-most-general-cause", detail_says_the_most_general_cause);
  g_test_add_func ("/status/detail/waiting-for-an-unmetered-network-is-said", waiting_for_an_unmetered_network_is_said);
  g_test_add_func ("/status/detail/names-what-is-held", detail_names_what_is_held);
  g_test_add_func ("/status/detail-tells-how-far-a-run-is", detail_tells_how_far_a_run_is);
  g_test_add_func ("/status/nobody-who-sends-is-said", nobody_who_sends_is_said);
  g_test_add_func ("/status/copies-share-nothing", copies_share_nothing);

  return g_test_run ();
}
