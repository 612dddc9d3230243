#include "contract/mysql_world.h"

#include <inttypes.h>
#include <stdio.h>

#include "adapters/clock/clock_system.h"
#include "adapters/store/store_sql.h"
#include "base/rng.h"
#include "support/check.h"
#include "support/mariadb.h"

#define STORES_MAX 64
#define NAMES_MAX 64

static struct kk_rng rng;
static struct store *stores[STORES_MAX];
static size_t store_count;
static bool is_made;

int64_t mysql_wall_ms, mysql_mono_ms;

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return mysql_wall_ms;
}

static int64_t mono_ms(void *ctx)
{
    (void)ctx;
    return mysql_mono_ms;
}
const struct kk_clock mysql_clock = {.wall_ms = wall_ms, .mono_ms = mono_ms};

/* With that option SYSDATE() is NOW(), which a connection may set. */
bool mysql_world_start(const char *what)
{
    rng = rng_system();
    return mariadb_start(what, "--sysdate-is-now");
}

struct db *mysql_connect(const char *database)
{
    struct db_mysql_options options = {
        .host = "127.0.0.1", .user = "root", .password = "", .database = database, .port = mariadb_port, .rng = &rng};
    struct db *db = NULL;
    struct kk_err err = {0};

    CHECK_OK(db_mysql_open(&options, &db, &err), &err);
    return db;
}

void mysql_admin(const char *sql)
{
    struct db *db = mysql_connect("mysql");
    struct kk_err err = {0};

    CHECK_OK(db_exec(db, sql, &err), &err);
    db_close(db);
}

static void start_clock(void)
{
    mysql_wall_ms = INT64_C(1700000000000);
    mysql_mono_ms = 5000;
}

void mysql_make(void)
{
    start_clock();
    mysql_admin("DROP DATABASE IF EXISTS kkachi_test; CREATE DATABASE kkachi_test CHARACTER SET utf8mb4");
    is_made = false;
}

static void set_clock(struct store *store)
{
    char sql[96];
    struct kk_err err = {0};

    snprintf(sql, sizeof(sql), "SET timestamp = %" PRId64 ".%03d", mysql_wall_ms / 1000, (int)(mysql_wall_ms % 1000));
    CHECK_OK(db_exec(store_db(store), sql, &err), &err);
}

struct store *mysql_store(void)
{
    struct store *store = NULL;
    struct kk_err err = {0};
    int from, to;

    CHECK(store_count < STORES_MAX);
    CHECK_OK(store_create(mysql_connect("kkachi_test"), &mysql_clock, &store, &err), &err);
    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    set_clock(store);
    stores[store_count++] = store;
    return store;
}

static size_t table_names(struct db *db, char names[NAMES_MAX][65])
{
    struct db_stmt *q = db_use_text(db, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                                        "'kkachi_test' AND TABLE_NAME NOT IN ('schema_version', 'schema_step')");
    size_t count = 0;
    struct kk_err err = {0};
    enum kk_code rc;

    while (db_row(q, &rc, &err)) {
        CHECK(count < NAMES_MAX);
        db_get_copy(q, names[count++], sizeof(names[0]));
    }
    CHECK_OK(rc, &err);
    return count;
}

void mysql_clear(void)
{
    static char names[NAMES_MAX][65];
    char sql[128];
    struct db *db;
    size_t count;
    struct kk_err err = {0};

    if (!is_made) {
        mysql_make();
        mysql_store();
        mysql_close_stores();
        is_made = true;
        return;
    }
    start_clock();
    db = mysql_connect("kkachi_test");
    count = table_names(db, names);
    for (size_t i = 0; i < count; i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", names[i]);
        CHECK_OK(db_exec(db, sql, &err), &err);
    }
    CHECK_OK(db_exec(db,
                     "INSERT INTO limiter_pool (id, now_ms, wall_ms, mono_ms, site_tokens) VALUES (1, 0, 0, 0, x'')",
                     &err),
             &err);
    db_close(db);
}

void mysql_close_stores(void)
{
    while (store_count > 0)
        store_close(stores[--store_count]);
}

void mysql_pass(int64_t ms)
{
    mysql_wall_ms += ms;
    mysql_mono_ms += ms;
    for (size_t i = 0; i < store_count; i++)
        set_clock(stores[i]);
}
