/* fp-receiver-meta.h — meta.json, the note beside what arrived */
#pragma once

#include "receiver/fp-arrival.h"

G_BEGIN_DECLS

#define FP_RECEIVER_META "meta.json"
#define FP_RECEIVER_META_NEW "meta.json.new" /* while it is rewritten */

/* What of an arrival must be known to recognise it again. */
typedef struct {
  guint64     number;
  char       *folder; /* name within the store */
  char       *key;    /* (nullable): NULL = nothing to recognise it by */
  char       *sha256;
  GHashTable *files;  /* what the sender called a file -> sha256 */
  GHashTable *names;  /* set of the file names in the folder */
} FpReceiverEntry;

FpReceiverEntry *fp_receiver_entry_new  (guint64            number,
                                         const char        *folder,
                                         const FpArrival   *arrival);
void             fp_receiver_entry_free (FpReceiverEntry   *entry);

/* What equal arrivals have in common: form and instanceID, or path and Idempotency-Key; NULL without. */
char            *fp_receiver_meta_key   (const FpArrival   *arrival);
/* The text of meta.json, with a line break at its end. */
char            *fp_receiver_meta_write (const FpArrival   *arrival,
                                         guint64            number,
                                         GDateTime         *time);
/* @old with the files of @added behind its own; NULL where @old is no meta.json. */
char            *fp_receiver_meta_extend(const char        *old,
                                         GPtrArray         *added);
/* NULL with an English reason where @text is no meta.json. */
FpReceiverEntry *fp_receiver_meta_read  (const char        *text,
                                         const char        *folder,
                                         GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpReceiverEntry, fp_receiver_entry_free)

G_END_DECLS
