#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "form/fp-xpath-eval.h"

/* Far above a form in which every question refers to hundreds of others. */
#define MAX_WORK 20000000

static void
item_free (FpItem *item)
{
  fp_words_free (item->label);
  fp_words_free (item->hint);
  g_strfreev (item->appearance);
  g_free (item->media_type);
  g_free (item->note);
  g_clear_pointer (&item->choices, g_ptr_array_unref);
  g_clear_pointer (&item->itemset, fp_itemset_free);
  g_free (item);
}

static void
action_free (FpAction *action)
{
  fp_xpath_free (action->value);
  g_free (action);
}

static void
rule_free (FpRule *rule)
{
  g_array_unref (rule->reads);
  g_free (rule);
}

static FpFormDef *
def_new (void)
{
  FpFormDef *self = g_new0 (FpFormDef, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->languages = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->languages, NULL);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->notes, NULL);
  self->instances
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) xmlFreeDoc);
  self->external = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->itext
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) fp_words_free);
  self->fields = g_ptr_array_new ();
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_local = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  self->actions = g_ptr_array_new_with_free_func ((GDestroyNotify) action_free);
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rule_free);

  return self;
}

static int
scope_child (gpointer    data,
             int         field,
             const char *name)
{
  FpFormDef *def = data;
  g_autofree char *path = NULL;

  path = g_strdup_printf ("%s/%s", field < 0 ? "" : fp_form_def_field (def, field)->path, name);

  return fp_form_def_find_field (def, path);
}

static int
scope_parent (gpointer data,
              int      field)
{
  return fp_form_def_field (data, field)->parent;
}

static int
scope_end (gpointer data,
           int      field)
{
  return fp_form_def_field (data, field)->end;
}

static gboolean
scope_is_number (gpointer data,
                 int      field)
{
  FpDataType type = fp_form_def_field (data, field)->type;

  return type == FP_DATA_INTEGER || type == FP_DATA_DECIMAL;
}

static gboolean
scope_check_instance (gpointer    data,
                      const char *id,
                      GError    **error)
{
  FpFormDef *def = data;

  if (g_hash_table_contains (def->instances, id))
    return TRUE;
  if (g_hash_table_contains (def->external, id))
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
                 _("the list “%s” comes from a file (%s), which Fieldpost does not read yet"), id,
                 (const char *) g_hash_table_lookup (def->external, id));
  else
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                 _("there is no instance “%s” in the form"), id);

  return FALSE;
}

/**
 * fp_form_parse_xpath:
 * @field: context, or %FP_XPATH_NOWHERE for an expression on items of a list
 * @what: name of the attribute or element, for the message
 *
 * Returns: (transfer full): or %NULL with @error naming the field
 */
FpXPath *
fp_form_parse_xpath (FpFormParser *p,
                     const char   *source,
                     int           field,
                     const char   *what,
                     GError      **error)
{
  const char *path = field < 0 ? _("a list") : fp_form_def_field (p->def, field)->path;
  g_autoptr(FpXPath) xpath = fp_xpath_parse (source, &p->scope, field, field, error);

  for (guint i = 0; xpath && i < xpath->reads->len; i++)
    {
      FpField *read = fp_form_def_field (p->def, g_array_index (xpath->reads, int, i));

      if (!read->foreign)
        continue;
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
                   _("it refers to %s in a repeated group, which Fieldpost does not have yet"),
                   read->path);
      g_clear_pointer (&xpath, fp_xpath_free);
    }
  if (!xpath)
    {
      g_prefix_error (error, _("%s of %s: "), what, path);
      return NULL;
    }

  return g_steal_pointer (&xpath);
}

static void
read_method (FpFormDef *def,
             xmlNode   *submission)
{
  g_autofree char *method = fp_xml_dup_attribute (submission, "", "method");

  /* XForms has names of its own for the ways to POST. */
  if (!method || g_ascii_strcasecmp (method, "post") == 0 || strchr (method, '-'))
    return;
  g_free (def->submit_method);
  def->submit_method = g_ascii_strup (method, -1);
}

