#include "store/fp-carve.h"

#include <string.h>

/* SQLite's file format, "B-tree Pages" and "Record Format". */
#define INDEX_INTERIOR 0x02
#define TABLE_INTERIOR 0x05
#define INDEX_LEAF     0x0a
#define TABLE_LEAF     0x0d

/* A tree of a queue has three or four levels. */
#define MAX_DEPTH      12
#define MAX_PAYLOAD    (256 * 1024 * 1024)

struct _FpCarve
{
  FpImage *image; /* borrowed */
  guint usable;
  GHashTable *done; /* pages whose rows were given, and free ones */
};

static guint
get_u16 (const guint8 *bytes)
{
  return (guint) bytes[0] << 8 | bytes[1];
}

static guint32
get_u32 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

/* Big-endian, with a sign, of 1 to 8 bytes. */
static gint64
get_signed (const guint8 *bytes,
            gsize         size)
{
  guint64 value = (bytes[0] & 0x80) ? G_MAXUINT64 : 0;

  for (gsize i = 0; i < size; i++)
    value = value << 8 | bytes[i];

  return (gint64) value;
}

/* Moves @at behind it; FALSE if it goes past @end. */
static gboolean
get_varint (const guint8 *bytes,
            gsize        *at,
            gsize         end,
            guint64      *value)
{
  *value = 0;
  for (int i = 0; i < 9; i++)
    {
      if (*at >= end)
        return FALSE;
      if (i == 8)
        *value = *value << 8 | bytes[(*at)++];
      else
        *value = *value << 7 | (bytes[*at] & 0x7f);
      if (i < 8 && !(bytes[(*at)++] & 0x80))
        return TRUE;
    }

  return TRUE;
}

FpCarve *
fp_carve_new (FpImage *image)
{
  FpCarve *self = g_new0 (FpCarve, 1);

  self->image = image;
  self->usable = fp_image_get_usable (image);
  self->done = g_hash_table_new (g_direct_hash, g_direct_equal);

  return self;
}

void
fp_carve_free (FpCarve *self)
{
  g_hash_table_unref (self->done);
  g_free (self);
}

/* A page's header, believed only where everything agrees. */
typedef struct
{
  guint8 *bytes;   /* owned */
  guint8 type;
  guint n_cells;
  gsize pointers;  /* where the array of cells begins */
  guint32 right;   /* of an interior page */
} Page;

