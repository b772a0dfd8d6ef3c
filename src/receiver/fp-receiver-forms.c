#include "receiver/fp-receiver-forms.h"

#include <string.h>

#include "receiver/fp-submission.h"
#include "xml/fp-xml.h"

void
fp_receiver_form_free (FpReceiverForm *form)
{
  g_free (form->form_id);
  g_free (form->version);
  g_free (form->title);
  g_free (form->md5);
  g_clear_pointer (&form->xml, g_bytes_unref);
  g_free (form);
}

static FpReceiverForm *
read_form (const char  *path,
           GError     **error)
{
  FpReceiverForm *form = g_new0 (FpReceiverForm, 1);
  char *text;
  gsize length;

  if (g_file_get_contents (path, &text, &length, error))
    {
      form->xml = g_bytes_new_take (text, length);
      form->md5 = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, form->xml);
      if (fp_submission_read_form (form->xml, &form->form_id, &form->version, &form->title, error))
        return form;
    }
  fp_receiver_form_free (form);

  return NULL;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static GPtrArray *
list_names (const char  *folder,
            GError     **error)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const char *name;

  if (!dir)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)))
    {
      if (g_str_has_suffix (name, ".xml") && *name != '.')
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);

  return names;
}

GPtrArray *
fp_receiver_forms_read (const char  *folder,
                        gboolean     report,
                        GError     **error)
{
  g_autoptr(GPtrArray) names = list_names (folder, error);
  GLogLevelFlags level = report ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_DEBUG;
  GPtrArray *forms;

  if (!names)
    return NULL;
  forms = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_receiver_form_free);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      g_autoptr(GError) lower = NULL;
      FpReceiverForm *form = read_form (path, &lower);

      if (!form)
        g_log (G_LOG_DOMAIN, level, "%s is not offered: %s", path, lower->message);
      else if (!fp_receiver_forms_find (forms, form->form_id))
        g_ptr_array_add (forms, form);
      else
        {
          g_log (G_LOG_DOMAIN, level, "%s is not offered: the id %s is taken", path, form->form_id);
          fp_receiver_form_free (form);
        }
    }

  return forms;
}

FpReceiverForm *
fp_receiver_forms_find (GPtrArray  *forms,
                        const char *form_id)
{
  for (guint i = 0; i < forms->len; i++)
    {
      FpReceiverForm *form = forms->pdata[i];

      if (strcmp (form->form_id, form_id) == 0)
        return form;
    }

  return NULL;
}

static void
append_element (GString    *out,
                const char *name,
                const char *text)
{
  g_string_append_printf (out, "    <%s>", name);
  fp_xml_append_escaped (out, text);
  g_string_append_printf (out, "</%s>\n", name);
}

char *
fp_receiver_forms_list (GPtrArray  *forms,
                        const char *base)
{
  g_autoptr(GString) out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                         "<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">\n");

  for (guint i = 0; i < forms->len; i++)
    {
      FpReceiverForm *form = forms->pdata[i];
      g_autofree char *hash = g_strconcat ("md5:", form->md5, NULL);
      g_autofree char *escaped = g_uri_escape_string (form->form_id, NULL, FALSE);
      g_autofree char *url = g_strdup_printf ("%s/forms/%s.xml", base, escaped);

      g_string_append (out, "  <xform>\n");
      append_element (out, "formID", form->form_id);
      append_element (out, "name", form->title);
      append_element (out, "version", form->version);
      append_element (out, "hash", hash);
      append_element (out, "downloadUrl", url);
      g_string_append (out, "  </xform>\n");
    }
  g_string_append (out, "</xforms>\n");

  return g_string_free (g_steal_pointer (&out), FALSE);
}
