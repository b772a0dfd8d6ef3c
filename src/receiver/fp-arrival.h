/* fp-arrival.h — one request on its way into the store: its bytes go to a folder of their own as they come
 *
 * Made and fed on the main context, checked and made durable on another thread by fp_arrival_complete(), then read
 * only. Never on two threads at a time. The folder goes with the arrival unless the store has taken it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A text field of a form may be this long; what is longer is a file. */
#define FP_ARRIVAL_MAX_FIELD (1024 * 1024)

typedef struct {
  char  *field;  /* name of its part */
  char  *name;   /* as the sender called it; of a submission the same */
  char  *file;   /* its name in the folder: no separator, no leading dot */
  char  *type;   /* (nullable): media type */
  char  *sha256; /* hex */
  gint64 bytes;
} FpArrivalFile;

typedef struct {
  char *name;
  char *value;
} FpArrivalField;

typedef struct {
  /* Owned; set by who makes the arrival. */
  gboolean    openrosa;     /* a submission; otherwise anything */
  char       *method;
  char       *path;         /* of the URL, without its query */
  char       *from;         /* (nullable): address of the sender */
  char       *content_type; /* (nullable): the whole header */
  char       *key;          /* (nullable): Idempotency-Key, without quotes */
  GHashTable *headers;      /* of char *, without credentials */

  /* Owned; filled while the bytes come. */
  GPtrArray  *files;        /* of FpArrivalFile; the submission or body first where there is one */
  GPtrArray  *fields;       /* of FpArrivalField */
  gint64      bytes;        /* of the request's body */

  /* Owned; set by fp_arrival_complete(). */
  char       *sha256;       /* what "the same bytes" means: of the submission, the body, or all parts */
  char       *form_id;      /* submissions only */
  char       *version;      /* submissions only; "" = none */
  char       *instance_id;  /* submissions only */
  char       *deprecated_id;/* (nullable) */

  struct _FpArrivalStage *stage; /* private */
} FpArrival;

FpArrival  *fp_arrival_new          (void);
gboolean    fp_arrival_begin        (FpArrival      *self,
                                     const char     *incoming,
                                     GError        **error);
gboolean    fp_arrival_feed         (FpArrival      *self,
                                     const guint8   *data,
                                     gsize           length,
                                     GError        **error);
gboolean    fp_arrival_complete     (FpArrival      *self,
                                     GError        **error);
const char *fp_arrival_get_folder   (FpArrival      *self);
/* The folder was renamed: it is no longer removed with the arrival. */
void        fp_arrival_release      (FpArrival      *self);
void        fp_arrival_free         (FpArrival      *self);

void        fp_arrival_file_free    (FpArrivalFile  *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpArrival, fp_arrival_free)

G_END_DECLS
