/* SQS's meaning in one table. A handle is "<id>.<receive count>": each receive counts, so the handle of an earlier one
 * fits nothing any more. Order: by the time since which a message can be seen, then by age. */
#include "adapters/queue/queue_local.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/store_sql.h"
#include "base/assert.h"

#define DEDUP_KEY_MAX_BYTES 127
#define PULL_MAX 256 /* messages a call */

struct queue_local {
    struct queue base;
    struct db *db;
    struct queue_rules rules;
    const struct kk_clock *clock;
};
static const struct queue_ops local_ops;

static struct queue_local *self_of(struct queue *q)
{
    KK_ASSERT(q->ops == &local_ops);
    return (struct queue_local *)q;
}

static const struct db_sql add_message = {
    "INSERT INTO message (is_dead, visible_at_ms, receive_count, created_at_ms, dedup_key, body) "
    "VALUES (0, ?, 0, ?, ?, ?)"};
static const struct db_sql visible_messages = {
    "SELECT id, receive_count, body FROM message WHERE is_dead = ? AND visible_at_ms <= ? "
    "ORDER BY visible_at_ms, id LIMIT ? {skip}"};
static const struct db_sql receive_message = {
    "UPDATE message SET visible_at_ms = ?, receive_count = ? WHERE id = ? AND receive_count = ?"};
/* All that are in the same case at once: those whose last receive was their last chance. */
static const struct db_sql bury_messages = {"UPDATE message SET is_dead = 1, dedup_key = NULL, visible_at_ms = ? "
                                            "WHERE is_dead = 0 AND visible_at_ms <= ? AND receive_count >= ?"};
static const struct db_sql ack_message = {"DELETE FROM message WHERE id = ? AND receive_count = ? AND is_dead = ?"};
static const struct db_sql release_message = {
    "UPDATE message SET visible_at_ms = ? WHERE id = ? AND receive_count = ? AND is_dead = 0"};
static const struct db_sql count_messages = {"SELECT is_dead, COUNT(*) FROM message GROUP BY is_dead"};

/* ---- push ---- */

static enum kk_code push_one(struct queue_local *self, const struct queue_item *item, int64_t now_ms,
                             struct kk_err *err)
{
    struct db_stmt *q;
    bool is_new;

    if (item->body.len > QUEUE_BODY_MAX_BYTES || item->dedup_key.len > DEDUP_KEY_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "a message of %zu bytes, or its key of %zu, is too long", item->body.len,
                       item->dedup_key.len);
    q = db_use(self->db, &add_message);
    db_put_int(q, now_ms);
    db_put_int(q, now_ms);
    if (item->dedup_key.len)
        db_put_text(q, item->dedup_key);
    else
        db_put_null(q);
    db_put_text(q, item->body);
    return db_run_new(q, &is_new, err);
}

static enum kk_code local_push(struct queue *q, const struct queue_item *items, size_t count, struct kk_err *err)
{
    struct queue_local *self = self_of(q);
    int64_t now_ms = kk_wall_ms(self->clock);
    enum kk_code rc = db_begin(self->db, err);

    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < count; i++)
        rc = push_one(self, &items[i], now_ms, err);
    rc = db_end(self->db, rc, err);
    return rc ? kk_while(err, rc, "push to the queue") : KK_OK;
}

/* ---- pull ---- */

struct pull {
    struct queue_local *self;
    int64_t now_ms;
    bool is_dead;
    struct queue_msg *msgs;
    size_t max, count;
    int64_t id[PULL_MAX];
    bool met_exhausted; /* a message that must not be received again */
};

static enum kk_code find_visible(struct pull *pull, struct kk_err *err)
{
    struct db_stmt *q = db_use(pull->self->db, &visible_messages);
    enum kk_code rc;

    pull->count = 0;
    pull->met_exhausted = false;
    db_put_int(q, pull->is_dead);
    db_put_int(q, pull->now_ms);
    db_put_int(q, (int64_t)pull->max);
    while (db_row(q, &rc, err)) {
        struct queue_msg *msg = &pull->msgs[pull->count];
        struct kk_sv body;

        pull->id[pull->count] = db_get_int(q);
        msg->receive_count = (int)db_get_int(q);
        body = db_get_sv(q);
        if (!pull->is_dead && msg->receive_count >= pull->self->rules.max_receives) {
            pull->met_exhausted = true;
            continue;
        }
        if (body.len > QUEUE_BODY_MAX_BYTES)
            db_bad(q, "a body");
        rc = db_row_check(q, "message", err);
        if (rc) {
            db_done(q);
            break;
        }
        if (body.len)
            memcpy(msg->body, body.ptr, body.len);
        msg->body[body.len] = '\0';
        msg->body_len = body.len;
        pull->count++;
    }
    return rc;
}

static enum kk_code bury_exhausted(const struct pull *pull, struct kk_err *err)
{
    struct db_stmt *q = db_use(pull->self->db, &bury_messages);

    db_put_int(q, pull->now_ms);
    db_put_int(q, pull->now_ms);
    db_put_int(q, pull->self->rules.max_receives);
    return db_run(q, NULL, err);
}

static enum kk_code receive(const struct pull *pull, size_t at, struct kk_err *err)
{
    struct db_stmt *q = db_use(pull->self->db, &receive_message);
    struct queue_msg *msg = &pull->msgs[at];

