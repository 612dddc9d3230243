/* Products and their versions (D3, D5, R6). */
#include "adapters/store/store_sql.h"

#include <inttypes.h>

#define QUERY_MAX_BYTES 2048

#define COLUMNS                                                                                       \
    "p.item_no, p.seller_id, p.status, p.version, p.hash, p.first_seen_at_ms, p.last_changed_at_ms, " \
    "p.last_checked_at_ms, p.detail_key, p.options_key, s.snapshot_json"
#define FROM " FROM product p JOIN product_snapshot s ON s.id = p.snapshot_id "

static const struct db_sql get_product = {"SELECT " COLUMNS FROM "WHERE p.item_no = ?"};
static const struct db_sql find_snapshot = {"SELECT snapshot_id FROM product WHERE item_no = ? AND version = ? {lock}"};
static const struct db_sql add_snapshot = {"INSERT INTO product_snapshot (snapshot_json) VALUES (?)"};
static const struct db_sql put_snapshot = {"UPDATE product_snapshot SET snapshot_json = ? WHERE id = ?"};
static const struct db_sql is_known = {"SELECT version FROM product WHERE item_no = ? {lock}"};
static const struct db_sql add_product = {
    "INSERT INTO product (seller_id, status, version, hash, last_changed_at_ms, last_checked_at_ms, detail_key, "
    "options_key, first_seen_at_ms, snapshot_id, item_no) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql put_product = {
    "UPDATE product SET seller_id = ?, status = ?, version = ?, hash = ?, last_changed_at_ms = ?, "
    "last_checked_at_ms = ?, detail_key = ?, options_key = ? WHERE item_no = ?"};
static const struct db_sql add_version = {
    "INSERT INTO product_version (item_no, version, seller_id, type, at_ms, hash, detail_key, options_key, "
    "changes_json, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql touch = {"UPDATE product SET last_checked_at_ms = ? WHERE item_no = ? AND seller_id = ?"};
/* Apart from the one above, which need not look at the index of sellers. */
static const struct db_sql touch_moved = {"UPDATE product SET last_checked_at_ms = ?, seller_id = ? WHERE item_no = ?"};
static const struct db_sql count_all = {"SELECT COUNT(*) FROM product"};
static const struct db_sql count_of = {"SELECT COUNT(*) FROM product WHERE seller_id = ?"};

void product_done(struct product *product)
{
    if (product)
        kk_buf_done(&product->snapshot_json);
}

/* Fills *ret, whose buffer keeps its memory. */
static enum kk_code read_product(struct db_stmt *q, struct product *ret, struct kk_err *err)
{
    enum kk_code rc;

    ret->item_no = db_get_int(q);
    db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
    if (!product_status_parse(db_get_sv(q), &ret->status))
        db_bad(q, "a status");
    ret->version = db_get_int(q);
    db_get_hash(q, &ret->hash);
    ret->first_seen_at_ms = db_get_int(q);
    ret->last_changed_at_ms = db_get_int(q);
    ret->last_checked_at_ms = db_get_int(q);
    db_get_hash(q, &ret->detail_key);
    db_get_hash(q, &ret->options_key);
    db_get_buf(q, &ret->snapshot_json);
    rc = db_row_check(q, "product", err);
    return rc ? rc : kk_buf_check(&ret->snapshot_json, "a product", err);
}

enum kk_code store_get_product(struct store *store, int64_t item_no, struct product *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_product);
    enum kk_code rc;

    db_put_int(q, item_no);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no product %" PRId64 " is known", item_no);
    rc = read_product(q, ret, err);
    db_done(q);
    return rc;
}

/* ---- a new version ---- */

static void put_columns(struct db_stmt *q, const struct product *product)
{
    db_put_cstr(q, product->seller_id);
    db_put_cstr(q, product_status_name(product->status));
    db_put_int(q, product->version);
    db_put_hash(q, &product->hash);
    db_put_int(q, product->last_changed_at_ms);
    db_put_int(q, product->last_checked_at_ms);
    db_put_hash(q, &product->detail_key);
    db_put_hash(q, &product->options_key);
}

