/* How things stand. Partial indexes hold what is published, running, dead or due, so that counting these is cheap
 * however many tasks there are. */
#include "ports/gauge.h"

#include "adapters/store/store_sql.h"

static const struct db_sql published = {"SELECT kind, COUNT(*) FROM task WHERE state = 'PUBLISHED' GROUP BY kind"};
static const struct db_sql running = {"SELECT kind, COUNT(*) FROM task WHERE state = 'RUNNING' GROUP BY kind"};
static const struct db_sql dead = {"SELECT kind, COUNT(*) FROM task WHERE is_dead = 1 GROUP BY kind"};
static const struct db_sql open_runs = {"SELECT COUNT(*), SUM(open_count) FROM run WHERE open_key IS NOT NULL"};
static const struct db_sql topics = {
    "SELECT topic, COUNT(*), MIN(created_at_ms) FROM outbox WHERE task_id = 0 AND due_at_ms IS NOT NULL "
    "GROUP BY topic ORDER BY topic"};
static const struct db_sql sellers = {
    "SELECT s.seller_id, s.state, s.period_count, s.period_unit, s.created_at_ms, s.last_started_at_ms, "
    "s.last_ended_at_ms, r.id, r.state, r.started_at_ms, r.item_count, r.seen_count, r.request_count, r.retry_count, "
    "r.dead_count, r.open_count, s.mode, CASE WHEN r.seen_count = 0 AND r.state <> 'OPEN' THEN EXISTS (SELECT 1 FROM "
    "listing l "
    "WHERE l.seller_id = s.seller_id AND l.is_removed = 0) ELSE 0 END "
    "FROM seller s LEFT JOIN run r ON r.id = s.last_run_id ORDER BY s.seller_id"};
static const struct db_sql attempts = {"SELECT a.at_ms, a.cause, r.seller_id FROM attempt a "
                                       "LEFT JOIN run r ON r.id = a.run_id ORDER BY a.id DESC LIMIT ?"};

/* Counts by kind into ret[kind], their sum into ret[0]. */
static enum kk_code count_kinds(struct store *store, const struct db_sql *sql, int64_t ret[TASK_OPTIONS + 1],
                                struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, sql);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        enum task_kind kind = TASK_LIST;

        if (!task_kind_parse(db_get_sv(q), &kind))
            db_bad(q, "a kind");
        ret[kind] = db_get_int(q);
        ret[0] += ret[kind];
        rc = db_row_check(q, "task", err);
        if (rc) {
            db_done(q);
            break;
        }
    }
    return rc;
}

static enum kk_code count_open(struct store *store, struct task_gauge *gauge, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &open_runs);
    int64_t open_count = 0;
    enum kk_code rc;

    if (!db_row(q, &rc, err))
        return rc;
    gauge->open_runs = db_get_int(q);
    open_count = db_get_int(q);
    db_done(q);
    gauge->waiting = open_count - gauge->published[0] - gauge->running[0];
    if (gauge->waiting < 0) /* tasks of a run that is over were sent back to work */
        gauge->waiting = 0;
    return KK_OK;
}

enum kk_code store_gauge_tasks(struct store *store, struct task_gauge *ret, struct kk_err *err)
{
    struct task_gauge gauge = {0};
    enum kk_code rc = count_kinds(store, &published, gauge.published, err);

    if (!rc)
        rc = count_kinds(store, &running, gauge.running, err);
    if (!rc)
        rc = count_kinds(store, &dead, gauge.dead, err);
    if (!rc)
        rc = count_open(store, &gauge, err);
    if (!rc)
        rc = store_outbox_next(store, KK_SV("task"), &gauge.promised_at_ms, err);
    if (!rc)
        *ret = gauge;
    return rc;
}

enum kk_code store_gauge_topics(struct store *store, bool (*row)(void *ctx, const struct topic_gauge *topic), void *ctx,
                                struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &topics);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct topic_gauge topic = {.topic = db_get_sv(q)};

        topic.count = db_get_int(q);
        topic.oldest_at_ms = db_get_int(q);
        if (!row(ctx, &topic)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

static void read_seller(struct db_stmt *q, struct seller_gauge *ret)
{
    struct seller period = {0};
    struct kk_sv state;

    *ret = (struct seller_gauge){0};
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    if (!seller_state_parse(db_get_sv(q), &ret->state))
        db_bad(q, "a state");
    period.period_count = db_get_int(q);
    if (!period_unit_parse(db_get_sv(q), &period.period_unit))
        db_bad(q, "a unit");
    ret->period_ms = seller_period_ms(&period);
    ret->created_at_ms = db_get_int(q);
    ret->last_started_at_ms = db_get_int(q);
    ret->last_ended_at_ms = db_get_int(q);
    ret->run_id = db_get_int(q);
    state = db_get_sv(q);
    if (state.len && !run_state_parse(state, &ret->run_state))
        db_bad(q, "a run's state");
    ret->started_at_ms = db_get_int(q);
    ret->item_count = db_get_int(q);
    ret->seen_count = db_get_int(q);
    ret->request_count = db_get_int(q);
    ret->retry_count = db_get_int(q);
    ret->dead_count = db_get_int(q);
    ret->open_count = db_get_int(q);
    if (!crawl_mode_parse(db_get_sv(q), &ret->mode))
        db_bad(q, "a mode");
    ret->has_items = db_get_int(q) != 0;
}

enum kk_code store_gauge_sellers(struct store *store, bool (*row)(void *ctx, const struct seller_gauge *seller),
                                 void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &sellers);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct seller_gauge seller;

        read_seller(q, &seller);
        rc = db_row_check(q, "seller", err);
        if (rc || !row(ctx, &seller)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_gauge_attempts(struct store *store, int limit,
                                  bool (*row)(void *ctx, const struct attempt_gauge *attempt), void *ctx,
                                  struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &attempts);
    enum kk_code rc;

    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct attempt_gauge attempt = {.at_ms = db_get_int(q)};

        attempt.cause = db_get_sv(q);
        attempt.seller_id = db_get_sv(q);
        if (!row(ctx, &attempt)) {
            db_done(q);
            break;
        }
    }
    return rc;
}
