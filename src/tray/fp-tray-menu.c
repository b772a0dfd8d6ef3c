#include "config.h"

#include "tray/fp-tray-menu.h"

#include <string.h>

#include <glib/gi18n.h>

#include "tray/fp-tray-interfaces.h"

#define VERSION 3

struct _FpTrayMenu
{
  GObject parent_instance;

  /* Owned. */
  GDBusConnection *bus;
  char *title;
  char *detail;
  GVariant *announced[FP_TRAY_MENU_N_ITEMS]; /* a{sv}: what the hosts know of each entry */

  guint registration;
  guint revision;
  gboolean work_offline;
  gboolean can_sync;
  gboolean notice;
};

G_DEFINE_FINAL_TYPE (FpTrayMenu, fp_tray_menu, G_TYPE_OBJECT)

enum {
  SIGNAL_CLICKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* "_" marks the mnemonic in a label, "__" is an underscore. */
static char *
escape_label (const char *text)
{
  g_auto(GStrv) parts = g_strsplit (text, "_", -1);

  return g_strjoinv ("__", parts);
}

static void
add (GVariantBuilder *builder,
     const char      *name,
     GVariant        *value)
{
  g_variant_builder_add (builder, "{sv}", name, value);
}

static void
add_text (GVariantBuilder *builder,
          const char      *text)
{
  g_autofree char *label = escape_label (text);

  add (builder, "label", g_variant_new_string (label));
  add (builder, "enabled", g_variant_new_boolean (FALSE));
}

/* Only what differs from the defaults of the protocol. */
static GVariant *
describe (FpTrayMenu *self,
          int         id)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  switch (id)
    {
    case FP_TRAY_MENU_ROOT:
      add (&builder, "children-display", g_variant_new_string ("submenu"));
      break;
    case FP_TRAY_MENU_OPEN:
      add (&builder, "label", g_variant_new_string (_("_Open Fieldpost")));
      break;
    case FP_TRAY_MENU_COUNT:
      add_text (&builder, self->title);
      break;
    case FP_TRAY_MENU_DETAIL:
      add_text (&builder, self->detail);
      if (!*self->detail)
        add (&builder, "visible", g_variant_new_boolean (FALSE));
      break;
    case FP_TRAY_MENU_SYNC:
      add (&builder, "label", g_variant_new_string (_("_Sync Now")));
      if (!self->can_sync)
        add (&builder, "enabled", g_variant_new_boolean (FALSE));
      break;
    case FP_TRAY_MENU_OFFLINE:
      add (&builder, "label", g_variant_new_string (_("_Work Offline")));
      add (&builder, "toggle-type", g_variant_new_string ("checkmark"));
      add (&builder, "toggle-state", g_variant_new_int32 (self->work_offline ? 1 : 0));
      break;
    case FP_TRAY_MENU_QUIT:
      add (&builder, "label", g_variant_new_string (_("_Quit")));
      break;
    case FP_TRAY_MENU_LINE_1:
    case FP_TRAY_MENU_LINE_2:
    default:
      add (&builder, "type", g_variant_new_string ("separator"));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* @names: empty = all */
static GVariant *
describe_filtered (FpTrayMenu        *self,
                   int                id,
                   const char *const *names)
{
  g_autoptr(GVariant) all = describe (self, id);
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, all);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!names[0] || g_strv_contains (names, name))
        g_variant_builder_add (&builder, "{sv}", name, value);
      g_variant_unref (value);
    }

  return g_variant_builder_end (&builder);
}

static gboolean
is_item (int id)
{
  return id >= FP_TRAY_MENU_ROOT && id < FP_TRAY_MENU_N_ITEMS;
}

static void
unknown_item (GDBusMethodInvocation *invocation,
              int                    id)
{
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                         "The menu has no item %d", id);
}

/* @depth: levels below @id; negative = all there are */
static GVariant *
lay_out (FpTrayMenu        *self,
         int                id,
         int                depth,
         const char *const *names)
{
  GVariantBuilder children;

  g_variant_builder_init (&children, G_VARIANT_TYPE ("av"));
  for (int i = FP_TRAY_MENU_OPEN; id == FP_TRAY_MENU_ROOT && depth != 0 && i < FP_TRAY_MENU_N_ITEMS; i++)
    g_variant_builder_add (&children, "v", lay_out (self, i, depth - 1, names));

  return g_variant_new ("(i@a{sv}av)", id, describe_filtered (self, id, names), &children);
}

