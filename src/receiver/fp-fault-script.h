/* fp-fault-script.h — which requests the receiver treats badly, and how: for tests of those who send to it
 *
 * data/docs/receiver.md has the language. Knows nothing of HTTP's machinery: text in, a rule out. One thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FP_ACT_NONE,        /* answered as always, after its delay */
  FP_ACT_DROP,        /* closed without an answer */
  FP_ACT_HANG,        /* no answer while the sender waits */
  FP_ACT_STATUS,      /* answered with @status */
  FP_ACT_PORTAL,      /* answered 200 with a web page, as a captive portal does */
  FP_ACT_REDIRECT,    /* answered @status with @location */
  FP_ACT_CLOSED_FORM, /* 409 in the words of ODK Central */
  FP_ACT_CUT_ANSWER,  /* stored; the answer ends after @bytes of its body */
  FP_ACT_CUT_REQUEST, /* closed once @bytes of the body came */
  FP_ACT_SLOW_READ,   /* read with a pause of @wait_ms after each piece */
} FpAct;

typedef struct {
  FpAct    act;
  gboolean after_accept; /* it happens once the request is stored */
  gboolean no_openrosa;  /* the answer lacks the OpenRosa headers */
  guint    status;
  gint64   retry_after;  /* seconds, -1 = none */
  gboolean retry_date;   /* as a date */
  gint64   bytes;        /* -1 = not said */
  gint64   wait_ms;      /* before anything else happens; of SLOW_READ see there */
  char    *location;     /* (nullable) */
  char    *text;         /* the acts as they were written, for the log */
  guint    line;         /* of the script, from 1 */
} FpFault;

FpFault *fp_fault_ref   (FpFault *self);
void     fp_fault_unref (FpFault *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpFault, fp_fault_unref)

/* What a rule may be decided by. */
typedef enum {
  FP_FAULT_BY_HEAD, /* the headers are here: CUT_REQUEST and SLOW_READ */
  FP_FAULT_BY_BODY, /* all of it is: the rest */
} FpFaultStage;

typedef struct _FpFaultScript FpFaultScript;

FpFaultScript *fp_fault_script_parse  (const char     *text,
                                       GError        **error);
void           fp_fault_script_free   (FpFaultScript  *self);
FpFault       *fp_fault_script_choose (FpFaultScript  *self,
                                       FpFaultStage    stage,
                                       const char     *method,
                                       const char     *path,
                                       const char     *identity);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpFaultScript, fp_fault_script_free)

G_END_DECLS
