/* A task's moves: claimed by a worker, written after task_move(), taken up again when its lease or its message is lost.
 * Each repeats the rule of core/ in its WHERE (R3). */
#include "adapters/store/store_sql.h"

#define AGAIN_MAX 64 /* rows in hand at once, while a seller's tasks are promised again */

static const struct db_sql look_task = {
    "SELECT " TASK_COLUMNS ", s.state FROM task t JOIN seller s ON s.seller_id = t.seller_id WHERE t.id = ? {lock}"};
static const struct db_sql claim_task = {"UPDATE task SET state = 'RUNNING', lease_until_ms = ?, started_at_ms = ? "
                                         "WHERE id = ? AND serial = ? AND state = 'PUBLISHED'"};
static const struct db_sql put_task = {
    "UPDATE task SET run_id = ?, state = ?, serial = ?, attempt = ?, lapse_count = ?, is_dead = ?, lease_until_ms = ?, "
    "next_attempt_at_ms = ?, http_status = ?, error = ?, published_at_ms = ?, started_at_ms = ?, ended_at_ms = ? "
    "WHERE id = ? AND serial = ? AND state = ?"};
static const struct db_sql get_rank = {"SELECT send_rank FROM task WHERE id = ?"};
static const struct db_sql add_attempt = {
    "INSERT INTO attempt (task_id, run_id, agent_id, at_ms, attempt, cause, http_status, error, archive_key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql each_attempt = {
    "SELECT task_id, run_id, agent_id, at_ms, attempt, cause, http_status, error, archive_key FROM attempt "
    "WHERE task_id = ? ORDER BY id"};
static const struct db_sql lapsed_tasks = {"SELECT " TASK_COLUMNS
                                           " FROM task t WHERE t.state = 'RUNNING' AND t.lease_until_ms < ? LIMIT ?"};
/* {cross}: in this order, a seek for each seller, however many tasks are in the queue. */
static const struct db_sql silent_tasks = {
    "SELECT " TASK_COLUMNS " FROM seller s {cross} task t WHERE s.state = 'ACTIVE' AND t.state = 'PUBLISHED' "
    "AND t.seller_id = s.seller_id AND t.published_at_ms < ? LIMIT ?"};
static const struct db_sql touch_published = {
    "UPDATE task SET published_at_ms = ? WHERE id = ? AND serial = ? AND state = 'PUBLISHED'"};
static const struct db_sql published_of = {
    "SELECT t.id, t.serial FROM task t WHERE t.state = 'PUBLISHED' AND t.seller_id = ? AND t.id > ? "
    "ORDER BY t.id LIMIT ?"};

/* ---- the claim ---- */

static enum kk_code look(struct store *store, const struct task_ticket *ticket, struct task *ret,
                         enum seller_state *ret_seller, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &look_task);
    enum kk_code rc;

    ret->id = 0;
    db_put_int(q, ticket->task_id);
    if (!db_row(q, &rc, err))
        return rc;
    store_read_task(q, ret);
    if (!seller_state_parse(db_get_sv(q), ret_seller))
        db_bad(q, "a seller's state");
    rc = db_row_check(q, "task", err);
    db_done(q);
    return rc;
}

/* What the message is worth, by what is stored; CLAIM_WON: it may try. */
static enum claim judge(const struct task *task, const struct task_ticket *ticket, enum seller_state seller)
{
    if (!task->id || task->serial != ticket->serial ||
        !kk_sv_eq(kk_sv_of(task->seller_id), kk_sv_of(ticket->seller_id)))
        return CLAIM_STALE;
    if (task->state == TASK_WAITING || task->state == TASK_RETRY)
        return CLAIM_EARLY;
    if (task_next(task->state, TASK_ON_TAKEN) != TASK_RUNNING)
        return CLAIM_STALE;
    return seller == SELLER_ACTIVE ? CLAIM_WON : CLAIM_HELD;
}

