#include "net/fp-words.h"

#include <string.h>

#include "base/fp-json.h"
#include "net/fp-openrosa.h"

#define MAX_CHARACTERS 300

/* Longer plain texts are pages, not messages. */
#define MAX_PLAIN_BYTES 1000

static const char *
peek_text (const FpAnswer *answer,
           gsize          *size)
{
  const char *text = answer->body ? g_bytes_get_data (answer->body, size) : NULL;

  if (!text)
    {
      *size = 0;
      return "";
    }
  while (*size > 0 && g_ascii_isspace (*text))
    {
      text++;
      (*size)--;
    }

  return text;
}

static gboolean
begins_with (const char *text,
             gsize       size,
             const char *prefix)
{
  return size >= strlen (prefix) && g_ascii_strncasecmp (text, prefix, strlen (prefix)) == 0;
}

static gboolean
has_type (const FpAnswer *answer,
          const char     *part)
{
  const char *header = fp_answer_peek_header (answer, "content-type");
  g_autofree char *type = header ? g_ascii_strdown (header, -1) : NULL;

  return type && strstr (type, part);
}

gboolean
_fp_words_is_empty (const FpAnswer *answer)
{
  gsize size;

  peek_text (answer, &size);
  return size == 0;
}

/* By its type or by its looks: sign-in pages are often labelled as something else. */
gboolean
_fp_words_is_html (const FpAnswer *answer)
{
  gsize size;
  const char *text = peek_text (answer, &size);

  return (has_type (answer, "html") && size > 0) || begins_with (text, size, "<!doctype html")
         || begins_with (text, size, "<html") || begins_with (text, size, "<head")
         || begins_with (text, size, "<script") || begins_with (text, size, "<meta");
}

gboolean
_fp_words_is_json (const FpAnswer *answer)
{
  gsize size;
  const char *text = peek_text (answer, &size);
  g_autoptr(JsonNode) root = size > 0 && !answer->body_cut ? fp_json_parse (text, (gssize) size, NULL) : NULL;

  /* What is longer than is read can be told by its type and its beginning alone. */
  return root || (answer->body_cut && has_type (answer, "json") && (*text == '{' || *text == '['));
}

/* One line without control or direction characters, cut at a character. */
static char *
tidy (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  const char *p;
  glong n = 0;

  for (p = valid; *p && n < MAX_CHARACTERS; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isspace (c) || g_unichar_iscntrl (c))
        {
          if (out->len == 0 || out->str[out->len - 1] == ' ')
            continue;
          c = ' ';
        }
      else if (g_unichar_type (c) == G_UNICODE_FORMAT)
        {
          continue;
        }
      g_string_append_unichar (out, c);
      n++;
    }
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  if (*p && out->len > 0)
    g_string_append (out, "…");

  return out->len > 0 ? g_string_free (out, FALSE) : (g_string_free (out, TRUE), NULL);
}

static const char *peek_in_node (JsonNode *node, guint depth);

static const char *
peek_in_object (JsonObject *object,
                guint       depth)
{
  static const char *const keys[]
      = { "message", "error_description", "detail", "error", "title", "reason", "errors" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      JsonNode *member = json_object_get_member (object, keys[i]);
      const char *text = member ? peek_in_node (member, depth + 1) : NULL;

      if (text && *text)
        return text;
    }

  return NULL;
}

/* {"message": …}, {"error": {"message": …}}, {"errors": ["…"]} and the like. */
static const char *
peek_in_node (JsonNode *node,
              guint     depth)
{
  if (depth > 3)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return peek_in_object (json_node_get_object (node), depth);
  if (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) > 0)
    return peek_in_node (json_array_get_element (json_node_get_array (node), 0), depth + 1);
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);

  return NULL;
}

static char *
dup_json_words (const char *text,
                gsize       size)
{
  g_autoptr(JsonNode) root = fp_json_parse (text, size, NULL);
  const char *words = root ? peek_in_node (root, 0) : NULL;

  return words ? tidy (words) : NULL;
}

static char *
dup_plain_words (const FpAnswer *answer,
                 const char     *text,
                 gsize           size)
{
  g_autofree char *copy = NULL;

  if (size > MAX_PLAIN_BYTES || memchr (text, '<', size) || !g_utf8_validate_len (text, size, NULL)
      || (fp_answer_peek_header (answer, "content-type") && !has_type (answer, "text/plain")))
    return NULL;

  copy = g_strndup (text, size);
  return tidy (copy);
}

char *
_fp_words_dup (const FpAnswer *answer)
{
  g_autofree char *message = fp_openrosa_dup_message (answer->body);
  gsize size;
  const char *text = peek_text (answer, &size);

  if (message)
    return tidy (message);
  if (size == 0 || _fp_words_is_html (answer))
    return NULL;
  if (*text == '{' || *text == '[' || *text == '"')
    return dup_json_words (text, size);

  return dup_plain_words (answer, text, size);
}
