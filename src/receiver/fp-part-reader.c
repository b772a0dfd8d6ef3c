#include "config.h"

#include "receiver/fp-part-reader.h"

#include <string.h>

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "receiver/fp-receiver-error.h"

#define MAX_BOUNDARY 70 /* RFC 2046, 5.1.1 */
#define MAX_HEADERS (16 * 1024)
#define MAX_PREAMBLE (64 * 1024)

typedef enum {
  STATE_PREAMBLE, /* before the first boundary: not ours, thrown away */
  STATE_BOUNDARY, /* just behind "--boundary": its line end, or the "--" that closes all */
  STATE_HEADERS,
  STATE_DATA,
  STATE_EPILOGUE, /* behind the closing boundary: thrown away */
} State;

struct _FpPartReader
{
  /* Owned. */
  char *delimiter; /* "\r\n--boundary" */
  GByteArray *held; /* what the last feed left undecided */

  /* Borrowed. */
  const FpPartFuncs *funcs;
  gpointer user_data;

  gsize delimiter_length;
  gsize preamble;
  guint n_parts;
  State state;
};

/**
 * fp_part_reader_new:
 * @content_type: the request's Content-Type header
 * @funcs: (transfer none): outlives the reader
 *
 * Returns: (transfer full): a reader; NULL with FP_RECEIVER_ERROR_MALFORMED where @content_type has no usable
 *   boundary
 */
FpPartReader *
fp_part_reader_new (const char         *content_type,
                    const FpPartFuncs  *funcs,
                    gpointer            user_data,
                    GError            **error)
{
  g_autoptr(SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);
  g_autoptr(GHashTable) params = NULL;
  const char *boundary = NULL;
  FpPartReader *self;

  soup_message_headers_replace (headers, "Content-Type", content_type);
  if (soup_message_headers_get_content_type (headers, &params))
    boundary = g_hash_table_lookup (params, "boundary");
  if (!boundary || !*boundary || strlen (boundary) > MAX_BOUNDARY)
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                   _("The Content-Type names no boundary of 1 to %d characters"), MAX_BOUNDARY);
      return NULL;
    }

  self = g_new0 (FpPartReader, 1);
  self->delimiter = g_strconcat ("\r\n--", boundary, NULL);
  self->delimiter_length = strlen (self->delimiter);
  self->held = g_byte_array_new ();
  self->funcs = funcs;
  self->user_data = user_data;
  /* The line break that belongs to every boundary but the very first. */
  g_byte_array_append (self->held, (const guint8 *) "\r\n", 2);

  return self;
}

static gboolean
malformed (GError    **error,
           const char *message)
{
  g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED, message);
  return FALSE;
}

static gboolean
begin_part (FpPartReader       *self,
            SoupMessageHeaders *headers,
            GError            **error)
{
  g_autofree char *disposition = NULL;
  g_autofree char *type = NULL;
  g_autoptr(GHashTable) params = NULL;
  FpPart part = { NULL };

  if (!soup_message_headers_get_content_disposition (headers, &disposition, &params)
      || g_ascii_strcasecmp (disposition, "form-data") != 0)
    return malformed (error, _("A part has no “Content-Disposition: form-data”"));
  part.name = g_hash_table_lookup (params, "name");
  part.filename = g_hash_table_lookup (params, "filename");
  if (!part.name || !*part.name)
    return malformed (error, _("A part has no field name"));
  if (!g_utf8_validate (part.name, -1, NULL)
      || (part.filename && !g_utf8_validate (part.filename, -1, NULL)))
    return malformed (error, _("A part’s name is not UTF-8"));
  if (++self->n_parts > FP_PART_MAX_PARTS)
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_TOO_LARGE,
                   _("More than %d parts"), FP_PART_MAX_PARTS);
      return FALSE;
    }
  if (soup_message_headers_get_content_type (headers, NULL))
    type = g_ascii_strdown (soup_message_headers_get_content_type (headers, NULL), -1);
  part.type = type;

  return self->funcs->begin (&part, self->user_data, error);
}

