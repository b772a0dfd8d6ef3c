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

/* "orx:deprecatedID" beside "orx:instanceID". */
static char *
dup_deprecated_name (FpFormModel *self)
{
  const char *name = fp_form_def_field (self->def, self->def->instance_id)->name;
  const char *colon = strchr (name, ':');

  return g_strdup_printf ("%.*sdeprecatedID", colon ? (int) (colon - name + 1) : 0, name);
}

/* TRUE for the form's own deprecatedID: what is written after the instanceID takes its place. */
static gboolean
is_deprecated (FpFormModel *self,
               int          number)
{
  FpField *field = fp_form_def_field (self->def, number);

  return self->deprecated_id && field->parent == fp_form_def_field (self->def, self->def->instance_id)->parent
         && g_str_has_suffix (field->name, "deprecatedID");
}

static void
append_deprecated (FpFormModel *self,
                   GString     *out)
{
  g_autofree char *name = dup_deprecated_name (self);

  g_string_append_printf (out, "<%s>", name);
  fp_xml_append_escaped (out, self->deprecated_id);
  g_string_append_printf (out, "</%s>", name);
}

static void
append_element (FpFormModel *self,
                GString     *out,
                int          number,
                gboolean     submission)
{
  FpField *field = fp_form_def_field (self->def, number);
  FpLive *live = fp_form_model_live (self, number);

  if (submission && (!live->relevant || field->template || is_deprecated (self, number)))
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
  if (submission && self->deprecated_id && number == self->def->instance_id)
    append_deprecated (self, out);
}

/* A submission leaves out what is not relevant. Source: ODK XForms, "Instance"; OpenRosa "Metadata schema". */
static char *
write_xml (FpFormModel *self,
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
  char *text = write_xml (self, FALSE);

  return g_bytes_new_take (text, strlen (text));
}

/**
 * fp_form_model_renew:
 * @uid: UUID
 *
 * Makes the answers those of another submission: its instanceID becomes "uuid:UID". What was submitted is opened
 * again under an identity of its own.
 */
void
fp_form_model_renew (FpFormModel *self,
                     const char  *uid)
{
  g_autofree char *instance_id = g_strconcat ("uuid:", uid, NULL);

  fp_form_model_put (self, self->def->instance_id, instance_id);
}

/**
 * fp_form_model_set_deprecated_id:
 * @instance_id: (nullable): of the submission that this one replaces at the server; %NULL = it replaces none
 *
 * From now on [method@FormModel.freeze] names it. Source: ODK XForms, "Bindings", deprecatedID.
 */
void
fp_form_model_set_deprecated_id (FpFormModel *self,
                                 const char  *instance_id)
{
  g_free (self->deprecated_id);
  self->deprecated_id = g_strdup (instance_id);
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
  text = json ? fp_form_model_write_json (self) : write_xml (self, TRUE);
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
