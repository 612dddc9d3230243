/* libmicrohttpd around api_handle(): framing, headers, the line in the log. */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gzip.h"
#include "api/server_priv.h"
#include "base/log.h"

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

struct visitor {
    bool (*visit)(void *ctx, struct kk_sv name);
    void *ctx;
};

static enum MHD_Result visit_one(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const struct visitor *visitor = ctx;

    (void)kind, (void)value;
    return visitor->visit(visitor->ctx, kk_sv_of(name)) ? MHD_YES : MHD_NO;
}

static void each_query(void *ctx, bool (*visit)(void *visit_ctx, struct kk_sv name), void *visit_ctx)
{
    struct visitor visitor = {visit, visit_ctx};

    MHD_get_connection_values(ctx, MHD_GET_ARGUMENT_KIND, visit_one, &visitor);
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

static void add_console_headers(struct MHD_Response *response, const struct api_call *call)
{
    if (call->encoding)
        MHD_add_response_header(response, "Content-Encoding", call->encoding);
    if (call->varies)
        MHD_add_response_header(response, "Vary", "Accept-Encoding");
    if (call->set_cookie[0])
        MHD_add_response_header(response, "Set-Cookie", call->set_cookie);
    if (!call->policy)
        return;
    MHD_add_response_header(response, "Content-Security-Policy", call->policy);
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
}

static void add_headers(struct api *api, struct MHD_Response *response, const struct api_call *call,
                        const struct exchange *exchange)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, exchange->id);
    MHD_add_response_header(response, "X-Request-Id", text);
    MHD_add_response_header(response, "Cache-Control", call->cache ? call->cache : "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    add_console_headers(response, call);
    if (call->type && (call->answer.len || call->is_stream))
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
    struct MHD_Response *response = NULL;
    enum MHD_Result result;

    if (call->answer.len >= GZIP_LEAST_BYTES && !call->varies) {
        call->varies = true;
        if (gzip_is_welcome(call->accept_encoding) && gzip_pack(&call->answer))
            call->encoding = "gzip";
    }
    if (call->is_stream && !kk_sv_eq(call->method, KK_SV("HEAD")))
        response = channel_open(api, connection, call);
    if (!response)
        response = MHD_create_response_from_buffer(call->answer.len, call->answer.ptr, MHD_RESPMEM_MUST_COPY);
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

static uint32_t client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_in address = {0};

    if (info && info->client_addr)
        memcpy(&address, info->client_addr, sizeof(address));
    return address.sin_addr.s_addr;
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
                            .last_event_id = header_of(connection, "Last-Event-ID"),
                            .accept = header_of(connection, "Accept"),
                            .cookie = header_of(connection, MHD_HTTP_HEADER_COOKIE),
                            .csrf = header_of(connection, "X-CSRF-Token"),
                            .accept_encoding = header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
                            .if_none_match = header_of(connection, MHD_HTTP_HEADER_IF_NONE_MATCH),
                            .forwarded_proto = header_of(connection, "X-Forwarded-Proto"),
                            .sessions = &api->sessions,
                            .meter = &api->meter,
                            .client = client_of(connection),
                            .rate = api->settings.rate,
                            .query = query_of,
                            .each_query = each_query,
                            .query_ctx = connection,
                            .answer = KK_BUF(API_ANSWER_MAX_BYTES)};
    enum MHD_Result result;

    peer_waits(connection, 0); /* from here on the library's own time-out is enough */
    if (exchange->is_ambiguous)
        api_refuse(&call, 400, NULL, "the length of the body is said in more than one way");
    else if (exchange->dropped_bytes)
        api_refuse(&call, 413, NULL, "a body here is at most 64 KiB");
    else
        api_handle(&call);
    if (call.has_written && api->settings.wake)
        api->settings.wake(api->settings.ctx);
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
    return exchange->dropped_bytes <= API_DROPPED_MAX_BYTES && !exchange->body.failed;
}

enum MHD_Result exchange_on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
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

void exchange_on_end(void *ctx, struct MHD_Connection *connection, void **exchange_at,
                     enum MHD_RequestTerminationCode why)
{
    struct exchange *exchange = *exchange_at;

    (void)why;
    peer_waits(connection, kk_mono_ms(((const struct api *)ctx)->app->clock)); /* for its next request */
    if (exchange)
        kk_buf_done(&exchange->body);
    free(exchange);
    *exchange_at = NULL;
}
