#include "contract/local_world.h"

#include "adapters/store/store_sql.h"
#include "adapters/store/store_sqlite.h"
#include "support/check.h"
#include "support/folder.h"

static char folder[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
static struct store *stores[LOCAL_STORES_MAX];
static size_t store_count;

int64_t local_wall_ms, local_mono_ms;

const struct kk_clock local_clock = {.wall_ms = local_wall, .mono_ms = local_now};

void local_make(void)
{
    local_wall_ms = INT64_C(1700000000000);
    local_mono_ms = 5000;
    test_folder_make(folder);
    test_path(folder, "kkachi.db", path);
}

struct store *local_store(void)
{
    struct db_sqlite_options options = {.busy_timeout_ms = 200};
    struct store *store = NULL;
    struct kk_err err = {0};
    int from, to;

    CHECK(store_count < LOCAL_STORES_MAX);
    CHECK_OK(store_sqlite_open(path, &options, &local_clock, &store, &err), &err);
    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    CHECK_OK(db_exec(store_db(store), "PRAGMA synchronous = OFF", &err), &err); /* nobody cuts the power here */
    stores[store_count++] = store;
    return store;
}

void local_close_stores(void)
{
    while (store_count > 0)
        store_close(stores[--store_count]);
}

void local_remove(void)
{
    local_close_stores();
    test_folder_remove(folder);
}

int64_t local_now(void *ctx)
{
    (void)ctx;
    return local_mono_ms;
}

int64_t local_wall(void *ctx)
{
    (void)ctx;
    return local_wall_ms;
}

void local_pass(void *ctx, int64_t ms)
{
    (void)ctx;
    local_wall_ms += ms;
    local_mono_ms += ms;
}
