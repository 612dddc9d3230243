/* Two ways to use one queue (docs/adr/0020-sqs.md). A worker must not wait: it asks for messages, goes on, and finds
 * them in its hand; what it is done with is deleted in batches, a little later. Everybody else sends a batch, or reads
 * the dead, and waits for the answer. */
#include "adapters/queue/queue_sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws_url.h"
#include "adapters/aws/sqs.h"
#include "adapters/queue/sqs_hand.h"
#include "base/assert.h"
#include "base/json.h"

#define DEDUP_KEY_MAX_BYTES 127
#define HIDE_MS KK_MINUTE_MS       /* a message in hand is hidden for so long at a time */
#define CALLS_MAX 32               /* of one push */
#define ACKS_MAX 1024              /* what is beyond comes again and is acked then */
#define ACK_LINGER_MS INT64_C(500) /* acks wait so long for company */
#define ACK_TRIES_MAX 3
#define QUIET_MS KK_SECOND_MS       /* after a call that failed; with jitter */
#define CLOSE_MS (2 * KK_SECOND_MS) /* what is left to say at the end may take so long */

enum flight_kind { FLIGHT_NONE, FLIGHT_FIND, FLIGHT_RECEIVE, FLIGHT_DELETE, FLIGHT_HIDE };
struct ack {
    struct sqs_handle handle;
    int tries;
};
struct flight {
    enum flight_kind kind;
    size_t count;                   /* messages asked for, or entries */
    int64_t since_ms;               /* monotonic */
    struct ack acks[SQS_BATCH_MAX]; /* of a DELETE */
};
struct queue_sqs {
    struct queue base;
    struct sqs live, dead;
    bool knows_dead, has_dead;
    struct queue_rules rules;
    const struct kk_clock *clock;
    const struct kk_rng *rng;
    /* in a loop */
    struct http *http; /* NULL: it is in none */
    struct http_owner owner;
    struct sqs_hand *hand;
    int64_t wait_ms, quiet_until_ms, acks_since_ms;
    struct flight flights[QUEUE_SQS_CALLS_MAX];
    struct ack *acks; /* ACKS_MAX */
    size_t ack_count;
    struct kk_err trouble; /* code KK_OK: none since flush() told it */
};
static const struct queue_ops sqs_ops;

static struct queue_sqs *self_of(struct queue *q)
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
    struct queue_sqs *self = self_of(q);
    KK_CLEANUP(kk_free_cleanup) struct push *push = calloc(1, sizeof(*push));
    enum kk_code rc = push ? check_items(items, count, err) : kk_fail(err, KK_NO_MEMORY, "no memory to send messages");

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

static enum kk_code change_now(struct sqs *from, const char *handle, bool is_delete, int64_t hide_ms,
                               struct kk_err *err)
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

/* ---- in a loop: calls that are under way ---- */

static struct flight *free_flight(struct queue_sqs *self)
{
    for (size_t i = 0; i < QUEUE_SQS_CALLS_MAX; i++)
        if (!self->flights[i].kind)
            return &self->flights[i];
    return NULL;
}

static size_t flying(const struct queue_sqs *self)
{
    size_t count = 0;

    for (size_t i = 0; i < QUEUE_SQS_CALLS_MAX; i++)
        count += self->flights[i].kind != FLIGHT_NONE;
    return count;
}

static size_t asked(const struct queue_sqs *self)
{
    size_t count = 0;

    for (size_t i = 0; i < QUEUE_SQS_CALLS_MAX; i++)
        count += self->flights[i].kind == FLIGHT_RECEIVE ? self->flights[i].count : 0;
    return count;
}

static void note_trouble(struct queue_sqs *self, const struct kk_err *err)
{
    self->quiet_until_ms = kk_mono_ms(self->clock) + QUIET_MS / 2 + (int64_t)kk_rng_below(self->rng, QUIET_MS);
    self->trouble = *err;
}

/* Takes call. */
static enum kk_code start(struct queue_sqs *self, struct flight *flight, enum flight_kind kind, size_t count,
                          struct sqs_call *call, struct kk_err *err)
{
    enum kk_code rc = aws_start(self->live.aws, self->http, &self->owner, flight - self->flights, &call->request, err);

    sqs_call_done(call);
    if (rc)
        return rc;
    flight->kind = kind;
    flight->count = count;
    flight->since_ms = kk_mono_ms(self->clock);
    return KK_OK;
}

