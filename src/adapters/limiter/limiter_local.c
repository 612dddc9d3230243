/* The limiter in the store: each turn reads the agents' rows, decides by core/bucket, and writes what changed, in one
 * transaction. Nothing is kept in memory, so a rollback, a crash or a second process finds nothing stale. */
#include "adapters/limiter/limiter_local.h"

#include <stdlib.h>

#include "adapters/limiter/limiter_rows.h"
#include "adapters/store/store_sql.h"
#include "base/assert.h"

struct limiter_local {
    struct limiter base;
    struct db *db;
    struct limiter_rules rules;
    const struct kk_clock *clock;
    const struct kk_rng *rng;
    int64_t opened_wall_ms, opened_mono_ms;
};
static const struct limiter_ops local_ops;

static struct limiter_local *self_of(struct limiter *l)
{
    KK_ASSERT(l->ops == &local_ops);
    return (struct limiter_local *)l;
}

/* ---- time ---- */

static struct limiter_clocks clocks_of(const struct limiter_local *self)
{
    return (struct limiter_clocks){.wall_ms = kk_wall_ms(self->clock),
                                   .mono_ms = kk_mono_ms(self->clock),
                                   .opened_wall_ms = self->opened_wall_ms,
                                   .opened_mono_ms = self->opened_mono_ms};
}

