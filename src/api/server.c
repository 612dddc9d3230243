/* The HTTP server: its socket, its thread, its end. The thread waits for connections and, when the stream has readers,
 * looks for news in between. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server_priv.h"
#include "app/key.h"
#include "base/log.h"

#define CONNECTION_BYTES ((size_t)32 * 1024)
#define OTHER_FILES 256 /* descriptors beside connections */
#define BACKLOG 256
#define LAST_TURNS 16 /* for the ends of streams to be sent */

/* ---- opening ---- */

static enum kk_code read_address(struct kk_sv listen_on, struct sockaddr_in *ret, struct kk_err *err)
{
    struct kk_sv rest = listen_on, host = kk_sv_cut(&rest, ':');
    char text[INET_ADDRSTRLEN];
    int64_t port = 0;

    *ret = (struct sockaddr_in){.sin_family = AF_INET};
    if (kk_sv_eq(host, KK_SV("localhost")))
        host = KK_SV("127.0.0.1");
    if (!kk_sv_copy(host, text, sizeof(text)) || inet_pton(AF_INET, text, &ret->sin_addr) != 1 ||
        !kk_sv_i64(rest, &port) || port < 0 || port > 65535)
        return kk_fail(err, KK_BAD_INPUT, "api.listen is no address, such as 127.0.0.1:8620, nor off");
    ret->sin_port = htons((uint16_t)port);
    return KK_OK;
}

static enum kk_code check_reach(struct app *app, const struct sockaddr_in *address, struct kk_err *err)
{
    int64_t count = 0;
    enum kk_code rc;

    if (ntohl(address->sin_addr.s_addr) >> 24 == 127)
        return KK_OK;
    rc = key_count_live(app, &count, err);
    if (rc || count)
        return rc;
    return kk_fail(err, KK_CONFLICT,
                   "api.listen can be reached from other machines and there is no key yet: make one with `kkachi key "
                   "create --role admin --name NAME`, or listen on 127.0.0.1");
}

static enum kk_code open_socket(struct api *api, struct sockaddr_in *address, int *ret_fd, struct kk_err *err)
{
    socklen_t bytes = sizeof(*address);
    char host[INET_ADDRSTRLEN];
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "no socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof(host));
    if (bind(fd, (struct sockaddr *)address, sizeof(*address)) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)address, &bytes)) {
        enum kk_code rc = errno == EADDRINUSE ? KK_BUSY : errno == EACCES ? KK_DENIED : KK_UNAVAILABLE;

        kk_fail(err, rc, "cannot listen on %s:%u: %s; name another address in api.listen, or off", host,
                (unsigned)ntohs(address->sin_port), strerror(errno));
        close(fd);
        return rc;
    }
    snprintf(api->url, sizeof(api->url), "http://%s:%u", host, (unsigned)ntohs(address->sin_port));
    *ret_fd = fd;
    return KK_OK;
}

static enum kk_code start(struct api *api, const struct api_settings *settings, struct kk_err *err)
{
    struct sockaddr_in address;
    int fd = -1;
    enum kk_code rc = read_address(settings->listen, &address, err);

    if (!rc)
        rc = check_reach(api->app, &address, err);
    if (!rc)
        rc = open_socket(api, &address, &fd, err);
    if (rc)
        return rc;
    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_on_request, api, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_on_end, api, MHD_OPTION_NOTIFY_CONNECTION, peer_on_connection, api,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        settings->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((settings->timeout_ms + KK_SECOND_MS - 1) / KK_SECOND_MS), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (api->daemon)
        return KK_OK; /* the socket is its own now */
    close(fd);
    return kk_fail(err, KK_UNAVAILABLE, "the HTTP server could not start: %s", strerror(errno));
}

/* ---- the thread ---- */

static void quiesce(struct api *api)
{
    MHD_socket fd;

    if (api->has_quiesced)
        return;
    api->has_quiesced = true;
    stream_end(api->stream);
    fd = MHD_quiesce_daemon(api->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

static int time_to_wait(const struct api *api)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int most = stream_has_readers(api->stream) ? (int)STREAM_LOOK_MS : -1;

    if (MHD_get_timeout(api->daemon, &ms) != MHD_YES || (most >= 0 && ms > (unsigned)most))
        return most;
    return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

static void wait_for_work(struct api *api)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = api->wake_fd, .events = POLLIN}};
    uint64_t count;

    poll(fds, KK_COUNT(fds), time_to_wait(api));
    if (fds[1].revents & POLLIN)
        (void)!read(api->wake_fd, &count, sizeof(count));
}

static void *serve(void *ctx)
{
    struct api *api = ctx;

    while (!__atomic_load_n(&api->is_closing, __ATOMIC_ACQUIRE)) {
        wait_for_work(api);
        if (__atomic_load_n(&api->is_draining, __ATOMIC_ACQUIRE))
            quiesce(api);
        if (stream_look(api->stream) || api->has_quiesced)
            channel_resume(api);
        peer_cut(api);
        MHD_run(api->daemon);
    }
    return NULL;
}

static void wake_thread(struct api *api)
{
    uint64_t one = 1;

    (void)!write(api->wake_fd, &one, sizeof(one));
}

static enum kk_code start_thread(struct api *api, struct kk_err *err)
{
    int error = pthread_create(&api->thread, NULL, serve, api);

    api->has_thread = !error;
    return error ? kk_fail(err, KK_UNAVAILABLE, "the HTTP server's thread could not start: %s", strerror(error))
                 : KK_OK;
}

/* Each connection is a descriptor, and the usual limit of 1,024 is less than the connections we take. */
static void want_files(unsigned connections)
{
    struct rlimit limit;
    rlim_t wanted = connections + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

enum kk_code api_open(struct app *app, const struct api_settings *settings, struct api **ret_api, struct kk_err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    enum kk_code rc;

    if (!api)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the API server");
    api->app = app;
    api->settings = *settings;
    want_files(settings->connections);
    api->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = api->wake_fd < 0 ? kk_fail(err, KK_UNAVAILABLE, "no eventfd: %s", strerror(errno))
                          : stream_create(app, &api->stream, err);
    if (!rc)
        rc = start(api, settings, err);
    if (!rc)
        rc = start_thread(api, err);
    if (rc) {
        api_close(api);
        return rc;
    }
    kk_log(KK_EV_API_LISTENING, KK_CSTR("url", api->url));
    *ret_api = api;
    return KK_OK;
}

const char *api_url(const struct api *api)
{
    return api->url;
}

void api_drain(struct api *api)
{
    if (!__atomic_exchange_n(&api->is_draining, true, __ATOMIC_ACQ_REL))
        wake_thread(api);
}

/* The library cannot stop while a connection is suspended. */
static void end_streams(struct api *api)
{
    quiesce(api);
    for (int i = 0; i < LAST_TURNS; i++) {
        channel_resume(api);
        MHD_run(api->daemon);
    }
}

void api_close(struct api *api)
{
    if (!api)
        return;
    if (api->has_thread) {
        __atomic_store_n(&api->is_closing, true, __ATOMIC_RELEASE);
        wake_thread(api);
        pthread_join(api->thread, NULL);
    }
    if (api->daemon) {
        end_streams(api);
        MHD_stop_daemon(api->daemon);
    }
    stream_destroy(api->stream);
    if (api->wake_fd >= 0)
        close(api->wake_fd);
    free(api);
}