static void push_ack(struct queue_sqs *self, const char *handle, int tries)
{
    if (self->ack_count == ACKS_MAX)
        memmove(self->acks, self->acks + 1, --self->ack_count * sizeof(*self->acks));
    if (!self->ack_count)
        self->acks_since_ms = kk_mono_ms(self->clock);
    self->acks[self->ack_count].tries = tries;
    kk_sv_copy(kk_sv_of(handle), self->acks[self->ack_count].handle.text, QUEUE_HANDLE_BYTES);
    self->ack_count++;
}

static void on_found(struct queue_sqs *self, const struct aws_reply *reply)
{
    struct kk_err err = {0};

    if (sqs_read_address(&self->live, kk_buf_sv(&reply->body), &err))
        note_trouble(self, &err);
}

static void on_received(struct queue_sqs *self, const struct flight *flight, const struct aws_reply *reply)
{
    KK_CLEANUP(kk_free_cleanup) struct queue_msg *msgs = calloc(SQS_BATCH_MAX, sizeof(*msgs));
    struct kk_err err = {0};
    size_t count = 0;

    if (!msgs)
        return; /* they come again */
    if (sqs_read_messages(kk_buf_sv(&reply->body), msgs, flight->count, &count, &err))
        note_trouble(self, &err);
    for (size_t i = 0; i < count; i++)
        sqs_hand_add(self->hand, &msgs[i], flight->since_ms);
}

static void on_deleted(struct queue_sqs *self, const struct flight *flight, const struct aws_reply *reply)
{
    bool has_failed[SQS_BATCH_MAX];
    struct kk_err err = {0};

    if (sqs_read_batch(kk_buf_sv(&reply->body), "delete messages", flight->count, has_failed, &err))
        note_trouble(self, &err);
    for (size_t i = 0; i < flight->count; i++)
        if (has_failed[i] && flight->acks[i].tries < ACK_TRIES_MAX)
            push_ack(self, flight->acks[i].handle.text, flight->acks[i].tries);
}

static void on_failed(struct queue_sqs *self, const struct flight *flight, const struct aws_reply *reply)
{
    note_trouble(self, &reply->err);
    for (size_t i = 0; flight->kind == FLIGHT_DELETE && i < flight->count; i++)
        if (kk_code_may_retry(reply->code) && flight->acks[i].tries < ACK_TRIES_MAX)
            push_ack(self, flight->acks[i].handle.text, flight->acks[i].tries);
}

static void on_done(void *ctx, int64_t id, struct fetch_reply *from)
{
    struct queue_sqs *self = ctx;
    struct flight *flight = &self->flights[id];
    struct aws_reply reply;

    KK_ASSERT(id >= 0 && id < QUEUE_SQS_CALLS_MAX && flight->kind);
    aws_read(self->live.aws, &self->live.place, "queue", from, &reply);
    if (reply.code)
        on_failed(self, flight, &reply);
    else if (flight->kind == FLIGHT_FIND)
        on_found(self, &reply);
    else if (flight->kind == FLIGHT_RECEIVE)
        on_received(self, flight, &reply);
    else if (flight->kind == FLIGHT_DELETE)
        on_deleted(self, flight, &reply);
    flight->kind = FLIGHT_NONE;
    aws_reply_done(&reply);
}

/* ---- in a loop: what a caller may do ---- */

static enum kk_code find_later(struct queue_sqs *self, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(256);
    struct flight *flight = free_flight(self);
    struct sqs_call call;
    enum kk_code rc;

    for (size_t i = 0; i < QUEUE_SQS_CALLS_MAX; i++)
        if (self->flights[i].kind == FLIGHT_FIND)
            return KK_OK;
    if (!flight)
        return KK_OK;
    kk_jw_key_str(&fields, "QueueName", kk_sv_of(self->live.name));
    rc = sqs_make(&self->live, "GetQueueUrl", kk_buf_sv(&fields), &call, err);
    return rc ? rc : start(self, flight, FLIGHT_FIND, 0, &call, err);
}

static enum kk_code ask_once(struct queue_sqs *self, size_t max, struct kk_err *err)
{
    struct sqs_call call;
    enum kk_code rc =
        sqs_make_receive(&self->live, max, HIDE_MS < self->rules.visibility_ms ? HIDE_MS : self->rules.visibility_ms,
                         self->wait_ms, &call, err);

    return rc ? rc : start(self, free_flight(self), FLIGHT_RECEIVE, max, &call, err);
}