static void
page_clear (Page *page)
{
  g_free (page->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

static gboolean
page_read (FpCarve *self,
           guint32  number,
           Page    *page)
{
  gsize header = number == 1 ? 100 : 0;
  gboolean interior;

  page->bytes = g_malloc (fp_image_get_page_size (self->image));
  if (!fp_image_read (self->image, number, page->bytes))
    return FALSE;
  page->type = page->bytes[header];
  interior = page->type == INDEX_INTERIOR || page->type == TABLE_INTERIOR;
  if (!interior && page->type != INDEX_LEAF && page->type != TABLE_LEAF)
    return FALSE;
  page->n_cells = get_u16 (page->bytes + header + 3);
  page->pointers = header + (interior ? 12 : 8);
  page->right = interior ? get_u32 (page->bytes + header + 8) : 0;

  return page->pointers + 2 * (gsize) page->n_cells <= self->usable;
}

/* Where cell @i begins; 0 = nowhere. */
static gsize
page_get_cell (FpCarve    *self,
               const Page *page,
               guint       i)
{
  gsize at = get_u16 (page->bytes + page->pointers + 2 * (gsize) i);

  return at >= page->pointers + 2 * (gsize) page->n_cells && at + 4 <= self->usable ? at : 0;
}

/* What did not fit on the page goes on elsewhere. */
static gboolean
read_overflow (FpCarve    *self,
               guint32     number,
               gsize       size,
               GByteArray *payload)
{
  g_autofree guint8 *page = g_malloc (fp_image_get_page_size (self->image));

  while (size > 0)
    {
      gsize piece = MIN (size, self->usable - 4);

      if (!fp_image_read (self->image, number, page))
        return FALSE;
      g_byte_array_append (payload, page + 4, (guint) piece);
      size -= piece;
      number = get_u32 (page);
    }

  /* The last one names none. */
  return number == 0;
}

static gboolean
read_payload (FpCarve    *self,
              const Page *page,
              gsize       at,
              guint64     size,
              GByteArray *payload)
{
  guint max = page->type == TABLE_LEAF ? self->usable - 35 : (self->usable - 12) * 64 / 255 - 23;
  guint min = (self->usable - 12) * 32 / 255 - 23;
  gsize here = (gsize) size;

  if (size > MAX_PAYLOAD || size / self->usable > fp_image_get_n_pages (self->image))
    return FALSE;
  if (size > max)
    {
      here = min + (gsize) (size - min) % (self->usable - 4);
      here = here > max ? min : here;
    }
  if (at + here + (here < size ? 4 : 0) > self->usable)
    return FALSE;
  g_byte_array_append (payload, page->bytes + at, (guint) here);

  return here == size || read_overflow (self, get_u32 (page->bytes + at + here), (gsize) size - here, payload);
}

static gboolean
read_value (guint64       serial,
            const guint8 *bytes,
            gsize        *at,
            gsize         end,
            FpCarveValue *value)
{
  static const guint8 sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };

  *value = (FpCarveValue) { FP_CARVE_NULL, 0, NULL, 0 };
  if (serial == 10 || serial == 11)
    return FALSE;
  value->size = serial < 10 ? sizes[serial] : (gsize) ((serial - 12) / 2);
  if (value->size > end - *at)
    return FALSE;
  value->data = bytes + *at;
  *at += value->size;

  if (serial >= 12)
    value->type = serial & 1 ? FP_CARVE_TEXT : FP_CARVE_BLOB;
  else if (serial == 7)
    value->type = FP_CARVE_REAL;
  else if (serial > 0)
    value->type = FP_CARVE_INT;
  if (value->type == FP_CARVE_INT)
    value->number = serial >= 8 ? (gint64) serial - 8 : get_signed (value->data, value->size);

  return TRUE;
}

/* The sizes in a record's head have to fill its body exactly: garbage hardly does. */
static gboolean
split_record (FpCarveRow *row)
{
  const guint8 *bytes = row->payload->data;
  gsize end = row->payload->len, at = 0, body;
  guint64 head;

  if (!get_varint (bytes, &at, end, &head) || head > end || head < at)
    return FALSE;
  body = (gsize) head;
  for (row->n = 0; at < head; row->n++)
    {
      guint64 serial;

      if (row->n == FP_CARVE_COLUMNS || !get_varint (bytes, &at, (gsize) head, &serial)
          || !read_value (serial, bytes, &body, end, &row->values[row->n]))
        return FALSE;
    }

  return body == end && row->n > 0;
}

/* The row in cell @i; in an interior page of an index it stands between two children. */
static gboolean
read_row (FpCarve    *self,
          const Page *page,
          guint       i,
          FpCarveRow *row)
{
  gsize at = page_get_cell (self, page, i);
  guint64 size, rowid = 0;

  if (at == 0)
    return FALSE;
  at += page->type == INDEX_INTERIOR ? 4 : 0;
  if (!get_varint (page->bytes, &at, self->usable, &size)
      || (page->type == TABLE_LEAF && !get_varint (page->bytes, &at, self->usable, &rowid)))
    return FALSE;
  row->rowid = (gint64) rowid;
  g_byte_array_set_size (row->payload, 0);

  return read_payload (self, page, at, size, row->payload) && split_record (row);
}

/* How many rows could be read, and how many of them @func took. */
typedef struct
{
  guint read;
  guint taken;
} Given;

static Given
give_rows (FpCarve    *self,
           const Page *page,
           FpCarveFunc func,
           gpointer    data)
{
  FpCarveRow row = { .payload = g_byte_array_new () };
  Given given = { 0 };

  for (guint i = 0; i < page->n_cells; i++)
    if (read_row (self, page, i, &row))
      {
        given.read++;
        given.taken += func (&row, data);
      }
  g_byte_array_unref (row.payload);

  return given;
}

typedef struct
{
  FpCarveKind kind;
  FpCarveFunc func;
  gpointer data;
  GHashTable *seen; /* pages of this walk: a damaged one may point upwards */
} Walk;

static gboolean
walk_page (FpCarve *self,
           Walk    *walk,
           guint32  number,
           guint    depth)
{
  g_auto(Page) page = { NULL };
  gboolean whole = TRUE;
  guint8 leaf = walk->kind == FP_CARVE_TABLE ? TABLE_LEAF : INDEX_LEAF;
  guint8 interior = walk->kind == FP_CARVE_TABLE ? TABLE_INTERIOR : INDEX_INTERIOR;

  if (depth > MAX_DEPTH || !g_hash_table_add (walk->seen, GUINT_TO_POINTER (number))
      || !page_read (self, number, &page) || (page.type != leaf && page.type != interior))
    return FALSE;
  if (page.type != TABLE_INTERIOR)
    whole = give_rows (self, &page, walk->func, walk->data).taken == page.n_cells;
  if (page.type == interior)
    {
      for (guint i = 0; i < page.n_cells; i++)
        {
          gsize at = page_get_cell (self, &page, i);

          whole &= at > 0 && walk_page (self, walk, get_u32 (page.bytes + at), depth + 1);
        }
      whole &= walk_page (self, walk, page.right, depth + 1);
    }
  if (whole || page.type == interior)
    g_hash_table_add (self->done, GUINT_TO_POINTER (number));

  return whole;
}

gboolean
fp_carve_walk (FpCarve    *self,
               FpCarveKind kind,
               guint32     root,
               FpCarveFunc func,
               gpointer    data)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);
  Walk walk = { kind, func, data, seen };

  return walk_page (self, &walk, root, 0);
}

