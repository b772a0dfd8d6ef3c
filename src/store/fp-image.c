#include "store/fp-image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fp-sql.h"

/* SQLite's file format, "The Database Header" and "The WAL File Format". */
#define DEFAULT_PAGE_BYTES 4096
#define WAL_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24
#define WAL_MAGIC          0x377f0682u /* the lowest bit: checksums of big-endian words */
/* 64 GiB of pages; more would be no queue. */
#define MAX_PAGES          (16u * 1024 * 1024)

struct _FpImage
{
  int file;
  int log; /* -1: none */
  guint page_size;
  guint reserved;
  guint32 n_pages;
  GHashTable *frames; /* page -> offset of its newest committed bytes in the log */
  gboolean lost_frames;
};

static guint32
get_u32 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

static gboolean
read_at (int      fd,
         goffset  offset,
         gpointer data,
         gsize    size)
{
  gsize done = 0;

  while (done < size)
    {
      gssize n = pread (fd, (guint8 *) data + done, size - done, offset + (goffset) done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      done += (gsize) n;
    }

  return TRUE;
}

static gboolean
is_page_size (guint size)
{
  return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

static goffset
size_of (int fd)
{
  struct stat file;

  return fd >= 0 && fstat (fd, &file) == 0 ? file.st_size : 0;
}

static void
read_header (FpImage *self)
{
  guint8 header[100];
  guint size;

  if (!read_at (self->file, 0, header, sizeof header) || memcmp (header, "SQLite format 3", 16) != 0)
    return;
  size = (guint) header[16] << 8 | header[17];
  size = size == 1 ? 65536 : size;
  if (!is_page_size (size))
    return;
  self->page_size = size;
  if (header[20] <= 32)
    self->reserved = header[20];
}

/* The running sum of the log over @bytes, a multiple of 8. */
static void
add_to_sum (guint32       sum[2],
            gboolean      big,
            const guint8 *bytes,
            gsize         size)
{
  for (gsize i = 0; i + 8 <= size; i += 8)
    {
      guint32 words[2];

      memcpy (words, bytes + i, 8);
      for (int k = 0; k < 2; k++)
        words[k] = big ? GUINT32_FROM_BE (words[k]) : GUINT32_FROM_LE (words[k]);
      sum[0] += words[0] + sum[1];
      sum[1] += words[1] + sum[0];
    }
}

typedef struct
{
  gboolean big;
  guint8 salts[8];
  guint32 sum[2];  /* as written in what came before: a damaged frame spoils only itself */
} Log;

/* FALSE: there is nothing in the log. */
static gboolean
read_log_header (FpImage *self,
                 Log     *log)
{
  guint8 header[WAL_HEADER_BYTES];
  guint8 frame[FRAME_HEADER_BYTES];
  guint32 sum[2] = { 0 };

  if (!read_at (self->log, 0, header, sizeof header) || !read_at (self->log, WAL_HEADER_BYTES, frame, sizeof frame))
    return FALSE;

  log->big = get_u32 (header) == (WAL_MAGIC | 1);
  add_to_sum (sum, log->big, header, 24);
  log->sum[0] = get_u32 (header + 24);
  log->sum[1] = get_u32 (header + 28);
  if ((get_u32 (header) & ~1u) == WAL_MAGIC && is_page_size (get_u32 (header + 8)) && sum[0] == log->sum[0]
      && sum[1] == log->sum[1])
    {
      self->page_size = get_u32 (header + 8);
      memcpy (log->salts, header + 16, 8);
      return TRUE;
    }

  /* The header is damaged; each frame repeats its salts. */
  self->lost_frames = TRUE;
  memcpy (log->salts, frame + 8, 8);
  return TRUE;
}

static void
move_frames (GHashTable *from,
             GHashTable *to)
{
  GHashTableIter iter;
  gpointer number, offset;

  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &number, &offset))
    {
      g_hash_table_iter_steal (&iter);
      g_hash_table_insert (to, number, offset);
    }
}

