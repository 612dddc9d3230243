/* Events wait here until flush(), which sends them in batches of ten among the process's transfers. An event is there
 * for good when SQS named it among the successful ones. */
#include "adapters/sink/sink_sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws_url.h"
#include "adapters/aws/sqs.h"
#include "core/trace.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/json.h"
#include "ports/sink.h"

#define EVENTS_MAX (SINK_SQS_CALLS_MAX * SQS_BATCH_MAX)
#define EVENT_ID_BYTES 80
#define BODY_MAX_BYTES (1024 * 1024)         /* of one message */
#define BATCH_MAX_BYTES (1024 * 1024 - 8192) /* of all of a batch, with some room for attributes */

struct event {  /* free when flight is FREE */
    int flight; /* FREE, WAITING, or the call it travels in */
    int64_t id, order;
    char event_id[EVENT_ID_BYTES], trace_id[TRACE_ID_BYTES];
    struct kk_buf body;
};
enum { EVENT_FREE = -2, EVENT_WAITING = -1 };
#define FIND_CALL SINK_SQS_CALLS_MAX /* the id of the call that asks for the queue's address */

struct sink_sqs {
    struct sink base;
    struct sqs queue;
    struct http *http; /* kept */
    struct http_owner owner;
    struct event event[EVENTS_MAX];
    int64_t last_order;
    bool is_flying[SINK_SQS_CALLS_MAX + 1];
    struct event *entry[SINK_SQS_CALLS_MAX][SQS_BATCH_MAX];
    size_t entry_count[SINK_SQS_CALLS_MAX];
};
static const struct sink_ops sqs_ops;

static struct sink_sqs *self_of(struct sink *s)
{
    KK_ASSERT(s && s->ops == &sqs_ops);
    return (struct sink_sqs *)s;
}

static struct event *first(struct sink_sqs *self, int flight)
{
    struct event *found = NULL;

    for (size_t i = 0; i < EVENTS_MAX; i++)
        if (self->event[i].flight == flight && (!found || self->event[i].order < found->order))
            found = &self->event[i];
    return found;
}

static enum kk_code sqs_start(struct sink *s, const struct sink_event *given, struct kk_err *err)
{
    struct sink_sqs *self = self_of(s);
    struct event *event = first(self, EVENT_FREE);
    enum kk_code rc;

    if (!event)
        return kk_fail(err, KK_BUSY, "%d events are under way, as many as may be", EVENTS_MAX);
    if (given->body.len > BATCH_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "an event of %zu bytes is more than SQS takes", given->body.len);
    if (!given->event_id.len || !kk_sv_copy(given->event_id, event->event_id, sizeof(event->event_id)))
        return kk_fail(err, KK_BAD_INPUT, "an event's id has 1 to %d letters", EVENT_ID_BYTES - 1);
    kk_buf_clear(&event->body);
    kk_buf_add(&event->body, given->body);
    rc = kk_buf_check(&event->body, "an event", err);
    if (rc)
        return rc;
    event->flight = EVENT_WAITING;
    event->id = given->id;
    /* "00-<trace>-…": an attribute holds the trace alone, as the tasks' messages have it. */
    snprintf(event->trace_id, sizeof(event->trace_id), "%.32s", *given->traceparent ? given->traceparent + 3 : "");
    event->order = ++self->last_order;
    return KK_OK;
}

/* ---- what came of it ---- */

static void tell(struct sink_sqs *self, struct event *event, const struct sink_result *result)
{
    int64_t id = event->id;

    event->flight = EVENT_FREE;
    kk_buf_done(&event->body);
    event->body = KK_BUF(BODY_MAX_BYTES);
    KK_ASSERT(self->base.on_delivered);
    self->base.on_delivered(self->base.ctx, &self->base, id, result);
}

static struct sink_result result_of(enum kk_code code, int http_status, const struct kk_err *err)
{
    struct sink_result result = {.code = code, .http_status = http_status};

    if (code)
        snprintf(result.error, sizeof(result.error), "%.159s", err->msg);
    return result;
}