static enum kk_code write_first(struct store *store, const struct product *product, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &is_known);
    int64_t version = 0;
    enum kk_code rc;

    db_put_int(q, product->item_no);
    rc = db_number(q, &version, err);
    if (rc)
        return rc;
    if (version)
        return KK_CONFLICT;
    q = db_use(store->db, &add_snapshot);
    db_put_text(q, kk_buf_sv(&product->snapshot_json));
    rc = db_run(q, NULL, err);
    if (rc)
        return rc;
    q = db_use(store->db, &add_product);
    put_columns(q, product);
    db_put_int(q, product->first_seen_at_ms);
    db_put_int(q, store->db->ops->last_id(store->db));
    db_put_int(q, product->item_no);
    return db_run(q, NULL, err);
}

/* The stored version must be the one before. */
static enum kk_code write_next(struct store *store, const struct product *product, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &find_snapshot);
    int64_t snapshot_id = 0;
    enum kk_code rc;

    db_put_int(q, product->item_no);
    db_put_int(q, product->version - 1);
    rc = db_number(q, &snapshot_id, err);
    if (rc)
        return rc;
    if (!snapshot_id)
        return KK_CONFLICT;
    q = db_use(store->db, &put_product);
    put_columns(q, product);
    db_put_int(q, product->item_no);
    rc = db_run(q, NULL, err);
    if (rc)
        return rc;
    q = db_use(store->db, &put_snapshot);
    db_put_text(q, kk_buf_sv(&product->snapshot_json));
    db_put_int(q, snapshot_id);
    return db_run(q, NULL, err);
}

static enum kk_code write_version(struct store *store, const struct product *product, enum change_type type,
                                  int64_t run_id, struct kk_sv changes_json, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_version);

    db_put_int(q, product->item_no);
    db_put_int(q, product->version);
    db_put_cstr(q, product->seller_id);
    db_put_cstr(q, change_type_name(type));
    db_put_int(q, product->last_changed_at_ms);
    db_put_hash(q, &product->hash);
    db_put_hash(q, &product->detail_key);
    db_put_hash(q, &product->options_key);
    db_put_text(q, changes_json);
    db_put_int(q, run_id);
    return db_run(q, NULL, err);
}

static enum kk_code version_inside(struct store *store, const struct product *product, enum change_type type,
                                   int64_t run_id, struct kk_sv changes_json, struct kk_err *err)
{
    enum kk_code rc = product->version == 1 ? write_first(store, product, err) : write_next(store, product, err);

    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "version %" PRId64 " does not follow the stored one", product->version);
    return rc ? rc : write_version(store, product, type, run_id, changes_json, err);
}

enum kk_code store_put_version(struct store *store, const struct product *product, enum change_type type,
                               int64_t run_id, struct kk_sv changes_json, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    if (!rc)
        rc = db_end(store->db, version_inside(store, product, type, run_id, changes_json, err), err);
    return rc ? kk_while(err, rc, "write product %" PRId64, product->item_no) : KK_OK;
}

enum kk_code store_touch_product(struct store *store, int64_t item_no, struct kk_sv seller_id, int64_t checked_at_ms,
                                 struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &touch);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, checked_at_ms);
    db_put_int(q, item_no);
    db_put_text(q, seller_id);
    rc = db_run(q, &changes, err);
    if (rc || changes)
        return rc;
    q = db_use(store->db, &touch_moved);
    db_put_int(q, checked_at_ms);
    db_put_text(q, seller_id);
    db_put_int(q, item_no);
    return db_run(q, NULL, err);
}

/* ---- listing ---- */

enum kk_code store_product_window(struct store *store, int64_t after_item_no, int64_t count, int64_t *ret_until_item_no,
                                  struct kk_err *err)
{
    static const struct db_sql nth = {
        "SELECT item_no FROM product WHERE item_no > ? ORDER BY item_no LIMIT 1 OFFSET ?"};

    return store_nth(db_use(store->db, &nth), after_item_no, count, ret_until_item_no, err);
}

