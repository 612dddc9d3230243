#include "sandbox/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/assert.h"
#include "sandbox/late.h"
#include "sandbox/memory.h"

#define CONNECTIONS_MAX 4096u
#define IDLE_S 300u
#define CONNECTION_BYTES ((size_t)64 * 1024)
#define BACKLOG 1024
#define CHUNK_BYTES ((size_t)16 * 1024)
#define TARGET_MAX_BYTES ((size_t)48 * 1024)

struct sandbox_server {
    struct sandbox *sandbox; /* touched by libmicrohttpd's thread only */
    struct sandbox_reply reply;
    struct MHD_Daemon *daemon;
    struct late *late;
    int64_t wall_at_start_ms, mono_at_start_ms;
    char url[SERVER_URL_BYTES];
};

/* One request and its answer. */
struct exchange {
    struct MHD_Response *response;
    int status;
    int64_t delay_ms;
    bool is_begun, is_answered, is_hang, has_waited;
    size_t target_len;
    char target[];
};

/* --- time --- */

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wall time that never jumps: the windows of the limit are measured with it. */
static int64_t now_ms(const struct sandbox_server *server)
{
    return server->wall_at_start_ms + read_ms(CLOCK_MONOTONIC) - server->mono_at_start_ms;
}

/* --- bodies that end too early --- */

struct cut_body {
    struct kk_buf body;
    size_t cut_at;
};

