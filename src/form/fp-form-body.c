#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean read_children (FpFormParser *p, xmlNode *parent, int above, GError **error);

static int
add_item (FpFormParser *p,
          FpNodeKind    kind,
          int           parent)
{
  FpItem *item = g_new0 (FpItem, 1);

  item->kind = kind;
  item->field = FP_XPATH_NOWHERE;
  item->parent = parent;
  g_ptr_array_add (p->def->items, item);
  item->end = (int) p->def->items->len;

  return item->end - 1;
}

/* The field of the nearest group above that has one: where relative refs start. */
static int
base_field (FpFormParser *p,
            int           item)
{
  for (; item >= 0; item = fp_form_def_item (p->def, item)->parent)
    if (fp_form_def_item (p->def, item)->field >= 0)
      return fp_form_def_item (p->def, item)->field;

  return 0;
}

/* @ref, @nodeset or the nodeset of the <bind> whose id @bind names. */
static char *
dup_ref (FpFormParser *p,
         xmlNode      *node)
{
  g_autofree char *ref = fp_xml_dup_attribute (node, "", "ref");
  g_autofree char *bind = fp_xml_dup_attribute (node, "", "bind");

  if (ref)
    return g_strdup (g_strstrip (ref));
  ref = fp_xml_dup_attribute (node, "", "nodeset");
  if (ref)
    return g_strdup (g_strstrip (ref));
  for (xmlNode *child = bind ? fp_xml_first (p->model) : NULL; child; child = fp_xml_next (child))
    {
      g_autofree char *id = fp_xml_dup_attribute (child, "", "id");

      if (fp_xml_is (child, FP_NS_XFORMS, "bind") && g_strcmp0 (id, bind) == 0)
        return fp_xml_dup_attribute (child, "", "nodeset");
    }

  return NULL;
}

static gboolean
read_field (FpFormParser *p,
            xmlNode      *node,
            int           number,
            gboolean      needed,
            GError      **error)
{
  FpItem *item = fp_form_def_item (p->def, number);
  g_autofree char *ref = dup_ref (p, node);

  if (!ref)
    {
      if (needed)
        g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID, _("A <%s> has no ref (line %ld)"),
                     (const char *) node->name, xmlGetLineNo (node));
      return !needed;
    }
  item->field = fp_form_def_find_ref (p->def, base_field (p, item->parent), ref);
  if (item->field < 0)
    item->field = fp_form_def_find_ref (p->def, 0, ref);
  if (item->field < 0)
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                 _("A <%s> is for %s, which the form does not have"), (const char *) node->name,
                 ref);

  return item->field >= 0;
}

static void
mark_unsupported (FpFormParser *p,
                  FpItem       *item,
                  const char   *what)
{
  g_autofree char *note G_GNUC_UNUSED = NULL;
  const char *path = fp_form_def_field (p->def, item->field)->path;

  item->question = FP_QUESTION_UNSUPPORTED;
  g_free (item->note);
  item->note = g_strdup_printf (_("%s cannot be answered here yet: %s. What it holds is kept."),
                                path, what);
  fp_form_def_add_note (p->def, item->note);
}

static gboolean
is_constant_true (const FpXPath *xpath)
{
  return xpath && strcmp (xpath->source, "true()") == 0;
}

static void
read_input (FpFormParser *p,
            xmlNode      *node,
            FpItem       *item)
{
  FpField *field = fp_form_def_field (p->def, item->field);
  g_autofree char *query = fp_xml_dup_attribute (node, "", "query");
  g_autofree char *what = NULL;

  item->question = FP_QUESTION_TEXT;
  if (query)
    mark_unsupported (p, item, _("its choices come from a file"));
  else if (is_constant_true (field->logic[FP_RULE_READONLY]) && !field->logic[FP_RULE_CALCULATE]
           && !field->preload && !field->has_default)
    item->question = FP_QUESTION_NOTE;
  else if (field->type == FP_DATA_INTEGER)
    item->question = FP_QUESTION_INTEGER;
  else if (field->type == FP_DATA_DECIMAL)
    item->question = FP_QUESTION_DECIMAL;
  else if (field->type == FP_DATA_DATE)
    item->question = FP_QUESTION_DATE;
  else if (field->type != FP_DATA_TEXT && strcmp (field->type_name, "barcode") != 0)
    {
      what = g_strdup_printf (_("it is of type %s"), field->type_name);
      mark_unsupported (p, item, what);
    }
}