static int64_t later(int64_t at_ms, int64_t by_ms) /* at_ms + by_ms, or the end of time */
{
    return by_ms > INT64_MAX - at_ms ? INT64_MAX : at_ms + by_ms;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- one agent ---- */

static int64_t gap_with_chance(const struct limiter_local *self)
{
    return self->rules.gap_ms + (int64_t)kk_rng_below(self->rng, (uint64_t)(self->rules.gap_ms / 4 + 1));
}

/* When a token can be had; also where the capacity was made smaller than what is out. */
static int64_t token_at_ms(const struct bucket *bucket)
{
    int64_t short_by = -bucket_left(bucket);

    return short_by < 0 ? 0 : bucket->return_at_ms[short_by];
}

/* When the agent may send, if nobody reports anything. */
static int64_t ready_at_ms(const struct limiter_local *self, const struct limiter_row *row)
{
    int64_t at_ms = latest(row->held_until_ms, latest(row->next_at_ms, token_at_ms(&row->bucket)));
    int64_t gap_ms = self->rules.gap_ms + self->rules.gap_ms / 4; /* it may have sent at the last moment */

    return row->pending_at_ms ? latest(at_ms, row->busy_until_ms + gap_ms) : at_ms;
}

/* The request behind the open grant is over: its token returns one window after that. */
static void close_request(const struct limiter_local *self, struct limiter_row *row, int64_t now_ms)
{
    int64_t over_ms = earliest(now_ms, row->busy_until_ms); /* it cannot have lasted longer */

    bucket_move(&row->bucket, row->pending_at_ms, over_ms + self->rules.window_ms + LIMITER_TICK_MS);
    row->next_at_ms = latest(row->next_at_ms, over_ms + gap_with_chance(self));
    row->pending_at_ms = 0;
    row->is_changed = true;
}

static void open_request(const struct limiter_local *self, struct limiter_row *row, int64_t now_ms)
{
    row->busy_until_ms = now_ms + self->rules.grant_ttl_ms + self->rules.request_timeout_ms;
    row->pending_at_ms = row->busy_until_ms + self->rules.window_ms + LIMITER_TICK_MS;
    row->last_used_at_ms = now_ms;
    row->is_changed = true;
}

/* Nothing left under this grant: neither the agent's token nor the site's was used. */
static void put_back(struct limiter_rows *rows, struct limiter_row *row)
{
    bucket_put_back(&row->bucket, row->pending_at_ms);
    row->pending_at_ms = 0;
    rows->pool.is_changed |=
        bucket_put_back(&rows->pool.site, row->last_used_at_ms + LIMITER_SITE_WINDOW_MS + LIMITER_TICK_MS);
}

static void apply_report(const struct limiter_local *self, struct limiter_rows *rows,
                         const struct limiter_report *report)
{
    struct limiter_row *row = limiter_rows_find(rows, report->agent_id);
    int64_t now_ms = rows->pool.now_ms;

    if (!row || !row->pending_at_ms || row->grant_id != report->grant_id)
        return; /* told before, or so late that the agent has another grant */
    if (row->busy_until_ms > now_ms)
        rows->busy_count--;
    row->is_silent = false;
    if (report->was_sent)
        close_request(self, row, now_ms);
    else
        put_back(rows, row);
    if (report->hold_ms > 0)
        row->held_until_ms = latest(row->held_until_ms, later(now_ms, report->hold_ms));
    row->is_changed = true;
}

/* ---- a turn ---- */

static int compare_use(const void *a, const void *b)
{
    const struct limiter_row *left = *(struct limiter_row *const *)a, *right = *(struct limiter_row *const *)b;

    if (left->last_used_at_ms != right->last_used_at_ms)
        return left->last_used_at_ms < right->last_used_at_ms ? -1 : 1;
    return (left->agent_id > right->agent_id) - (left->agent_id < right->agent_id);
}

/* How many grants the site as a whole allows now. */
static int64_t site_room(const struct limiter_local *self, const struct limiter_rows *rows)
{
    int64_t room = INT64_MAX;

    if (self->rules.site_inflight)
        room = self->rules.site_inflight - rows->busy_count;
    if (self->rules.site_rate)
        room = earliest(room, bucket_left(&rows->pool.site));
    return room;
}

static bool grant(const struct limiter_local *self, struct limiter_rows *rows, struct limiter_row *row,
                  struct limiter_grant *ret)
{
    int64_t now_ms = rows->pool.now_ms;

    if (self->rules.site_rate && !bucket_take(&rows->pool.site, now_ms + LIMITER_SITE_WINDOW_MS + LIMITER_TICK_MS))
        return false;
    row->is_silent |= row->pending_at_ms != 0;
    open_request(self, row, now_ms);
    if (!bucket_take(&row->bucket, row->pending_at_ms))
        return false;
    row->grant_id++;
    rows->busy_count++;
    rows->busy_until_ms = earliest(rows->busy_until_ms, row->busy_until_ms);
    *ret = (struct limiter_grant){.id = row->grant_id,
                                  .agent_id = row->agent_id,
                                  .tokens_left = bucket_left(&row->bucket),
                                  .is_after_silence = row->is_silent};
    return true;
}

/* The least recently used first, so that the load is spread evenly (A1). */
static enum kk_code give_grants(const struct limiter_local *self, struct limiter_rows *rows, size_t want,
                                struct limiter_grant *ret_grants, size_t *ret_count, struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) struct limiter_row **ready = malloc((rows->count + 1) * sizeof(struct limiter_row *));
    int64_t room = site_room(self, rows);
    size_t ready_count = 0, count = 0;

    if (!ready)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's choice");
    for (size_t i = 0; i < rows->count; i++)
        if (rows->row[i].is_asked && ready_at_ms(self, &rows->row[i]) <= rows->pool.now_ms)
            ready[ready_count++] = &rows->row[i];
    qsort(ready, ready_count, sizeof(struct limiter_row *), compare_use);
    for (; count < want && count < ready_count && (int64_t)count < room; count++)
        if (!grant(self, rows, ready[count], &ret_grants[count]))
            return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's tokens");
    *ret_count = count;
    return KK_OK;
}

/* Until another agent may send, when nobody reports: the first agent, and the site's caps. */
static int64_t wait_ms(const struct limiter_local *self, const struct limiter_rows *rows)
{
    int64_t now_ms = rows->pool.now_ms, at_ms = INT64_MAX;

    for (size_t i = 0; i < rows->count; i++)
        if (rows->row[i].is_asked)
            at_ms = earliest(at_ms, ready_at_ms(self, &rows->row[i]));
    if (self->rules.site_inflight && rows->busy_count >= self->rules.site_inflight)
        at_ms = latest(at_ms, rows->busy_until_ms);
    if (self->rules.site_rate)
        at_ms = latest(at_ms, token_at_ms(&rows->pool.site));
    if (at_ms == INT64_MAX)
        return INT64_MAX;
    return latest(at_ms - now_ms, 1);
}

