#include "adapters/limiter/limiter_rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define CLOCK_SLACK_MS 50 /* a wall clock that is slewed is not one that was set */

static const struct db_sql get_pool = {
    "SELECT now_ms, wall_ms, mono_ms, {clock_ms}, site_tokens FROM limiter_pool WHERE id = 1 {lock}"};
static const struct db_sql put_pool = {
    "UPDATE limiter_pool SET now_ms = ?, wall_ms = ?, mono_ms = ?, site_tokens = ? WHERE id = 1"};
static const struct db_sql all_agents = {
    "SELECT agent_id, pending_at_ms, busy_until_ms, grant_id, window_ms, last_used_at_ms, next_at_ms, held_until_ms, "
    "is_silent, tokens FROM limiter_agent ORDER BY agent_id"};
static const struct db_sql open_agents = {
    "SELECT agent_id FROM limiter_agent WHERE pending_at_ms > 0 ORDER BY agent_id"};
static const struct db_sql add_agent = {
    "INSERT INTO limiter_agent (grant_id, window_ms, last_used_at_ms, busy_until_ms, next_at_ms, held_until_ms, "
    "pending_at_ms, is_silent, tokens, agent_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql put_agent = {
    "UPDATE limiter_agent SET grant_id = ?, window_ms = ?, last_used_at_ms = ?, busy_until_ms = ?, next_at_ms = ?, "
    "held_until_ms = ?, pending_at_ms = ?, is_silent = ?, tokens = ? WHERE agent_id = ?"};

/* ---- tokens as bytes ---- */

/* All of them, also when the capacity was made smaller since: none may be forgotten. */
static enum kk_code read_tokens(struct kk_sv bytes, int64_t capacity, int64_t shift_ms, struct bucket *ret,
                                struct kk_err *err)
{
    bucket_init(ret, INT64_MAX);
    if (bytes.len % sizeof(int64_t))
        return kk_fail(err, KK_CORRUPT, "the limiter's tokens are cut short");
    for (size_t at = 0; at < bytes.len; at += sizeof(int64_t)) {
        uint64_t time;

        memcpy(&time, bytes.ptr + at, sizeof(time));
        if (!bucket_take(ret, (int64_t)le64toh(time) + shift_ms))
            return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's tokens");
    }
    ret->capacity = capacity;
    return KK_OK;
}

static enum kk_code put_tokens(struct db_stmt *q, const struct bucket *bucket, struct kk_buf *bytes, struct kk_err *err)
{
    char *room;

    kk_buf_clear(bytes);
    room = kk_buf_room(bytes, bucket->out_count * sizeof(int64_t));
    if (!room) {
        kk_buf_check(bytes, "the limiter's tokens", err);
        return bytes->failed;
    }
    for (size_t i = 0; i < bucket->out_count; i++) {
        uint64_t time = htole64((uint64_t)bucket->return_at_ms[i]);

        memcpy(room + i * sizeof(time), &time, sizeof(time));
    }
    bytes->len = bucket->out_count * sizeof(int64_t);
    db_put_blob(q, kk_buf_sv(bytes));
    return KK_OK;
}

/* ---- rows ---- */

static int compare_rows(const void *a, const void *b)
{
    int64_t left = ((const struct limiter_row *)a)->agent_id, right = ((const struct limiter_row *)b)->agent_id;

    return (left > right) - (left < right);
}

struct limiter_row *limiter_rows_find(struct limiter_rows *rows, int64_t agent_id)
{
    struct limiter_row key = {.agent_id = agent_id};

    return rows->count ? bsearch(&key, rows->row, rows->count, sizeof(*rows->row), compare_rows) : NULL;
}

/* An empty row for each agent that the ask names, as one to be chosen or as one that is reported. */
static enum kk_code name_rows(const struct limiter_ask *ask, struct limiter_rows *rows, struct kk_err *err)
{
    size_t named = ask->agent_count + ask->report_count, count = 0;

    rows->row = calloc(named ? named : 1, sizeof(*rows->row));
    if (!rows->row)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's %zu agents", named);
    for (size_t i = 0; i < ask->agent_count; i++)
        rows->row[i] = (struct limiter_row){.agent_id = ask->agent_ids[i], .is_asked = true};
    for (size_t i = 0; i < ask->report_count; i++)
        rows->row[ask->agent_count + i].agent_id = ask->reports[i].agent_id;
    qsort(rows->row, named, sizeof(*rows->row), compare_rows);
    for (size_t i = 0; i < named; i++) {
        if (count && rows->row[count - 1].agent_id == rows->row[i].agent_id)
            rows->row[count - 1].is_asked |= rows->row[i].is_asked;
        else
            rows->row[count++] = rows->row[i];
    }
    rows->count = count;
    return KK_OK;
}

/* The window was made longer since the row was written. What is out returns later by the difference; what had returned
 * is not known any more, so the bucket counts as emptied by requests that were over as late as they can have been. */
