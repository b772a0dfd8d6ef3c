/* fp-engine-fixture.h — an engine in a folder of its own, and its calls without callbacks */
#pragma once

#include "engine/fp-engine.h"
#include "fp-test.h"

G_BEGIN_DECLS

#define FORM_HEAD \
  "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' " \
  "xmlns:jr='http://openrosa.org/javarosa' xmlns:orx='http://openrosa.org/xforms'>" \
  "<h:head><h:title>Visit</h:title><model><instance><data id='visit' version='1'><name/><photo/>" \
  "<orx:meta><orx:instanceID/></orx:meta></data></instance>" \
  "<bind nodeset='/data/name' type='string' required='true()'/><bind nodeset='/data/photo' type='binary'/>" \
  "<bind nodeset='/data/orx:meta/orx:instanceID' type='string' readonly='true()' jr:preload='uid'/>"
#define FORM_TAIL \
  "</model></h:head><h:body><input ref='/data/name'><label>Your name</label></input>" \
  "<upload ref='/data/photo' mediatype='image/*'><label>Photo</label></upload></h:body></h:html>"
#define PLAIN_FORM FORM_HEAD FORM_TAIL
#define JSON_FORM \
  FORM_HEAD "<submission serialization='application/json' action='https://hook.example/in' method='post'/>" FORM_TAIL

typedef struct {
  char     *folder;
  FpEngine *engine;
} FpEngineFixture;

FpEngine *fp_engine_fixture_open (const char *folder);
void fp_engine_fixture_close (FpEngine *engine);
void fp_engine_fixture_setup (FpEngineFixture *f, gconstpointer data);
void fp_engine_fixture_teardown (FpEngineFixture *f, gconstpointer data);
FpFormRow *fp_engine_fixture_add_form (FpEngine *engine, const char *xml, const char *url, GError **error);
FpDraft *fp_engine_fixture_begin (FpEngine *engine, const char *xml, const char *url);
FpDraft *fp_engine_fixture_open_draft (FpEngine *engine, const char *uid, GError **error);
void fp_engine_fixture_answer (FpDraft *draft, const char *value);
FpItem *fp_engine_fixture_submit (FpEngine *engine, FpDraft *draft, GError **error);
void fp_engine_fixture_flush (FpDraft *draft);
FpItem *fp_engine_fixture_enqueue (FpEngine *engine, FpEnqueue *request, GError **error);
FpItem *fp_engine_fixture_get_item (FpEngine *engine, gint64 id);
guint fp_engine_fixture_count_items (FpEngine *engine);
guint fp_engine_fixture_count_drafts (FpEngine *engine);
guint fp_engine_fixture_count_forms (FpEngine *engine);
gint fp_engine_fixture_act (FpEngine *engine, FpAct what, gint64 first, gint64 second, GError **error);
gboolean fp_engine_fixture_set (FpEngine *engine, const char *name, const char *word, GError **error);
void fp_engine_fixture_assert_setting (FpEngine *engine, const char *name, const char *stored);

G_END_DECLS
