/* fp-ui.h — where the templates of this folder are in the program's resources */
#pragma once

#define FP_UI_PATH "/io/github/fieldpost/Fieldpost"
#define FP_UI_FORMS FP_UI_PATH "/forms"
#define FP_UI_TEMPLATE(name) FP_UI_PATH "/ui/" name ".ui"
