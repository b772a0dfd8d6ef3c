#include "config.h"

#include "net/fp-http.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "net/fp-http-private.h"

/* Hosts that hang keep theirs for a minute; the sender has an attempt at 128 of them at once. */
#define MAX_CONNECTIONS 256
#define MAX_CONNECTIONS_PER_HOST 4
/* What a program has open besides: the store, the buses, the tray; with something to spare. */
#define OWN_FILES 40

/* Seconds a connection is kept for the next request; servers commonly drop theirs after 60 to 75. */
#define IDLE_SECONDS 45

#define ANSWER_BYTES (64 * 1024)

struct _FpHttp
{
  GObject parent_instance;

  /* Owned. */
  SoupSession *session;
  FpSecrets *secrets;
  FpClock *clock;
  GHashTable *in_flight; /* set of FpExchange, each belongs to itself */
};

G_DEFINE_QUARK (fp-http-error-quark, fp_http_error)
G_DEFINE_FINAL_TYPE (FpHttp, fp_http, G_TYPE_OBJECT)

/* HTTP/2 answers may arrive while the body is on its way, and one broken connection takes every request on it along;
 * libsoup 3.2 offers no other way to do without. Before main(), as no thread reads the environment then. */
__attribute__ ((constructor)) static void
prefer_http1 (void)
{
  setenv ("SOUP_FORCE_HTTP1", "1", 0);
}

static void
fp_http_dispose (GObject *object)
{
  FpHttp *self = FP_HTTP (object);

  /* An exchange holds its client, so none is in flight. */
  if (self->session)
    soup_session_abort (self->session);
  g_clear_object (&self->session);
  g_clear_object (&self->secrets);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->in_flight, g_hash_table_unref);

  G_OBJECT_CLASS (fp_http_parent_class)->dispose (object);
}

static void
fp_http_class_init (FpHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_http_dispose;
}

/* Each takes a socket and a file. At its limit libsoup closes what is idle; without one it could only fail. */
static int
get_max_connections (void)
{
  struct rlimit files;

  if (getrlimit (RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= OWN_FILES + 2 * MAX_CONNECTIONS)
    return MAX_CONNECTIONS;

  return MAX ((int) files.rlim_cur - OWN_FILES, 2 * MAX_CONNECTIONS_PER_HOST) / 2;
}

static void
fp_http_init (FpHttp *self)
{
  self->clock = fp_clock_new ();
  self->in_flight = g_hash_table_new (NULL, NULL);

  /* No timeout of its own: it could not tell waiting in the queue from waiting for the server. */
  self->session = soup_session_new_with_options (
      "max-conns", get_max_connections (), "max-conns-per-host", MAX_CONNECTIONS_PER_HOST, "timeout", 0,
      "idle-timeout", IDLE_SECONDS, "user-agent", "Fieldpost/" FP_VERSION, NULL);

  /* The bytes that a receipt stands for are those that were sent and received, and credentials are sent by us alone. */
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_COOKIE_JAR);
}

/**
 * fp_http_new:
 * @secrets: (nullable): without, a request that needs a secret fails
 *
 * Returns: (transfer full): a client bound to the caller's thread-default main context
 */
FpHttp *
fp_http_new (FpSecrets *secrets)
{
  FpHttp *self = g_object_new (FP_TYPE_HTTP, NULL);

  g_set_object (&self->secrets, secrets);

  return self;
}

/**
 * fp_http_get_secrets:
 *
 * Returns: (nullable) (transfer none)
 */
FpSecrets *
fp_http_get_secrets (FpHttp *self)
{
  g_return_val_if_fail (FP_IS_HTTP (self), NULL);

  return self->secrets;
}

SoupSession *
_fp_http_peek_session (FpHttp *self)
{
  return self->session;
}

FpClock *
_fp_http_peek_clock (FpHttp *self)
{
  return self->clock;
}

void
_fp_http_enter (FpHttp     *self,
                FpExchange *exchange)
{
  g_hash_table_add (self->in_flight, exchange);
}

void
_fp_http_leave (FpHttp     *self,
                FpExchange *exchange)
{
  g_hash_table_remove (self->in_flight, exchange);
}

/**
 * fp_http_send_async:
 * @request: (transfer full)
 * @progress: (nullable): called after each piece of the body that was written
 * @callback: runs in the client's main context
 *
 * Sends one request and reads at most 64 KiB of the answer. An attempt that
 * libsoup restarts on its own counts from its new beginning.
 */
