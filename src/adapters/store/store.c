/* The store itself: its life, its transactions, and the settings of the installation. */
#include <stdlib.h>

#include "adapters/store/store_sql.h"
#include "base/assert.h"

struct store_block {
    struct store_block *next;
    max_align_t bytes[];
};

static void free_blocks(void *ctx)
{
    struct store *store = ctx;

    while (store->blocks) {
        struct store_block *block = store->blocks;

        store->blocks = block->next;
        free(block);
    }
}

enum kk_code store_create(struct db *db, const struct kk_clock *clock, struct store **ret_store, struct kk_err *err)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store) {
        db_close(db);
        return kk_fail(err, KK_NO_MEMORY, "no memory for the store");
    }
    store->db = db;
    store->clock = clock;
    db->on_end = free_blocks;
    db->on_end_ctx = store;
    *ret_store = store;
    return KK_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    db_close(store->db);
    free_blocks(store);
    free(store);
}

struct db *store_db(struct store *store)
{
    return store->db;
}

void *store_keep(struct store *store, size_t bytes)
{
    struct store_block *block = malloc(sizeof(*block) + bytes);

    KK_ASSERT(store->db->depth > 0);
    if (!block)
        return NULL;
    block->next = store->blocks;
    store->blocks = block;
    return block->bytes;
}

enum kk_code store_begin(struct store *store, struct kk_err *err)
{
    return db_begin(store->db, err);
}

enum kk_code store_commit(struct store *store, struct kk_err *err)
{
    return db_commit(store->db, err);
}

void store_rollback(struct store *store)
{
    db_rollback(store->db);
}

enum kk_code store_check(struct store *store, struct kk_err *err)
{
    return store->db->ops->check(store->db, err);
}

static const struct db_sql get_setting = {"SELECT value FROM setting WHERE name = ?"};
static const struct db_sql put_setting = {"INSERT INTO setting (name, value, updated_at_ms) VALUES (?, ?, ?) "
                                          "{upsert(name)} value = {new(value)}, updated_at_ms = {new(updated_at_ms)}"};

enum kk_code store_get_setting(struct store *store, const char *key, struct kk_buf *ret_value, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_setting);
    enum kk_code rc;

    db_put_cstr(q, key);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "no setting %s is stored", key);
    db_get_buf(q, ret_value);
    db_done(q);
    return kk_buf_check(ret_value, key, err);
}

enum kk_code store_put_setting(struct store *store, const char *key, struct kk_sv value, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_setting);

    db_put_cstr(q, key);
    db_put_text(q, value);
    db_put_int(q, kk_wall_ms(store->clock));
    return db_run(q, NULL, err);
}

enum kk_code store_nth(struct db_stmt *q, int64_t after, int64_t count, int64_t *ret, struct kk_err *err)
{
    enum kk_code rc;

    db_put_int(q, after);
    db_put_int(q, count - 1);
    *ret = 0;
    if (!db_row(q, &rc, err))
        return rc;
    *ret = db_get_int(q);
    rc = db_row_check(q, "an id", err);
    db_done(q);
    return rc;
}
