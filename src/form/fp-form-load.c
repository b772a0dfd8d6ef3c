#include "config.h"

#include "form/fp-form-model-private.h"

#include <glib/gi18n.h>
#include <string.h>

static char *
dup_name (xmlNode *element)
{
  if (element->ns && element->ns->prefix)
    return g_strdup_printf ("%s:%s", (const char *) element->ns->prefix,
                            (const char *) element->name);

  return g_strdup ((const char *) element->name);
}

static gboolean
check_root (FpFormModel *self,
            xmlNode     *root,
            GError     **error)
{
  g_autofree char *name = dup_name (root);
  g_autofree char *id = fp_xml_dup_attribute (root, "", "id");
  xmlNode *own = xmlDocGetRootElement (self->doc);
  g_autofree char *own_id = fp_xml_dup_attribute (own, "", "id");

  if (strcmp (name, fp_form_def_field (self->def, 0)->name) == 0 && g_strcmp0 (id, own_id) == 0)
    return TRUE;
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE,
               _("The answers are of the form “%s”, not of “%s”"), id ? id : name, self->def->id);

  return FALSE;
}

/* The field below @parent that @element is for. Several of one name follow each other in order. */
static int
match_child (FpFormModel *self,
             int          parent,
             const char  *name,
             guint8      *seen)
{
  int end = fp_form_def_field (self->def, parent)->end;

  for (int i = parent + 1; i < end; i = fp_form_def_field (self->def, i)->end)
    if (!seen[i] && strcmp (fp_form_def_field (self->def, i)->name, name) == 0)
      return i;

  return FP_XPATH_NOWHERE;
}

/* What Fieldpost itself wrote into an edited submission; the form need not have it. */
static gboolean
is_deprecated (FpFormModel *self,
               int          field,
               const char  *name)
{
  const char *colon = strchr (name, ':');

  return field == fp_form_def_field (self->def, self->def->instance_id)->parent
         && strcmp (colon ? colon + 1 : name, "deprecatedID") == 0;
}

static gboolean
read_element (FpFormModel *self,
              xmlNode     *element,
              int          field,
              guint8      *seen,
              GError     **error)
{
  FpLive *live = fp_form_model_live (self, field);
  int expected = field + 1;

  seen[field] = TRUE;
  for (xmlNode *child = fp_xml_first (element); child; child = fp_xml_next (child))
    {
      g_autofree char *name = dup_name (child);
      int match = expected;

      /* A stored instance has the order of the form; looking for each child would be quadratic. */
      if (expected >= fp_form_def_field (self->def, field)->end
          || strcmp (fp_form_def_field (self->def, expected)->name, name) != 0)
        match = match_child (self, field, name, seen);
      if (match < 0 && is_deprecated (self, field, name))
        continue;
      if (match < 0 || seen[match])
        {
          g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE,
                       _("The answers have %s/%s, which this version of the form does not have"),
                       fp_form_def_field (self->def, field)->path, name);
          return FALSE;
        }
      expected = fp_form_def_field (self->def, match)->end;
      if (!read_element (self, child, match, seen, error))
        return FALSE;
    }
  if (fp_live_is_leaf (live))
    {
      g_autofree char *text = fp_xml_dup_text (element);

      fp_form_model_put (self, field, text);
    }

  return TRUE;
}

gboolean
fp_form_model_read (FpFormModel *self,
                    xmlNode     *root,
                    GError     **error)
{
  g_autofree guint8 *seen = g_new0 (guint8, self->def->fields->len);

  if (!check_root (self, root, error) || !read_element (self, root, 0, seen, error))
    return FALSE;
  if (*fp_form_model_get_instance_id (self) == '\0')
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE,
                           _("The answers have no instanceID"));
      return FALSE;
    }

  return TRUE;
}
