/* libmicrohttpd around api_handle(): limits, framing, headers, the line in the log. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "api/call.h"
#include "app/key.h"
#include "base/log.h"

#define CONNECTIONS_MAX 1024u
#define CONNECTIONS_OF_ADDRESS_MAX 256u
#define IDLE_S 30u /* a client that neither sends nor takes for so long is cut */
#define CONNECTION_BYTES ((size_t)32 * 1024)
#define BACKLOG 256
#define DROPPED_MAX_BYTES ((size_t)1024 * 1024) /* of a body that is too long, before the connection is cut */

struct api {
    struct app *app;
    void (*wake)(void *ctx);
    void *ctx;
    struct MHD_Daemon *daemon;
    int64_t next_id; /* of requests; the server's thread only */
    char url[API_URL_BYTES];
    bool is_draining;
};

struct exchange {
    int64_t id, started_at_ms;
    struct kk_buf body;
    size_t dropped_bytes;
    bool is_ambiguous;
};

static struct kk_sv header_of(struct MHD_Connection *connection, const char *name)
{
    return kk_sv_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static struct kk_sv query_of(void *ctx, const char *name)
{
    const char *text = NULL;
    size_t len = 0;

    if (MHD_lookup_connection_value_n(ctx, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text, &len) != MHD_YES || !text)
        return (struct kk_sv){0};
    return (struct kk_sv){text, len};
}

/* ---- framing ---- */

struct framing {
    int lengths, encodings;
    bool is_odd;
};

static enum MHD_Result look_at_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct framing *framing = ctx;
    struct kk_sv text = kk_sv_of(value);

    (void)kind;
    if (kk_sv_eq_ci(kk_sv_of(name), KK_SV("Content-Length"))) {
        framing->lengths++;
        for (size_t i = 0; i < text.len; i++)
            framing->is_odd |= text.ptr[i] < '0' || text.ptr[i] > '9';
    } else if (kk_sv_eq_ci(kk_sv_of(name), KK_SV("Transfer-Encoding"))) {
        framing->encodings++;
        framing->is_odd |= !kk_sv_eq_ci(text, KK_SV("chunked"));
    }
    return MHD_YES;
}

/* Where two readers could disagree on the request's end, nothing after it can be trusted. */
static bool is_ambiguous(struct MHD_Connection *connection)
{
    struct framing framing = {0};

    MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_header, &framing);
    return framing.is_odd || framing.lengths + framing.encodings > 1;
}

/* ---- answering ---- */

static void add_headers(struct api *api, struct MHD_Response *response, const struct api_call *call,
                        const struct exchange *exchange)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, exchange->id);
    MHD_add_response_header(response, "X-Request-Id", text);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (call->type && call->answer.len)
        MHD_add_response_header(response, "Content-Type", call->type);
    if (call->allow[0])
        MHD_add_response_header(response, "Allow", call->allow);
    if (call->etag[0])
        MHD_add_response_header(response, "ETag", call->etag);
    if (call->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"kkachi\"");
    if (call->is_replayed)
        MHD_add_response_header(response, "Idempotency-Replayed", "true");
    if (call->retry_after_s) {
        snprintf(text, sizeof(text), "%d", call->retry_after_s);
        MHD_add_response_header(response, "Retry-After", text);
    }
    if (exchange->is_ambiguous || __atomic_load_n(&api->is_draining, __ATOMIC_RELAXED))
        MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result send_answer(struct api *api, struct MHD_Connection *connection, struct api_call *call,
                                   const struct exchange *exchange)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(call->answer.len, call->answer.ptr, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    add_headers(api, response, call, exchange);
    result = MHD_queue_response(connection, (unsigned)call->status, response);
    MHD_destroy_response(response);
    kk_log(KK_EV_API_ANSWERED, KK_NUM("request_id", exchange->id), KK_STR("method", call->method),
           KK_STR("path", call->path), KK_NUM("status", call->status), KK_NUM("key_id", call->key.id),
           KK_NUM("ms", kk_mono_ms(api->app->clock) - exchange->started_at_ms));
    return result;
}

