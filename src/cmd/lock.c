/* Open file description locks: unlike flock() they can be asked about without being taken, so a command that wants to
 * know whether somebody runs never gets in the way of a start; unlike POSIX locks they do not go when some other
 * descriptor of the file is closed. */
#include "cmd/lock.h"

#include <fcntl.h>
#include <time.h>

#define MOMENT_NS (20 * 1000 * 1000)
#define MOMENTS 100

static struct flock whole(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static bool open_file(const char *dir, int flags, int *ret_fd)
{
    char path[600];

    snprintf(path, sizeof(path), "%s/" LOCK_FILE, dir);
    *ret_fd = open(path, flags | O_CLOEXEC, 0600);
    return *ret_fd >= 0;
}

static void read_holder(int fd, char *ret, size_t ret_bytes)
{
    ssize_t got = pread(fd, ret, ret_bytes - 1, 0);

    ret[got > 0 ? got : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

static void write_holder(int fd, const char *who)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "`kkachi %.20s`, pid %d\n", who, (int)getpid());

    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
        return; /* only people read it: the lock itself holds */
}

/* One that starts holds the lock alone for a moment while it puts things right, so another waits a little. */
static bool try_lock(int fd, bool may_share, bool *ret_alone)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};

    for (int i = 0; i < MOMENTS; i++) {
        struct flock alone = whole(F_WRLCK), shared = whole(F_RDLCK);

        *ret_alone = fcntl(fd, F_OFD_SETLK, &alone) == 0;
        if (*ret_alone || (may_share && fcntl(fd, F_OFD_SETLK, &shared) == 0))
            return true;
        if (!may_share)
            return false;
        nanosleep(&moment, NULL);
    }
    return false;
}

enum kk_code lock_take(const char *dir, const char *who, bool may_share, struct lock *ret, struct kk_err *err)
{
    char holder[64];
    int fd;

    ret->fd = -1;
    if (!open_file(dir, O_RDWR | O_CREAT, &fd))
        return kk_fail(err, errno == ENOSPC ? KK_FULL : KK_DENIED, "%.150s/" LOCK_FILE ": %s", dir, strerror(errno));
    if (!try_lock(fd, may_share, &ret->is_alone)) {
        read_holder(fd, holder, sizeof(holder));
        close(fd);
        return kk_fail(err, KK_CONFLICT, "%s runs on the folder %.120s already; stop it first, or use another folder",
                       *holder ? holder : "another process", dir);
    }
    write_holder(fd, who);
    ret->fd = fd;
    return KK_OK;
}

void lock_share(struct lock *lock)
{
    struct flock shared = whole(F_RDLCK);

    if (fcntl(lock->fd, F_OFD_SETLK, &shared) == 0)
        lock->is_alone = false;
}

void lock_give(struct lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

bool lock_is_held(const char *dir, char *ret_who, size_t who_bytes)
{
    struct flock look = whole(F_WRLCK);
    int fd;
    bool is_held;

    if (!open_file(dir, O_RDONLY, &fd))
        return false;
    is_held = fcntl(fd, F_OFD_GETLK, &look) == 0 && look.l_type != F_UNLCK;
    if (is_held && ret_who)
        read_holder(fd, ret_who, who_bytes);
    close(fd);
    return is_held;
}
