/* Migrations where each definition ends its transaction: cut short anywhere and begun again, by ten at once. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/store/store_sql.h"
#include "contract/mysql_world.h"
#include "support/check.h"
#include "support/mariadb.h"

#define PROCESSES 10
#define SHAPE_BYTES ((size_t)1 << 20)

static const struct db_ops *real;
static int execs_left;
static bool is_after; /* the statement is done, and its answer lost */

static enum kk_code cut_exec(struct db *db, const char *sql, struct kk_err *err)
{
    enum kk_code rc;

    if (execs_left > 0) {
        execs_left--;
        return real->exec(db, sql, err);
    }
    rc = is_after ? real->exec(db, sql, err) : KK_OK;
    return rc ? rc : kk_fail(err, KK_UNAVAILABLE, "cut");
}

static enum kk_code migrate_once(int execs)
{
    struct db *db = mysql_connect("kkachi_test");
    struct db_ops cut = *db->ops;
    struct store *store = NULL;
    int from, to;
    enum kk_code rc;

    real = db->ops;
    execs_left = execs;
    cut.exec = cut_exec;
    db->ops = &cut;
    CHECK_OK(store_create(db, &mysql_clock, &store, NULL), NULL);
    rc = store_migrate(store, &from, &to, NULL);
    db->ops = real;
    store_close(store);
    return rc;
}

/* Every column and index there is, as text. */
static void read_shape(struct kk_buf *out)
{
    struct db *db = mysql_connect("kkachi_test");
    struct db_stmt *q = db_use_text(db, "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS "
                                        "WHERE TABLE_SCHEMA = 'kkachi_test' UNION ALL "
                                        "SELECT TABLE_NAME, INDEX_NAME, CONCAT(COLUMN_NAME, SEQ_IN_INDEX) FROM "
                                        "information_schema.STATISTICS WHERE TABLE_SCHEMA = 'kkachi_test' "
                                        "ORDER BY 1, 2, 3");
    struct kk_err err = {0};
    enum kk_code rc;

    kk_buf_clear(out);
    while (db_row(q, &rc, &err)) {
        for (int i = 0; i < 3; i++) {
            kk_buf_add(out, db_get_sv(q));
            kk_buf_addc(out, i < 2 ? ' ' : '\n');
        }
    }
    CHECK_OK(rc, &err);
    CHECK_OK(kk_buf_check(out, "the shape", &err), &err);
    db_close(db);
}

static void a_migration_that_is_cut_short_goes_on_where_it_was(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf whole = KK_BUF(SHAPE_BYTES), shape = KK_BUF(SHAPE_BYTES);
    int cuts = 0;

    (void)state;
    mysql_make();
    CHECK_EQ(migrate_once(1000000), KK_OK);
    read_shape(&whole);
    CHECK(whole.len > 1000);
    for (int side = 0; side < 2; side++) {
        is_after = side;
        mysql_make();
        /* Each try gets one statement further than the last, so that every statement is cut once. */
        for (int execs = 2; migrate_once(execs) != KK_OK; execs = 3)
            CHECK(++cuts < 1000);
        read_shape(&shape);
        CHECK(kk_sv_eq(kk_buf_sv(&shape), kk_buf_sv(&whole)));
    }
    CHECK(cuts > 50);
}

static void start_one(void)
{
    struct store *store = NULL;
    struct kk_err err = {0};
    int from, to;

    CHECK_OK(store_create(mysql_connect("kkachi_test"), &mysql_clock, &store, &err), &err);
    if (store_migrate(store, &from, &to, &err)) {
        print_error("%s\n", err.msg);
        _exit(1);
    }
    _exit(from == 0 ? 10 : 0);
}

static void of_ten_that_start_at_once_one_makes_the_schema_and_all_go_on(void **state)
{
    pid_t pids[PROCESSES];
    int makers = 0;

    (void)state;
    mysql_make();
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (!pids[i])
            start_one();
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;

        CHECK(waitpid(pids[i], &status, 0) == pids[i]);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 10);
        makers += WEXITSTATUS(status) == 10;
    }
    CHECK_EQ(makers, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_migration_that_is_cut_short_goes_on_where_it_was),
        cmocka_unit_test(of_ten_that_start_at_once_one_makes_the_schema_and_all_go_on),
    };

    return mysql_world_start("migrations on MySQL") ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
