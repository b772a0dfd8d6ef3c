#include "form/fp-form-def.h"

#include <string.h>

#include "form/fp-form-private.h"

G_DEFINE_QUARK (fp-form-error-quark, fp_form_error)
G_DEFINE_BOXED_TYPE (FpFormDef, fp_form_def, fp_form_def_ref, fp_form_def_unref)

FpFormDef *
fp_form_def_ref (FpFormDef *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
fp_form_def_unref (FpFormDef *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; self->readers && i < self->fields->len; i++)
    g_clear_pointer (&self->readers[i], g_array_unref);
  g_free (self->readers);
  g_ptr_array_unref (self->rules);
  g_ptr_array_unref (self->actions);
  g_ptr_array_unref (self->items);
  g_hash_table_unref (self->by_path);
  g_hash_table_unref (self->by_local);
  g_ptr_array_unref (self->fields);
  g_hash_table_unref (self->itext);
  g_hash_table_unref (self->external);
  g_hash_table_unref (self->instances);
  g_clear_pointer (&self->primary, xmlFreeDoc);
  g_clear_pointer (&self->names, xmlFreeDoc);
  g_ptr_array_unref (self->notes);
  g_ptr_array_unref (self->languages);
  g_free (self->namespace);
  g_free (self->submit_method);
  g_free (self->submit_url);
  g_free (self->md5);
  g_free (self->title);
  g_free (self->version);
  g_free (self->id);
  g_free (self);
}

const char *
fp_form_def_get_id (FpFormDef *self)
{
  return self->id;
}

const char *
fp_form_def_get_version (FpFormDef *self)
{
  return self->version;
}

const char *
fp_form_def_get_title (FpFormDef *self)
{
  return self->title;
}

const char *
fp_form_def_get_md5 (FpFormDef *self)
{
  return self->md5;
}

const char *const *
fp_form_def_get_languages (FpFormDef *self)
{
  return (const char *const *) self->languages->pdata;
}

/**
 * fp_form_def_get_default_language:
 *
 * Returns: (nullable): %NULL where the form has no translations
 */
const char *
fp_form_def_get_default_language (FpFormDef *self)
{
  return g_ptr_array_index (self->languages, self->default_language);
}

const char *
fp_form_def_get_submit_url (FpFormDef *self)
{
  return self->submit_url;
}

const char *
fp_form_def_get_submit_method (FpFormDef *self)
{
  return self->submit_method;
}

FpSerialization
fp_form_def_get_serialization (FpFormDef *self)
{
  return self->serialization;
}

const char *const *
fp_form_def_get_notes (FpFormDef *self)
{
  return (const char *const *) self->notes->pdata;
}

guint
fp_form_def_get_n_questions (FpFormDef *self)
{
  return self->n_questions;
}

int
fp_form_def_find_field (FpFormDef  *self,
                        const char *path)
{
  gpointer number = g_hash_table_lookup (self->by_path, path);
  g_autofree char *local = NULL;

  if (!number)
    {
      local = fp_form_dup_local_path (path);
      number = g_hash_table_lookup (self->by_local, local);
    }

  return number ? GPOINTER_TO_INT (number) - 1 : FP_XPATH_NOWHERE;
}

int
fp_form_def_find_ref (FpFormDef  *self,
                      int         base,
                      const char *ref)
{
  g_autofree char *path = NULL;

  if (*ref == '/')
    return fp_form_def_find_field (self, ref);
  path = g_strdup_printf ("%s/%s", fp_form_def_field (self, base)->path, ref);

  return fp_form_def_find_field (self, path);
}

/* "/data/orx:meta/orx:instanceID" -> "/data/meta/instanceID" */
char *
fp_form_dup_local_path (const char *path)
{
  g_auto(GStrv) steps = g_strsplit (path, "/", -1);

  for (char **step = steps; *step; step++)
    {
      const char *colon = strchr (*step, ':');

      if (colon)
        memmove (*step, colon + 1, strlen (colon));
    }

  return g_strjoinv ("/", steps);
}

/* The default one for a language that the form does not have. */
guint
fp_form_def_find_language (FpFormDef  *self,
                           const char *language)
{
  for (guint i = 0; language && i + 1 < self->languages->len; i++)
    if (strcmp (g_ptr_array_index (self->languages, i), language) == 0)
      return i;

  return self->default_language;
}

/* Each sentence once, and the array stays NULL-terminated. */
void
fp_form_def_add_note (FpFormDef  *self,
                      const char *note)
{
  guint end = self->notes->len - 1;

  for (guint i = 0; i < end; i++)
    if (strcmp (g_ptr_array_index (self->notes, i), note) == 0)
      return;
  g_ptr_array_insert (self->notes, end, g_strdup (note));
}
