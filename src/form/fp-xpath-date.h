/* fp-xpath-date.h — dates of forms: ISO 8601 text and days since 1970-01-01 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "2026-11-22" or "2026-11-22T10:00:00.000+01:00"; in local time. FALSE for anything else. */
gboolean   fp_xpath_date_parse     (const char  *text,
                                    GDateTime  **time,
                                    gboolean    *has_time);
/* Days since the epoch in UTC; days of the local calendar differ by whole numbers, across summer time too. */
double     fp_xpath_date_to_days   (GDateTime   *time);
GDateTime *fp_xpath_date_from_days (double       days);
char      *fp_xpath_date_dup_date  (GDateTime   *time); /* 2026-11-22 */
char      *fp_xpath_date_dup_time  (GDateTime   *time); /* 2026-11-22T10:00:00.000+01:00 */
/* ODK's %Y %y %m %n %b %d %e %H %h %M %S %3 %a, in English wherever it runs: the result goes into submissions. */
char      *fp_xpath_date_format    (GDateTime   *time,
                                    const char  *format);

G_END_DECLS
