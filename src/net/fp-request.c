#include "net/fp-http-private.h"

#include <string.h>

static void
segment_free (FpSegment *segment)
{
  g_clear_pointer (&segment->data, g_bytes_unref);
  g_free (segment->path);
  g_free (segment->sha256);
  g_free (segment->name);
  g_free (segment);
}

static void
header_free (FpHeader *header)
{
  g_free (header->name);
  g_free (header->value);
  g_free (header);
}

/**
 * fp_request_new:
 * @method: any HTTP method, upper case
 * @url: absolute; "{secret}" stands for the secret, in the path, the query or the password
 *
 * Returns: (transfer full): a request without body
 */
FpRequest *
fp_request_new (const char *method,
                const char *url)
{
  FpRequest *request = g_new0 (FpRequest, 1);

  request->method = g_strdup (method);
  request->url = g_strdup (url);
  request->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) header_free);
  request->segments = g_ptr_array_new_with_free_func ((GDestroyNotify) segment_free);

  return request;
}

/**
 * fp_request_add_header:
 * @name: anything but Content-Length, Transfer-Encoding, Connection and Host, which are ours
 * @value: may hold "{secret}"
 *
 * Adds a header after those there are.
 */
void
fp_request_add_header (FpRequest  *request,
                       const char *name,
                       const char *value)
{
  FpHeader *header = g_new0 (FpHeader, 1);

  header->name = g_strdup (name);
  header->value = g_strdup (value);
  g_ptr_array_add (request->headers, header);
}

/**
 * fp_request_add_bytes:
 * @data: the next piece of the body; a reference is kept
 */
void
fp_request_add_bytes (FpRequest *request,
                      GBytes    *data)
{
  FpSegment *segment = g_new0 (FpSegment, 1);

  segment->data = g_bytes_ref (data);
  segment->size = g_bytes_get_size (data);
  g_ptr_array_add (request->segments, segment);
}

/**
 * fp_request_add_file:
 * @path: a regular file, the next piece of the body
 * @size: bytes it must have when it is sent
 * @sha256: (nullable): what its bytes come to, lower-case hex; looked at once a process
 * @name: (nullable): what a fault calls it
 */
void
fp_request_add_file (FpRequest  *request,
                     const char *path,
                     gint64      size,
                     const char *sha256,
                     const char *name)
{
  FpSegment *segment = g_new0 (FpSegment, 1);

  segment->path = g_strdup (path);
  segment->size = size;
  segment->sha256 = g_strdup (sha256);
  segment->name = g_strdup (name);
  g_ptr_array_add (request->segments, segment);
}

/**
 * fp_request_get_length:
 *
 * Returns: bytes of the body
 */
gint64
fp_request_get_length (FpRequest *request)
{
  gint64 length = 0;
  guint i;

  for (i = 0; i < request->segments->len; i++)
    length += ((const FpSegment *) g_ptr_array_index (request->segments, i))->size;

  return length;
}

void
fp_request_free (FpRequest *request)
{
  g_free (request->method);
  g_free (request->url);
  g_ptr_array_unref (request->headers);
  g_ptr_array_unref (request->segments);
  g_free (request->secret_id);
  g_free (request->user);
  g_clear_object (&request->into);
  g_free (request);
}

/* Headers that are ours to set, since a wrong one would break the framing. */
gboolean
_fp_request_is_framing_header (const char *name)
{
  static const char *const names[]
      = { "connection",   "content-length",    "expect", "host", "keep-alive", "te", "trailer",
          "transfer-encoding", "upgrade", NULL };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_strv_contains (names, lower);
}

/* Source: RFC 9110, 5.6.2. */
gboolean
_fp_request_is_token (const char *text)
{
  const char *p;

  for (p = text; *p; p++)
    if (!g_ascii_isalnum (*p) && !strchr ("!#$%&'*+-.^_`|~", *p))
      return FALSE;

  return p > text;
}

/**
 * fp_answer_peek_header:
 * @lower_name: in lower case
 *
 * Returns: (nullable): its value; several of one name are joined by ", "
 */
const char *
fp_answer_peek_header (const FpAnswer *answer,
                       const char     *lower_name)
{
  return answer->headers ? g_hash_table_lookup (answer->headers, lower_name) : NULL;
}

void
fp_answer_free (FpAnswer *answer)
{
  g_free (answer->fault_text);
  g_clear_pointer (&answer->headers, g_hash_table_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
  g_free (answer->final_url);
  g_free (answer);
}
