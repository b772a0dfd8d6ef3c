#include "config.h"

#include "ui/fp-format.h"

#include <glib/gi18n.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "engine/fp-engine.h"

static GDateTime *
date_time (gint64 ms)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);

  return utc ? g_date_time_to_local (utc) : g_date_time_new_now_local ();
}

/* Days from @a to @b in the calendar, not in spans of 24 hours. */
static gint
days_between (GDateTime *a,
              GDateTime *b)
{
  GDate from, to;

  g_date_clear (&from, 1);
  g_date_clear (&to, 1);
  g_date_set_dmy (&from, g_date_time_get_day_of_month (a), g_date_time_get_month (a),
                  g_date_time_get_year (a));
  g_date_set_dmy (&to, g_date_time_get_day_of_month (b), g_date_time_get_month (b),
                  g_date_time_get_year (b));

  return g_date_days_between (&from, &to);
}

/**
 * fp_format_time:
 * @ms: unix ms
 *
 * Says when something was or will be, as short as the distance allows.
 *
 * Returns: (transfer full): text in the user's language
 */
char *
fp_format_time (gint64 ms)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(GDateTime) then = date_time (ms);
  gint days = days_between (then, now);

  /* Translators: a time of today, as strftime writes it */
  if (days == 0)
    return g_date_time_format (then, _("%H:%M"));
  if (days == 1)
    return g_date_time_format (then, _("Yesterday %H:%M"));
  if (days == -1)
    return g_date_time_format (then, _("Tomorrow %H:%M"));
  if (g_date_time_get_year (then) == g_date_time_get_year (now))
    return g_date_time_format (then, _("%-d %b %H:%M"));

  return g_date_time_format (then, _("%-d %b %Y"));
}

/**
 * fp_format_clock:
 * @ms: unix ms
 *
 * Returns: (transfer full): the time of day with seconds; with the day where it is not today
 */
char *
fp_format_clock (gint64 ms)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autoptr(GDateTime) then = date_time (ms);

  if (days_between (then, now) == 0)
    return g_date_time_format (then, _("%H:%M:%S"));

  return fp_format_time (ms);
}

/* "C.UTF-8" is nobody's choice of American dates. */
static gboolean
locale_is_c (void)
{
  const char *locale = setlocale (LC_TIME, NULL);

  return !locale || g_str_equal (locale, "C") || g_str_equal (locale, "POSIX") || g_str_has_prefix (locale, "C.");
}

/* The locale's order of day, month and year, e.g. "dmY", and the sign between them. Falls back to ISO in the C locale
 * and where the locale writes months as words or uses another calendar. */
static void
date_order (char  order[4],
            char *separator)
{
  const char *format = nl_langinfo (D_FMT);
  guint n = 0;

  *separator = '\0';
  for (const char *p = locale_is_c () ? "" : format; *p && n < 4; p++)
    {
      if (*p == '%' && p[1])
        {
          p++;
          if (*p == '-' || *p == 'E' || *p == 'O')
            p++;
          if (n < 3 && strchr ("dmyYe", *p))
            order[n++] = *p == 'y' ? 'Y' : *p == 'e' ? 'd' : *p;
          else if (*p == 'F')
            break;
          else
            n = 5;
        }
      else if (!*separator && strchr ("./-", *p))
        *separator = *p;
    }
  order[3] = '\0';
  if (n != 3 || !*separator || !strchr (order, 'd') || !strchr (order, 'm') || !strchr (order, 'Y'))
    {
      g_strlcpy (order, "Ymd", 4);
      *separator = '-';
    }
}

/* Reads three numbers in the given order. Two-digit years mean this century. */
static gboolean
read_numbers (const char *text,
              const char *order,
              GDate      *date)
{
  guint numbers[3] = { 0 }, lengths[3] = { 0 };
  guint n = 0, day = 0, month = 0, year = 0;
  g_autofree char *stripped = g_strstrip (g_strdup (text));

  for (const char *p = stripped; *p; p++)
    {
      if (g_ascii_isdigit (*p))
        {
          if (++lengths[n] > 4)
            return FALSE;
          numbers[n] = numbers[n] * 10 + (guint) (*p - '0');
        }
      else if (!strchr ("./- ", *p) || (lengths[n] > 0 && ++n > 2))
        return FALSE;
    }
  if (n != 2 || !lengths[0] || !lengths[1] || !lengths[2])
    return FALSE;
  for (guint i = 0; i < 3; i++)
    {
      if (order[i] == 'd')
        day = numbers[i];
      else if (order[i] == 'm')
        month = numbers[i];
      else if (lengths[i] == 4)
        year = numbers[i];
      else if (lengths[i] == 2)
        year = 2000 + numbers[i];
    }
  if (year < 1 || day > 31 || month > 12 || !g_date_valid_dmy (day, month, year))
    return FALSE;
  g_date_clear (date, 1);
  g_date_set_dmy (date, day, month, year);

  return TRUE;
}

static gboolean
read_iso (const char *text,
          GDate      *date)
{
  return strlen (text) == 10 && text[4] == '-' && text[7] == '-' && read_numbers (text, "Ymd", date);
}

/**
 * fp_format_date:
 * @iso: the model's text
 *
 * Returns: (transfer full): the date in the locale's order with four digits for the year; @iso where it is no date,
 *   so that a half-typed one stays as it was typed
 */