static enum kk_code fill_bucket(const struct limiter_rules *rules, struct limiter_row *row, int64_t old_window_ms,
                                int64_t now_ms, struct kk_err *err)
{
    int64_t last_over_ms = row->last_used_at_ms + rules->grant_ttl_ms + rules->request_timeout_ms;
    int64_t over_ms = last_over_ms < now_ms - old_window_ms ? last_over_ms : now_ms - old_window_ms;
    int64_t return_at_ms = over_ms + rules->window_ms + LIMITER_TICK_MS;

    if (row->last_used_at_ms == 0 || return_at_ms <= now_ms)
        return KK_OK;
    while (bucket_left(&row->bucket) > 0)
        if (!bucket_take(&row->bucket, return_at_ms))
            return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's tokens");
    return KK_OK;
}

/* The columns after agent_id, pending_at_ms and busy_until_ms, which the caller has read. */
static enum kk_code read_row(struct db_stmt *q, const struct limiter_rules *rules, int64_t now_ms,
                             struct limiter_row *row, struct kk_err *err)
{
    int64_t window_ms, shift_ms;
    enum kk_code rc;

    row->is_stored = true;
    row->grant_id = db_get_int(q);
    window_ms = db_get_int(q);
    row->last_used_at_ms = db_get_int(q);
    row->next_at_ms = db_get_int(q);
    row->held_until_ms = db_get_int(q);
    row->is_silent = db_get_int(q) != 0;
    shift_ms = rules->window_ms - window_ms; /* the same request, counted by another window */
    if (row->pending_at_ms)
        row->pending_at_ms += shift_ms;
    rc = read_tokens(db_get_sv(q), rules->capacity, shift_ms, &row->bucket, err);
    if (!rc && shift_ms > 0)
        rc = fill_bucket(rules, row, window_ms, now_ms, err);
    bucket_settle(&row->bucket, now_ms);
    return rc;
}

static enum kk_code load_agents(struct db *db, const struct limiter_rules *rules, struct limiter_rows *rows,
                                struct kk_err *err)
{
    struct db_stmt *q = db_use(db, &all_agents);
    size_t at = 0;
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        int64_t agent_id = db_get_int(q), pending_at_ms, busy_until_ms;

        pending_at_ms = db_get_int(q);
        busy_until_ms = db_get_int(q);
        if (pending_at_ms && busy_until_ms > rows->pool.now_ms) {
            rows->busy_count++;
            if (busy_until_ms < rows->busy_until_ms)
                rows->busy_until_ms = busy_until_ms;
        }
        while (at < rows->count && rows->row[at].agent_id < agent_id)
            at++;
        if (at == rows->count || rows->row[at].agent_id != agent_id)
            continue;
        rows->row[at].pending_at_ms = pending_at_ms;
        rows->row[at].busy_until_ms = busy_until_ms;
        rc = read_row(q, rules, rows->pool.now_ms, &rows->row[at], err);
        if (rc) {
            db_done(q);
            break;
        }
    }
    return rc;
}

struct stored_time {
    int64_t now_ms;           /* the limiter's own; 0: nothing was ever stored */
    int64_t wall_ms, mono_ms; /* what the clocks said then */
};

/* By the monotonic clock, which counts from the machine's start: a smaller number than the stored one tells of a
 * restart, since which at least that much has passed. */
static int64_t since(int64_t stored_ms, int64_t mono_ms)
{
    return mono_ms >= stored_ms ? mono_ms - stored_ms : mono_ms;
}

/* How long ago the stored time was, and never more than it really was: a limiter that is ahead breaks R1, one that is
 * behind only waits. What was stored before this process began may have come with the file from another machine; then
 * the wall clock says less, and counts, although it may have been set. */
static int64_t elapsed_since(struct stored_time stored, struct limiter_clocks clocks)
{
    int64_t by_mono_ms = since(stored.mono_ms, clocks.opened_mono_ms);
    int64_t by_wall_ms = clocks.opened_wall_ms - stored.wall_ms;

    if (stored.mono_ms >= clocks.opened_mono_ms && clocks.mono_ms >= stored.mono_ms)
        return clocks.mono_ms - stored.mono_ms;
    if (by_wall_ms > by_mono_ms)
        by_wall_ms = by_mono_ms;
    return (by_wall_ms > 0 ? by_wall_ms : 0) + clocks.mono_ms - clocks.opened_mono_ms;
}

/* The two clocks disagree about it: the time is stored anew, and from then on they are asked about less. */
static bool is_doubtful(struct stored_time stored, struct limiter_clocks clocks)
{
    int64_t apart_ms = clocks.wall_ms - stored.wall_ms - since(stored.mono_ms, clocks.mono_ms);

    return apart_ms > CLOCK_SLACK_MS || apart_ms < -CLOCK_SLACK_MS;
}

/* A store that several machines share has a clock of its own, and it is the only one that they all can read: it counts,
 * as both of ours, and is set back no further than to the stored time. */
static struct limiter_clocks on_one_clock(struct stored_time *stored, int64_t server_ms)
{
    int64_t now_ms = server_ms > stored->now_ms ? server_ms : stored->now_ms;

    stored->wall_ms = stored->mono_ms = stored->now_ms;
    return (struct limiter_clocks){
        .wall_ms = now_ms, .mono_ms = now_ms, .opened_wall_ms = stored->now_ms, .opened_mono_ms = stored->now_ms};
}

