/* The torture itself: it finds what it is there to find. */
#include "torture/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

static uintptr_t hidden[64]; /* turned over, so that the leak check does not see it as a pointer */
static size_t hidden_count;

static enum kk_code fail_for_memory(void *memory, struct kk_err *err)
{
    return memory ? KK_OK : kk_fail(err, KK_NO_MEMORY, "no memory for two blocks");
}

static enum kk_code leak_the_first_when_the_second_fails(void *ctx, struct kk_err *err)
{
    void *volatile first = malloc(10);
    void *volatile second = first ? malloc(10) : NULL;
    enum kk_code rc = fail_for_memory(second, err);

    (void)ctx;
    free(second);
    if (rc && first && hidden_count < KK_COUNT(hidden))
        hidden[hidden_count++] = ~(uintptr_t)first;
    else
        free(first);
    return rc;
}

static enum kk_code fail_without_a_word(void *ctx, struct kk_err *err)
{
    void *volatile memory = malloc(10); /* volatile: else nobody need ask for it */
    bool is_there = memory != NULL;

    (void)ctx;
    (void)err;
    free(memory);
    return is_there ? KK_OK : KK_NO_MEMORY;
}

static enum kk_code write_a_file(void *ctx, struct kk_err *err)
{
    FILE *file = fopen(ctx, "we");
    bool is_written = file && write(fileno(file), "12345678", 8) == 8 && fsync(fileno(file)) == 0;

    if (file)
        fclose(file);
    return is_written ? KK_OK : kk_fail(err, KK_FULL, "%s could not be written", (const char *)ctx);
}

static enum kk_code ask_sqlite(void *ctx, struct kk_err *err)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    bool is_done = !sqlite3_open_v2(ctx, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) &&
                   !sqlite3_exec(db, "CREATE TABLE t (n)", NULL, NULL, NULL) &&
                   !sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?)", -1, &stmt, NULL) &&
                   !sqlite3_bind_int64(stmt, 1, 7) && sqlite3_step(stmt) == SQLITE_DONE;

    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return is_done ? KK_OK : kk_fail(err, KK_UNAVAILABLE, "the database said no");
}

static void a_leak_behind_a_failure_is_found(void **state)
{
    struct torture torture = {.name = "leak", .kinds = FAIL_MEMORY, .work = leak_the_first_when_the_second_fails};
    bool holds = torture_holds(&torture);

    (void)state;
    while (hidden_count > 0)
        free((void *)~hidden[--hidden_count]); /* NOLINT(performance-no-int-to-ptr): it was one */
    CHECK_EQ(!holds, torture_sees_leaks());
}

static void a_failure_without_a_sentence_is_found(void **state)
{
    struct torture torture = {.name = "silence", .kinds = FAIL_MEMORY, .work = fail_without_a_word};

    (void)state;
    CHECK(!torture_holds(&torture));
}

static void each_file_operation_fails_in_turn(void **state)
{
    char path[] = "/tmp/kkachi-torture-XXXXXX";
    int fd = mkstemp(path);
    struct torture torture = {.name = "file", .kinds = FAIL_FILE, .ctx = path, .work = write_a_file};
    struct fail_plan plan = {.kinds = FAIL_FILE};

    (void)state;
    CHECK(fd >= 0);
    close(fd);
    CHECK(torture_holds(&torture));
    fail_arm(&plan);
    CHECK_OK(write_a_file(path, NULL), NULL);
    CHECK_EQ(fail_seen(), 3); /* fopen, write, fsync */
    fail_disarm();
    unlink(path);
}

static void each_sqlite_call_fails_in_turn(void **state)
{
    char name[] = ":memory:";
    struct torture torture = {.name = "sqlite", .kinds = FAIL_SQLITE, .ctx = name, .work = ask_sqlite};
    struct fail_plan plan = {.kinds = FAIL_SQLITE};

    (void)state;
    CHECK(torture_holds(&torture));
    fail_arm(&plan);
    CHECK_OK(ask_sqlite(name, NULL), NULL);
    CHECK(fail_seen() >= 5);
    fail_disarm();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_leak_behind_a_failure_is_found, torture_relax),
        cmocka_unit_test_teardown(a_failure_without_a_sentence_is_found, torture_relax),
        cmocka_unit_test_teardown(each_file_operation_fails_in_turn, torture_relax),
        cmocka_unit_test_teardown(each_sqlite_call_fails_in_turn, torture_relax),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
