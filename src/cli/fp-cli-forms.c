#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

#include "form/fp-form-author.h"

static JsonNode *
form_to_json (gconstpointer row,
              gconstpointer data)
{
  return fp_form_to_json (row);
}

static GPtrArray *
read_forms (FpCli  *cli,
            GError **error)
{
  g_auto(FpCliAwait) await = { NULL };
  GPtrArray *forms;

  fp_engine_list_forms_async (cli->engine, NULL, fp_cli_await_cb, &await);
  forms = fp_engine_list_forms_finish (cli->engine, fp_cli_wait (&await), error);

  return forms;
}

static FpFormRow *
steal_form (GPtrArray *forms,
            guint      index)
{
  return g_ptr_array_steal_index (forms, index);
}

FpFormRow *
fp_cli_find_form (FpCli      *cli,
                  const char *name)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) forms = read_forms (cli, &error);

  if (!forms)
    {
      fp_cli_fail ("forms", error);
      return NULL;
    }
  for (guint i = 0; i < forms->len; i++)
    {
      const FpFormRow *form = g_ptr_array_index (forms, i);
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, form->id);

      if (g_str_equal (form->form_id, name) || g_str_equal (id, name))
        return steal_form (forms, i);
    }
  g_printerr (_("fieldpostctl: there is no form “%s”; “fieldpostctl forms list” shows all\n"), name);

  return NULL;
}

static void
fill_form (gconstpointer   row,
           char          **cells)
{
  const FpFormRow *form = row;

  cells[0] = g_strdup_printf ("%4" G_GINT64_FORMAT, form->id);
  cells[1] = g_strdup (form->form_id);
  cells[2] = g_strdup (form->version);
  cells[3] = g_strdup (form->title);
}

static const FpCliTable form_table = {
  .columns = { { N_("No."), 5 }, { N_("Form"), 28 }, { N_("Version"), 12 }, { N_("Title"), 0 } },
  .empty = N_("No forms yet."),
  .to_json = form_to_json,
  .fill = fill_form,
};

static int
forms_list (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) forms = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  forms = read_forms (cli, &error);
  if (!forms)
    return fp_cli_fail ("forms list", error);

  fp_cli_print_table (cli, &form_table, forms, NULL);

  return FP_EXIT_OK;
}

/* FALSE: was told. */
static gboolean
check_address (const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *origin = url ? fp_host_dup_origin (url, &error) : NULL;
  g_autofree char *line = fp_cli_dup_line (url);

  if (error)
    fp_cli_usage (_("--post: “%s” is no web address: %s"), line, error->message);

  return !url || origin;
}

/* Whether @form took the place of one that was listed before. */
static gboolean
replaces (const FpFormRow *form,
          GPtrArray       *before)
{
  for (guint i = 0; i < before->len; i++)
    {
      const FpFormRow *other = g_ptr_array_index (before, i);

      if (g_str_equal (other->form_id, form->form_id) && (other->id == form->id || other->server == form->server))
        return TRUE;
    }

  return FALSE;
}

static void
print_added (FpCli           *cli,
             const FpFormRow *form,
             gboolean         replaced)
{
  g_autoptr(FpFormDef) def = fp_cli_load_form (cli, form, NULL);
  g_autofree char *title = fp_cli_dup_line (form->title);
  g_autofree char *form_id = fp_cli_dup_line (form->form_id);
  g_autofree char *address = def ? fp_cli_dup_destination (cli, form, def) : NULL;

  if (replaced)
    g_print (_("Replaced “%s”, %s.\n"), title, form_id);
  else
    g_print (_("Added “%s” as %s.\n"), title, form_id);
  if (address)
    g_print (_("Its answers go to %s\n"), address);
  else
    g_print (_("Its answers have no address yet: the same command with --post URL gives one.\n"));
  g_print (_("“fieldpostctl forms show %s” shows its questions.\n"), form_id);
}

static int
add_form (FpCli      *cli,
          GBytes     *xml,
          const char *submit_url,
          const char *name)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpFormRow) form = NULL;
  g_autoptr(GPtrArray) before = NULL;
  GError *error = NULL;

  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  before = read_forms (cli, &error);
  if (!before)
    return fp_cli_fail (name, error);
  fp_engine_add_form_async (cli->engine, xml, submit_url, NULL, fp_cli_await_cb, &await);
  form = fp_engine_add_form_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!form)
    return fp_cli_fail (name, error);

  if (cli->json)
    fp_cli_print_json (fp_form_to_json (form));
  else
    print_added (cli, form, replaces (form, before));

  return FP_EXIT_OK;
}

static int
forms_add (FpCli  *cli,
           int     argc,
           char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *url = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GBytes) xml = NULL;
  gsize length = 0;
  GError *error = NULL;
  const GOptionEntry entries[] = {
    { "post", 0, 0, G_OPTION_ARG_STRING, &url, N_("Where its answers go instead of where the form says"), N_("URL") },
    { NULL },
  };

  if (!fp_cli_parse (cli, "FILE", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("forms add: one file"));
  if (!check_address (url))
    return FP_EXIT_USAGE;
  if (!g_file_get_contents (rest[0], &text, &length, &error))
    return fp_cli_fail (NULL, error);
  xml = g_bytes_new_take (g_steal_pointer (&text), length);

  return add_form (cli, xml, url, rest[0]);
}

