/* fp-samples.h — the forms that come with the program */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Strings "name" to use with fp_sample_dup_xml(), sorted; empty if there are none. Caller frees. */
char  **fp_samples_list    (void);
GBytes *fp_sample_dup_xml  (const char *name);
/* The form's title; NULL if there is no such sample. */
char   *fp_sample_dup_title (const char *name);
/* Where it goes if it does not say so itself: fieldpost-receiver on this computer. NULL if it does. */
char   *fp_sample_dup_address (const char *name);

G_END_DECLS
