/* The outbox: promises to publish, and the relay's turn over the tasks'. Events are in store_event.c.
 *
 * Fairness (design.md section 4): the index outbox_due is walked seller by seller, from the cursor on and once round. A
 * step is one seek, however many rows a seller has. After so many sellers that can be given nothing the walk is cut,
 * and the next one goes on there: else ten thousand sellers with a full share would cost 30 ms at each turn. */
#include "adapters/store/store_sql.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define TOPIC_TASK "task"
#define LOOKS_MAX 1000 /* sellers without a row to give, in one walk */

static const struct db_sql add_outbox = {
    "INSERT INTO outbox (topic, row_key, dedup_key, due_at_ms, send_rank, task_id, serial, created_at_ms, "
    "answered_at_ms, run_id, attempts, published_at_ms, http_status, error) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, 0, '')"};
static const struct db_sql add_body = {"INSERT INTO outbox_body (outbox_id, body) VALUES (?, ?)"};
static const struct db_sql next_seller = {
    "SELECT o.row_key, o.send_rank, (SELECT s.state FROM seller s WHERE s.seller_id = o.row_key), "
    "(SELECT COUNT(*) FROM task t WHERE t.state = 'PUBLISHED' AND t.seller_id = o.row_key), "
    "(SELECT COUNT(*) FROM task t WHERE t.state = 'RUNNING' AND t.seller_id = o.row_key) "
    "FROM outbox o WHERE o.topic = '" TOPIC_TASK "' AND o.due_at_ms IS NOT NULL AND o.row_key > ? "
    "ORDER BY o.row_key, o.send_rank LIMIT 1"};
#define TASK_ROWS                                                                                                   \
    "SELECT id, row_key, dedup_key, due_at_ms, send_rank, task_id, serial, created_at_ms, answered_at_ms, run_id, " \
    "attempts FROM outbox WHERE topic = '" TOPIC_TASK "' AND row_key = ? AND due_at_ms <= ? "
static const struct db_sql rows_again = {TASK_ROWS "AND send_rank < 0 ORDER BY send_rank, due_at_ms, id LIMIT ?"};
static const struct db_sql rows_new = {TASK_ROWS "AND send_rank >= 0 ORDER BY send_rank, due_at_ms, id LIMIT ?"};
static const struct db_sql take_row = {
    "UPDATE outbox SET due_at_ms = ? WHERE id = ? AND due_at_ms = ? AND task_id > 0"};
static const struct db_sql any_published = {"SELECT id FROM task WHERE state = 'PUBLISHED' LIMIT 1"};
static const struct db_sql publish_task = {"UPDATE task SET state = 'PUBLISHED', published_at_ms = ? "
                                           "WHERE id = ? AND serial = ? AND state IN ('WAITING', 'RETRY')"};
/* All three, because an id may be used again after the row that had it is gone. */
static const struct db_sql drop_row = {"DELETE FROM outbox WHERE id = ? AND task_id = ? AND serial = ?"};

static enum kk_code add_row(struct store *store, const struct outbox_row *row, bool *ret_added, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_outbox);

    db_put_cstr(q, row->topic);
    db_put_cstr(q, row->key);
    db_put_cstr(q, row->dedup_key);
    db_put_int(q, row->not_before_ms);
    db_put_int(q, row->rank);
    db_put_int(q, row->task_id);
    db_put_int(q, row->serial);
    db_put_int(q, row->created_at_ms);
    db_put_int(q, row->answered_at_ms);
    db_put_int(q, row->run_id);
    return db_run_new(q, ret_added, err);
}

static enum kk_code add_event(struct store *store, const struct outbox_row *row, struct kk_err *err)
{
    struct db_stmt *q;
    bool is_added = false;
    enum kk_code rc = add_row(store, row, &is_added, err);

    if (rc || !is_added)
        return rc;
    q = db_use(store->db, &add_body);
    db_put_int(q, store->db->ops->last_id(store->db));
    db_put_text(q, row->body);
    return db_run(q, NULL, err);
}

enum kk_code store_add_outbox(struct store *store, const struct outbox_row *row, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    KK_ASSERT(row->task_id == 0); /* tasks' rows come with their tasks */
    return rc ? rc : db_end(store->db, add_event(store, row, err), err);
}

enum kk_code store_promise(struct store *store, const struct task *task, int rank, int64_t due_at_ms, int64_t now_ms,
                           struct kk_err *err)
{
    struct outbox_row row;
    bool is_added;

