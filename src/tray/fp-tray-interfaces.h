/* fp-tray-interfaces.h — the two D-Bus interfaces of the tray, as the hosts expect them
 *
 * They are strings here rather than files in data/dbus/, because neither is ours: one belongs to the desktops
 * (freedesktop.org, StatusNotifierItem, with the members Ayatana and Plasma added), the other to libdbusmenu. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_TRAY_ITEM_INTERFACE "org.kde.StatusNotifierItem"
#define FP_TRAY_ITEM_PATH "/StatusNotifierItem"
#define FP_TRAY_MENU_INTERFACE "com.canonical.dbusmenu"
#define FP_TRAY_MENU_PATH "/MenuBar"
#define FP_TRAY_WATCHER "org.kde.StatusNotifierWatcher"
#define FP_TRAY_WATCHER_PATH "/StatusNotifierWatcher"

/* Borrowed, made once. Main context only. */
GDBusInterfaceInfo *fp_tray_interfaces_get_item (void);
GDBusInterfaceInfo *fp_tray_interfaces_get_menu (void);

G_END_DECLS
