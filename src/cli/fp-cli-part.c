#include "config.h"

#include "cli/fp-cli.h"

#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "store/fp-blob.h"

/* What is read at a glance; the rest is for “--part”. */
#define TEXT_MAX 2048
#define INDENT 15

/* Without a media type the bytes alone tell. */
static gboolean
is_text_type (const char *media_type)
{
  static const char *const types[] = { "application/json", "application/xml", "application/x-www-form-urlencoded", NULL };
  g_auto(GStrv) words = media_type ? g_strsplit (media_type, ";", 2) : NULL;
  g_autofree char *type = words && words[0] ? g_ascii_strdown (g_strstrip (words[0]), -1) : NULL;

  return !type || g_str_has_prefix (type, "text/") || g_str_has_suffix (type, "+json")
         || g_str_has_suffix (type, "+xml") || g_strv_contains (types, type);
}

static void
print_text (const FpItemPart *part)
{
  gsize size = 0;
  const char *data = part->data ? g_bytes_get_data (part->data, &size) : NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (size == 0 || size > TEXT_MAX || !is_text_type (part->media_type) || !g_utf8_validate_len (data, size, NULL))
    return;

  text = g_strndup (data, size);
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      g_autofree char *line = fp_cli_dup_line (lines[i]);

      g_print ("%*s%s\n", INDENT, "", g_strchomp (line));
    }
}

void
fp_cli_print_parts (const FpItem *item)
{
  for (guint i = 0; item->parts && i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      g_autofree char *label = g_strdup_printf (_("part %u"), i + 1);
      g_autofree char *size = g_format_size (part->size);
      g_autofree char *text = g_strdup_printf ("%s%s%s (%s)", part->name ? part->name : _("the body"),
                                               part->filename ? ": " : "", part->filename ? part->filename : "", size);

      fp_cli_print_field (label, text);
      print_text (part);
    }
}

static GInputStream *
open_part (FpCli             *cli,
           const FpItemPart  *part,
           GError           **error)
{
  g_autofree char *path = NULL;
  g_autoptr(GFile) file = NULL;

  if (!part->sha256)
    return part->data ? g_memory_input_stream_new_from_bytes (part->data) : g_memory_input_stream_new ();

  path = fp_blob_dup_path (fp_engine_get_store (cli->engine), part->sha256);
  file = g_file_new_for_path (path);

  return G_INPUT_STREAM (g_file_read (file, NULL, error));
}

int
fp_cli_write_part (FpCli        *cli,
                   const FpItem *item,
                   int           number)
{
  g_autofree char *what = g_strdup_printf ("item %" G_GINT64_FORMAT ", part %d", item->id, number);
  g_autoptr(GOutputStream) out = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  g_autoptr(GInputStream) in = NULL;
  const FpItemPart *part;
  GError *error = NULL;
  gssize written;

  if (!item->parts || (guint) number > item->parts->len)
    return fp_cli_fail (what, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "%s", _("there is none")));

  part = g_ptr_array_index (item->parts, number - 1);
  in = open_part (cli, part, &error);
  if (!in)
    return fp_cli_fail (what, error);
  written = g_output_stream_splice (out, in, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  if (written < 0)
    return fp_cli_fail (what, error);
  if (written != part->size)
    return fp_cli_fail (what, g_error_new (FP_STORE_ERROR, FP_STORE_ERROR_FAILED, "%s",
                                           _("its file does not have the size that it had")));

  return FP_EXIT_OK;
}
