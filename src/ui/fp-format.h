/* fp-format.h — times, sizes, dates and errors as a person reads them
 *
 * Pure and in the user's locale. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @ms: unix ms. "12:04" today, "Yesterday 12:04", else the date. */
char *fp_format_time        (gint64        ms);
/* With seconds, for the save line: "12:04:31". */
char *fp_format_clock       (gint64        ms);

/* A date as people here type it, and back. @iso: "2026-11-22"; other text comes back unchanged. */
char *fp_format_date        (const char   *iso);
/* "Sunday, 22 November 2026"; NULL if @iso is no date. */
char *fp_format_long_date   (const char   *iso);
/* ISO text of what was typed in ISO or the locale's order; NULL if it is no date. */
char *fp_parse_date         (const char   *text);
/* The pattern to show in an empty field: "DD/MM/YYYY". */
char *fp_format_date_hint   (void);

/* Decimal numbers: the model's "3.5" and the locale's "3,5". */
char *fp_format_decimal     (const char   *canonical);
char *fp_parse_decimal      (const char   *text);

/* @host: of an item, "https://forms.example.org:443". "forms.example.org": no scheme, no usual port. */
char *fp_format_host        (const char   *host);

/* What is wrong with the store and what to do about it. */
const char *fp_format_store_title (const GError *error);
char       *fp_format_store_text  (const GError *error);

G_END_DECLS
