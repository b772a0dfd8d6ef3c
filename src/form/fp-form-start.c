#include "form/fp-form-model-private.h"

#include <string.h>

#include "base/fp-random.h"
#include "form/fp-xpath-date.h"

gint64
fp_form_model_now (FpFormModel *self)
{
  return self->now ? self->now : g_get_real_time () / 1000;
}

static char *
dup_timestamp (FpFormModel *self,
               gboolean     date_only)
{
  gint64 ms = fp_form_model_now (self);
  g_autoptr(GDateTime) second = g_date_time_new_from_unix_local (ms / 1000);
  g_autoptr(GDateTime) time = g_date_time_add (second, ms % 1000 * 1000);

  return date_only ? fp_xpath_date_dup_date (time) : fp_xpath_date_dup_time (time);
}

static char *
dup_property (FpFormModel *self,
              const char  *name)
{
  if (g_strcmp0 (name, "deviceid") == 0)
    return g_strdup (self->device_id ? self->device_id : "");
  if (g_strcmp0 (name, "username") == 0)
    return g_strdup (self->username ? self->username : "");

  /* A telephone's properties: a desktop has none of them. */
  return g_strdup ("");
}

static char *
dup_preload (FpFormModel *self,
             FpField     *field)
{
  if (strcmp (field->preload, "timestamp") == 0)
    return dup_timestamp (self, FALSE);
  if (strcmp (field->preload, "date") == 0)
    return dup_timestamp (self, TRUE);
  if (strcmp (field->preload, "property") == 0)
    return dup_property (self, field->preload_params);
  if (strcmp (field->preload, "uid") == 0)
    {
      g_autofree char *uid = fp_uuid_new ();

      return g_strconcat ("uuid:", uid, NULL);
    }

  return NULL;
}

/**
 * fp_form_model_preload:
 *
 * Puts what is known before the first answer. Source: ODK XForms, "Preload attributes".
 */
void
fp_form_model_preload (FpFormModel *self)
{
  g_autofree char *uid = self->uid ? g_strdup (self->uid) : fp_uuid_new ();
  g_autofree char *instance_id = g_strconcat ("uuid:", uid, NULL);

  for (guint i = 0; i < self->def->fields->len; i++)
    {
      FpField *field = fp_form_def_field (self->def, (int) i);
      g_autofree char *value = field->preload && !field->foreign ? dup_preload (self, field) : NULL;

      if (value)
        fp_form_model_put (self, (int) i, value);
    }
  fp_form_model_put (self, self->def->instance_id, instance_id);
}

/* The end of a filling is its last change, so that the same answers stay the same bytes. */
void
fp_form_model_stamp_end (FpFormModel *self)
{
  for (guint i = 0; i < self->def->fields->len; i++)
    {
      FpField *field = fp_form_def_field (self->def, (int) i);

      if (!field->foreign && g_strcmp0 (field->preload, "timestamp") == 0
          && g_strcmp0 (field->preload_params, "end") == 0)
        {
          g_autofree char *now = dup_timestamp (self, FALSE);

          fp_form_model_put (self, (int) i, now);
        }
    }
}

void
fp_form_model_run_actions (FpFormModel *self)
{
  for (guint i = 0; i < self->def->actions->len; i++)
    {
      FpAction *action = g_ptr_array_index (self->def->actions, i);
      xmlNode *element = fp_form_model_live (self, action->field)->element;
      g_autoptr(xmlXPathObject) object = fp_form_model_eval (self, action->value, element, element);
      g_autofree char *value = object ? fp_form_model_cast (self, action->field, object) : NULL;

      if (value)
        fp_form_model_put (self, action->field, value);
    }
}

static char *
cast_date (xmlXPathObject *object)
{
  g_autofree char *text = fp_xpath_dup_text (object);
  g_autoptr(GDateTime) time = NULL;
  gboolean has_time;

  if (!fp_xpath_date_parse (text, &time, &has_time))
    time = fp_xpath_date_from_days (fp_xpath_text_to_number (text));

  return time ? fp_xpath_date_dup_date (time) : g_steal_pointer (&text);
}

/**
 * fp_form_model_cast:
 *
 * Returns: (transfer full): a computed value as the text that @field's type stores; "" for NaN
 */
char *
fp_form_model_cast (FpFormModel    *self,
                    int             field,
                    xmlXPathObject *object)
{
  FpDataType type = fp_form_def_field (self->def, field)->type;
  g_autofree char *text = fp_xpath_dup_text (object);
  double number;
  char *end;

  if (*text == '\0' || strcmp (text, "NaN") == 0)
    return g_strdup ("");
  if (type == FP_DATA_DATE)
    return cast_date (object);
  if (type == FP_DATA_INTEGER && strpbrk (text, ".eE"))
    {
      number = g_ascii_strtod (text, &end);
      if (*end == '\0')
        return fp_xpath_dup_number ((double) (gint64) CLAMP (number, -1e15, 1e15));
    }

  return fp_xml_dup_legal (text);
}