void
fp_http_send_async (FpHttp              *self,
                    FpRequest           *request,
                    FpProgress           progress,
                    gpointer             progress_data,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (FP_IS_HTTP (self));
  g_return_if_fail (request != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_http_send_async);
  g_task_set_check_cancellable (task, FALSE);
  _fp_exchange_start (request, ANSWER_BYTES, FALSE, progress, progress_data, task);
}

/**
 * fp_http_send_finish:
 *
 * Returns: (transfer full): the answer, or in it why there is none
 */
FpAnswer *
fp_http_send_finish (FpHttp       *self,
                     GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), NULL);
}

static FpHttpError
code_of_fault (FpFault fault)
{
  switch (fault)
    {
    case FP_FAULT_CANCELLED:
      return FP_HTTP_ERROR_CANCELLED;
    case FP_FAULT_TLS:
      return FP_HTTP_ERROR_TLS;
    case FP_FAULT_SECRET:
    case FP_FAULT_KEYRING:
      return FP_HTTP_ERROR_SECRET;
    case FP_FAULT_URL:
      return FP_HTTP_ERROR_URL;
    case FP_FAULT_NONE:
    case FP_FAULT_RESOLVE:
    case FP_FAULT_CONNECT:
    case FP_FAULT_TIMEOUT:
    case FP_FAULT_CUT:
    case FP_FAULT_BODY:
    case FP_FAULT_OPEN_FILES:
    default:
      return FP_HTTP_ERROR_NETWORK;
    }
}

static FpHttpError
code_of_status (guint status)
{
  if (status == 401 || status == 403)
    return FP_HTTP_ERROR_ACCESS;
  if (status == 404 || status == 410)
    return FP_HTTP_ERROR_NOT_FOUND;

  return status / 100 == 3 ? FP_HTTP_ERROR_MOVED : FP_HTTP_ERROR_STATUS;
}

static gboolean
is_whole_document (const FpAnswer  *answer,
                   GError         **error)
{
  if (answer->fault != FP_FAULT_NONE)
    g_set_error_literal (error, FP_HTTP_ERROR, code_of_fault (answer->fault), answer->fault_text);
  else if (answer->status != 200)
    g_set_error (error, FP_HTTP_ERROR, code_of_status (answer->status),
                 _("The server answered with status %u"), answer->status);
  else if (answer->body_cut)
    g_set_error_literal (error, FP_HTTP_ERROR, FP_HTTP_ERROR_TOO_LARGE,
                         _("The server sent more than is accepted"));
  else
    return TRUE;

  return FALSE;
}

static void
got_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(FpAnswer) answer = g_task_propagate_pointer (G_TASK (result), NULL);
  GError *error = NULL;

  if (is_whole_document (answer, &error))
    g_task_return_pointer (task, g_bytes_ref (answer->body), (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/**
 * fp_http_get_async:
 * @request: (transfer full)
 * @limit: bytes; a longer document is an error
 *
 * Fetches a whole document. What came with status 200 may still be a sign-in page: the caller parses it.
 */
void
fp_http_get_async (FpHttp              *self,
                   FpRequest           *request,
                   gsize                limit,
                   GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data)
{
  GTask *outer;
  GTask *inner;

  g_return_if_fail (FP_IS_HTTP (self));
  g_return_if_fail (request != NULL);

  outer = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (outer, fp_http_get_async);
  g_task_set_check_cancellable (outer, FALSE);
  inner = g_task_new (self, cancellable, got_cb, outer);
  g_task_set_check_cancellable (inner, FALSE);
  _fp_exchange_start (request, limit, TRUE, NULL, NULL, inner);
}

/**
 * fp_http_get_finish:
 *
 * Returns: (transfer full): the document; NULL and [error@HttpError] for anything but a complete 200
 */
GBytes *
fp_http_get_finish (FpHttp        *self,
                    GAsyncResult  *result,
                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * fp_http_abort:
 *
 * Drops every connection, idle ones too: after a resume or a change of networks they lead nowhere,
 * and only a long silence would tell. What is in flight ends with FP_FAULT_CANCELLED, its callback
 * runs later.
 */
void
fp_http_abort (FpHttp *self)
{
  g_autoptr(GList) exchanges = NULL;
  GList *l;

  g_return_if_fail (FP_IS_HTTP (self));

  exchanges = g_hash_table_get_keys (self->in_flight);
  for (l = exchanges; l; l = l->next)
    _fp_exchange_abort (l->data);
  soup_session_abort (self->session);
}