enum kk_code store_each_product(struct store *store, const struct product_query *query,
                                bool (*row)(void *ctx, const struct product *product), void *ctx, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sql = KK_BUF(QUERY_MAX_BYTES);
    KK_CLEANUP(product_done) struct product product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    struct db_stmt *q;
    enum kk_code rc;

    kk_buf_add(&sql, KK_SV("SELECT " COLUMNS FROM "WHERE p.item_no > ?"));
    if (query->seller_id.len)
        kk_buf_add(&sql, KK_SV(" AND p.seller_id = ?"));
    if (query->until_item_no)
        kk_buf_add(&sql, KK_SV(" AND p.item_no <= ?"));
    if (query->status)
        kk_buf_add(&sql, KK_SV(" AND p.status = ?"));
    kk_buf_add(&sql, KK_SV(" ORDER BY p.item_no"));
    if (query->limit)
        kk_buf_add(&sql, KK_SV(" LIMIT ?"));
    rc = kk_buf_check(&sql, "the question for products", err);
    if (rc)
        return rc;
    q = db_use_text(store->db, kk_buf_cstr(&sql));
    db_put_int(q, query->after_item_no);
    if (query->seller_id.len)
        db_put_text(q, query->seller_id);
    if (query->until_item_no)
        db_put_int(q, query->until_item_no);
    if (query->status)
        db_put_cstr(q, product_status_name(query->status));
    if (query->limit)
        db_put_int(q, query->limit);
    while (db_row(q, &rc, err)) {
        rc = read_product(q, &product, err);
        if (rc || !row(ctx, &product)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_count_products(struct store *store, struct kk_sv seller_id, int64_t *ret_count, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, seller_id.len ? &count_of : &count_all);
    int64_t count = 0;
    enum kk_code rc;

    if (seller_id.len)
        db_put_text(q, seller_id);
    rc = db_number(q, &count, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

static void write_query(const struct version_query *query, struct kk_buf *sql)
{
    kk_buf_add(sql, KK_SV("SELECT id, item_no, version, at_ms, seller_id, type, hash, detail_key, options_key, "
                          "changes_json, run_id FROM product_version WHERE id > ?"));
    if (query->before_id)
        kk_buf_add(sql, KK_SV(" AND id < ?"));
    if (query->item_no)
        kk_buf_add(sql, KK_SV(" AND item_no = ?"));
    if (query->seller_id.len)
        kk_buf_add(sql, KK_SV(" AND seller_id = ?"));
    kk_buf_add(sql, KK_SV(" ORDER BY id"));
    if (query->newest_first)
        kk_buf_add(sql, KK_SV(" DESC"));
    if (query->limit)
        kk_buf_add(sql, KK_SV(" LIMIT ?"));
}

static void read_version(struct db_stmt *q, struct product_version *ret, char seller_id[SELLER_ID_BYTES])
{
    ret->id = db_get_int(q);
    ret->item_no = db_get_int(q);
    ret->version = db_get_int(q);
    ret->at_ms = db_get_int(q);
    db_get_copy(q, seller_id, SELLER_ID_BYTES);
    ret->seller_id = seller_id;
    if (!change_type_parse(db_get_sv(q), &ret->type))
        db_bad(q, "a type");
    db_get_hash(q, &ret->hash);
    db_get_hash(q, &ret->detail_key);
    db_get_hash(q, &ret->options_key);
    ret->changes_json = db_get_sv(q);
    ret->run_id = db_get_int(q);
}

enum kk_code store_each_version(struct store *store, const struct version_query *query,
                                bool (*row)(void *ctx, const struct product_version *version), void *ctx,
                                struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sql = KK_BUF(QUERY_MAX_BYTES);
    struct db_stmt *q;
    enum kk_code rc;

    write_query(query, &sql);
    rc = kk_buf_check(&sql, "the question for versions", err);
    if (rc)
        return rc;
    q = db_use_text(store->db, kk_buf_cstr(&sql));
    db_put_int(q, query->after_id);
    if (query->before_id)
        db_put_int(q, query->before_id);
    if (query->item_no)
        db_put_int(q, query->item_no);
    if (query->seller_id.len)
        db_put_text(q, query->seller_id);
    if (query->limit)
        db_put_int(q, query->limit);
    while (db_row(q, &rc, err)) {
        struct product_version version;
        char seller_id[SELLER_ID_BYTES];

        read_version(q, &version, seller_id);
        rc = db_row_check(q, "product_version", err);
        if (rc || !row(ctx, &version)) {
            db_done(q);
            break;
        }
    }
    return rc;
}
