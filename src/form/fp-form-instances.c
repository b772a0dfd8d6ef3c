#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static void
field_free (FpField *field)
{
  g_free (field->name);
  g_free (field->path);
  g_free (field->type_name);
  for (guint i = 0; i < FP_N_LOGIC; i++)
    g_clear_pointer (&field->logic[i], fp_xpath_free);
  fp_words_free (field->constraint_message);
  fp_words_free (field->required_message);
  g_free (field->preload);
  g_free (field->preload_params);
  g_free (field);
}

static gboolean
is_blank (const xmlChar *text)
{
  return text[strspn ((const char *) text, " \t\r\n")] == '\0';
}

/* Unprefixed names of an expression mean elements without a namespace for libxml2, and the form's
 * for everybody else: so they have none here. Comments and layout go, too. */
static void
normalize (xmlNode *node)
{
  gboolean inner = fp_xml_first (node) != NULL;
  xmlNode *next;

  if (node->ns && !node->ns->prefix)
    node->ns = NULL;
  for (xmlNode *child = node->children; child; child = next)
    {
      next = child->next;
      if (child->type == XML_ELEMENT_NODE)
        normalize (child);
      else if (inner || child->type != XML_TEXT_NODE || is_blank (child->content))
        {
          xmlUnlinkNode (child);
          xmlFreeNode (child);
        }
    }

  /* Last: the children refer to them until they are normalized. */
  for (xmlNs **at = &node->nsDef; *at;)
    if (!(*at)->prefix)
      {
        xmlNs *gone = *at;

        *at = gone->next;
        xmlFreeNs (gone);
      }
    else
      at = &(*at)->next;
}

static xmlDoc *
copy_instance (xmlNode *root)
{
  xmlDoc *doc = xmlNewDoc ((const xmlChar *) "1.0");

  xmlDocSetRootElement (doc, xmlDocCopyNode (root, doc, 1));
  normalize (xmlDocGetRootElement (doc));

  return doc;
}

static void
add_fields (FpFormParser *p,
            xmlNode      *node,
            int           parent)
{
  FpFormDef *def = p->def;
  const char *above = parent < 0 ? "" : fp_form_def_field (def, parent)->path;
  FpField *field = g_new0 (FpField, 1);
  int number = (int) def->fields->len;
  g_autofree char *template = fp_xml_dup_attribute (node, FP_NS_JAVAROSA, "template");

  field->name
      = node->ns && node->ns->prefix
            ? g_strdup_printf ("%s:%s", (const char *) node->ns->prefix, (const char *) node->name)
            : g_strdup ((const char *) node->name);
  field->path = g_strdup_printf ("%s/%s", above, field->name);
  field->parent = parent;
  field->template = template != NULL;
  field->has_default = node->children && node->children->type == XML_TEXT_NODE;
  g_ptr_array_add (def->fields, field);
  /* The first of several with one path: a second one is an instance of a repeat. */
  if (!g_hash_table_contains (def->by_path, field->path))
    {
      g_autofree char *local = fp_form_dup_local_path (field->path);

      g_hash_table_insert (def->by_path, field->path, GINT_TO_POINTER (number + 1));
      if (!g_hash_table_contains (def->by_local, local))
        g_hash_table_insert (def->by_local, g_steal_pointer (&local), GINT_TO_POINTER (number + 1));
    }
  for (xmlNode *child = fp_xml_first (node); child; child = fp_xml_next (child))
    add_fields (p, child, number);
  field->end = (int) def->fields->len;
}

/* <orx:meta><orx:instanceID/></orx:meta>: every submission needs it. */
static void
ensure_instance_id (FpFormParser *p)
{
  xmlNode *root = xmlDocGetRootElement (p->def->primary);
  xmlNode *meta = fp_xml_child (root, NULL, "meta");

  if (!meta)
    {
      xmlNs *ns = xmlSearchNsByHref (p->def->primary, root, (const xmlChar *) FP_NS_OPENROSA);

      if (!ns || !ns->prefix)
        ns = xmlNewNs (root, (const xmlChar *) FP_NS_OPENROSA, (const xmlChar *) "orx");
      meta = xmlNewChild (root, ns, (const xmlChar *) "meta", NULL);
    }
  if (!fp_xml_child (meta, NULL, "instanceID"))
    xmlNewChild (meta, meta->ns, (const xmlChar *) "instanceID", NULL);
}

