/* fp-tray-menu.h — the menu of the tray: com.canonical.dbusmenu, version 3
 *
 * Its entries and their ids never change, only what they say: hosts that read a menu once stay right. */
#pragma once

#include "tray/fp-tray.h"

G_BEGIN_DECLS

typedef enum {
  FP_TRAY_MENU_ROOT,
  FP_TRAY_MENU_OPEN,
  FP_TRAY_MENU_COUNT,  /* a line to read: "3 waiting to be sent" */
  FP_TRAY_MENU_DETAIL, /* a second one, hidden without text */
  FP_TRAY_MENU_LINE_1,
  FP_TRAY_MENU_SYNC,
  FP_TRAY_MENU_OFFLINE,
  FP_TRAY_MENU_LINE_2,
  FP_TRAY_MENU_QUIT,
  FP_TRAY_MENU_N_ITEMS,
} FpTrayMenuItem;

#define FP_TYPE_TRAY_MENU (fp_tray_menu_get_type ())
G_DECLARE_FINAL_TYPE (FpTrayMenu, fp_tray_menu, FP, TRAY_MENU, GObject)

FpTrayMenu *fp_tray_menu_new        (void);
gboolean    fp_tray_menu_export     (FpTrayMenu          *self,
                                     GDBusConnection     *bus,
                                     GError             **error);
void        fp_tray_menu_unexport   (FpTrayMenu          *self);
/* Takes over what @status says; nothing is said on the bus before fp_tray_menu_announce(). */
void        fp_tray_menu_set_status (FpTrayMenu          *self,
                                     const FpTrayStatus  *status);
void        fp_tray_menu_announce   (FpTrayMenu          *self);
/* As if the entry had been chosen: nothing happens while it is disabled. */
void        fp_tray_menu_activate   (FpTrayMenu          *self,
                                     FpTrayMenuItem       item);
gboolean    fp_tray_menu_get_work_offline (FpTrayMenu    *self);

/* Signal "clicked" (guint FpTrayMenuItem): an enabled entry was chosen. */

G_END_DECLS
