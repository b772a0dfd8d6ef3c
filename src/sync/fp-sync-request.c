#include "config.h"

#include "sync/fp-sync-request.h"

#include <string.h>

#include "base/fp-json.h"
#include "store/fp-blob.h"
#include "sync/fp-sync-split.h"

#define USER_AGENT "Fieldpost/" FP_VERSION

/* The field that holds the submission itself; every other one of OpenRosa is a file. */
#define XML_FIELD "xml_submission_file"

static void
add_part_body (FpRequest        *request,
               FpStore          *store,
               const FpItemPart *part)
{
  if (part->sha256)
    {
      g_autofree char *path = fp_blob_dup_path (store, part->sha256);

      fp_request_add_file (request, path, part->size, part->sha256, part->filename);
    }
  else if (part->data)
    {
      fp_request_add_bytes (request, part->data);
    }
}

static void
add_text (FpRequest  *request,
          const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  fp_request_add_bytes (request, bytes);
}

/* As browsers do it (HTML, "multipart/form-data encoding algorithm"): UTF-8 as it is, and only what would end the
 * quoted string or the line is replaced. Backslash escapes are read differently from server to server. */
static void
append_quoted (GString    *out,
               const char *key,
               const char *value)
{
  g_string_append_printf (out, "; %s=\"", key);
  for (const char *p = value; *p; p++)
    {
      if (*p == '"')
        g_string_append (out, "%22");
      else if (*p == '\r')
        g_string_append (out, "%0D");
      else if (*p == '\n')
        g_string_append (out, "%0A");
      else
        g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
}

/* A line end in it would begin a header of its own. */
static gboolean
has_control (const char *text)
{
  for (const char *p = text; *p; p++)
    if (g_ascii_iscntrl (*p))
      return TRUE;

  return FALSE;
}

/* OpenRosa servers find a file by its field name or by its file name, depending on the server: both are the same. */
static const char *
file_name_of (const FpItem     *item,
              const FpItemPart *part)
{
  if (item->protocol == FP_PROTOCOL_OPENROSA && g_strcmp0 (part->name, XML_FIELD) != 0)
    return part->name;

  return part->filename;
}

static char *
dup_part_head (const FpItem     *item,
               const FpItemPart *part,
               const char       *boundary,
               gboolean          first)
{
  g_autoptr(GString) out = g_string_new (first ? "--" : "\r\n--");
  const char *filename = file_name_of (item, part);

  g_string_append (out, boundary);
  g_string_append (out, "\r\nContent-Disposition: form-data");
  append_quoted (out, "name", part->name ? part->name : "");
  if (filename)
    append_quoted (out, "filename", filename);
  if (part->media_type && !has_control (part->media_type))
    g_string_append_printf (out, "\r\nContent-Type: %s", part->media_type);
  g_string_append (out, "\r\n\r\n");

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* The field with which ODK Collect says that other requests bring the rest. */
static void
add_more_follows (FpRequest  *request,
                  const char *boundary)
{
  g_autofree char *field = g_strdup_printf ("\r\n--%s\r\nContent-Disposition: form-data; name=\"*isIncomplete*\""
                                            "\r\n\r\nyes", boundary);

  add_text (request, field);
}

static void
add_multipart (FpRequest    *request,
               FpStore      *store,
               const FpItem *item)
{
  g_autofree char *boundary = item->boundary ? g_strdup (item->boundary) : g_strconcat ("fieldpost-", item->uid, NULL);
  g_autofree char *type = g_strdup_printf ("multipart/form-data; boundary=%s", boundary);
  g_autofree char *end = g_strdup_printf ("\r\n--%s--\r\n", boundary);

  fp_request_add_header (request, "Content-Type", type);
  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      g_autofree char *head = NULL;

      if (!fp_sync_split_has_part (item, i))
        continue;
      head = dup_part_head (item, part, boundary, i == 0);
      add_text (request, head);
      add_part_body (request, store, part);
    }
  if (fp_sync_split_goes_on (item))
    add_more_follows (request, boundary);
  add_text (request, end);
}

/* Most items have none; a reader of JSON costs as much as the rest of the request. */
static GHashTable *
dup_headers (const FpItem  *item,
             GError       **error)
{
  if (g_str_equal (item->headers, "{}"))
    return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return fp_json_to_string_map (item->headers, error);
}

static const char *
lookup_header (GHashTable *headers,
               const char *name)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, headers);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_ascii_strcasecmp (key, name) == 0)
      return value;

  return NULL;
}

