#include "form/fp-xpath-date.h"

#include <math.h>
#include <string.h>

#define DAY_US (24.0 * 60 * 60 * G_USEC_PER_SEC)

static gboolean
parse_digits (const char **text,
              guint        n,
              int         *value)
{
  *value = 0;
  for (guint i = 0; i < n; i++)
    {
      if (!g_ascii_isdigit ((*text)[i]))
        return FALSE;
      *value = *value * 10 + ((*text)[i] - '0');
    }
  *text += n;

  return TRUE;
}

static gboolean
skip (const char **text,
      char         c)
{
  if (**text != c)
    return FALSE;
  (*text)++;

  return TRUE;
}

/* "Z", "+01:00", "+0100", "+01", or nothing = local. NULL if it is none of these. */
static GTimeZone *
parse_zone (const char *text)
{
  if (*text == '\0')
    return g_time_zone_new_local ();
  if (strcmp (text, "Z") != 0 && *text != '+' && *text != '-')
    return NULL;

  return g_time_zone_new_identifier (text);
}

static gboolean
parse_time (const char *text,
            int         ymd[3],
            GDateTime **time)
{
  g_autoptr(GTimeZone) zone = NULL;
  g_autoptr(GDateTime) there = NULL;
  int hour, minute, second = 0;
  double fraction = 0;

  if (!parse_digits (&text, 2, &hour) || !skip (&text, ':') || !parse_digits (&text, 2, &minute))
    return FALSE;
  if (skip (&text, ':') && !parse_digits (&text, 2, &second))
    return FALSE;
  if (skip (&text, '.'))
    for (double digit = 0.1; g_ascii_isdigit (*text); digit /= 10, text++)
      fraction += digit * (*text - '0');

  zone = parse_zone (text);
  if (zone)
    there = g_date_time_new (zone, ymd[0], ymd[1], ymd[2], hour, minute, second + fraction);
  if (!there)
    return FALSE;
  *time = g_date_time_to_local (there);

  return TRUE;
}

/**
 * fp_xpath_date_parse:
 * @time: (out) (transfer full): in local time; midnight for a date
 * @has_time: (out): whether @text had a time of day
 *
 * Source: ODK XForms, "Data types" (date, dateTime).
 */
gboolean
fp_xpath_date_parse (const char *text,
                     GDateTime **time,
                     gboolean   *has_time)
{
  int ymd[3];

  if (!parse_digits (&text, 4, &ymd[0]) || !skip (&text, '-') || !parse_digits (&text, 2, &ymd[1])
      || !skip (&text, '-') || !parse_digits (&text, 2, &ymd[2]))
    return FALSE;
  if (ymd[0] < 1 || !g_date_valid_dmy (ymd[2], ymd[1], ymd[0]))
    return FALSE;

  *has_time = *text == 'T';
  if (skip (&text, 'T'))
    return parse_time (text, ymd, time);
  if (*text != '\0')
    return FALSE;
  *time = g_date_time_new_local (ymd[0], ymd[1], ymd[2], 0, 0, 0);

  return *time != NULL;
}

static GDateTime *
as_if_utc (GDateTime *time)
{
  return g_date_time_new_utc (g_date_time_get_year (time), g_date_time_get_month (time),
                              g_date_time_get_day_of_month (time), g_date_time_get_hour (time),
                              g_date_time_get_minute (time), g_date_time_get_seconds (time));
}

/* ODK counts days in UTC, so that midnight here is a fraction. One offset for the whole year keeps
 * days that differ by whole numbers on both sides of a change to summer time; that of a winter in
 * the north. */
static double
zone_days (void)
{
  g_autoptr(GDateTime) winter = g_date_time_new_from_unix_local (978307200);

  return g_date_time_get_utc_offset (winter) / DAY_US;
}

double
fp_xpath_date_to_days (GDateTime *time)
{
  g_autoptr(GDateTime) wall = as_if_utc (time);
  double us = g_date_time_to_unix (wall) * (double) G_USEC_PER_SEC
              + g_date_time_get_microsecond (time);

  return us / DAY_US - zone_days ();
}

/**
 * fp_xpath_date_from_days:
 * @days: what [func@xpath_date_to_days] gives
 *
 * Returns: (transfer full) (nullable): %NULL outside the years 1 to 9999
 */
GDateTime *
fp_xpath_date_from_days (double days)
{
  g_autoptr(GDateTime) wall = NULL;

  if (!isfinite (days) || fabs (days) > 4e6)
    return NULL;
  wall = g_date_time_new_from_unix_utc ((gint64) llround ((days + zone_days ()) * 24 * 60 * 60));
  if (!wall)
    return NULL;

  return g_date_time_new_local (g_date_time_get_year (wall), g_date_time_get_month (wall),
                                g_date_time_get_day_of_month (wall), g_date_time_get_hour (wall),
                                g_date_time_get_minute (wall), g_date_time_get_second (wall));
}

char *
fp_xpath_date_dup_date (GDateTime *time)
{
  return g_strdup_printf ("%04d-%02d-%02d", g_date_time_get_year (time),
                          g_date_time_get_month (time), g_date_time_get_day_of_month (time));
}

char *
fp_xpath_date_dup_time (GDateTime *time)
{
  g_autofree char *date = fp_xpath_date_dup_date (time);
  int offset = (int) (g_date_time_get_utc_offset (time) / G_TIME_SPAN_MINUTE);

  return g_strdup_printf ("%sT%02d:%02d:%02d.%03d%c%02d:%02d", date, g_date_time_get_hour (time),
                          g_date_time_get_minute (time), g_date_time_get_second (time),
                          g_date_time_get_microsecond (time) / 1000, offset < 0 ? '-' : '+',
                          ABS (offset) / 60, ABS (offset) % 60);
}

static void
append_field (GString   *out,
              GDateTime *time,
              char       field)
{
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

  if (field == 'b')
    g_string_append (out, months[g_date_time_get_month (time) - 1]);
  else if (field == 'a')
    g_string_append (out, days[g_date_time_get_day_of_week (time) - 1]);
  else if (field == 'Y')
    g_string_append_printf (out, "%04d", g_date_time_get_year (time));
  else if (field == 'y')
    g_string_append_printf (out, "%02d", g_date_time_get_year (time) % 100);
  else if (field == 'm')
    g_string_append_printf (out, "%02d", g_date_time_get_month (time));
  else if (field == 'n')
    g_string_append_printf (out, "%d", g_date_time_get_month (time));
  else if (field == 'd')
    g_string_append_printf (out, "%02d", g_date_time_get_day_of_month (time));
  else if (field == 'e')
    g_string_append_printf (out, "%d", g_date_time_get_day_of_month (time));
  else if (field == 'H')
    g_string_append_printf (out, "%02d", g_date_time_get_hour (time));
  else if (field == 'h')
    g_string_append_printf (out, "%d", g_date_time_get_hour (time));
  else if (field == 'M')
    g_string_append_printf (out, "%02d", g_date_time_get_minute (time));
  else if (field == 'S')
    g_string_append_printf (out, "%02d", g_date_time_get_second (time));
  else if (field == '3')
    g_string_append_printf (out, "%03d", g_date_time_get_microsecond (time) / 1000);
  else
    g_string_append_c (out, field);
}

char *
fp_xpath_date_format (GDateTime  *time,
                      const char *format)
{
  GString *out = g_string_new (NULL);

  for (; *format; format++)
    if (*format == '%' && format[1])
      append_field (out, time, *++format);
    else
      g_string_append_c (out, *format);

  return g_string_free (out, FALSE);
}
