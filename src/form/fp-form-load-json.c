#include "config.h"

#include "form/fp-form-model-private.h"

#include <glib/gi18n.h>

#include "base/fp-json.h"

/* An answer as the text that the instance holds. */
static char *
dup_text (JsonNode *node)
{
  GString *tokens;
  JsonArray *array;

  if (JSON_NODE_HOLDS_VALUE (node))
    switch (json_node_get_value_type (node))
      {
      case G_TYPE_STRING:
        return g_strdup (json_node_get_string (node));
      case G_TYPE_BOOLEAN:
        return g_strdup (json_node_get_boolean (node) ? "true" : "false");
      case G_TYPE_INT64:
        return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
      default:
        return fp_xpath_dup_number (json_node_get_double (node));
      }
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return g_strdup ("");

  tokens = g_string_new (NULL);
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      g_autofree char *token = JSON_NODE_HOLDS_ARRAY (element) ? NULL : dup_text (element);

      g_string_append_printf (tokens, "%s%s", tokens->len ? " " : "", token ? token : "");
    }

  return g_string_free (tokens, FALSE);
}

static void
put_children (FpFormModel *self,
              JsonObject  *object,
              int          parent)
{
  int end = fp_form_def_field (self->def, parent)->end;

  for (int i = parent + 1; i < end; i = fp_form_def_field (self->def, i)->end)
    {
      FpField *field = fp_form_def_field (self->def, i);
      JsonNode *member = json_object_get_member (object, field->name);

      if (!member || i == self->def->instance_id)
        continue;
      if (fp_live_is_leaf (fp_form_model_live (self, i)))
        {
          g_autofree char *text = dup_text (member);

          fp_form_model_put (self, i, text);
        }
      else if (JSON_NODE_HOLDS_OBJECT (member))
        {
          put_children (self, json_node_get_object (member), i);
        }
    }
}

/**
 * fp_form_model_load_json:
 * @json: what [method@FormModel.freeze] gave for a form that leaves as JSON
 * @env: (nullable): copied
 *
 * Opens a submission again. A number comes back without the zeros at its end, calculations are made anew.
 *
 * Returns: (transfer full): or %NULL with %FP_FORM_ERROR_INSTANCE where @json is no JSON object
 */
FpFormModel *
fp_form_model_load_json (FpFormDef       *def,
                         GBytes          *json,
                         const FpFormEnv *env,
                         GError         **error)
{
  g_autoptr(FpFormModel) self = fp_form_model_new (def, env, error);
  gsize length = 0;
  const char *text = g_bytes_get_data (json, &length);
  g_autoptr(JsonNode) root = self ? fp_json_parse (text, (gssize) length, NULL) : NULL;

  if (!self)
    return NULL;
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE, _("The submission is no JSON object"));
      return NULL;
    }

  put_children (self, json_node_get_object (root), 0);
  fp_form_model_queue_all (self);
  fp_form_model_settle (self);
  fp_form_model_announce (self);

  return g_steal_pointer (&self);
}
