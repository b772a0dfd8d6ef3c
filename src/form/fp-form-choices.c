#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
read_item (FpFormParser *p,
           xmlNode      *node,
           FpItem       *item,
           GError      **error)
{
  xmlNode *value = fp_xml_child (node, NULL, "value");
  g_autofree char *text = value ? g_strstrip (fp_xml_dup_text (value)) : NULL;
  FpChoiceDef *choice;
  FpWords *label;

  /* Several answers are kept in one text, parted by spaces. */
  if (!text || !*text
      || (item->question == FP_QUESTION_SELECT_MULTIPLE && strpbrk (text, " \t\r\n")))
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("A choice has no value, or one with a space in it (line %ld)"),
                   xmlGetLineNo (node));
      return FALSE;
    }
  if (!fp_form_parse_words (p, fp_xml_child (node, NULL, "label"), item->field, &label, error))
    return FALSE;
  choice = g_new0 (FpChoiceDef, 1);
  choice->value = g_steal_pointer (&text);
  choice->label = label;
  g_ptr_array_add (item->choices, choice);

  return TRUE;
}

static FpXPath *
read_item_path (FpFormParser *p,
                xmlNode      *itemset,
                const char   *name,
                GError      **error)
{
  xmlNode *node = fp_xml_child (itemset, NULL, name);
  g_autofree char *ref = node ? fp_xml_dup_attribute (node, "", "ref") : NULL;

  if (!ref)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("An <itemset> has no %s (line %ld)"), name, xmlGetLineNo (itemset));
      return NULL;
    }

  return fp_form_parse_xpath (p, ref, FP_XPATH_NOWHERE, name, error);
}

static gboolean
read_itemset (FpFormParser *p,
              xmlNode      *node,
              FpItem       *item,
              GError      **error)
{
  g_autofree char *nodeset = fp_xml_dup_attribute (node, "", "nodeset");

  item->itemset = g_new0 (FpItemset, 1);
  if (!nodeset)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("An <itemset> has no nodeset (line %ld)"), xmlGetLineNo (node));
      return FALSE;
    }
  item->itemset->nodes = fp_form_parse_xpath (p, nodeset, item->field, _("list"), error);
  if (!item->itemset->nodes)
    return FALSE;
  item->itemset->value = read_item_path (p, node, "value", error);
  if (!item->itemset->value)
    return FALSE;
  item->itemset->label = read_item_path (p, node, "label", error);

  return item->itemset->label != NULL;
}

gboolean
fp_form_parse_choices (FpFormParser *p,
                       xmlNode      *node,
                       FpItem       *item,
                       GError      **error)
{
  item->choices = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_choice_def_free);
  for (xmlNode *child = fp_xml_first (node); child; child = fp_xml_next (child))
    {
      if (fp_xml_is (child, NULL, "item") && !read_item (p, child, item, error))
        return FALSE;
      if (fp_xml_is (child, NULL, "itemset") && !read_itemset (p, child, item, error))
        return FALSE;
    }
  if (item->choices->len == 0 && !item->itemset)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("A question to select from has no choices (line %ld)"), xmlGetLineNo (node));
      return FALSE;
    }

  return TRUE;
}
