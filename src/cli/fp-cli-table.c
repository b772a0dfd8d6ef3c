#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

static char *
dup_line (const FpCliTable  *table,
          const char *const *cells)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < FP_CLI_COLUMNS_MAX; i++)
    {
      g_autofree char *cell = fp_cli_dup_padded (cells[i], table->columns[i].width);

      g_string_append (line, cell);
      if (table->columns[i].width == 0)
        break;
      g_string_append_c (line, ' ');
    }

  return g_string_free (line, FALSE);
}

static void
print_headings (FpCli            *cli,
                const FpCliTable *table)
{
  const char *cells[FP_CLI_COLUMNS_MAX] = { NULL };
  g_autofree char *line = NULL;

  if (!table->columns[0].heading)
    return;
  for (guint i = 0; i < FP_CLI_COLUMNS_MAX && table->columns[i].heading; i++)
    cells[i] = _(table->columns[i].heading);
  line = dup_line (table, cells);
  fp_cli_print_heading (cli, line);
}

static void
print_row (const FpCliTable *table,
           gconstpointer     row)
{
  char *cells[FP_CLI_COLUMNS_MAX] = { NULL };
  g_autofree char *line = NULL;

  table->fill (row, cells);
  line = dup_line (table, (const char *const *) cells);
  g_print ("%s\n", line);
  for (guint i = 0; i < FP_CLI_COLUMNS_MAX; i++)
    g_free (cells[i]);
}

void
fp_cli_print_table (FpCli            *cli,
                    const FpCliTable *table,
                    GPtrArray        *rows,
                    gconstpointer     data)
{
  if (cli->json)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < rows->len; i++)
        json_array_add_element (array, table->to_json (g_ptr_array_index (rows, i), data));
      fp_cli_print_json (fp_json_take_array (array));
      return;
    }

  if (rows->len > 0)
    print_headings (cli, table);
  else if (table->empty)
    g_printerr ("%s\n", _(table->empty));
  for (guint i = 0; i < rows->len; i++)
    print_row (table, g_ptr_array_index (rows, i));
}
