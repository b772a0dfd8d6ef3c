/* fp-draft.h — a form being filled, saving itself
 *
 * The first change arms a 500 ms timer that later changes do not re-arm (design 3.1). Main context only. */
#pragma once

#include "form/fp-form-model.h"
#include "store/fp-draft-rows.h"

G_BEGIN_DECLS

typedef enum {
  FP_DRAFT_EMPTY,  /* new and untouched: nothing is stored yet */
  FP_DRAFT_SAVED,  /* what is on the screen is durable */
  FP_DRAFT_DIRTY,  /* a change waits for the timer */
  FP_DRAFT_SAVING,
  FP_DRAFT_FAILED, /* not saved; "error" says why; retried every 2 s and at each change */
  FP_DRAFT_GONE,   /* submitted or discarded elsewhere, or saved by another window: "error" says which */
} FpDraftState;

#define FP_TYPE_DRAFT (fp_draft_get_type ())
G_DECLARE_FINAL_TYPE (FpDraft, fp_draft, FP, DRAFT, GObject)

/* A new filling. The row is created by the first save. */
FpDraft      *fp_draft_new           (FpStore             *store,
                                      gint64               form,
                                      FpFormDef           *def,
                                      GError             **error);
/* A stored one, with the form version it was begun with. */
FpDraft      *fp_draft_new_from_row  (FpStore             *store,
                                      const FpDraftRow    *row,
                                      FpFormDef           *def,
                                      GError             **error);
FpFormModel  *fp_draft_get_model     (FpDraft             *self);
const char   *fp_draft_get_uid       (FpDraft             *self);
gint64        fp_draft_get_form      (FpDraft             *self); /* row of table form */
gint64        fp_draft_get_revision  (FpDraft             *self); /* last durable one */
const char   *fp_draft_get_position  (FpDraft             *self); /* (nullable) */
void          fp_draft_set_position  (FpDraft             *self,
                                      const char          *path);
/* Properties that notify: "state" (FpDraftState), "saved-at" (unix ms, 0 = never), "error" (GError message or NULL). */
FpDraftState  fp_draft_get_state     (FpDraft             *self);
gint64        fp_draft_get_saved_at  (FpDraft             *self);
const char   *fp_draft_get_error     (FpDraft             *self);

/* Saves at once what is not yet durable; done when everything up to now is. For focus-out, page change, close,
 * SIGTERM and before a submit. */
void          fp_draft_flush_async   (FpDraft             *self,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
gboolean      fp_draft_flush_finish  (FpDraft             *self,
                                      GAsyncResult        *result,
                                      GError             **error);
/* Copies @stream durably, gives it a free file name near @name and sets the question's value to it. */
void          fp_draft_attach_async  (FpDraft             *self,
                                      FpFormNode          *node,
                                      GInputStream        *stream,
                                      const char          *name,
                                      const char          *media_type,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
gboolean      fp_draft_attach_finish (FpDraft             *self,
                                      GAsyncResult        *result,
                                      GError             **error);
/* Path of the attached file to show, or NULL. */
char         *fp_draft_dup_file_path (FpDraft             *self,
                                      FpFormNode          *node);
/* FpDraftFile of the files that the model still names; borrowed. */
GPtrArray    *fp_draft_list_files    (FpDraft             *self);
/* From now on nothing is saved any more: the draft became an item. */
void          fp_draft_end           (FpDraft             *self);

G_END_DECLS
