/* What changes files, as the program and its libraries call it. A test's own pipes and terminals are left alone: only
 * what is written to regular files can run out of space. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "torture/fail.h"

static bool fails_with(int number)
{
    if (!fail_is_due(FAIL_FILE))
        return false;
    errno = number;
    return true;
}

static bool is_regular(int fd)
{
    struct stat facts;

    return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

/* The function behind ours; looked up once each. */
#define REAL(name)                                  \
    static __typeof__(&name) real_;                 \
    if (!real_) {                                   \
        fail_spare(true);                           \
        *(void **)&real_ = dlsym(RTLD_NEXT, #name); \
        fail_spare(false);                          \
    }

/* Half of it gets through, as on a disk that fills up; the rest is refused by the next call. */
static size_t cut(size_t bytes)
{
    return fail_is_partial() ? bytes / 2 : 0;
}

#define WRITE_BODY(name, ...)                   \
    REAL(name)                                  \
    if (is_regular(fd) && fails_with(ENOSPC)) { \
        if (cut(bytes) == 0)                    \
            return -1;                          \
        bytes = cut(bytes);                     \
    }                                           \
    return real_(__VA_ARGS__);

ssize_t write(int fd, const void *from, size_t bytes){WRITE_BODY(write, fd, from, bytes)}

ssize_t pwrite(int fd, const void *from, size_t bytes, off_t at){WRITE_BODY(pwrite, fd, from, bytes, at)}

ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at){WRITE_BODY(pwrite64, fd, from, bytes, at)}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev)
    if (is_regular(fd) && fails_with(ENOSPC))
        return fail_is_partial() ? write(fd, parts[0].iov_base, parts[0].iov_len / 2) : -1;
    return real_(fd, parts, count);
}

#define CALL(name, error, parameters, ...) \
    int name parameters                    \
    {                                      \
        REAL(name)                         \
        if (fails_with(error))             \
            return -1;                     \
        return real_(__VA_ARGS__);         \
    }

/* No power is cut here, so nobody waits for the disk. */
int fsync(int fd)
{
    (void)fd;
    return fails_with(EIO) ? -1 : 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

CALL(ftruncate, EIO, (int fd, off_t bytes), fd, bytes)
CALL(ftruncate64, EIO, (int fd, off64_t bytes), fd, bytes)
CALL(fallocate, ENOSPC, (int fd, int mode, off_t at, off_t bytes), fd, mode, at, bytes)
CALL(fallocate64, ENOSPC, (int fd, int mode, off64_t at, off64_t bytes), fd, mode, at, bytes)
CALL(rename, EIO, (const char *from, const char *to), from, to)
CALL(renameat, EIO, (int from_fd, const char *from, int to_fd, const char *to), from_fd, from, to_fd, to)
CALL(unlink, EIO, (const char *path), path)
CALL(mkdir, ENOSPC, (const char *path, mode_t mode), path, mode)

/* The mode is there only where a file may be made. */
#define OPEN_BODY(name, ...)             \
    mode_t mode = 0;                     \
                                         \
    REAL(name)                           \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list args;                    \
                                         \
        va_start(args, flags);           \
        mode = va_arg(args, mode_t);     \
        va_end(args);                    \
    }                                    \
    if (fails_with(EMFILE))              \
        return -1;                       \
    return real_(__VA_ARGS__, flags, mode);

int open(const char *path, int flags, ...)
{
    OPEN_BODY(open, path)
}

int open64(const char *path, int flags, ...)
{
    OPEN_BODY(open64, path)
}

int openat(int folder_fd, const char *path, int flags, ...)
{
    OPEN_BODY(openat, folder_fd, path)
}

int openat64(int folder_fd, const char *path, int flags, ...){OPEN_BODY(openat64, folder_fd, path)}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen)
    return fails_with(EMFILE) ? NULL : real_(path, mode);
}
