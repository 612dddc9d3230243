/* The queue: the real one in the store with trouble around it, or a far one with SQS's manners. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/queue/queue_local.h"
#include "base/assert.h"
#include "sim/parts.h"
#include "sim/proc.h"

#define DEAD_HIDDEN_MS KK_MINUTE_MS

struct far_message {
    int64_t id, receive_id, visible_at_ms;
    int receive_count;
    bool is_dead;
    char body[QUEUE_BODY_MAX_BYTES + 1];
    size_t body_len;
};
struct remote_queue {
    struct far_message *message;
    size_t count, cap;
    int64_t last_id, last_receive_id;
};

struct remote_queue *remote_queue_create(void)
{
    struct remote_queue *queue = calloc(1, sizeof(*queue));

    KK_ASSERT(queue);
    return queue;
}

void remote_queue_destroy(struct remote_queue *queue)
{
    if (queue)
        free(queue->message);
    free(queue);
}

int64_t remote_queue_due_ms(const struct remote_queue *queue, int64_t now_ms)
{
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; i < queue->count; i++)
        if (queue->message[i].visible_at_ms > now_ms && queue->message[i].visible_at_ms < due_ms)
            due_ms = queue->message[i].visible_at_ms;
    return due_ms;
}

/* ---- the far queue ---- */

static bool is_rude(const struct sim *sim, uint64_t per_mille)
{
    return sim_has(sim, SIM_QUEUE) && sim_chance(&sim->fate, per_mille);
}

static void put(struct sim *sim, const struct queue_item *item)
{
    struct remote_queue *queue = sim->queue;
    struct far_message *message;

    KK_ASSERT(item->body.len <= QUEUE_BODY_MAX_BYTES);
    if (queue->count == queue->cap) {
        queue->cap = queue->cap ? 2 * queue->cap : 64;
        queue->message = realloc(queue->message, queue->cap * sizeof(*queue->message));
        KK_ASSERT(queue->message);
    }
    message = &queue->message[queue->count++];
    *message = (struct far_message){.id = ++queue->last_id, .visible_at_ms = sim->now_ms, .body_len = item->body.len};
    memcpy(message->body, item->body.ptr, item->body.len);
    if (is_rude(sim, 50))
        message->visible_at_ms += sim_delay(&sim->fate, 2 * KK_MINUTE_MS);
}

static enum kk_code far_push(struct sim *sim, const struct queue_item *items, size_t count, struct kk_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (is_rude(sim, 10))
            return kk_fail(err, KK_UNAVAILABLE, "the queue took %zu of %zu messages", i, count);
        put(sim, &items[i]);
        if (is_rude(sim, 30))
            put(sim, &items[i]);
    }
    return KK_OK;
}

static void receive(struct sim *sim, struct far_message *message, int64_t hidden_ms, struct queue_msg *ret)
{
    struct remote_queue *queue = sim->queue;

    message->receive_count++;
    message->receive_id = ++queue->last_receive_id;
    message->visible_at_ms = sim->now_ms + hidden_ms;
    snprintf(ret->handle, sizeof(ret->handle), "%lld:%lld", (long long)message->id, (long long)message->receive_id);
    memcpy(ret->body, message->body, message->body_len);
    ret->body[message->body_len] = '\0';
    ret->body_len = message->body_len;
    ret->receive_count = message->receive_count;
}

static bool may_come(const struct sim *sim, const struct far_message *message, bool is_dead)
{
    if (message->is_dead != is_dead)
        return false;
    return message->visible_at_ms <= sim->now_ms || (!is_dead && is_rude(sim, 5));
}

static void pull_some(struct sim *sim, bool is_dead, struct queue_msg *ret_msgs, size_t max, size_t *ret_count)
{
    struct remote_queue *queue = sim->queue;
    size_t first = (size_t)sim_below(&sim->fate, queue->count ? queue->count : 1);

    *ret_count = 0;
    for (size_t i = 0; i < queue->count && *ret_count < max; i++) {
        struct far_message *message = &queue->message[sim_has(sim, SIM_QUEUE) ? (first + i) % queue->count : i];

        if (!may_come(sim, message, is_dead))
            continue;
        if (!is_dead && message->receive_count >= sim->plan.queue.max_receives) {
            message->is_dead = true;
            message->visible_at_ms = sim->now_ms;
            continue;
        }
        receive(sim, message, is_dead ? DEAD_HIDDEN_MS : sim->plan.queue.visibility_ms, &ret_msgs[(*ret_count)++]);
    }
}

