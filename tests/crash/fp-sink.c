#include "fp-sink.h"

#include <libsoup/soup.h>

typedef struct {
  guint status;
  char *header;
  char *body;
} Answer;

struct _FpSink
{
  SoupServer *server;
  char *url;
  GPtrArray *arrivals;  /* FpSinkArrival */
  GQueue *script;       /* Answer */
  GHashTable *paths;    /* path -> Answer */
  GHashTable *seen;     /* key -> GBytes */
  GHashTable *stored;   /* set of keys */
  GPtrArray *held;      /* SoupServerMessage, paused */
  gboolean hold;
  guint delay;          /* ms */
  guint changed;
  guint open;
  guint most;
};

static Answer *
answer_new (guint       status,
            const char *header,
            const char *body)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->status = status;
  answer->header = g_strdup (header);
  answer->body = g_strdup (body);

  return answer;
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_free (answer->header);
  g_free (answer->body);
  g_free (answer);
}

static void
arrival_free (gpointer data)
{
  FpSinkArrival *arrival = data;

  g_free (arrival->method);
  g_free (arrival->path);
  g_free (arrival->key);
  g_free (arrival->type);
  g_bytes_unref (arrival->body);
  g_free (arrival);
}

static FpSinkArrival *
note_arrival (FpSink            *self,
              SoupServerMessage *msg,
              const char        *path)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (msg);
  FpSinkArrival *arrival = g_new0 (FpSinkArrival, 1);
  GBytes *before;

  arrival->method = g_strdup (soup_server_message_get_method (msg));
  arrival->path = g_strdup (path);
  arrival->key = g_strdup (soup_message_headers_get_one (headers, "Idempotency-Key"));
  arrival->type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  arrival->body = soup_message_body_flatten (soup_server_message_get_request_body (msg));
  g_ptr_array_add (self->arrivals, arrival);

  if (arrival->key)
    {
      before = g_hash_table_lookup (self->seen, arrival->key);
      if (before && !g_bytes_equal (before, arrival->body))
        self->changed++;
      g_hash_table_insert (self->seen, g_strdup (arrival->key), g_bytes_ref (arrival->body));
    }

  return arrival;
}

static void
answer_message (FpSink            *self,
                SoupServerMessage *msg,
                FpSinkArrival     *arrival)
{
  Answer *once = g_queue_pop_head (self->script);
  const Answer *next = once ? once : g_hash_table_lookup (self->paths, arrival->path);
  guint status = next ? next->status : 201;

  if (status == 0)
    {
      g_autoptr(GIOStream) stream = soup_server_message_steal_connection (msg);

      g_io_stream_close (stream, NULL, NULL);
    }
  else
    {
      if (status < 300 && arrival->key)
        g_hash_table_add (self->stored, g_strdup (arrival->key));
      if (next && next->header)
        {
          g_auto(GStrv) pair = g_strsplit (next->header, ": ", 2);

          soup_message_headers_append (soup_server_message_get_response_headers (msg), pair[0], pair[1]);
        }
      if (next && next->body)
        soup_message_body_append (soup_server_message_get_response_body (msg), SOUP_MEMORY_COPY, next->body,
                                  strlen (next->body));
      soup_server_message_set_status (msg, status, NULL);
    }

  g_clear_pointer (&once, answer_free);
}

static void
finished_cb (FpSink *self)
{
  self->open--;
}

typedef struct {
  FpSink *sink;
  SoupServerMessage *msg; /* owned */
  FpSinkArrival *arrival;
} Late;

static gboolean
late_cb (gpointer user_data)
{
  Late *late = user_data;

  answer_message (late->sink, late->msg, late->arrival);
  soup_server_message_unpause (late->msg);
  g_object_unref (late->msg);
  g_free (late);

  return G_SOURCE_REMOVE;
}

