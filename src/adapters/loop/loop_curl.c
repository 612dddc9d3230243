#include "adapters/loop/loop_curl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "adapters/disk/folder.h"
#include "adapters/http/http_curl.h"
#include "base/assert.h"

#define DRAIN_MAX 256 /* datagrams taken in one turn; what is left ends the next wait at once */

struct loop {
    struct http *http;      /* kept */
    int signal_fd, wake_fd; /* -1: none */
    char wake_path[FOLDER_PATH_BYTES];
    sigset_t old_mask;
    struct sigaction old_pipe;
    int stop_count;
    bool was_woken;
    atomic_bool is_called; /* by loop_wake(), from any thread */
};

struct wake_address {
    struct sockaddr_un sun;
    int folder_fd; /* -1: none; open while the address is used */
};

/* An address has room for 107 bytes, which is too short for many a folder; then its descriptor stands for it. */
static enum kk_code address_of(const char *path, struct wake_address *ret)
{
    char folder[FOLDER_PATH_BYTES];
    char *slash;

    *ret = (struct wake_address){.sun.sun_family = AF_UNIX, .folder_fd = -1};
    if (path[0] && kk_sv_copy(kk_sv_of(path), ret->sun.sun_path, sizeof(ret->sun.sun_path)))
        return KK_OK;
    slash = kk_sv_copy(kk_sv_of(path), folder, sizeof(folder)) ? strrchr(folder, '/') : NULL;
    if (!slash)
        return KK_BAD_INPUT;
    *slash = '\0';
    ret->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (ret->folder_fd < 0)
        return folder_code(errno);

    int len = snprintf(ret->sun.sun_path, sizeof(ret->sun.sun_path), "/proc/self/fd/%d/%s", ret->folder_fd, slash + 1);

    return len > 0 && (size_t)len < sizeof(ret->sun.sun_path) ? KK_OK : KK_BAD_INPUT;
}

static void address_done(struct wake_address *address)
{
    if (address->folder_fd >= 0)
        close(address->folder_fd);
    address->folder_fd = -1;
}

static enum kk_code open_wake(struct loop *loop, const char *path, struct kk_err *err)
{
    KK_CLEANUP(address_done) struct wake_address address;
    enum kk_code rc = address_of(path, &address);

    if (rc)
        return kk_fail(err, rc, "the socket %s cannot be made: there is no such folder, or its path is too long", path);
    loop->wake_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (loop->wake_fd >= 0) {
        fchmod(loop->wake_fd, 0600);  /* before it has a name: only this user may wake us */
        unlink(address.sun.sun_path); /* what a process that was killed has left */
    }
    if (loop->wake_fd < 0 || bind(loop->wake_fd, (struct sockaddr *)&address.sun, sizeof(address.sun)))
        return kk_fail(err, folder_code(errno), "the socket %s cannot be made: %s", path, strerror(errno));
    kk_sv_copy(kk_sv_of(path), loop->wake_path, sizeof(loop->wake_path));
    return KK_OK;
}

static enum kk_code open_signals(struct loop *loop, struct kk_err *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t stops;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    KK_ASSERT(pthread_sigmask(SIG_BLOCK, &stops, &loop->old_mask) == 0);
    sigaction(SIGPIPE, &ignore, &loop->old_pipe); /* a peer that is gone is an error of write(), not our death */
    loop->signal_fd = signalfd(-1, &stops, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "signals cannot be waited for: %s", strerror(errno));
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
    rc = open_signals(loop, err);
    if (!rc && wake_path)
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
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->wake_path[0])
        unlink(loop->wake_path);
    if (loop->signal_fd >= 0)
        close(loop->signal_fd);
    sigaction(SIGPIPE, &loop->old_pipe, NULL);
    pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
    free(loop);
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;

    while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) /* two kinds, each pending once */
        if (loop->stop_count < 2)
            loop->stop_count++;
}

static void take_wakings(struct loop *loop)
{
    char byte;

    for (int i = 0; i < DRAIN_MAX && recv(loop->wake_fd, &byte, 1, 0) >= 0; i++)
        loop->was_woken = true;
}

enum kk_code loop_wait(struct loop *loop, int64_t timeout_ms, struct kk_err *err)
{
    struct http_fd fds[2] = {{.fd = loop->signal_fd}, {.fd = loop->wake_fd}};
    enum kk_code rc = http_wait(loop->http, fds, loop->wake_fd >= 0 ? 2 : 1, timeout_ms, err);

    if (rc)
        return rc;
    if (fds[0].is_ready)
        take_signals(loop);
    if (loop->wake_fd >= 0 && fds[1].is_ready)
        take_wakings(loop);
    if (atomic_exchange(&loop->is_called, false))
        loop->was_woken = true;
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
    bool was_woken = loop->was_woken;

    loop->was_woken = false;
    return was_woken;
}

void loop_wake(struct loop *loop)
{
    atomic_store(&loop->is_called, true);
    http_wake(loop->http);
}

void loop_wake_path(const char *path)
{
    KK_CLEANUP(address_done) struct wake_address address;
    enum kk_code rc = address_of(path, &address);
    int fd = rc ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    /* Where the other side's queue is full, it will wake up for what is in it. */
    sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address.sun, sizeof(address.sun));
    close(fd);
}
