/* fp-power-shim.c — a preloaded library that records what programs do to the files of one folder
 *
 *   FP_POWER_ROOT  the folder; must exist. Without it nothing is done.
 *   FP_POWER_LOG   the record; all programs append to it, in the order in which things happened
 *   FP_POWER_FAIL  "sync|write|name:N:ERRNO[:on]": the Nth such call of this process fails ("on": and all after it);
 *                  with KILL instead of an error the process is killed before it
 *   FP_POWER_LATER seconds that the clocks are ahead, the wall's and the one since boot
 *
 * What was printed on standard output is in the record too, or else the end of a program that printed nothing: from
 * there on a person has been told. powerlog.py reads it. SQLite's shared memory file is left out: it is no file but memory that needs a name, and is made anew after a
 * power cut. Functions on two lines are other names of the call above them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As powerlog.py unpacks it: "<IBBHHHIQQQ". */
typedef struct __attribute__ ((packed)) {
  uint32_t size;   /* of the whole record */
  uint8_t  op;
  uint8_t  failed;
  uint16_t length; /* of the first name */
  uint16_t second; /* of the second name */
  uint16_t zero;
  uint32_t pid;
  uint64_t inode;
  uint64_t at;
  uint64_t count;
} Record;

enum
{
  OP_CREATE   = 'C',
  OP_MKDIR    = 'D',
  OP_WRITE    = 'W',
  OP_TRUNCATE = 'T',
  OP_ALLOCATE = 'A',
  OP_SYNC     = 'S', /* second name: the library that called */
  OP_SYNC_ALL = 'Y', /* the whole file system */
  OP_RENAME   = 'R',
  OP_UNLINK   = 'U',
  OP_RMDIR    = 'X',
  OP_LINK     = 'L',
  OP_OUTPUT   = 'O',
  OP_FAIL     = 'F', /* FP_POWER_FAIL struck */
  OP_PROBLEM  = 'P', /* something that this cannot record */
};

static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static char fail_class[8];
static int fail_at, fail_errno;
static bool fail_on;
static int calls;
static bool said;
static long later;

#define REAL(name) ((__typeof__ (&name)) real (#name))

static void *
real (const char *name)
{
  void *found = dlsym (RTLD_NEXT, name);

  if (!found)
    abort ();

  return found;
}