/* The limiter's time follows from what is stored and from the machine's clocks, and from nothing that one process
 * remembers: were one behind another, what it takes now would look long over to the other (seed 190). */
static enum kk_code load_pool(struct db *db, struct limiter_clocks clocks, const struct limiter_rules *rules,
                              struct limiter_pool *pool, struct kk_err *err)
{
    struct db_stmt *q = db_use(db, &get_pool);
    struct stored_time stored;
    int64_t server_ms;
    enum kk_code rc;

    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_CORRUPT, "the limiter's table has lost its row");
    stored.now_ms = db_get_int(q);
    stored.wall_ms = db_get_int(q);
    stored.mono_ms = db_get_int(q);
    server_ms = db_get_int(q);
    if (server_ms)
        clocks = on_one_clock(&stored, server_ms);
    pool->is_changed = stored.now_ms && is_doubtful(stored, clocks);
    pool->now_ms = stored.now_ms ? stored.now_ms + elapsed_since(stored, clocks) : clocks.wall_ms;
    pool->wall_ms = clocks.wall_ms;
    pool->mono_ms = clocks.mono_ms;
    rc = read_tokens(db_get_sv(q), rules->site_rate ? rules->site_rate : INT64_MAX, 0, &pool->site, err);
    db_done(q);
    bucket_settle(&pool->site, pool->now_ms);
    return rc;
}

enum kk_code limiter_rows_load(struct db *db, const struct limiter_rules *rules, const struct limiter_ask *ask,
                               struct limiter_clocks clocks, struct limiter_rows *ret, struct kk_err *err)
{
    struct limiter_rows rows = {.busy_until_ms = INT64_MAX};
    enum kk_code rc = load_pool(db, clocks, rules, &rows.pool, err);

    if (!rc)
        rc = name_rows(ask, &rows, err);
    for (size_t i = 0; !rc && i < rows.count; i++)
        bucket_init(&rows.row[i].bucket, rules->capacity);
    if (!rc)
        rc = load_agents(db, rules, &rows, err);
    if (rc) {
        limiter_rows_done(&rows);
        return rc;
    }
    *ret = rows;
    return KK_OK;
}

static enum kk_code save_row(struct db *db, const struct limiter_rules *rules, const struct limiter_row *row,
                             struct kk_buf *bytes, struct kk_err *err)
{
    struct db_stmt *q = db_use(db, row->is_stored ? &put_agent : &add_agent);
    enum kk_code rc;

    db_put_int(q, row->grant_id);
    db_put_int(q, rules->window_ms);
    db_put_int(q, row->last_used_at_ms);
    db_put_int(q, row->busy_until_ms);
    db_put_int(q, row->next_at_ms);
    db_put_int(q, row->held_until_ms);
    db_put_int(q, row->pending_at_ms);
    db_put_int(q, row->is_silent);
    rc = put_tokens(q, &row->bucket, bytes, err);
    if (rc) {
        db_done(q);
        return rc;
    }
    db_put_int(q, row->agent_id);
    return db_run(q, NULL, err);
}

static enum kk_code save_pool(struct db *db, const struct limiter_pool *pool, struct kk_buf *bytes, struct kk_err *err)
{
    struct db_stmt *q = db_use(db, &put_pool);
    enum kk_code rc;

    db_put_int(q, pool->now_ms);
    db_put_int(q, pool->wall_ms);
    db_put_int(q, pool->mono_ms);
    rc = put_tokens(q, &pool->site, bytes, err);
    if (rc) {
        db_done(q);
        return rc;
    }
    return db_run(q, NULL, err);
}

enum kk_code limiter_rows_save(struct db *db, const struct limiter_rules *rules, struct limiter_rows *rows,
                               struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf bytes = KK_BUF((size_t)1 << 30);
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < rows->count; i++) {
        if (!rows->row[i].is_changed)
            continue;
        rows->pool.is_changed = true; /* the time goes with each change, so that it never goes back behind one */
        rc = save_row(db, rules, &rows->row[i], &bytes, err);
    }
    return rc || !rows->pool.is_changed ? rc : save_pool(db, &rows->pool, &bytes, err);
}

void limiter_rows_done(struct limiter_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        bucket_done(&rows->row[i].bucket);
    free(rows->row);
    bucket_done(&rows->pool.site);
    *rows = (struct limiter_rows){0};
}

enum kk_code limiter_rows_open(struct db *db, int64_t **ret_ids, size_t *ret_count, struct kk_err *err)
{
    struct db_stmt *q = db_use(db, &open_agents);
    int64_t *ids = NULL;
    size_t count = 0, cap = 0;
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        if (count == cap) {
            int64_t *more = realloc(ids, (cap = cap ? 2 * cap : 64) * sizeof(*ids));

            if (!more) {
                db_done(q);
                rc = kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's agents");
                break;
            }
            ids = more;
        }
        ids[count++] = db_get_int(q);
    }
    if (rc) {
        free(ids);
        return rc;
    }
    *ret_ids = ids;
    *ret_count = count;
    return KK_OK;
}
