#include "sync/fp-sync-private.h"

#include <string.h>

#include "net/fp-openrosa.h"
#include "sync/fp-sync-hold.h"

/* A form list is small; what is longer is one all the same. */
#define LIST_MAX (4 * 1024 * 1024)

#define CODE_OPEN "access"
#define SUBMISSION "/submission"
#define FORM_LIST "/formList"

/* A form was refused (design 5.3): is it this form, or the account? Whoever may read the form list has an account. */
typedef struct {
  FpSync       *sync;        /* owned */
  GCancellable *cancellable; /* owned */
  FpItem       *item;        /* owned: one of those that are kept */
  char         *url;         /* (nullable), owned: of the form list */
  char         *user;        /* (nullable), owned */
  gboolean      refused;     /* of the answer */
} Ask;

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  g_clear_object (&ask->sync);
  g_clear_object (&ask->cancellable);
  fp_item_free (ask->item);
  g_free (ask->url);
  g_free (ask->user);
  g_free (ask);
}

/* Writing what was found out. */

static gboolean
is_still_open (FpStoreTxn  *txn,
               const Ask   *ask,
               FpHoldRow  **form,
               gboolean    *is_open,
               GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpHoldRow) row = fp_hold_rows_find (txn, ask->item, &local);

  *is_open = row && row->kind == FP_HOLD_FORM && g_strcmp0 (row->code, CODE_OPEN) == 0;
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  *form = *is_open ? g_steal_pointer (&row) : NULL;
  return TRUE;
}

/* What was kept for the form is kept for its account now. Without one it is everything that goes there without. */
static FpHoldRow *
new_account_row (const Ask *ask)
{
  FpHoldRow *row = fp_hold_row_new (ask->item->secret_id ? FP_HOLD_ACCOUNT : FP_HOLD_ANONYMOUS, ask->item);

  row->code = g_strdup (ask->item->secret_id ? "account" : "account-none");
  return row;
}

static gpointer
write_answer (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Ask *ask = data;
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(FpHoldRow) account = NULL;
  gboolean is_open;

  /* A person may have released it meanwhile. */
  if (!is_still_open (txn, ask, &row, &is_open, error))
    return NULL;
  if (!is_open)
    return ask;

  if (!fp_hold_rows_lift (txn, row->kind, row->subject, error))
    return NULL;
  if (ask->refused)
    {
      account = new_account_row (ask);
      return fp_sync_hold_write (txn, account, error) ? ask : NULL;
    }

  g_free (row->code);
  row->code = g_strdup ("form-access");
  return fp_sync_hold_write (txn, row, error) ? ask : NULL;
}

/* The one way out of a question. */
static void
end (Ask *ask)
{
  FpSync *self = ask->sync;

  self->asking--;
  g_hash_table_remove (self->forms_asked, &ask->item->form);
  if (self->stopping)
    fp_sync_check_stopped (self, NULL);
  fp_sync_pump (self);
  ask_free (ask);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Ask *ask = user_data;
  g_autoptr(GError) error = NULL;

  /* The row still says that it is open, so the next chance asks again. */
  if (!fp_store_write_finish (FP_STORE (source), result, &error))
    g_message ("What the form list told cannot be written: %s", error->message);
  end (ask);
}

/* Asking. */

/* Anything but a yes or a no of the server itself leaves the question open. */
static gboolean
is_answer (GBytes       *body,
           const GError *error,
           gboolean     *refused)
{
  g_autoptr(GPtrArray) list = body ? fp_openrosa_parse_list (body, NULL) : NULL;

  *refused = g_error_matches (error, FP_HTTP_ERROR, FP_HTTP_ERROR_ACCESS);
  return *refused || list || g_error_matches (error, FP_HTTP_ERROR, FP_HTTP_ERROR_TOO_LARGE);
}

static void
got_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  Ask *ask = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = fp_http_get_finish (FP_HTTP (source), result, &error);

  if (is_answer (body, error, &ask->refused))
    fp_store_write_async (ask->sync->store, write_answer, ask, NULL, NULL, NULL, written_cb, ask);
  else
    end (ask);
}