static void
get_layout (FpTrayMenu            *self,
            GVariant              *args,
            GDBusMethodInvocation *invocation)
{
  g_autofree const char **names = NULL;
  int id;
  int depth;

  g_variant_get (args, "(ii^a&s)", &id, &depth, &names);
  if (!is_item (id))
    {
      unknown_item (invocation, id);
      return;
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u@(ia{sv}av))", self->revision,
                                                                    lay_out (self, id, depth, names)));
}

static void
get_group_properties (FpTrayMenu            *self,
                      GVariant              *args,
                      GDBusMethodInvocation *invocation)
{
  g_autofree const char **names = NULL;
  g_autoptr(GVariantIter) ids = NULL;
  gboolean asked[FP_TRAY_MENU_N_ITEMS] = { FALSE };
  GVariantBuilder builder;
  gboolean all;
  int id;

  g_variant_get (args, "(ai^a&s)", &ids, &names);
  all = g_variant_iter_n_children (ids) == 0;
  while (g_variant_iter_next (ids, "i", &id))
    {
      if (is_item (id))
        asked[id] = TRUE;
    }
  /* Each once, however long the list was that came in. */
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ia{sv})"));
  for (id = FP_TRAY_MENU_ROOT; id < FP_TRAY_MENU_N_ITEMS; id++)
    {
      if (all || asked[id])
        g_variant_builder_add (&builder, "(i@a{sv})", id, describe_filtered (self, id, names));
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a(ia{sv}))", &builder));
}

/* What a property is that describe() leaves out. */
static GVariant *
get_default (const char *name)
{
  if (g_str_equal (name, "enabled") || g_str_equal (name, "visible"))
    return g_variant_new_boolean (TRUE);
  if (g_str_equal (name, "type"))
    return g_variant_new_string ("standard");
  if (g_str_equal (name, "toggle-state"))
    return g_variant_new_int32 (-1);
  if (g_str_equal (name, "label") || g_str_equal (name, "icon-name") || g_str_equal (name, "toggle-type")
      || g_str_equal (name, "children-display"))
    return g_variant_new_string ("");

  return NULL;
}

static void
get_property (FpTrayMenu            *self,
              GVariant              *args,
              GDBusMethodInvocation *invocation)
{
  g_autoptr(GVariant) all = NULL;
  g_autoptr(GVariant) value = NULL;
  const char *name;
  int id;

  g_variant_get (args, "(i&s)", &id, &name);
  if (!is_item (id))
    {
      unknown_item (invocation, id);
      return;
    }
  all = describe (self, id);
  value = g_variant_lookup_value (all, name, NULL);
  if (!value && (value = get_default (name)))
    g_variant_ref_sink (value);
  if (value)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(v)", value));
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                           "Menu items have no property of this name");
}

/* A host may send a click that it took before it heard of a change. */
static gboolean
is_enabled (FpTrayMenu *self,
            int         id)
{
  switch (id)
    {
    case FP_TRAY_MENU_OPEN:
    case FP_TRAY_MENU_OFFLINE:
    case FP_TRAY_MENU_QUIT:
      return TRUE;
    case FP_TRAY_MENU_SYNC:
      return self->can_sync;
    default:
      return FALSE;
    }
}

void
fp_tray_menu_activate (FpTrayMenu    *self,
                       FpTrayMenuItem item)
{
  if (is_enabled (self, item))
    g_signal_emit (self, signals[SIGNAL_CLICKED], 0, (guint) item);
}

static void
handle_event (FpTrayMenu *self,
              int         id,
              const char *type)
{
  if (g_str_equal (type, "clicked"))
    fp_tray_menu_activate (self, id);
}

static void
event (FpTrayMenu            *self,
       GVariant              *args,
       GDBusMethodInvocation *invocation)
{
  const char *type;
  int id;

  g_variant_get (args, "(i&svu)", &id, &type, NULL, NULL);
  if (!is_item (id))
    {
      unknown_item (invocation, id);
      return;
    }
  /* The answer first: what a click starts may take the connection down. */
  g_dbus_method_invocation_return_value (invocation, NULL);
  handle_event (self, id, type);
}

