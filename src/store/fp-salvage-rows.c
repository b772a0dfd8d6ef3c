#include "store/fp-salvage-private.h"

#include <string.h>

/* Formats only ever add columns at the end, so a row of an old one is the beginning of a row of today's. */
typedef struct
{
  char *name;
  FpCarveType type;
  gboolean not_null;
  gboolean optional; /* may be missing at the end of an old row */
  gboolean is_rowid; /* stored as NULL */
  char *fallback;    /* (nullable): DEFAULT, a number */
} Column;

typedef struct
{
  FpSalvage *salvage;  /* borrowed */
  char *name;
  FpCarveKind kind;
  GPtrArray *columns;
  char *insert;
  const char *version; /* (nullable): column that grows with each change of a row */
  gboolean whole;      /* every page of its tree could be read */
} Table;

static void
column_free (Column *column)
{
  g_free (column->name);
  g_free (column->fallback);
  g_free (column);
}

static void
table_free (Table *table)
{
  g_free (table->name);
  g_free (table->insert);
  g_ptr_array_unref (table->columns);
  g_free (table);
}

static FpCarveType
type_from_string (const char *type)
{
  static const char *const names[] = { NULL, "INTEGER", "REAL", "TEXT", "BLOB" };

  for (gsize i = 1; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (type, names[i]) == 0)
      return (FpCarveType) i;

  return FP_CARVE_NULL;
}

/* As SQLite stores them: without what is computed. */
static gboolean
load_columns (FpSalvage *self,
              Table     *table,
              GError   **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo('%s')"
                                          " WHERE hidden = 0 ORDER BY cid", table->name);
  g_autoptr(FpStmt) stmt = fp_stmt_new (self->db, sql, error);
  FpStep step = stmt ? FP_STEP_ROW : FP_STEP_ERROR;

  while (stmt && (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      Column *column = g_new0 (Column, 1);
      g_autofree char *type = fp_stmt_dup_text (stmt, 1);

      column->name = fp_stmt_dup_text (stmt, 0);
      column->type = type_from_string (type);
      column->not_null = fp_stmt_get_int (stmt, 2) != 0;
      column->fallback = fp_stmt_dup_text (stmt, 3);
      column->is_rowid = table->kind == FP_CARVE_TABLE && fp_stmt_get_int (stmt, 4) == 1 && column->type == FP_CARVE_INT;
      column->optional = column->fallback || (!column->not_null && !column->is_rowid);
      g_ptr_array_add (table->columns, column);
    }

  return step == FP_STEP_DONE;
}

static char *
dup_insert (Table *table)
{
  /* The new file has a StoreId of its own by now. */
  gboolean replace = g_str_equal (table->name, "meta");
  g_autoptr(GString) sql = g_string_new (NULL);
  guint i;

  g_string_append_printf (sql, "INSERT OR %s INTO %s (", replace ? "REPLACE" : "IGNORE", table->name);
  for (i = 0; i < table->columns->len; i++)
    g_string_append_printf (sql, "%s%s", i ? ", " : "", ((Column *) table->columns->pdata[i])->name);
  g_string_append (sql, ") VALUES (");
  for (i = 0; i < table->columns->len; i++)
    g_string_append (sql, i ? ", ?" : "?");
  g_string_append (sql, ")");

  return g_string_free (g_steal_pointer (&sql), FALSE);
}

static gboolean
load_tables (FpSalvage *self,
             GError   **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  /* Drafts and items first: what comes first has the disk to itself. The counts are counted anew. */
  stmt = fp_stmt_new (self->db,
                      "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
                      " AND name NOT LIKE 'sqlite_%' AND name NOT IN ('item_count', 'event_count')"
                      " ORDER BY name NOT IN ('item', 'item_part', 'draft', 'draft_file'), name",
                      error);
  if (!stmt)
    return FALSE;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      Table *table = g_new0 (Table, 1);

      table->salvage = self;
      table->name = fp_stmt_dup_text (stmt, 0);
      table->kind = fp_stmt_get_int (stmt, 1) ? FP_CARVE_INDEX : FP_CARVE_TABLE;
      table->columns = g_ptr_array_new_with_free_func ((GDestroyNotify) column_free);
      if (g_str_equal (table->name, "item"))
        table->version = "changed";
      else if (g_str_equal (table->name, "draft"))
        table->version = "revision";
      g_ptr_array_add (self->tables, table);
      if (!load_columns (self, table, error))
        return FALSE;
      table->insert = dup_insert (table);
    }

  return step == FP_STEP_DONE;
}

static gboolean
value_fits (const FpCarveValue *value,
            const Column       *column)
{
  if (column->is_rowid || value->type == FP_CARVE_NULL)
    return value->type == FP_CARVE_NULL && (column->is_rowid || !column->not_null);
  if (value->type == FP_CARVE_TEXT && !g_utf8_validate_len ((const char *) value->data, value->size, NULL))
    return FALSE;

  return value->type == column->type;
}

