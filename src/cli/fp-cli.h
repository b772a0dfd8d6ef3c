/* fp-cli.h — what the commands of fieldpostctl share
 *
 * A command gets its own arguments, runs the main context until its asynchronous calls are done, and returns an exit
 * code. Errors go to stderr and name the thing and the place; results go to stdout. */
#pragma once

#include "base/fp-json.h"
#include "bus/fp-agent-client.h"
#include "engine/fp-engine.h"
#include "engine/fp-item-json.h"

G_BEGIN_DECLS

/* Documented in fieldpostctl(1). */
typedef enum {
  FP_EXIT_OK      = 0,
  FP_EXIT_REFUSED = 1, /* refused, or not found */
  FP_EXIT_USAGE   = 2,
  FP_EXIT_QUEUED  = 3, /* --wait: not delivered yet */
  FP_EXIT_STORE   = 4,
  FP_EXIT_NETWORK = 5,
} FpExit;

typedef struct {
  /* Owned. */
  FpClock         *clock;
  FpEngine        *engine;
  FpAgentClient   *client; /* NULL until fp_cli_connect() */
  GDBusConnection *bus;    /* (nullable) likewise */

  gboolean         json;   /* --json: for programs */
  const char      *details; /* (nullable): below the options in the --help of the command that runs */
} FpCli;

typedef int (*FpCliFunc) (FpCli *cli, int argc, char **argv);

typedef struct {
  const char *name;
  FpCliFunc   func;
  const char *arguments; /* shown after the name */
  const char *help;      /* one line, translatable */
} FpCliCommand;

/* Parses the options of one command and adds --json. @arguments: (nullable): NULL = it takes none. @rest: takes what is
 * left, NULL-terminated. FALSE: was told. */
gboolean fp_cli_parse     (FpCli               *cli,
                           const char          *arguments,
                           const GOptionEntry  *entries,
                           int                  argc,
                           char               **argv,
                           char              ***rest);
/* Runs the command of @commands that argv[0] names: "server add …". */
int      fp_cli_dispatch  (FpCli               *cli,
                           const char          *group,
                           const FpCliCommand  *commands,
                           int                  argc,
                           char               **argv);

/* Callback of an asynchronous call; fp_cli_wait() runs the main context until it came. For a second call on the same
 * struct it is cleared first. */
typedef struct {
  GAsyncResult *result;
} FpCliAwait;
void          fp_cli_await_clear (FpCliAwait *await);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FpCliAwait, fp_cli_await_clear)
void          fp_cli_await_cb (GObject      *source,
                               GAsyncResult *result,
                               gpointer      await);
GAsyncResult *fp_cli_wait     (FpCliAwait   *await);

/* Opens the store; FALSE: was told, and the exit code is FP_EXIT_STORE. */
gboolean fp_cli_open      (FpCli               *cli);
/* The same, and talks to the agent, if there is one. @wake: start it where it may be started. */
gboolean fp_cli_connect   (FpCli               *cli,
                           gboolean             wake);
/* Says on stderr that the agent which runs works on another store, if it does: this program then goes without it. */
void     fp_cli_tell_other_store (FpCli         *cli);

/* Reads the client's status anew, now that it is known whether an agent runs. */
void     fp_cli_read_status (FpCli             *cli);

/* Tells @error (transfer full) after @what and gives the exit code that belongs to it. */
int      fp_cli_fail      (const char          *what,
                           GError              *error);
/* A mistake in the arguments: FP_EXIT_USAGE. */
int      fp_cli_usage     (const char          *format,
                           ...) G_GNUC_PRINTF (1, 2);
/* Prints one JSON value and a newline; @node (transfer full). */
void     fp_cli_print_json (JsonNode           *node);
/* An object of one member; @value (transfer full). */
void     fp_cli_print_member (const char        *key,
                              JsonNode          *value);
/* Text as one terminal line: control characters as spaces. Caller frees. */
char    *fp_cli_dup_line  (const char          *text);
/* @text with spaces up to @width characters. Caller frees. */
char    *fp_cli_dup_padded (const char         *text,
                            int                 width);
