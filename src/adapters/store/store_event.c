/* Events in the outbox: found when due, taken by one relay at a time, kept for reports after they were published.
 * due_at_ms is NULL once a row is published, and the indexes of what is due hold no such row. */
#include "adapters/store/store_sql.h"

#define ROW_COLUMNS                                                                                        \
    "o.id, o.topic, o.row_key, o.dedup_key, o.due_at_ms, o.send_rank, o.created_at_ms, o.answered_at_ms, " \
    "o.run_id, o.attempts, b.body"
#define FROM " FROM outbox o JOIN outbox_body b ON b.outbox_id = o.id "

static const struct db_sql rows_in_sequence = {"SELECT " ROW_COLUMNS FROM
                                               "WHERE o.task_id = 0 AND o.topic = ? AND o.due_at_ms IS NOT NULL "
                                               "ORDER BY o.id LIMIT ?"};
/* Of one item only its oldest row: the next version waits for it, also while it waits for another try (R7). */
static const struct db_sql rows_due = {
    "SELECT " ROW_COLUMNS FROM "WHERE o.task_id = 0 AND o.topic = ? AND o.due_at_ms <= ? AND NOT EXISTS "
    "(SELECT 1 FROM outbox p WHERE p.topic = o.topic AND p.row_key = o.row_key AND p.due_at_ms IS NOT NULL "
    "AND p.id < o.id) ORDER BY o.due_at_ms, o.id LIMIT ?"};
static const struct db_sql take_event = {
    "UPDATE outbox SET due_at_ms = ? WHERE id = ? AND due_at_ms = ? AND task_id = 0"};
static const struct db_sql event_published = {
    "UPDATE outbox SET due_at_ms = NULL, published_at_ms = ?, http_status = ?, answer = ?, attempts = attempts + 1 "
    "WHERE id = ? AND due_at_ms IS NOT NULL AND task_id = 0"};
static const struct db_sql drop_body = {"DELETE FROM outbox_body WHERE outbox_id = ?"};
static const struct db_sql event_failed = {
    "UPDATE outbox SET due_at_ms = ?, http_status = ?, error = ?, answer = ?, attempts = attempts + 1 "
    "WHERE id = ? AND due_at_ms IS NOT NULL AND task_id = 0"};
static const struct db_sql next_event = {
    "SELECT MIN(due_at_ms) FROM outbox WHERE task_id = 0 AND topic = ? AND due_at_ms IS NOT NULL"};
static const struct db_sql next_any = {"SELECT MIN(due_at_ms) FROM outbox WHERE topic = ? AND due_at_ms IS NOT NULL"};
static const struct db_sql count_open = {"SELECT COUNT(*) FROM outbox WHERE topic = ? AND due_at_ms IS NOT NULL"};
static const struct db_sql count_all_open = {"SELECT COUNT(*) FROM outbox WHERE due_at_ms IS NOT NULL"};
#define DELIVERY_COLUMNS                                                                                     \
    "id, answered_at_ms, created_at_ms, due_at_ms, published_at_ms, attempts, http_status, topic, row_key, " \
    "dedup_key, error, answer"
static const struct db_sql deliveries = {"SELECT " DELIVERY_COLUMNS " FROM outbox WHERE published_at_ms IS NOT NULL "
                                         "ORDER BY published_at_ms DESC, id DESC LIMIT ?"};
static const struct db_sql deliveries_of = {"SELECT " DELIVERY_COLUMNS
                                            " FROM outbox WHERE row_key = ? AND published_at_ms IS NOT NULL "
                                            "ORDER BY published_at_ms DESC, id DESC LIMIT ?"};
static const struct db_sql one_delivery = {"SELECT " DELIVERY_COLUMNS " FROM outbox WHERE topic = ? AND dedup_key = ?"};

static void read_row(struct db_stmt *q, struct outbox_row *ret)
{
    *ret = (struct outbox_row){.id = db_get_int(q)};
    db_get_copy(q, ret->topic, sizeof(ret->topic));
    db_get_copy(q, ret->key, sizeof(ret->key));
    db_get_copy(q, ret->dedup_key, sizeof(ret->dedup_key));
    ret->not_before_ms = db_get_int(q);
    ret->rank = (int)db_get_int(q);
    ret->created_at_ms = db_get_int(q);
    ret->answered_at_ms = db_get_int(q);
    ret->run_id = db_get_int(q);
    ret->attempts = (int)db_get_int(q);
    ret->body = db_get_sv(q);
}

