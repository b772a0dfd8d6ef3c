/* Tags, events and registrations, as a person or a program names them. */
#include "fp-engine-fixture.h"

#include <string.h>

#include "engine/fp-engine-endpoints.h"
#include "engine/fp-engine-tags.h"
#include "store/fp-event-rows.h"

typedef FpEngineFixture Fixture;

static FpTagRow *
set_tag (Fixture     *f,
         const char  *tag,
         const char  *url,
         FpReach      reach,
         GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  FpEnqueue *request = fp_enqueue_new (url);

  request->tag = g_strdup (tag);
  request->reach = reach;
  fp_engine_set_tag_async (f->engine, request, NULL, fp_test_await_cb, &await);

  return fp_engine_set_tag_finish (f->engine, fp_test_await (&await), error);
}

static gboolean
add_event (Fixture     *f,
           const char  *tag,
           const char  *json,
           GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_add_event_async (f->engine, tag, json, NULL, fp_test_await_cb, &await);
  return fp_engine_add_event_finish (f->engine, fp_test_await (&await), error);
}

static void
freeze (Fixture    *f,
        const char *tag)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_freeze_events_async (f->engine, tag, NULL, fp_test_await_cb, &await);
  fp_engine_freeze_events_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static gboolean
register_tag (Fixture     *f,
              const char  *tag,
              const char  *bus_name,
              GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_register_async (f->engine, tag, bus_name, NULL, fp_test_await_cb, &await);
  return fp_engine_register_finish (f->engine, fp_test_await (&await), error);
}

static void
assert_usage (GError     *error,
              const char *names)
{
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
  if (!strstr (error->message, names))
    g_error ("“%s” does not name “%s”", error->message, names);
  g_error_free (error);
}

static FpTagList *
list (Fixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpTagList *tags;

  fp_engine_list_tags_async (f->engine, NULL, fp_test_await_cb, &await);
  tags = fp_engine_list_tags_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return tags;
}

static void
test_bad_names (Fixture       *f,
                gconstpointer  data)
{
  static const char * const bad[] = { "", "a\nb", "a\x7f", "\x01", "caf\xe9" };
  static const char * const builtin[] = { "data-sync", "form-sync", "image-upload" };
  g_autoptr(FpTagList) tags = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      g_assert_null (set_tag (f, bad[i], "https://example.org/", FP_REACH_AUTO, &error));
      assert_usage (g_steal_pointer (&error), "tag");
      g_assert_false (register_tag (f, bad[i], NULL, &error));
      assert_usage (error, "tag");
    }
  /* Requests go by these; that one may wait for them is another matter. */
  for (guint i = 0; i < G_N_ELEMENTS (builtin); i++)
    {
      GError *error = NULL;

      g_assert_null (set_tag (f, builtin[i], "https://example.org/", FP_REACH_AUTO, &error));
      assert_usage (error, builtin[i]);
      g_assert_true (register_tag (f, builtin[i], NULL, NULL));
    }
  tags = list (f);
  g_assert_cmpuint (tags->tags->len, ==, 0);
  g_assert_cmpuint (tags->registrations->len, ==, G_N_ELEMENTS (builtin));
}

static void
test_longest_name (Fixture       *f,
                   gconstpointer  data)
{
  g_autofree char *longest = g_strnfill (200, 'x');
  g_autofree char *longer = g_strnfill (201, 'x');
  g_autoptr(FpTagRow) row = set_tag (f, longest, "https://example.org/", FP_REACH_AUTO, NULL);
  GError *error = NULL;

  g_assert_cmpstr (row->name, ==, longest);
  g_assert_true (register_tag (f, longest, NULL, NULL));
  g_assert_null (set_tag (f, longer, "https://example.org/", FP_REACH_AUTO, &error));
  assert_usage (g_steal_pointer (&error), "200");
  g_assert_false (register_tag (f, longer, NULL, &error));
  assert_usage (error, "200");
}