static gboolean
row_fits (const FpCarveRow *row,
          const Table      *table)
{
  if (row->n > table->columns->len || (table->kind == FP_CARVE_TABLE && row->rowid <= 0))
    return FALSE;
  for (guint i = 0; i < table->columns->len; i++)
    {
      const Column *column = table->columns->pdata[i];

      if (i < row->n ? !value_fits (&row->values[i], column) : !column->optional)
        return FALSE;
    }

  return TRUE;
}

static void
bind_value (FpStmt             *stmt,
            int                 index,
            const FpCarveValue *value)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  if (value->type == FP_CARVE_INT)
    fp_stmt_bind_int (stmt, index, value->number);
  else if (value->type == FP_CARVE_TEXT)
    fp_stmt_bind_text (stmt, index, text = g_strndup ((const char *) value->data, value->size));
  else if (value->type == FP_CARVE_BLOB)
    fp_stmt_bind_bytes (stmt, index, bytes = g_bytes_new_static (value->data, value->size));
}

/* Not TRUE where the new file refuses the row: it contradicts itself. */
static gboolean
insert_row (Table            *table,
            const FpCarveRow *row)
{
  FpSalvage *self = table->salvage;
  g_autoptr(FpStmt) stmt = fp_stmt_new (self->db, table->insert, &self->error);
  g_autoptr(GError) error = NULL;

  if (!stmt)
    return FALSE;
  for (guint i = 0; i < table->columns->len; i++)
    {
      const Column *column = table->columns->pdata[i];

      if (column->is_rowid)
        fp_stmt_bind_int (stmt, (int) i + 1, row->rowid);
      else if (i < row->n)
        bind_value (stmt, (int) i + 1, &row->values[i]);
      else if (column->fallback)
        fp_stmt_bind_int (stmt, (int) i + 1, g_ascii_strtoll (column->fallback, NULL, 10));
    }
  if (fp_stmt_run (stmt, NULL, &error))
    return TRUE;
  if (error->code != FP_STORE_ERROR_CHANGED && error->code != FP_STORE_ERROR_FAILED && !self->error)
    self->error = g_steal_pointer (&error);

  return FALSE;
}

static gboolean
take_cb (const FpCarveRow *row,
         gpointer          data)
{
  Table *table = data;

  return row_fits (row, table) && insert_row (table, row);
}

/* A stray may be a row as it once was. */
static gboolean
delete_older (Table            *table,
              const FpCarveRow *row)
{
  FpSalvage *self = table->salvage;
  g_autofree char *sql = NULL;
  g_autoptr(FpStmt) stmt = NULL;

  if (!table->version)
    return TRUE;
  sql = g_strdup_printf ("DELETE FROM %s WHERE id = ? AND %s < ?", table->name, table->version);
  stmt = fp_stmt_new (self->db, sql, &self->error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, row->rowid);
  for (guint i = 0; i < row->n; i++)
    if (g_str_equal (((Column *) table->columns->pdata[i])->name, table->version))
      fp_stmt_bind_int (stmt, 2, row->values[i].number);

  return fp_stmt_run (stmt, NULL, self->error ? NULL : &self->error);
}

static gboolean
take_stray_cb (const FpCarveRow *row,
               gpointer          data)
{
  return delete_older (data, row) && take_cb (row, data);
}

/* Of this table and of no other. */
static gboolean
is_stray_cb (const FpCarveRow *row,
             gpointer          data)
{
  const Table *table = data;

  if (!row_fits (row, table))
    return FALSE;
  for (guint i = 0; i < table->salvage->tables->len; i++)
    {
      const Table *other = table->salvage->tables->pdata[i];

      if (other != table && other->kind == table->kind && row_fits (row, other))
        return FALSE;
    }

  return TRUE;
}

/* A row of sqlite_schema: type, name, table, first page, text. */
static gboolean
is_schema_cb (const FpCarveRow *row,
              gpointer          data)
{
  return row->n == 5 && row->values[0].type == FP_CARVE_TEXT && row->values[1].type == FP_CARVE_TEXT
         && row->values[2].type == FP_CARVE_TEXT && row->values[3].type == FP_CARVE_INT
         && (row->values[4].type == FP_CARVE_TEXT || row->values[4].type == FP_CARVE_NULL);
}

static gboolean
take_root_cb (const FpCarveRow *row,
              gpointer          data)
{
  FpSalvage *self = data;
  g_autofree char *name = NULL;

  if (!is_schema_cb (row, NULL))
    return FALSE;
  name = g_strndup ((const char *) row->values[1].data, row->values[1].size);
  if (row->values[3].number > 0 && row->values[3].number <= G_MAXUINT32
      && !g_hash_table_contains (self->roots, name))
    g_hash_table_insert (self->roots, g_steal_pointer (&name), GUINT_TO_POINTER ((guint) row->values[3].number));

  return TRUE;
}

