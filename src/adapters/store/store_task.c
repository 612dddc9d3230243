/* Tasks: made, found, listed, counted. Their moves are in store_claim.c. */
#include "adapters/store/store_sql.h"

#include <inttypes.h>
#include <string.h>

#define QUERY_MAX_BYTES 2048

static const struct db_sql find_key = {
    "SELECT id, serial, state, is_dead FROM task WHERE seller_id = ? AND endpoint = ? AND page = ? {lock}"};
static const struct db_sql add_task = {
    "INSERT INTO task (seller_id, endpoint, page, kind, item_no, run_id, parent_task_id, state, serial, "
    "send_rank, attempt, lapse_count, is_dead, lease_until_ms, next_attempt_at_ms, http_status, error, created_at_ms, "
    "published_at_ms, started_at_ms, ended_at_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 'WAITING', 1, ?, 0, 0, 0, 0, 0, 0, '', ?, 0, 0, 0)"};
static const struct db_sql revive_task = {
    "UPDATE task SET run_id = ?, parent_task_id = ?, state = 'WAITING', serial = ?, send_rank = ?, attempt = 0, "
    "lapse_count = 0, is_dead = 0, lease_until_ms = 0, next_attempt_at_ms = 0, http_status = 0, error = '', "
    "created_at_ms = ?, published_at_ms = 0, started_at_ms = 0, ended_at_ms = 0 WHERE id = ? AND serial = ?"};
static const struct db_sql get_task = {"SELECT " TASK_COLUMNS " FROM task t WHERE t.id = ?"};
static const struct db_sql find_task = {"SELECT " TASK_COLUMNS
                                        " FROM task t WHERE t.seller_id = ? AND t.endpoint = ? AND t.page = ?"};
static const struct db_sql tally_tasks = {
    "SELECT t.kind, t.state, COUNT(*) FROM task t WHERE t.seller_id = (SELECT r.seller_id FROM run r WHERE r.id = ?) "
    "AND t.run_id = ? GROUP BY t.kind, t.state"};

void store_read_task(struct db_stmt *q, struct task *ret)
{
    *ret = (struct task){.id = db_get_int(q)};
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    if (!task_kind_parse(db_get_sv(q), &ret->kind))
        db_bad(q, "a kind");
    db_get_copy(q, ret->endpoint, sizeof(ret->endpoint));
    ret->page = db_get_int(q);
    ret->item_no = db_get_int(q);
    ret->run_id = db_get_int(q);
    ret->parent_task_id = db_get_int(q);
    if (!task_state_parse(db_get_sv(q), &ret->state))
        db_bad(q, "a state");
    ret->serial = db_get_int(q);
    ret->attempt = (int)db_get_int(q);
    ret->lapse_count = (int)db_get_int(q);
    ret->is_dead = db_get_bool(q);
    ret->lease_until_ms = db_get_int(q);
    ret->next_attempt_at_ms = db_get_int(q);
    ret->http_status = (int)db_get_int(q);
    db_get_copy(q, ret->error, sizeof(ret->error));
    ret->created_at_ms = db_get_int(q);
    ret->published_at_ms = db_get_int(q);
    ret->started_at_ms = db_get_int(q);
    ret->ended_at_ms = db_get_int(q);
}

enum kk_code store_task_rows(struct db_stmt *q, bool (*row)(void *ctx, const struct task *task), void *ctx,
                             struct kk_err *err)
{
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct task task;