static int
forms_new (FpCli  *cli,
           int     argc,
           char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *title = NULL;
  g_autofree char *url = NULL;
  g_autoptr(GPtrArray) questions = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_author_question_free);
  g_autoptr(GBytes) xml = NULL;
  GError *error = NULL;
  const GOptionEntry entries[] = {
    { "title", 0, 0, G_OPTION_ARG_STRING, &title, N_("What the form is called"), N_("TITLE") },
    { "post", 0, 0, G_OPTION_ARG_STRING, &url, N_("Where its answers go, as JSON"), N_("URL") },
    { NULL },
  };

  cli->details = _("TYPE is one of text, integer, decimal, date, select, select-multiple, image, note. “!” after the\n"
                   "label: an answer is required. The choices of a select follow “=”. For example:\n"
                   "  fieldpostctl forms new --title Trees 'text:Where!' integer:Height 'select:Kind=Oak,Beech'");
  if (!fp_cli_parse (cli, "TYPE:LABEL[!][=CHOICE,…]…", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!title || !*title)
    return fp_cli_usage (_("forms new: --title is missing"));
  if (!check_address (url))
    return FP_EXIT_USAGE;
  if (!*rest)
    return fp_cli_usage (_("forms new: which questions? For example text:Name! integer:Age"));
  for (guint i = 0; rest[i]; i++)
    {
      FpAuthorQuestion *question = fp_author_question_parse (rest[i], &error);

      if (!question)
        {
          fp_cli_fail (rest[i], error);
          return FP_EXIT_USAGE;
        }
      g_ptr_array_add (questions, question);
    }
  xml = fp_form_author_write (title, url, questions, &error);
  if (!xml)
    return fp_cli_fail ("forms new", error);

  return add_form (cli, xml, NULL, title);
}

static int
forms_remove (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(FpFormRow) form = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean removed;

  if (!fp_cli_parse (cli, "FORM", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("forms remove: one form"));
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  form = fp_cli_find_form (cli, rest[0]);
  if (!form)
    return FP_EXIT_REFUSED;

  fp_engine_remove_form_async (cli->engine, form->id, NULL, fp_cli_await_cb, &await);
  removed = fp_engine_remove_form_finish (cli->engine, fp_cli_wait (&await), &error);

  if (!removed)
    return fp_cli_fail (rest[0], error);
  if (cli->json)
    {
      fp_cli_print_member ("form_id", json_node_init_string (json_node_alloc (), form->form_id));
    }
  else
    {
      g_autofree char *title = fp_cli_dup_line (form->title);

      g_print (_("Removed “%s”.\n"), title);
    }

  return FP_EXIT_OK;
}

/* New forms of one server; what could not be added is named on stderr. */
static int
update_server (FpCli             *cli,
               const FpServerRow *server,
               gint              *total)
{
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  const char * const *refused;
  gint n;

  fp_engine_refresh_server_async (cli->engine, server->id, NULL, fp_cli_await_cb, &await);
  n = fp_engine_refresh_server_finish (cli->engine, fp_cli_wait (&await), &error);
  if (n < 0)
    return fp_cli_fail (server->title, error);

  *total += n;
  refused = fp_engine_peek_refused_forms (cli->engine, server->id);
  for (guint i = 0; refused && refused[i]; i++)
    g_printerr (_("fieldpostctl: %s: not added: %s\n"), server->title, refused[i]);

  return FP_EXIT_OK;
}

static int
forms_update (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) servers = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gint total = 0;
  int code = FP_EXIT_OK;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_list_servers_async (cli->engine, NULL, fp_cli_await_cb, &await);
  servers = fp_engine_list_servers_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!servers)
    return fp_cli_fail ("forms update", error);

  /* One server that does not answer must not keep the others. */
  for (guint i = 0; i < servers->len; i++)
    {
      const FpServerRow *server = g_ptr_array_index (servers, i);

      /* A plain one has none. */
      if (server->protocol == FP_PROTOCOL_OPENROSA)
        code = MAX (code, update_server (cli, server, &total));
    }
  if (cli->json)
    fp_cli_print_member ("forms", json_node_init_int (json_node_alloc (), total));
  else
    g_print (ngettext ("%d new or changed form.\n", "%d new or changed forms.\n", total), total);

  return code;
}

int
fp_cli_forms (FpCli  *cli,
              int     argc,
              char  **argv)
{
  static const FpCliCommand commands[] = {
    { "list", forms_list, "", N_("List the forms") },
    { "show", fp_cli_forms_show, "FORM", N_("Show the questions of a form, and where its answers go") },
    { "add", forms_add, "FILE [--post URL]", N_("Add a form from an XForms file") },
    { "new", forms_new, "--title T [--post URL] TYPE:LABEL[!]…", N_("Write a form and add it") },
    { "remove", forms_remove, "FORM", N_("Take a form out of the list") },
    { "update", forms_update, "", N_("Ask all servers for new and changed forms") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "forms", commands, argc - 1, argv + 1);
}