static void
event_group (FpTrayMenu            *self,
             GVariant              *args,
             GDBusMethodInvocation *invocation)
{
  g_autoptr(FpTrayMenu) alive G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr(GVariant) events = g_variant_get_child_value (args, 0);
  GVariantBuilder errors;
  GVariantIter iter;
  const char *type;
  gsize n_errors = 0;
  int id;

  g_variant_builder_init (&errors, G_VARIANT_TYPE ("ai"));
  g_variant_iter_init (&iter, events);
  while (g_variant_iter_next (&iter, "(i&svu)", &id, &type, NULL, NULL))
    {
      if (is_item (id))
        continue;
      g_variant_builder_add (&errors, "i", id);
      n_errors++;
    }
  if (n_errors > 0 && n_errors == g_variant_n_children (events))
    {
      g_variant_builder_clear (&errors);
      g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                                     "The menu has none of these items");
      return;
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(ai)", &errors));

  g_variant_iter_init (&iter, events);
  while (g_variant_iter_next (&iter, "(i&svu)", &id, &type, NULL, NULL))
    handle_event (self, id, type);
}

static void
about_to_show (FpTrayMenu            *self,
               GVariant              *args,
               GDBusMethodInvocation *invocation)
{
  int id;

  g_variant_get (args, "(i)", &id);
  if (is_item (id))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(b)", FALSE));
  else
    unknown_item (invocation, id);
}

static void
about_to_show_group (FpTrayMenu            *self,
                     GVariant              *args,
                     GDBusMethodInvocation *invocation)
{
  g_autoptr(GVariantIter) ids = NULL;
  GVariantBuilder errors;
  int id;

  g_variant_get (args, "(ai)", &ids);
  g_variant_builder_init (&errors, G_VARIANT_TYPE ("ai"));
  while (g_variant_iter_next (ids, "i", &id))
    {
      if (!is_item (id))
        g_variant_builder_add (&errors, "i", id);
    }
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(@aiai)", g_variant_new ("ai", NULL), &errors));
}

static void
method_call_cb (GDBusConnection       *bus,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *args,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  static const struct
  {
    const char *name;
    void (*call) (FpTrayMenu *, GVariant *, GDBusMethodInvocation *);
  } methods[] = {
    { "GetLayout", get_layout },
    { "GetGroupProperties", get_group_properties },
    { "GetProperty", get_property },
    { "Event", event },
    { "EventGroup", event_group },
    { "AboutToShow", about_to_show },
    { "AboutToShowGroup", about_to_show_group },
  };

  /* GDBus lets only methods and types of the interface through. */
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      if (g_str_equal (methods[i].name, method))
        methods[i].call (FP_TRAY_MENU (user_data), args, invocation);
    }
}

/* The hosts that honour it are other programs: the toolkit's own idea of the direction does not reach them. */
static gboolean
reads_from_the_right (void)
{
  static const char *const languages[] = { "ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi" };
  const char *name = g_get_language_names ()[0];
  gsize length = strcspn (name, "_.@");

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    {
      if (strlen (languages[i]) == length && strncmp (languages[i], name, length) == 0)
        return TRUE;
    }

  return FALSE;
}

static GVariant *
get_property_cb (GDBusConnection  *bus,
                 const char       *sender,
                 const char       *path,
                 const char       *interface,
                 const char       *property,
                 GError          **error,
                 gpointer          user_data)
{
  FpTrayMenu *self = FP_TRAY_MENU (user_data);

  if (g_str_equal (property, "Version"))
    return g_variant_new_uint32 (VERSION);
  if (g_str_equal (property, "TextDirection"))
    return g_variant_new_string (reads_from_the_right () ? "rtl" : "ltr");
  if (g_str_equal (property, "Status"))
    return g_variant_new_string (self->notice ? "notice" : "normal");

  return g_variant_new_strv (NULL, 0);
}

/**
 * fp_tray_menu_export:
 *
 * Puts the menu on @bus at FP_TRAY_MENU_PATH.
 *
 * Returns: FALSE where something is there already
 */
gboolean
fp_tray_menu_export (FpTrayMenu       *self,
                     GDBusConnection  *bus,
                     GError          **error)
{
  static const GDBusInterfaceVTable vtable = { method_call_cb, get_property_cb, NULL, { NULL } };

  g_return_val_if_fail (self->registration == 0, FALSE);

  self->registration = g_dbus_connection_register_object (bus, FP_TRAY_MENU_PATH,
                                                          fp_tray_interfaces_get_menu (), &vtable, self,
                                                          NULL, error);
  if (self->registration == 0)
    return FALSE;
  self->bus = g_object_ref (bus);

  return TRUE;
}

