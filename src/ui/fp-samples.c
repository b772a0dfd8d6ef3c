#include "ui/fp-samples.h"

#include "form/fp-form-def.h"
#include "ui/fp-ui.h"

/* Where fieldpost-receiver listens unless it is told otherwise. */
#define RECEIVER_ADDRESS "http://127.0.0.1:8180/"

static gint
compare_names (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/**
 * fp_samples_list:
 *
 * Returns: (transfer full): names of the sample forms
 */
char **
fp_samples_list (void)
{
  g_auto(GStrv) names = g_resources_enumerate_children (FP_UI_FORMS, 0, NULL);
  g_autoptr(GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; names && names[i]; i++)
    if (g_str_has_suffix (names[i], ".xml"))
      g_ptr_array_add (list, g_strdup (names[i]));
  g_ptr_array_sort (list, compare_names);
  g_ptr_array_add (list, NULL);

  return (char **) g_ptr_array_steal (list, NULL);
}

GBytes *
fp_sample_dup_xml (const char *name)
{
  g_autofree char *path = g_build_path ("/", FP_UI_FORMS, name, NULL);

  return g_resources_lookup_data (path, 0, NULL);
}

char *
fp_sample_dup_title (const char *name)
{
  g_autoptr(GBytes) xml = fp_sample_dup_xml (name);
  g_autoptr(FpFormDef) def = xml ? fp_form_def_parse (xml, NULL) : NULL;

  return def ? g_strdup (fp_form_def_get_title (def)) : NULL;
}

/**
 * fp_sample_dup_address:
 *
 * Returns: (transfer full): the address to add the sample with: a receiver on this computer
 */
char *
fp_sample_dup_address (const char *name)
{
  g_autoptr(GBytes) xml = fp_sample_dup_xml (name);
  g_autoptr(FpFormDef) def = xml ? fp_form_def_parse (xml, NULL) : NULL;
  const char *own = def ? fp_form_def_get_submit_url (def) : NULL;

  return g_strconcat (RECEIVER_ADDRESS, own ? own : "submission", NULL);
}