/* A name of one connection is nobody's after it; only what can be activated can be told later. */
static void
test_bus_names (Fixture       *f,
                gconstpointer  data)
{
  static const char * const bad[] = { ":1.5", "noname", "org..example", "" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;

      g_assert_false (register_tag (f, "t", bad[i], &error));
      assert_usage (error, bad[i]);
    }
  g_assert_true (register_tag (f, "t", "org.example.Notes", NULL));
}

/* The largest event is a batch by itself, within what a batch may have. */
static void
test_largest_event (Fixture       *f,
                    gconstpointer  data)
{
  g_autoptr(FpTagRow) row = set_tag (f, "t", "https://example.org/", FP_REACH_AUTO, NULL);
  g_autofree char *json = g_strnfill (FP_BATCH_BYTES - 15, 'x');
  g_autoptr(FpItem) item = NULL;
  GError *error = NULL;

  json[0] = json[FP_BATCH_BYTES - 16] = '"';
  g_assert_false (add_event (f, "t", json, &error));
  assert_usage (g_steal_pointer (&error), "1 MiB");
  json[FP_BATCH_BYTES - 17] = '"';
  json[FP_BATCH_BYTES - 16] = '\0';
  g_assert_true (add_event (f, "t", json, NULL));
  freeze (f, "t");
  item = fp_engine_fixture_get_item (f->engine, 1);
  g_assert_cmpint (item->body_size, >, FP_BATCH_BYTES - 16);
  g_assert_cmpint (item->body_size, <=, FP_BATCH_BYTES);

  g_assert_false (add_event (f, "t", "{\"a\":", &error));
  assert_usage (error, "event");
}

static void
test_freezes_one_tag_or_all (Fixture       *f,
                             gconstpointer  data)
{
  static const char * const names[] = { "one", "three", "two" };
  g_autoptr(FpItem) item = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(FpTagRow) row = set_tag (f, names[i], "https://example.org/", FP_REACH_AUTO, NULL);

      g_assert_true (add_event (f, names[i], "{}", NULL));
    }
  freeze (f, "three");
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 1);
  item = fp_engine_fixture_get_item (f->engine, 1);
  g_assert_cmpstr (item->tag, ==, "three");
  freeze (f, NULL);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 3);
}

/* Where nothing is said of the tag itself, what was said of its server counts. */
static void
test_reach_of_the_server (Fixture       *f,
                          gconstpointer  data)
{
  static const struct {
    const char *url;
    FpReach given, stored;
  } rows[] = { { "https://hook.example/in/a", FP_REACH_AUTO, FP_REACH_LAN },
               { "https://hook.example/in/a", FP_REACH_PUBLIC, FP_REACH_PUBLIC },
               { "https://other.example/in", FP_REACH_AUTO, FP_REACH_AUTO } };
  FpServerChanges changes = { .has_reach = TRUE, .reach = FP_REACH_LAN };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) server = NULL;

  fp_engine_add_endpoint_async (f->engine, "https://hook.example/in", &changes, NULL, fp_test_await_cb, &await);
  server = fp_engine_add_endpoint_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(FpTagRow) row = set_tag (f, "t", rows[i].url, rows[i].given, NULL);

      g_assert_cmpint (row->reach, ==, rows[i].stored);
    }
}

/* Five tries, and it has failed. */
static void
test_state_of_a_registration (void)
{
  for (guint attempts = 0; attempts <= FP_TAGS_TRIES; attempts++)
    {
      FpRegistration registration = { .tag = (char *) "t", .attempts = attempts };
      g_autoptr(JsonNode) json = fp_registration_to_json (&registration);

      g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json), "state"), ==,
                       attempts < 5 ? "pending" : "failed");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add ("/engine/tags/" path, Fixture, NULL, fp_engine_fixture_setup, func, fp_engine_fixture_teardown)
  add ("bad-names-change-nothing", test_bad_names);
  add ("longest-name", test_longest_name);
  add ("bus-names-are-well-known", test_bus_names);
  add ("largest-event-is-a-batch", test_largest_event);
  add ("freezes-one-tag-or-all", test_freezes_one_tag_or_all);
  add ("reach-of-the-server", test_reach_of_the_server);
  g_test_add_func ("/engine/tags/state-of-a-registration", test_state_of_a_registration);
#undef add

  return g_test_run ();
}