        store_read_task(q, &task);
        rc = db_row_check(q, "task", err);
        if (rc || !row(ctx, &task)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

static enum kk_code one_task(struct db_stmt *q, struct task *ret, struct kk_err *err)
{
    struct task task;
    enum kk_code rc;

    if (!db_row(q, &rc, err))
        return rc ? rc : KK_NOT_FOUND;
    store_read_task(q, &task);
    rc = db_row_check(q, "task", err);
    db_done(q);
    if (!rc)
        *ret = task;
    return rc;
}

enum kk_code store_get_task(struct store *store, int64_t task_id, struct task *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_task);
    enum kk_code rc;

    db_put_int(q, task_id);
    rc = one_task(q, ret, err);
    return rc == KK_NOT_FOUND ? kk_fail(err, rc, "there is no task %" PRId64, task_id) : rc;
}

enum kk_code store_find_task(struct store *store, struct kk_sv seller_id, struct kk_sv endpoint, int64_t page,
                             struct task *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &find_task);
    enum kk_code rc;

    db_put_text(q, seller_id);
    db_put_text(q, endpoint);
    db_put_int(q, page);
    rc = one_task(q, ret, err);
    if (rc == KK_NOT_FOUND)
        return kk_fail(err, rc, "seller " KK_SV_FMT " has no task for " KK_SV_FMT " page %" PRId64,
                       KK_SV_ARG(seller_id), KK_SV_ARG(endpoint), page);
    return rc;
}

/* ---- making ---- */

/* The row of the task's key as it is. *ret_was->id 0: there is none. */
static enum kk_code find_was(struct store *store, const struct task *task, struct task *ret_was, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &find_key);
    enum kk_code rc;

    ret_was->id = 0;
    db_put_cstr(q, task->seller_id);
    db_put_cstr(q, task->endpoint);
    db_put_int(q, task->page);
    if (!db_row(q, &rc, err))
        return rc;
    ret_was->id = db_get_int(q);
    ret_was->serial = db_get_int(q);
    if (!task_state_parse(db_get_sv(q), &ret_was->state))
        db_bad(q, "a state");
    ret_was->is_dead = db_get_bool(q);
    rc = db_row_check(q, "task", err);
    db_done(q);
    return rc;
}

static enum kk_code write_new(struct store *store, struct task *task, int rank, int64_t now_ms, bool *ret_made,
                              struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_task);
    enum kk_code rc;

    db_put_cstr(q, task->seller_id);
    db_put_cstr(q, task->endpoint);
    db_put_int(q, task->page);
    db_put_cstr(q, task_kind_name(task->kind));
    db_put_int(q, task->item_no);
    db_put_int(q, task->run_id);
    db_put_int(q, task->parent_task_id);
    db_put_int(q, rank);
    db_put_int(q, now_ms);
    rc = db_run_new(q, ret_made, err); /* false: another machine made it between our look and now */
    if (rc || !*ret_made)
        return rc;
    task->id = store->db->ops->last_id(store->db);
    task->serial = 1;
    return KK_OK;
}

static enum kk_code write_again(struct store *store, struct task *task, const struct task *was, int rank,
                                int64_t now_ms, bool *ret_made, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &revive_task);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, task->run_id);
    db_put_int(q, task->parent_task_id);
    db_put_int(q, was->serial + 1);
    db_put_int(q, rank);
    db_put_int(q, now_ms);
    db_put_int(q, was->id);
    db_put_int(q, was->serial);
    rc = db_run(q, &changes, err);
    *ret_made = changes > 0;
    if (rc || !changes)
        return rc;
    task->id = was->id;
    task->serial = was->serial + 1;
    return KK_OK;
}

static enum kk_code make_inside(struct store *store, struct task *task, int rank, int64_t now_ms, bool *ret_made,
                                struct kk_err *err)
{
    struct task was;
    enum kk_code rc = find_was(store, task, &was, err);

    if (rc)
        return rc;
    if (!was.id)
        rc = write_new(store, task, rank, now_ms, ret_made, err);
    else if (task_is_over(&was))
        rc = write_again(store, task, &was, rank, now_ms, ret_made, err);
    if (rc || !*ret_made)
        return rc;
    return store_promise(store, task, rank, now_ms, now_ms, err);
}

