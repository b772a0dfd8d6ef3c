/* fp-cli-table.h — a list of rows: lines of columns for people, or with --json an array of objects */
#pragma once

#include "cli/fp-cli.h"

G_BEGIN_DECLS

#define FP_CLI_COLUMNS_MAX 6

typedef struct {
  const char *heading; /* translatable; NULL in a table without a line of headings */
  int         width;   /* in characters; 0 = the last column */
} FpCliColumn;

typedef struct {
  FpCliColumn columns[FP_CLI_COLUMNS_MAX];
  const char *empty; /* (nullable): translatable; said on stderr where there is no row */
  /* @data: as given to fp_cli_print_table(). */
  JsonNode *(*to_json) (gconstpointer row, gconstpointer data);
  /* Sets what each column shows (transfer full); NULL shows nothing, control characters become spaces. */
  void      (*fill)    (gconstpointer row, char **cells);
} FpCliTable;

/* Prints @rows to stdout, in their order. The headings are for people only: a pipe gets the lines alone. */
void fp_cli_print_table (FpCli            *cli,
                         const FpCliTable *table,
                         GPtrArray        *rows,
                         gconstpointer     data);

G_END_DECLS
