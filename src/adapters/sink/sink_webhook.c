#include "adapters/sink/sink_webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_curl.h"
#include "adapters/http/http_error.h"
#include "adapters/sink/webhook_signature.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/hash.h"
#include "core/backoff.h"
#include "ports/sink.h"

#define URL_MAX_BYTES 4096
#define HEADERS_MAX_BYTES 2048
#define ANSWER_MAX_BYTES 4096 /* of what the other side says; the rest is not even read */
#define ANSWER_HEADERS_MAX_BYTES (16 * 1024)

struct sink_webhook {
    struct sink base;
    struct http *http; /* kept */
    struct http_owner owner;
    const struct kk_clock *clock; /* kept */
    struct webhook_key key;
    struct kk_buf url, headers; /* headers: of the request that is being started */
    int64_t timeout_ms;
    int in_flight;
};
static const struct sink_ops webhook_ops;

static struct sink_webhook *self_of(struct sink *s)
{
    KK_ASSERT(s && s->ops == &webhook_ops);
    return (struct sink_webhook *)s;
}

static enum kk_code make_headers(struct sink_webhook *self, const struct sink_event *event, struct kk_err *err)
{
    int64_t timestamp_s = kk_wall_ms(self->clock) / 1000;
    char signature[WEBHOOK_SIGNATURE_BYTES];
    enum kk_code rc = webhook_sign(&self->key, event->event_id, timestamp_s, event->body, signature, err);

    if (rc)
        return rc;
    kk_buf_clear(&self->headers);
    kk_buf_add(&self->headers, KK_SV("Content-Type: application/cloudevents+json; charset=utf-8\n"
                                     "User-Agent: kkachi/" KK_VERSION "\n"
                                     "webhook-id: "));
    kk_buf_add(&self->headers, event->event_id);
    kk_buf_addf(&self->headers, "\nwebhook-timestamp: %" PRId64 "\nwebhook-signature: %s\n", timestamp_s, signature);
    if (*event->traceparent)
        kk_buf_addf(&self->headers, "traceparent: %s\n", event->traceparent);
    return kk_buf_check(&self->headers, "the headers of a webhook", err);
}

static enum kk_code webhook_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct sink_webhook *self = self_of(s);
    enum kk_code rc;

    if (self->in_flight == WEBHOOK_INFLIGHT_MAX)
        return kk_fail(err, KK_BUSY, "%d events are under way, as many as may be", WEBHOOK_INFLIGHT_MAX);
    if (event->event_id.len == 0 || memchr(event->event_id.ptr, '\n', event->event_id.len)) /* it becomes a header */
        return kk_fail(err, KK_BAD_INPUT, "an event's id is one line");
    rc = make_headers(self, event, err);
    if (rc)
        return rc;

    struct http_request post = {
        .method = HTTP_POST,
        .url = kk_buf_sv(&self->url),
        .headers = kk_buf_sv(&self->headers),
        .body = event->body,
        .timeout_ms = self->timeout_ms,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .max_header_bytes = ANSWER_HEADERS_MAX_BYTES,
    };

    rc = http_start(self->http, &self->owner, event->id, &post, err);
    if (!rc)
        self->in_flight++;
    return rc;
}

/* The status line alone decides: who said 2xx has taken the event, however the rest of the answer went. */
static enum kk_code code_of_status(int status)
{
    if (status >= 200 && status < 300)
        return KK_OK;
    if (status == 429)
        return KK_LIMITED;
    return status == 408 || status >= 500 ? KK_UNAVAILABLE : KK_DENIED;
}

