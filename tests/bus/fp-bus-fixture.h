/* fp-bus-fixture.h — a real agent on a bus of its own, and a server that counts what arrives */
#pragma once

#include "bus/fp-agent-client.h"
#include "fp-sink.h"
#include "fp-test.h"

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

typedef struct {
  char            *services; /* (nullable), borrowed: folder of service files, set before the setup */
  char            *folder;
  GTestDBus       *dbus;
  GDBusConnection *bus;
  GSubprocess     *agent;
  FpSink          *sink;
  guint            delivered;
  gint64           delivered_id;
  char            *delivered_uid;
  guint            changed;
  gboolean         changed_all;
  gint64           changed_id;   /* of the last signal that named one */
} FpBusFixture;

/* Programs are started with a NULL-terminated list of arguments; @address: (nullable): another bus. Calls run the main
 * context, since the sink lives in it; requests are a{sv} in text form with "%s" for the sink's URL. */
void fp_bus_fixture_wait_for_exit (GSubprocess *process);
GSubprocess *fp_bus_fixture_spawn (FpBusFixture *f, const char *program, const char *address, ...);
char *fp_bus_fixture_read_all (GSubprocess *process);
gboolean fp_bus_fixture_has_owner (FpBusFixture *f);
void fp_bus_fixture_start_agent (FpBusFixture *f);
void fp_bus_fixture_stop_agent (FpBusFixture *f, int with);
void fp_bus_fixture_setup (FpBusFixture *f, gconstpointer data);
void fp_bus_fixture_teardown (FpBusFixture *f, gconstpointer data);
GVariant *fp_bus_fixture_call (FpBusFixture *f, const char *interface, const char *method, GVariant *arguments, GUnixFDList *fds, GError **error);
GVariant *fp_bus_fixture_call_agent (FpBusFixture *f, const char *method, GVariant *arguments);
guint fp_bus_fixture_get_count (FpBusFixture *f, const char *name);
gboolean fp_bus_fixture_property_is (FpBusFixture *f, const char *name, const char *expected);
void fp_bus_fixture_set_link (FpBusFixture *f, const char *word);
GVariant *fp_bus_fixture_parse (FpBusFixture *f, const char *request);
gint64 fp_bus_fixture_enqueue (FpBusFixture *f, const char *request, char **uid);

G_END_DECLS
