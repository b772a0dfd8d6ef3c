#include "ui/fp-ui.h"

void
fp_ui_dispose_template (GtkWidget *widget,
                        GType      type)
{
  GtkWidget *child;

  /* GTK 4.8 looks for the template in the class of the instance, which a subclass does not have. */
  if (G_OBJECT_TYPE (widget) == type)
    gtk_widget_dispose_template (widget, type);
  while ((child = gtk_widget_get_first_child (widget)))
    gtk_widget_unparent (child);
}
