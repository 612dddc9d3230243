#include "adapters/loop/loop_curl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapters/http/http_curl.h"
#include "base/bytes.h"

#define DRAIN_MAX 64 /* wakings or signals read at once; more of them say nothing more */

struct loop {
    struct http *http; /* kept */
    sigset_t old_mask;
    int signal_fd, wake_fd;
    char wake_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int stop_count;
    bool is_woken;
};

static bool address_of(const char *path, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    return kk_sv_copy(kk_sv_of(path), ret->sun_path, sizeof(ret->sun_path));
}

static enum kk_code open_signals(struct loop *loop, struct kk_err *err)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of its write, not our end */
    if (pthread_sigmask(SIG_BLOCK, &wanted, &loop->old_mask))
        return kk_fail(err, KK_UNAVAILABLE, "cannot block signals");
    loop->signal_fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "cannot wait for signals: %s", strerror(errno));
    return KK_OK;
}

/* What a dead process left there is no good any more; a living one is kept out by the folder's lock. */
static enum kk_code open_wake(struct loop *loop, const char *path, struct kk_err *err)
{
    struct sockaddr_un address;

    if (!path)
        return KK_OK;
    if (!address_of(path, &address))
        return kk_fail(err, KK_BAD_INPUT, "the path %s is too long for a socket", path);
    loop->wake_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (loop->wake_fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "cannot make a socket: %s", strerror(errno));
    unlink(path);
    if (bind(loop->wake_fd, (struct sockaddr *)&address, sizeof(address)))
        return kk_fail(err, errno == EACCES ? KK_DENIED : KK_UNAVAILABLE, "cannot make the socket %s: %s", path,
                       strerror(errno));
    memcpy(loop->wake_path, address.sun_path, sizeof(loop->wake_path));
    return KK_OK;
}

enum kk_code loop_open(struct http *http, const char *wake_path, struct loop **ret_loop, struct kk_err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    enum kk_code rc;

    if (!loop)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the loop");
    loop->http = http;
    loop->signal_fd = loop->wake_fd = -1;
    pthread_sigmask(SIG_SETMASK, NULL, &loop->old_mask);
    rc = open_signals(loop, err);
    if (!rc)
        rc = open_wake(loop, wake_path, err);
    if (rc) {
        loop_close(loop);
        return rc;
    }
    *ret_loop = loop;
    return KK_OK;
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->signal_fd >= 0)
        close(loop->signal_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->wake_path[0])
        unlink(loop->wake_path);
    pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
    free(loop);
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;

    for (int i = 0; i < DRAIN_MAX && read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info); i++)
        loop->stop_count++;
}

static void take_wakings(struct loop *loop)
{
    char byte;

    loop->is_woken = true;
    for (int i = 0; i < DRAIN_MAX && recv(loop->wake_fd, &byte, sizeof(byte), 0) >= 0; i++)
        continue;
}

enum kk_code loop_wait(struct loop *loop, int64_t timeout_ms, struct kk_err *err)
{
    struct http_fd fds[2] = {{.fd = loop->signal_fd}, {.fd = loop->wake_fd}};
    size_t count = loop->wake_fd >= 0 ? 2 : 1;
    enum kk_code rc = http_wait(loop->http, fds, count, timeout_ms, err);

    if (rc)
        return rc;
    if (fds[0].is_ready)
        take_signals(loop);
    if (fds[1].is_ready)
        take_wakings(loop);
    http_turn(loop->http);
    return KK_OK;
}

bool loop_is_stopping(const struct loop *loop)
{
    return loop->stop_count > 0;
}

bool loop_is_cut(const struct loop *loop)
{
    return loop->stop_count > 1;
}

bool loop_take_wake(struct loop *loop)
{
    bool was_woken = loop->is_woken;

    loop->is_woken = false;
    return was_woken;
}

void loop_wake(struct loop *loop)
{
    http_wake(loop->http);
}

void loop_wake_path(const char *path)
{
    struct sockaddr_un address;
    int fd;

    if (!address_of(path, &address))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Nobody there, or wakings enough in its buffer: it looks by itself soon. */
    (void)sendto(fd, "!", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
    close(fd);
}
