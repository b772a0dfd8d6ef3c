#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

static void
text_part_free (FpTextPart *part)
{
  g_free (part->literal);
  g_clear_pointer (&part->output, fp_xpath_free);
  g_free (part);
}

static FpText *
text_new (void)
{
  FpText *self = g_new0 (FpText, 1);

  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) text_part_free);

  return self;
}

static void
text_free (FpText *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->parts);
  g_free (self);
}

static FpWords *
words_new (void)
{
  FpWords *self = g_new0 (FpWords, 1);

  self->texts = g_ptr_array_new_with_free_func ((GDestroyNotify) text_free);
  self->images = g_ptr_array_new_with_free_func (g_free);

  return self;
}

void
fp_words_free (FpWords *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->texts);
  g_ptr_array_unref (self->images);
  g_free (self);
}

void
fp_choice_def_free (FpChoiceDef *self)
{
  g_free (self->value);
  fp_words_free (self->label);
  g_free (self);
}

void
fp_itemset_free (FpItemset *self)
{
  g_clear_pointer (&self->nodes, fp_xpath_free);
  g_clear_pointer (&self->value, fp_xpath_free);
  g_clear_pointer (&self->label, fp_xpath_free);
  g_free (self);
}

void
fp_choice_free (FpChoice *self)
{
  g_free (self->value);
  g_free (self->label);
  g_free (self->image);
  g_free (self);
}

static void
add_literal (FpText     *text,
             const char *literal)
{
  FpTextPart *last
      = text->parts->len ? g_ptr_array_index (text->parts, text->parts->len - 1) : NULL;
  FpTextPart *part;

  if (last && last->literal)
    {
      char *both = g_strconcat (last->literal, literal, NULL);

      g_free (last->literal);
      last->literal = both;
      return;
    }
  part = g_new0 (FpTextPart, 1);
  part->literal = g_strdup (literal);
  g_ptr_array_add (text->parts, part);
}

static gboolean
add_output (FpFormParser *p,
            FpText       *text,
            xmlNode      *node,
            int           field,
            GError      **error)
{
  g_autofree char *value = fp_xml_dup_attribute (node, "", "value");
  g_autofree char *ref = fp_xml_dup_attribute (node, "", "ref");
  g_autoptr(FpXPath) xpath = NULL;
  FpTextPart *part;

  if (!value && !ref)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("An <output> has no value (line %ld)"), xmlGetLineNo (node));
      return FALSE;
    }
  xpath = fp_form_parse_xpath (p, value ? value : ref, field, _("text"), error);
  if (!xpath)
    return FALSE;
  part = g_new0 (FpTextPart, 1);
  part->output = g_steal_pointer (&xpath);
  g_ptr_array_add (text->parts, part);

  return TRUE;
}

static gboolean
add_children (FpFormParser *p,
              FpText       *text,
              xmlNode      *parent,
              int           field,
              GError      **error)
{
  for (xmlNode *child = parent->children; child; child = child->next)
    if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
      add_literal (text, (const char *) child->content);
    else if (fp_xml_is (child, NULL, "output"))
      {
        if (!add_output (p, text, child, field, error))
          return FALSE;
      }
    else if (child->type == XML_ELEMENT_NODE)
      {
        /* Markup in a label: its words count. */
        if (!add_children (p, text, child, field, error))
          return FALSE;
      }

  return TRUE;
}

static FpText *
read_text (FpFormParser *p,
           xmlNode      *node,
           int           field,
           GError      **error)
{
  FpText *text = text_new ();

  if (!add_children (p, text, node, field, error))
    {
      text_free (text);
      return NULL;
    }
  /* The layout of the file is not part of the text. */
  if (text->parts->len > 0)
    {
      FpTextPart *first = g_ptr_array_index (text->parts, 0);
      FpTextPart *last = g_ptr_array_index (text->parts, text->parts->len - 1);

      if (first->literal)
        g_strchug (first->literal);
      if (last->literal)
        g_strchomp (last->literal);
    }

  return text;
}

static FpText *
literal_text (const char *literal)
{
  FpText *text = text_new ();

  add_literal (text, literal);

  return text;
}

/* The <value> of a <text> to show: the plain one, or the long or short form where there is no plain
 * one. */
static xmlNode *
plain_value (xmlNode *text)
{
  xmlNode *found = NULL;

  for (xmlNode *value = fp_xml_first (text); value; value = fp_xml_next (value))
    {
      g_autofree char *form = fp_xml_dup_attribute (value, "", "form");

      if (!form)
        return value;
      if (!found && (strcmp (form, "long") == 0 || strcmp (form, "short") == 0))
        found = value;
    }

  return found;
}

static char *
dup_image (xmlNode *text)
{
  for (xmlNode *value = fp_xml_first (text); value; value = fp_xml_next (value))
    {
      g_autofree char *form = fp_xml_dup_attribute (value, "", "form");

      if (g_strcmp0 (form, "image") == 0)
        return g_strstrip (fp_xml_dup_text (value));
    }

  return NULL;
}