static void
read_fault (const char *text)
{
  static const struct { const char *name; int code; } codes[] = {
    { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EDQUOT", EDQUOT }, { "KILL", 0 },
  };
  char name[16] = "", more[4] = "";

  if (sscanf (text, "%7[a-z]:%d:%15[A-Z]:%3s", fail_class, &fail_at, name, more) < 3)
    abort ();
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (strcmp (codes[i].name, name) == 0)
      fail_errno = codes[i].code;
  fail_on = strcmp (more, "on") == 0;
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *folder = getenv ("FP_POWER_ROOT");
  const char *path = getenv ("FP_POWER_LOG");
  const char *fault = getenv ("FP_POWER_FAIL");
  const char *seconds = getenv ("FP_POWER_LATER");

  if (seconds)
    later = atol (seconds);
  if (!folder || !path || !realpath (folder, root))
    return;
  if (fault && *fault)
    read_fault (fault);
  root_length = strlen (root);
  log_fd = REAL (open) (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log_fd < 0)
    abort ();
}

/* What is done and its record are one step for all programs. */
static void
lock (void)
{
  pthread_mutex_lock (&mutex);
  while (flock (log_fd, LOCK_EX) < 0)
    ;
}

static void
unlock (void)
{
  int errsv = errno;

  flock (log_fd, LOCK_UN);
  pthread_mutex_unlock (&mutex);
  errno = errsv;
}

static void
note (int         op,
      uint64_t    inode,
      uint64_t    at,
      uint64_t    count,
      const char *name,
      const char *second,
      const void *data,
      size_t      length,
      int         failed)
{
  int errsv = errno;
  Record record = { .op = op, .failed = failed, .pid = getpid (), .inode = inode, .at = at, .count = count };
  struct iovec parts[4] = {
    { &record, sizeof record }, { (void *) name, name ? strlen (name) : 0 },
    { (void *) second, second ? strlen (second) : 0 }, { (void *) data, length },
  };

  record.length = parts[1].iov_len;
  record.second = parts[2].iov_len;
  record.size = sizeof record + record.length + record.second + length;
  if (REAL (writev) (log_fd, parts, 4) != (ssize_t) record.size)
    abort ();
  errno = errsv;
}

/* Inside the lock. */
static bool
must_fail (const char *kind)
{
  if (strcmp (kind, fail_class) != 0)
    return false;
  calls++;
  if (calls != fail_at && !(fail_on && calls > fail_at))
    return false;
  note (OP_FAIL, 0, calls, 0, kind, NULL, NULL, 0, false);
  if (fail_errno == 0)
    kill (getpid (), SIGKILL);
  errno = fail_errno;

  return true;
}

static bool
is_watched (const char *path)
{
  size_t length = strlen (path);

  return strncmp (path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == '\0')
         && !(length > 4 && strcmp (path + length - 4, "-shm") == 0);
}

/* Absolute, links in folders resolved; false: not ours. */
static bool
watched_path (int         dir,
              const char *path,
              char       *full)
{
  char raw[PATH_MAX], folder[PATH_MAX], link[64];
  char *slash;
  int errsv = errno;
  ssize_t n = 0;
  bool ours = false;

  if (log_fd < 0)
    return false;
  if (path[0] != '/')
    {
      snprintf (link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
      n = readlink (link, raw, sizeof raw - 1);
      if (n < 0)
        n = 0;
      raw[n++] = '/';
    }
  if (strlen (path) < sizeof raw - n)
    {
      strcpy (raw + n, path);
      slash = strrchr (raw, '/');
      *slash = '\0';
      if (realpath (*raw ? raw : "/", folder) && strlen (folder) + strlen (slash + 1) + 2 < PATH_MAX)
        {
          sprintf (full, "%s/%s", folder, slash + 1);
          ours = is_watched (full);
        }
    }
  errno = errsv;

  return ours;
}

static bool
watched_fd (int          fd,
            char        *path,
            struct stat *info)
{
  char link[64];
  int errsv = errno;
  ssize_t n;
  bool ours;

  if (log_fd < 0)
    return false;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink (link, path, PATH_MAX - 1);
  path[n > 0 ? n : 0] = '\0';
  ours = n > 0 && is_watched (path) && fstat (fd, info) == 0 && (S_ISREG (info->st_mode) || S_ISDIR (info->st_mode));
  errno = errsv;

  return ours;
}

static const char *
caller_name (void *address)
{
  Dl_info info;
  const char *slash;

  if (!dladdr (address, &info) || !info.dli_fname)
    return "?";
  slash = strrchr (info.dli_fname, '/');

  return slash ? slash + 1 : info.dli_fname;
}

static int
do_open (int         dir,
         const char *path,
         int         flags,
         mode_t      mode)
{
  char full[PATH_MAX];
  struct stat before, after;
  bool was;
  int fd;

  if (!(flags & (O_CREAT | O_TRUNC)) || !watched_path (dir, path, full))
    return REAL (openat64) (dir, path, flags, mode);

  lock ();
  was = lstat (full, &before) == 0;
  if (!was && must_fail ("name"))
    fd = -1;
  else
    fd = REAL (openat64) (dir, path, flags, mode);
  if (fd >= 0 && fstat (fd, &after) == 0)
    {
      if ((flags & O_TMPFILE) == O_TMPFILE)
        note (OP_PROBLEM, 0, 0, 0, full, "a file without a name", NULL, 0, false);
      else if (!was)
        note (OP_CREATE, after.st_ino, 0, 0, full, NULL, NULL, 0, false);
      else if ((flags & O_TRUNC) && before.st_size > 0)
        note (OP_TRUNCATE, after.st_ino, 0, 0, full, NULL, NULL, 0, false);
    }
  unlock ();

  return fd;
}

#define DEFINE_OPEN(name)                                                                                       \
  int name (const char *path, int flags, ...)                                                                   \
  {                                                                                                             \
    va_list args;                                                                                               \
    mode_t mode;                                                                                                \
    va_start (args, flags);                                                                                     \
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg (args, mode_t) : 0;                                           \
    va_end (args);                                                                                              \
    return do_open (AT_FDCWD, path, flags, mode);                                                               \
  }
#define DEFINE_OPENAT(name)                                                                                     \
  int name (int dir, const char *path, int flags, ...)                                                          \
  {                                                                                                             \
    va_list args;                                                                                               \
    mode_t mode;                                                                                                \
    va_start (args, flags);                                                                                     \
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg (args, mode_t) : 0;                                           \
    va_end (args);                                                                                              \
    return do_open (dir, path, flags, mode);                                                                    \
  }
DEFINE_OPEN (open)
DEFINE_OPEN (open64)
DEFINE_OPENAT (openat)
DEFINE_OPENAT (openat64)

int creat (const char *path, mode_t mode)
{ return do_open (AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64 (const char *path, mode_t mode)
{ return creat (path, mode); }

/* @at < 0: where the descriptor is. */
static ssize_t
do_write (int                 fd,
          const struct iovec *parts,
          int                 n_parts,
          off64_t             at)
{
  char path[PATH_MAX];
  struct stat info;
  ssize_t done, left;
  uint64_t start;

  if (!watched_fd (fd, path, &info))
    return at < 0 ? REAL (writev) (fd, parts, n_parts) : REAL (pwritev64) (fd, parts, n_parts, at);

  lock ();
  if (must_fail ("write"))
    {
      unlock ();
      return -1;
    }
  fstat (fd, &info);
  start = at >= 0 ? (uint64_t) at : (uint64_t) lseek (fd, 0, SEEK_CUR);
  if (fcntl (fd, F_GETFL) & O_APPEND)
    start = info.st_size;
  done = at < 0 ? REAL (writev) (fd, parts, n_parts) : REAL (pwritev64) (fd, parts, n_parts, at);
  left = done;
  for (int i = 0; i < n_parts && left > 0; i++)
    {
      size_t length = left < (ssize_t) parts[i].iov_len ? (size_t) left : parts[i].iov_len;

      note (OP_WRITE, info.st_ino, start, length, path, NULL, parts[i].iov_base, length, false);
      start += length;
      left -= length;
    }
  unlock ();

  return done;
}

ssize_t
write (int         fd,
       const void *data,
       size_t      length)
{
  struct iovec part = { (void *) data, length };

  return log_fd < 0 ? REAL (write) (fd, data, length) : do_write (fd, &part, 1, -1);
}

ssize_t writev (int fd, const struct iovec *parts, int n_parts)
{ return do_write (fd, parts, n_parts, -1); }

ssize_t
pwrite64 (int         fd,
          const void *data,
          size_t      length,
          off64_t     at)
{
  struct iovec part = { (void *) data, length };

  return do_write (fd, &part, 1, at);
}

ssize_t pwrite (int fd, const void *data, size_t length, off_t at)
{ return pwrite64 (fd, data, length, at); }
ssize_t pwritev64 (int fd, const struct iovec *parts, int n_parts, off64_t at)
{ return do_write (fd, parts, n_parts, at); }
ssize_t pwritev (int fd, const struct iovec *parts, int n_parts, off_t at)
{ return do_write (fd, parts, n_parts, at); }

static void
tell (const char *text)
{
  lock ();
  note (OP_OUTPUT, 0, 0, 0, NULL, NULL, text, strlen (text), false);
  unlock ();
  said = true;
}

/* printf() and its kin do not come through write(). A file is written without a buffer. */
int
fputs (const char *text,
       FILE       *stream)
{
  char path[PATH_MAX];
  struct stat info;

  if (log_fd >= 0 && stream == stdout)
    tell (text);
  else if (log_fd >= 0 && watched_fd (fileno (stream), path, &info))
    return write (fileno (stream), text, strlen (text)) < 0 ? EOF : 1;

  return REAL (fputs) (text, stream);
}

/* A program that was killed does not come here, one that failed has nothing said of it. */
__attribute__ ((destructor)) static void
end (void)
{
  if (log_fd >= 0 && !said)
    tell ("");
}

int
clock_gettime (clockid_t        id,
               struct timespec *time)
{
  int done = REAL (clock_gettime) (id, time);

  if (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME)
    time->tv_sec += later;

  return done;
}

static int
do_sync (int         fd,
         int       (*sync_func) (int),
         const char *caller)
{
  char path[PATH_MAX];
  struct stat info;
  bool failed;
  int done;

  if (!watched_fd (fd, path, &info))
    return sync_func (fd);

  lock ();
  failed = must_fail ("sync");
  done = failed ? -1 : sync_func (fd);
  note (OP_SYNC, info.st_ino, 0, 0, path, caller, NULL, 0, done != 0);
  unlock ();

  return done;
}

int fsync (int fd)
{ return do_sync (fd, REAL (fsync), log_fd < 0 ? "" : caller_name (__builtin_return_address (0))); }
int fdatasync (int fd)
{ return do_sync (fd, REAL (fdatasync), log_fd < 0 ? "" : caller_name (__builtin_return_address (0))); }

int
syncfs (int fd)
{
  char path[PATH_MAX];
  struct stat info;
  bool failed;
  int done;

  if (!watched_fd (fd, path, &info))
    return REAL (syncfs) (fd);

  lock ();
  failed = must_fail ("sync");
  /* Only the record is to know it: what else is on this disk would be written, too. */
  done = failed ? -1 : 0;
  note (OP_SYNC_ALL, info.st_ino, 0, 0, path, NULL, NULL, 0, done != 0);
  unlock ();

  return done;
}

static int
do_truncate (int     fd,
             off64_t length)
{
  char path[PATH_MAX];
  struct stat info;
  int done;

  if (!watched_fd (fd, path, &info))
    return REAL (ftruncate64) (fd, length);

  lock ();
  done = must_fail ("write") ? -1 : REAL (ftruncate64) (fd, length);
  if (done == 0)
    note (OP_TRUNCATE, info.st_ino, length, 0, path, NULL, NULL, 0, false);
  unlock ();

  return done;
}

int ftruncate64 (int fd, off64_t length)
{ return do_truncate (fd, length); }
int ftruncate (int fd, off_t length)
{ return do_truncate (fd, length); }

static int
do_allocate (int     fd,
             int     mode,
             off64_t at,
             off64_t length)
{
  char path[PATH_MAX];
  struct stat info;
  int done;

  if (!watched_fd (fd, path, &info))
    return REAL (fallocate64) (fd, mode, at, length);

  lock ();
  done = must_fail ("write") ? -1 : REAL (fallocate64) (fd, mode, at, length);
  if (done == 0 && mode == 0)
    note (OP_ALLOCATE, info.st_ino, at, length, path, NULL, NULL, 0, false);
  else if (done == 0 && !(mode & FALLOC_FL_KEEP_SIZE))
    note (OP_PROBLEM, info.st_ino, at, length, path, "a hole", NULL, 0, false);
  unlock ();

  return done;
}

int fallocate64 (int fd, int mode, off64_t at, off64_t length)
{ return do_allocate (fd, mode, at, length); }
int fallocate (int fd, int mode, off_t at, off_t length)
{ return do_allocate (fd, mode, at, length); }
int posix_fallocate64 (int fd, off64_t at, off64_t length)
{ return do_allocate (fd, 0, at, length) < 0 ? errno : 0; }
int posix_fallocate (int fd, off_t at, off_t length)
{ return posix_fallocate64 (fd, at, length); }

/* Only one side may lie in the folder: what comes from elsewhere has bytes that were not recorded. */
static int
do_rename (int          from_dir,
           const char  *from,
           int          to_dir,
           const char  *to,
           unsigned int flags,
           int          op)
{
  char full_from[PATH_MAX], full_to[PATH_MAX];
  bool ours_from = watched_path (from_dir, from, full_from), ours_to = watched_path (to_dir, to, full_to);
  int done;

  if (!ours_from && !ours_to)
    return op == OP_LINK ? REAL (linkat) (from_dir, from, to_dir, to, (int) flags)
                         : REAL (renameat2) (from_dir, from, to_dir, to, flags);

  lock ();
  if (must_fail ("name"))
    done = -1;
  else
    done = op == OP_LINK ? REAL (linkat) (from_dir, from, to_dir, to, (int) flags)
                         : REAL (renameat2) (from_dir, from, to_dir, to, flags);
  if (done == 0 && ours_from && ours_to && !(flags & RENAME_EXCHANGE))
    note (op, 0, 0, 0, full_from, full_to, NULL, 0, false);
  else if (done == 0)
    note (OP_PROBLEM, 0, 0, 0, full_from, "moved over the edge", NULL, 0, false);
  unlock ();

  return done;
}

int rename (const char *from, const char *to)
{ return do_rename (AT_FDCWD, from, AT_FDCWD, to, 0, OP_RENAME); }
int renameat (int from_dir, const char *from, int to_dir, const char *to)
{ return do_rename (from_dir, from, to_dir, to, 0, OP_RENAME); }
int renameat2 (int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{ return do_rename (from_dir, from, to_dir, to, flags, OP_RENAME); }
int link (const char *from, const char *to)
{ return do_rename (AT_FDCWD, from, AT_FDCWD, to, 0, OP_LINK); }
int linkat (int from_dir, const char *from, int to_dir, const char *to, int flags)
{ return do_rename (from_dir, from, to_dir, to, (unsigned int) flags, OP_LINK); }

static int
do_unlink (int         dir,
           const char *path,
           int         flags)
{
  char full[PATH_MAX];
  int done;

  if (!watched_path (dir, path, full))
    return REAL (unlinkat) (dir, path, flags);

  lock ();
  done = must_fail ("name") ? -1 : REAL (unlinkat) (dir, path, flags);
  if (done == 0)
    note (flags & AT_REMOVEDIR ? OP_RMDIR : OP_UNLINK, 0, 0, 0, full, NULL, NULL, 0, false);
  unlock ();

  return done;
}

int unlink (const char *path)
{ return do_unlink (AT_FDCWD, path, 0); }
int unlinkat (int dir, const char *path, int flags)
{ return do_unlink (dir, path, flags); }
int rmdir (const char *path)
{ return do_unlink (AT_FDCWD, path, AT_REMOVEDIR); }

static int
do_mkdir (int         dir,
          const char *path,
          mode_t      mode)
{
  char full[PATH_MAX];
  struct stat info;
  int done;

  if (!watched_path (dir, path, full))
    return REAL (mkdirat) (dir, path, mode);

  lock ();
  done = must_fail ("name") ? -1 : REAL (mkdirat) (dir, path, mode);
  if (done == 0 && lstat (full, &info) == 0)
    note (OP_MKDIR, info.st_ino, 0, 0, full, NULL, NULL, 0, false);
  unlock ();

  return done;
}

int mkdir (const char *path, mode_t mode)
{ return do_mkdir (AT_FDCWD, path, mode); }
int mkdirat (int dir, const char *path, mode_t mode)
{ return do_mkdir (dir, path, mode); }

void *
mmap64 (void   *address,
        size_t  length,
        int     protection,
        int     flags,
        int     fd,
        off64_t at)
{
  char path[PATH_MAX];
  struct stat info;

  if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && fd >= 0 && watched_fd (fd, path, &info))
    {
      lock ();
      note (OP_PROBLEM, info.st_ino, at, length, path, "mapped for writing", NULL, 0, false);
      unlock ();
    }

  return REAL (mmap64) (address, length, protection, flags, fd, at);
}

void *mmap (void *address, size_t length, int protection, int flags, int fd, off_t at)
{ return mmap64 (address, length, protection, flags, fd, at); }
