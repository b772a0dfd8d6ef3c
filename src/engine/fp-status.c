#include "config.h"

#include "engine/fp-engine.h"

#include <glib/gi18n.h>

/**
 * fp_status_new:
 *
 * Returns: (transfer full): the status of an empty outbox of which nothing else is known
 */
FpStatus *
fp_status_new (void)
{
  FpStatus *status = g_new0 (FpStatus, 1);

  status->state = FP_SYNC_IDLE;
  status->link = FP_LINK_UNKNOWN;
  status->counts = g_new0 (FpItemCounts, 1);

  return status;
}

FpStatus *
fp_status_copy (const FpStatus *status)
{
  FpStatus *copy = g_memdup2 (status, sizeof *status);

  copy->counts = fp_item_counts_copy (status->counts);

  return copy;
}

void
fp_status_free (FpStatus *status)
{
  fp_item_counts_free (status->counts);
  g_free (status);
}

/**
 * fp_time_dup_words:
 * @ms: unix time
 *
 * Returns: (transfer full): a local time as people say it: "14:05" today, "Tue 14:05" within a week, else a date
 */
char *
fp_time_dup_words (gint64 ms)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(GDateTime) then = utc ? g_date_time_to_local (utc) : NULL;
  gint64 away;

  if (!then)
    return g_strdup ("");

  away = ABS (g_date_time_difference (then, now));
  if (g_date_time_get_day_of_year (then) == g_date_time_get_day_of_year (now)
      && g_date_time_get_year (then) == g_date_time_get_year (now))
    return g_date_time_format (then, "%H:%M");
  if (away < 6 * G_TIME_SPAN_DAY)
    return g_date_time_format (then, "%a %H:%M");

  return g_date_time_format (then, "%x");
}

/**
 * fp_status_dup_title:
 *
 * Returns: (transfer full): the first line of the status, translated: the one count, the events that are in none of
 *   those items yet, or that nothing waits
 */
char *
fp_status_dup_title (const FpStatus *status)
{
  guint waiting = status->counts->waiting;
  guint events = status->counts->events;
  guint moved = status->counts->moved;
  g_autofree char *items = NULL;

  if (!fp_item_counts_wait (status->counts))
    return moved > 0 ? g_strdup_printf (ngettext ("Nothing waits; %u was moved to another place",
                                                  "Nothing waits; %u were moved to another place", moved), moved)
                     : g_strdup (_("Everything is sent"));
  if (waiting == 0)
    return g_strdup_printf (ngettext ("%u event waiting to be sent", "%u events waiting to be sent", events), events);

  items = g_strdup_printf (ngettext ("%u waiting to be sent", "%u waiting to be sent", waiting), waiting);
  if (events == 0)
    return g_steal_pointer (&items);

  /* Translators: %s is "2 waiting to be sent" */
  return g_strdup_printf (ngettext ("%s, and %u event", "%s, and %u events", events), items, events);
}

/* What hinders every item, whatever its own fate. */
static char *
dup_hindrance (const FpStatus *status)
{
  if (status->paused || status->state == FP_SYNC_PAUSED)
    return g_strdup (_("Work Offline is on"));
  if (status->state == FP_SYNC_PORTAL || status->link == FP_LINK_PORTAL)
    return g_strdup (_("Sign in to the network"));
  if (status->link == FP_LINK_LIMITED && status->state == FP_SYNC_OFFLINE)
    return g_strdup (_("This network does not reach the internet"));
  if (status->state == FP_SYNC_OFFLINE || status->link == FP_LINK_OFFLINE)
    return g_strdup (_("No network"));

  return NULL;
}

/* What does not go by itself. */
static char *
dup_held (const FpItemCounts *counts)
{
  guint n = counts->held;

  if (g_strcmp0 (counts->held_for, "moving") == 0)
    return g_strdup_printf (ngettext ("%u is not wholly exported: run the same export again",
                                      "%u are not wholly exported: run the same export again", n), n);
  if (g_strcmp0 (counts->held_for, "lost") == 0)
    return g_strdup_printf (ngettext ("%u may have arrived already", "%u may have arrived already", n), n);

  return g_strdup_printf (ngettext ("%u is held back", "%u are held back", n), n);
}

/* What is to be said of single items: what failed, or why the others are not sent yet, and what is held. */
static char *
dup_items (const FpItemCounts *counts)
{
  g_autofree char *words = fp_reason_dup_words (counts->reason_code, NULL, counts->next_try);
  g_autofree char *held = counts->held > 0 ? dup_held (counts) : NULL;
  g_autofree char *first = NULL;
  guint failed = counts->failed;

  if (failed > 0 && *words)
    first = g_strdup_printf (ngettext ("%u could not be sent: %s", "%u could not be sent: %s", failed), failed, words);
  else if (failed > 0)
    first = g_strdup_printf (ngettext ("%u could not be sent", "%u could not be sent", failed), failed);
  else if (*words)
    first = g_steal_pointer (&words);

  /* Translators: what failed or is waited for; what is held back */
  if (first && held)
    return g_strdup_printf (_("%s; %s"), first, held);

  return first ? g_steal_pointer (&first) : g_steal_pointer (&held);
}

/**
 * fp_status_dup_detail:
 *
 * The second line, translated: what goes on or what stands in the way, the most general cause first.
 *
 * Returns: (transfer full) (nullable): %NULL = there is nothing to add
 */
char *
fp_status_dup_detail (const FpStatus *status)
{
  const FpItemCounts *counts = status->counts;
  char *words = NULL;

  if (!fp_item_counts_wait (counts))
    return status->paused ? g_strdup (_("Work Offline is on")) : NULL;

  /* A LAN server may be sent to while the rest waits for the network. */
  if (status->state == FP_SYNC_SYNCING && status->run_total > 1)
    return g_strdup_printf (_("Sending %u of %u"), MIN (status->run_done + 1, status->run_total), status->run_total);
  if (status->state == FP_SYNC_SYNCING)
    return g_strdup (_("Sending"));

  if (status->full)
    return g_strdup (_("The disk is full. Delete something, and what waits is sent by itself"));

  /* No network is not what keeps what is held. */
  if (status->paused || counts->waiting + counts->events > counts->held)
    words = dup_hindrance (status);
  if (!words)
    words = dup_items (counts);
  if (!words && !status->sender)
    words = g_strdup (_("The sending service is not running"));

  return words;
}
