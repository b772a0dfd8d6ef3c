#include "bus/fp-bus-request.h"

#include "bus/fp-bus-descriptor.h"
#include "bus/fp-bus-variant.h"
#include "engine/fp-item-json.h"

static const FpBusKey request_keys[] = {
  { "url", "s" }, { "method", "s" }, { "headers", "a{ss}" }, { "meta", "a{ss}" }, { "tag", "s" }, { "title", "s" },
  { "reach", "s" }, { "body", "ay" }, { "media-type", "s" }, { "parts", "aa{sv}" }, { NULL },
};

static const FpBusKey part_keys[] = {
  { "name", "s" }, { "filename", "s" }, { "media-type", "s" }, { "data", "ay" }, { "file", "h" },
  { "size", "t" }, { NULL },
};

static gboolean
usage (GError     **error,
       const char  *format,
       ...) G_GNUC_PRINTF (2, 3);

static gboolean
usage (GError     **error,
       const char  *format,
       ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, message);

  return FALSE;
}

static GHashTable *
lookup_map (GVariant   *request,
            const char *key)
{
  g_autoptr(GVariant) map = g_variant_lookup_value (request, key, G_VARIANT_TYPE ("a{ss}"));
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GVariantIter iter;
  char *name, *value;

  if (map)
    {
      g_variant_iter_init (&iter, map);
      while (g_variant_iter_next (&iter, "{ss}", &name, &value))
        g_hash_table_insert (table, name, value);
    }

  return table;
}

static GBytes *
lookup_bytes (GVariant   *vardict,
              const char *key)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (vardict, key, G_VARIANT_TYPE_BYTESTRING);

  return value ? g_variant_get_data_as_bytes (value) : NULL;
}

static GInputStream *
open_file (GUnixFDList  *fds,
           gint32        handle,
           gint64        announced,
           const char   *where,
           FpBusLoad    *load,
           GError      **error)
{
  g_autoptr(GInputStream) stream = NULL;
  gint64 size = 0;
  gboolean pipe = FALSE;
  int fd;

  if (!fds || handle < 0 || handle >= g_unix_fd_list_get_length (fds))
    {
      usage (error, "%skey \"file\": the message carries no descriptor %d", where, handle);
      return NULL;
    }
  fd = g_unix_fd_list_get (fds, handle, error);
  if (fd < 0)
    return NULL;
  stream = fp_bus_descriptor_open (fd, where, announced, &size, &pipe, error);
  if (!stream)
    return NULL;
  /* One after the other is copied: who writes two in turns would wait for ever. */
  if (pipe && load->pipe)
    {
      usage (error, "%skey \"file\": a second pipe; one part can come through a pipe", where);
      return NULL;
    }
  load->pipe |= pipe;
  load->vague |= size < 0;
  load->files += MAX (0, size);
  if (load->files > FP_BUS_DESCRIPTOR_MAX)
    {
      usage (error, "%skey \"file\": the parts are larger than 8 GiB together", where);
      return NULL;
    }

  return g_steal_pointer (&stream);
}

static gboolean
read_part (FpEnqueue    *enqueue,
           GVariant     *part,
           guint         number,
           GUnixFDList  *fds,
           FpBusLoad    *load,
           GError      **error)
{
  g_autofree char *where = g_strdup_printf ("parts[%u]: ", number);
  g_autoptr(GBytes) data = NULL;
  g_autoptr(GInputStream) stream = NULL;
  const char *name = NULL, *filename = NULL, *media_type = NULL;
  guint64 size = 0;
  gint32 handle = -1;
  gboolean has_file, has_size;

  if (!fp_bus_check_keys (part, part_keys, where, error))
    return FALSE;
  data = lookup_bytes (part, "data");
  g_variant_lookup (part, "name", "&s", &name);
  g_variant_lookup (part, "filename", "&s", &filename);
  g_variant_lookup (part, "media-type", "&s", &media_type);
  has_file = g_variant_lookup (part, "file", "h", &handle);
  has_size = g_variant_lookup (part, "size", "t", &size);
  if (!name)
    return usage (error, "%skey \"name\" is missing", where);
  if ((data != NULL) == has_file)
    return usage (error, "%sneeds either key \"data\" or key \"file\"", where);
  if (has_size && (data || size > FP_BUS_DESCRIPTOR_MAX))
    return usage (error, "%skey \"size\": %s", where, data ? "only a \"file\" has it" : "larger than 8 GiB");
  if (data)
    {
      load->memory += g_bytes_get_size (data);
      fp_enqueue_add_part (enqueue, name, filename, media_type, data, NULL);
      return TRUE;
    }

  stream = open_file (fds, handle, has_size ? (gint64) size : -1, where, load, error);
  if (!stream)
    return FALSE;
  fp_enqueue_add_stream (enqueue, name, filename, media_type, stream);

  return TRUE;
}

