#include "engine/fp-preferences-document.h"

#include "engine/fp-engine.h"

#define VERSION_KEY "fieldpost-preferences"
#define SETTINGS_KEY "settings"

gint64
fp_preferences_get_changed (FpStoreTxn *txn)
{
  gint64 newest = 0;

  for (const FpSettingKind *kind = fp_settings_list (); kind->name; kind++)
    if (kind->roams)
      newest = MAX (newest, fp_setting_get_changed (txn, kind));

  return newest;
}

static JsonObject *
peek_settings (JsonNode *node)
{
  JsonObject *object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *member = object && json_object_has_member (object, VERSION_KEY)
                       ? json_object_get_member (object, SETTINGS_KEY) : NULL;

  return member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL;
}

/* Clocks differ a little. */
#define SLACK_MS (5 * 60 * G_GINT64_CONSTANT (1000))

/* Theirs, if it can be understood: *stored NULL = set back. A time in the future is that of a clock that is wrong: it
 * would win for ever, so any change here wins. */
static gboolean
read_theirs (const FpSettingKind *kind,
             JsonObject          *settings,
             gint64               now,
             char               **stored,
             gint64              *changed)
{
  JsonNode *member = settings ? json_object_get_member (settings, kind->name) : NULL;
  JsonObject *entry = member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL;
  JsonNode *value = entry ? json_object_get_member (entry, "value") : NULL;

  *stored = NULL;
  if (!value)
    return FALSE;
  *changed = fp_json_get_int (entry, "changed", 0);
  *changed = *changed > now + SLACK_MS ? 1 : MIN (*changed, now);
  if (JSON_NODE_HOLDS_NULL (value))
    return *changed > 0;
  if (!JSON_NODE_HOLDS_VALUE (value) || json_node_get_value_type (value) != G_TYPE_STRING)
    return FALSE;
  *stored = fp_setting_parse (kind, json_node_get_string (value), NULL);

  return *stored && *changed > 0;
}

static JsonNode *
new_entry (const FpSettingKind *kind,
           const char          *stored,
           gint64               changed)
{
  JsonObject *entry = json_object_new ();
  g_autofree char *word = stored ? fp_setting_dup_word (kind, stored) : NULL;

  json_object_set_string_member (entry, "value", word);
  json_object_set_int_member (entry, "changed", changed);

  return fp_json_take_object (entry);
}

static JsonNode *
new_document (void)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, VERSION_KEY, 1);
  json_object_set_object_member (object, SETTINGS_KEY, json_object_new ());

  return fp_json_take_object (object);
}

static gboolean
merge_one (FpStoreTxn           *txn,
           const FpSettingKind  *kind,
           JsonObject           *theirs,
           JsonObject           *merged,
           gboolean             *differs,
           GError              **error)
{
  gint64 ours = fp_setting_get_changed (txn, kind);
  gint64 changed = 0;
  g_autofree char *stored = NULL;
  gboolean understood = read_theirs (kind, theirs, fp_store_txn_get_now (txn), &stored, &changed);

  if (understood && changed > ours)
    return fp_setting_write (txn, kind, stored, changed, error);
  if (ours == 0 || (understood && changed == ours))
    return TRUE;

  g_free (stored);
  stored = fp_setting_rows_get (txn, kind->name, NULL);
  json_object_set_member (merged, kind->name, new_entry (kind, stored, ours));
  *differs = TRUE;

  return TRUE;
}

JsonNode *
fp_preferences_merge (FpStoreTxn  *txn,
                      JsonNode    *theirs,
                      gboolean    *differs,
                      GError     **error)
{
  JsonObject *settings = peek_settings (theirs);
  g_autoptr(JsonNode) node = NULL;
  JsonObject *merged;

  *differs = theirs == NULL;
  if (theirs && !settings)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "what is there are no preferences of Fieldpost");
      return NULL;
    }
  node = settings ? json_node_copy (theirs) : new_document ();
  merged = peek_settings (node);
  for (const FpSettingKind *kind = fp_settings_list (); kind->name; kind++)
    if (kind->roams && !merge_one (txn, kind, settings, merged, differs, error))
      return NULL;

  return g_steal_pointer (&node);
}
