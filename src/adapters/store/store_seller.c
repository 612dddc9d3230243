/* Sellers (S1-S4). */
#include "adapters/store/store_sql.h"

#define COLUMNS                                                                                             \
    "seller_id, name, state, period_count, period_unit, mode, full_every_ms, next_run_at_ms, last_run_id, " \
    "last_started_at_ms, last_ended_at_ms, created_at_ms, updated_at_ms, revision"

static const struct db_sql add_seller = {"INSERT INTO seller (" COLUMNS
                                         ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_seller = {"SELECT " COLUMNS " FROM seller WHERE seller_id = ?"};
/* What the machine notes about runs only grows, and a person's edit that was begun before it must not undo it. */
static const struct db_sql put_seller = {
    "UPDATE seller SET name = ?, state = ?, period_count = ?, period_unit = ?, mode = ?, full_every_ms = ?, "
    "next_run_at_ms = ?, last_run_id = CASE WHEN last_run_id > ? THEN last_run_id ELSE ? END, "
    "last_started_at_ms = CASE WHEN last_started_at_ms > ? THEN last_started_at_ms ELSE ? END, "
    "last_ended_at_ms = CASE WHEN last_ended_at_ms > ? THEN last_ended_at_ms ELSE ? END, "
    "updated_at_ms = ?, revision = revision + 1 WHERE seller_id = ? AND revision = ?"};
static const struct db_sql seller_started = {
    "UPDATE seller SET last_run_id = ?, last_started_at_ms = ?, next_run_at_ms = ? WHERE seller_id = ?"};
static const struct db_sql each_seller = {"SELECT " COLUMNS " FROM seller ORDER BY seller_id"};
static const struct db_sql due_sellers = {
    "SELECT " COLUMNS " FROM seller WHERE state = 'ACTIVE' AND next_run_at_ms <= ? ORDER BY next_run_at_ms LIMIT ?"};
static const struct db_sql next_due = {"SELECT MIN(next_run_at_ms) FROM seller WHERE state = 'ACTIVE'"};

static void read_seller(struct db_stmt *q, struct seller *ret)
{
    *ret = (struct seller){0};
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    db_get_copy(q, ret->name, sizeof(ret->name));
    if (!seller_state_parse(db_get_sv(q), &ret->state))
        db_bad(q, "a state");
    ret->period_count = db_get_int(q);
    if (!period_unit_parse(db_get_sv(q), &ret->period_unit))
        db_bad(q, "a period's unit");
    if (!crawl_mode_parse(db_get_sv(q), &ret->mode))
        db_bad(q, "a mode");
    ret->full_every_ms = db_get_int(q);
    ret->next_run_at_ms = db_get_int(q);
    ret->last_run_id = db_get_int(q);
    ret->last_started_at_ms = db_get_int(q);
    ret->last_ended_at_ms = db_get_int(q);
    ret->created_at_ms = db_get_int(q);
    ret->updated_at_ms = db_get_int(q);
    ret->revision = db_get_int(q);
}

static enum kk_code seller_rows(struct db_stmt *q, bool (*row)(void *ctx, const struct seller *seller), void *ctx,
                                struct kk_err *err)
{
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct seller seller;

        read_seller(q, &seller);
        rc = db_row_check(q, "seller", err);
        if (rc || !row(ctx, &seller)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

/* The columns that add and put have in common, in their order. */
static void put_settings(struct db_stmt *q, const struct seller *seller)
{
    db_put_cstr(q, seller->name);
    db_put_cstr(q, seller_state_name(seller->state));
    db_put_int(q, seller->period_count);
    db_put_cstr(q, period_unit_name(seller->period_unit));
    db_put_cstr(q, crawl_mode_name(seller->mode));
    db_put_int(q, seller->full_every_ms);
    db_put_int(q, seller->next_run_at_ms);
}

enum kk_code store_add_seller(struct store *store, const struct seller *seller, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_seller);
    enum kk_code rc;

    db_put_cstr(q, seller->seller_id);
    put_settings(q, seller);
    db_put_int(q, seller->last_run_id);
    db_put_int(q, seller->last_started_at_ms);
    db_put_int(q, seller->last_ended_at_ms);
    db_put_int(q, seller->created_at_ms);
    db_put_int(q, seller->updated_at_ms);
    db_put_int(q, seller->revision);
    rc = db_run(q, NULL, err);
    return rc == KK_CONFLICT ? kk_fail(err, rc, "seller %s is registered already", seller->seller_id) : rc;
}

enum kk_code store_get_seller(struct store *store, struct kk_sv seller_id, struct seller *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_seller);
    struct seller seller;
    enum kk_code rc;

    db_put_text(q, seller_id);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no seller " KK_SV_FMT " is registered", KK_SV_ARG(seller_id));
    read_seller(q, &seller);
    rc = db_row_check(q, "seller", err);
    db_done(q);
    if (!rc)
        *ret = seller;
    return rc;
}

enum kk_code store_put_seller(struct store *store, struct seller *seller, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_seller);
    int64_t changes = 0;
    enum kk_code rc;

    put_settings(q, seller);
    db_put_int(q, seller->last_run_id);
    db_put_int(q, seller->last_run_id);
    db_put_int(q, seller->last_started_at_ms);
    db_put_int(q, seller->last_started_at_ms);
    db_put_int(q, seller->last_ended_at_ms);
    db_put_int(q, seller->last_ended_at_ms);
    db_put_int(q, seller->updated_at_ms);
    db_put_cstr(q, seller->seller_id);
    db_put_int(q, seller->revision);
    rc = db_run(q, &changes, err);
    if (rc)
        return rc;
    if (!changes)
        return kk_fail(err, KK_CONFLICT, "seller %s was changed by somebody else meanwhile", seller->seller_id);
    seller->revision++;
    return KK_OK;
}

enum kk_code store_seller_started(struct store *store, const struct seller *seller, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &seller_started);

    db_put_int(q, seller->last_run_id);
    db_put_int(q, seller->last_started_at_ms);
    db_put_int(q, seller->next_run_at_ms);
    db_put_cstr(q, seller->seller_id);
    return db_run(q, NULL, err);
}

enum kk_code store_each_seller(struct store *store, bool (*row)(void *ctx, const struct seller *seller), void *ctx,
                               struct kk_err *err)
{
    return seller_rows(db_use(store->db, &each_seller), row, ctx, err);
}

enum kk_code store_due_sellers(struct store *store, int64_t now_ms, int limit,
                               bool (*row)(void *ctx, const struct seller *seller), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &due_sellers);

    db_put_int(q, now_ms);
    db_put_int(q, limit);
    return seller_rows(q, row, ctx, err);
}

enum kk_code store_next_due(struct store *store, int64_t *ret_due_at_ms, struct kk_err *err)
{
    int64_t due_at_ms = INT64_MAX;
    enum kk_code rc = db_number(db_use(store->db, &next_due), &due_at_ms, err);

    if (!rc)
        *ret_due_at_ms = due_at_ms;
    return rc;
}
