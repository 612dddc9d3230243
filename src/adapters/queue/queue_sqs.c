/* Two ways to use one queue (docs/adr/0020-sqs.md). A worker must not wait: it asks for messages, goes on, and finds
 * them in its hand; what it is done with is deleted in batches, a little later. Everybody else sends a batch, or reads
 * the dead, and waits for the answer. */
#include "adapters/queue/queue_sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws_url.h"
#include "adapters/queue/queue_sqs_priv.h"
#include "base/assert.h"

#define DEDUP_KEY_MAX_BYTES 127
#define CALLS_MAX 32 /* of one push */

static const struct queue_ops sqs_ops;

struct queue_sqs *queue_sqs_of(struct queue *q)
{
    KK_ASSERT(q && q->ops == &sqs_ops);
    return (struct queue_sqs *)q;
}

/* ---- push ---- */

static enum kk_code check_items(const struct queue_item *items, size_t count, struct kk_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].body.len > QUEUE_BODY_MAX_BYTES || items[i].dedup_key.len > DEDUP_KEY_MAX_BYTES)
            return kk_fail(err, KK_BAD_INPUT, "a message of %zu bytes, or its key of %zu, is too long",
                           items[i].body.len, items[i].dedup_key.len);
    return KK_OK;
}

/* Within five minutes SQS drops a second message of a key from a FIFO queue; without a key each is one of its own. */
static struct kk_sv key_of(struct queue_sqs *self, const struct queue_item *item, char made[40])
{
    if (item->dedup_key.len)
        return item->dedup_key;
    snprintf(made, 40, "%016llx%016llx", (unsigned long long)kk_rng_next(self->rng),
             (unsigned long long)kk_rng_next(self->rng));
    return kk_sv_of(made);
}

static enum kk_code make_push(struct queue_sqs *self, const struct queue_item *items, size_t count,
                              struct sqs_call *call, struct kk_err *err)
{
    struct sqs_send sends[SQS_BATCH_MAX];
    char made[SQS_BATCH_MAX][40];

    for (size_t i = 0; i < count; i++)
        sends[i] = (struct sqs_send){.body = items[i].body,
                                     .trace_id = items[i].trace_id,
                                     .group = items[i].group.len ? items[i].group : KK_SV("kkachi"),
                                     .dedup_key = key_of(self, &items[i], made[i])};
    return sqs_make_send(&self->live, sends, count, call, err);
}

static enum kk_code read_push(const struct aws_reply *reply, const struct sqs_call *call, size_t count,
                              struct kk_err *err)
{
    bool has_failed[SQS_BATCH_MAX];

    if (reply->code)
        return kk_fail(err, reply->code, "%s", reply->err.msg);
    return sqs_read_batch(kk_buf_sv(&reply->body), call->what, count, has_failed, err);
}

struct push { /* up to CALLS_MAX batches, sent in parallel */
    struct sqs_call call[CALLS_MAX];
    struct aws_request request[CALLS_MAX];
    struct aws_reply reply[CALLS_MAX];
    size_t entries[CALLS_MAX], count;
};

static enum kk_code send_push(struct queue_sqs *self, struct push *push, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    aws_call(self->live.aws, push->request, push->reply, push->count);
    for (size_t i = 0; i < push->count; i++) {
        if (!rc)
            rc = read_push(&push->reply[i], &push->call[i], push->entries[i], err);
        aws_reply_done(&push->reply[i]);
        sqs_call_done(&push->call[i]);
    }
    *push = (struct push){.count = 0};
    return rc;
}

/* A FIFO queue keeps the order of what comes one after the other. */
static enum kk_code push_all(struct queue_sqs *self, const struct queue_item *items, size_t count, struct push *push,
                             struct kk_err *err)
{
    size_t at_once = self->live.is_fifo ? 1 : CALLS_MAX;
    enum kk_code rc = KK_OK;

