/* fp-tray.h — the tray icon: StatusNotifierItem and com.canonical.dbusmenu on GDBus
 *
 * Registers with org.kde.StatusNotifierWatcher whenever one is there or comes back. Knows nothing of the outbox:
 * it shows what fp_tray_set_status() says. Main context only. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FP_TRAY_IDLE,
  FP_TRAY_WAITING,
  FP_TRAY_SYNCING,
  FP_TRAY_FAILED,
  FP_TRAY_OFFLINE,
} FpTrayIcon;

typedef struct {
  FpTrayIcon  icon;
  guint       count;        /* everything undelivered; shown as a badge when > 0 */
  const char *title;        /* translated: "3 waiting to be sent" */
  const char *detail;       /* (nullable), translated */
  gboolean    work_offline; /* the menu's check mark */
  gboolean    can_sync;     /* Sync Now is enabled */
} FpTrayStatus;

#define FP_TYPE_TRAY (fp_tray_get_type ())
G_DECLARE_FINAL_TYPE (FpTray, fp_tray, FP, TRAY, GObject)

FpTray   *fp_tray_new            (GDBusConnection    *bus);
void      fp_tray_set_status     (FpTray             *self,
                                  const FpTrayStatus *status);
/* TRUE while a host shows the item. Property "registered" notifies. */
gboolean  fp_tray_get_registered (FpTray             *self);

/* Signals: "open" (const char *activation_token, nullable), "sync-now", "work-offline" (gboolean), "quit". */

G_END_DECLS
