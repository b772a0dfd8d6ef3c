/* fp-cli-bar.h — how far a run of sending is, on one line of a terminal */
#pragma once

#include "cli/fp-cli.h"

G_BEGIN_DECLS

typedef struct _FpCliBar FpCliBar;

/* @before: how many items waited when it began. On stderr, which is a terminal. */
FpCliBar *fp_cli_bar_new    (FpCli    *cli,
                             guint     before);
/* This process sends from now on: its sender tells the bytes. To be called once, on a bar that began before. */
void      fp_cli_bar_follow (FpCliBar *bar);
/* Draws it anew, at most ten times a second. */
void      fp_cli_bar_draw   (FpCliBar *bar);
/* Takes the line away: the result follows. */
void      fp_cli_bar_free   (FpCliBar *bar);

G_END_DECLS