static void
handler_cb (SoupServer        *server,
            SoupServerMessage *msg,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  FpSink *self = user_data;
  FpSinkArrival *arrival = note_arrival (self, msg, path);

  self->open++;
  self->most = MAX (self->most, self->open);
  g_signal_connect_swapped (msg, "finished", G_CALLBACK (finished_cb), self);
  if (self->hold)
    {
      g_object_set_data (G_OBJECT (msg), "arrival", arrival);
      soup_server_message_pause (msg);
      g_ptr_array_add (self->held, g_object_ref (msg));
      return;
    }

  if (self->delay > 0)
    {
      Late *late = g_new0 (Late, 1);

      late->sink = self;
      late->msg = g_object_ref (msg);
      late->arrival = arrival;
      soup_server_message_pause (msg);
      g_timeout_add ((guint) g_random_int_range (0, (gint32) self->delay), late_cb, late);
      return;
    }

  answer_message (self, msg, arrival);
  if (soup_server_message_get_status (msg) == 0)
    self->open--;
}

FpSink *
fp_sink_new (void)
{
  FpSink *self = g_new0 (FpSink, 1);
  g_autoptr(GError) error = NULL;
  g_autoslist(GUri) uris = NULL;

  self->server = soup_server_new ("server-header", "Sink", NULL);
  self->arrivals = g_ptr_array_new_with_free_func (arrival_free);
  self->script = g_queue_new ();
  self->paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, answer_free);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->stored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  soup_server_add_handler (self->server, NULL, handler_cb, self, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  self->url = g_strdup_printf ("http://127.0.0.1:%d", g_uri_get_port (uris->data));

  return self;
}

void
fp_sink_free (FpSink *self)
{
  fp_sink_hold (self, FALSE);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_ptr_array_unref (self->arrivals);
  g_queue_free_full (self->script, answer_free);
  g_hash_table_unref (self->paths);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->stored);
  g_ptr_array_unref (self->held);
  g_free (self->url);
  g_free (self);
}

const char *
fp_sink_get_url (FpSink *self)
{
  return self->url;
}

void
fp_sink_push (FpSink     *self,
              guint       status,
              const char *header,
              const char *body)
{
  g_queue_push_tail (self->script, answer_new (status, header, body));
}

void
fp_sink_set_path (FpSink     *self,
                  const char *path,
                  guint       status)
{
  fp_sink_set_answer (self, path, status, NULL, NULL);
}

void
fp_sink_set_answer (FpSink     *self,
                    const char *path,
                    guint       status,
                    const char *header,
                    const char *body)
{
  g_hash_table_insert (self->paths, g_strdup (path), answer_new (status, header, body));
}

void
fp_sink_set_delay (FpSink *self,
                   guint   ms)
{
  self->delay = ms;
}

void
fp_sink_hold (FpSink   *self,
              gboolean  hold)
{
  g_autoptr(GPtrArray) held = NULL;

  self->hold = hold;
  if (hold)
    return;

  held = g_steal_pointer (&self->held);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < held->len; i++)
    {
      SoupServerMessage *msg = g_ptr_array_index (held, i);

      answer_message (self, msg, g_object_get_data (G_OBJECT (msg), "arrival"));
      if (soup_server_message_get_status (msg) != 0)
        soup_server_message_unpause (msg);
    }
}

guint
fp_sink_get_n (FpSink *self)
{
  return self->arrivals->len;
}

FpSinkArrival *
fp_sink_get (FpSink *self,
             guint   i)
{
  g_assert_cmpuint (i, <, self->arrivals->len);

  return g_ptr_array_index (self->arrivals, i);
}

guint
fp_sink_count_path (FpSink     *self,
                    const char *path)
{
  guint n = 0;

  for (guint i = 0; i < self->arrivals->len; i++)
    n += g_str_equal (fp_sink_get (self, i)->path, path);

  return n;
}

guint
fp_sink_get_n_stored (FpSink *self)
{
  return g_hash_table_size (self->stored);
}

gboolean
fp_sink_has_stored (FpSink     *self,
                    const char *uid)
{
  g_autofree char *key = g_strdup_printf ("\"%s\"", uid);

  return g_hash_table_contains (self->stored, key);
}

guint
fp_sink_get_n_changed (FpSink *self)
{
  return self->changed;
}

guint
fp_sink_get_most (FpSink *self)
{
  return self->most;
}

guint
fp_sink_get_n_open (FpSink *self)
{
  return self->open;
}
