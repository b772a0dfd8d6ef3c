/* fp-ui.h — where the templates of this folder are in the program's resources, and how a widget lets go of them */
#pragma once

#include <gtk/gtk.h>

#define FP_UI_PATH "/io/github/fieldpost/Fieldpost"
#define FP_UI_FORMS FP_UI_PATH "/forms"
#define FP_UI_TEMPLATE(name) FP_UI_PATH "/ui/" name ".ui"

G_BEGIN_DECLS

/* For dispose: the template's objects, and the children that have no name there. @type: the class with the template. */
void fp_ui_dispose_template (GtkWidget *widget,
                             GType      type);

G_END_DECLS