/* Takes @ask. */
static void
start (FpSync *self,
       Ask    *ask)
{
  FpRequest *request;

  if (self->stopping || !ask->url || g_hash_table_contains (self->forms_asked, &ask->item->form)
      || fp_sync_gate (self, ask->item) != FP_GATE_OPEN)
    {
      ask_free (ask);
      return;
    }

  ask->sync = g_object_ref (self);
  ask->cancellable = g_cancellable_new ();
  g_hash_table_insert (self->forms_asked, g_memdup2 (&ask->item->form, sizeof (gint64)),
                       g_object_ref (ask->cancellable));
  self->asking++;

  /* With the very credentials of the submission. */
  request = fp_request_new ("GET", ask->url);
  request->secret_id = g_strdup (ask->item->secret_id);
  request->user = g_strdup (ask->user);
  request->allow_cleartext = ask->item->secret_id == NULL;
  fp_request_add_header (request, "X-OpenRosa-Version", "1.0");
  fp_http_get_async (self->http, request, LIST_MAX, ask->cancellable, got_cb, ask);
}

/* Finding what is to be asked. */

/* Beside the address that took the submission; that of the server the form came from, where it is of the same origin. */
static char *
dup_list_url (const FpItem      *item,
              const FpServerRow *server)
{
  gsize length = strcspn (item->url, "?");

  if (server && fp_host_covers (server->url, item->url) > 0)
    return g_strconcat (server->url, FORM_LIST, NULL);
  if (length < strlen (SUBMISSION) || strncmp (item->url + length - strlen (SUBMISSION), SUBMISSION,
                                               strlen (SUBMISSION)) != 0)
    return NULL;

  return g_strdup_printf ("%.*s%s%s", (int) (length - strlen (SUBMISSION)), item->url, FORM_LIST, item->url + length);
}

static Ask *
ask_new (FpStoreTxn *txn,
         FpItem     *item)
{
  g_autoptr(FpFormRow) form = fp_form_rows_get (txn, item->form, NULL);
  g_autoptr(FpServerRow) server = form && form->server ? fp_server_rows_get (txn, form->server, NULL) : NULL;
  Ask *ask = g_new0 (Ask, 1);

  ask->item = item;
  ask->url = dup_list_url (item, server);
  ask->user = server && item->secret_id ? g_strdup (server->user) : NULL;

  return ask;
}

static gpointer
find_open (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  g_autoptr(GPtrArray) asks = g_ptr_array_new_with_free_func (ask_free);
  g_autoptr(GPtrArray) rows = fp_hold_rows_list (txn, FP_HOLD_FORM, error);

  for (guint i = 0; rows && i < rows->len; i++)
    {
      const FpHoldRow *row = g_ptr_array_index (rows, i);
      g_autoptr(GError) local = NULL;
      FpItem *item = NULL;

      if (g_strcmp0 (row->code, CODE_OPEN) == 0)
        item = fp_hold_rows_get_one (txn, row, &local);
      if (item)
        g_ptr_array_add (asks, ask_new (txn, item));
      if (local)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }

  return rows ? g_steal_pointer (&asks) : NULL;
}

static void
found_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(FpSync) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) asks = fp_store_read_finish (FP_STORE (source), result, &error);

  self->asking--;
  if (asks)
    {
      g_ptr_array_set_free_func (asks, NULL);
      for (guint i = 0; i < asks->len; i++)
        start (self, g_ptr_array_index (asks, i));
    }
  else
    {
      g_message ("What is held cannot be read: %s", error->message);
    }
  if (self->stopping)
    fp_sync_check_stopped (self, NULL);
}

/**
 * fp_sync_ask_forms:
 *
 * Asks the servers of the forms that were refused for their form lists, each once:
 * when the refusal came, and with a new chance where that brought no answer. What
 * was found out is written; the items follow.
 */
void
fp_sync_ask_forms (FpSync *self)
{
  self->asking++;
  fp_store_read_async (self->store, find_open, NULL, NULL, (GDestroyNotify) g_ptr_array_unref, NULL, found_cb,
                       g_object_ref (self));
}

/**
 * fp_sync_ask_stop:
 *
 * Breaks off what is being asked.
 */
void
fp_sync_ask_stop (FpSync *self)
{
  g_autoptr(GPtrArray) cancelled = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer cancellable;

  g_hash_table_iter_init (&iter, self->forms_asked);
  while (g_hash_table_iter_next (&iter, NULL, &cancellable))
    g_ptr_array_add (cancelled, g_object_ref (cancellable));
  /* One may end inside the call, so not while the table is walked. */
  for (guint i = 0; i < cancelled->len; i++)
    g_cancellable_cancel (g_ptr_array_index (cancelled, i));
}
