/* fp-part-reader.h — multipart/form-data taken apart while it arrives
 *
 * A push parser (RFC 7578, RFC 2046 section 5.1): bytes go in as the network gives them, parts come out by
 * callbacks, never more than a boundary's length is held back. One thread at a time. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_PART_MAX_PARTS 500

/* What a part's headers say. Borrowed for the length of the callback. */
typedef struct {
  const char *name;     /* of the form field; never NULL */
  const char *filename; /* (nullable): NULL = a plain field */
  const char *type;     /* (nullable): media type, lower case, without parameters */
} FpPart;

/* Each returns FALSE with an error to stop the reader. */
typedef struct {
  gboolean (*begin) (const FpPart  *part,
                     gpointer       user_data,
                     GError       **error);
  gboolean (*data)  (const guint8  *data,
                     gsize          length,
                     gpointer       user_data,
                     GError       **error);
  gboolean (*end)   (gpointer       user_data,
                     GError       **error);
} FpPartFuncs;

typedef struct _FpPartReader FpPartReader;

FpPartReader *fp_part_reader_new    (const char         *content_type,
                                     const FpPartFuncs  *funcs,
                                     gpointer            user_data,
                                     GError            **error);
gboolean      fp_part_reader_feed   (FpPartReader       *self,
                                     const guint8       *data,
                                     gsize               length,
                                     GError            **error);
gboolean      fp_part_reader_finish (FpPartReader       *self,
                                     GError            **error);
void          fp_part_reader_free   (FpPartReader       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpPartReader, fp_part_reader_free)

G_END_DECLS
