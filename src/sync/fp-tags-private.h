/* fp-tags-private.h — the inside of FpTags: what it holds, registrations (fp-tags-fire.c), jobs (fp-tags-jobs.c) and its
 * turns of the store (fp-tags-turn.c) */
#pragma once

#include "sync/fp-periodic.h"
#include "sync/fp-tags.h"

G_BEGIN_DECLS

/* A registration that was told and not yet answered, or whose answer is not yet durable. */
typedef struct {
  FpRegistration *row;     /* owned, as it was told */
  gint64          deadline; /* boot ms */
  gboolean        settled; /* what came of it is being written */
} Firing;

/* Something to be written. */
typedef enum {
  FP_TAGS_OP_FREEZE,  /* events of a tag */
  FP_TAGS_OP_SETTLE,  /* what came of a registration */
  FP_TAGS_OP_JOB,     /* a built-in job begins */
  FP_TAGS_OP_TELL,    /* a job of another program is due: it is told as a registration is */
  FP_TAGS_OP_JOB_END,
} FpTagsOpKind;

typedef struct {
  FpTagsOpKind    kind;
  char           *tag;
  char           *bus_name; /* (nullable) */
  gint64          revision;
  FpRegistration *row;      /* (nullable): NULL = it ends */
  char           *why;      /* (nullable) */
} FpTagsOp;

/* What there is to do. */
typedef struct {
  gboolean    paused;        /* Work Offline */
  gboolean    granted;       /* jobs may run */
  gboolean    metered_jobs;  /* also where the network costs */
  GPtrArray  *registrations; /* FpRegistration */
  GHashTable *batches;       /* set of names among them that are tags of events */
  GPtrArray  *ready;         /* FpTagRow whose events can be frozen */
  GPtrArray  *jobs;          /* FpPeriodicRow */
} FpTagsLook;

struct _FpTags
{
  GObject parent_instance;

  /* Owned. */
  FpStore *store;
  FpSync *sync;
  FpLink *link;
  FpClock *clock;
  FpRandom *random;
  FpTimer *timer;
  FpTagsLook *look;    /* the last one; NULL before */
  GHashTable *firing;  /* tag -> Firing */
  GHashTable *running; /* set of names of jobs */
  GPtrArray *ops;      /* FpTagsOp that wait to be written */
  GPtrArray *writing;  /* those under way; NULL = none */
  char *chance_tag;    /* (nullable): the chance is for it alone */

  gboolean started;
  gboolean announce;
  gboolean jobs;
  gboolean saving;
  gboolean usable;     /* the link, as last seen */
  gboolean chance;     /* waits are over */
  gboolean at_start;
  gboolean reading;
  gboolean want_look;
  gint64 retry_at;     /* boot ms; 0 = none */
  gint64 jobs_after;   /* boot ms */
};

enum { FP_TAGS_FIRED, FP_TAGS_JOB, FP_TAGS_N_SIGNALS };
extern guint _fp_tags_signals[FP_TAGS_N_SIGNALS];

FpTagsOp *fp_tags_op_new    (FpTagsOpKind  kind,
                             const char   *tag);
void      fp_tags_op_free   (gpointer      op);
void      fp_tags_look_free (gpointer      look);
/* FpStoreFunc: a new FpTagsLook. */
gpointer  fp_tags_read      (FpStoreTxn   *txn,
                             gpointer      unused,
                             GError      **error);
/* FpStoreFunc: writes an array of FpTagsOp, and returns it. */
gpointer  fp_tags_write     (FpStoreTxn   *txn,
                             gpointer      ops,
                             GError      **error);

/* Whatever happens ends here: one turn of the store at a time. */
void      _fp_tags_pump               (FpTags *self);
/* The network is there. */
gboolean  _fp_tags_is_usable          (FpTags *self);
/* …and this process may use it. */
gboolean  _fp_tags_may_fire           (FpTags *self);

void      _fp_tags_fire_due           (FpTags *self);
void      _fp_tags_give_up_unanswered (FpTags *self);
gint64    _fp_tags_get_next_fire      (FpTags *self);

void      _fp_tags_run_due_jobs       (FpTags *self);
gint64    _fp_tags_get_next_job       (FpTags *self);

G_END_DECLS