    memcpy(row.topic, TOPIC_TASK, sizeof(TOPIC_TASK));
    memcpy(row.key, task->seller_id, sizeof(task->seller_id));
    task_dedup_key(task, row.dedup_key, sizeof(row.dedup_key));
    row.not_before_ms = due_at_ms;
    row.created_at_ms = now_ms;
    row.answered_at_ms = 0;
    row.rank = rank;
    row.task_id = task->id;
    row.serial = task->serial;
    row.run_id = task->run_id;
    return add_row(store, &row, &is_added, err);
}

/* ---- the relay's turn ---- */

struct walk {
    struct store *store;
    int64_t now_ms;
    int seller_cap, left; /* rows that may still be given */
    bool (*row)(void *ctx, const struct outbox_row *row);
    void *ctx;
    bool is_stopped; /* the row function wants no more */
};
struct lane { /* a seller with rows in the outbox */
    char seller_id[OUTBOX_KEY_BYTES];
    bool has_again; /* some of its promises are made once more */
    int64_t room;   /* further tasks that it may have in the queue */
};

static enum kk_code find_lane(struct walk *walk, const char *after, struct lane *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(walk->store->db, &next_seller);
    enum seller_state state = SELLER_NONE; /* what a seller is that is not there */
    struct kk_sv name;
    enum kk_code rc;

    ret->seller_id[0] = '\0';
    db_put_cstr(q, after);
    if (!db_row(q, &rc, err))
        return rc;
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    ret->has_again = db_get_int(q) < 0;
    name = db_get_sv(q);
    if (name.len && !seller_state_parse(name, &state))
        db_bad(q, "a seller's state");
    ret->room = walk->seller_cap - db_get_int(q);
    ret->room -= db_get_int(q);
    rc = db_row_check(q, "seller", err);
    db_done(q);
    if (!rc && state != SELLER_ACTIVE) {
        ret->has_again = false;
        ret->room = 0;
    }
    return rc;
}

/* The message of the task that a row promises; *ret_bytes of it. */
static enum kk_code write_body(const struct outbox_row *row, char body[TASK_MESSAGE_MAX_BYTES], size_t *ret_bytes,
                               struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf message = KK_BUF(TASK_MESSAGE_MAX_BYTES);
    struct task task = {.id = row->task_id, .serial = row->serial};

    kk_sv_copy(kk_sv_of(row->key), task.seller_id, sizeof(task.seller_id));
    task_message(&task, &message);
    if (message.failed)
        return kk_buf_check(&message, "a task's message", err);
    memcpy(body, message.ptr, message.len);
    *ret_bytes = message.len;
    return KK_OK;
}

/* A copy that lives until the transaction ends. */
static enum kk_code keep_row(struct store *store, struct db_stmt *q, struct outbox_row **ret, struct kk_err *err)
{
    struct outbox_row row = {.topic = TOPIC_TASK};
    struct outbox_row *kept;
    char body[TASK_MESSAGE_MAX_BYTES];
    enum kk_code rc;

    row.id = db_get_int(q);
    db_get_copy(q, row.key, sizeof(row.key));
    db_get_copy(q, row.dedup_key, sizeof(row.dedup_key));
    row.not_before_ms = db_get_int(q);
    row.rank = (int)db_get_int(q);
    row.task_id = db_get_int(q);
    row.serial = db_get_int(q);
    row.created_at_ms = db_get_int(q);
    row.answered_at_ms = db_get_int(q);
    row.run_id = db_get_int(q);
    row.attempts = (int)db_get_int(q);
    if (row.task_id <= 0 || row.serial <= 0)
        db_bad(q, "a task's number");
    rc = db_row_check(q, "outbox", err);
    if (!rc)
        rc = write_body(&row, body, &row.body.len, err);
    if (rc)
        return rc;
    kept = store_keep(store, sizeof(*kept) + row.body.len);
    if (!kept)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a row of the outbox");
    row.body.ptr = memcpy(kept + 1, body, row.body.len);
    *kept = row;
    *ret = kept;
    return KK_OK;
}

static enum kk_code give_rows(struct walk *walk, const struct db_sql *sql, const char *seller_id, int64_t limit,
                              int *ret_given, struct kk_err *err)
{
    struct db_stmt *q = db_use(walk->store->db, sql);
    enum kk_code rc;

    db_put_cstr(q, seller_id);
    db_put_int(q, walk->now_ms);
    db_put_int(q, limit < walk->left ? limit : walk->left);
    while (db_row(q, &rc, err)) {
        struct outbox_row *row = NULL;

        rc = keep_row(walk->store, q, &row, err);
        if (!rc) {
            (*ret_given)++;
            walk->left--;
            walk->is_stopped = !walk->row(walk->ctx, row);
        }
        if (rc || walk->is_stopped) {
            db_done(q);
            break;
        }
    }
    return rc;
}