static gboolean
read_itext (FpFormParser *p,
            GPtrArray    *nodes,
            int           field,
            FpWords     **out,
            GError      **error)
{
  FpWords *words = words_new ();

  for (guint i = 0; i < nodes->len; i++)
    {
      xmlNode *text = g_ptr_array_index (nodes, i);
      xmlNode *value = text ? plain_value (text) : NULL;
      FpText *read = NULL;

      if (value && !(read = read_text (p, value, field, error)))
        {
          fp_words_free (words);
          return FALSE;
        }
      g_ptr_array_add (words->texts, read);
      g_ptr_array_add (words->images, text ? dup_image (text) : NULL);
    }
  *out = words;

  return TRUE;
}

/* The id in "jr:itext('id')", or NULL. */
static char *
dup_itext_id (const char *text)
{
  g_autofree char *copy = g_strstrip (g_strdup (text));
  gsize length = strlen (copy);
  const char *start;

  if (!g_str_has_prefix (copy, "jr:itext(") || copy[length - 1] != ')')
    return NULL;
  copy[length - 1] = '\0';
  start = g_strstrip (copy + strlen ("jr:itext("));
  length = strlen (start);
  if (length < 2 || !strchr ("'\"", start[0]) || start[length - 1] != start[0]
      || strchr (start + 1, start[0]) != start + length - 1)
    return NULL;

  return g_strndup (start + 1, length - 2);
}

static gboolean
read_itext_id (FpFormParser *p,
               const char   *id,
               int           field,
               FpWords     **out,
               GError      **error)
{
  GPtrArray *nodes = g_hash_table_lookup (p->itext_nodes, id);

  if (!nodes)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("The text “%s” is not among the form's translations"), id);
      return FALSE;
    }

  return read_itext (p, nodes, field, out, error);
}

gboolean
fp_form_parse_words (FpFormParser *p,
                     xmlNode      *node,
                     int           field,
                     FpWords     **out,
                     GError      **error)
{
  g_autofree char *ref = NULL;
  g_autofree char *id = NULL;
  FpText *text;

  *out = NULL;
  if (!node)
    return TRUE;
  ref = fp_xml_dup_attribute (node, "", "ref");
  id = ref ? dup_itext_id (ref) : NULL;
  if (id)
    return read_itext_id (p, id, field, out, error);

  if (ref)
    {
      text = text_new ();
      if (!add_output (p, text, node, field, error))
        g_clear_pointer (&text, text_free);
    }
  else
    text = read_text (p, node, field, error);
  if (!text)
    return FALSE;
  *out = words_new ();
  g_ptr_array_add ((*out)->texts, text);

  return TRUE;
}

gboolean
fp_form_parse_message (FpFormParser *p,
                       const char   *text,
                       int           field,
                       FpWords     **out,
                       GError      **error)
{
  g_autofree char *id = dup_itext_id (text);

  if (id)
    return read_itext_id (p, id, field, out, error);
  *out = words_new ();
  g_ptr_array_add ((*out)->texts, literal_text (text));

  return TRUE;
}

static void
collect_translation (FpFormParser *p,
                     xmlNode      *translation,
                     guint         language)
{
  for (xmlNode *text = fp_xml_first (translation); text; text = fp_xml_next (text))
    {
      g_autofree char *id = fp_xml_dup_attribute (text, "", "id");
      GPtrArray *nodes;

      if (!id || !fp_xml_is (text, NULL, "text"))
        continue;
      nodes = g_hash_table_lookup (p->itext_nodes, id);
      if (!nodes)
        {
          nodes = g_ptr_array_new ();
          g_ptr_array_set_size (nodes, (gint) p->def->languages->len - 1);
          g_hash_table_insert (p->itext_nodes, g_strdup (id), nodes);
        }
      nodes->pdata[language] = text;
    }
}

/* All languages first: each text has a place for every one of them. */
static xmlNode *
read_languages (FpFormParser *p)
{
  xmlNode *itext = fp_xml_child (p->model, FP_NS_XFORMS, "itext");
  GPtrArray *languages = p->def->languages;

  for (xmlNode *node = itext ? fp_xml_first (itext) : NULL; node; node = fp_xml_next (node))
    {
      g_autofree char *is_default = fp_xml_dup_attribute (node, "", "default");
      char *language = fp_xml_dup_attribute (node, "", "lang");

      if (is_default && strcmp (is_default, "false()") != 0)
        p->def->default_language = languages->len - 1;
      g_ptr_array_insert (languages, (gint) languages->len - 1,
                          language ? language : g_strdup (""));
    }

  return itext;
}

/**
 * fp_form_parse_itext:
 *
 * Collects the translations, and reads each once without a context, for labels whose id is
 * computed.
 */
gboolean
fp_form_parse_itext (FpFormParser *p,
                     GError      **error)
{
  xmlNode *itext = read_languages (p);
  guint language = 0;
  GHashTableIter iter;
  gpointer id, nodes;

  for (xmlNode *node = itext ? fp_xml_first (itext) : NULL; node; node = fp_xml_next (node))
    collect_translation (p, node, language++);

  g_hash_table_iter_init (&iter, p->itext_nodes);
  while (g_hash_table_iter_next (&iter, &id, &nodes))
    {
      FpWords *words;

      if (!read_itext (p, nodes, FP_XPATH_NOWHERE, &words, error))
        return FALSE;
      g_hash_table_insert (p->def->itext, g_strdup (id), words);
    }

  return TRUE;
}