static enum kk_code turn_inside(struct limiter_local *self, const struct limiter_ask *ask,
                                struct limiter_grant *ret_grants, size_t *ret_count, int64_t *ret_wait_ms,
                                struct kk_err *err)
{
    KK_CLEANUP(limiter_rows_done) struct limiter_rows rows = {0};
    enum kk_code rc = limiter_rows_load(self->db, &self->rules, ask, clocks_of(self), &rows, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < ask->report_count; i++)
        apply_report(self, &rows, &ask->reports[i]);
    rc = give_grants(self, &rows, ask->want, ret_grants, ret_count, err);
    if (rc)
        return rc;
    *ret_wait_ms = *ret_count == ask->want ? 0 : wait_ms(self, &rows);
    return limiter_rows_save(self->db, &self->rules, &rows, err);
}

static enum kk_code local_turn(struct limiter *l, const struct limiter_ask *ask, struct limiter_grant *ret_grants,
                               size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err)
{
    struct limiter_local *self = self_of(l);
    size_t count = 0;
    int64_t wait = 0;
    enum kk_code rc = db_begin(self->db, err);

    if (!rc)
        rc = db_end(self->db, turn_inside(self, ask, ret_grants, &count, &wait, err), err);
    if (rc)
        return kk_while(err, rc, "ask the limiter");
    *ret_count = count;
    *ret_wait_ms = wait;
    return KK_OK;
}

/* ---- the other calls ---- */

/* A hop is charged to the site's rate and never refused for it: refused, each redirected request would fail for as long
 * as the crawl runs at its full rate. The next grants wait instead. */
static bool charge_site(const struct limiter_local *self, struct limiter_pool *pool)
{
    bool is_taken;

    if (!self->rules.site_rate)
        return true;
    pool->site.capacity = INT64_MAX;
    is_taken = bucket_take(&pool->site, pool->now_ms + LIMITER_SITE_WINDOW_MS + LIMITER_TICK_MS);
    pool->site.capacity = self->rules.site_rate;
    return is_taken;
}

static enum kk_code again_inside(struct limiter_local *self, const struct limiter_grant *grant, struct kk_err *err)
{
    KK_CLEANUP(limiter_rows_done) struct limiter_rows rows = {0};
    struct limiter_ask ask = {.agent_ids = &grant->agent_id, .agent_count = 1};
    struct limiter_row *row;
    int64_t now_ms;
    enum kk_code rc = limiter_rows_load(self->db, &self->rules, &ask, clocks_of(self), &rows, err);

    if (rc)
        return rc;
    now_ms = rows.pool.now_ms;
    row = &rows.row[0];
    if (!row->pending_at_ms || row->grant_id != grant->id || row->busy_until_ms <= now_ms)
        return kk_fail(err, KK_LIMITED, "the grant is over");
    if (bucket_left(&row->bucket) <= 0)
        return kk_fail(err, KK_LIMITED, "the agent's bucket is empty");
    close_request(self, row, now_ms);
    open_request(self, row, now_ms);
    if (!bucket_take(&row->bucket, row->pending_at_ms) || !charge_site(self, &rows.pool))
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's tokens");
    return limiter_rows_save(self->db, &self->rules, &rows, err);
}

static enum kk_code local_again(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err)
{
    struct limiter_local *self = self_of(l);
    enum kk_code rc = db_begin(self->db, err), refusal = KK_OK;

    if (rc)
        return rc;
    rc = again_inside(self, grant, err);
    if (rc == KK_LIMITED) { /* an answer, no failure: nothing was written, and the transaction goes on */
        refusal = rc;
        rc = KK_OK;
    }
    rc = db_end(self->db, rc, err);
    return rc ? kk_while(err, rc, "ask the limiter for a hop") : refusal;
}

static enum kk_code local_look(struct limiter *l, const int64_t *agent_ids, size_t count, struct limiter_agent *ret,
                               struct kk_err *err)
{
    KK_CLEANUP(limiter_rows_done) struct limiter_rows rows = {0};
    struct limiter_local *self = self_of(l);
    struct limiter_ask ask = {.agent_ids = agent_ids, .agent_count = count};
    int64_t now_ms, to_wall_ms;
    enum kk_code rc = limiter_rows_load(self->db, &self->rules, &ask, clocks_of(self), &rows, err);