static enum kk_code claim_inside(struct store *store, const struct task_ticket *ticket, int64_t now_ms,
                                 int64_t lease_until_ms, enum claim *ret_claim, struct task *ret, struct kk_err *err)
{
    enum seller_state seller = SELLER_NONE;
    struct db_stmt *q;
    int64_t changes = 0;
    enum kk_code rc = look(store, ticket, ret, &seller, err);

    if (rc)
        return rc;
    *ret_claim = judge(ret, ticket, seller);
    if (*ret_claim != CLAIM_WON)
        return KK_OK;
    q = db_use(store->db, &claim_task);
    db_put_int(q, lease_until_ms);
    db_put_int(q, now_ms);
    db_put_int(q, ticket->task_id);
    db_put_int(q, ticket->serial);
    rc = db_run(q, &changes, err);
    if (!rc && !changes)
        *ret_claim = CLAIM_STALE;
    ret->state = TASK_RUNNING;
    ret->lease_until_ms = lease_until_ms;
    ret->started_at_ms = now_ms;
    return rc;
}

enum kk_code store_claim_task(struct store *store, const struct task_ticket *ticket, int64_t now_ms,
                              int64_t lease_until_ms, enum claim *ret_claim, struct task *ret, struct kk_err *err)
{
    enum claim claim = CLAIM_STALE;
    struct task task;
    enum kk_code rc = db_begin(store->db, err);

    if (!rc)
        rc = db_end(store->db, claim_inside(store, ticket, now_ms, lease_until_ms, &claim, &task, err), err);
    if (rc)
        return kk_while(err, rc, "claim a task of seller %s", ticket->seller_id);
    *ret_claim = claim;
    if (claim == CLAIM_WON)
        *ret = task;
    return KK_OK;
}

/* ---- moves that task_move() made ---- */

static enum kk_code write_task(struct store *store, const struct task *task, int64_t serial, enum task_state from,
                               bool *ret_done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_task);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, task->run_id); /* a dead letter that is sent back counts in another run */
    db_put_cstr(q, task_state_name(task->state));
    db_put_int(q, serial);
    db_put_int(q, task->attempt);
    db_put_int(q, task->lapse_count);
    db_put_int(q, task->is_dead);
    db_put_int(q, task->lease_until_ms);
    db_put_int(q, task->next_attempt_at_ms);
    db_put_int(q, task->http_status);
    db_put_cstr(q, task->error);
    db_put_int(q, task->published_at_ms);
    db_put_int(q, task->started_at_ms);
    db_put_int(q, task->ended_at_ms);
    db_put_int(q, task->id);
    db_put_int(q, task->serial);
    db_put_cstr(q, task_state_name(from));
    rc = db_run(q, &changes, err);
    *ret_done = changes > 0;
    return rc;
}

static enum kk_code retry_inside(struct store *store, struct task *task, enum task_state from, int64_t now_ms,
                                 bool *ret_done, struct kk_err *err)
{
    struct db_stmt *q;
    int64_t rank = 0;
    enum kk_code rc = write_task(store, task, task->serial + 1, from, ret_done, err);

    if (rc || !*ret_done)
        return rc;
    task->serial++;
    q = db_use(store->db, &get_rank);
    db_put_int(q, task->id);
    rc = db_number(q, &rank, err);
    return rc ? rc : store_promise(store, task, (int)rank, task->next_attempt_at_ms, now_ms, err);
}

enum kk_code store_put_task(struct store *store, struct task *task, enum task_state from, int64_t now_ms,
                            bool *ret_done, struct kk_err *err)
{
    struct task next = *task;
    bool is_done = false;
    enum kk_code rc;

    if (task->state != TASK_RETRY) {
        rc = write_task(store, task, task->serial, from, &is_done, err);
    } else {
        rc = db_begin(store->db, err);
        if (!rc)
            rc = db_end(store->db, retry_inside(store, &next, from, now_ms, &is_done, err), err);
    }
    if (rc)
        return kk_while(err, rc, "write task %s of seller %s", task->endpoint, task->seller_id);
    *ret_done = is_done;
    task->serial = next.serial;
    return KK_OK;
}

/* ---- attempts ---- */

enum kk_code store_add_attempt(struct store *store, const struct attempt *attempt, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_attempt);

    db_put_int(q, attempt->task_id);
    db_put_int(q, attempt->run_id);
    db_put_int(q, attempt->agent_id);
    db_put_int(q, attempt->at_ms);
    db_put_int(q, attempt->attempt);
    db_put_cstr(q, attempt->cause);
    db_put_int(q, attempt->http_status);
    db_put_text(q, attempt->error);
    db_put_hash(q, &attempt->archive_key);
    return db_run(q, NULL, err);
}