/* All that wait: the queue could not be found. */
static void fail_waiting(struct sink_sqs *self, int http_status, const struct kk_err *err)
{
    struct sink_result result = result_of(err->code, http_status, err);
    int64_t up_to = self->last_order; /* not what is started while these are told */
    struct event *event;

    while ((event = first(self, EVENT_WAITING)) && event->order <= up_to)
        tell(self, event, &result);
}

static void on_found(struct sink_sqs *self, const struct aws_reply *reply)
{
    struct kk_err err = reply->err;
    enum kk_code rc = reply->code ? reply->code : sqs_read_address(&self->queue, kk_buf_sv(&reply->body), &err);

    if (rc)
        fail_waiting(self, reply->http_status, &err);
    else
        sink_flush(&self->base);
}

static void on_sent(struct sink_sqs *self, size_t call, const struct aws_reply *reply)
{
    size_t count = self->entry_count[call];
    bool has_failed[SQS_BATCH_MAX];
    struct kk_err err = reply->err;
    enum kk_code rc = reply->code;
    bool is_whole = rc != KK_OK; /* nothing of it was taken, as far as is known */

    if (!rc) {
        rc = sqs_read_batch(kk_buf_sv(&reply->body), "send events", count, has_failed, &err);
        is_whole = rc == KK_MISMATCH || rc == KK_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct sink_result result = result_of(is_whole || (rc && has_failed[i]) ? rc : KK_OK, reply->http_status, &err);

        tell(self, self->entry[call][i], &result);
    }
}

static void on_done(void *ctx, int64_t id, struct fetch_reply *from)
{
    struct sink_sqs *self = self_of(ctx);
    struct aws_reply reply;

    KK_ASSERT(id >= 0 && id <= FIND_CALL && self->is_flying[id]);
    aws_read(self->queue.aws, &self->queue.place, self->queue.name, from, &reply);
    if (id == FIND_CALL)
        on_found(self, &reply);
    else
        on_sent(self, (size_t)id, &reply);
    self->is_flying[id] = false; /* not before: what is started while they are told waits for a flush */
    aws_reply_done(&reply);
}

/* ---- sending ---- */

/* "117757690-4" → "117757690": the events of one item stay in order. */
static struct kk_sv item_of(const char *event_id)
{
    struct kk_sv rest = kk_sv_of(event_id);

    return kk_sv_cut(&rest, '-');
}

static enum kk_code send_entries(struct sink_sqs *self, size_t call, struct kk_err *err)
{
    struct sqs_send sends[SQS_BATCH_MAX];
    struct sqs_call request;
    enum kk_code rc;

    for (size_t i = 0; i < self->entry_count[call]; i++) {
        const struct event *event = self->entry[call][i];

        sends[i] = (struct sqs_send){.body = kk_buf_sv(&event->body),
                                     .content_type = KK_SV("application/cloudevents+json; charset=utf-8"),
                                     .group = item_of(event->event_id),
                                     .dedup_key = kk_sv_of(event->event_id),
                                     .trace_id = kk_sv_of(event->trace_id)};
    }
    rc = sqs_make_send(&self->queue, sends, self->entry_count[call], &request, err);
    if (rc)
        return rc;
    rc = aws_start(self->queue.aws, self->http, &self->owner, (int64_t)call, &request.request, err);
    sqs_call_done(&request);
    return rc;
}

/* False: nothing waits, or it could not leave. */
static bool send_batch(struct sink_sqs *self, size_t call)
{
    size_t bytes = 0, count = 0;
    struct event *event;
    struct kk_err err = {0};

    while (count < SQS_BATCH_MAX && (event = first(self, EVENT_WAITING)) &&
           bytes + event->body.len <= BATCH_MAX_BYTES) {
        bytes += event->body.len;
        event->flight = (int)call;
        self->entry[call][count++] = event;
    }
    self->entry_count[call] = count;
    self->is_flying[call] = count > 0 && send_entries(self, call, &err) == KK_OK;
    if (self->is_flying[call] || !count)
        return count > 0;
    for (size_t i = 0; i < count; i++)
        self->entry[call][i]->flight = EVENT_WAITING;
    if (err.code != KK_BUSY)
        fail_waiting(self, 0, &err);
    return false;
}

