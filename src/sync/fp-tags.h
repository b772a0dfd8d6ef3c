/* fp-tags.h — tags: registrations that are told once the network is there, batches of events, periodic jobs
 *
 * Works beside the sender, while this process holds the sender lock. Does not know of D-Bus: who tells other programs,
 * and who does the work of a job, listens to its signals. Main context only. */
#pragma once

#include "store/fp-periodic-rows.h"
#include "store/fp-tag-rows.h"
#include "sync/fp-sync.h"

G_BEGIN_DECLS

/* Tries of a registration until it has failed: the last one is told so. */
#define FP_TAGS_TRIES 5
/* No answer for so long is a failed try. */
#define FP_TAGS_ANSWER_MS (5 * 60 * G_GINT64_CONSTANT (1000))

/* Tags that mean the items of the outbox that have them. */
gboolean fp_tags_is_builtin   (const char *tag);

#define FP_SETTING_PERIODIC         "periodic"         /* "granted", "denied"; not set = nobody was asked */
#define FP_SETTING_PERIODIC_METERED "periodic-metered" /* "1": jobs also where the network costs */

#define FP_TYPE_TAGS (fp_tags_get_type ())
G_DECLARE_FINAL_TYPE (FpTags, fp_tags, FP, TAGS, GObject)

FpTags  *fp_tags_new          (FpStore             *store,
                               FpSync              *sync,
                               FpRandom            *random); /* (transfer full) */
void     fp_tags_start        (FpTags              *self);
/* What is being written still is; nothing new begins. */
void     fp_tags_stop         (FpTags              *self);
/* Whether other programs can be told, and whether jobs are run, by this process; neither at first. */
void     fp_tags_set_announce (FpTags              *self,
                               gboolean             announce);
void     fp_tags_set_jobs     (FpTags              *self,
                               gboolean             jobs);
/* The power saver is on: jobs wait. */
void     fp_tags_set_saving   (FpTags              *self,
                               gboolean             saving);
/* Somebody wrote to the store: look again soon. */
void     fp_tags_nudge        (FpTags              *self);
/* The answer to "fired": @ok, or @why it failed (English, for people). Of what is not waited for nothing comes. */
gboolean fp_tags_done         (FpTags              *self,
                               const char          *tag,
                               gboolean             ok,
                               const char          *why);
/* A job ended; @why: (nullable): it failed. */
void     fp_tags_job_done     (FpTags              *self,
                               const char          *name,
                               const char          *why);

/* Signals: "fired" (const char *tag, const char *bus_name, gboolean last_chance): @bus_name nullable;
 * "job" (const char *name): a built-in job is to be done now. */

G_END_DECLS