static void read_attempt(struct db_stmt *q, struct attempt *ret, char cause[64])
{
    ret->task_id = db_get_int(q);
    ret->run_id = db_get_int(q);
    ret->agent_id = db_get_int(q);
    ret->at_ms = db_get_int(q);
    ret->attempt = (int)db_get_int(q);
    db_get_copy(q, cause, 64);
    ret->cause = cause;
    ret->http_status = (int)db_get_int(q);
    ret->error = db_get_sv(q);
    db_get_hash(q, &ret->archive_key);
}

enum kk_code store_each_attempt(struct store *store, int64_t task_id,
                                bool (*row)(void *ctx, const struct attempt *attempt), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_attempt);
    enum kk_code rc;

    db_put_int(q, task_id);
    while (db_row(q, &rc, err)) {
        struct attempt attempt;
        char cause[64];

        read_attempt(q, &attempt, cause);
        rc = db_row_check(q, "attempt", err);
        if (rc || !row(ctx, &attempt)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

/* ---- what got lost ---- */

static enum kk_code stuck_tasks(struct store *store, const struct db_sql *sql, int64_t before_ms, int limit,
                                bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, sql);

    db_put_int(q, before_ms);
    db_put_int(q, limit);
    return store_task_rows(q, row, ctx, err);
}

enum kk_code store_lapsed_tasks(struct store *store, int64_t now_ms, int limit,
                                bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err)
{
    return stuck_tasks(store, &lapsed_tasks, now_ms, limit, row, ctx, err);
}

enum kk_code store_silent_tasks(struct store *store, int64_t before_ms, int limit,
                                bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err)
{
    return stuck_tasks(store, &silent_tasks, before_ms, limit, row, ctx, err);
}

static enum kk_code again_inside(struct store *store, const struct task *task, int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &touch_published);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, now_ms);
    db_put_int(q, task->id);
    db_put_int(q, task->serial);
    rc = db_run(q, &changes, err);
    if (rc || !changes)
        return rc; /* it went on meanwhile */
    return store_promise(store, task, RANK_AGAIN, now_ms, now_ms, err);
}

enum kk_code store_promise_again(struct store *store, const struct task *task, int64_t now_ms, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, again_inside(store, task, now_ms, err), err);
}

/* A handful is read before it is written, because the writes move rows within the index that is being read. */
static enum kk_code some_again(struct store *store, struct task *task, int64_t now_ms, int *ret_count,
                               struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &published_of);
    int64_t id[AGAIN_MAX], serial[AGAIN_MAX];
    int count = 0;
    enum kk_code rc;

    db_put_cstr(q, task->seller_id);
    db_put_int(q, task->id);
    db_put_int(q, AGAIN_MAX);
    while (db_row(q, &rc, err)) {
        id[count] = db_get_int(q);
        serial[count++] = db_get_int(q);
    }
    for (int i = 0; !rc && i < count; i++) {
        task->id = id[i];
        task->serial = serial[i];
        rc = again_inside(store, task, now_ms, err);
    }
    *ret_count = count;
    return rc;
}

static enum kk_code seller_inside(struct store *store, struct kk_sv seller_id, int64_t now_ms, int64_t *ret_count,
                                  struct kk_err *err)
{
    struct task task = {.id = 0};
    int count = AGAIN_MAX;
    enum kk_code rc = KK_OK;

    if (!kk_sv_copy(seller_id, task.seller_id, sizeof(task.seller_id)))
        return kk_fail(err, KK_BAD_INPUT, "a seller's id is too long");
    while (!rc && count == AGAIN_MAX) {
        rc = some_again(store, &task, now_ms, &count, err);
        *ret_count += count;
    }
    return rc;
}

enum kk_code store_promise_seller_again(struct store *store, struct kk_sv seller_id, int64_t now_ms, int64_t *ret_count,
                                        struct kk_err *err)
{
    int64_t count = 0;
    enum kk_code rc = db_begin(store->db, err);

    if (!rc)
        rc = db_end(store->db, seller_inside(store, seller_id, now_ms, &count, err), err);
    if (!rc)
        *ret_count = count;
    return rc;
}
