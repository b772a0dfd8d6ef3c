#include "bus/fp-bus-limits.h"

#include "bus/fp-bus-error.h"

/* Of one sender. */
#define CALLS_MAX  100
#define MEMORY_MAX (64 * 1024 * 1024)
#define COPIES_MAX 16
/* Of all together. */
#define ALL_COPIES_MAX 64

typedef struct {
  guint  calls;
  guint  copies;
  gint64 memory;
} Usage;

struct _FpBusLimits
{
  GHashTable *usage;  /* unique name -> Usage, owned; only of those who have something under way */
  guint       copies; /* of all */
};

FpBusLimits *
fp_bus_limits_new (void)
{
  FpBusLimits *limits = g_new0 (FpBusLimits, 1);

  limits->usage = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return limits;
}

void
fp_bus_limits_free (FpBusLimits *limits)
{
  g_hash_table_unref (limits->usage);
  g_free (limits);
}

static const Usage *
peek_usage (FpBusLimits *limits,
            const char  *sender)
{
  return g_hash_table_lookup (limits->usage, sender ? sender : "");
}

gboolean
fp_bus_limits_check_call (FpBusLimits  *limits,
                          const char   *sender,
                          GError      **error)
{
  const Usage *usage = peek_usage (limits, sender);

  if (!usage || (usage->calls < CALLS_MAX && usage->memory < MEMORY_MAX))
    return TRUE;
  g_set_error (error, FP_BUS_ERROR, FP_BUS_ERROR_LIMITS_EXCEEDED,
               "%u requests of this caller are still being written: wait for their answers", usage->calls);

  return FALSE;
}

gboolean
fp_bus_limits_check_copy (FpBusLimits  *limits,
                          const char   *sender,
                          GError      **error)
{
  const Usage *usage = peek_usage (limits, sender);

  if ((!usage || usage->copies < COPIES_MAX) && limits->copies < ALL_COPIES_MAX)
    return TRUE;
  g_set_error (error, FP_BUS_ERROR, FP_BUS_ERROR_LIMITS_EXCEEDED,
               "%u files are still being copied: wait until they are pending", limits->copies);

  return FALSE;
}

static void
add (FpBusLimits *limits,
     const char  *sender,
     int          calls,
     int          copies,
     gint64       memory)
{
  const char *key = sender ? sender : "";
  Usage *usage = g_hash_table_lookup (limits->usage, key);

  if (!usage)
    {
      usage = g_new0 (Usage, 1);
      g_hash_table_insert (limits->usage, g_strdup (key), usage);
    }
  usage->calls += calls;
  usage->copies += copies;
  usage->memory += memory;
  limits->copies += copies;
  if (usage->calls == 0 && usage->copies == 0)
    g_hash_table_remove (limits->usage, key);
}

void
fp_bus_limits_begin_call (FpBusLimits *limits,
                          const char  *sender,
                          gint64       memory)
{
  add (limits, sender, 1, 0, memory);
}

void
fp_bus_limits_end_call (FpBusLimits *limits,
                        const char  *sender,
                        gint64       memory)
{
  add (limits, sender, -1, 0, -memory);
}

void
fp_bus_limits_begin_copy (FpBusLimits *limits,
                          const char  *sender)
{
  add (limits, sender, 0, 1, 0);
}

void
fp_bus_limits_end_copy (FpBusLimits *limits,
                        const char  *sender)
{
  add (limits, sender, 0, -1, 0);
}