gboolean
fp_carve_leave_free (FpCarve *self)
{
  g_autofree guint8 *page = g_malloc (fp_image_get_page_size (self->image));
  g_autoptr(GHashTable) free_pages = g_hash_table_new (g_direct_hash, g_direct_equal);
  GHashTableIter iter;
  gpointer number;
  guint32 trunk, expected;

  if (!fp_image_read (self->image, 1, page) || memcmp (page, "SQLite format 3", 16) != 0)
    return FALSE;
  trunk = get_u32 (page + 32);
  expected = get_u32 (page + 36);
  while (trunk != 0)
    {
      guint32 n;

      if (!fp_image_read (self->image, trunk, page) || !g_hash_table_add (free_pages, GUINT_TO_POINTER (trunk)))
        return FALSE;
      n = get_u32 (page + 4);
      if (n > self->usable / 4 - 2)
        return FALSE;
      for (guint32 i = 0; i < n; i++)
        g_hash_table_add (free_pages, GUINT_TO_POINTER (get_u32 (page + 8 + 4 * (gsize) i)));
      trunk = get_u32 (page);
    }
  if (g_hash_table_size (free_pages) != expected)
    return FALSE;

  g_hash_table_iter_init (&iter, free_pages);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    g_hash_table_add (self->done, number);

  return TRUE;
}

gboolean
fp_carve_has_stray_trees (FpCarve *self)
{
  for (guint32 number = 1; number <= fp_image_get_n_pages (self->image); number++)
    {
      g_auto(Page) page = { NULL };
      gboolean plausible;

      if (g_hash_table_contains (self->done, GUINT_TO_POINTER (number)) || !page_read (self, number, &page)
          || page.type != TABLE_INTERIOR)
        continue;
      plausible = page.right >= 1 && page.right <= fp_image_get_n_pages (self->image);
      for (guint i = 0; i < page.n_cells && plausible; i++)
        {
          gsize at = page_get_cell (self, &page, i);

          plausible = at > 0 && get_u32 (page.bytes + at) - 1 < fp_image_get_n_pages (self->image);
        }
      if (plausible)
        return TRUE;
    }

  return FALSE;
}

void
fp_carve_strays (FpCarve    *self,
                 FpCarveKind kind,
                 FpCarveFunc test,
                 FpCarveFunc func,
                 gpointer    data)
{
  guint8 leaf = kind == FP_CARVE_TABLE ? TABLE_LEAF : INDEX_LEAF;

  for (guint32 number = 1; number <= fp_image_get_n_pages (self->image); number++)
    {
      g_auto(Page) page = { NULL };
      Given given;

      if (g_hash_table_contains (self->done, GUINT_TO_POINTER (number)) || !page_read (self, number, &page)
          || page.type != leaf)
        continue;
      given = give_rows (self, &page, test, data);
      if (given.read == 0 || given.taken < given.read)
        continue;
      g_hash_table_add (self->done, GUINT_TO_POINTER (number));
      give_rows (self, &page, func, data);
    }
}