static enum kk_code sqs_ask(struct queue *q, size_t max, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);
    int64_t now_ms = kk_mono_ms(self->clock), next_ms;
    size_t coming = sqs_hand_here(self->hand, now_ms, &next_ms) + asked(self);
    size_t room = sqs_hand_room(self->hand) - asked(self);
    size_t want = max > coming ? max - coming : 0;
    enum kk_code rc = KK_OK;

    KK_ASSERT(self->http);
    if (now_ms < self->quiet_until_ms)
        return KK_OK;
    if (!self->live.address[0])
        return find_later(self, err);
    want = want < room ? want : room;
    while (!rc && want > 0 && free_flight(self)) {
        size_t count = want < SQS_BATCH_MAX ? want : SQS_BATCH_MAX;

        rc = ask_once(self, count, err);
        want -= count;
    }
    return rc == KK_BUSY ? KK_OK : rc;
}

static void sqs_look_here(struct queue *q, struct queue_here *ret)
{
    struct queue_sqs *self = self_of(q);
    int64_t now_ms = kk_mono_ms(self->clock), next_ms;

    ret->count = sqs_hand_here(self->hand, now_ms, &next_ms);
    ret->is_more_coming = asked(self) > 0 || next_ms != INT64_MAX;
    for (size_t i = 0; i < QUEUE_SQS_CALLS_MAX; i++)
        ret->is_more_coming |= self->flights[i].kind == FLIGHT_FIND;
    ret->wait_ms = next_ms == INT64_MAX ? INT64_MAX : next_ms - now_ms;
    if (self->ack_count && self->acks_since_ms + ACK_LINGER_MS - now_ms < ret->wait_ms)
        ret->wait_ms = self->acks_since_ms + ACK_LINGER_MS - now_ms;
}

static enum kk_code delete_some(struct queue_sqs *self, struct flight *flight, struct kk_err *err)
{
    size_t count = self->ack_count < SQS_BATCH_MAX ? self->ack_count : SQS_BATCH_MAX;
    struct sqs_handle handles[SQS_BATCH_MAX];
    struct sqs_call call;
    enum kk_code rc;

    for (size_t i = 0; i < count; i++) {
        handles[i] = self->acks[i].handle;
        flight->acks[i] = self->acks[i];
        flight->acks[i].tries++;
    }
    rc = sqs_make_delete(&self->live, handles, count, &call, err);
    if (!rc)
        rc = start(self, flight, FLIGHT_DELETE, count, &call, err);
    if (rc)
        return rc;
    self->ack_count -= count;
    self->acks_since_ms = kk_mono_ms(self->clock);
    memmove(self->acks, self->acks + count, self->ack_count * sizeof(*self->acks));
    return KK_OK;
}

static enum kk_code hide_some(struct queue_sqs *self, struct flight *flight, struct kk_err *err)
{
    char due[SQS_BATCH_MAX][QUEUE_HANDLE_BYTES];
    struct sqs_handle handles[SQS_BATCH_MAX];
    struct sqs_call call;
    size_t count = sqs_hand_due(self->hand, kk_mono_ms(self->clock), due, SQS_BATCH_MAX);
    enum kk_code rc;

    if (!count)
        return KK_OK;
    for (size_t i = 0; i < count; i++) {
        memcpy(handles[i].text, due[i], QUEUE_HANDLE_BYTES);
        handles[i].hide_ms = HIDE_MS;
    }
    rc = sqs_make_hide(&self->live, handles, count, &call, err);
    return rc ? rc : start(self, flight, FLIGHT_HIDE, count, &call, err);
}

static enum kk_code send_changes(struct queue_sqs *self, bool may_linger, struct kk_err *err)
{
    int64_t now_ms = kk_mono_ms(self->clock);
    struct flight *flight;
    enum kk_code rc = KK_OK;

    while (!rc && self->ack_count && (flight = free_flight(self)) &&
           (!may_linger || self->ack_count >= SQS_BATCH_MAX || now_ms - self->acks_since_ms >= ACK_LINGER_MS))
        rc = delete_some(self, flight, err);
    flight = free_flight(self);
    if (!rc && flight)
        rc = hide_some(self, flight, err);
    return rc == KK_BUSY ? KK_OK : rc;
}

static enum kk_code sqs_flush(struct queue *q, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);
    struct kk_err trouble = self->trouble;
    enum kk_code rc = KK_OK;

    self->trouble = (struct kk_err){0};
    if (self->live.address[0] && kk_mono_ms(self->clock) >= self->quiet_until_ms)
        rc = send_changes(self, true, err);
    if (!trouble.code)
        return rc;
    return kk_fail(err, trouble.code, "%s", trouble.msg);
}

/* ---- the port ---- */

