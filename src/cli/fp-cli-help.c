#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <string.h>

static char *
dup_call (const char         *group,
          const FpCliCommand *command)
{
  return g_strdup_printf ("%s%s%s %s", group ? group : "", group ? " " : "", command->name, command->arguments);
}

static void
print_commands (const char         *group,
                const FpCliCommand *commands)
{
  glong width = 0;

  for (const FpCliCommand *command = commands; command->name; command++)
    {
      g_autofree char *call = dup_call (group, command);

      width = MAX (width, g_utf8_strlen (call, -1));
    }
  for (const FpCliCommand *command = commands; command->name; command++)
    {
      g_autofree char *call = dup_call (group, command);
      g_autofree char *padded = fp_cli_dup_padded (call, (int) width);

      g_print ("  %s  %s\n", padded, _(command->help));
    }
}

static void
print_help (const char         *group,
            const FpCliCommand *commands)
{
  const char *space = group ? " " : "";

  group = group ? group : "";
  g_print (_("Usage: fieldpostctl%s%s COMMAND [OPTION…]\n\n"), space, group);
  print_commands (*group ? group : NULL, commands);
  g_print (_("\n“fieldpostctl%s%s COMMAND --help” tells more.\n"), space, group);
  if (*group)
    return;

  g_print ("%s", _("\nExit status: 0 done, 1 refused or not found, 2 a mistake in the arguments, 3 queued but not "
                   "delivered\n(sync --wait), 4 trouble with the store, 5 trouble with the network or a server.\n"
                   "\nEnvironment:\n"
                   "  FIELDPOST_DATA     folder of the store, instead of $XDG_DATA_HOME/fieldpost\n"
                   "  FIELDPOST_SECRETS  “file”: passwords in a file that only its owner can read, not in the "
                   "keyring\n"));
}

/* Levenshtein's distance of two short words, two letters in the wrong order being one mistake. */
static guint
measure (const char *a,
         const char *b)
{
  gsize width = strlen (b) + 1;
  g_autofree guint *table = g_new0 (guint, (strlen (a) + 1) * width);
  gsize i, j;

  for (j = 0; j < width; j++)
    table[j] = (guint) j;
  for (i = 1; a[i - 1]; i++)
    {
      guint *row = table + i * width;
      const guint *above = row - width;

      row[0] = (guint) i;
      for (j = 1; j < width; j++)
        {
          row[j] = MIN (MIN (above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], (above - width)[j - 2] + 1);
        }
    }

  return table[i * width - 1];
}

/* The command that was probably meant; NULL = none is near. */
static const char *
find_near (const FpCliCommand *commands,
           const char         *word)
{
  const char *near = NULL;
  guint best = MIN (2, (guint) strlen (word) / 2) + 1;

  if (strlen (word) > 20)
    return NULL;
  for (const FpCliCommand *command = commands; command->name; command++)
    {
      guint distance = measure (command->name, word);

      if (distance < best)
        {
          best = distance;
          near = command->name;
        }
    }

  return near;
}

static int
refuse (const char         *group,
        const FpCliCommand *commands,
        const char         *word)
{
  g_autofree char *prefix = g_strdup_printf ("%s%s", group ? group : "", group ? " " : "");
  g_autofree char *line = fp_cli_dup_line (word);
  const char *near = word ? find_near (commands, word) : NULL;

  if (!word)
    return fp_cli_usage (_("which command? “fieldpostctl %s--help” lists them"), prefix);
  if (near)
    return fp_cli_usage (_("there is no command “%s%s”; “%s%s” perhaps? “fieldpostctl %s--help” lists all"), prefix,
                         line, prefix, near, prefix);

  return fp_cli_usage (_("there is no command “%s%s”; “fieldpostctl %s--help” lists all"), prefix, line, prefix);
}

/* "help add" is "add --help". */
static int
help_with (FpCli               *cli,
           const char          *group,
           const FpCliCommand  *commands,
           int                  argc,
           char               **argv)
{
  g_autofree char **turned = g_new0 (char *, argc + 1);
  char option[] = "--help";

  for (int i = 1; i < argc; i++)
    turned[i - 1] = argv[i];
  turned[argc - 1] = option;

  return fp_cli_dispatch (cli, group, commands, argc, turned);
}

int
fp_cli_dispatch (FpCli               *cli,
                 const char          *group,
                 const FpCliCommand  *commands,
                 int                  argc,
                 char               **argv)
{
  if (argc > 1 && g_str_equal (argv[0], "help") && argv[1][0] != '-')
    return help_with (cli, group, commands, argc, argv);
  if (argc > 0 && (g_str_equal (argv[0], "--help") || g_str_equal (argv[0], "-h") || g_str_equal (argv[0], "help")))
    {
      print_help (group, commands);
      return FP_EXIT_OK;
    }
  for (const FpCliCommand *command = commands; argc > 0 && command->name; command++)
    if (g_str_equal (command->name, argv[0]))
      {
        /* The usage line of --help begins with it. */
        g_autofree char *name = g_strdup_printf ("%s %s", g_get_prgname (), command->name);

        g_set_prgname (name);
        return command->func (cli, argc, argv);
      }

  return refuse (group, commands, argc > 0 ? argv[0] : NULL);
}
