#include "sync/fp-sync-private.h"

#include <string.h>

/* So often a host that is closed is asked, while something waits for it. */
#define ASK_EVERY_MS (5 * 60 * G_GINT64_CONSTANT (1000))

/* A network that swallows packets is told from a slow server by then. */
#define PROBE_SECONDS 20

#define HTTP_SIGN_IN_FIRST 511

/* What was found out of one host on this network. */
typedef struct {
  FpGateHost    found;
  gint64        lan_until; /* boot ms: so long is_lan holds */
  gint64        next;      /* boot ms at which it may be asked again */
  GCancellable *asking;    /* owned; NULL: it is not being asked */
} FpSyncPlace;

/* One question: first where the name leads, then whether the server answers. */
typedef struct {
  FpSync       *sync;        /* owned */
  GCancellable *cancellable; /* owned */
  char         *host;        /* owned */
  char         *url;         /* owned: what is asked, without anything secret */
  FpReach       reach;
  gboolean      openrosa;
} Question;

static void
place_free (gpointer data)
{
  FpSyncPlace *place = data;

  g_clear_object (&place->asking);
  g_free (place);
}

void
fp_sync_probe_init (FpSync *self)
{
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, place_free);
}

static FpSyncPlace *
get_place (FpSync     *self,
           const char *host)
{
  FpSyncPlace *place = g_hash_table_lookup (self->places, host);

  if (!place)
    {
      place = g_new0 (FpSyncPlace, 1);
      place->found.kind = fp_host_classify (host);
      g_hash_table_insert (self->places, g_strdup (host), place);
    }
  if (place->found.is_lan && fp_clock_get_boot_ms (self->clock) >= place->lan_until)
    {
      place->found.is_lan = FALSE;
      place->next = 0;
    }

  return place;
}

/**
 * fp_sync_probe_get:
 * @host: "scheme://host:port"
 *
 * Returns: (transfer none): what is known of it now; valid until the next call
 */
const FpGateHost *
fp_sync_probe_get (FpSync     *self,
                   const char *host)
{
  return &get_place (self, host)->found;
}

/* Where the server of @item is asked. Plain servers at their root: what another address means to one is not known.
 * OpenRosa servers where they take submissions (the API defines HEAD there), but only as far as the address holds no
 * secret. Nothing behind a question mark, and no user name. */
static char *
dup_probe_url (const FpItem *item)
{
  g_autoptr(GUri) uri = NULL;
  g_autofree char *path = NULL;
  char *secret;

  if (item->protocol != FP_PROTOCOL_OPENROSA)
    return g_strconcat (item->host, "/", NULL);

  uri = g_uri_parse (item->url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
  path = g_strdup (uri ? g_uri_get_path (uri) : "/");
  secret = strstr (path, "{secret}");
  if (secret)
    *secret = '\0';

  return g_strconcat (item->host, g_str_has_prefix (path, "/") ? "" : "/", path, NULL);
}

static void
question_free (Question *question)
{
  g_object_unref (question->sync);
  g_object_unref (question->cancellable);
  g_free (question->host);
  g_free (question->url);
  g_free (question);
}

/* The one way out of a question. */
static void
answered (Question *question)
{
  FpSync *self = question->sync;
  FpSyncPlace *place = get_place (self, question->host);

  self->asking--;
  if (place->asking == question->cancellable)
    {
      FpGateNetwork network = fp_sync_get_network (self);

      g_clear_object (&place->asking);
      place->next = fp_clock_get_boot_ms (self->clock) + ASK_EVERY_MS;
      if (fp_gate_judge (&network, &place->found, question->reach, -1) == FP_GATE_OPEN)
        {
          g_debug ("sync: %s can be reached on this network", question->host);
          fp_sync_wish_to_clear_host (self, question->host);
        }
    }

  if (self->stopping)
    fp_sync_check_stopped (self, NULL);
  fp_sync_pump (self);
  question_free (question);
}

/* What cannot be faked: the certificate of this very name. A status that tells of a sign-in page is not the server's,
 * nor is the "yes" of an OpenRosa server without its header; its refusals may come without. */
static gboolean
is_true_answer (const FpAnswer *answer,
                gboolean        openrosa)
{
  if (answer->fault != FP_FAULT_NONE || !answer->secure || answer->status == 0 || answer->status == HTTP_SIGN_IN_FIRST)
    return FALSE;

  return !openrosa || answer->status >= 300 || fp_answer_peek_header (answer, "x-openrosa-version") != NULL;
}

static void
probed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(FpAnswer) answer = fp_http_send_finish (FP_HTTP (source), result);

  if (!g_cancellable_is_cancelled (question->cancellable))
    get_place (question->sync, question->host)->found.proven = is_true_answer (answer, question->openrosa);
  answered (question);
}