    db_put_int(q, pull->now_ms + pull->self->rules.visibility_ms);
    db_put_int(q, msg->receive_count + 1);
    db_put_int(q, pull->id[at]);
    db_put_int(q, msg->receive_count);
    msg->receive_count++;
    snprintf(msg->handle, sizeof(msg->handle), "%" PRId64 ".%d", pull->id[at], msg->receive_count);
    return db_run(q, NULL, err);
}

static enum kk_code pull_inside(struct pull *pull, struct kk_err *err)
{
    enum kk_code rc = find_visible(pull, err);

    if (!rc && pull->met_exhausted) { /* they took places that others may have */
        rc = bury_exhausted(pull, err);
        if (!rc)
            rc = find_visible(pull, err);
    }
    for (size_t i = 0; !rc && i < pull->count; i++)
        rc = receive(pull, i, err);
    return rc;
}

static enum kk_code pull_from(struct queue *q, bool is_dead, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                              struct kk_err *err)
{
    struct queue_local *self = self_of(q);
    struct pull pull = {.self = self,
                        .now_ms = kk_wall_ms(self->clock),
                        .is_dead = is_dead,
                        .msgs = ret_msgs,
                        .max = max < PULL_MAX ? max : PULL_MAX};
    enum kk_code rc = db_begin(self->db, err);

    if (!rc)
        rc = db_end(self->db, pull_inside(&pull, err), err);
    if (rc)
        return kk_while(err, rc, "pull from the queue");
    *ret_count = pull.count;
    return KK_OK;
}

static enum kk_code local_pull(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                               struct kk_err *err)
{
    return pull_from(q, false, ret_msgs, max, ret_count, err);
}

static enum kk_code local_pull_dead(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                                    struct kk_err *err)
{
    return pull_from(q, true, ret_msgs, max, ret_count, err);
}

/* ---- what comes after a receive ---- */

static enum kk_code read_handle(const char *handle, int64_t *ret_id, int64_t *ret_count, struct kk_err *err)
{
    struct kk_sv rest = kk_sv_of(handle);

    if (!kk_sv_i64(kk_sv_cut(&rest, '.'), ret_id) || !kk_sv_i64(rest, ret_count))
        return kk_fail(err, KK_BAD_INPUT, "a message's handle is not one of this queue's");
    return KK_OK;
}

static enum kk_code ack_in(struct queue *q, const char *handle, bool is_dead, struct kk_err *err)
{
    struct db_stmt *stmt;
    int64_t id = 0, receive_count = 0;
    enum kk_code rc = read_handle(handle, &id, &receive_count, err);

    if (rc)
        return rc;
    stmt = db_use(self_of(q)->db, &ack_message);
    db_put_int(stmt, id);
    db_put_int(stmt, receive_count);
    db_put_int(stmt, is_dead);
    rc = db_run(stmt, NULL, err);
    return rc ? kk_while(err, rc, "ack a message") : KK_OK;
}

static enum kk_code local_ack(struct queue *q, const char *handle, struct kk_err *err)
{
    return ack_in(q, handle, false, err);
}

static enum kk_code local_ack_dead(struct queue *q, const char *handle, struct kk_err *err)
{
    return ack_in(q, handle, true, err);
}

static enum kk_code local_release(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err)
{
    struct queue_local *self = self_of(q);
    struct db_stmt *stmt;
    int64_t id = 0, receive_count = 0;
    enum kk_code rc = read_handle(handle, &id, &receive_count, err);

    if (rc)
        return rc;
    stmt = db_use(self->db, &release_message);
    db_put_int(stmt, kk_wall_ms(self->clock) + delay_ms);
    db_put_int(stmt, id);
    db_put_int(stmt, receive_count);
    rc = db_run(stmt, NULL, err);
    return rc ? kk_while(err, rc, "give a message back") : KK_OK;
}

static enum kk_code local_depth(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err)
{
    struct db_stmt *stmt = db_use(self_of(q)->db, &count_messages);
    int64_t count[2] = {0, 0};
    enum kk_code rc;

    while (db_row(stmt, &rc, err)) {
        bool is_dead = db_get_bool(stmt);

        count[is_dead] = db_get_int(stmt);
    }
    if (rc)
        return rc;
    *ret_waiting = count[0];
    *ret_dead = count[1];
    return KK_OK;
}

static void local_close(struct queue *q)
{
    free(self_of(q));
}

static const struct queue_ops local_ops = {
    .name = "store",
    .joins_store = true,
    .push = local_push,
    .pull = local_pull,
    .ack = local_ack,
    .release = local_release,
    .pull_dead = local_pull_dead,
    .ack_dead = local_ack_dead,
    .depth = local_depth,
    .close = local_close,
};

enum kk_code queue_local_open(struct store *store, const struct queue_rules *rules, const struct kk_clock *clock,
                              struct queue **ret_queue, struct kk_err *err)
{
    struct queue_local *self = calloc(1, sizeof(*self));

    KK_ASSERT(rules->visibility_ms > 0 && rules->max_receives > 0);
    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the queue");
    *self = (struct queue_local){.base = {.ops = &local_ops}, .db = store_db(store), .rules = *rules, .clock = clock};
    *ret_queue = &self->base;
    return KK_OK;
}