/* Checked here: for libsoup a name or value that no header can have is its caller's mistake. */
static gboolean
is_header (const char *name,
           const char *value)
{
  if (!*name || strpbrk (value, "\r\n"))
    return FALSE;
  for (; *name; name++)
    {
      if (!g_ascii_isalnum (*name) && !strchr ("!#$%&'*+-.^_`|~", *name))
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_headers (FpPartReader *self,
              const char   *block,
              gsize         length,
              GError      **error)
{
  g_autoptr(SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;

  if (memchr (block, '\0', length))
    return malformed (error, _("A part’s headers hold a null byte"));
  text = g_strndup (block, length);
  lines = g_strsplit (text, "\r\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      char *colon = strchr (lines[i], ':');

      if (!*lines[i])
        continue;
      if (colon)
        *colon = '\0';
      if (!colon || !is_header (lines[i], g_strstrip (colon + 1)))
        return malformed (error, _("A part has a line among its headers that is none"));
      if (soup_message_headers_get_one (headers, lines[i]))
        return malformed (error, _("A part has the same header twice"));
      soup_message_headers_append (headers, lines[i], colon + 1);
    }

  return begin_part (self, headers, error);
}

/* The four steps: each consumes from the front of @data and says how much; *@more is FALSE where it needs more
 * bytes to go on. */

static gboolean
step_data (FpPartReader *self,
           const guint8 *data,
           gsize         length,
           gsize        *used,
           gboolean     *more,
           GError      **error)
{
  const guint8 *hit = memmem (data, length, self->delimiter, self->delimiter_length);
  gsize content = hit ? (gsize) (hit - data) : length - MIN (length, self->delimiter_length - 1);

  *more = hit != NULL;
  *used = hit ? content + self->delimiter_length : content;
  if (self->state == STATE_PREAMBLE)
    {
      self->preamble += content;
      if (self->preamble > MAX_PREAMBLE)
        return malformed (error, _("The body does not begin with its boundary"));
    }
  else
    {
      if (content > 0 && !self->funcs->data (data, content, self->user_data, error))
        return FALSE;
      if (hit && !self->funcs->end (self->user_data, error))
        return FALSE;
    }
  if (hit)
    self->state = STATE_BOUNDARY;

  return TRUE;
}

static gboolean
step_boundary (FpPartReader *self,
               const guint8 *data,
               gsize         length,
               gsize        *used,
               gboolean     *more,
               GError      **error)
{
  gsize blank = 0;

  *used = 0;
  *more = FALSE;
  if (length >= 2 && memcmp (data, "--", 2) == 0)
    {
      self->state = STATE_EPILOGUE;
      *more = TRUE;
      return TRUE;
    }
  while (blank < length && (data[blank] == ' ' || data[blank] == '\t'))
    blank++;
  if (blank > MAX_BOUNDARY)
    return malformed (error, _("A boundary line does not end"));
  if (length - blank < 2)
    return TRUE;
  if (memcmp (data + blank, "\r\n", 2) != 0)
    return malformed (error, _("A boundary line goes on with something else"));

  /* The line break stays: it makes an empty header block end like any other. */
  *used = blank;
  *more = TRUE;
  self->state = STATE_HEADERS;
  return TRUE;
}

static gboolean
step_headers (FpPartReader *self,
              const guint8 *data,
              gsize         length,
              gsize        *used,
              gboolean     *more,
              GError      **error)
{
  const guint8 *hit = memmem (data, length, "\r\n\r\n", 4);

  *used = 0;
  *more = hit != NULL;
  if ((hit ? (gsize) (hit - data) : length) > MAX_HEADERS)
    return malformed (error, _("A part’s headers are too long"));
  if (!hit)
    return TRUE;
  if (!read_headers (self, (const char *) data, hit - data, error))
    return FALSE;

  *used = hit - data + 4;
  self->state = STATE_DATA;
  return TRUE;
}

static gboolean
step (FpPartReader *self,
      const guint8 *data,
      gsize         length,
      gsize        *used,
      gboolean     *more,
      GError      **error)
{
  switch (self->state)
    {
    case STATE_BOUNDARY:
      return step_boundary (self, data, length, used, more, error);
    case STATE_HEADERS:
      return step_headers (self, data, length, used, more, error);
    case STATE_EPILOGUE:
      *used = length;
      *more = FALSE;
      return TRUE;
    case STATE_PREAMBLE:
    case STATE_DATA:
    default:
      return step_data (self, data, length, used, more, error);
    }
}

/**
 * fp_part_reader_feed:
 *
 * Takes the next bytes of the body. After an error the reader is only good to be freed.
 */
gboolean
fp_part_reader_feed (FpPartReader  *self,
                     const guint8  *data,
                     gsize          length,
                     GError       **error)
{
  gsize offset = 0;
  gboolean more = TRUE;

  g_byte_array_append (self->held, data, length);
  while (more)
    {
      gsize used = 0;

      if (!step (self, self->held->data + offset, self->held->len - offset, &used, &more, error))
        return FALSE;
      offset += used;
    }
  g_byte_array_remove_range (self->held, 0, offset);

  return TRUE;
}

/**
 * fp_part_reader_finish:
 *
 * Returns: FALSE with FP_RECEIVER_ERROR_MALFORMED where the body ended before its closing boundary
 */
gboolean
fp_part_reader_finish (FpPartReader  *self,
                       GError       **error)
{
  if (self->state != STATE_EPILOGUE)
    return malformed (error, _("The body ends before its closing boundary"));

  return TRUE;
}

void
fp_part_reader_free (FpPartReader *self)
{
  g_free (self->delimiter);
  g_byte_array_unref (self->held);
  g_free (self);
}