static struct far_message *held_by(struct sim *sim, const char *handle)
{
    struct remote_queue *queue = sim->queue;
    struct kk_sv receive_id = kk_sv_of(handle), id = kk_sv_cut(&receive_id, ':');
    int64_t id_number = 0, receive_number = 0;

    if (!kk_sv_i64(id, &id_number) || !kk_sv_i64(receive_id, &receive_number))
        return NULL;
    for (size_t i = 0; i < queue->count; i++)
        if (queue->message[i].id == id_number)
            return queue->message[i].receive_id == receive_number ? &queue->message[i] : NULL;
    return NULL;
}

static void far_ack(struct sim *sim, const char *handle)
{
    struct far_message *message = held_by(sim, handle);

    if (message && !is_rude(sim, 30))
        *message = sim->queue->message[--sim->queue->count];
}

/* ---- a process's view ---- */

static struct proc_queue *self_of(struct queue *q);

#define BEFORE(what)                                                          \
    struct proc_queue *self = self_of(q);                                     \
    enum kk_code rc = fate_before(self->proc, "queue." what, SIM_QUEUE, err); \
                                                                              \
    if (rc)                                                                   \
    return rc
#define AFTER(what) return fate_after(self->proc, "queue." what, SIM_QUEUE, rc, err)

static enum kk_code q_push(struct queue *q, const struct queue_item *items, size_t count, struct kk_err *err)
{
    BEFORE("push");
    rc = self->inner ? queue_push(self->inner, items, count, err) : far_push(self->proc->sim, items, count, err);
    AFTER("push");
}

/* ---- what a process has in hand of the far queue; none of it takes time ---- */

static struct proc_held *in_hand(struct proc_queue *self, const char *handle)
{
    for (size_t i = 0; i < self->hand_count; i++)
        if (strcmp(self->hand[i].msg.handle, handle) == 0)
            return &self->hand[i];
    return NULL;
}

static void let_go(struct proc_queue *self, struct proc_held *held)
{
    if (held)
        *held = self->hand[--self->hand_count];
}

static size_t pull_from_hand(struct proc_queue *self, struct queue_msg *ret_msgs, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < self->hand_count && count < max; i++) {
        struct proc_held *held = &self->hand[i];

        if (held->is_out || held->here_at_ms > self->proc->sim->now_ms)
            continue;
        held->is_out = true;
        ret_msgs[count++] = held->msg;
    }
    return count;
}

static enum kk_code q_ask(struct queue *q, size_t max, struct kk_err *err)
{
    struct sim *sim = self_of(q)->proc->sim;
    struct queue_msg msgs[16];
    size_t here = 0, want, count = 0;

    BEFORE("ask");
    for (size_t i = 0; i < self->hand_count; i++)
        here += !self->hand[i].is_out;
    want = max > here ? max - here : 0;
    want = want < KK_COUNT(msgs) ? want : KK_COUNT(msgs);
    want = want < PROC_HAND_MAX - self->hand_count ? want : PROC_HAND_MAX - self->hand_count;
    if (want && !is_rude(sim, 50)) /* else it found nothing, although there is something */
        pull_some(sim, false, msgs, want, &count);
    self->asked_until_ms = sim->now_ms + (count ? 0 : sim_delay(&sim->fate, 2 * KK_SECOND_MS));
    for (size_t i = 0; i < count; i++)
        self->hand[self->hand_count++] =
            (struct proc_held){.msg = msgs[i],
                               .here_at_ms = sim->now_ms + (is_rude(sim, 30) ? sim_delay(&sim->fate, KK_MINUTE_MS)
                                                                             : (int64_t)sim_below(&sim->fate, 30))};
    AFTER("ask");
}

static void q_look(struct queue *q, struct queue_here *ret)
{
    struct proc_queue *self = self_of(q);
    int64_t now_ms = self->proc->sim->now_ms;

    *ret = (struct queue_here){.wait_ms = INT64_MAX, .is_more_coming = self->asked_until_ms > now_ms};
    if (ret->is_more_coming)
        ret->wait_ms = self->asked_until_ms - now_ms;
    for (size_t i = 0; i < self->hand_count; i++) {
        const struct proc_held *held = &self->hand[i];

        if (held->is_out)
            continue;
        ret->count += held->here_at_ms <= now_ms;
        ret->is_more_coming |= held->here_at_ms > now_ms;
        if (held->here_at_ms > now_ms && held->here_at_ms - now_ms < ret->wait_ms)
            ret->wait_ms = held->here_at_ms - now_ms;
    }
}