    for (size_t from = 0; !rc && from < count; from += SQS_BATCH_MAX) {
        size_t entries = count - from < SQS_BATCH_MAX ? count - from : SQS_BATCH_MAX;

        rc = make_push(self, &items[from], entries, &push->call[push->count], err);
        if (rc)
            break;
        push->request[push->count] = push->call[push->count].request;
        push->entries[push->count++] = entries;
        if (push->count == at_once)
            rc = send_push(self, push, err);
    }
    if (!rc)
        return send_push(self, push, err);
    for (size_t i = 0; i < push->count; i++)
        sqs_call_done(&push->call[i]);
    return rc;
}

static enum kk_code sqs_push(struct queue *q, const struct queue_item *items, size_t count, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);
    KK_CLEANUP(kk_free_cleanup) struct push *push = calloc(1, sizeof(*push));
    enum kk_code rc;

    if (!push)
        return kk_fail(err, KK_NO_MEMORY, "no memory to send messages");
    rc = check_items(items, count, err);
    if (!rc)
        rc = sqs_find(&self->live, err);
    return rc ? rc : push_all(self, items, count, push, err);
}

/* ---- one call and the wait for its answer ---- */

static enum kk_code receive_now(struct sqs *from, struct queue_msg *ret_msgs, size_t max, int64_t hide_ms,
                                size_t *ret_count, struct kk_err *err)
{
    struct sqs_call call;
    struct aws_reply reply;
    enum kk_code rc = sqs_make_receive(from, max, hide_ms, 0, &call, err);

    if (rc)
        return rc;
    rc = aws_call_one(from->aws, &call.request, &reply, err);
    if (!rc)
        rc = sqs_read_messages(kk_buf_sv(&reply.body), ret_msgs, max, ret_count, err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
    return rc;
}

static enum kk_code pull_now(struct sqs *from, struct queue_msg *ret_msgs, size_t max, int64_t hide_ms,
                             size_t *ret_count, struct kk_err *err)
{
    size_t count = 0, got = SQS_BATCH_MAX;
    enum kk_code rc = sqs_find(from, err);

    while (!rc && count < max && got == SQS_BATCH_MAX) {
        size_t want = max - count < SQS_BATCH_MAX ? max - count : SQS_BATCH_MAX;

        rc = receive_now(from, ret_msgs + count, want, hide_ms, &got, err);
        if (!rc)
            count += got;
    }
    if (!rc || count) /* what came must not be lost for a later failure */
        *ret_count = count;
    return count ? KK_OK : rc;
}

enum kk_code queue_sqs_change(struct sqs *from, const char *handle, bool is_delete, int64_t hide_ms, struct kk_err *err)
{
    struct sqs_handle entry = {.hide_ms = hide_ms};
    struct sqs_call call;
    struct aws_reply reply;
    bool has_failed;
    enum kk_code rc = sqs_find(from, err);

    if (!rc && !kk_sv_copy(kk_sv_of(handle), entry.text, sizeof(entry.text)))
        rc = kk_fail(err, KK_BAD_INPUT, "a message's handle is not one of this queue's");
    if (!rc)
        rc = is_delete ? sqs_make_delete(from, &entry, 1, &call, err) : sqs_make_hide(from, &entry, 1, &call, err);
    if (rc)
        return rc;
    rc = aws_call_one(from->aws, &call.request, &reply, err);
    if (!rc)
        rc = sqs_read_batch(kk_buf_sv(&reply.body), call.what, 1, &has_failed, err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
    return rc;
}

/* ---- the port ---- */

static enum kk_code sqs_pull(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                             struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);

    if (!self->http)
        return pull_now(&self->live, ret_msgs, max, self->rules.visibility_ms, ret_count, err);
    *ret_count = sqs_hand_pull(self->hand, ret_msgs, max, kk_mono_ms(self->clock));
    return KK_OK;
}

static enum kk_code sqs_ack(struct queue *q, const char *handle, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);

    if (!self->http)
        return queue_sqs_change(&self->live, handle, true, 0, err);
    sqs_hand_drop(self->hand, handle);
    queue_sqs_note_ack(self, handle);
    return KK_OK;
}

