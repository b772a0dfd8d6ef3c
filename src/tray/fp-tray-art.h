/* fp-tray-art.h — the tray's picture, drawn here: an envelope, what happens to it, and how many wait
 *
 * Pixels and not a name from the icon theme: a host that does not find the name shows three dots, and no theme has
 * our count. The greys and colours stand out on dark and on light panels alike. Pure; any thread. */
#pragma once

#include "tray/fp-tray.h"

G_BEGIN_DECLS

/* a(iiay) for IconPixmap: 16, 22, 24, 32, 48 and 64 pixels; ARGB32 in network order, alpha not multiplied.
 * @count: 1 to 9 are shown as they are, more as "9+". Floating. */
GVariant *fp_tray_art_make (FpTrayIcon  icon,
                            guint       count);

G_END_DECLS