static enum kk_code sqs_pull(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                             struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);

    if (!self->http)
        return pull_now(&self->live, ret_msgs, max, self->rules.visibility_ms, ret_count, err);
    *ret_count = sqs_hand_pull(self->hand, ret_msgs, max, kk_mono_ms(self->clock));
    return KK_OK;
}

static enum kk_code sqs_ack(struct queue *q, const char *handle, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);

    if (!self->http)
        return change_now(&self->live, handle, true, 0, err);
    sqs_hand_drop(self->hand, handle);
    push_ack(self, handle, 0);
    return KK_OK;
}

/* In a loop a message that is given back stays in this hand: to give it to others would cost it one of its receives. */
static enum kk_code sqs_release(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);

    if (!self->http)
        return change_now(&self->live, handle, false, delay_ms, err);
    sqs_hand_keep(self->hand, handle, kk_mono_ms(self->clock) + delay_ms);
    return KK_OK;
}

/* The dead-letter queue is the one that the queue's redrive policy names. */
static enum kk_code find_dead(struct queue_sqs *self, struct sqs_state *ret_live, struct kk_err *err)
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
    struct queue_sqs *self = self_of(q);
    struct sqs_state live;
    enum kk_code rc = self->knows_dead ? KK_OK : find_dead(self, &live, err);

    if (rc)
        return kk_while(err, rc, "dead letters");
    *ret_count = 0;
    if (!self->has_dead)
        return KK_OK;
    return pull_now(&self->dead, ret_msgs, max,
                    HIDE_MS < self->rules.visibility_ms ? HIDE_MS : self->rules.visibility_ms, ret_count, err);
}

static enum kk_code sqs_ack_dead(struct queue *q, const char *handle, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);

    return self->has_dead ? change_now(&self->dead, handle, true, 0, err) : KK_OK;
}

static enum kk_code sqs_depth(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err)
{
    struct queue_sqs *self = self_of(q);
    struct sqs_state live, dead = {0};
    enum kk_code rc = find_dead(self, &live, err);

    if (!rc && self->has_dead)
        rc = sqs_look(&self->dead, &dead, err);
    if (rc)
        return rc;
    *ret_waiting = live.waiting;
    *ret_dead = dead.waiting;
    return KK_OK;
}

/* The last acks go out, and what nobody took is given back to others at once. */
static void say_goodbye(struct queue_sqs *self)
{
    struct kk_err err;
    struct sqs_handle handles[SQS_BATCH_MAX];
    int64_t until_ms = kk_mono_ms(self->clock) + CLOSE_MS;
    struct flight *flight;
    struct sqs_call call;
    size_t count;

    if (!self->live.address[0])
        return;
    do {
        send_changes(self, false, &err);
        for (count = 0; count < SQS_BATCH_MAX && (flight = free_flight(self)) &&
                        sqs_hand_take_back(self->hand, handles[count].text);
             count++)
            handles[count].hide_ms = 0;
        if (count && !sqs_make_hide(&self->live, handles, count, &call, &err))
            start(self, free_flight(self), FLIGHT_HIDE, count, &call, &err);
        if (http_wait(self->http, NULL, 0, 50, NULL))
            return;
        http_turn(self->http);
    } while ((count || self->ack_count || flying(self) > asked(self)) && kk_mono_ms(self->clock) < until_ms);
}

