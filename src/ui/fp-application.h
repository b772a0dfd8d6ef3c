/* fp-application.h — the program: opens the store, finds the agent, shows the window, saves before it ends */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define FP_TYPE_APPLICATION (fp_application_get_type ())
G_DECLARE_FINAL_TYPE (FpApplication, fp_application, FP, APPLICATION, AdwApplication)

AdwApplication *fp_application_new (void);

G_END_DECLS
