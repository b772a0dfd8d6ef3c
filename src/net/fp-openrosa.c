#include "config.h"

#include "net/fp-openrosa.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "xml/fp-xml.h"

#define HASH_DIGITS 32

/* Some servers begin with a blank line, which no reader accepts before an XML declaration. */
static xmlDoc *
parse_leniently (GBytes  *body,
                 GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  gsize skip = 0;
  g_autoptr(GBytes) rest = NULL;

  while (skip < size && g_ascii_isspace (text[skip]))
    skip++;
  rest = g_bytes_new_from_bytes (body, skip, size - skip);

  return fp_xml_parse (rest, error);
}

/* Every answer is asked for its message, and most are JSON or a word: what begins with a letter or another sign than
 * "<" is no XML, whatever its encoding. */
static gboolean
may_be_xml (GBytes *body)
{
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  gsize skip = 0;

  while (skip < size && g_ascii_isspace (text[skip]))
    skip++;

  return skip < size && (text[skip] == '<' || !g_ascii_isgraph (text[skip]));
}

/**
 * fp_openrosa_dup_message:
 * @body: (nullable): of an answer
 *
 * Any thread. Source: OpenRosa, "HTTP Request API".
 *
 * Returns: (transfer full) (nullable): the message, "" where the answer has none; NULL if @body is
 *   no OpenRosaResponse
 */
char *
fp_openrosa_dup_message (GBytes *body)
{
  g_autoptr(xmlDoc) doc = body && may_be_xml (body) ? parse_leniently (body, NULL) : NULL;
  xmlNode *root = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *message;

  if (!root || !fp_xml_is (root, NULL, "OpenRosaResponse"))
    return NULL;

  message = fp_xml_child (root, NULL, "message");
  return message ? g_strstrip (fp_xml_dup_text (message)) : g_strdup ("");
}

void
fp_form_list_entry_free (FpFormListEntry *entry)
{
  g_free (entry->form_id);
  g_free (entry->name);
  g_free (entry->version);
  g_free (entry->hash);
  g_free (entry->download_url);
  g_free (entry->manifest_url);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpFormListEntry, fp_form_list_entry_free)

/* NULL for an element that is not there or empty. */
static char *
dup_child (xmlNode    *parent,
           const char *name)
{
  xmlNode *child = fp_xml_child (parent, NULL, name);
  g_autofree char *text = child ? g_strstrip (fp_xml_dup_text (child)) : NULL;

  return text && *text ? g_steal_pointer (&text) : NULL;
}

/* "md5:" and 32 hex digits; the prefix is left out by some. NULL for anything else: there would be nothing to tell a
 * changed form by. */
static char *
dup_hash (xmlNode *parent)
{
  g_autofree char *text = dup_child (parent, "hash");
  g_autofree char *hash = text ? g_ascii_strdown (text, -1) : NULL;
  const char *digits = hash && g_str_has_prefix (hash, "md5:") ? hash + 4 : hash;

  if (!digits || strlen (digits) != HASH_DIGITS || strspn (digits, "0123456789abcdef") != HASH_DIGITS)
    return NULL;

  return g_strdup (digits);
}

static FpFormListEntry *
parse_entry (xmlNode *node)
{
  g_autoptr(FpFormListEntry) entry = g_new0 (FpFormListEntry, 1);

  entry->form_id = dup_child (node, "formID");
  entry->name = dup_child (node, "name");
  entry->version = dup_child (node, "version");
  entry->hash = dup_hash (node);
  entry->download_url = dup_child (node, "downloadUrl");
  entry->manifest_url = dup_child (node, "manifestUrl");
  if (!entry->form_id || !entry->hash || !entry->download_url)
    return NULL;

  if (!entry->name)
    entry->name = g_strdup (entry->form_id);
  if (!entry->version)
    entry->version = g_strdup ("");

  return g_steal_pointer (&entry);
}

/**
 * fp_openrosa_parse_list:
 * @body: the answer to GET formList
 *
 * Any thread. Source: OpenRosa, "Form Discovery API".
 *
 * Returns: (transfer full): FpFormListEntry; NULL and error if it is no form list, e.g. a sign-in page
 */
GPtrArray *
fp_openrosa_parse_list (GBytes  *body,
                        GError **error)
{
  g_autoptr(GPtrArray) entries
      = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_form_list_entry_free);
  g_autoptr(xmlDoc) doc = parse_leniently (body, NULL);
  xmlNode *root = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *node;

  if (!root || !fp_xml_is (root, NULL, "xforms"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _("What answers at this address has no list of forms; is it the address "
                             "of an OpenRosa server?"));
      return NULL;
    }

  for (node = fp_xml_first (root); node; node = fp_xml_next (node))
    {
      FpFormListEntry *entry = fp_xml_is (node, NULL, "xform") ? parse_entry (node) : NULL;

      if (entry)
        g_ptr_array_add (entries, entry);
    }

  return g_steal_pointer (&entries);
}

void
fp_media_entry_free (FpMediaEntry *entry)
{
  g_free (entry->name);
  g_free (entry->hash);
  g_free (entry->download_url);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpMediaEntry, fp_media_entry_free)

static FpMediaEntry *
parse_media (xmlNode *node)
{
  g_autoptr(FpMediaEntry) entry = g_new0 (FpMediaEntry, 1);

  entry->name = dup_child (node, "filename");
  entry->hash = dup_hash (node);
  entry->download_url = dup_child (node, "downloadUrl");
  if (!entry->name || !entry->hash || !entry->download_url || strchr (entry->name, '/')
      || g_str_equal (entry->name, ".") || g_str_equal (entry->name, ".."))
    return NULL;

  return g_steal_pointer (&entry);
}

/**
 * fp_openrosa_parse_manifest:
 * @body: the answer to GET of a form's manifestUrl
 *
 * Any thread. Source: OpenRosa, "Form Discovery API", "The Manifest Document".
 *
 * Returns: (transfer full): FpMediaEntry; NULL and error if it is no manifest
 */
GPtrArray *
fp_openrosa_parse_manifest (GBytes  *body,
                            GError **error)
{
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_media_entry_free);
  g_autoptr(xmlDoc) doc = parse_leniently (body, NULL);
  xmlNode *root = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *node;

  if (!root || !fp_xml_is (root, NULL, "manifest"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("What answers is no list of a form’s files"));
      return NULL;
    }
  for (node = fp_xml_first (root); node; node = fp_xml_next (node))
    {
      FpMediaEntry *entry = fp_xml_is (node, NULL, "mediaFile") ? parse_media (node) : NULL;

      if (entry)
        g_ptr_array_add (entries, entry);
    }

  return g_steal_pointer (&entries);
}
