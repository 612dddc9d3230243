/* What a Redis that restarted empty, failed over or lost its last second does not know, the store does: each grant was
 * written there before its request left. A server is believed only after it was compared with that record, agent by
 * agent. Its memory is a prefix of what happened, so the last use tells whether anything is missing. */
#include <stdlib.h>

#include "adapters/limiter/limiter_script.h"
#include "adapters/store/store_sql.h"
#include "base/log.h"

#define MARKER "limiter.redis" /* the server that was compared last: another may have granted in between */
#define RECORDS_AT_ONCE 1000
#define RECORDS_MAX 200000

struct use {
    int64_t agent_id, grant_id, used_at_ms;
};
struct uses { /* owned: free(use) */
    struct use *use;
    size_t count, cap;
};

/* The embedded limiter's grants count as well: it may have been the one before. */
static const struct db_sql all_uses = {
    "SELECT agent_id, grant_id, used_at_ms FROM limiter_use UNION ALL "
    "SELECT agent_id, grant_id, last_used_at_ms FROM limiter_agent WHERE last_used_at_ms > 0"};
static const struct db_sql put_use = {"INSERT INTO limiter_use (agent_id, grant_id, used_at_ms) VALUES (?, ?, ?) "
                                      "{upsert(agent_id)} grant_id = {new(grant_id)}, used_at_ms = {new(used_at_ms)}"};

enum kk_code limiter_record(struct limiter_redis *self, const struct limiter_grant *grant, int64_t now_ms,
                            struct kk_err *err)
{
    struct db_stmt *q = db_use(store_db(self->store), &put_use);

    db_put_int(q, grant->agent_id);
    db_put_int(q, grant->id);
    db_put_int(q, now_ms);
    return db_run(q, NULL, err);
}

static enum kk_code read_uses(struct limiter_redis *self, struct uses *uses, struct kk_err *err)
{
    struct db_stmt *q = db_use(store_db(self->store), &all_uses);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        if (uses->count == uses->cap) {
            size_t cap = uses->cap ? 2 * uses->cap : 256;
            struct use *grown = cap > 2 * (size_t)RECORDS_MAX ? NULL : realloc(uses->use, cap * sizeof(*grown));

            if (!grown) {
                db_done(q);
                return kk_fail(err, KK_NO_MEMORY, "no memory for the record of grants");
            }
            uses->use = grown;
            uses->cap = cap;
        }
        uses->use[uses->count].agent_id = db_get_int(q);
        uses->use[uses->count].grant_id = db_get_int(q);
        uses->use[uses->count++].used_at_ms = db_get_int(q);
    }
    return rc;
}

static enum kk_code tell_uses(struct limiter_redis *self, const struct uses *uses, int64_t *ret_lost,
                              struct kk_err *err)
{
    struct script_reply reply;
    enum kk_code rc = KK_OK;

    *ret_lost = 0;
    for (size_t from = 0; !rc && from < uses->count; from += RECORDS_AT_ONCE) {
        script_begin(self, "restore");
        for (size_t i = from; i < uses->count && i < from + RECORDS_AT_ONCE; i++) {
            script_add_int(self, uses->use[i].agent_id);
            script_add_int(self, uses->use[i].grant_id);
            script_add_int(self, uses->use[i].used_at_ms);
        }
        rc = script_ask(self, &reply, err);
        if (!rc)
            rc = script_check(&reply, 1, err);
        if (!rc)
            *ret_lost += script_int(&reply, 0);
    }
    return rc;
}

/* Whoever holds a grant that was lost may not have committed its record yet. Once the grant's life is over, it has, or
 * the request will never leave. */
static enum kk_code wait_out(struct limiter_redis *self, struct kk_err *err)
{
    struct script_reply reply;
    enum kk_code rc;

    script_begin(self, "begin");
    rc = script_ask(self, &reply, err);
    if (!rc)
        rc = script_check(&reply, 1, err);
    if (!rc && script_int(&reply, 0) > 0)
        return kk_fail(err, KK_UNAVAILABLE,
                       "Redis was restarted, emptied or replaced: nothing is sent for %lld ms, until its memory can be "
                       "compared with the store's",
                       (long long)script_int(&reply, 0));
    return rc;
}

static enum kk_code compare(struct limiter_redis *self, bool is_first, struct kk_err *err)
{
    struct uses uses = {0};
    struct script_reply reply;
    int64_t lost = 0;
    enum kk_code rc = read_uses(self, &uses, err);

    if (!rc && (uses.count || !is_first))
        rc = wait_out(self, err);
    if (!rc)
        rc = tell_uses(self, &uses, &lost, err);
    free(uses.use);
    if (rc)
        return rc;
    script_begin(self, "armed");
    rc = script_ask(self, &reply, err);
    if (!rc)
        rc = store_put_setting(self->store, MARKER, kk_sv_of(redis_server(self->redis)->run_id), err);
    if (!rc && !is_first)
        kk_log(KK_EV_LIMITER_RESTORED, KK_NUM("agents", lost));
    return rc;
}

static enum kk_code restore_inside(struct limiter_redis *self, bool is_forced, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf marker = KK_BUF(REDIS_RUN_ID_BYTES);
    enum kk_code rc = store_get_setting(self->store, MARKER, &marker, err);
    bool is_first = rc == KK_NOT_FOUND;

    if (rc && !is_first)
        return rc;
    if (!is_forced && !is_first && kk_sv_eq(kk_buf_sv(&marker), kk_sv_of(redis_server(self->redis)->run_id)))
        return KK_OK;
    return compare(self, is_first, err);
}

enum kk_code limiter_restore(struct limiter_redis *self, bool is_forced, struct kk_err *err)
{
    struct db *db = store_db(self->store);
    enum kk_code rc = db_begin(db, err);

    if (!rc)
        rc = db_end(db, restore_inside(self, is_forced, err), err);
    if (!rc)
        kk_sv_copy(kk_sv_of(redis_server(self->redis)->run_id), self->checked_run, sizeof(self->checked_run));
    return rc;
}