static void
add_header_if_absent (FpRequest  *request,
                      GHashTable *headers,
                      const char *name,
                      const char *value)
{
  if (!lookup_header (headers, name))
    fp_request_add_header (request, name, value);
}

/* RFC 9110, 5.6.7; strftime would write the names in the language of the machine. */
static char *
dup_http_date (gint64 wall_ms)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (wall_ms / 1000);

  if (!time)
    return NULL;

  return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:%02d GMT", days[g_date_time_get_day_of_week (time) - 1],
                          g_date_time_get_day_of_month (time), months[g_date_time_get_month (time) - 1],
                          g_date_time_get_year (time), g_date_time_get_hour (time), g_date_time_get_minute (time),
                          g_date_time_get_second (time));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their names, so that attempts do not even differ in the order of headers. */
static void
add_own_headers (FpRequest  *request,
                 GHashTable *headers,
                 gboolean    multipart)
{
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (headers, NULL);
  guint n = g_hash_table_size (headers);

  if (n > 0)
    qsort (names, n, sizeof *names, compare_names);
  for (guint i = 0; i < n; i++)
    {
      const char *name = names[i];

      /* Only we know the boundary. */
      if (multipart && g_ascii_strcasecmp (name, "Content-Type") == 0)
        continue;
      fp_request_add_header (request, name, g_hash_table_lookup (headers, name));
    }
}

static void
add_protocol_headers (FpRequest    *request,
                      GHashTable   *headers,
                      const FpItem *item,
                      gint64        now_wall)
{
  if (item->protocol == FP_PROTOCOL_OPENROSA)
    {
      g_autofree char *date = dup_http_date (now_wall);

      add_header_if_absent (request, headers, "X-OpenRosa-Version", "1.0");
      if (date)
        add_header_if_absent (request, headers, "Date", date);
    }
  else
    {
      g_autofree char *key = g_strdup_printf ("\"%s\"", item->uid);

      add_header_if_absent (request, headers, "Idempotency-Key", key);
    }
  add_header_if_absent (request, headers, "User-Agent", USER_AGENT);
}

static gboolean
is_multipart (const FpItem *item)
{
  const FpItemPart *first;

  if (item->parts->len != 1)
    return item->parts->len > 1;

  first = g_ptr_array_index (item->parts, 0);
  return first->name != NULL;
}

/**
 * fp_sync_request_new:
 * @store: where the blobs of @item are
 * @item: with its parts
 * @user: (nullable): Basic user name of its server; the password is the item's secret
 * @now_wall: unix ms, for the Date header
 *
 * Builds the request that delivers @item. The body is a function of the stored item
 * alone: inline bytes, files by their hash, and the boundary that was frozen with
 * them. Source: RFC 7578; OpenRosa, "Form Submission API"; draft-ietf-httpapi-
 * idempotency-key-header.
 *
 * Returns: (transfer full): the request, or NULL if the stored headers cannot be read
 */
FpRequest *
fp_sync_request_new (FpStore      *store,
                     const FpItem *item,
                     const char   *user,
                     gint64        now_wall,
                     GError      **error)
{
  g_autoptr(FpRequest) request = NULL;
  g_autoptr(GHashTable) headers = dup_headers (item, error);
  gboolean multipart;

  g_return_val_if_fail (item->parts != NULL, NULL);

  if (!headers)
    return NULL;

  multipart = is_multipart (item);
  request = fp_request_new (item->method, item->url);
  request->secret_id = g_strdup (item->secret_id);
  request->user = g_strdup (user);
  /* Whoever queued an http:// address chose it; a secret never goes over it. */
  request->allow_cleartext = item->secret_id == NULL;

  add_own_headers (request, headers, multipart);
  add_protocol_headers (request, headers, item, now_wall);
  if (multipart)
    {
      add_multipart (request, store, item);
    }
  else if (item->parts->len == 1)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, 0);

      if (part->media_type)
        add_header_if_absent (request, headers, "Content-Type", part->media_type);
      add_part_body (request, store, part);
    }

  return g_steal_pointer (&request);
}

/**
 * fp_sync_request_is_known:
 * @request: what is sent
 *
 * Returns: TRUE if it carries credentials: a refusal is then about them
 */
gboolean
fp_sync_request_is_known (const FpRequest *request)
{
  if (request->secret_id)
    return TRUE;
  for (guint i = 0; i < request->headers->len; i++)
    if (g_ascii_strcasecmp (((const FpHeader *) g_ptr_array_index (request->headers, i))->name, "Authorization") == 0)
      return TRUE;

  return FALSE;
}
