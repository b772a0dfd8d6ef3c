/* fp-settings.h — the settings that all programs share: names, types, defaults, limits; one table */
#pragma once

#include "base/fp-json.h"
#include "store/fp-form-rows.h"

G_BEGIN_DECLS

typedef enum {
  FP_SETTING_SWITCH, /* stored "1" or "0", said "on" or "off" */
  FP_SETTING_NUMBER,
  FP_SETTING_CHOICE,
  FP_SETTING_URL,
} FpSettingType;

typedef struct {
  const char   *name;
  FpSettingType type;
  const char   *fallback; /* as stored */
  gint64        min, max; /* of a number */
  const char   *choices[5];
  gboolean      roams;    /* goes to the preferences on a server */
  const char   *help;     /* translatable */
} FpSettingKind;

/* Ended by a NULL name. */
const FpSettingKind *fp_settings_list     (void);
/* NULL: there is none. */
const FpSettingKind *fp_settings_find     (const char          *name);
/* What @word, as a person types it, is when stored; NULL: USAGE says what it may be. */
char                *fp_setting_parse     (const FpSettingKind *kind,
                                           const char          *word,
                                           GError             **error);
/* As a person reads it. */
char                *fp_setting_dup_word  (const FpSettingKind *kind,
                                           const char          *stored);

/* The stored value, or the fallback; what is stored and makes no sense counts as not set. NULL on error only. */
char                *fp_setting_read      (FpStoreTxn          *txn,
                                           const FpSettingKind *kind,
                                           GError             **error);
gint64               fp_setting_read_int  (FpStoreTxn          *txn,
                                           const char          *name);
/* @stored: (nullable): NULL = back to the fallback. @changed: unix ms, for preferences. */
gboolean             fp_setting_write     (FpStoreTxn          *txn,
                                           const FpSettingKind *kind,
                                           const char          *stored,
                                           gint64               changed,
                                           GError             **error);
/* unix ms when it was last set or reset; 0 = never. */
gint64               fp_setting_get_changed (FpStoreTxn          *txn,
                                             const FpSettingKind *kind);

G_END_DECLS