static gboolean
read_body (FpEnqueue    *enqueue,
           GVariant     *request,
           GUnixFDList  *fds,
           FpBusLoad    *load,
           GError      **error)
{
  g_autoptr(GBytes) body = lookup_bytes (request, "body");
  g_autoptr(GVariant) parts = g_variant_lookup_value (request, "parts", G_VARIANT_TYPE ("aa{sv}"));
  const char *media_type = NULL;
  gsize n = parts ? g_variant_n_children (parts) : 0;

  if (body && parts)
    return usage (error, "keys \"body\" and \"parts\" exclude each other");
  g_variant_lookup (request, "media-type", "&s", &media_type);
  if (media_type && !body)
    return usage (error, "key \"media-type\": there is no key \"body\" that it could describe");
  if (body)
    load->memory += g_bytes_get_size (body);
  if (body)
    fp_enqueue_add_part (enqueue, NULL, NULL, media_type ? media_type : "application/octet-stream", body, NULL);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr(GVariant) part = g_variant_get_child_value (parts, i);

      if (!read_part (enqueue, part, i, fds, load, error))
        return FALSE;
    }

  return TRUE;
}

static FpEnqueue *
read_all (GVariant     *request,
          GUnixFDList  *fds,
          FpBusLoad    *load,
          GError      **error)
{
  g_autoptr(FpEnqueue) enqueue = NULL;
  const char *url = NULL, *reach = NULL;

  *load = (FpBusLoad) { 0 };
  if (!fp_bus_check_keys (request, request_keys, "", error))
    return NULL;

  g_variant_lookup (request, "url", "&s", &url);
  enqueue = fp_enqueue_new (url);
  g_variant_lookup (request, "method", "s", &enqueue->method);
  g_variant_lookup (request, "tag", "s", &enqueue->tag);
  g_variant_lookup (request, "title", "s", &enqueue->title);
  enqueue->headers = lookup_map (request, "headers");
  enqueue->meta = lookup_map (request, "meta");
  if (g_variant_lookup (request, "reach", "&s", &reach) && !fp_reach_from_string (reach, &enqueue->reach))
    {
      usage (error, "key \"reach\": \"%s\" is none of auto, public, lan, always", reach);
      return NULL;
    }
  if (!read_body (enqueue, request, fds, load, error))
    return NULL;

  return g_steal_pointer (&enqueue);
}

FpEnqueue *
fp_bus_read_request (GVariant     *request,
                     GUnixFDList  *fds,
                     FpBusLoad    *load,
                     GError      **error)
{
  g_autoptr(FpEnqueue) enqueue = read_all (request, fds, load, error);

  if (!enqueue)
    return NULL;
  if (!enqueue->url)
    {
      usage (error, "key \"url\" is missing");
      return NULL;
    }

  return g_steal_pointer (&enqueue);
}

FpEnqueue *
fp_bus_read_changes (GVariant     *request,
                     GUnixFDList  *fds,
                     gboolean     *reach,
                     FpBusLoad    *load,
                     GError      **error)
{
  g_autoptr(FpEnqueue) changes = read_all (request, fds, load, error);

  if (!changes)
    return NULL;
  *reach = g_variant_lookup (request, "reach", "&s", NULL);
  if (load->pipe)
    {
      usage (error, "key \"file\": a pipe; what is edited is read before the answer, from files");
      return NULL;
    }

  return g_steal_pointer (&changes);
}
