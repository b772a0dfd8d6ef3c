#include "config.h"

#include "engine/fp-transfer-check.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/fp-engine.h"
#include "form/fp-form-def.h"
#include "xml/fp-xml.h"

FpTransferKind
fp_transfer_kind_of (const char  *path,
                     char       **folder)
{
  static const struct {
    const char     *below, *name;
    FpTransferKind  kind;
  } kinds[] = {
    { "items/", "/request.json", FP_TRANSFER_ITEM },
    { "drafts/", "/draft.json", FP_TRANSFER_DRAFT },
    { "forms/", "/form.json", FP_TRANSFER_FORM },
  };

  *folder = NULL;
  if (g_str_equal (path, "tags.json"))
    return FP_TRANSFER_TAGS;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (path, kinds[i].below) && g_str_has_suffix (path, kinds[i].name)
        && strlen (path) > strlen (kinds[i].below) + strlen (kinds[i].name))
      {
        *folder = g_strndup (path, strlen (path) - strlen (kinds[i].name));
        return kinds[i].kind;
      }

  return FP_TRANSFER_OTHER;
}

static gboolean
check_file (FpTransferIn  *in,
            const char    *folder,
            const char    *file,
            gint64         size,
            const char    *sha256,
            GError       **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, file);

  return fp_transfer_in_check (in, path, size, sha256, error);
}

static gboolean
check_item (FpTransferIn  *in,
            GBytes        *json,
            const char    *folder,
            GError       **error)
{
  g_autoptr(FpIncomingItem) incoming = fp_transfer_item_from_json (json, error);

  if (!incoming)
    return FALSE;
  for (guint i = 0; i < incoming->item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (incoming->item->parts, i);

      if (!check_file (in, folder, g_ptr_array_index (incoming->files, i), part->size, part->sha256, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_draft (FpTransferIn  *in,
             GBytes        *json,
             const char    *folder,
             GError       **error)
{
  g_autoptr(FpIncomingDraft) incoming = fp_transfer_draft_from_json (json, error);
  g_autofree char *path = g_strdup_printf ("%s/instance.xml", folder);
  g_autoptr(GBytes) xml = NULL;
  g_autoptr(xmlDoc) doc = NULL;

  if (!incoming)
    return FALSE;
  for (guint i = 0; i < incoming->row->files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (incoming->row->files, i);

      if (!check_file (in, folder, g_ptr_array_index (incoming->files, i), file->size, file->sha256, error))
        return FALSE;
    }
  xml = fp_transfer_in_read (in, path, FP_TRANSFER_XML_MAX, NULL, error);
  doc = xml ? fp_xml_parse (xml, error) : NULL;

  return doc != NULL;
}

GBytes *
fp_transfer_read_form (FpTransferIn  *in,
                       const char    *folder,
                       const char    *sha256,
                       FpFormRow     *row,
                       FpServerRow  **server,
                       GError       **error)
{
  g_autofree char *json_path = g_strdup_printf ("%s/form.json", folder);
  g_autofree char *xml_path = g_strdup_printf ("%s/form.xml", folder);
  g_autoptr(GBytes) json = fp_transfer_in_read (in, json_path, FP_TRANSFER_JSON_MAX, sha256, error);
  g_autoptr(GBytes) xml = json ? fp_transfer_in_read (in, xml_path, FP_TRANSFER_XML_MAX, NULL, error) : NULL;
  g_autoptr(FpFormDef) def = xml ? fp_form_def_parse (xml, error) : NULL;

  if (!def || !fp_transfer_form_from_json (json, row, server, error))
    return NULL;
  row->form_id = g_strdup (fp_form_def_get_id (def));
  row->version = g_strdup (fp_form_def_get_version (def));
  row->title = g_strdup (fp_form_def_get_title (def));
  row->md5 = g_strdup (fp_form_def_get_md5 (def));

  return g_steal_pointer (&xml);
}

static gboolean
check_form (FpTransferIn  *in,
            const char    *folder,
            const char    *sha256,
            GError       **error)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(FpServerRow) server = NULL;
  g_autoptr(GBytes) xml = fp_transfer_read_form (in, folder, sha256, row, &server, error);

  return xml != NULL;
}

static gboolean
check_tags (GBytes  *json,
            GError **error)
{
  g_autoptr(GPtrArray) tags = fp_transfer_tags_from_json (json, error);

  return tags != NULL;
}

static gboolean
check_one (FpTransferIn    *in,
           FpTransferKind   kind,
           const char      *path,
           const char      *folder,
           const char      *sha256,
           GError         **error)
{
  g_autoptr(GBytes) json = fp_transfer_in_read (in, path, FP_TRANSFER_JSON_MAX, sha256, error);
  gboolean ok = FALSE;

  if (!json)
    return FALSE;
  if (kind == FP_TRANSFER_ITEM)
    ok = check_item (in, json, folder, error);
  else if (kind == FP_TRANSFER_DRAFT)
    ok = check_draft (in, json, folder, error);
  else if (kind == FP_TRANSFER_TAGS)
    ok = check_tags (json, error);
  else
    ok = check_form (in, folder, sha256, error);
  if (!ok)
    g_prefix_error (error, "%s: ", path);

  return ok;
}

/* The files of items and drafts are checked by the hashes in their JSON, whose own hash is in the list. */
static gboolean
is_checked_by_list (const char *path)
{
  return g_str_has_suffix (path, "/instance.xml") || g_str_has_suffix (path, "/form.xml");
}

gboolean
fp_transfer_check (FpTransferIn  *in,
                   GError       **error)
{
  const FpManifest *manifest = fp_transfer_in_get_manifest (in);
  gint64 n[FP_TRANSFER_TAGS + 1] = { 0 };
  GError *local = NULL;

  for (;;)
    {
      g_autofree char *path = NULL;
      g_autofree char *sha256 = NULL;
      g_autofree char *folder = NULL;
      FpTransferKind kind;

      if (!fp_transfer_in_next (in, &path, &sha256, &local))
        break;
      kind = fp_transfer_kind_of (path, &folder);
      n[kind]++;
      if (kind != FP_TRANSFER_OTHER && !check_one (in, kind, path, folder, sha256, error))
        return FALSE;
      if (is_checked_by_list (path))
        {
          g_autoptr(GBytes) bytes = fp_transfer_in_read (in, path, FP_TRANSFER_XML_MAX, sha256, error);

          if (!bytes)
            return FALSE;
        }
    }
  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (n[FP_TRANSFER_ITEM] != manifest->items || n[FP_TRANSFER_DRAFT] != manifest->drafts
      || n[FP_TRANSFER_FORM] != manifest->forms)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                   _("the export does not hold as much as its manifest says"));
      return FALSE;
    }

  return TRUE;
}
