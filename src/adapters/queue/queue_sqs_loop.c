/* The queue in a worker's loop: calls among its transfers, none of which is waited for. */
#include <stdlib.h>
#include <string.h>

#include "adapters/queue/queue_sqs_priv.h"
#include "base/assert.h"
#include "base/json.h"

#define ACKS_MAX 1024              /* what is beyond comes again and is acked then */
#define ACK_LINGER_MS INT64_C(500) /* acks wait so long for company */
#define ACK_TRIES_MAX 3
#define QUIET_MS KK_SECOND_MS       /* after a call that failed; with jitter */
#define CLOSE_MS (2 * KK_SECOND_MS) /* what is left to say at the end may take so long */

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
    enum kk_code rc = sqs_make_receive(
        &self->live, max, QUEUE_SQS_HIDE_MS < self->rules.visibility_ms ? QUEUE_SQS_HIDE_MS : self->rules.visibility_ms,
        self->wait_ms, &call, err);

    return rc ? rc : start(self, free_flight(self), FLIGHT_RECEIVE, max, &call, err);
}

enum kk_code queue_sqs_ask(struct queue *q, size_t max, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);
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

void queue_sqs_look(struct queue *q, struct queue_here *ret)
{
    struct queue_sqs *self = queue_sqs_of(q);
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
        handles[i].hide_ms = QUEUE_SQS_HIDE_MS;
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

enum kk_code queue_sqs_flush(struct queue *q, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(q);
    struct kk_err trouble = self->trouble;
    enum kk_code rc = KK_OK;

    self->trouble = (struct kk_err){0};
    if (self->live.address[0] && kk_mono_ms(self->clock) >= self->quiet_until_ms)
        rc = send_changes(self, true, err);
    if (!trouble.code)
        return rc;
    return kk_fail(err, trouble.code, "%s", trouble.msg);
}

static void say_goodbye(struct queue_sqs *self)
{
    struct kk_err err;
    struct sqs_handle handles[SQS_BATCH_MAX];
    int64_t until_ms = kk_mono_ms(self->clock) + CLOSE_MS;
    struct sqs_call call;
    size_t count;

    if (!self->live.address[0])
        return;
    do {
        send_changes(self, false, &err);
        for (count = 0;
             count < SQS_BATCH_MAX && free_flight(self) && sqs_hand_take_back(self->hand, handles[count].text); count++)
            handles[count].hide_ms = 0;
        if (count && !sqs_make_hide(&self->live, handles, count, &call, &err))
            start(self, free_flight(self), FLIGHT_HIDE, count, &call, &err);
        if (http_wait(self->http, NULL, 0, 50, NULL))
            return;
        http_turn(self->http);
    } while ((count || self->ack_count || flying(self) > asked(self)) && kk_mono_ms(self->clock) < until_ms);
}

void queue_sqs_note_ack(struct queue_sqs *self, const char *handle)
{
    push_ack(self, handle, 0);
}

void queue_sqs_leave_loop(struct queue_sqs *self)
{
    if (self->http) {
        say_goodbye(self);
        http_forget(self->http, &self->owner);
    }
    sqs_hand_destroy(self->hand);
    free(self->acks);
}

enum kk_code queue_sqs_join_loop(struct queue *queue, struct http *http, size_t max, int64_t wait_ms,
                                 struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(queue);
    int64_t most_ms = self->rules.visibility_ms;
    const struct sqs_hand_rules rules = {
        .max = max, .hide_ms = QUEUE_SQS_HIDE_MS < most_ms ? QUEUE_SQS_HIDE_MS : most_ms, .hide_max_ms = most_ms};
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
