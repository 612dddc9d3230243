/* Runs: one crawl of a seller each, at most one of them open (run.open_key). */
#include "adapters/store/store_sql.h"

#include <inttypes.h>

#include "base/assert.h"

#define COLUMNS                                                                                             \
    "r.id, r.seller_id, r.run_trigger, r.state, r.started_at_ms, r.ended_at_ms, r.list_pass, r.page_size, " \
    "r.page_count, r.list_open, r.list_failed, r.item_count, r.seen_count, r.task_count, r.open_count, "    \
    "r.success_count, r.dead_count, r.request_count, r.retry_count, r.created_count, r.changed_count, "     \
    "r.removed_count, r.returned_count"

static const struct db_sql add_run = {
    "INSERT INTO run (seller_id, run_trigger, state, open_key, started_at_ms, ended_at_ms, list_pass, page_size, "
    "page_count, list_open, list_failed, item_count, seen_count, missed_pass, task_count, open_count, success_count, "
    "dead_count, request_count, retry_count, created_count, changed_count, removed_count, returned_count) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_run = {"SELECT " COLUMNS " FROM run r WHERE r.id = ?"};
static const struct db_sql get_open_run = {"SELECT " COLUMNS " FROM run r WHERE r.open_key = ?"};
static const struct db_sql each_run = {"SELECT " COLUMNS " FROM run r WHERE r.id < ? ORDER BY r.id DESC LIMIT ?"};
static const struct db_sql each_run_of = {"SELECT " COLUMNS
                                          " FROM run r WHERE r.seller_id = ? AND r.id < ? ORDER BY r.id DESC LIMIT ?"};
/* + 0: the few that are open are found by their key and sorted; by id it would be a walk through all there ever were.
 */
static const struct db_sql each_open = {"SELECT " COLUMNS " FROM run r WHERE r.open_key IS NOT NULL AND r.id + 0 < ? "
                                        "ORDER BY r.id + 0 DESC LIMIT ?"};
static const struct db_sql each_open_of = {"SELECT " COLUMNS " FROM run r WHERE r.open_key = ? AND r.id + 0 < ? "
                                           "ORDER BY r.id + 0 DESC LIMIT ?"};
static const struct db_sql add_counts = {
    "UPDATE run SET task_count = task_count + ?, open_count = open_count + ?, success_count = success_count + ?, "
    "dead_count = dead_count + ?, request_count = request_count + ?, retry_count = retry_count + ?, "
    "created_count = created_count + ?, changed_count = changed_count + ?, removed_count = removed_count + ?, "
    "returned_count = returned_count + ? WHERE id = ?"};
static const struct db_sql put_run_list = {
    "UPDATE run SET list_pass = ?, page_size = ?, page_count = ?, list_open = ?, list_failed = ?, item_count = ?, "
    "seen_count = ? WHERE id = ?"};
/* {cross}: in this order, or SQLite looks through all runs that each seller ever had. */
static const struct db_sql idle_runs = {
    "SELECT " COLUMNS " FROM run r {cross} seller s WHERE r.open_key IS NOT NULL AND r.open_count <= 0 "
    "AND s.seller_id = r.seller_id AND s.state = 'ACTIVE' LIMIT ?"};
static const struct db_sql end_run = {
    "UPDATE run SET state = ?, ended_at_ms = ?, open_key = NULL WHERE id = ? AND state = 'OPEN'"};
static const struct db_sql seller_ended = {"UPDATE seller SET last_ended_at_ms = ? WHERE seller_id = "
                                           "(SELECT seller_id FROM run WHERE id = ?)"};

static void read_counts(struct db_stmt *q, struct run_counts *ret)
{
    ret->task_count = db_get_int(q);
    ret->open_count = db_get_int(q);
    ret->success_count = db_get_int(q);
    ret->dead_count = db_get_int(q);
    ret->request_count = db_get_int(q);
    ret->retry_count = db_get_int(q);
    ret->created_count = db_get_int(q);
    ret->changed_count = db_get_int(q);
    ret->removed_count = db_get_int(q);
    ret->returned_count = db_get_int(q);
}

static void put_counts(struct db_stmt *q, const struct run_counts *counts)
{
    db_put_int(q, counts->task_count);
    db_put_int(q, counts->open_count);
    db_put_int(q, counts->success_count);
    db_put_int(q, counts->dead_count);
    db_put_int(q, counts->request_count);
    db_put_int(q, counts->retry_count);
    db_put_int(q, counts->created_count);
    db_put_int(q, counts->changed_count);
    db_put_int(q, counts->removed_count);
    db_put_int(q, counts->returned_count);
}

static void put_list(struct db_stmt *q, const struct run *run)
{
    db_put_int(q, run->list_pass);
    db_put_int(q, run->page_size);
    db_put_int(q, run->page_count);
    db_put_int(q, run->list_open);
    db_put_int(q, run->list_failed);
    db_put_int(q, run->item_count);
    db_put_int(q, run->seen_count);
}

static void read_run(struct db_stmt *q, struct run *ret)
{
    *ret = (struct run){0};
    ret->id = db_get_int(q);
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    if (!run_trigger_parse(db_get_sv(q), &ret->trigger))
        db_bad(q, "a trigger");
    if (!run_state_parse(db_get_sv(q), &ret->state))
        db_bad(q, "a state");
    ret->started_at_ms = db_get_int(q);
    ret->ended_at_ms = db_get_int(q);
    ret->list_pass = db_get_int(q);
    ret->page_size = db_get_int(q);
    ret->page_count = db_get_int(q);
    ret->list_open = db_get_int(q);
    ret->list_failed = db_get_int(q);
    ret->item_count = db_get_int(q);
    ret->seen_count = db_get_int(q);
    read_counts(q, &ret->counts);
}

static enum kk_code run_rows(struct db_stmt *q, bool (*row)(void *ctx, const struct run *run), void *ctx,
                             struct kk_err *err)
{
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct run run;

        read_run(q, &run);
        rc = db_row_check(q, "run", err);
        if (rc || !row(ctx, &run)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

/* The one row of q. KK_NOT_FOUND without a message. */
static enum kk_code one_run(struct db_stmt *q, struct run *ret, struct kk_err *err)
{
    struct run run;
    enum kk_code rc;

    if (!db_row(q, &rc, err))
        return rc ? rc : KK_NOT_FOUND;
    read_run(q, &run);
    rc = db_row_check(q, "run", err);
    db_done(q);
    if (!rc)
        *ret = run;
    return rc;
}

enum kk_code store_add_run(struct store *store, struct run *run, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_run);
    enum kk_code rc;

    db_put_cstr(q, run->seller_id);
    db_put_cstr(q, run_trigger_name(run->trigger));
    db_put_cstr(q, run_state_name(run->state));
    if (run->state == RUN_OPEN)
        db_put_cstr(q, run->seller_id);
    else
        db_put_null(q);
    db_put_int(q, run->started_at_ms);
    db_put_int(q, run->ended_at_ms);
    put_list(q, run);
    put_counts(q, &run->counts);
    rc = db_run(q, NULL, err);
    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "a run of seller %s is open already", run->seller_id);
    if (!rc)
        run->id = store->db->ops->last_id(store->db);
    return rc;
}

enum kk_code store_get_run(struct store *store, int64_t run_id, struct run *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_run);
    enum kk_code rc;

    db_put_int(q, run_id);
    rc = one_run(q, ret, err);
    return rc == KK_NOT_FOUND ? kk_fail(err, rc, "there is no run %" PRId64, run_id) : rc;
}