static enum MHD_Result answer(struct api *api, struct MHD_Connection *connection, const char *path, const char *method,
                              struct exchange *exchange)
{
    struct api_call call = {.app = api->app,
                            .method = kk_sv_of(method),
                            .path = kk_sv_of(path),
                            .body = kk_buf_sv(&exchange->body),
                            .content_type = header_of(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
                            .authorization = header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION),
                            .api_key = header_of(connection, "X-API-Key"),
                            .if_match = header_of(connection, MHD_HTTP_HEADER_IF_MATCH),
                            .idempotency_key = header_of(connection, "Idempotency-Key"),
                            .query = query_of,
                            .query_ctx = connection,
                            .answer = KK_BUF(API_ANSWER_MAX_BYTES)};
    enum MHD_Result result;

    if (exchange->is_ambiguous)
        api_refuse(&call, 400, NULL, "the length of the body is said in more than one way");
    else if (exchange->dropped_bytes)
        api_refuse(&call, 413, NULL, "a body here is at most 64 KiB");
    else
        api_handle(&call);
    if (call.has_written && api->wake)
        api->wake(api->ctx);
    result = send_answer(api, connection, &call, exchange);
    api_call_done(&call);
    return result;
}

static bool take_body(struct exchange *exchange, const char *upload, size_t bytes)
{
    if (exchange->dropped_bytes || exchange->body.len + bytes > API_BODY_MAX_BYTES)
        exchange->dropped_bytes += bytes;
    else
        kk_buf_add(&exchange->body, (struct kk_sv){upload, bytes});
    return exchange->dropped_bytes <= DROPPED_MAX_BYTES && !exchange->body.failed;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_bytes, void **exchange_at)
{
    struct api *api = ctx;
    struct exchange *exchange = *exchange_at;

    (void)version;
    if (!exchange) { /* an answer on the first call would close the connection after it */
        exchange = calloc(1, sizeof(*exchange));
        if (!exchange)
            return MHD_NO;
        exchange->id = ++api->next_id;
        exchange->started_at_ms = kk_mono_ms(api->app->clock);
        exchange->body = KK_BUF(API_BODY_MAX_BYTES);
        exchange->is_ambiguous = is_ambiguous(connection);
        *exchange_at = exchange;
        return exchange->is_ambiguous ? answer(api, connection, path, method, exchange) : MHD_YES;
    }
    if (*upload_bytes > 0) {
        bool is_good = take_body(exchange, upload, *upload_bytes);

        *upload_bytes = 0;
        return is_good ? MHD_YES : MHD_NO;
    }
    return answer(api, connection, path, method, exchange);
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **exchange_at,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *exchange = *exchange_at;

    (void)ctx, (void)connection, (void)why;
    if (exchange)
        kk_buf_done(&exchange->body);
    free(exchange);
    *exchange_at = NULL;
}

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

static enum kk_code start(struct api *api, struct kk_sv listen_on, struct kk_err *err)
{
    struct sockaddr_in address;
    int fd = -1;
    enum kk_code rc = read_address(listen_on, &address, err);

    if (!rc)
        rc = check_reach(api->app, &address, err);
    if (!rc)
        rc = open_socket(api, &address, &fd, err);
    if (rc)
        return rc;
    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, api, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_OF_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (api->daemon)
        return KK_OK; /* the socket is its own now */
    close(fd);
    return kk_fail(err, KK_UNAVAILABLE, "the HTTP server could not start: %s", strerror(errno));
}

enum kk_code api_open(struct app *app, const struct api_settings *settings, struct api **ret_api, struct kk_err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    enum kk_code rc;

    if (!api)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the API server");
    api->app = app;
    api->wake = settings->wake;
    api->ctx = settings->ctx;
    rc = start(api, settings->listen, err);
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
    MHD_socket fd;

    if (__atomic_exchange_n(&api->is_draining, true, __ATOMIC_RELAXED))
        return;
    fd = MHD_quiesce_daemon(api->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void api_close(struct api *api)
{
    if (!api)
        return;
    if (api->daemon)
        MHD_stop_daemon(api->daemon);
    free(api);
}
