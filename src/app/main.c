#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>

#include "ui/fp-application.h"

int
main (int    argc,
      char **argv)
{
  g_autoptr(AdwApplication) app = NULL;

  /* A file that may not grow is an error like any other. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  g_set_application_name (_("Fieldpost"));
  app = fp_application_new ();

  return g_application_run (G_APPLICATION (app), argc, argv);
}