/* "name         value"; nothing where there is no value. */
void     fp_cli_print_field (const char        *name,
                             const char        *value);
/* Above a list, for people only: a pipe gets the lines alone. */
void     fp_cli_print_heading (FpCli           *cli,
                               const char      *line);
/* Row ids from arguments; NULL: was told. */
GArray  *fp_cli_parse_ids (char               **arguments);
/* Ids of items, each given by its number, its uid or the beginning of that, from 8 characters on. The store is open.
 * NULL: was told, with @code. */
GArray  *fp_cli_find_items (FpCli              *cli,
                            char              **arguments,
                            int                *code);
/* One line a part, and what of it is short text. */
void     fp_cli_print_parts (const FpItem      *item);
/* The bytes of part @number, from 1, to stdout; the store is open. Gives the exit code; errors were told. */
int      fp_cli_write_part (FpCli              *cli,
                            const FpItem       *item,
                            int                 number);
/* "key=value" or "Key: value" of @option into @table; FALSE: was told, also of one that comes twice. */
gboolean fp_cli_take_pairs (char              **texts,
                            char                separator,
                            const char         *option,
                            GHashTable         *table);

int fp_cli_add     (FpCli *cli, int argc, char **argv);
int fp_cli_edit    (FpCli *cli, int argc, char **argv);
int fp_cli_upload  (FpCli *cli, int argc, char **argv);
int fp_cli_list    (FpCli *cli, int argc, char **argv);
int fp_cli_show    (FpCli *cli, int argc, char **argv);
int fp_cli_retry   (FpCli *cli, int argc, char **argv);
int fp_cli_discard (FpCli *cli, int argc, char **argv);
int fp_cli_undo    (FpCli *cli, int argc, char **argv);
int fp_cli_hold    (FpCli *cli, int argc, char **argv);
int fp_cli_release (FpCli *cli, int argc, char **argv);
int fp_cli_cancel  (FpCli *cli, int argc, char **argv);
int fp_cli_sync    (FpCli *cli, int argc, char **argv);
int fp_cli_status  (FpCli *cli, int argc, char **argv);
int fp_cli_pause   (FpCli *cli, int argc, char **argv);
int fp_cli_resume  (FpCli *cli, int argc, char **argv);
int fp_cli_fill    (FpCli *cli, int argc, char **argv);
int fp_cli_forms   (FpCli *cli, int argc, char **argv);
int fp_cli_drafts  (FpCli *cli, int argc, char **argv);
int fp_cli_wipe    (FpCli *cli, int argc, char **argv);
int fp_cli_export  (FpCli *cli, int argc, char **argv);
int fp_cli_import  (FpCli *cli, int argc, char **argv);
/* Of group "server". */
int fp_cli_server_test (FpCli *cli, int argc, char **argv);
int fp_cli_server  (FpCli *cli, int argc, char **argv);
int fp_cli_event   (FpCli *cli, int argc, char **argv);
int fp_cli_tag     (FpCli *cli, int argc, char **argv);
int fp_cli_periodic (FpCli *cli, int argc, char **argv);
int fp_cli_cleanup (FpCli *cli, int argc, char **argv);
int fp_cli_settings (FpCli *cli, int argc, char **argv);
int fp_cli_sync_register (FpCli *cli, int argc, char **argv);
int fp_cli_sync_unregister (FpCli *cli, int argc, char **argv);
int fp_cli_doctor  (FpCli *cli, int argc, char **argv);

/* The visible form with this form id or row number; NULL: was told. */
FpFormRow *fp_cli_find_form (FpCli      *cli,
                             const char *name);
/* Its definition; NULL on error. */
FpFormDef *fp_cli_load_form (FpCli            *cli,
                             const FpFormRow  *form,
                             GError          **error);
/* Where its answers go, as it may be shown; NULL = it has no address. Caller frees. */
char      *fp_cli_dup_destination (FpCli            *cli,
                                   const FpFormRow  *form,
                                   FpFormDef        *def);
int        fp_cli_forms_show (FpCli *cli, int argc, char **argv);

G_END_DECLS