static enum kk_code q_flush(struct queue *q, struct kk_err *err)
{
    (void)q, (void)err;
    return KK_OK;
}

static enum kk_code q_pull(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                           struct kk_err *err)
{
    size_t count = 0;

    BEFORE("pull");
    if (self->inner)
        rc = queue_pull(self->inner, ret_msgs, max, &count, err);
    else
        count = pull_from_hand(self, ret_msgs, max);
    rc = fate_after(self->proc, "queue.pull", SIM_QUEUE, rc, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

static enum kk_code q_ack(struct queue *q, const char *handle, struct kk_err *err)
{
    BEFORE("ack");
    if (self->inner) {
        rc = queue_ack(self->inner, handle, err);
    } else {
        far_ack(self->proc->sim, handle);
        let_go(self, in_hand(self, handle));
    }
    AFTER("ack");
}

static enum kk_code q_release(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err)
{
    struct proc_held *held;

    BEFORE("release");
    if (self->inner) {
        rc = queue_release(self->inner, handle, delay_ms, err);
    } else {
        held = in_hand(self, handle);
        if (held)
            *held = (struct proc_held){.msg = held->msg, .here_at_ms = self->proc->sim->now_ms + delay_ms};
    }
    AFTER("release");
}

static enum kk_code q_pull_dead(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                                struct kk_err *err)
{
    size_t count = 0;

    BEFORE("pull_dead");
    if (self->inner)
        rc = queue_pull_dead(self->inner, ret_msgs, max, &count, err);
    else
        pull_some(self->proc->sim, true, ret_msgs, max, &count);
    rc = fate_after(self->proc, "queue.pull_dead", SIM_QUEUE, rc, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

static enum kk_code q_ack_dead(struct queue *q, const char *handle, struct kk_err *err)
{
    BEFORE("ack_dead");
    if (self->inner)
        rc = queue_ack_dead(self->inner, handle, err);
    else
        far_ack(self->proc->sim, handle);
    AFTER("ack_dead");
}

static enum kk_code q_depth(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err)
{
    int64_t waiting = 0, dead = 0;

    BEFORE("depth");
    if (self->inner) {
        rc = queue_depth(self->inner, &waiting, &dead, err);
    } else {
        const struct remote_queue *queue = self->proc->sim->queue;

        for (size_t i = 0; i < queue->count; i++)
            *(queue->message[i].is_dead ? &dead : &waiting) += 1;
    }
    rc = fate_after(self->proc, "queue.depth", SIM_QUEUE, rc, err);
    if (rc)
        return rc;
    *ret_waiting = waiting;
    *ret_dead = dead;
    return KK_OK;
}

static void q_close(struct queue *q)
{
    queue_close(self_of(q)->inner);
}

static const struct queue_ops far_ops = {.name = "sim far",
                                         .push = q_push,
                                         .pull = q_pull,
                                         .ack = q_ack,
                                         .release = q_release,
                                         .pull_dead = q_pull_dead,
                                         .ack_dead = q_ack_dead,
                                         .depth = q_depth,
                                         .ask = q_ask,
                                         .look = q_look,
                                         .flush = q_flush,
                                         .close = q_close};
static const struct queue_ops ops = {.name = "sim",
                                     .joins_store = true,
                                     .push = q_push,
                                     .pull = q_pull,
                                     .ack = q_ack,
                                     .release = q_release,
                                     .pull_dead = q_pull_dead,
                                     .ack_dead = q_ack_dead,
                                     .depth = q_depth,
                                     .close = q_close};

static struct proc_queue *self_of(struct queue *q)
{
    KK_ASSERT(q->ops == &ops || q->ops == &far_ops);
    return (struct proc_queue *)q;
}

enum kk_code proc_open_queue(struct proc *proc, struct kk_err *err)
{
    proc->queue = (struct proc_queue){.base.ops = &ops, .proc = proc};
    proc->app.queue = &proc->queue.base;
    if (proc->sim->plan.has_remote_queue) {
        proc->queue.base.ops = &far_ops;
        return KK_OK;
    }
    return queue_local_open(proc->app.store, &proc->sim->plan.queue, &proc->clock, &proc->queue.inner, err);
}
