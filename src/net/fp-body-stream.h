/* fp-body-stream.h — the segments of a request as one stream, in constant memory
 *
 * Files are read on the pool, never on the main thread; one that is not what it was when the request was made is an
 * error before or while it is read, never a shorter body. One with a checksum is read once a process to see that its bytes are
 * right: whole before it goes where it is small, and on its way otherwise. */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

/* Any trouble with our own body; the message names the file as people know it, but no path. */
#define FP_BODY_ERROR (_fp_body_error_quark ())
GQuark _fp_body_error_quark (void);

#define FP_TYPE_BODY_STREAM (_fp_body_stream_get_type ())
G_DECLARE_FINAL_TYPE (FpBodyStream, _fp_body_stream, FP, BODY_STREAM, GInputStream)

/* @segments: FpSegment; a reference is kept, and they must not change any more. */
GInputStream *_fp_body_stream_new          (GPtrArray            *segments);

/* Without one there is nothing to check. */
gboolean      _fp_body_has_file            (GPtrArray            *segments);
/* Are all files there, and what they should be? */
void          _fp_body_check_async         (GPtrArray            *segments,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
gboolean      _fp_body_check_finish        (GAsyncResult         *result,
                                            GError              **error);

G_END_DECLS
