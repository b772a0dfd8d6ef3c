/* fp-sender-lock.h — flock on sender.lock: whoever holds it is the one process that may send
 *
 * The lock is the lease: the kernel drops it when the process dies, however it dies. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FpSenderLock FpSenderLock;

/* Returns NULL without error if another process holds it. */
FpSenderLock *fp_sender_lock_try         (const char           *folder,
                                          GError              **error);
/* Waits on a thread of its own until the lock is free or @cancellable fires. */
void          fp_sender_lock_wait_async  (const char           *folder,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);
FpSenderLock *fp_sender_lock_wait_finish (GAsyncResult         *result,
                                          GError              **error);
void          fp_sender_lock_release     (FpSenderLock         *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpSenderLock, fp_sender_lock_release)

G_END_DECLS