enum kk_code store_get_open_run(struct store *store, struct kk_sv seller_id, struct run *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_open_run);
    enum kk_code rc;

    db_put_text(q, seller_id);
    rc = one_run(q, ret, err);
    if (rc == KK_NOT_FOUND)
        return kk_fail(err, rc, "no run of seller " KK_SV_FMT " is open", KK_SV_ARG(seller_id));
    return rc;
}

enum kk_code store_each_run(struct store *store, const struct run_query *query,
                            bool (*row)(void *ctx, const struct run *run), void *ctx, struct kk_err *err)
{
    static const struct db_sql *const sql[2][2] = {{&each_run, &each_run_of}, {&each_open, &each_open_of}};
    struct db_stmt *q = db_use(store->db, sql[query->open_only][query->seller_id.len > 0]);

    KK_ASSERT(query->limit > 0);
    if (query->seller_id.len)
        db_put_text(q, query->seller_id);
    db_put_int(q, query->before_id ? query->before_id : INT64_MAX);
    db_put_int(q, query->limit);
    return run_rows(q, row, ctx, err);
}

enum kk_code store_add_run_counts(struct store *store, int64_t run_id, const struct run_counts *add, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_counts);

    put_counts(q, add);
    db_put_int(q, run_id);
    return db_run(q, NULL, err);
}

enum kk_code store_put_run_list(struct store *store, const struct run *run, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_run_list);

    put_list(q, run);
    db_put_int(q, run->id);
    return db_run(q, NULL, err);
}

enum kk_code store_idle_runs(struct store *store, int limit, bool (*row)(void *ctx, const struct run *run), void *ctx,
                             struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &idle_runs);

    db_put_int(q, limit);
    return run_rows(q, row, ctx, err);
}

static enum kk_code end_run_inside(struct store *store, int64_t run_id, enum run_state state, int64_t now_ms,
                                   bool *ret_done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &end_run);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_cstr(q, run_state_name(state));
    db_put_int(q, now_ms);
    db_put_int(q, run_id);
    rc = db_run(q, &changes, err);
    if (rc)
        return rc;
    *ret_done = changes > 0;
    if (!changes)
        return KK_OK;
    q = db_use(store->db, &seller_ended);
    db_put_int(q, now_ms);
    db_put_int(q, run_id);
    return db_run(q, NULL, err);
}

enum kk_code store_end_run(struct store *store, int64_t run_id, enum run_state state, int64_t now_ms, bool *ret_done,
                           struct kk_err *err)
{
    bool is_done = false;
    enum kk_code rc = db_begin(store->db, err);

    if (rc)
        return rc;
    rc = db_end(store->db, end_run_inside(store, run_id, state, now_ms, &is_done, err), err);
    if (!rc)
        *ret_done = is_done;
    return rc;
}
