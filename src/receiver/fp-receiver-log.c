#include "receiver/fp-receiver-log.h"

#include "base/fp-json.h"

static const char *const outcomes[] = { "stored", "added", "duplicate" };

static char *
now (void)
{
  g_autoptr(GDateTime) time = g_date_time_new_now_utc ();

  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}

/* A reason may quote what was sent: nothing of it may start a line of its own or drive a terminal. */
static char *
dup_plain (const char *text)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (out, g_unichar_isprint (c) ? c : ' ');
    }

  return g_string_free (out, FALSE);
}

/* Percent-encoded where it could break the columns or the terminal. */
static char *
name_it (const FpArrival *arrival)
{
  return g_uri_escape_string (arrival->form_id ? arrival->form_id : arrival->path, "/:@+,;=", TRUE);
}

static JsonObject *
to_json (const FpArrival *arrival,
         const char      *event)
{
  JsonObject *object = json_object_new ();
  g_autofree char *time = now ();

  json_object_set_string_member (object, "event", event);
  json_object_set_string_member (object, "time", time);
  json_object_set_string_member (object, "method", arrival->method);
  json_object_set_string_member (object, "path", arrival->path);
  json_object_set_int_member (object, "bytes", arrival->bytes);
  fp_json_set_given (object, "form", arrival->form_id);
  fp_json_set_given (object, "instance_id", arrival->instance_id);
  fp_json_set_given (object, "key", arrival->key);

  return object;
}

char *
fp_receiver_log_arrival (const FpArrival         *arrival,
                         const FpReceiverReceipt *receipt,
                         gboolean                 json)
{
  g_autofree char *time = now ();
  g_autofree char *what = name_it (arrival);

  if (json)
    {
      JsonObject *object = to_json (arrival, outcomes[receipt->outcome]);
      JsonArray *files = json_array_new ();

      json_object_set_int_member (object, "number", receipt->number);
      json_object_set_string_member (object, "folder", receipt->folder);
      for (guint i = 0; i < arrival->files->len; i++)
        json_array_add_string_element (files, ((FpArrivalFile *) arrival->files->pdata[i])->file);
      json_object_set_array_member (object, "files", files);
      return fp_json_print_object (object, FALSE);
    }

  return g_strdup_printf ("%s  #%" G_GUINT64_FORMAT "  %s  %" G_GINT64_FORMAT " bytes  %s  %s", time,
                          receipt->number, what, arrival->bytes, outcomes[receipt->outcome],
                          receipt->folder);
}

char *
fp_receiver_log_refusal (const FpArrival *arrival,
                         const GError    *error,
                         gboolean         json)
{
  g_autofree char *time = now ();
  g_autofree char *what = name_it (arrival);
  g_autofree char *reason = dup_plain (error->message);

  if (json)
    {
      JsonObject *object = to_json (arrival, "refused");

      json_object_set_int_member (object, "status", error->code);
      json_object_set_string_member (object, "error", error->message);
      return fp_json_print_object (object, FALSE);
    }

  return g_strdup_printf ("%s  -  %s  %" G_GINT64_FORMAT " bytes  refused  %d %s", time, what,
                          arrival->bytes, error->code, reason);
}

char *
fp_receiver_log_fault (const FpArrival *arrival,
                       const FpFault   *fault,
                       gboolean         json)
{
  g_autofree char *time = now ();
  g_autofree char *what = name_it (arrival);

  if (json)
    {
      JsonObject *object = to_json (arrival, "fault");

      json_object_set_string_member (object, "fault", fault->text);
      json_object_set_int_member (object, "line", fault->line);
      return fp_json_print_object (object, FALSE);
    }

  return g_strdup_printf ("%s  -  %s  %" G_GINT64_FORMAT " bytes  fault  line %u: %s", time, what, arrival->bytes,
                          fault->line, fault->text);
}

char *
fp_receiver_log_state (const char *state,
                       const char *url,
                       gboolean    json)
{
  JsonObject *object;

  if (!json)
    return url ? g_strdup_printf ("%s on %s", state, url) : g_strdup (state);

  object = json_object_new ();
  json_object_set_string_member (object, "event", state);
  fp_json_set_given (object, "url", url);

  return fp_json_print_object (object, FALSE);
}
