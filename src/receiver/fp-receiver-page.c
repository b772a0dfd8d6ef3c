#include "config.h"

#include "receiver/fp-receiver-page.h"

#include <glib/gi18n.h>

#include "base/fp-json.h"
#include "receiver/fp-receiver-forms.h"
#include "xml/fp-xml.h"

#define STYLE                                                                                       \
  "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"        \
  "code{background:#8882;padding:.1em .3em;border-radius:4px;overflow-wrap:anywhere}"               \
  "dt{font-weight:600;margin-top:1rem}dd{margin:0}"

static void
append_text (GString    *out,
             const char *before,
             const char *text,
             const char *after)
{
  g_string_append (out, before);
  fp_xml_append_escaped (out, text);
  g_string_append (out, after);
}

static void
append_forms (GString    *out,
              GPtrArray  *forms,
              const char *base)
{
  if (forms->len == 0)
    {
      append_text (out, "<p>", _("No forms are offered here; submissions of any form are taken."), "</p>\n");
      return;
    }
  append_text (out, "<p>", _("Forms offered here:"), "</p>\n<ul>\n");
  for (guint i = 0; i < forms->len; i++)
    {
      FpReceiverForm *form = forms->pdata[i];
      g_autofree char *escaped = g_uri_escape_string (form->form_id, NULL, FALSE);
      g_autofree char *url = g_strdup_printf ("%s/forms/%s.xml", base, escaped);

      append_text (out, "<li><a href=\"", url, "\">");
      append_text (out, "", form->title, "</a></li>\n");
    }
  g_string_append (out, "</ul>\n");
}

char *
fp_receiver_page_html (const char *base,
                       GPtrArray  *forms,
                       guint       count)
{
  g_autoptr(GString) out = g_string_new ("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
                                         "<meta name=\"viewport\" content=\"width=device-width\">"
                                         "<meta name=\"color-scheme\" content=\"light dark\">"
                                         "<style>" STYLE "</style>");
  g_autofree char *json = g_strconcat (base, "/json/…", NULL);
  g_autofree char *received = g_strdup_printf (ngettext ("%u arrival stored so far.",
                                                         "%u arrivals stored so far.", count),
                                               count);

  append_text (out, "<title>", _("Fieldpost receiver"), "</title></head><body>\n");
  append_text (out, "<h1>", _("Fieldpost receiver"), "</h1>\n");
  append_text (out, "<p>",
               _("This computer collects what forms and programs send to it, "
                 "and keeps each arrival in a folder of its own."),
               "</p>\n");
  append_text (out, "<p><strong>", received, "</strong></p>\n");
  append_text (out, "<dl><dt>", _("Fieldpost, ODK Collect and other OpenRosa programs"), "</dt>\n");
  append_text (out, "<dd>", _("Add a server with this address:"), " ");
  append_text (out, "<code>", base, "</code></dd>\n");
  append_text (out, "<dt>", _("Any other program or web hook"), "</dt>\n");
  append_text (out, "<dd>", _("POST anything to any address that begins with"), " ");
  append_text (out, "<code>", json, "</code></dd></dl>\n");
  append_forms (out, forms, base);
  g_string_append (out, "</body></html>\n");

  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
fp_receiver_page_openrosa (const char *nature,
                           const char *message)
{
  g_autoptr(GString) out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                         "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\">"
                                         "<message nature=\"");
  g_autofree char *legal = fp_xml_dup_legal (message);

  append_text (out, "", nature, "\">");
  append_text (out, "", legal, "</message></OpenRosaResponse>\n");

  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
print (JsonObject *object)
{
  g_autofree char *text = fp_json_print_object (object, FALSE);

  return g_strconcat (text, "\n", NULL);
}

char *
fp_receiver_page_stored (guint64     number,
                         const char *folder,
                         gboolean    duplicate)
{
  JsonObject *object = json_object_new ();
  g_autofree char *name = g_path_get_basename (folder);

  json_object_set_boolean_member (object, "ok", TRUE);
  json_object_set_int_member (object, "id", number);
  json_object_set_string_member (object, "folder", name);
  json_object_set_boolean_member (object, "duplicate", duplicate);

  return print (object);
}

char *
fp_receiver_page_refused (const char *message)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "ok", FALSE);
  json_object_set_string_member (object, "error", message);

  return print (object);
}