/* One line of its beginning; what is no text of one line becomes a blank. */
static void keep_answer(struct kk_sv body, struct sink_result *ret)
{
    size_t len = body.len < sizeof(ret->answer) - 1 ? body.len : sizeof(ret->answer) - 1;

    while (len > 0 && len < body.len && ((unsigned char)body.ptr[len] & 0xC0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++)
        ret->answer[i] = (unsigned char)body.ptr[i] < ' ' || body.ptr[i] == 0x7F ? ' ' : body.ptr[i];
    ret->answer[len] = '\0';
}

static void read_answer(struct sink_webhook *self, const struct fetch_reply *reply, struct sink_result *ret)
{
    struct kk_sv retry_after = fetch_header(reply->headers, "retry-after");

    ret->http_status = reply->http_status;
    if (reply->body)
        keep_answer(kk_buf_sv(reply->body), ret);
    ret->code = code_of_status(reply->http_status);
    if (!ret->code)
        return;
    snprintf(ret->error, sizeof(ret->error), "answered %d%s", reply->http_status,
             reply->http_status >= 300 && reply->http_status < 400 ? "; redirects are not followed" : "");
    if (retry_after.len > 0 && !retry_after_ms(retry_after, kk_wall_ms(self->clock), &ret->retry_after_ms))
        ret->retry_after_ms = 0;
}

static void on_done(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct sink_webhook *self = self_of(ctx);
    struct sink_result result = {0};

    self->in_flight--;
    if (reply->http_status >= 200) {
        read_answer(self, reply, &result);
    } else {
        result.code = reply->end == FETCH_TIMED_OUT ? KK_TIMEOUT : KK_UNAVAILABLE;
        snprintf(result.error, sizeof(result.error), "%s", reply->error);
    }
    KK_ASSERT(self->base.on_delivered);
    self->base.on_delivered(self->base.ctx, &self->base, id, &result);
}

static void webhook_flush(struct sink *s)
{
    (void)s; /* each event left when it was started */
}

static void webhook_close(struct sink *s)
{
    struct sink_webhook *self = self_of(s);

    http_forget(self->http, &self->owner);
    webhook_key_done(&self->key);
    kk_buf_done(&self->url);
    kk_buf_done(&self->headers);
    free(self);
}

static const struct sink_ops webhook_ops = {
    .kind = "webhook",
    .start = webhook_start,
    .flush = webhook_flush,
    .close = webhook_close,
};

/* Of the address without "user:password@", so that a new password keeps the outbox. */
static void make_name(struct kk_sv url, char *ret_name, size_t name_bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf plain = KK_BUF(URL_MAX_BYTES);
    struct kk_sv host = http_authority(url);
    size_t scheme_bytes = kk_sv_find(url, KK_SV("://")) + 3;

    kk_buf_add(&plain, (struct kk_sv){url.ptr, scheme_bytes});
    kk_buf_add(&plain, (struct kk_sv){host.ptr, url.len - (size_t)(host.ptr - url.ptr)});

    struct kk_hash hash = kk_sha256(kk_buf_sv(&plain));

    snprintf(ret_name, name_bytes, "webhook-%02x%02x%02x%02x", hash.byte[0], hash.byte[1], hash.byte[2], hash.byte[3]);
}

enum kk_code sink_webhook_open(struct http *http, const struct kk_clock *clock, const struct webhook_settings *settings,
                               struct sink **ret_sink, struct kk_err *err)
{
    bool is_http = kk_sv_starts(settings->url, KK_SV("http://")) || kk_sv_starts(settings->url, KK_SV("https://"));
    struct sink_webhook *self;
    enum kk_code rc;

    if (!is_http || settings->url.len >= URL_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "a webhook's address begins with https:// and is not longer than %d bytes",
                       URL_MAX_BYTES);
    self = calloc(1, sizeof(*self));
    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a webhook");
    self->base.ops = &webhook_ops;
    self->base.inflight_max = WEBHOOK_INFLIGHT_MAX;
    self->http = http;
    self->owner = (struct http_owner){.on_done = on_done, .ctx = self};
    self->clock = clock;
    self->timeout_ms = settings->timeout_ms;
    self->url = KK_BUF(URL_MAX_BYTES);
    self->headers = KK_BUF(HEADERS_MAX_BYTES);
    kk_buf_add(&self->url, settings->url);
    make_name(settings->url, self->base.name, sizeof(self->base.name));
    rc = kk_buf_check(&self->url, "a webhook's address", err);
    if (!rc)
        rc = webhook_key_parse(settings->secret, &self->key, err);
    if (rc) {
        webhook_close(&self->base);
        return rc;
    }
    *ret_sink = &self->base;
    return KK_OK;
}
