/* What a seller's list says of its items (R11), and the visits that are open. */
#include "adapters/store/store_sql.h"

#include <inttypes.h>

#define COLUMNS                                                                                                \
    "seller_id, item_no, list_hash, seen_run_id, seen_pass, missed_count, first_seen_at_ms, last_seen_at_ms, " \
    "full_look_at_ms, is_removed"

static const struct db_sql get_listing = {"SELECT " COLUMNS " FROM listing WHERE seller_id = ? AND item_no = ?"};
static const struct db_sql add_listing = {"INSERT INTO listing (" COLUMNS ") VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0, 0)"};
static const struct db_sql see_again = {
    "UPDATE listing SET list_hash = ?, seen_run_id = ?, seen_pass = ?, missed_count = 0, last_seen_at_ms = ? "
    "WHERE seller_id = ? AND item_no = ?"};
static const struct db_sql count_seen = {
    "SELECT COUNT(*) FROM listing WHERE seller_id = ? AND seen_run_id = ? AND seen_pass = ?"};
/* Run and pass, so that the guard fits only the list that is meant. */
static const struct db_sql mark_missed = {"UPDATE run SET missed_pass = ? WHERE id = ? AND missed_pass = 0"};
/* What is called removed already is left alone: else each run would write every item that ever was. */
static const struct db_sql count_missed = {
    "UPDATE listing SET missed_count = missed_count + 1 "
    "WHERE seller_id = ? AND is_removed = 0 AND NOT (seen_run_id = ? AND seen_pass = ?)"};
static const struct db_sql missing_items = {"SELECT " COLUMNS " FROM listing WHERE seller_id = ? AND is_removed = 0 "
                                            "AND missed_count >= ? ORDER BY item_no LIMIT ?"};
static const struct db_sql mark_removed = {"UPDATE listing SET is_removed = 1 WHERE seller_id = ? AND item_no = ?"};
static const struct db_sql put_visit = {
    "INSERT INTO visit (seller_id, item_no, run_id, detail_key, detail_json) VALUES (?, ?, ?, ?, ?) "
    "{upsert(item_no, seller_id)} run_id = {new(run_id)}, detail_key = {new(detail_key)}, "
    "detail_json = {new(detail_json)}"};
static const struct db_sql get_visit = {
    "SELECT run_id, detail_key, detail_json FROM visit WHERE seller_id = ? AND item_no = ?"};
static const struct db_sql drop_visit = {"DELETE FROM visit WHERE seller_id = ? AND item_no = ?"};
static const struct db_sql looked = {
    "UPDATE listing SET full_look_at_ms = ?, is_removed = CASE WHEN ? = 1 THEN 0 ELSE is_removed END "
    "WHERE seller_id = ? AND item_no = ?"};

static void read_listing(struct db_stmt *q, struct listing *ret)
{
    *ret = (struct listing){0};
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    ret->item_no = db_get_int(q);
    db_get_hash(q, &ret->list_hash);
    ret->seen_run_id = db_get_int(q);
    ret->seen_pass = db_get_int(q);
    ret->missed_count = db_get_int(q);
    ret->first_seen_at_ms = db_get_int(q);
    ret->last_seen_at_ms = db_get_int(q);
    ret->full_look_at_ms = db_get_int(q);
    ret->is_removed = db_get_bool(q);
}

/* ---- seeing ---- */

/* The row as it is; zero when there is none. */
static enum kk_code find_was(struct store *store, struct kk_sv seller_id, int64_t item_no, struct listing *ret,
                             struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_listing);
    enum kk_code rc;

    *ret = (struct listing){0};
    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    if (!db_row(q, &rc, err))
        return rc;
    read_listing(q, ret);
    rc = db_row_check(q, "listing", err);
    db_done(q);
    return rc;
}

enum kk_code store_get_listing(struct store *store, struct kk_sv seller_id, int64_t item_no, struct listing *ret,
                               struct kk_err *err)
{
    struct listing found;
    enum kk_code rc = find_was(store, seller_id, item_no, &found, err);

    if (rc)
        return rc;
    if (!found.seller_id[0])
        return kk_fail(err, KK_NOT_FOUND, "no list of seller " KK_SV_FMT " showed item %" PRId64, KK_SV_ARG(seller_id),
                       item_no);
    *ret = found;
    return KK_OK;
}

static enum kk_code write_new(struct store *store, struct kk_sv seller_id, int64_t item_no, const struct kk_hash *hash,
                              const struct run *run, int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_listing);

    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    db_put_hash(q, hash);
    db_put_int(q, run->id);
    db_put_int(q, run->list_pass);
    db_put_int(q, now_ms);
    db_put_int(q, now_ms);
    return db_run(q, NULL, err);
}