/* In a loop a message that is given back stays in this hand: to give it to others would cost it one of its receives. */
static enum kk_code sqs_release(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);

    if (!self->http)
        return queue_sqs_change(&self->live, handle, false, delay_ms, err);
    sqs_hand_keep(self->hand, handle, kk_mono_ms(self->clock) + delay_ms);
    return KK_OK;
}

enum kk_code queue_sqs_find_dead(struct queue_sqs *self, struct sqs_state *ret_live, struct kk_err *err)
{
    struct kk_sv endpoint = kk_sv_of(self->live.place.base);
    enum kk_code rc = sqs_look(&self->live, ret_live, err);

    if (rc)
        return rc;
    self->has_dead = ret_live->dead_name[0] != '\0';
    if (self->has_dead && strcmp(self->dead.name, ret_live->dead_name) != 0)
        rc = sqs_init(&self->dead, self->live.aws, kk_sv_of(self->live.place.region), kk_sv_of(ret_live->dead_name),
                      endpoint, err);
    self->knows_dead = rc == KK_OK;
    return rc;
}

static enum kk_code sqs_pull_dead(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                                  struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);
    struct sqs_state live;
    enum kk_code rc = self->knows_dead ? KK_OK : queue_sqs_find_dead(self, &live, err);

    if (rc)
        return kk_while(err, rc, "dead letters");
    *ret_count = 0;
    if (!self->has_dead)
        return KK_OK;
    return pull_now(&self->dead, ret_msgs, max,
                    QUEUE_SQS_HIDE_MS < self->rules.visibility_ms ? QUEUE_SQS_HIDE_MS : self->rules.visibility_ms,
                    ret_count, err);
}

static enum kk_code sqs_ack_dead(struct queue *q, const char *handle, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);

    return self->has_dead ? queue_sqs_change(&self->dead, handle, true, 0, err) : KK_OK;
}

static enum kk_code sqs_depth(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);
    struct sqs_state live, dead = {0};
    enum kk_code rc = queue_sqs_find_dead(self, &live, err);

    if (!rc && self->has_dead)
        rc = sqs_look(&self->dead, &dead, err);
    if (rc)
        return rc;
    *ret_waiting = live.waiting;
    *ret_dead = dead.waiting;
    return KK_OK;
}

static void sqs_close(struct queue *q)
{
    struct queue_sqs *self = queue_sqs_of(q);

    queue_sqs_leave_loop(self);
    free(self);
}

static const struct queue_ops sqs_ops = {
    .name = "sqs",
    .push = sqs_push,
    .pull = sqs_pull,
    .ack = sqs_ack,
    .release = sqs_release,
    .pull_dead = sqs_pull_dead,
    .ack_dead = sqs_ack_dead,
    .depth = sqs_depth,
    .ask = queue_sqs_ask,
    .look = queue_sqs_look,
    .flush = queue_sqs_flush,
    .close = sqs_close,
};

enum kk_code queue_sqs_open(struct aws *aws, struct kk_sv url, const struct queue_rules *rules,
                            const struct kk_clock *clock, const struct kk_rng *rng, struct queue **ret_queue,
                            struct kk_err *err)
{
    static const char *const known[] = {"endpoint", NULL};
    struct queue_sqs *self = calloc(1, sizeof(*self));
    struct aws_url parts;
    enum kk_code rc;

    KK_ASSERT(rules->visibility_ms > 0 && rules->max_receives > 0);
    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the queue");
    self->base.ops = &sqs_ops;
    self->rules = *rules;
    self->clock = clock;
    self->rng = rng;
    rc = aws_url_parse(url, known, &parts, err);
    if (!rc)
        rc = sqs_init(&self->live, aws, parts.host, parts.path, aws_url_get(&parts, "endpoint"), err);
    if (rc) {
        free(self);
        return rc;
    }
    *ret_queue = &self->base;
    return KK_OK;
}
