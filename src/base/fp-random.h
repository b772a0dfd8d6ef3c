/* fp-random.h — random numbers and identifiers, injectable */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FpRandom FpRandom;

FpRandom *fp_random_new         (void);
FpRandom *fp_random_new_seeded  (guint32   seed);
gint64    fp_random_below       (FpRandom *self,
                                 gint64    bound);   /* uniform in [0, bound); 0 for bound <= 0 */
void      fp_random_free        (FpRandom *self);

/* UUID version 4, lower case, 36 ASCII characters. */
char     *fp_uuid_new           (void);
gboolean  fp_uuid_is_valid      (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpRandom, fp_random_free)

G_END_DECLS
