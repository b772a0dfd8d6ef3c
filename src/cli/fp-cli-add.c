#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/fp-engine-edit.h"

typedef struct {
  char   *method;
  char  **headers;
  char  **meta;
  char   *tag;
  char   *title;
  char   *reach;
  char   *json;
  char   *data_file;
  char   *media_type;
  char  **pairs;
  char  **form;
  char  **files;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->method);
  g_strfreev (options->headers);
  g_strfreev (options->meta);
  g_free (options->tag);
  g_free (options->title);
  g_free (options->reach);
  g_free (options->json);
  g_free (options->data_file);
  g_free (options->media_type);
  g_strfreev (options->pairs);
  g_strfreev (options->form);
  g_strfreev (options->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static char *
guess_media_type (const char *path)
{
  g_autofree char *type = g_content_type_guess (path, NULL, 0, NULL);
  char *mime = type ? g_content_type_get_mime_type (type) : NULL;

  return mime ? mime : g_strdup ("application/octet-stream");
}

static void
add_file (FpEnqueue  *enqueue,
          const char *field,
          const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_filename_display_name (base);
  g_autofree char *type = guess_media_type (path);

  fp_enqueue_add_part (enqueue, field, field ? name : NULL, type, NULL, path);
}

/* "field=text" and "field=PATH" as parts of a multipart body. */
static gboolean
add_fields (FpEnqueue     *enqueue,
            const Options *options)
{
  for (guint i = 0; options->form && options->form[i]; i++)
    {
      const char *at = strchr (options->form[i], '=');
      g_autofree char *name = at ? g_strndup (options->form[i], at - options->form[i]) : NULL;
      g_autoptr(GBytes) value = at ? g_bytes_new (at + 1, strlen (at + 1)) : NULL;

      if (!at)
        {
          fp_cli_usage (_("%s: number %u has no “%c” after a name"), "--form", i + 1, '=');
          return FALSE;
        }
      fp_enqueue_add_part (enqueue, name, NULL, NULL, value, NULL);
    }
  for (guint i = 0; options->files && options->files[i]; i++)
    {
      const char *at = strchr (options->files[i], '=');
      g_autofree char *name = at ? g_strndup (options->files[i], at - options->files[i]) : NULL;

      if (!at)
        {
          fp_cli_usage (_("%s: number %u has no “%c” after a name"), "--file", i + 1, '=');
          return FALSE;
        }
      add_file (enqueue, name, at + 1);
    }

  return TRUE;
}

/* "application/x-www-form-urlencoded" as browsers write it: a space is a plus. NULL: was told. */
static GBytes *
encode_pairs (char **pairs)
{
  g_autoptr(GString) body = g_string_new (NULL);

  for (guint i = 0; pairs[i]; i++)
    {
      const char *at = strchr (pairs[i], '=');
      g_autofree char *name = at && at != pairs[i] ? g_strndup (pairs[i], at - pairs[i]) : NULL;
      const char *words[] = { name, at ? at + 1 : NULL };

      if (!name)
        {
          fp_cli_usage (_("%s: number %u has no “%c” after a name"), "--data-urlencode", i + 1, '=');
          return NULL;
        }
      for (guint j = 0; j < G_N_ELEMENTS (words); j++)
        {
          g_autofree char *escaped = g_uri_escape_bytes ((const guint8 *) words[j], strlen (words[j]), " ");

          g_strdelimit (escaped, " ", '+');
          g_string_append (body, j == 1 ? "=" : i > 0 ? "&" : "");
          g_string_append (body, escaped);
        }
    }

  return g_string_free_to_bytes (g_steal_pointer (&body));
}

static gboolean
add_pairs (FpEnqueue     *enqueue,
           const Options *options)
{
  g_autoptr(GBytes) data = encode_pairs (options->pairs);

  if (!data)
    return FALSE;

  fp_enqueue_add_part (enqueue, NULL, NULL,
                       options->media_type ? options->media_type : "application/x-www-form-urlencoded", data, NULL);
  return TRUE;
}

static gboolean
add_body (FpEnqueue     *enqueue,
          const Options *options)
{
  guint kinds = (options->json != NULL) + (options->data_file != NULL) + (options->pairs != NULL)
                + (options->form || options->files);

  if (kinds > 1)
    {
      fp_cli_usage (_("one of --json, --data-file, --data-urlencode, and --form with --file"));
      return FALSE;
    }
  if (options->json)
    {
      g_autoptr(GBytes) data = g_bytes_new (options->json, strlen (options->json));
      g_autoptr(GError) error = NULL;

      if (!fp_json_check (options->json, strlen (options->json), &error))
        {
          fp_cli_usage ("--json: %s", error->message);
          return FALSE;
        }
      fp_enqueue_add_part (enqueue, NULL, NULL, options->media_type ? options->media_type : "application/json", data,
                           NULL);
    }
  else if (options->data_file)
    {
      g_autofree char *type = options->media_type ? g_strdup (options->media_type)
                                                  : guess_media_type (options->data_file);

      fp_enqueue_add_part (enqueue, NULL, NULL, type, NULL, options->data_file);
    }
  else if (options->pairs)
    {
      return add_pairs (enqueue, options);
    }

  return add_fields (enqueue, options);
}

/* The request as it is queued; NULL: was told. */
static FpEnqueue *
make_request (const Options *options,
              const char    *url)
{
  g_autoptr(FpEnqueue) enqueue = fp_enqueue_new (url);

  enqueue->method = g_strdup (options->method);
  enqueue->tag = g_strdup (options->tag);
  enqueue->title = g_strdup (options->title);
  enqueue->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  enqueue->meta = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (options->reach && !fp_reach_from_string (options->reach, &enqueue->reach))
    {
      fp_cli_usage (_("--reach: “%s” is none of auto, public, lan, always"), options->reach);
      return NULL;
    }
  if (!fp_cli_take_pairs (options->headers, ':', "--header", enqueue->headers)
      || !fp_cli_take_pairs (options->meta, '=', "--meta", enqueue->meta)
      || !add_body (enqueue, options))
    return NULL;

  return g_steal_pointer (&enqueue);
}

/* Takes @enqueue. */
static int
queue (FpCli     *cli,
       FpEnqueue *enqueue)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpItem) item = NULL;
  GError *error = NULL;

  if (!fp_cli_connect (cli, TRUE))
    {
      fp_enqueue_free (enqueue);
      return FP_EXIT_STORE;
    }
  fp_engine_enqueue_async (cli->engine, enqueue, NULL, fp_cli_await_cb, &await);
  item = fp_engine_enqueue_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!item)
    return fp_cli_fail (NULL, error);

  if (cli->json)
    fp_cli_print_json (fp_item_to_json (item, NULL));
  else
    g_print (_("Queued as %" G_GINT64_FORMAT ".\n"), item->id);

  return FP_EXIT_OK;
}