static void sqs_close(struct queue *q)
{
    struct queue_sqs *self = self_of(q);

    if (self->http) {
        say_goodbye(self);
        http_forget(self->http, &self->owner);
    }
    sqs_hand_destroy(self->hand);
    free(self->acks);
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
    .ask = sqs_ask,
    .look = sqs_look_here,
    .flush = sqs_flush,
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

enum kk_code queue_sqs_join_loop(struct queue *queue, struct http *http, size_t max, int64_t wait_ms,
                                 struct kk_err *err)
{
    struct queue_sqs *self = self_of(queue);
    int64_t most_ms = self->rules.visibility_ms;
    const struct sqs_hand_rules rules = {
        .max = max, .hide_ms = HIDE_MS < most_ms ? HIDE_MS : most_ms, .hide_max_ms = most_ms};
    enum kk_code rc;

    KK_ASSERT(!self->http && wait_ms >= 0);
    self->acks = calloc(ACKS_MAX, sizeof(*self->acks));
    if (!self->acks)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the queue");
    rc = sqs_hand_create(&rules, &self->hand, err);
    if (rc)
        return rc;
    self->http = http;
    self->owner = (struct http_owner){.on_done = on_done, .ctx = self};
    self->wait_ms = wait_ms;
    return KK_OK;
}

/* ---- for a person ---- */

enum kk_code queue_sqs_check(struct queue *queue, char *ret_text, size_t text_bytes, struct kk_err *err)
{
    struct queue_sqs *self = self_of(queue);
    struct sqs_state live, dead = {0};
    enum kk_code rc = find_dead(self, &live, err);

    if (!rc && self->has_dead)
        rc = sqs_look(&self->dead, &dead, err);
    if (!rc) /* rights that a worker needs, asked for with a handle that fits nothing */
        rc = change_now(&self->live, "kkachi-doctor", true, 0, err);
    if (!rc)
        rc = change_now(&self->live, "kkachi-doctor", false, 0, err);
    if (rc)
        return rc;
    snprintf(ret_text, text_bytes, "%s: %lld waiting, %lld in %s", self->live.name, (long long)live.waiting,
             (long long)dead.waiting, self->has_dead ? live.dead_name : "no dead-letter queue");
    if (!self->has_dead)
        return kk_fail(err, KK_MISMATCH,
                       "%s has no dead-letter queue: a message nobody can handle would come for ever; `kkachi doctor "
                       "--create` gives it one",
                       self->live.name);
    if (live.max_receives != self->rules.max_receives)
        return kk_fail(err, KK_MISMATCH, "%s gives a message up after %lld receives, but task.attempts is %d",
                       self->live.name, (long long)live.max_receives, self->rules.max_receives);
    return KK_OK;
}

/* The dead wait fourteen days, the most there is. */
static enum kk_code create_dead(struct queue_sqs *self, struct sqs *dead, struct sqs_state *ret, struct kk_err *err)
{
    char name[SQS_NAME_BYTES + 8];
    int stem = (int)strlen(self->live.name) - (self->live.is_fifo ? 5 : 0);
    enum kk_code rc;

    snprintf(name, sizeof(name), "%.*s-dead%s", stem, self->live.name, self->live.is_fifo ? ".fifo" : "");
    rc = sqs_init(dead, self->live.aws, kk_sv_of(self->live.place.region), kk_sv_of(name),
                  kk_sv_of(self->live.place.base), err);
    if (!rc)
        rc = sqs_create(dead, KK_SV("\"MessageRetentionPeriod\":\"1209600\",\"SqsManagedSseEnabled\":\"true\""), err);
    return rc ? rc : sqs_look(dead, ret, err);
}

static void redrive_text(const struct queue_sqs *self, const char *arn, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf policy = KK_BUF(1024);

    kk_jw_open(&policy, '{');
    kk_jw_key_str(&policy, "deadLetterTargetArn", kk_sv_of(arn));
    kk_jw_key_i64(&policy, "maxReceiveCount", self->rules.max_receives);
    kk_jw_close(&policy, '}');
    kk_jw_key_str(out, "RedrivePolicy", kk_buf_sv(&policy));
}

static enum kk_code set_redrive(struct queue_sqs *self, struct kk_sv redrive, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(4096);
    struct aws_reply reply;
    struct sqs_call call;
    enum kk_code rc;

    kk_buf_addf(&fields, "\"Attributes\":{" KK_SV_FMT "}", KK_SV_ARG(redrive));
    rc = sqs_make(&self->live, "SetQueueAttributes", kk_buf_sv(&fields), &call, err);
    if (rc)
        return rc;
    rc = aws_call_one(self->live.aws, &call.request, &reply, err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
    return rc;
}

enum kk_code queue_sqs_create(struct queue *queue, struct kk_err *err)
{
    struct queue_sqs *self = self_of(queue);
    KK_CLEANUP(kk_buf_done) struct kk_buf attributes = KK_BUF(4096), redrive = KK_BUF(2048);
    struct sqs_state live = {0}, dead_state;
    struct sqs dead;
    enum kk_code rc = sqs_look(&self->live, &live, err);

    if (rc && rc != KK_NOT_FOUND)
        return rc;
    if (!rc && live.dead_name[0])
        return KK_OK;
    rc = create_dead(self, &dead, &dead_state, err);
    if (rc)
        return rc;
    redrive_text(self, dead_state.arn, &redrive);
    kk_buf_addf(&attributes, "\"VisibilityTimeout\":\"%d\",\"SqsManagedSseEnabled\":\"true\"," KK_SV_FMT,
                (int)(2 * HIDE_MS / KK_SECOND_MS), KK_SV_ARG(kk_buf_sv(&redrive)));
    rc = sqs_create(&self->live, kk_buf_sv(&attributes), err);
    return rc ? rc : set_redrive(self, kk_buf_sv(&redrive), err); /* one that was there without it gets it too */
}