static gboolean
read_select (FpFormParser *p,
             xmlNode      *node,
             FpItem       *item,
             gboolean      multiple,
             GError      **error)
{
  g_autoptr(GError) local = NULL;
  g_autofree char *appearance = fp_xml_dup_attribute (node, "", "appearance");

  item->question = multiple ? FP_QUESTION_SELECT_MULTIPLE : FP_QUESTION_SELECT_ONE;
  fp_form_def_field (p->def, item->field)->multiple |= multiple;
  if (appearance && strstr (appearance, "search("))
    {
      mark_unsupported (p, item, _("its choices come from a file"));
      return TRUE;
    }
  if (fp_form_parse_choices (p, node, item, &local))
    return TRUE;
  if (!g_error_matches (local, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* The rest of the form can be filled without this list. */
  g_clear_pointer (&item->choices, g_ptr_array_unref);
  g_clear_pointer (&item->itemset, fp_itemset_free);
  mark_unsupported (p, item, local->message);

  return TRUE;
}

static void
read_upload (FpFormParser *p,
             xmlNode      *node,
             FpItem       *item)
{
  item->media_type = fp_xml_dup_attribute (node, "", "mediatype");
  if (item->media_type && g_str_has_prefix (item->media_type, "image/"))
    item->question = FP_QUESTION_IMAGE;
  else
    {
      g_autofree char *what = g_strdup_printf (_("it asks for a file of type %s"),
                                               item->media_type ? item->media_type : "*/*");

      mark_unsupported (p, item, what);
    }
}

static gboolean
read_texts (FpFormParser *p,
            xmlNode      *node,
            int           number,
            GError      **error)
{
  FpItem *item = fp_form_def_item (p->def, number);
  int context = item->field >= 0 ? item->field : base_field (p, number);
  g_autofree char *appearance = fp_xml_dup_attribute (node, "", "appearance");

  item->appearance = g_strsplit_set (appearance ? g_strstrip (appearance) : "", " \t\r\n", -1);

  return fp_form_parse_words (p, fp_xml_child (node, FP_NS_XFORMS, "label"), context, &item->label,
                              error)
         && fp_form_parse_words (p, fp_xml_child (node, FP_NS_XFORMS, "hint"), context, &item->hint,
                                 error);
}

/* A question that cannot be answered but must be would make every submission wrong. */
static gboolean
check_required (FpFormParser *p,
                FpItem       *item,
                GError      **error)
{
  FpField *field = fp_form_def_field (p->def, item->field);

  if (item->question != FP_QUESTION_UNSUPPORTED || !field->logic[FP_RULE_REQUIRED])
    return TRUE;
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
               _("The form requires an answer that Fieldpost cannot take: %s"), item->note);

  return FALSE;
}

static gboolean
read_question (FpFormParser *p,
               xmlNode      *node,
               int           above,
               GError      **error)
{
  const char *name = (const char *) node->name;
  int number = add_item (p, FP_NODE_QUESTION, above);
  FpItem *item = fp_form_def_item (p->def, number);
  FpField *field;

  if (!read_field (p, node, number, TRUE, error) || !read_texts (p, node, number, error))
    return FALSE;
  field = fp_form_def_field (p->def, item->field);
  p->def->n_questions++;
  if (strcmp (name, "input") == 0)
    read_input (p, node, item);
  else if (strcmp (name, "upload") == 0)
    read_upload (p, node, item);
  else if (strcmp (name, "select") == 0 || strcmp (name, "select1") == 0)
    {
      if (!read_select (p, node, item, strcmp (name, "select") == 0, error))
        return FALSE;
    }
  else
    {
      g_autofree char *what = g_strdup_printf (_("it is a <%s>"), name);

      mark_unsupported (p, item, what);
    }
  field->only_note = (field->only_note || !field->shown) && item->question == FP_QUESTION_NOTE;
  field->shown = TRUE;

  return check_required (p, item, error);
}

static gboolean
read_repeat (FpFormParser *p,
             xmlNode      *node,
             int           above,
             GError      **error)
{
  int number = add_item (p, FP_NODE_QUESTION, above);
  FpItem *item = fp_form_def_item (p->def, number);

  if (!read_field (p, node, number, TRUE, error))
    return FALSE;
  item->appearance = g_new0 (char *, 1);
  fp_form_def_field (p->def, item->field)->shown = TRUE;
  p->def->n_questions++;
  mark_unsupported (p, item, _("it is a repeated group"));

  return TRUE;
}

static gboolean
read_group (FpFormParser *p,
            xmlNode      *node,
            int           above,
            GError      **error)
{
  int number = add_item (p, FP_NODE_GROUP, above);

  if (!read_field (p, node, number, FALSE, error) || !read_texts (p, node, number, error)
      || !read_children (p, node, number, error))
    return FALSE;
  fp_form_def_item (p->def, number)->end = (int) p->def->items->len;

  return TRUE;
}

static gboolean
read_control (FpFormParser *p,
              xmlNode      *node,
              int           above,
              GError      **error)
{
  static const char *const questions[] = { "input", "upload", "select", "select1", "trigger",
                                           "range", "rank",   "secret", "textarea" };
  const char *name = (const char *) node->name;
  g_autofree char *note = NULL;

  if (strcmp (name, "group") == 0)
    return read_group (p, node, above, error);
  if (strcmp (name, "repeat") == 0)
    return read_repeat (p, node, above, error);
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    if (strcmp (name, questions[i]) == 0)
      return read_question (p, node, above, error);
  if (strcmp (name, "label") == 0 || strcmp (name, "hint") == 0 || strcmp (name, "setvalue") == 0)
    return TRUE;

  note = g_strdup_printf (
      _("The form uses <%s> (line %ld), which Fieldpost does not have; it is passed over."), name,
      xmlGetLineNo (node));
  fp_form_def_add_note (p->def, note);

  return TRUE;
}

static gboolean
read_children (FpFormParser *p,
               xmlNode      *parent,
               int           above,
               GError      **error)
{
  for (xmlNode *child = fp_xml_first (parent); child; child = fp_xml_next (child))
    if (!read_control (p, child, above, error))
      return FALSE;

  return TRUE;
}

gboolean
fp_form_parse_body (FpFormParser *p,
                    GError      **error)
{
  int root = add_item (p, FP_NODE_ROOT, -1);

  fp_form_def_item (p->def, root)->field = 0;
  fp_form_def_item (p->def, root)->appearance = g_new0 (char *, 1);
  if (!read_children (p, p->body, root, error))
    return FALSE;
  fp_form_def_item (p->def, root)->end = (int) p->def->items->len;

  return TRUE;
}
