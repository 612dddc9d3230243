/* Sellers at rest (X4). */
#include "ports/rests.h"

#include "adapters/store/store_sql.h"

#define COLUMNS "seller_id, is_resting, since_ms, until_ms, revision"
static const struct db_sql get_rest = {"SELECT " COLUMNS " FROM seller_rest WHERE seller_id = ?"};
/* Whom a person resumed or changed since rests no more, whatever the row says. */
static const struct db_sql each_rest = {
    "SELECT r.seller_id, r.is_resting, r.since_ms, r.until_ms, r.revision FROM seller_rest r JOIN seller s "
    "ON s.seller_id = r.seller_id WHERE r.is_resting = 1 AND s.state = 'PAUSED' AND s.revision = r.revision "
    "ORDER BY r.seller_id"};
static const struct db_sql put_rest = {
    "INSERT INTO seller_rest (" COLUMNS ") VALUES (?, ?, ?, ?, ?) {upsert(seller_id)} is_resting = {new(is_resting)}, "
    "since_ms = {new(since_ms)}, until_ms = {new(until_ms)}, revision = {new(revision)}"};
static const struct db_sql has_success = {
    "SELECT COUNT(*) FROM (SELECT id FROM task WHERE seller_id = ? AND state = 'SUCCESS' AND ended_at_ms >= ? "
    "LIMIT 1) AS ended"};

static void read_rest(struct db_stmt *q, struct rest *ret)
{
    *ret = (struct rest){0};
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    ret->is_resting = db_get_bool(q);
    ret->since_ms = db_get_int(q);
    ret->until_ms = db_get_int(q);
    ret->revision = db_get_int(q);
}

enum kk_code store_get_rest(struct store *store, struct kk_sv seller_id, struct rest *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_rest);
    enum kk_code rc;

    *ret = (struct rest){0};
    kk_sv_copy(seller_id, ret->seller_id, sizeof(ret->seller_id));
    db_put_text(q, seller_id);
    if (!db_row(q, &rc, err))
        return rc;
    read_rest(q, ret);
    db_done(q);
    return KK_OK;
}

enum kk_code store_put_rest(struct store *store, const struct rest *rest, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_rest);

    db_put_cstr(q, rest->seller_id);
    db_put_int(q, rest->is_resting);
    db_put_int(q, rest->since_ms);
    db_put_int(q, rest->until_ms);
    db_put_int(q, rest->revision);
    return db_run(q, NULL, err);
}

enum kk_code store_each_rest(struct store *store, bool (*row)(void *ctx, const struct rest *rest), void *ctx,
                             struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_rest);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct rest rest;

        read_rest(q, &rest);
        if (!row(ctx, &rest)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_has_success(struct store *store, struct kk_sv seller_id, int64_t after_ms, bool *ret,
                               struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &has_success);
    int64_t count = 0;
    enum kk_code rc;

    db_put_text(q, seller_id);
    db_put_int(q, after_ms);
    rc = db_number(q, &count, err);
    if (!rc)
        *ret = count > 0;
    return rc;
}
