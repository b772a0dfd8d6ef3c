/* fp-receiver-forms.h — the folder of XForms that is offered to others */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char   *form_id;
  char   *version; /* "" = none */
  char   *title;
  char   *md5;     /* hex, of the bytes */
  GBytes *xml;
} FpReceiverForm;

void            fp_receiver_form_free    (FpReceiverForm  *form);

/* Reads every *.xml of @folder, by name; what is no form is left out (and named in the log with @report), of two with
 * one id the first stays. Blocks. NULL only where the folder cannot be read. */
GPtrArray      *fp_receiver_forms_read   (const char      *folder,
                                          gboolean         report,
                                          GError         **error);
FpReceiverForm *fp_receiver_forms_find   (GPtrArray       *forms,
                                          const char      *form_id);
/* The formList document; @base: "http://host:port". */
char           *fp_receiver_forms_list   (GPtrArray       *forms,
                                          const char      *base);

G_END_DECLS
