#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static FpDataType
data_type_of (const char *name)
{
  static const struct {
    const char *name;
    FpDataType  type;
  } types[] = {
    { "string", FP_DATA_TEXT },       { "int", FP_DATA_INTEGER },
    { "integer", FP_DATA_INTEGER },   { "decimal", FP_DATA_DECIMAL },
    { "boolean", FP_DATA_BOOLEAN },   { "date", FP_DATA_DATE },
  };

  for (guint i = 0; name && i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].name, name) == 0)
      return types[i].type;

  return name ? FP_DATA_OTHER : FP_DATA_TEXT;
}

static int
find_bound (FpFormParser *p,
            xmlNode      *bind,
            GError      **error)
{
  g_autofree char *nodeset = fp_xml_dup_attribute (bind, "", "nodeset");
  g_autofree char *ref = fp_xml_dup_attribute (bind, "", "ref");
  char *path = nodeset ? nodeset : ref;
  int field;

  if (!path)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("A <bind> has no nodeset (line %ld)"), xmlGetLineNo (bind));
      return FP_XPATH_NOWHERE;
    }
  g_strstrip (path);
  if (strchr (path, '@'))
    {
      g_set_error (
          error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
          _("The form computes the attribute %s (entities do), which Fieldpost does not do yet"),
          path);
      return FP_XPATH_NOWHERE;
    }
  field = fp_form_def_find_ref (p->def, 0, path);
  if (field < 0)
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                 _("A <bind> is for %s, which the form does not have"), path);

  return field;
}

static gboolean
read_type (FpFormParser *p,
           xmlNode      *bind,
           GError      **error)
{
  int number = find_bound (p, bind, error);
  FpField *field;
  g_autofree char *type = NULL;
  char *preload;

  if (number < 0)
    return FALSE;
  field = fp_form_def_field (p->def, number);
  type = fp_xml_dup_attribute (bind, "", "type");
  if (type)
    {
      const char *colon = strchr (type, ':');

      g_free (field->type_name);
      field->type_name = g_strdup (colon ? colon + 1 : type);
      field->type = data_type_of (field->type_name);
    }
  preload = fp_xml_dup_attribute (bind, FP_NS_JAVAROSA, "preload");
  if (preload)
    {
      g_free (field->preload);
      g_free (field->preload_params);
      field->preload = preload;
      field->preload_params = fp_xml_dup_attribute (bind, FP_NS_JAVAROSA, "preloadParams");
    }

  return TRUE;
}

/* What the expression gives when there is none. */
static gboolean
says_nothing (guint       logic,
              const char *source)
{
  g_autofree char *bare = g_strstrip (g_strdup (source));

  if (*bare == '\0')
    return TRUE;
  if (logic == FP_RULE_REQUIRED || logic == FP_RULE_READONLY)
    return strcmp (bare, "false()") == 0;
  if (logic == FP_RULE_RELEVANT || logic == FP_RULE_CONSTRAINT)
    return strcmp (bare, "true()") == 0;

  return FALSE;
}

static gboolean
read_logic (FpFormParser *p,
            xmlNode      *bind,
            int           number,
            GError      **error)
{
  static const char *const names[]
      = { "calculate", "relevant", "required", "readonly", "constraint" };
  FpField *field = fp_form_def_field (p->def, number);

  for (guint i = 0; i < FP_N_LOGIC; i++)
    {
      g_autofree char *source = fp_xml_dup_attribute (bind, "", names[i]);

      if (!source || says_nothing (i, source))
        continue;
      if (field->foreign)
        {
          g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
                       _("%s is part of a repeated group with logic in it, which Fieldpost does "
                          "not have yet"),
                       field->path);
          return FALSE;
        }
      g_clear_pointer (&field->logic[i], fp_xpath_free);
      field->logic[i] = fp_form_parse_xpath (p, source, number, names[i], error);
      if (!field->logic[i])
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_messages (FpFormParser *p,
               xmlNode      *bind,
               int           number,
               GError      **error)
{
  FpField *field = fp_form_def_field (p->def, number);
  g_autofree char *constraint = fp_xml_dup_attribute (bind, FP_NS_JAVAROSA, "constraintMsg");
  g_autofree char *required = fp_xml_dup_attribute (bind, FP_NS_JAVAROSA, "requiredMsg");

  if (constraint && !field->constraint_message
      && !fp_form_parse_message (p, constraint, number, &field->constraint_message, error))
    return FALSE;
  if (required && !field->required_message
      && !fp_form_parse_message (p, required, number, &field->required_message, error))
    return FALSE;

  return TRUE;
}

/* A repeat may have several instances in the form: all fields of that path. */
static void
mark_foreign (FpFormDef  *def,
              const char *path)
{
  gsize length = strlen (path);

  for (int i = 0; i < (int) def->fields->len; i++)
    {
      FpField *field = fp_form_def_field (def, i);

      if (strncmp (field->path, path, length) == 0
          && (field->path[length] == '/' || field->path[length] == '\0'))
        field->foreign = TRUE;
    }
}

/* What lies in a repeat is carried along untouched. */
static gboolean
mark_repeats (FpFormParser *p,
              xmlNode      *node,
              GError      **error)
{
  for (xmlNode *child = fp_xml_first (node); child; child = fp_xml_next (child))
    {
      g_autofree char *nodeset = NULL;
      int field;

      if (!fp_xml_is (child, FP_NS_XFORMS, "repeat"))
        {
          if (!mark_repeats (p, child, error))
            return FALSE;
          continue;
        }
      nodeset = fp_xml_dup_attribute (child, "", "nodeset");
      if (!nodeset)
        nodeset = fp_xml_dup_attribute (child, "", "ref");
      field = nodeset ? fp_form_def_find_ref (p->def, 0, g_strstrip (nodeset)) : FP_XPATH_NOWHERE;
      if (field < 0)
        {
          g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                       _("A <repeat> is for %s, which the form does not have"),
                       nodeset ? nodeset : "");
          return FALSE;
        }
      mark_foreign (p->def, fp_form_def_field (p->def, field)->path);
    }

  return TRUE;
}

/**
 * fp_form_parse_types:
 *
 * What the fields hold. Before any expression, because how one is rewritten depends on what it
 * refers to.
 */
gboolean
fp_form_parse_types (FpFormParser *p,
                     GError      **error)
{
  for (xmlNode *node = fp_xml_first (p->model); node; node = fp_xml_next (node))
    if (fp_xml_is (node, FP_NS_XFORMS, "bind") && !read_type (p, node, error))
      return FALSE;

  return mark_repeats (p, p->body, error);
}

/**
 * fp_form_parse_binds:
 *
 * The expressions and messages of the fields.
 */
gboolean
fp_form_parse_binds (FpFormParser *p,
                     GError      **error)
{
  for (xmlNode *node = fp_xml_first (p->model); node; node = fp_xml_next (node))
    {
      int field;

      if (!fp_xml_is (node, FP_NS_XFORMS, "bind"))
        continue;
      field = find_bound (p, node, error);
      if (field < 0 || !read_logic (p, node, field, error)
          || !read_messages (p, node, field, error))
        return FALSE;
    }

  return TRUE;
}