    if (rc)
        return kk_while(err, rc, "look at the limiter");
    now_ms = rows.pool.now_ms;
    to_wall_ms = rows.pool.wall_ms - now_ms;
    for (size_t i = 0; i < count; i++) {
        const struct limiter_row *row = limiter_rows_find(&rows, agent_ids[i]);
        int64_t token_ms = token_at_ms(&row->bucket);
        bool is_held = row->held_until_ms > now_ms;

        ret[i] =
            (struct limiter_agent){.agent_id = agent_ids[i],
                                   .tokens_left = latest(bucket_left(&row->bucket), 0),
                                   .free_at_ms = token_ms ? token_ms + to_wall_ms : 0,
                                   .held_until_ms = !is_held                          ? 0
                                                    : row->held_until_ms == INT64_MAX ? INT64_MAX
                                                                                      : row->held_until_ms + to_wall_ms,
                                   .is_busy = row->pending_at_ms && row->busy_until_ms > now_ms};
    }
    return KK_OK;
}

/* Reads the rows of some agents, changes each, and writes them. */
static enum kk_code change_rows(struct limiter_local *self, const int64_t *agent_ids, size_t count,
                                void (*change)(const struct limiter_local *self, struct limiter_row *row,
                                               int64_t now_ms),
                                struct kk_err *err)
{
    KK_CLEANUP(limiter_rows_done) struct limiter_rows rows = {0};
    struct limiter_ask ask = {.agent_ids = agent_ids, .agent_count = count};
    enum kk_code rc = limiter_rows_load(self->db, &self->rules, &ask, clocks_of(self), &rows, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < rows.count; i++)
        if (rows.row[i].is_stored)
            change(self, &rows.row[i], rows.pool.now_ms);
    return limiter_rows_save(self->db, &self->rules, &rows, err);
}

static void end_hold(const struct limiter_local *self, struct limiter_row *row, int64_t now_ms)
{
    (void)self;
    (void)now_ms;
    row->held_until_ms = 0;
    row->is_changed = true;
}

static enum kk_code local_unhold(struct limiter *l, int64_t agent_id, struct kk_err *err)
{
    struct limiter_local *self = self_of(l);
    enum kk_code rc = db_begin(self->db, err);

    if (!rc)
        rc = db_end(self->db, change_rows(self, &agent_id, 1, end_hold, err), err);
    return rc ? kk_while(err, rc, "end a hold") : KK_OK;
}

static void close_silent(const struct limiter_local *self, struct limiter_row *row, int64_t now_ms)
{
    close_request(self, row, now_ms);
    row->is_silent = true;
}

static enum kk_code recover_inside(struct limiter_local *self, struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) int64_t *ids = NULL;
    size_t count = 0;
    enum kk_code rc = limiter_rows_open(self->db, &ids, &count, err);

    return rc ? rc : change_rows(self, ids, count, close_silent, err);
}

static enum kk_code local_recover(struct limiter *l, struct kk_err *err)
{
    struct limiter_local *self = self_of(l);
    enum kk_code rc = db_begin(self->db, err);

    if (!rc)
        rc = db_end(self->db, recover_inside(self, err), err);
    return rc ? kk_while(err, rc, "close the grants of a dead process") : KK_OK;
}

static void local_close(struct limiter *l)
{
    free(self_of(l));
}

static const struct limiter_ops local_ops = {
    .name = "store",
    .joins_store = true,
    .turn = local_turn,
    .again = local_again,
    .look = local_look,
    .unhold = local_unhold,
    .recover = local_recover,
    .close = local_close,
};

enum kk_code limiter_local_open(struct store *store, const struct limiter_rules *rules, const struct kk_clock *clock,
                                const struct kk_rng *rng, struct limiter **ret_limiter, struct kk_err *err)
{
    struct db *db = store_db(store);
    struct limiter_local *self;

    KK_ASSERT(rules->capacity > 0 && rules->window_ms > 0 && rules->gap_ms >= 0 && rules->grant_ttl_ms > 0 &&
              rules->request_timeout_ms > 0 && rules->site_inflight >= 0 && rules->site_rate >= 0);
    self = calloc(1, sizeof(*self));
    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter");
    *self = (struct limiter_local){.base = {.ops = &local_ops}, .db = db, .rules = *rules, .clock = clock, .rng = rng};
    self->opened_wall_ms = kk_wall_ms(clock);
    self->opened_mono_ms = kk_mono_ms(clock);
    *ret_limiter = &self->base;
    return KK_OK;
}