enum kk_code store_make_task(struct store *store, struct task *task, int rank, int64_t now_ms, bool *ret_made,
                             struct kk_err *err)
{
    struct task made = *task;
    bool is_made = false;
    enum kk_code rc = db_begin(store->db, err);

    if (!rc)
        rc = db_end(store->db, make_inside(store, &made, rank, now_ms, &is_made, err), err);
    if (rc)
        return kk_while(err, rc, "make task %s of seller %s", task->endpoint, task->seller_id);
    *ret_made = is_made;
    if (is_made) {
        task->id = made.id;
        task->serial = made.serial;
        task->state = TASK_WAITING;
    }
    return KK_OK;
}

/* ---- listing ---- */

/* Pieces of fixed text only; what a person asked for is bound. A state is spelled out, because an index of some states
 * fits only a question that names one. */
static void write_query(const struct task_query *query, struct kk_buf *sql)
{
    kk_buf_add(sql, KK_SV("SELECT " TASK_COLUMNS " FROM task t WHERE t.id > ?"));
    if (query->seller_id.len)
        kk_buf_add(sql, KK_SV(" AND t.seller_id = ?"));
    if (query->run_id)
        kk_buf_add(sql, KK_SV(" AND t.run_id = ? AND t.seller_id = (SELECT r.seller_id FROM run r WHERE r.id = ?)"));
    if (query->until_id)
        kk_buf_add(sql, KK_SV(" AND t.id <= ?"));
    if (query->kind)
        kk_buf_add(sql, KK_SV(" AND t.kind = ?"));
    if (query->state)
        kk_buf_addf(sql, " AND t.state = '%s'", task_state_name(query->state));
    if (query->dead_only)
        kk_buf_add(sql, KK_SV(" AND t.is_dead = 1"));
    kk_buf_add(sql, KK_SV(" ORDER BY t.id"));
    if (query->limit)
        kk_buf_add(sql, KK_SV(" LIMIT ?"));
}

enum kk_code store_task_window(struct store *store, int64_t after_id, int64_t count, int64_t *ret_until_id,
                               struct kk_err *err)
{
    static const struct db_sql nth = {"SELECT id FROM task WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"};

    return store_nth(db_use(store->db, &nth), after_id, count, ret_until_id, err);
}

enum kk_code store_each_task(struct store *store, const struct task_query *query,
                             bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sql = KK_BUF(QUERY_MAX_BYTES);
    struct db_stmt *q;
    enum kk_code rc;

    write_query(query, &sql);
    rc = kk_buf_check(&sql, "the question for tasks", err);
    if (rc)
        return rc;
    q = db_use_text(store->db, kk_buf_cstr(&sql));
    db_put_int(q, query->after_id);
    if (query->seller_id.len)
        db_put_text(q, query->seller_id);
    if (query->run_id) {
        db_put_int(q, query->run_id);
        db_put_int(q, query->run_id);
    }
    if (query->until_id)
        db_put_int(q, query->until_id);
    if (query->kind)
        db_put_cstr(q, task_kind_name(query->kind));
    if (query->limit)
        db_put_int(q, query->limit);
    return store_task_rows(q, row, ctx, err);
}

enum kk_code store_tally_tasks(struct store *store, int64_t run_id, struct task_tally *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &tally_tasks);
    struct task_tally tally = {0};
    enum kk_code rc;

    db_put_int(q, run_id);
    db_put_int(q, run_id);
    while (db_row(q, &rc, err)) {
        enum task_kind kind;
        enum task_state state;

        if (!task_kind_parse(db_get_sv(q), &kind) || !task_state_parse(db_get_sv(q), &state)) {
            db_bad(q, "a kind or state");
            rc = db_row_check(q, "task", err);
            db_done(q);
            return rc;
        }
        tally.count[kind][state] = db_get_int(q);
        tally.count[0][state] += tally.count[kind][state];
    }
    if (!rc)
        *ret = tally;
    return rc;
}