static void
probe (Question *question)
{
  FpRequest *request = fp_request_new ("HEAD", question->url);

  request->timeout_s = PROBE_SECONDS;
  request->no_redirects = TRUE;
  if (question->openrosa)
    fp_request_add_header (request, "X-OpenRosa-Version", "1.0");
  fp_http_send_async (question->sync->http, request, NULL, NULL, question->cancellable, probed_cb, question);
}

/* Over cleartext anything between may answer, so there is nothing to be learnt by asking the server. */
static FpAsk
may_ask (FpSync              *self,
         const FpGateNetwork *network,
         const char          *host,
         FpReach              reach)
{
  FpAsk ask = fp_gate_may_ask (network, &get_place (self, host)->found, reach);

  return g_str_has_prefix (host, "https:") ? ask : ask & ~FP_ASK_SERVER;
}

static void
looked_up_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Question *question = user_data;
  FpSync *self = question->sync;
  FpGateNetwork network = fp_sync_get_network (self);
  FpSyncPlace *place = get_place (self, question->host);
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, NULL);

  if (g_cancellable_is_cancelled (question->cancellable))
    {
      g_resolver_free_addresses (addresses);
      answered (question);
      return;
    }

  place->found.is_lan = fp_host_are_private (addresses);
  place->lan_until = fp_clock_get_boot_ms (self->clock) + ASK_EVERY_MS;
  g_resolver_free_addresses (addresses);
  if (may_ask (self, &network, question->host, question->reach) & FP_ASK_SERVER)
    probe (question);
  else
    answered (question);
}

static void
look_up (Question *question)
{
  g_autoptr(GResolver) resolver = g_resolver_get_default ();
  g_autoptr(GUri) uri = g_uri_parse (question->host, G_URI_FLAGS_NONE, NULL);

  g_resolver_lookup_by_name_async (resolver, uri ? g_uri_get_host (uri) : "", question->cancellable, looked_up_cb,
                                   question);
}

static void
ask (FpSync       *self,
     FpSyncPlace  *place,
     const FpItem *item,
     FpAsk         what)
{
  Question *question = g_new0 (Question, 1);

  question->sync = g_object_ref (self);
  question->cancellable = g_cancellable_new ();
  question->host = g_strdup (item->host);
  question->url = dup_probe_url (item);
  question->reach = item->reach;
  question->openrosa = item->protocol == FP_PROTOCOL_OPENROSA;
  place->asking = g_object_ref (question->cancellable);
  self->asking++;
  if (what & FP_ASK_NAME)
    look_up (question);
  else
    probe (question);
}

void
fp_sync_probe_ask (FpSync *self)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  FpGateNetwork network = fp_sync_get_network (self);

  for (guint i = 0; self->due && i < self->due->len; i++)
    {
      const FpItem *item = g_ptr_array_index (self->due, i);
      FpSyncPlace *place = get_place (self, item->host);
      FpAsk what = may_ask (self, &network, item->host, item->reach);

      if (what != FP_ASK_NOTHING && !place->asking && now >= place->next)
        ask (self, place, item, what);
    }
}

gint64
fp_sync_probe_get_next (FpSync *self)
{
  FpGateNetwork network = fp_sync_get_network (self);
  gint64 next = G_MAXINT64;

  for (guint i = 0; self->due && i < self->due->len; i++)
    {
      const FpItem *item = g_ptr_array_index (self->due, i);
      FpSyncPlace *place = get_place (self, item->host);

      if (!place->asking && may_ask (self, &network, item->host, item->reach) != FP_ASK_NOTHING)
        next = MIN (next, place->next);
    }

  return next;
}

static void
reset (FpSync   *self,
       gboolean  forget)
{
  g_autoptr(GPtrArray) cancelled = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FpSyncPlace *place = value;

      place->next = 0;
      if (!forget)
        continue;
      place->found.is_lan = FALSE;
      place->found.proven = FALSE;
      if (place->asking)
        g_ptr_array_add (cancelled, g_steal_pointer (&place->asking));
    }

  /* A question may end inside the call, so not while the table is walked. */
  for (guint i = 0; i < cancelled->len; i++)
    g_cancellable_cancel (g_ptr_array_index (cancelled, i));
}

void
fp_sync_probe_forget (FpSync *self)
{
  reset (self, TRUE);
}

void
fp_sync_probe_hurry (FpSync *self)
{
  reset (self, FALSE);
}
