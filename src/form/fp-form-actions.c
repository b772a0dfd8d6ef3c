#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
check_event (xmlNode *node,
             GError **error)
{
  g_autofree char *event = fp_xml_dup_attribute (node, "", "event");
  g_autofree char *ev_event
      = fp_xml_dup_attribute (node, "http://www.w3.org/2001/xml-events", "event");
  const char *name = event ? event : ev_event;

  if (g_strcmp0 (name, "odk-instance-first-load") == 0)
    return TRUE;
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
               _("A <setvalue> happens at “%s” (line %ld), which Fieldpost does not do yet"),
               name ? name : "", xmlGetLineNo (node));

  return FALSE;
}

static gboolean
read_setvalue (FpFormParser *p,
               xmlNode      *node,
               GError      **error)
{
  g_autofree char *ref = fp_xml_dup_attribute (node, "", "ref");
  g_autofree char *value = fp_xml_dup_attribute (node, "", "value");
  int field = ref ? fp_form_def_find_ref (p->def, 0, g_strstrip (ref)) : FP_XPATH_NOWHERE;
  FpXPath *xpath;
  FpAction *action;

  if (!check_event (node, error))
    return FALSE;
  if (field < 0 || fp_form_def_field (p->def, field)->foreign)
    {
      g_set_error (error, FP_FORM_ERROR,
                   field < 0 ? FP_FORM_ERROR_INVALID : FP_FORM_ERROR_UNSUPPORTED,
                   _("A <setvalue> is for %s, which it cannot set"), ref ? ref : "");
      return FALSE;
    }
  if (!value)
    {
      g_autofree char *text = fp_xml_dup_text (node);
      const char *quote = strchr (text, '\'') ? "\"" : "'";

      g_strdelimit (text, quote, ' ');
      value = g_strconcat (quote, text, quote, NULL);
    }
  xpath = fp_form_parse_xpath (p, *g_strstrip (value) ? value : "''", field, "setvalue", error);
  if (!xpath)
    return FALSE;
  action = g_new0 (FpAction, 1);
  action->field = field;
  action->value = xpath;
  g_ptr_array_add (p->def->actions, action);

  return TRUE;
}

static gboolean
read_below (FpFormParser *p,
            xmlNode      *parent,
            GError      **error)
{
  for (xmlNode *node = fp_xml_first (parent); node; node = fp_xml_next (node))
    {
      if (fp_xml_is (node, FP_NS_XFORMS, "setvalue"))
        {
          if (!read_setvalue (p, node, error))
            return FALSE;
        }
      else if (fp_xml_is (node, FP_NS_ODK, "setgeopoint")
               || fp_xml_is (node, FP_NS_ODK, "recordaudio"))
        {
          g_autofree char *note = g_strdup_printf (
              _("The form asks for <%s> (line %ld), which Fieldpost does not do yet."),
              (const char *) node->name, xmlGetLineNo (node));

          fp_form_def_add_note (p->def, note);
        }
      else if (!fp_xml_is (node, NULL, "instance") && !fp_xml_is (node, NULL, "itext")
               && !read_below (p, node, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * fp_form_parse_actions:
 *
 * Values that a new filling begins with, from the model or from inside a question. Source: ODK
 * XForms, "Actions".
 */
gboolean
fp_form_parse_actions (FpFormParser *p,
                       GError      **error)
{
  return read_below (p, p->model, error) && read_below (p, p->body, error);
}
