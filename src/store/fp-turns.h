/* fp-turns.h — writers take turns: turn.lock, then write.lock. Stays in this folder.
 *
 * Whoever wants to write waits for the turn lock, and with it for the write lock; so at most one waits at the write
 * lock, and who has just written queues behind it. With SQLite's own waiting a busy program starves the others. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  int turn; /* descriptors; never unlinked files */
  int write;
} FpTurns;

#define FP_TURNS_INIT { -1, -1 }

/* Opens the lock files of @folder; calling it again opens what is missing. */
gboolean fp_turns_open  (FpTurns       *turns,
                         const char    *folder,
                         GError       **error);
/* Gives up what is held, too; the files stay. */
void     fp_turns_close (FpTurns       *turns);
/* Waits at most 30 s, then BUSY; @cancellable (nullable) ends the wait. */
gboolean fp_turns_begin (FpTurns       *turns,
                         GCancellable  *cancellable,
                         GError       **error);
void     fp_turns_end   (FpTurns       *turns);

G_END_DECLS
