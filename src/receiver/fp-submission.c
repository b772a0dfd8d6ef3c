#include "config.h"

#include "receiver/fp-submission.h"

#include <glib/gi18n.h>

#include "receiver/fp-receiver-error.h"
#include "xml/fp-xml.h"

/* Central keeps 64 characters of an instanceID, its specification allows 249. */
#define MAX_ID 249

static gboolean
refuse (GError    **error,
        const char *message)
{
  g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED, message);
  return FALSE;
}

static xmlDoc *
parse (GBytes  *xml,
       GError **error)
{
  g_autoptr(GError) lower = NULL;
  xmlDoc *doc = fp_xml_parse (xml, &lower);

  if (!doc)
    /* Translators: %s is the reason, with the line. */
    g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                 _("The submission is not well-formed XML: %s"), lower->message);

  return doc;
}

/* OpenRosa lets the namespace of the root stand for a form id that is not given. */
static char *
dup_form_id (xmlNode *root)
{
  char *id = fp_xml_dup_attribute (root, "", "id");

  if (!id && root->ns && root->ns->href)
    id = g_strdup ((const char *) root->ns->href);

  return id ? g_strstrip (id) : NULL;
}

static char *
dup_meta (xmlNode    *root,
          const char *name)
{
  xmlNode *meta = fp_xml_child (root, NULL, "meta");
  xmlNode *node = meta ? fp_xml_child (meta, NULL, name) : NULL;

  return node ? g_strstrip (fp_xml_dup_text (node)) : NULL;
}

static gboolean
is_id (const char *text)
{
  return text && *text && g_utf8_strlen (text, -1) <= MAX_ID;
}

gboolean
fp_submission_read (GBytes      *xml,
                    char       **form_id,
                    char       **version,
                    char       **instance_id,
                    char       **deprecated_id,
                    GError     **error)
{
  g_autoptr(xmlDoc) doc = parse (xml, error);
  xmlNode *root;

  if (!doc)
    return FALSE;

  root = xmlDocGetRootElement (doc);
  *form_id = dup_form_id (root);
  *version = fp_xml_dup_attribute (root, "", "version");
  if (!*version)
    *version = g_strdup ("");
  *instance_id = dup_meta (root, "instanceID");
  *deprecated_id = dup_meta (root, "deprecatedID");
  if (!*instance_id)
    *instance_id = fp_xml_dup_attribute (root, "", "instanceID");

  if (!is_id (*form_id))
    return refuse (error, _("The submission names no form: its first element has no “id”"));
  if (!is_id (*instance_id))
    return refuse (error, _("The submission has no “meta/instanceID” of 1 to 249 characters"));

  return TRUE;
}

/* The primary instance is the first one of the model; its one child carries the form's id. */
static xmlNode *
find_instance (xmlNode *head)
{
  xmlNode *model = head ? fp_xml_child (head, NULL, "model") : NULL;
  xmlNode *instance = model ? fp_xml_child (model, NULL, "instance") : NULL;

  return instance ? fp_xml_first (instance) : NULL;
}

gboolean
fp_submission_read_form (GBytes  *xml,
                         char   **form_id,
                         char   **version,
                         char   **title,
                         GError **error)
{
  g_autoptr(xmlDoc) doc = fp_xml_parse (xml, error);
  xmlNode *head;
  xmlNode *title_node;
  xmlNode *instance;

  if (!doc)
    return FALSE;

  head = fp_xml_child (xmlDocGetRootElement (doc), NULL, "head");
  title_node = head ? fp_xml_child (head, NULL, "title") : NULL;
  instance = find_instance (head);
  *form_id = instance ? dup_form_id (instance) : NULL;
  if (!is_id (*form_id))
    {
      g_clear_pointer (form_id, g_free);
      return refuse (error, _("not an XForm: no instance with an “id” in its model"));
    }
  *version = fp_xml_dup_attribute (instance, "", "version");
  if (!*version)
    *version = g_strdup ("");
  *title = title_node ? g_strstrip (fp_xml_dup_text (title_node)) : g_strdup (*form_id);

  return TRUE;
}