void
fp_tray_menu_unexport (FpTrayMenu *self)
{
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->bus, self->registration);
  self->registration = 0;
  g_clear_object (&self->bus);
}

void
fp_tray_menu_set_status (FpTrayMenu         *self,
                         const FpTrayStatus *status)
{
  g_free (self->title);
  g_free (self->detail);
  self->title = g_utf8_make_valid (status->title ? status->title : "", -1);
  self->detail = g_utf8_make_valid (status->detail ? status->detail : "", -1);
  self->work_offline = status->work_offline;
  self->can_sync = status->can_sync;
  self->notice = status->icon == FP_TRAY_FAILED;
}

gboolean
fp_tray_menu_get_work_offline (FpTrayMenu *self)
{
  return self->work_offline;
}

/* The names that @old has and @new has not: they are back at their defaults. */
static void
add_removed (GVariantBuilder *builder,
             int              id,
             GVariant        *old,
             GVariant        *new)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, old);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    {
      g_autoptr(GVariant) now = g_variant_lookup_value (new, name, NULL);

      if (!now)
        g_ptr_array_add (names, (gpointer) name);
    }
  if (names->len > 0)
    g_variant_builder_add (builder, "(i@as)", id,
                           g_variant_new_strv ((const char *const *) names->pdata, names->len));
}

/**
 * fp_tray_menu_announce:
 *
 * Tells the hosts what changed since the last time; nothing where nothing did.
 */
void
fp_tray_menu_announce (FpTrayMenu *self)
{
  GVariantBuilder updated;
  GVariantBuilder removed;
  gboolean changed = FALSE;

  if (!self->bus)
    return;
  g_variant_builder_init (&updated, G_VARIANT_TYPE ("a(ia{sv})"));
  g_variant_builder_init (&removed, G_VARIANT_TYPE ("a(ias)"));
  for (int i = FP_TRAY_MENU_ROOT; i < FP_TRAY_MENU_N_ITEMS; i++)
    {
      GVariant *now = describe (self, i);

      if (!g_variant_equal (self->announced[i], now))
        {
          g_variant_builder_add (&updated, "(i@a{sv})", i, now);
          add_removed (&removed, i, self->announced[i], now);
          changed = TRUE;
        }
      g_variant_unref (self->announced[i]);
      self->announced[i] = now;
    }
  if (!changed)
    {
      g_variant_builder_clear (&updated);
      g_variant_builder_clear (&removed);
      return;
    }
  self->revision++;
  g_dbus_connection_emit_signal (self->bus, NULL, FP_TRAY_MENU_PATH, FP_TRAY_MENU_INTERFACE,
                                 "ItemsPropertiesUpdated",
                                 g_variant_new ("(a(ia{sv})a(ias))", &updated, &removed), NULL);
  /* Some hosts show a changed label only after this one. */
  g_dbus_connection_emit_signal (self->bus, NULL, FP_TRAY_MENU_PATH, FP_TRAY_MENU_INTERFACE,
                                 "LayoutUpdated",
                                 g_variant_new ("(ui)", self->revision, FP_TRAY_MENU_ROOT), NULL);
}

static void
fp_tray_menu_dispose (GObject *object)
{
  fp_tray_menu_unexport (FP_TRAY_MENU (object));

  G_OBJECT_CLASS (fp_tray_menu_parent_class)->dispose (object);
}

static void
fp_tray_menu_finalize (GObject *object)
{
  FpTrayMenu *self = FP_TRAY_MENU (object);

  for (guint i = 0; i < FP_TRAY_MENU_N_ITEMS; i++)
    g_variant_unref (self->announced[i]);
  g_free (self->title);
  g_free (self->detail);

  G_OBJECT_CLASS (fp_tray_menu_parent_class)->finalize (object);
}

static void
fp_tray_menu_class_init (FpTrayMenuClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_tray_menu_dispose;
  object_class->finalize = fp_tray_menu_finalize;
  signals[SIGNAL_CLICKED] = g_signal_new ("clicked", FP_TYPE_TRAY_MENU, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
fp_tray_menu_init (FpTrayMenu *self)
{
  self->revision = 1;
  self->title = g_strdup ("");
  self->detail = g_strdup ("");
  for (int i = FP_TRAY_MENU_ROOT; i < FP_TRAY_MENU_N_ITEMS; i++)
    self->announced[i] = describe (self, i);
}

FpTrayMenu *
fp_tray_menu_new (void)
{
  return g_object_new (FP_TYPE_TRAY_MENU, NULL);
}