static void find_queue(struct sink_sqs *self)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(256);
    struct sqs_call call;
    struct kk_err err = {0};
    enum kk_code rc;

    if (self->is_flying[FIND_CALL] || !first(self, EVENT_WAITING))
        return;
    kk_jw_key_str(&fields, "QueueName", kk_sv_of(self->queue.name));
    rc = sqs_make(&self->queue, "GetQueueUrl", kk_buf_sv(&fields), &call, &err);
    if (!rc) {
        rc = aws_start(self->queue.aws, self->http, &self->owner, FIND_CALL, &call.request, &err);
        sqs_call_done(&call);
    }
    self->is_flying[FIND_CALL] = rc == KK_OK;
    if (rc && rc != KK_BUSY)
        fail_waiting(self, 0, &err);
}

static void sqs_flush(struct sink *s)
{
    struct sink_sqs *self = self_of(s);

    if (!self->queue.address[0]) {
        find_queue(self);
        return;
    }
    for (size_t call = 0; call < SINK_SQS_CALLS_MAX; call++)
        if (!self->is_flying[call] && !send_batch(self, call))
            return;
}

static void sqs_close(struct sink *s)
{
    struct sink_sqs *self = self_of(s);

    http_forget(self->http, &self->owner);
    for (size_t i = 0; i < EVENTS_MAX; i++)
        kk_buf_done(&self->event[i].body);
    free(self);
}

static const struct sink_ops sqs_ops = {
    .kind = "sqs",
    .start = sqs_start,
    .flush = sqs_flush,
    .close = sqs_close,
};

/* Of what says which queue it is; how its server is reached may change. */
static void make_name(struct sink_sqs *self)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf plain = KK_BUF(512);
    struct kk_hash hash;

    kk_buf_addf(&plain, "%s/%s", self->queue.place.region, self->queue.name);
    hash = kk_sha256(kk_buf_sv(&plain));
    snprintf(self->base.name, sizeof(self->base.name), "sqs-%02x%02x%02x%02x", hash.byte[0], hash.byte[1], hash.byte[2],
             hash.byte[3]);
}

enum kk_code sink_sqs_open(struct aws *aws, struct http *http, struct kk_sv url, struct sink **ret_sink,
                           struct kk_err *err)
{
    static const char *const known[] = {"endpoint", NULL};
    struct sink_sqs *self = calloc(1, sizeof(*self));
    struct aws_url parts;
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for events to SQS");
    self->base.ops = &sqs_ops;
    self->base.inflight_max = EVENTS_MAX;
    self->http = http;
    self->owner = (struct http_owner){.on_done = on_done, .ctx = self};
    for (size_t i = 0; i < EVENTS_MAX; i++)
        self->event[i] = (struct event){.flight = EVENT_FREE, .body = KK_BUF(BODY_MAX_BYTES)};
    rc = aws_url_parse(url, known, &parts, err);
    if (!rc)
        rc = sqs_init(&self->queue, aws, parts.host, parts.path, aws_url_get(&parts, "endpoint"), err);
    if (rc) {
        free(self);
        return rc;
    }
    make_name(self);
    *ret_sink = &self->base;
    return KK_OK;
}

enum kk_code sink_sqs_check(struct sink *sink, char *ret_text, size_t text_bytes, struct kk_err *err)
{
    struct sink_sqs *self = self_of(sink);
    struct sqs_state state;
    enum kk_code rc = sqs_look(&self->queue, &state, err);

    if (!rc)
        snprintf(ret_text, text_bytes, "%s: %lld waiting", self->queue.name, (long long)state.waiting);
    return rc;
}

enum kk_code sink_sqs_create(struct sink *sink, struct kk_err *err)
{
    return sqs_create(&self_of(sink)->queue,
                      KK_SV("\"MessageRetentionPeriod\":\"1209600\",\"SqsManagedSseEnabled\":\"true\""), err);
}