enum kk_code store_due_event_rows(struct store *store, struct kk_sv topic, bool in_sequence, int64_t now_ms, int limit,
                                  bool (*row)(void *ctx, const struct outbox_row *row), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, in_sequence ? &rows_in_sequence : &rows_due);
    enum kk_code rc;

    db_put_text(q, topic);
    if (!in_sequence)
        db_put_int(q, now_ms);
    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct outbox_row event;

        read_row(q, &event);
        rc = db_row_check(q, "outbox", err);
        if (rc || !row(ctx, &event)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_event_taken(struct store *store, const struct outbox_row *row, int64_t until_ms, bool *ret_done,
                               struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &take_event);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, until_ms);
    db_put_int(q, row->id);
    db_put_int(q, row->not_before_ms);
    rc = db_run(q, &changes, err);
    if (!rc)
        *ret_done = changes > 0;
    return rc;
}

static enum kk_code published_inside(struct store *store, int64_t outbox_id, int64_t now_ms,
                                     const struct event_answer *answer, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &event_published);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, now_ms);
    db_put_int(q, answer->http_status);
    db_put_text(q, answer->answer);
    db_put_int(q, outbox_id);
    rc = db_run(q, &changes, err);
    if (rc || !changes)
        return rc;
    q = db_use(store->db, &drop_body);
    db_put_int(q, outbox_id);
    return db_run(q, NULL, err);
}

enum kk_code store_event_published(struct store *store, int64_t outbox_id, int64_t now_ms,
                                   const struct event_answer *answer, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, published_inside(store, outbox_id, now_ms, answer, err), err);
}

enum kk_code store_event_failed(struct store *store, int64_t outbox_id, int64_t not_before_ms,
                                const struct event_answer *answer, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &event_failed);

    db_put_int(q, not_before_ms);
    db_put_int(q, answer->http_status);
    db_put_text(q, answer->error);
    db_put_text(q, answer->answer);
    db_put_int(q, outbox_id);
    return db_run(q, NULL, err);
}

static bool is_task_topic(struct kk_sv topic)
{
    return kk_sv_eq(topic, KK_SV("task"));
}

enum kk_code store_outbox_next(struct store *store, struct kk_sv topic, int64_t *ret_due_at_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, is_task_topic(topic) ? &next_any : &next_event);
    int64_t due_at_ms = INT64_MAX;
    enum kk_code rc;

    db_put_text(q, topic);
    rc = db_number(q, &due_at_ms, err);
    if (!rc)
        *ret_due_at_ms = due_at_ms;
    return rc;
}

enum kk_code store_outbox_count(struct store *store, struct kk_sv topic, int64_t *ret_count, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, topic.len ? &count_open : &count_all_open);
    int64_t count = 0;
    enum kk_code rc;

    if (topic.len)
        db_put_text(q, topic);
    rc = db_number(q, &count, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

/* ---- reports ---- */

static void read_delivery(struct db_stmt *q, struct delivery *ret)
{
    ret->outbox_id = db_get_int(q);
    ret->answered_at_ms = db_get_int(q);
    ret->created_at_ms = db_get_int(q);
    ret->due_at_ms = db_get_int(q);
    ret->published_at_ms = db_get_int(q);
    ret->attempts = (int)db_get_int(q);
    ret->http_status = (int)db_get_int(q);
    ret->topic = db_get_sv(q);
    ret->key = db_get_sv(q);
    ret->dedup_key = db_get_sv(q);
    ret->error = db_get_sv(q);
    ret->answer = db_get_sv(q);
}

enum kk_code store_each_delivery(struct store *store, struct kk_sv key, int limit,
                                 bool (*row)(void *ctx, const struct delivery *delivery), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, key.len ? &deliveries_of : &deliveries);
    enum kk_code rc;

    if (key.len)
        db_put_text(q, key);
    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct delivery delivery;

        read_delivery(q, &delivery);
        if (!row(ctx, &delivery)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_get_delivery(struct store *store, struct kk_sv topic, struct kk_sv dedup_key,
                                void (*row)(void *ctx, const struct delivery *delivery), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &one_delivery);
    struct delivery delivery;
    enum kk_code rc;

    db_put_text(q, topic);
    db_put_text(q, dedup_key);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no such message is in the outbox");
    read_delivery(q, &delivery);
    row(ctx, &delivery);
    db_done(q);
    return KK_OK;
}