/* Promises made once more are of tasks that count as published already, so no share holds them back: were their
 * messages lost, the share would never get free. */
static enum kk_code give_lane(struct walk *walk, const struct lane *lane, int *ret_given, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    if (lane->has_again)
        rc = give_rows(walk, &rows_again, lane->seller_id, walk->left, ret_given, err);
    if (!rc && lane->room > 0 && walk->left > 0 && !walk->is_stopped)
        rc = give_rows(walk, &rows_new, lane->seller_id, lane->room, ret_given, err);
    return rc;
}

/* From after `from` on, once round. *ret_at is the last seller looked at;
 * *ret_cut: there are more. */
static enum kk_code walk_sellers(struct walk *walk, const char *from, char ret_at[OUTBOX_KEY_BYTES], bool *ret_cut,
                                 char cursor[SELLER_ID_BYTES], struct kk_err *err)
{
    bool is_round = from[0] == '\0'; /* then it begins at the first seller, and
                                        there is nothing behind it */
    int fruitless = 0;

    snprintf(ret_at, OUTBOX_KEY_BYTES, "%s", from);
    while (walk->left > 0 && !walk->is_stopped && fruitless < LOOKS_MAX) {
        struct lane lane;
        int given = 0;
        enum kk_code rc = find_lane(walk, ret_at, &lane, err);

        if (rc)
            return rc;
        if (!lane.seller_id[0] && is_round)
            return KK_OK;
        if (!lane.seller_id[0]) {
            is_round = true;
            ret_at[0] = '\0';
            continue;
        }
        if (is_round && from[0] && strcmp(lane.seller_id, from) > 0)
            return KK_OK;
        rc = give_lane(walk, &lane, &given, err);
        if (rc)
            return rc;
        if (given)
            kk_sv_copy(kk_sv_of(lane.seller_id), cursor, SELLER_ID_BYTES);
        else
            fruitless++;
        memcpy(ret_at, lane.seller_id, OUTBOX_KEY_BYTES);
    }
    *ret_cut = fruitless == LOOKS_MAX;
    return KK_OK;
}

static enum kk_code due_inside(struct walk *walk, char cursor[SELLER_ID_BYTES], struct kk_err *err)
{
    struct store *store = walk->store;
    char from[OUTBOX_KEY_BYTES], at[OUTBOX_KEY_BYTES];
    bool is_cut = false;
    enum kk_code rc;

    snprintf(from, sizeof(from), "%s", store->looked_at[0] ? store->looked_at : cursor);
    rc = walk_sellers(walk, from, at, &is_cut, cursor, err);
    memcpy(store->looked_at, is_cut ? at : "", is_cut ? sizeof(at) : 1);
    return rc;
}

enum kk_code store_due_task_rows(struct store *store, int64_t now_ms, int seller_cap, int limit,
                                 char cursor[SELLER_ID_BYTES], bool (*row)(void *ctx, const struct outbox_row *row),
                                 void *ctx, struct kk_err *err)
{
    struct walk walk = {
        .store = store, .now_ms = now_ms, .seller_cap = seller_cap, .left = limit, .row = row, .ctx = ctx};
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, due_inside(&walk, cursor, err), err);
}

static enum kk_code published_inside(struct store *store, int64_t outbox_id, int64_t task_id, int64_t serial,
                                     int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &publish_task);
    enum kk_code rc;

    db_put_int(q, now_ms);
    db_put_int(q, task_id);
    db_put_int(q, serial);
    rc = db_run(q, NULL, err);
    if (rc)
        return rc;
    q = db_use(store->db, &drop_row);
    db_put_int(q, outbox_id);
    db_put_int(q, task_id);
    db_put_int(q, serial);
    return db_run(q, NULL, err);
}

enum kk_code store_task_published(struct store *store, int64_t outbox_id, int64_t task_id, int64_t serial,
                                  int64_t now_ms, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, published_inside(store, outbox_id, task_id, serial, now_ms, err), err);
}

enum kk_code store_task_row_taken(struct store *store, int64_t outbox_id, int64_t due_at_ms, int64_t until_ms,
                                  bool *ret_done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &take_row);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, until_ms);
    db_put_int(q, outbox_id);
    db_put_int(q, due_at_ms);
    rc = db_run(q, &changes, err);
    *ret_done = !rc && changes > 0;
    return rc;
}

enum kk_code store_has_published(struct store *store, bool *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &any_published);
    enum kk_code rc = KK_OK;

    *ret = db_row(q, &rc, err);
    if (*ret)
        db_done(q);
    return rc;
}