/* "--json TEXT" is a body; a "--json" at the end is the wish for JSON, as everywhere else. */
static gboolean
take_json_flag (FpCli  *cli,
                int    *argc,
                char  **argv)
{
  if (*argc < 2 || !g_str_equal (argv[*argc - 1], "--json"))
    return FALSE;
  (*argc)--;
  cli->json = TRUE;

  return TRUE;
}

/* What a request is made of, the same for a new one and for an edit. */
#define REQUEST_ENTRIES(options)                                                                                      \
    { "request", 'X', 0, G_OPTION_ARG_STRING, &(options).method, N_("Method; POST with a body, otherwise GET"),        \
      N_("METHOD") },                                                                                                 \
    { "header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &(options).headers, N_("Header; credentials go to the keyring"),    \
      N_("'KEY: VALUE'") },                                                                                           \
    { "json", 0, 0, G_OPTION_ARG_STRING, &(options).json, N_("JSON body; as the last argument: print JSON"),           \
      N_("TEXT") },                                                                                                   \
    { "data-file", 0, 0, G_OPTION_ARG_FILENAME, &(options).data_file, N_("File that is the body"), N_("FILE") },       \
    { "data-urlencode", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).pairs, N_("Field of a form that has no files"),    \
      N_("NAME=VALUE") },                                                                                             \
    { "type", 0, 0, G_OPTION_ARG_STRING, &(options).media_type, N_("Media type of the body"), N_("TYPE") },            \
    { "form", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).form, N_("Field of a multipart body"), N_("NAME=VALUE") },   \
    { "file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(options).files, N_("File of a multipart body"), N_("FIELD=PATH") }, \
    { "tag", 0, 0, G_OPTION_ARG_STRING, &(options).tag, N_("Tag; data-sync by default"), N_("TAG") },                  \
    { "title", 0, 0, G_OPTION_ARG_STRING, &(options).title, N_("What the outbox shows"), N_("TEXT") },                 \
    { "meta", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(options).meta, N_("Kept with the item, never sent"),                  \
      N_("KEY=VALUE") },                                                                                              \
    { "reach", 0, 0, G_OPTION_ARG_STRING, &(options).reach, N_("auto, public, lan or always"), N_("REACH") }

int
fp_cli_add (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(Options) options = { NULL };
  g_auto(GStrv) rest = NULL;
  const GOptionEntry entries[] = { REQUEST_ENTRIES (options), { NULL } };
  FpEnqueue *enqueue;

  take_json_flag (cli, &argc, argv);
  if (!fp_cli_parse (cli, "URL", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("add: one URL, after the options"));

  enqueue = make_request (&options, rest[0]);

  return enqueue ? queue (cli, enqueue) : FP_EXIT_USAGE;
}

/* Takes @changes. */
static int
edit_request (FpCli     *cli,
              gint64     id,
              FpEnqueue *changes,
              gboolean   reach)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpItem) item = NULL;
  GError *error = NULL;

  fp_engine_edit_request_async (cli->engine, id, changes, reach, NULL, fp_cli_await_cb, &await);
  item = fp_engine_edit_request_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!item)
    return fp_cli_fail (NULL, error);

  if (cli->json)
    fp_cli_print_json (fp_item_to_json (item, NULL));
  else if (item->id == id)
    g_print (_("Changed %" G_GINT64_FORMAT ".\n"), id);
  else
    g_print (_("Item %" G_GINT64_FORMAT " may have arrived already and is settled first. Queued as %" G_GINT64_FORMAT
               ", which waits for it.\n"), id, item->id);

  return FP_EXIT_OK;
}