static ssize_t read_cut(void *ctx, uint64_t at, char *room, size_t bytes)
{
    struct cut_body *cut = ctx;
    size_t left = at < cut->cut_at ? cut->cut_at - (size_t)at : 0;

    if (left == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (bytes > left)
        bytes = left;
    memcpy(room, cut->body.ptr + at, bytes);
    return (ssize_t)bytes;
}

static void free_cut(void *ctx)
{
    struct cut_body *cut = ctx;

    kk_buf_done(&cut->body);
    free(cut);
}

static struct MHD_Response *make_cut(struct sandbox_reply *reply)
{
    struct cut_body *cut = memory_new(1, sizeof(*cut));

    cut->body = reply->body;
    cut->cut_at = reply->cut_at;
    return MHD_create_response_from_callback(reply->is_chunked ? MHD_SIZE_UNKNOWN : (uint64_t)cut->body.len,
                                             CHUNK_BYTES, read_cut, cut, free_cut);
}

/* --- answering --- */

/* Takes the body out of reply. NULL: no memory. */
static struct MHD_Response *make_response(struct sandbox_reply *reply)
{
    struct MHD_Response *response;

    if (reply->cut_at != SANDBOX_WHOLE)
        response = make_cut(reply);
    else if (reply->body.ptr)
        response = MHD_create_response_from_buffer(reply->body.len, reply->body.ptr, MHD_RESPMEM_MUST_FREE);
    else
        response = MHD_create_response_from_buffer(0, (void *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
    reply->body = KK_BUF(SANDBOX_BODY_MAX);
    for (unsigned h = 0; response && h < reply->header_count; h++)
        MHD_add_response_header(response, reply->header[h].name, reply->header[h].value);
    return response;
}

static struct kk_sv header_of(struct MHD_Connection *connection, const char *name)
{
    return kk_sv_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static void answer(struct sandbox_server *server, struct MHD_Connection *connection, const char *method,
                   struct exchange *exchange)
{
    struct sandbox_request request = {.method = kk_sv_of(method),
                                      .target = {exchange->target, exchange->target_len},
                                      .user_agent = header_of(connection, MHD_HTTP_HEADER_USER_AGENT),
                                      .authorization = header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION),
                                      .cookie = header_of(connection, MHD_HTTP_HEADER_COOKIE),
                                      .accept_encoding = header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING)};

    sandbox_respond(server->sandbox, &request, now_ms(server), &server->reply);
    KK_ASSERT(!server->reply.body.failed);
    exchange->is_answered = true;
    exchange->status = server->reply.status;
    exchange->delay_ms = server->reply.delay_ms;
    exchange->is_hang = server->reply.is_hang;
    if (!exchange->is_hang)
        exchange->response = make_response(&server->reply);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_bytes, void **exchange_at)
{
    struct sandbox_server *server = ctx;
    struct exchange *exchange = *exchange_at;

    (void)url;
    (void)version;
    (void)upload;
    if (!exchange)
        return MHD_NO;
    if (!exchange->is_begun) { /* an answer on the first call would close the connection after it */
        exchange->is_begun = true;
        return MHD_YES;
    }
    if (*upload_bytes > 0) { /* bodies are of no interest */
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (!exchange->is_answered)
        answer(server, connection, method, exchange);
    if (exchange->delay_ms > 0 && !exchange->has_waited) {
        exchange->has_waited = true;
        if (late_add(server->late, connection, exchange->delay_ms))
            return MHD_YES;
    }
    if (exchange->is_hang || !exchange->response || (exchange->has_waited && late_is_closing(server->late)))
        return MHD_NO;
    return MHD_queue_response(connection, (unsigned)exchange->status, exchange->response);
}

/* libmicrohttpd gives the raw target here and decoded pieces later; what this returns is the exchange. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    size_t len = strlen(target);
    struct exchange *exchange;

    (void)ctx;
    (void)connection;
    if (len > TARGET_MAX_BYTES)
        return NULL;
    exchange = memory_new(1, sizeof(*exchange) + len + 1);
    exchange->target_len = len;
    memcpy(exchange->target, target, len);
    return exchange;
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **exchange_at,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *exchange = *exchange_at;

    (void)ctx;
    (void)connection;
    (void)why;
    if (exchange && exchange->response)
        MHD_destroy_response(exchange->response);
    free(exchange);
    *exchange_at = NULL;
}

/* --- opening --- */

static enum kk_code parse_listen(const char *listen, struct sockaddr_in *ret, struct kk_err *err)
{
    struct kk_sv rest = kk_sv_of(listen), host = kk_sv_cut(&rest, ':');
    char text[INET_ADDRSTRLEN];
    int64_t port;

    *ret = (struct sockaddr_in){.sin_family = AF_INET};
    if (kk_sv_eq(host, KK_SV("localhost")))
        host = KK_SV("127.0.0.1");
    if (!kk_sv_copy(host, text, sizeof(text)) || inet_pton(AF_INET, text, &ret->sin_addr) != 1 ||
        !kk_sv_i64(rest, &port) || port < 0 || port > 65535)
        return kk_fail(err, KK_BAD_INPUT, "'%.60s' is no address to listen on, such as 127.0.0.1:8080", listen);
    ret->sin_port = htons((uint16_t)port);
    return KK_OK;
}

static enum kk_code open_socket(const char *listen_on, int *ret_fd, char url[SERVER_URL_BYTES], struct kk_err *err)
{
    struct sockaddr_in address;
    socklen_t bytes = sizeof(address);
    char host[INET_ADDRSTRLEN];
    int yes = 1, fd;
    enum kk_code rc = parse_listen(listen_on, &address, err);

    if (rc)
        return rc;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "no socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, BACKLOG) ||
        getsockname(fd, (struct sockaddr *)&address, &bytes)) {
        rc = errno == EADDRINUSE ? KK_BUSY : errno == EACCES ? KK_DENIED : KK_UNAVAILABLE;
        kk_fail(err, rc, "cannot listen on %.60s: %s", listen_on, strerror(errno));
        close(fd);
        return rc;
    }
    inet_ntop(AF_INET, &address.sin_addr, host, sizeof(host));
    snprintf(url, SERVER_URL_BYTES, "http://%s:%u", host, (unsigned)ntohs(address.sin_port));
    *ret_fd = fd;
    return KK_OK;
}

static enum kk_code start(struct sandbox_server *server, const char *listen_on, struct kk_err *err)
{
    int fd = -1;
    enum kk_code rc = open_socket(listen_on, &fd, server->url, err);

    if (rc)
        return rc;
    server->late = late_create();
    if (server->late)
        server->daemon = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, on_request, server,
            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED,
            on_end, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
    if (server->daemon)
        return KK_OK; /* the socket is its own now */
    close(fd);
    return kk_fail(err, KK_UNAVAILABLE, "the HTTP server could not start: %s", strerror(errno));
}

enum kk_code sandbox_server_open(const struct sandbox_conf *conf, const char *listen_on,
                                 struct sandbox_server **ret_server, struct kk_err *err)
{
    struct sandbox_server *server = memory_new(1, sizeof(*server));
    enum kk_code rc;

    server->wall_at_start_ms = read_ms(CLOCK_REALTIME);
    server->mono_at_start_ms = read_ms(CLOCK_MONOTONIC);
    sandbox_reply_init(&server->reply);
    rc = sandbox_create(conf, server->wall_at_start_ms, &server->sandbox, err);
    if (rc == KK_OK)
        rc = start(server, listen_on, err);
    if (rc) {
        sandbox_server_close(server);
        return rc;
    }
    *ret_server = server;
    return KK_OK;
}

const char *sandbox_server_url(const struct sandbox_server *server)
{
    return server->url;
}

void sandbox_server_close(struct sandbox_server *server)
{
    if (!server)
        return;
    if (server->late) /* a suspended connection would keep the daemon from stopping */
        late_close(server->late);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    late_destroy(server->late);
    sandbox_reply_done(&server->reply);
    sandbox_destroy(server->sandbox);
    free(server);
}