static enum kk_code write_seen(struct store *store, struct kk_sv seller_id, int64_t item_no, const struct kk_hash *hash,
                               const struct run *run, int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &see_again);

    db_put_hash(q, hash);
    db_put_int(q, run->id);
    db_put_int(q, run->list_pass);
    db_put_int(q, now_ms);
    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    return db_run(q, NULL, err);
}

enum kk_code store_see_item(struct store *store, struct kk_sv seller_id, int64_t item_no, const struct kk_hash *hash,
                            const struct run *run, int64_t now_ms, struct seen_entry *ret_seen, struct kk_err *err)
{
    struct listing was;
    bool is_new;
    enum kk_code rc = db_begin(store->db, err);

    if (rc)
        return rc;
    rc = find_was(store, seller_id, item_no, &was, err);
    is_new = !was.seller_id[0];
    if (!rc)
        rc = is_new ? write_new(store, seller_id, item_no, hash, run, now_ms, err)
                    : write_seen(store, seller_id, item_no, hash, run, now_ms, err);
    rc = db_end(store->db, rc, err);
    if (rc)
        return kk_while(err, rc, "note item %" PRId64 " of seller " KK_SV_FMT, item_no, KK_SV_ARG(seller_id));
    ret_seen->is_first = is_new || was.seen_run_id != run->id || was.seen_pass != run->list_pass;
    ret_seen->sighting = is_new ? SIGHTING_NEW : kk_hash_eq(&was.list_hash, hash) ? SIGHTING_SAME : SIGHTING_CHANGED;
    ret_seen->was = was;
    return KK_OK;
}

enum kk_code store_count_seen(struct store *store, const struct run *run, int64_t *ret_count, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &count_seen);
    int64_t count = 0;
    enum kk_code rc;

    db_put_cstr(q, run->seller_id);
    db_put_int(q, run->id);
    db_put_int(q, run->list_pass);
    rc = db_number(q, &count, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

/* ---- missing ---- */

static enum kk_code missed_inside(struct store *store, const struct run *run, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &mark_missed);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, run->list_pass);
    db_put_int(q, run->id);
    rc = db_run(q, &changes, err);
    if (rc || !changes)
        return rc;
    q = db_use(store->db, &count_missed);
    db_put_cstr(q, run->seller_id);
    db_put_int(q, run->id);
    db_put_int(q, run->list_pass);
    return db_run(q, NULL, err);
}

enum kk_code store_count_missed(struct store *store, const struct run *run, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, missed_inside(store, run, err), err);
}

enum kk_code store_missing_items(struct store *store, struct kk_sv seller_id, int64_t misses, int limit,
                                 bool (*row)(void *ctx, const struct listing *listing), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &missing_items);
    enum kk_code rc;

    db_put_text(q, seller_id);
    db_put_int(q, misses);
    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct listing listing;

        read_listing(q, &listing);
        rc = db_row_check(q, "listing", err);
        if (rc || !row(ctx, &listing)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_mark_removed(struct store *store, struct kk_sv seller_id, int64_t item_no, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &mark_removed);

    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    return db_run(q, NULL, err);
}

/* ---- visits ---- */

enum kk_code store_put_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, int64_t run_id,
                             struct kk_sv detail_json, const struct kk_hash *detail_key, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_visit);

    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    db_put_int(q, run_id);
    db_put_hash(q, detail_key);
    db_put_text(q, detail_json);
    return db_run(q, NULL, err);
}

enum kk_code store_get_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, struct visit *ret,
                             struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_visit);
    enum kk_code rc;

    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no visit of item %" PRId64 " is open", item_no);
    ret->run_id = db_get_int(q);
    db_get_hash(q, &ret->detail_key);
    db_get_buf(q, &ret->detail_json);
    rc = db_row_check(q, "visit", err);
    if (!rc)
        rc = kk_buf_check(&ret->detail_json, "a visit's detail", err);
    db_done(q);
    return rc;
}

static enum kk_code close_inside(struct store *store, struct kk_sv seller_id, int64_t item_no, bool was_complete,
                                 int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &drop_visit);
    enum kk_code rc;

    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    rc = db_run(q, NULL, err);
    if (rc)
        return rc;
    q = db_use(store->db, &looked);
    db_put_int(q, now_ms);
    db_put_int(q, was_complete);
    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    return db_run(q, NULL, err);
}

enum kk_code store_close_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, bool was_complete,
                               int64_t now_ms, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, close_inside(store, seller_id, item_no, was_complete, now_ms, err), err);
}
