#include "fp-engine-fixture.h"

#include <string.h>

#include "engine/fp-engine-preferences.h"

FpEngine *
fp_engine_fixture_open (const char *folder)
{
  FpEngine *engine = fp_engine_new (folder, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_open_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_open_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return engine;
}

void
fp_engine_fixture_close (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_close_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_close_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  fp_test_finalize (engine);
}

void
fp_engine_fixture_setup (FpEngineFixture *f,
                         gconstpointer    data)
{
  f->folder = fp_test_make_folder ();
  f->engine = fp_engine_fixture_open (f->folder);
}

void
fp_engine_fixture_teardown (FpEngineFixture *f,
                            gconstpointer    data)
{
  fp_engine_fixture_close (f->engine);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

/* Calls without callbacks. */

FpFormRow *
fp_engine_fixture_add_form (FpEngine   *engine,
                            const char *xml,
                            const char *url,
                            GError    **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (xml, strlen (xml));
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_add_form_async (engine, bytes, url, NULL, fp_test_await_cb, &await);
  return fp_engine_add_form_finish (engine, fp_test_await (&await), error);
}

FpDraft *
fp_engine_fixture_begin (FpEngine   *engine,
                         const char *xml,
                         const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormRow) form = fp_engine_fixture_add_form (engine, xml, url, &error);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  FpDraft *draft;

  g_assert_no_error (error);
  fp_engine_begin_async (engine, form->id, NULL, fp_test_await_cb, &await);
  draft = fp_engine_begin_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return draft;
}

FpDraft *
fp_engine_fixture_open_draft (FpEngine   *engine,
                              const char *uid,
                              GError    **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_open_draft_async (engine, uid, NULL, fp_test_await_cb, &await);
  return fp_engine_open_draft_finish (engine, fp_test_await (&await), error);
}

void
fp_engine_fixture_answer (FpDraft    *draft,
                          const char *value)
{
  FpFormModel *model = fp_draft_get_model (draft);

  fp_form_model_set_value (model, fp_form_model_find (model, "name"), value);
}

FpItem *
fp_engine_fixture_submit (FpEngine *engine,
                          FpDraft  *draft,
                          GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_submit_async (engine, draft, NULL, fp_test_await_cb, &await);
  return fp_engine_submit_finish (engine, fp_test_await (&await), error);
}

void
fp_engine_fixture_flush (FpDraft *draft)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_draft_flush_async (draft, NULL, fp_test_await_cb, &await);
  fp_draft_flush_finish (draft, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

FpItem *
fp_engine_fixture_enqueue (FpEngine  *engine,
                           FpEnqueue *request,
                           GError   **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_enqueue_async (engine, request, NULL, fp_test_await_cb, &await);
  return fp_engine_enqueue_finish (engine, fp_test_await (&await), error);
}

FpItem *
fp_engine_fixture_get_item (FpEngine *engine,
                            gint64    id)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpItem *item;

  fp_engine_get_item_async (engine, id, NULL, fp_test_await_cb, &await);
  item = fp_engine_get_item_finish (engine, fp_test_await (&await), NULL, &error);
  g_assert_no_error (error);

  return item;
}

guint
fp_engine_fixture_count_items (FpEngine *engine)
{
  FpItemQuery query = { .states = ~0u };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = NULL;

  fp_engine_list_items_async (engine, &query, NULL, fp_test_await_cb, &await);
  items = fp_engine_list_items_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return items->len;
}

guint
fp_engine_fixture_count_drafts (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) drafts = NULL;

  fp_engine_list_drafts_async (engine, NULL, fp_test_await_cb, &await);
  drafts = fp_engine_list_drafts_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return drafts->len;
}

guint
fp_engine_fixture_count_forms (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) forms = NULL;

  fp_engine_list_forms_async (engine, NULL, fp_test_await_cb, &await);
  forms = fp_engine_list_forms_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return forms->len;
}

gint
fp_engine_fixture_act (FpEngine *engine,
                       FpAct     what,
                       gint64    first,
                       gint64    second,
                       GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_array_append_val (ids, first);
  if (second)
    g_array_append_val (ids, second);
  fp_engine_act_async (engine, what, ids, NULL, fp_test_await_cb, &await);

  return fp_engine_act_finish (engine, fp_test_await (&await), error);
}

gboolean
fp_engine_fixture_set (FpEngine   *engine,
                       const char *name,
                       const char *word,
                       GError    **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_set_setting_async (engine, name, word, NULL, fp_test_await_cb, &await);
  return fp_engine_set_setting_finish (engine, fp_test_await (&await), error);
}

void
fp_engine_fixture_assert_setting (FpEngine   *engine,
                                  const char *name,
                                  const char *stored)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) values = NULL;

  fp_engine_list_settings_async (engine, NULL, fp_test_await_cb, &await);
  values = fp_engine_list_settings_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < values->len; i++)
    {
      const FpSettingValue *value = g_ptr_array_index (values, i);

      if (g_str_equal (value->kind->name, name))
        g_assert_cmpstr (value->stored, ==, stored);
    }
}