static gboolean
read_submission (FpFormParser *p,
                 GError      **error)
{
  FpFormDef *def = p->def;
  xmlNode *submission = fp_xml_child (p->model, FP_NS_XFORMS, "submission");
  g_autofree char *key = NULL;
  g_autofree char *serialization = NULL;

  def->submit_method = g_strdup ("POST");
  if (!submission)
    return TRUE;

  key = fp_xml_dup_attribute (submission, "", "base64RsaPublicKey");
  if (key && *g_strstrip (key))
    {
      g_set_error_literal (
          error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
          _("The form asks for encrypted submissions, which Fieldpost does not make yet"));
      return FALSE;
    }
  def->submit_url = fp_xml_dup_attribute (submission, "", "resource");
  if (!def->submit_url)
    def->submit_url = fp_xml_dup_attribute (submission, "", "action");
  if (def->submit_url && !*g_strstrip (def->submit_url))
    g_clear_pointer (&def->submit_url, g_free);
  read_method (def, submission);

  serialization = fp_xml_dup_attribute (submission, "", "serialization");
  if (!serialization || strcmp (serialization, "application/xml") == 0)
    return TRUE;
  if (strcmp (serialization, "application/json") != 0)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
                   _("The form asks for submissions as “%s”, which Fieldpost does not make yet"),
                   serialization);
      return FALSE;
    }
  def->serialization = FP_SERIALIZE_JSON;

  return TRUE;
}

static gboolean
find_parts (FpFormParser *p,
            GError      **error)
{
  xmlNode *root = xmlDocGetRootElement (p->doc);
  xmlNode *head = fp_xml_child (root, NULL, "head");
  xmlNode *title = head ? fp_xml_child (head, NULL, "title") : NULL;

  p->model = head ? fp_xml_child (head, FP_NS_XFORMS, "model") : NULL;
  p->body = fp_xml_child (root, NULL, "body");
  if (!p->model || !p->body)
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_NOT_A_FORM,
                           _("It is not an XForm: there is no <model> in a <head>, or no <body>"));
      return FALSE;
    }
  p->def->title = title ? g_strstrip (fp_xml_dup_text (title)) : NULL;

  return TRUE;
}

static gboolean
read_form (FpFormParser *p,
           GError      **error)
{
  if (!find_parts (p, error) || !fp_form_parse_instances (p, error) || !read_submission (p, error)
      || !fp_form_parse_types (p, error) || !fp_form_parse_itext (p, error)
      || !fp_form_parse_binds (p, error) || !fp_form_parse_body (p, error)
      || !fp_form_parse_actions (p, error) || !fp_form_build_graph (p->def, error))
    return FALSE;
  if (!p->def->title || !*p->def->title)
    {
      g_free (p->def->title);
      p->def->title = g_strdup (p->def->id);
    }

  return TRUE;
}

/**
 * fp_form_def_parse:
 * @xml: an ODK XForm, at most 16 MiB
 *
 * Reads and checks a form. Any thread. Source: ODK XForms specification.
 *
 * Returns: (transfer full): or %NULL with [error@FormError], a sentence that names the place
 */
FpFormDef *
fp_form_def_parse (GBytes  *xml,
                   GError **error)
{
  g_autoptr(FpFormDef) def = def_new ();
  g_autoptr(xmlDoc) doc = NULL;
  g_autoptr(GHashTable) itext_nodes = NULL;
  g_autoptr(GError) local = NULL;
  FpFormParser p = { .def = def, .work = MAX_WORK };

  doc = fp_xml_parse (xml, &local);
  if (!doc)
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_XML, local->message);
      return NULL;
    }
  def->md5 = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, xml);
  itext_nodes
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  p.doc = doc;
  p.itext_nodes = itext_nodes;
  p.scope = (FpXPathScope){ scope_child,          scope_parent, scope_end, scope_is_number,
                            scope_check_instance, def,          &p.work };
  if (!read_form (&p, error))
    return NULL;

  return g_steal_pointer (&def);
}
