#include "store/fp-machine.h"

#include <string.h>

#include "store/fp-commit.h"

/* machine-id(5) asks not to let the id itself out: what is stored is of no use elsewhere. */
#define SALT "io.github.fieldpost.Fieldpost"

static char *
dup_system_id (void)
{
  char *id = NULL;

  g_file_get_contents ("/etc/machine-id", &id, NULL, NULL);
  return id;
}

static char *
dup_hash (const char *id)
{
  g_autofree char *own = id ? g_strdup (id) : dup_system_id ();

  if (!own || *g_strstrip (own) == '\0' || g_str_equal (own, "uninitialized"))
    return NULL;

  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) own, strlen (own), SALT, -1);
}

/* Items that only a person lets go keep their own reason; what another machine had in flight may have arrived. */
#define HOLD_SQL                                                                                    \
  "UPDATE item SET maybe_delivered = maybe_delivered OR state = 2, state = 4, hold = '" FP_MACHINE_HOLD "',"       \
  " next_try = 0"                                                                                   \
  " WHERE state IN (1, 2, 3) OR (state = 4 AND hold IN ('account', 'form', 'proxy'))"

static gboolean
note_machine (FpDb       *db,
              const char *hash,
              GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('machine', ?)", error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, hash);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
fp_machine_claim (FpDb       *db,
                  const char *id,
                  GError    **error)
{
  g_autofree char *hash = dup_hash (id);
  g_autofree char *known = NULL;
  g_autoptr(GError) missing = NULL;

  if (!hash)
    return TRUE;
  known = fp_db_dup_text (db, "SELECT value FROM meta WHERE name = 'machine'", &missing);
  if (g_strcmp0 (known, hash) == 0)
    return TRUE;
  if (!known && !g_error_matches (missing, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }

  if (!fp_db_exec (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if ((!known || fp_db_exec (db, HOLD_SQL, error)) && note_machine (db, hash, error) && fp_db_commit (db, error))
    return TRUE;
  fp_db_roll_back (db);
  return FALSE;
}