static gboolean
expect_cb (const FpCarveRow *row,
           gpointer          data)
{
  FpSalvage *self = data;

  if (row->n != 2 || row->values[1].type != FP_CARVE_INT)
    return FALSE;
  if (row->rowid >= 1 && row->rowid <= 4)
    self->expected = MAX (self->expected, 0) + MAX (row->values[1].number, 0);

  return TRUE;
}

/* An entry of the index of uids: the uid, and the row. */
static gboolean
take_id_cb (const FpCarveRow *row,
            gpointer          data)
{
  FpSalvage *self = data;

  if (row->n != 2 || row->values[1].type != FP_CARVE_INT)
    return FALSE;
  g_hash_table_add (self->ids, g_memdup2 (&row->values[1].number, sizeof (gint64)));

  return TRUE;
}

/* No id is given twice, also where nobody knows any more how far they had come. */
static gboolean
take_sequence_cb (const FpCarveRow *row,
                  gpointer          data)
{
  FpSalvage *self = data;
  g_autofree char *name = NULL;
  g_autoptr(FpStmt) stmt = NULL;

  if (row->n != 2 || row->values[0].type != FP_CARVE_TEXT || row->values[1].type != FP_CARVE_INT)
    return FALSE;
  name = g_strndup ((const char *) row->values[0].data, row->values[0].size);
  stmt = fp_stmt_new (self->db, "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", &self->error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, row->values[1].number);
  fp_stmt_bind_text (stmt, 2, name);

  return fp_stmt_run (stmt, NULL, NULL);
}

static gboolean
walk (FpSalvage  *self,
      const char *name,
      FpCarveKind kind,
      FpCarveFunc func,
      gpointer    data)
{
  guint32 root = GPOINTER_TO_UINT (g_hash_table_lookup (self->roots, name));

  return root > 0 && fp_carve_walk (self->carve, kind, root, func, data);
}

/* Every table has an entry, so that its ids can be counted on from there. */
static gboolean
begin_sequences (FpSalvage *self,
                 GError   **error)
{
  return fp_db_exec (self->db,
                     "INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM sqlite_schema WHERE type = 'table'"
                     " AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
                     error);
}

static void
find_roots (FpSalvage *self)
{
  if (!fp_carve_walk (self->carve, FP_CARVE_TABLE, 1, take_root_cb, self))
    fp_carve_strays (self->carve, FP_CARVE_TABLE, is_schema_cb, take_root_cb, self);
}

static void
walk_tables (FpSalvage *self)
{
  for (guint i = 0; i < self->tables->len; i++)
    {
      Table *table = self->tables->pdata[i];

      table->whole = walk (self, table->name, table->kind, take_cb, table);
    }
}

/* Where it is known which pages are free, every other page has a place, and what is found on it is the truth. Otherwise
 * only what is missed is looked for: a free page may hold rows that were deleted. */
static void
take_strays (FpSalvage *self)
{
  gboolean free_known = fp_carve_leave_free (self->carve);
  gboolean stray_trees = fp_carve_has_stray_trees (self->carve);

  self->certain = !fp_image_lost_frames (self->image);
  for (guint i = 0; i < self->tables->len; i++)
    {
      Table *table = self->tables->pdata[i];
      gint64 changes;

      if (!free_known && table->whole && (table->kind == FP_CARVE_INDEX || !stray_trees))
        continue;
      changes = sqlite3_total_changes64 (self->db->handle);
      fp_carve_strays (self->carve, table->kind, is_stray_cb, take_stray_cb, table);
      self->certain &= free_known || changes == sqlite3_total_changes64 (self->db->handle);
    }
}

gboolean
_fp_salvage_rows (FpSalvage *self,
                  GError   **error)
{
  static const char *const known[] = { "item", "item_part", "receipt", "draft_file" };
  gboolean sequence;
  guint n_known = 0;

  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) table_free);
  if (!load_tables (self, error) || !begin_sequences (self, error))
    return FALSE;

  find_roots (self);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    n_known += g_hash_table_contains (self->roots, known[i]);
  self->ours |= n_known >= 2;

  walk_tables (self);
  take_strays (self);

  walk (self, "item_count", FP_CARVE_TABLE, expect_cb, self);
  walk (self, "sqlite_autoindex_draft_1", FP_CARVE_INDEX, take_id_cb, self);
  sequence = walk (self, "sqlite_sequence", FP_CARVE_TABLE, take_sequence_cb, self);
  if (self->error)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }

  return fp_db_exec (self->db,
                     "UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(item), 0) FROM receipt))"
                     " WHERE name = 'item'",
                     error)
         && (sequence || fp_db_exec (self->db, "UPDATE sqlite_sequence SET seq = seq + 1000", error));
}