static int
edit_submission (FpCli  *cli,
                 gint64  id)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autofree char *uid = NULL;
  GError *error = NULL;

  fp_engine_reopen_async (cli->engine, id, NULL, fp_cli_await_cb, &await);
  uid = fp_engine_reopen_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!uid)
    return fp_cli_fail (NULL, error);

  if (cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "draft", uid);
      json_object_set_int_member (object, "item", id);
      fp_cli_print_json (fp_json_take_object (object));
    }
  else
    {
      g_print (_("Opened as draft %s. Go on with: fieldpostctl fill %s --set PATH=VALUE…\n"), uid, uid);
    }

  return FP_EXIT_OK;
}

/* @changes: (transfer full) (nullable): NULL = nothing was said that would change a request. */
static int
edit (FpCli     *cli,
      gint64     id,
      FpEnqueue *changes,
      gboolean   reach)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpEnqueue) owned = changes;
  g_autoptr(FpItem) item = NULL;

  fp_engine_get_item_async (cli->engine, id, NULL, fp_cli_await_cb, &await);
  item = fp_engine_get_item_finish (cli->engine, fp_cli_wait (&await), NULL, NULL);
  /* What is gone, too, is told by the call that misses it. */
  if (!item && owned)
    return edit_request (cli, id, g_steal_pointer (&owned), reach);
  if (!item || item->kind == FP_ITEM_SUBMISSION)
    return owned ? fp_cli_usage (_("edit: %" G_GINT64_FORMAT " is a submission; “fieldpostctl edit %" G_GINT64_FORMAT
                                   "” alone opens it as a draft"), id, id)
                 : edit_submission (cli, id);
  if (!owned)
    return fp_cli_usage (_("edit: what is to be changed? “fieldpostctl edit --help” lists it"));

  return edit_request (cli, id, g_steal_pointer (&owned), reach);
}

int
fp_cli_edit (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(Options) options = { NULL };
  static const Options nothing;
  g_auto(GStrv) rest = NULL;
  const GOptionEntry entries[] = { REQUEST_ENTRIES (options), { NULL } };
  g_autoptr(GArray) ids = NULL;
  g_autoptr(FpEnqueue) changes = NULL;
  guint n;
  int code;

  cli->details = _("What is not given stays. An empty header or piece of metadata takes it away. A submission is opened\n"
                   "as a draft, without options.");
  take_json_flag (cli, &argc, argv);
  if (!fp_cli_parse (cli, "ID [URL]", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  n = g_strv_length (rest);
  if (n < 1 || n > 2)
    return fp_cli_usage (_("edit: the number of one item, and its new URL if that changes"));
  if (n == 2 || memcmp (&options, &nothing, sizeof options) != 0)
    {
      changes = make_request (&options, rest[1]);
      if (!changes)
        return FP_EXIT_USAGE;
    }
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;
  ids = fp_cli_find_items (cli, (char *[]) { rest[0], NULL }, &code);
  if (!ids)
    return code;

  return edit (cli, g_array_index (ids, gint64, 0), g_steal_pointer (&changes), options.reach != NULL);
}

int
fp_cli_upload (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(Options) options = { NULL };
  g_auto(GStrv) rest = NULL;
  g_autofree char *field = NULL;
  const GOptionEntry entries[] = {
    { "field", 0, 0, G_OPTION_ARG_STRING, &field, N_("Field name; “file” by default"), N_("NAME") },
    { "header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &options.headers, N_("Header; credentials go to the keyring"),
      N_("'KEY: VALUE'") },
    { "form", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.form, N_("A field beside the file"), N_("NAME=VALUE") },
    { "tag", 0, 0, G_OPTION_ARG_STRING, &options.tag, N_("Tag; image-upload by default"), N_("TAG") },
    { "title", 0, 0, G_OPTION_ARG_STRING, &options.title, N_("What the outbox shows"), N_("TEXT") },
    { "meta", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.meta, N_("Kept with the item, never sent"), N_("KEY=VALUE") },
    { "reach", 0, 0, G_OPTION_ARG_STRING, &options.reach, N_("auto, public, lan or always"), N_("REACH") },
    { NULL },
  };
  FpEnqueue *enqueue;

  if (!fp_cli_parse (cli, "FILE URL", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 2)
    return fp_cli_usage (_("upload: one file and one URL"));

  if (!options.tag)
    options.tag = g_strdup ("image-upload");
  if (!options.title)
    options.title = g_path_get_basename (rest[0]);
  enqueue = make_request (&options, rest[1]);
  if (!enqueue)
    return FP_EXIT_USAGE;
  add_file (enqueue, field ? field : "file", rest[0]);

  return queue (cli, enqueue);
}