/* FALSE: not as it was written. @stale: (out): of an earlier round of the log, behind its end. */
static gboolean
check_frame (FpImage      *self,
             Log          *log,
             const guint8 *header,
             const guint8 *page,
             gboolean     *stale)
{
  guint32 sum[2] = { log->sum[0], log->sum[1] };

  log->sum[0] = get_u32 (header + 16);
  log->sum[1] = get_u32 (header + 20);
  add_to_sum (sum, log->big, header, 8);
  add_to_sum (sum, log->big, page, self->page_size);
  *stale = memcmp (header + 8, log->salts, 8) != 0;

  return !*stale && sum[0] == log->sum[0] && sum[1] == log->sum[1] && get_u32 (header) >= 1
         && get_u32 (header) <= MAX_PAGES;
}

/* SQLite itself stops at the first frame that is not right, as after a power cut in the middle of the last transaction.
 * Here a damaged one spoils only itself where another transaction came after its own: that began only when the one
 * before was durable. */
static void
read_log (FpImage *self)
{
  g_autoptr(GHashTable) open = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  g_autoptr(GHashTable) waiting = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  g_autofree guint8 *page = NULL;
  gboolean torn = FALSE;
  goffset size = size_of (self->log), step, offset;
  Log log = { 0 };

  if (size == 0 || !read_log_header (self, &log))
    return;
  page = g_malloc (self->page_size);
  step = FRAME_HEADER_BYTES + (goffset) self->page_size;
  for (offset = WAL_HEADER_BYTES; offset + step <= size; offset += step)
    {
      guint8 header[FRAME_HEADER_BYTES];
      gboolean stale;

      if (!read_at (self->log, offset, header, sizeof header)
          || !read_at (self->log, offset + FRAME_HEADER_BYTES, page, self->page_size))
        break;
      if (!check_frame (self, &log, header, page, &stale))
        {
          torn |= !stale;
          continue;
        }
      g_hash_table_insert (open, GUINT_TO_POINTER (get_u32 (header)),
                           g_memdup2 (&(goffset){ offset + FRAME_HEADER_BYTES }, sizeof (goffset)));
      if (get_u32 (header + 4) == 0)
        continue;

      /* A commit: it tells how long the file is, too. A torn one waits for the next. */
      self->n_pages = MIN (get_u32 (header + 4), MAX_PAGES);
      self->lost_frames |= g_hash_table_size (waiting) > 0;
      move_frames (waiting, self->frames);
      move_frames (open, torn ? waiting : self->frames);
      torn = FALSE;
    }
}

FpImage *
fp_image_open (const char *path,
               GError    **error)
{
  g_autoptr(FpImage) self = g_new0 (FpImage, 1);
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  guint32 in_file;

  self->frames = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  self->page_size = DEFAULT_PAGE_BYTES;
  self->log = open (log, O_RDONLY | O_CLOEXEC);
  self->file = open (path, O_RDONLY | O_CLOEXEC);
  if (self->file < 0)
    {
      fp_store_set_errno (error, errno, "The file %s could not be read", path);
      return NULL;
    }
  read_header (self);
  read_log (self);
  /* Whatever is there may hold something, also behind an end that the log tells. */
  in_file = (guint32) MIN (size_of (self->file) / self->page_size, MAX_PAGES);
  self->n_pages = MAX (self->n_pages, in_file);

  return g_steal_pointer (&self);
}

void
fp_image_free (FpImage *self)
{
  if (self->file >= 0)
    close (self->file);
  if (self->log >= 0)
    close (self->log);
  g_hash_table_unref (self->frames);
  g_free (self);
}

guint
fp_image_get_page_size (FpImage *self)
{
  return self->page_size;
}

guint
fp_image_get_usable (FpImage *self)
{
  return self->page_size - self->reserved;
}

guint32
fp_image_get_n_pages (FpImage *self)
{
  return self->n_pages;
}

gboolean
fp_image_lost_frames (FpImage *self)
{
  return self->lost_frames;
}

gboolean
fp_image_read (FpImage *self,
               guint32  number,
               guint8  *page)
{
  const goffset *in_log = g_hash_table_lookup (self->frames, GUINT_TO_POINTER (number));

  if (number == 0 || number > self->n_pages)
    return FALSE;
  if (in_log)
    return read_at (self->log, *in_log, page, self->page_size);

  return read_at (self->file, (goffset) (number - 1) * self->page_size, page, self->page_size);
}
