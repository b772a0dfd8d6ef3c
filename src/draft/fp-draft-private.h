/* fp-draft-private.h — a draft's inside, shared by its files. Stays in this folder. */
#pragma once

#include "draft/fp-draft.h"

G_BEGIN_DECLS

struct _FpDraft
{
  GObject parent_instance;

  /* Owned. */
  FpStore *store;
  FpFormModel *model;
  char *uid;
  gint64 form;
  char *position;
  GPtrArray *files;  /* FpDraftFile: all of this session, also what an undo may bring back */
  GPtrArray *listed; /* of @files, borrowed */

  /* What is durable. */
  gint64 row;        /* id; 0 before the first save */
  gint64 revision;
  gint64 saved_at;   /* unix ms */

  /* Saving. Changes are counted; a count is durable or it is not. */
  FpDraftState state;
  FpTimer *timer;     /* owned: 500 ms after the first change, or 2 s after a failure */
  GError *error;      /* owned */
  guint64 changes;
  guint64 changes_saving;
  guint64 changes_saved;
  gboolean position_dirty;
  gboolean saving;
  gboolean save_again; /* as soon as the running save is done */
  gboolean ended;
  GQueue waiters;      /* owned, Waiter: flushes */
};

/* Starts a save of everything up to now, or lets one follow the running one. */
void       _fp_draft_save_now    (FpDraft *self);
/* Files that any question names, relevant or not: what the row has to keep. Deep copies. */
GPtrArray *_fp_draft_dup_files   (FpDraft *self);

G_END_DECLS
