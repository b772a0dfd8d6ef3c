#include "config.h"

#include "form/fp-form-model-private.h"

#include <glib/gi18n.h>
#include <string.h>

static void
append_attribute (GString    *out,
                  const char *prefix,
                  const char *name,
                  const char *value)
{
  g_string_append_printf (out, " %s%s%s=\"", prefix ? prefix : "", prefix && name ? ":" : "",
                          name ? name : "");
  fp_xml_append_escaped (out, value);
  g_string_append_c (out, '"');
}

static void
append_attributes (FpFormModel *self,
                   GString     *out,
                   int          field)
{
  xmlNode *element = fp_form_model_live (self, field)->element;

  if (field == 0 && self->def->namespace)
    append_attribute (out, NULL, "xmlns", self->def->namespace);
  for (xmlNs *ns = element->nsDef; ns; ns = ns->next)
    append_attribute (out, "xmlns", (const char *) ns->prefix, (const char *) ns->href);
  for (xmlAttr *attribute = element->properties; attribute; attribute = attribute->next)
    {
      xmlChar *value = xmlNodeListGetString (element->doc, attribute->children, 1);

      append_attribute (out, attribute->ns ? (const char *) attribute->ns->prefix : NULL,
                        (const char *) attribute->name, value ? (const char *) value : "");
      if (value)
        xmlFree (value);
    }
}

static void
append_element (FpFormModel *self,
                GString     *out,
                int          number,
                gboolean     submission)
{
  FpField *field = fp_form_def_field (self->def, number);
  FpLive *live = fp_form_model_live (self, number);

  if (submission && (!live->relevant || field->template))
    return;
  g_string_append_printf (out, "<%s", field->name);
  append_attributes (self, out, number);
  if (fp_live_is_leaf (live) && *live->value == '\0')
    {
      g_string_append (out, "/>");
      return;
    }
  g_string_append_c (out, '>');
  if (fp_live_is_leaf (live))
    fp_xml_append_escaped (out, live->value);
  for (int child = number + 1; child < field->end;
       child = fp_form_def_field (self->def, child)->end)
    append_element (self, out, child, submission);
  g_string_append_printf (out, "</%s>", field->name);
}

/**
 * fp_form_model_write_xml:
 * @submission: leaves out what is not relevant
 *
 * Source: ODK XForms, "Instance"; OpenRosa "Metadata schema".
 */
char *
fp_form_model_write_xml (FpFormModel *self,
                         gboolean     submission)
{
  GString *out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

  append_element (self, out, 0, submission);
  g_string_append_c (out, '\n');

  return g_string_free (out, FALSE);
}

GBytes *
fp_form_model_dup_instance (FpFormModel *self)
{
  char *text = fp_form_model_write_xml (self, FALSE);

  return g_bytes_new_take (text, strlen (text));
}

static gboolean
check_identity (FpFormModel *self,
                GError     **error)
{
  FpLive *live = fp_form_model_live (self, self->def->instance_id);

  if (live->relevant && *live->value)
    return TRUE;
  g_set_error_literal (
      error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
      _("The submission has no instanceID: a server could not tell it from others"));

  return FALSE;
}

/**
 * fp_form_model_freeze:
 * @media_type: (out) (transfer none) (optional): "text/xml" or "application/json"
 *
 * Returns: (transfer full): the submission, or %NULL with [error@FormError]
 */
GBytes *
fp_form_model_freeze (FpFormModel *self,
                      const char **media_type,
                      GError     **error)
{
  g_autofree char *text = NULL;
  gboolean json = self->def->serialization == FP_SERIALIZE_JSON;
  gsize length;

  if (!check_identity (self, error))
    return NULL;
  text = json ? fp_form_model_write_json (self) : fp_form_model_write_xml (self, TRUE);
  length = strlen (text);
  if (!json)
    {
      g_autoptr(xmlDoc) again = fp_xml_parse_text (text, (gssize) length, error);

      if (!again)
        {
          g_prefix_error (error, "%s", _("The submission cannot be read back: "));
          return NULL;
        }
    }
  if (media_type)
    *media_type = json ? "application/json" : "text/xml";

  return g_bytes_new_take (g_steal_pointer (&text), length);
}
