#include "adapters/notifier/notifier_slack.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/http/http_curl.h"
#include "base/assert.h"
#include "base/clock.h"
#include "ports/sink.h"

#define URL_MAX_BYTES 1024
#define MESSAGE_MAX_BYTES (128 * 1024)
#define ANSWER_MAX_BYTES 4096
#define ANSWER_HEADERS_MAX_BYTES (16 * 1024)
#define TIMEOUT_MS (10 * KK_SECOND_MS)
#define LIMITED_MS (30 * KK_SECOND_MS) /* where a 429 does not say for how long */

struct notifier_slack {
    struct sink base;
    struct http *http; /* kept */
    struct http_owner owner;
    struct kk_buf url, body;
    bool is_busy; /* one at a time: the channel shows them as they come */
};
static const struct sink_ops slack_ops;

static struct notifier_slack *self_of(struct sink *s)
{
    KK_ASSERT(s && s->ops == &slack_ops);
    return (struct notifier_slack *)s;
}

static enum kk_code slack_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct notifier_slack *self = self_of(s);
    enum kk_code rc;

    if (self->is_busy)
        return kk_fail(err, KK_BUSY, "a message is under way");
    kk_buf_clear(&self->body);
    rc = slack_message(event->body, &self->body, err);
    if (rc)
        return rc;

    struct http_request post = {
        .method = HTTP_POST,
        .url = kk_buf_sv(&self->url),
        .headers = KK_SV("Content-Type: application/json; charset=utf-8\nUser-Agent: kkachi/" KK_VERSION "\n"),
        .body = kk_buf_sv(&self->body),
        .timeout_ms = TIMEOUT_MS,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .max_header_bytes = ANSWER_HEADERS_MAX_BYTES,
    };

    rc = http_start(self->http, &self->owner, event->id, &post, err);
    self->is_busy = !rc;
    return rc;
}

/* Slack says how many seconds. */
static int64_t rest_ms(struct kk_sv headers)
{
    int64_t seconds = 0;
    bool is_told =
        kk_sv_i64(fetch_header(headers, "retry-after"), &seconds) && seconds > 0 && seconds < KK_HOUR_MS / KK_SECOND_MS;

    return is_told ? seconds * KK_SECOND_MS : LIMITED_MS;
}

static void on_done(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct notifier_slack *self = self_of(ctx);
    struct sink_result result = {.http_status = reply->http_status};
    int status = reply->http_status;

    self->is_busy = false;
    if (status >= 200 && status < 300) {
        result.code = KK_OK;
    } else if (status) {
        result.code = status == 429 ? KK_LIMITED : status >= 500 ? KK_UNAVAILABLE : KK_DENIED;
        result.retry_after_ms = status == 429 ? rest_ms(reply->headers) : 0;
        snprintf(result.error, sizeof(result.error), "Slack answered %d", status);
    } else {
        result.code = reply->end == FETCH_TIMED_OUT ? KK_TIMEOUT : KK_UNAVAILABLE;
        snprintf(result.error, sizeof(result.error), "%s", reply->error);
    }
    KK_ASSERT(self->base.on_delivered);
    self->base.on_delivered(self->base.ctx, &self->base, id, &result);
}

static void slack_flush(struct sink *s)
{
    (void)s; /* each message left when it was started */
}

static void slack_close(struct sink *s)
{
    struct notifier_slack *self = self_of(s);

    http_forget(self->http, &self->owner);
    kk_buf_done(&self->url);
    kk_buf_done(&self->body);
    free(self);
}

static const struct sink_ops slack_ops = {
    .kind = "slack", .start = slack_start, .flush = slack_flush, .close = slack_close};

enum kk_code notifier_slack_open(struct http *http, struct kk_sv url, struct sink **ret_sink, struct kk_err *err)
{
    bool is_http = kk_sv_starts(url, KK_SV("https://")) || kk_sv_starts(url, KK_SV("http://127.0.0.1:"));
    struct notifier_slack *self;

    if (!is_http || url.len >= URL_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "an incoming webhook of Slack begins with https://hooks.slack.com/services/");
    self = calloc(1, sizeof(*self));
    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for Slack");
    *self = (struct notifier_slack){.base = {.ops = &slack_ops, .name = "slack", .is_notifier = true},
                                    .http = http,
                                    .owner = {.on_done = on_done, .ctx = self},
                                    .url = KK_BUF(URL_MAX_BYTES),
                                    .body = KK_BUF(MESSAGE_MAX_BYTES)};
    kk_buf_add(&self->url, url);
    if (self->url.failed) {
        slack_close(&self->base);
        return kk_fail(err, KK_NO_MEMORY, "no memory for Slack");
    }
    *ret_sink = &self->base;
    return KK_OK;
}
