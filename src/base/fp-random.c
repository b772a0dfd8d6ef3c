#include "base/fp-random.h"

#include <string.h>

struct _FpRandom
{
  GRand *rand; /* owned */
};

/**
 * fp_random_new:
 *
 * A source seeded by the system. One thread at a time.
 *
 * Returns: (transfer full): a source of random numbers
 */
FpRandom *
fp_random_new (void)
{
  FpRandom *self = g_new0 (FpRandom, 1);

  self->rand = g_rand_new ();
  return self;
}

/**
 * fp_random_new_seeded:
 * @seed: any number; the same one gives the same sequence
 *
 * For tests that must be repeatable.
 *
 * Returns: (transfer full): a source of random numbers
 */
FpRandom *
fp_random_new_seeded (guint32 seed)
{
  FpRandom *self = g_new0 (FpRandom, 1);

  self->rand = g_rand_new_with_seed (seed);
  return self;
}

static guint64
next_64 (FpRandom *self)
{
  guint64 high = g_rand_int (self->rand);

  return high << 32 | g_rand_int (self->rand);
}

/**
 * fp_random_below:
 * @bound: exclusive upper bound
 *
 * Returns: a number in [0, bound), each equally likely; 0 for @bound <= 0
 */
gint64
fp_random_below (FpRandom *self,
                 gint64    bound)
{
  guint64 limit, value;

  g_return_val_if_fail (self, 0);

  if (bound <= 0)
    return 0;

  /* What lies above the last whole multiple of @bound would favour small numbers. */
  limit = G_MAXUINT64 - G_MAXUINT64 % (guint64) bound;
  do
    value = next_64 (self);
  while (value >= limit);

  return (gint64) (value % (guint64) bound);
}

void
fp_random_free (FpRandom *self)
{
  g_return_if_fail (self);

  g_rand_free (self->rand);
  g_free (self);
}

/**
 * fp_uuid_new:
 *
 * Returns: (transfer full): a random UUID (RFC 4122, version 4), lower case, 36 ASCII characters. Any thread.
 */
char *
fp_uuid_new (void)
{
  return g_uuid_string_random ();
}

/**
 * fp_uuid_is_valid:
 * @text: (nullable): anything
 *
 * Returns: TRUE if @text is written exactly as [func@uuid_new] writes it
 */
gboolean
fp_uuid_is_valid (const char *text)
{
  static const char shape[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
  gsize i;

  if (!text || strlen (text) != sizeof shape - 1)
    return FALSE;

  for (i = 0; shape[i]; i++)
    {
      const char *allowed = "0123456789abcdef";

      if (shape[i] == 'v')
        allowed = "89ab";
      else if (shape[i] != 'x')
        allowed = NULL;

      if (allowed ? !strchr (allowed, text[i]) : text[i] != shape[i])
        return FALSE;
    }

  return TRUE;
}
