/* Old rows go (B15 of what others suffered from: tables that only grow). Products, versions and tasks stay. */
#include "adapters/store/store_sql.h"

#define SOME_MAX 256 /* ids in hand at once */

/* Ids with their times, oldest first, without a sort: reading stops at the first that is too young, so that a purge
 * with nothing to do costs nothing. */
struct kind {
    struct db_sql oldest, drop;
};
static const struct kind events = {
    .oldest = {"SELECT id, published_at_ms FROM outbox WHERE published_at_ms IS NOT NULL "
               "ORDER BY published_at_ms LIMIT ?"},
    .drop = {"DELETE FROM outbox WHERE id = ? AND due_at_ms IS NULL"}};
static const struct kind messages = {
    .oldest = {"SELECT id, visible_at_ms FROM message WHERE is_dead = 1 ORDER BY visible_at_ms LIMIT ?"},
    .drop = {"DELETE FROM message WHERE id = ? AND is_dead = 1"}};
static const struct kind attempts = {.oldest = {"SELECT id, at_ms FROM attempt ORDER BY id LIMIT ?"},
                                     .drop = {"DELETE FROM attempt WHERE id = ?"}};
static const struct kind moves = {.oldest = {"SELECT id, at_ms FROM agent_move ORDER BY id LIMIT ?"},
                                  .drop = {"DELETE FROM agent_move WHERE id = ?"}};
/* The last run of a seller stays: it is what a person asks for. */
static const struct kind runs = {
    .oldest = {"SELECT r.id, r.ended_at_ms FROM run r {cross} seller s WHERE r.ended_at_ms > 0 "
               "AND s.seller_id = r.seller_id AND s.last_run_id <> r.id ORDER BY r.ended_at_ms LIMIT ?"},
    .drop = {"DELETE FROM run WHERE id = ? AND open_key IS NULL"}};

static enum kk_code find_old(struct store *store, const struct kind *kind, int64_t before_ms, int limit,
                             int64_t id[SOME_MAX], int *ret_count, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &kind->oldest);
    enum kk_code rc;

    db_put_int(q, limit);
    *ret_count = 0;
    while (db_row(q, &rc, err)) {
        id[*ret_count] = db_get_int(q);
        if (db_get_int(q) >= before_ms) {
            db_done(q);
            break;
        }
        ++*ret_count;
    }
    return rc;
}

static enum kk_code purge_kind(struct store *store, const struct kind *kind, int64_t before_ms, int *left,
                               struct kk_err *err)
{
    int64_t id[SOME_MAX];
    int count = SOME_MAX;
    enum kk_code rc = KK_OK;

    while (!rc && *left > 0 && count > 0) {
        int limit = *left < SOME_MAX ? *left : SOME_MAX;

        rc = find_old(store, kind, before_ms, limit, id, &count, err);
        for (int i = 0; !rc && i < count; i++) {
            struct db_stmt *q = db_use(store->db, &kind->drop);

            db_put_int(q, id[i]);
            rc = db_run(q, NULL, err);
        }
        *left -= count;
    }
    return rc;
}

static enum kk_code purge_inside(struct store *store, const struct retention *retention, int *left, struct kk_err *err)
{
    enum kk_code rc = purge_kind(store, &events, retention->events_before_ms, left, err);

    if (!rc)
        rc = purge_kind(store, &messages, retention->events_before_ms, left, err);
    if (!rc)
        rc = purge_kind(store, &attempts, retention->attempts_before_ms, left, err);
    if (!rc)
        rc = purge_kind(store, &moves, retention->attempts_before_ms, left, err);
    return rc ? rc : purge_kind(store, &runs, retention->runs_before_ms, left, err);
}

enum kk_code store_purge(struct store *store, const struct retention *retention, int limit, int64_t *ret_count,
                         struct kk_err *err)
{
    int left = limit;
    enum kk_code rc = db_begin(store->db, err);

    if (!rc)
        rc = db_end(store->db, purge_inside(store, retention, &left, err), err);
    if (rc)
        return kk_while(err, rc, "remove old rows");
    *ret_count = limit - left;
    return KK_OK;
}