static void
find_meta (FpFormDef *def)
{
  const char *root = fp_form_def_field (def, 0)->path;
  g_autofree char *id = g_strconcat (root, "/meta/instanceID", NULL);
  g_autofree char *name = g_strconcat (root, "/meta/instanceName", NULL);

  def->instance_id = fp_form_def_find_field (def, id);
  def->instance_name = fp_form_def_find_field (def, name);
}

static gboolean
read_identity (FpFormParser *p,
               xmlNode      *root,
               GError      **error)
{
  FpFormDef *def = p->def;
  const char *inherited = root->ns && !root->ns->prefix ? (const char *) root->ns->href : NULL;

  if (inherited && strcmp (inherited, FP_NS_XFORMS) != 0 && strcmp (inherited, FP_NS_XHTML) != 0)
    def->namespace = g_strdup (inherited);
  def->id = fp_xml_dup_attribute (root, "", "id");
  if (!def->id || !*def->id)
    {
      g_free (def->id);
      def->id = g_strdup (def->namespace);
    }
  if (!def->id)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("The instance <%s> has no id: the form cannot be told from others"),
                   (const char *) root->name);
      return FALSE;
    }
  def->version = fp_xml_dup_attribute (root, "", "version");
  if (!def->version)
    def->version = fp_xml_dup_attribute (root, FP_NS_OPENROSA, "version");
  if (!def->version)
    def->version = g_strdup ("");

  return TRUE;
}

static void
read_secondary (FpFormParser *p,
                xmlNode      *instance)
{
  g_autofree char *id = fp_xml_dup_attribute (instance, "", "id");
  g_autofree char *src = fp_xml_dup_attribute (instance, "", "src");
  xmlNode *root = fp_xml_first (instance);

  if (!id)
    return;
  if (src)
    g_hash_table_insert (p->def->external, g_steal_pointer (&id), g_steal_pointer (&src));
  else if (root)
    g_hash_table_insert (p->def->instances, g_steal_pointer (&id), copy_instance (root));
}

/* An element that declares every prefix of the form's head. */
static void
collect_names (xmlNode *names,
               xmlNode *node,
               guint    depth)
{
  for (xmlNs *ns = node->nsDef; ns; ns = ns->next)
    if (ns->prefix)
      xmlNewNs (names, ns->href, ns->prefix);
  for (xmlNode *child = fp_xml_first (node); child && depth < 5; child = fp_xml_next (child))
    collect_names (names, child, depth + 1);
}

/**
 * fp_form_parse_instances:
 *
 * Reads the first <instance> as the form's own, the others as lists.
 */
gboolean
fp_form_parse_instances (FpFormParser *p,
                         GError      **error)
{
  FpFormDef *def = p->def;
  xmlNode *names;
  gboolean first = TRUE;

  g_ptr_array_set_free_func (def->fields, (GDestroyNotify) field_free);
  for (xmlNode *node = fp_xml_first (p->model); node; node = fp_xml_next (node))
    {
      xmlNode *root = fp_xml_first (node);

      if (!fp_xml_is (node, FP_NS_XFORMS, "instance"))
        continue;
      if (!first)
        read_secondary (p, node);
      else if (root)
        {
          if (!read_identity (p, root, error))
            return FALSE;
          def->primary = copy_instance (root);
        }
      first = FALSE;
    }
  if (!def->primary)
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_NOT_A_FORM,
                           _("The form's model has no instance"));
      return FALSE;
    }
  ensure_instance_id (p);
  add_fields (p, xmlDocGetRootElement (def->primary), FP_XPATH_ROOT);
  find_meta (def);

  def->names = xmlNewDoc ((const xmlChar *) "1.0");
  names = xmlNewNode (NULL, (const xmlChar *) "names");
  xmlDocSetRootElement (def->names, names);
  collect_names (names, xmlDocGetRootElement (p->doc), 0);

  return TRUE;
}