char *
fp_format_date (const char *iso)
{
  GString *text;
  GDate date;
  char order[4], separator;

  if (!read_iso (iso, &date))
    return g_strdup (iso);
  date_order (order, &separator);
  text = g_string_new (NULL);
  for (guint i = 0; i < 3; i++)
    {
      if (i > 0)
        g_string_append_c (text, separator);
      if (order[i] == 'Y')
        g_string_append_printf (text, "%04u", g_date_get_year (&date));
      else
        g_string_append_printf (text, "%02u", order[i] == 'd' ? (guint) g_date_get_day (&date)
                                                              : (guint) g_date_get_month (&date));
    }

  return g_string_free (text, FALSE);
}

/**
 * fp_format_long_date:
 * @iso: the model's text
 *
 * Returns: (transfer full) (nullable): the date in words, which shows a swapped day and month at once
 */
char *
fp_format_long_date (const char *iso)
{
  g_autoptr(GDateTime) noon = NULL;
  GDate date;

  if (!read_iso (iso, &date))
    return NULL;
  noon = g_date_time_new_local (g_date_get_year (&date), (gint) g_date_get_month (&date),
                                g_date_get_day (&date), 12, 0, 0);

  return noon ? g_date_time_format (noon, _("%A, %-d %B %Y")) : NULL;
}

/**
 * fp_parse_date:
 * @text: what was typed
 *
 * Returns: (transfer full) (nullable): ISO text, or NULL if @text is no whole date yet
 */
char *
fp_parse_date (const char *text)
{
  GDate date;
  char order[4], separator;

  date_order (order, &separator);
  if (!read_iso (text, &date) && !read_numbers (text, order, &date))
    return NULL;

  return g_strdup_printf ("%04u-%02u-%02u", (guint) g_date_get_year (&date),
                          (guint) g_date_get_month (&date), (guint) g_date_get_day (&date));
}

/**
 * fp_format_date_hint:
 *
 * Returns: (transfer full): the pattern a person may type, e.g. "DD/MM/YYYY"
 */
char *
fp_format_date_hint (void)
{
  const char *day = C_ ("date pattern", "DD"), *month = C_ ("date pattern", "MM");
  const char *year = C_ ("date pattern", "YYYY");
  const char *words[3];
  char order[4], separator;

  date_order (order, &separator);
  for (guint i = 0; i < 3; i++)
    words[i] = order[i] == 'd' ? day : order[i] == 'm' ? month : year;

  return g_strdup_printf ("%s%c%s%c%s", words[0], separator, words[1], separator, words[2]);
}

static const char *
decimal_point (void)
{
  const char *point = localeconv ()->decimal_point;

  return point && *point ? point : ".";
}

/**
 * fp_format_decimal:
 * @canonical: the model's text
 *
 * Returns: (transfer full): @canonical with the locale's decimal point; unchanged where it is no number
 */
char *
fp_format_decimal (const char *canonical)
{
  const char *point = strchr (canonical, '.');

  if (!point || strspn (canonical, "+-0123456789.") != strlen (canonical) || strchr (point + 1, '.'))
    return g_strdup (canonical);

  return g_strdup_printf ("%.*s%s%s", (gint) (point - canonical), canonical, decimal_point (), point + 1);
}

/**
 * fp_parse_decimal:
 * @text: what was typed
 *
 * Returns: (transfer full): @text trimmed, its one decimal sign as "."; nothing else is touched, so that "1,234.5"
 *   is refused by the model and not read as something it may not be
 */
char *
fp_parse_decimal (const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  const char *point = decimal_point ();
  char *found = strstr (stripped, point);

  if (!found || strchr (stripped, '.') || strstr (found + strlen (point), point))
    return g_steal_pointer (&stripped);
  *found = '\0';

  return g_strdup_printf ("%s.%s", stripped, found + strlen (point));
}

/**
 * fp_format_host:
 * @host: scheme://host:port
 *
 * Returns: (transfer full): the name of the server as people say it; the port only where it is an unusual one
 */
char *
fp_format_host (const char *host)
{
  const char *usual = g_str_has_prefix (host, "https://") ? ":443" : ":80";
  const char *scheme = strstr (host, "://");
  g_autofree char *name = g_strdup (scheme ? scheme + 3 : host);

  if (g_str_has_suffix (name, usual))
    name[strlen (name) - strlen (usual)] = '\0';

  return g_steal_pointer (&name);
}

/**
 * fp_format_store_title:
 * @error: of fp_engine_open_finish()
 *
 * Returns: one line that names the trouble
 */
const char *
fp_format_store_title (const GError *error)
{
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL))
    return _("The Disk Is Full");
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY))
    return _("The Data Folder Cannot Be Written");
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT))
    return _("The Data File Is Damaged");
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_TOO_NEW))
    return _("The Data Is From a Newer Fieldpost");
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY))
    return _("Another Program Keeps the Data Locked");

  return _("Your Data Could Not Be Opened");
}

/**
 * fp_format_store_text:
 * @error: of fp_engine_open_finish()
 *
 * Returns: (transfer full): what to do, and the system's own words; plain text
 */
char *
fp_format_store_text (const GError *error)
{
  const char *advice = _("Nothing was changed. Try again, or run “fieldpostctl doctor” to see what is wrong.");

  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL))
    advice = _("Nothing was changed. Make some room, then try again.");
  else if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY))
    advice = _("Nothing was changed. Give yourself permission to write there, then try again.");
  else if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT))
    advice = _("The file was kept as it is. Run “fieldpostctl doctor” to see what can be saved.");
  else if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_TOO_NEW))
    advice = _("Nothing was changed. Install the newer version to open it.");
  else if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY))
    advice = _("Nothing was changed. Close other programs that use Fieldpost, then try again.");

  return g_strdup_printf ("%s\n\n%s", advice, error->message);
}
