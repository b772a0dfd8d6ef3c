/* form-test.h — small forms for the tests of form/ */
#pragma once

#include "form/fp-form-model.h"

/* A form around @fields (elements of <data>), @binds (and other parts of the model) and @body. */
static inline GBytes *
form_bytes (const char *fields,
            const char *binds,
            const char *body)
{
  char *text = g_strdup_printf (
    "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'"
    " xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>Test</h:title><model>"
    "<instance><data id='test' version='1'>%s<meta><instanceID/></meta></data></instance>%s"
    "</model></h:head><h:body>%s</h:body></h:html>",
    fields, binds, body);

  return g_bytes_new_take (text, strlen (text));
}

static inline FpFormDef *
form_parse (const char  *fields,
            const char  *binds,
            const char  *body,
            GError     **error)
{
  g_autoptr(GBytes) bytes = form_bytes (fields, binds, body);

  return fp_form_def_parse (bytes, error);
}

static inline FpFormDef *
form_def (const char *fields,
          const char *binds,
          const char *body)
{
  g_autoptr(GError) error = NULL;
  FpFormDef *def = form_parse (fields, binds, body, &error);

  g_assert_no_error (error);

  return def;
}

/* 2026-11-22T10:00:00Z, and always the same instanceID. */
static const FpFormEnv form_env = {
  .now = G_GINT64_CONSTANT (1795341600000),
  .uid = "11111111-2222-4333-8444-555555555555",
  .device_id = "fieldpost:test",
  .username = "ada",
};

static inline FpFormModel *
form_begin (FpFormDef *def)
{
  g_autoptr(GError) error = NULL;
  FpFormModel *model = fp_form_model_new (def, &form_env, &error);

  g_assert_no_error (error);

  return model;
}

static inline FpFormModel *
form_model (const char *fields,
            const char *binds,
            const char *body)
{
  g_autoptr(FpFormDef) def = form_def (fields, binds, body);

  return form_begin (def);
}

static inline FpFormModel *
form_reload (FpFormModel *model)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) instance = fp_form_model_dup_instance (model);
  FpFormModel *again = fp_form_model_load (fp_form_model_get_def (model), instance, &form_env,
                                           &error);

  g_assert_no_error (error);

  return again;
}

static inline FpFormNode *
form_node (FpFormModel *model,
           const char  *path)
{
  FpFormNode *node = fp_form_model_find (model, path);

  if (!node)
    g_error ("no node %s", path);

  return node;
}

static inline void
form_set (FpFormModel *model,
          const char  *path,
          const char  *value)
{
  fp_form_model_set_value (model, form_node (model, path), value);
}

#define form_assert_value(model, path, expected) \
  g_assert_cmpstr (fp_form_node_get_value (form_node (model, path)), ==, expected)
#define form_assert_relevant(model, path, expected) \
  g_assert_cmpint (fp_form_node_get_relevant (form_node (model, path)), ==, expected)
#define form_assert_error(model, path, expected) \
  g_assert_cmpstr (fp_form_node_get_error (form_node (model, path)), ==, expected)

static inline FpFormDef *
form_sample (const char *name)
{
  g_autofree char *file
      = g_strdup_printf ("%s/../data/forms/%s.xml", g_getenv ("G_TEST_SRCDIR"), name);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  FpFormDef *def;
  char *text;
  gsize length;

  g_file_get_contents (file, &text, &length, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new_take (text, length);
  def = fp_form_def_parse (bytes, &error);
  g_assert_no_error (error);

  return def;
}

/* Frozen, as a terminated text. */
static inline char *
form_frozen (FpFormModel *model)
{
  g_autoptr(GError) error = NULL;
  const char *media_type = NULL;
  g_autoptr(GBytes) bytes = fp_form_model_freeze (model, &media_type, &error);
  gsize length;
  const char *text;

  g_assert_no_error (error);
  text = g_bytes_get_data (bytes, &length);

  return g_strndup (text, length);
}
