#include "config.h"

#include "engine/fp-settings.h"

#include <glib/gi18n.h>

#include "engine/fp-engine.h"
#include "net/fp-host.h"

#define GIB (G_GINT64_CONSTANT (1024) * 1024 * 1024)

static const FpSettingKind kinds[] = {
  { "paused", FP_SETTING_SWITCH, "0", 0, 0, { NULL }, FALSE, N_("Work offline: nothing is sent") },
  { "metered", FP_SETTING_CHOICE, "limit", 0, 0, { "limit", "never", "always", NULL }, TRUE,
    N_("What is sent where the network costs: limit = what is not large, never = nothing, always = all") },
  { "metered-limit", FP_SETTING_NUMBER, "1048576", 0, 1024 * GIB, { NULL }, TRUE,
    N_("Bytes above which an item is large") },
  { "retention-days", FP_SETTING_NUMBER, "7", 1, 36500, { NULL }, TRUE,
    N_("Days that sent items are kept with their content") },
  { "diagnostics", FP_SETTING_SWITCH, "0", 0, 0, { NULL }, TRUE, N_("Allow Fieldpost to log events of its own") },
  { "periodic", FP_SETTING_CHOICE, "ask", 0, 0, { "ask", "granted", "denied", NULL }, FALSE,
    N_("Whether periodic jobs may run; “periodic register” asks") },
  { "periodic-metered", FP_SETTING_SWITCH, "0", 0, 0, { NULL }, TRUE,
    N_("Run periodic jobs also where the network costs") },
  { "preferences-url", FP_SETTING_URL, "", 0, 0, { NULL }, FALSE,
    N_("Address with which these settings are kept in step; empty = none") },
  { NULL },
};

const FpSettingKind *
fp_settings_list (void)
{
  return kinds;
}

const FpSettingKind *
fp_settings_find (const char *name)
{
  for (const FpSettingKind *kind = kinds; kind->name; kind++)
    if (g_str_equal (kind->name, name))
      return kind;

  return NULL;
}

static char *
parse_switch (const char *word)
{
  static const char *const words[][2] = { { "on", "1" }, { "off", "0" }, { "true", "1" }, { "false", "0" },
                                          { "yes", "1" }, { "no", "0" }, { "1", "1" }, { "0", "0" } };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strcasecmp (word, words[i][0]) == 0)
      return g_strdup (words[i][1]);

  return NULL;
}

static char *
parse_number (const FpSettingKind *kind,
              const char          *word)
{
  gint64 value;

  if (!g_ascii_string_to_signed (word, 10, kind->min, kind->max, &value, NULL))
    return NULL;

  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

/**
 * fp_setting_parse:
 * @word: as a person types it: "on", "14", …
 *
 * Returns: (transfer full): as it is stored
 */
char *
fp_setting_parse (const FpSettingKind *kind,
                  const char          *word,
                  GError             **error)
{
  g_autofree char *origin = NULL;
  g_autofree char *choices = NULL;
  char *stored = NULL;

  switch (kind->type)
    {
    case FP_SETTING_SWITCH:
      stored = parse_switch (word);
      if (!stored)
        g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s: “%s” is neither on nor off", kind->name, word);
      return stored;
    case FP_SETTING_NUMBER:
      stored = parse_number (kind, word);
      if (!stored)
        g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                     "%s: “%s” is no whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " (%s)", kind->name,
                     word, kind->min, kind->max, _(kind->help));
      return stored;
    case FP_SETTING_URL:
      origin = *word ? fp_host_dup_origin (word, error) : NULL;
      if (*word && !origin)
        {
          g_prefix_error (error, "%s: ", kind->name);
          return NULL;
        }
      return g_strdup (word);
    case FP_SETTING_CHOICE:
    default:
      if (g_strv_contains (kind->choices, word))
        return g_strdup (word);
      choices = g_strjoinv (", ", (char **) kind->choices);
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s: “%s” is none of %s", kind->name, word, choices);
      return NULL;
    }
}

char *
fp_setting_dup_word (const FpSettingKind *kind,
                     const char          *stored)
{
  if (kind->type == FP_SETTING_SWITCH)
    return g_strdup (g_str_equal (stored, "1") ? "on" : "off");

  return g_strdup (stored);
}

char *
fp_setting_read (FpStoreTxn          *txn,
                 const FpSettingKind *kind,
                 GError             **error)
{
  g_autoptr(GError) local = NULL;
  g_autofree char *stored = fp_setting_rows_get (txn, kind->name, &local);
  g_autofree char *checked = NULL;

  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  checked = stored ? fp_setting_parse (kind, stored, NULL) : NULL;

  return checked ? g_steal_pointer (&checked) : g_strdup (kind->fallback);
}

/**
 * fp_setting_read_int:
 *
 * Returns: the value of a number or a switch; the fallback where it cannot be read
 */
gint64
fp_setting_read_int (FpStoreTxn *txn,
                     const char *name)
{
  const FpSettingKind *kind = fp_settings_find (name);
  g_autofree char *stored = NULL;

  g_return_val_if_fail (kind, 0);

  stored = fp_setting_read (txn, kind, NULL);

  return g_ascii_strtoll (stored ? stored : kind->fallback, NULL, 10);
}

static char *
dup_changed_name (const FpSettingKind *kind)
{
  return g_strconcat ("changed:", kind->name, NULL);
}

gboolean
fp_setting_write (FpStoreTxn          *txn,
                  const FpSettingKind *kind,
                  const char          *stored,
                  gint64               changed,
                  GError             **error)
{
  g_autofree char *name = dup_changed_name (kind);
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, changed);

  return fp_setting_rows_set (txn, kind->name, stored, error)
         && (!kind->roams || fp_setting_rows_set (txn, name, time, error));
}

gint64
fp_setting_get_changed (FpStoreTxn          *txn,
                        const FpSettingKind *kind)
{
  g_autofree char *name = dup_changed_name (kind);
  g_autofree char *time = fp_setting_rows_get (txn, name, NULL);

  return time ? g_ascii_strtoll (time, NULL, 10) : 0;
}
