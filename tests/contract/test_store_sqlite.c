/* The store on SQLite: the contract, and what people and machines do to files. */
#include "adapters/store/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "adapters/store/store_sql.h"
#include "contract/store_contract.h"
#include "support/check.h"
#include "support/folder.h"

static char folder[TEST_PATH_BYTES], path[TEST_PATH_BYTES];

static int64_t still_ms(void *ctx)
{
    (void)ctx;
    return 1700000000000;
}
static const struct kk_clock still = {.wall_ms = still_ms, .mono_ms = still_ms};

static void make_file(void *ctx)
{
    (void)ctx;
    test_folder_make(folder);
    test_path(folder, "kkachi.db", path);
}

static struct store *open_file(void *ctx, const struct kk_clock *clock)
{
    struct store *store = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(store_sqlite_open(path, NULL, clock, &store, &err), &err);
    return store;
}

static void remove_file(void *ctx)
{
    (void)ctx;
    test_folder_remove(folder);
}

static int set_up(void **state)
{
    (void)state;
    make_file(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_file(NULL);
    return 0;
}

static struct store *open_migrated(void)
{
    struct store *store = open_file(NULL, &still);
    struct kk_err err = {0};
    int from, to;

    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    return store;
}

static void check_message(const char *message, const char *part)
{
    if (!strstr(message, part))
        CHECK_STR(message, part);
}

static void check_refused(const char *at, const struct db_sqlite_options *options, enum kk_code code, const char *part)
{
    struct store *store = NULL;
    struct kk_err err = {0};

    CHECK_EQ(store_sqlite_open(at, options, &still, &store, &err), code);
    CHECK(!store);
    check_message(err.msg, part);
}

/* Runs SQL behind the store's back. */
static void raw(const char *sql)
{
    sqlite3 *conn = NULL;

    CHECK_EQ(sqlite3_open(path, &conn), SQLITE_OK);
    CHECK_EQ(sqlite3_exec(conn, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_EQ(sqlite3_close(conn), SQLITE_OK);
}

/* ---- opening ---- */

static void a_new_file_is_made_for_its_owner_alone(void **state)
{
    struct store *store = open_file(NULL, &still);
    struct kk_err err = {0};
    struct stat st;
    int from = -1, to = -1;

    (void)state;
    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    CHECK_EQ(from, 0);
    CHECK(to >= 3);
    store_close(store);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
}

static void a_missing_folder_is_named(void **state)
{
    char deep[TEST_PATH_BYTES];

    (void)state;
    test_path(folder, "nowhere/kkachi.db", deep);
    check_refused(deep, NULL, KK_UNAVAILABLE, "nowhere is not there; make it, or change store.url");
}

static void a_folder_is_no_file(void **state)
{
    (void)state;
    check_refused(folder, NULL, KK_UNAVAILABLE, "is a folder");
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char long_path[1000];

    (void)state;
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    check_refused(long_path, NULL, KK_BAD_INPUT, "longer than");
}

static void a_file_that_is_no_database_is_left_alone(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf after = KK_BUF(1000000);

    (void)state;
    test_file_write(path, KK_SV("Dear diary, today was a fine day, and here are more than a hundred bytes about it, "
                                "so that nobody takes it for a header cut short."));
    check_refused(path, NULL, KK_CORRUPT, "is not a kkachi database");
    test_file_read(path, &after);
    CHECK(kk_sv_starts(kk_buf_sv(&after), KK_SV("Dear diary, today")));
}

static void another_programs_database_is_left_alone(void **state)
{
    (void)state;
    raw("CREATE TABLE song (name TEXT)");
    check_refused(path, NULL, KK_CORRUPT, "the database of another program");
    raw("PRAGMA application_id = 12345; DROP TABLE song");
    check_refused(path, NULL, KK_CORRUPT, "the database of another program");
}

static void a_newer_schema_is_refused(void **state)
{
    struct store *store = open_migrated();
    struct kk_err err = {0};
    int from, to;

    (void)state;
    store_close(store);
    raw("INSERT INTO schema_version (version, name, applied_at_ms) VALUES (999, 'of tomorrow', 1)");
    store = open_file(NULL, &still);
    CHECK_EQ(store_migrate(store, &from, &to, &err), KK_TOO_NEW);
    check_message(err.msg, "schema 999");
    check_message(err.msg, "use the newer kkachi");
    store_close(store);
}

/* A file as version 1 of this program made it. */
static struct store *open_first_version(void)
{
    struct store *store = open_file(NULL, &still);
    struct kk_err err = {0};
    int from;

    CHECK_OK(store_migrate_to(store, 1, &from, &err), &err);
    return store;
}

static void an_older_schema_is_brought_up(void **state)
{
    struct store *store = open_first_version();
    struct kk_err err = {0};
    int from, to;

    (void)state;
    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    CHECK_EQ(from, 1);
    CHECK_OK(store_check(store, &err), &err);
    store_close(store);
}

static void a_migration_that_fails_leaves_the_schema_as_it_was(void **state)
{
    struct store *store = open_first_version();
    struct kk_err err = {0};
    int from, to;

    (void)state;
    /* Version 2 cannot be applied, because its table stands there already; version 3 must not be either. */
    raw("CREATE TABLE message (id INTEGER)");
    CHECK(store_migrate(store, &from, &to, &err) != KK_OK);
    check_message(err.msg, "migration 0002_queue");
    store_close(store);
    raw("DROP TABLE message");
    store = open_migrated();
    store_close(store);
}

static void a_store_without_schema_says_what_to_do(void **state)
{
    struct store *store = open_file(NULL, &still);
    struct kk_err err = {0};
    struct seller seller;

    (void)state;
    CHECK_EQ(store_get_seller(store, KK_SV("lux"), &seller, &err), KK_UNAVAILABLE);
    check_message(err.msg, "run `kkachi migrate`");
    store_close(store);
}

/* ---- rights ---- */

static void a_reader_reads_and_cannot_write(void **state)
{
    struct db_sqlite_options options = {.read_only = true};
    struct store *writer = open_migrated(), *reader = NULL;
    struct kk_err err = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(10);

    (void)state;
    CHECK_OK(store_put_setting(writer, "colour", KK_SV("red"), &err), &err);
    CHECK_OK(store_sqlite_open(path, &options, &still, &reader, &err), &err);
    CHECK_OK(store_begin(writer, &err), &err); /* a writer at work does not hold it up */
    CHECK_OK(store_begin(reader, &err), &err);
    CHECK_OK(store_get_setting(reader, "colour", &value, &err), &err);
    CHECK_OK(store_commit(reader, &err), &err);
    CHECK_EQ(store_put_setting(reader, "colour", KK_SV("blue"), &err), KK_UNAVAILABLE);
    check_message(err.msg, "cannot be written");
    store_rollback(writer);
    store_close(reader);
    store_close(writer);
}

/* As somebody who has not the rights; root has them all, so a child gives them up. */
static void a_file_that_cannot_be_written_is_told(void **state)
{
    struct store *store = open_migrated();
    int status = 0;
    pid_t child;

    (void)state;
    store_close(store);
    CHECK_EQ(chmod(path, 0444), 0);
    CHECK_EQ(chmod(folder, 0555), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct kk_err err = {0};
        enum kk_code rc;

        if (getuid() == 0 && setuid(65534) != 0)
            _exit(2);
        rc = store_sqlite_open(path, NULL, &still, &store, &err);
        _exit(rc == KK_UNAVAILABLE && strstr(err.msg, "give this user the right to write") ? 0 : 1);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(chmod(folder, 0755), 0);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

/* ---- trouble ---- */

static void two_writers_wait_for_each_other_and_then_say_so(void **state)
{
    struct db_sqlite_options impatient = {.busy_timeout_ms = 50};
    struct store *store = open_migrated(), *other = NULL;
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(store_sqlite_open(path, &impatient, &still, &other, &err), &err);
    CHECK_OK(store_begin(store, &err), &err);
    CHECK_EQ(store_begin(other, &err), KK_BUSY);
    check_message(err.msg, "is locked");
    CHECK_EQ(store_put_setting(other, "colour", KK_SV("red"), &err), KK_BUSY);
    store_rollback(other);
    CHECK_OK(store_commit(store, &err), &err);
    CHECK_OK(store_put_setting(other, "colour", KK_SV("red"), &err), &err);
    store_close(other);
    store_close(store);
}

/* The engine's own limit stands for a disk without space: the failing call is the same. */
static void a_full_disk_is_told_and_nothing_is_half_written(void **state)
{
    struct store *store = open_migrated();
    struct db *db = store_db(store);
    struct kk_err err = {0};
    char *big = malloc(1 << 20);
    enum kk_code rc;

    (void)state;
    CHECK(big);
    memset(big, 'x', 1 << 20);
    CHECK_OK(store_put_setting(store, "before", KK_SV("1"), &err), &err);
    CHECK_OK(db_exec(db, "CREATE TABLE filler (x)", &err), &err);
    static const struct db_sql shrink = {"PRAGMA max_page_count = 100"};
    int64_t pages = 0;

    CHECK_OK(db_number(db_use(db, &shrink), &pages, &err), &err);
    CHECK_OK(store_begin(store, &err), &err);
    CHECK_OK(store_put_setting(store, "half", KK_SV("1"), &err), &err);
    rc = store_put_setting(store, "big", (struct kk_sv){big, 1 << 20}, &err);
    CHECK_EQ(rc, KK_FULL);
    check_message(err.msg, "no space left");
    /* A caller that overlooks it cannot commit the rest, nor write outside of the transaction without knowing. */
    CHECK_EQ(store_put_setting(store, "after", KK_SV("1"), &err), KK_CONFLICT);
    CHECK_EQ(store_commit(store, &err), KK_CONFLICT);
    check_message(err.msg, "no space left");
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(10);

    CHECK_EQ(store_get_setting(store, "half", &value, &err), KK_NOT_FOUND);
    CHECK_EQ(store_get_setting(store, "after", &value, &err), KK_NOT_FOUND);
    CHECK_OK(store_get_setting(store, "before", &value, &err), &err);
    CHECK_OK(store_put_setting(store, "small", KK_SV("1"), &err), &err);
    CHECK_OK(store_check(store, &err), &err);
    store_close(store);
    free(big);
}

static void put_pages(struct store *store, int count)
{
    char name[16], value[3000];
    struct kk_err err = {0};

    memset(value, 'v', sizeof(value));
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "page%04d", i);
        CHECK_OK(store_put_setting(store, name, (struct kk_sv){value, sizeof(value)}, &err), &err);
    }
}

static void a_damaged_file_is_found_and_named(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(10000);
    struct store *store = open_migrated();
    struct kk_err err = {0};
    struct stat st;
    FILE *file;

    (void)state;
    put_pages(store, 100);
    store_close(store);
    CHECK_EQ(stat(path, &st), 0);
    file = fopen(path, "r+b");
    CHECK(file);
    for (long at = st.st_size - 50 * 4096L; at < st.st_size; at += 4096) {
        fseek(file, at, SEEK_SET);
        fputs("nonsense in the place of a page's header", file);
    }
    fclose(file);
    store = open_file(NULL, &still);
    CHECK_EQ(store_check(store, &err), KK_CORRUPT);
    check_message(err.msg, "is damaged");
    CHECK_EQ(store_get_setting(store, "page0099", &value, &err), KK_CORRUPT);
    check_message(err.msg, "restore the file from a backup");
    store_close(store);
}

static void a_row_that_cannot_be_ours_is_told(void **state)
{
    struct store *store = open_migrated();
    struct seller seller = {
        .seller_id = "lux", .state = SELLER_ACTIVE, .period_unit = PERIOD_DAY, .mode = CRAWL_FULL, .period_count = 1};
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(store_add_seller(store, &seller, &err), &err);
    raw("UPDATE seller SET state = 'ASLEEP'");
    CHECK_EQ(store_get_seller(store, KK_SV("lux"), &seller, &err), KK_CORRUPT);
    check_message(err.msg, "table seller holds a state");
    store_close(store);
}

/* A process that dies in a transaction leaves nothing; what it committed is there. */
static void a_killed_process_leaves_what_it_committed(void **state)
{
    struct store *store = open_migrated();
    struct kk_err err = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(10);
    int status = 0;
    pid_t child;

    (void)state;
    store_close(store);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct store *mine = NULL;

        if (store_sqlite_open(path, NULL, &still, &mine, NULL) ||
            store_put_setting(mine, "committed", KK_SV("1"), NULL) || store_begin(mine, NULL) ||
            store_put_setting(mine, "open", KK_SV("1"), NULL))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    store = open_file(NULL, &still);
    CHECK_OK(store_get_setting(store, "committed", &value, &err), &err);
    CHECK_EQ(store_get_setting(store, "open", &value, &err), KK_NOT_FOUND);
    CHECK_OK(store_check(store, &err), &err);
    store_close(store);
}

/* Two commands in an empty folder at the same instant: both make the file, one migrates, neither is told it cannot. */
static void many_processes_may_make_the_file_at_once(void **state)
{
    pid_t child[6];

    (void)state;
    for (size_t i = 0; i < KK_COUNT(child); i++) {
        child[i] = fork();
        CHECK(child[i] >= 0);
        if (child[i] == 0) {
            struct store *mine = NULL;
            struct kk_err err = {0};
            int from, to;

            if (store_sqlite_open(path, NULL, &still, &mine, &err) || store_migrate(mine, &from, &to, &err) ||
                store_put_setting(mine, "colour", KK_SV("red"), &err)) {
                fprintf(stderr, "%s\n", err.msg);
                _exit(1);
            }
            store_close(mine);
            _exit(0);
        }
    }
    for (size_t i = 0; i < KK_COUNT(child); i++) {
        int status = 0;

        CHECK_EQ(waitpid(child[i], &status, 0), child[i]);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), 0);
    }
}

/* ---- size ---- */

static sqlite3 *last_conn; /* the one that the store opened */

static int note_conn(sqlite3 *conn, const char **ret_error, const void *api)
{
    (void)ret_error;
    (void)api;
    last_conn = conn;
    return SQLITE_OK;
}

static void memory_stays_small_however_many_products_are_known(void **state)
{
    sqlite3_auto_extension((void (*)(void))note_conn);

    struct store *store = open_migrated();
    int cache_bytes = 0, highest;
    struct kk_err err = {0};
    struct product product = {
        .status = PRODUCT_ON_SALE, .version = 1, .seller_id = "lux", .snapshot_json = KK_BUF(4096)};
    int64_t count = 0;

    (void)state;
    for (int i = 0; i < 2000; i++)
        kk_buf_addc(&product.snapshot_json, 'x');
    for (int batch = 0; batch < 20; batch++) {
        CHECK_OK(store_begin(store, &err), &err);
        for (int i = 0; i < 1000; i++) {
            product.item_no++;
            CHECK_OK(store_put_version(store, &product, CHANGE_CREATED, 0, KK_SV("[]"), &err), &err);
        }
        CHECK_OK(store_commit(store, &err), &err);
    }
    CHECK_OK(store_count_products(store, KK_SV(""), &count, &err), &err);
    CHECK_EQ(count, 20000); /* 40 MB of snapshots */
    sqlite3_cancel_auto_extension((void (*)(void))note_conn);
    CHECK_EQ(sqlite3_db_status(last_conn, SQLITE_DBSTATUS_CACHE_USED, &cache_bytes, &highest, 0), SQLITE_OK);
    CHECK(cache_bytes > 0 && cache_bytes < 6 * 1024 * 1024);
    product_done(&product);
    store_close(store);
}

/* ---- speed ---- */

#define MANY 200

static bool ignore_task(void *ctx, const struct task *task)
{
    (void)ctx;
    (void)task;
    return true;
}

static bool ignore_run(void *ctx, const struct run *run)
{
    (void)ctx;
    (void)run;
    return true;
}

static bool ignore_row(void *ctx, const struct outbox_row *row)
{
    (void)ctx;
    (void)row;
    return true;
}

/* Rows enough that a statement which reads its whole table is told from one that does not. */
static void fill(struct store *store)
{
    struct kk_err err = {0};

    CHECK_OK(store_begin(store, &err), &err);
    for (int i = 0; i < MANY; i++) {
        struct seller seller = {
            .state = SELLER_ACTIVE, .period_unit = PERIOD_DAY, .mode = CRAWL_FULL, .period_count = 1};
        struct run run = {.trigger = RUN_BY_PERSON, .state = RUN_OPEN, .counts = {.open_count = 1}};
        struct task task = {.kind = TASK_DETAIL, .item_no = i};
        struct outbox_row event = {.topic = "event:file", .not_before_ms = 1, .body = KK_SV("{}")};
        bool is_made;

        snprintf(seller.seller_id, sizeof(seller.seller_id), "s%d", i);
        snprintf(run.seller_id, sizeof(run.seller_id), "s%d", i);
        snprintf(task.seller_id, sizeof(task.seller_id), "s%d", i);
        snprintf(task.endpoint, sizeof(task.endpoint), "/item/%d", i);
        snprintf(event.key, sizeof(event.key), "%d", i);
        snprintf(event.dedup_key, sizeof(event.dedup_key), "%d-1", i);
        CHECK_OK(store_add_seller(store, &seller, &err), &err);
        CHECK_OK(store_add_run(store, &run, &err), &err);
        CHECK_OK(store_make_task(store, &task, 0, 1, &is_made, &err), &err);
        CHECK_OK(store_add_outbox(store, &event, &err), &err);
        CHECK_OK(store_event_published(store, i / 2, 1, &(struct event_answer){.http_status = 200}, &err), &err);
    }
    CHECK_OK(store_commit(store, &err), &err);
}

static void ask_what_is_asked_each_turn(struct store *store)
{
    struct retention retention = {0};
    struct task_ticket ticket = {.task_id = 7, .serial = 1, .seller_id = "s6"};
    char cursor[SELLER_ID_BYTES] = "";
    struct kk_err err = {0};
    enum claim claim;
    struct task task;
    int64_t number;

    CHECK_OK(store_due_task_rows(store, 2, 64, 5, cursor, ignore_row, NULL, &err), &err);
    CHECK_OK(store_due_event_rows(store, KK_SV("event:file"), false, 2, 5, ignore_row, NULL, &err), &err);
    CHECK_OK(store_due_event_rows(store, KK_SV("event:file"), true, 2, 5, ignore_row, NULL, &err), &err);
    CHECK_OK(store_outbox_next(store, KK_SV("event:file"), &number, &err), &err);
    CHECK_OK(store_claim_task(store, &ticket, 1, 2, &claim, &task, &err), &err);
    CHECK_OK(store_lapsed_tasks(store, 1, 5, ignore_task, NULL, &err), &err);
    CHECK_OK(store_silent_tasks(store, 1, 5, ignore_task, NULL, &err), &err);
    CHECK_OK(store_idle_runs(store, 5, ignore_run, NULL, &err), &err);
    CHECK_OK(store_next_due(store, &number, &err), &err);
    CHECK_OK(store_purge(store, &retention, 5, &number, &err), &err);
}

static void the_body_of_an_event_goes_when_it_is_published(void **state)
{
    static const struct db_sql bodies = {"SELECT COUNT(*) FROM outbox_body"};
    struct outbox_row event = {.topic = "event:file", .key = "1", .dedup_key = "1-1", .body = KK_SV("{}")};
    struct store *store = open_migrated();
    struct kk_err err = {0};
    int64_t count = -1;

    (void)state;
    CHECK_OK(store_add_outbox(store, &event, &err), &err);
    CHECK_OK(db_number(db_use(store_db(store), &bodies), &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_OK(store_event_published(store, 1, 1, &(struct event_answer){.http_status = 200}, &err), &err);
    CHECK_OK(db_number(db_use(store_db(store), &bodies), &count, &err), &err);
    CHECK_EQ(count, 0);
    store_close(store);
}

static void nothing_that_is_asked_each_turn_reads_a_whole_table_or_sorts_it(void **state)
{
    sqlite3_auto_extension((void (*)(void))note_conn);

    struct store *store = open_migrated();

    (void)state;
    sqlite3_cancel_auto_extension((void (*)(void))note_conn);
    fill(store);
    ask_what_is_asked_each_turn(store);
    for (sqlite3_stmt *q = sqlite3_next_stmt(last_conn, NULL); q; q = sqlite3_next_stmt(last_conn, q)) {
        int steps = sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);

        if (steps >= MANY / 4 || sqlite3_stmt_status(q, SQLITE_STMTSTATUS_SORT, 0))
            CHECK_STR(sqlite3_sql(q), "a statement with an index to go by");
    }
    store_close(store);
}

int main(void)
{
    static const struct store_world contract = {.make = make_file, .open = open_file, .remove = remove_file};
#define FILE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest on_files[] = {
        FILE_TEST(a_new_file_is_made_for_its_owner_alone),
        FILE_TEST(a_missing_folder_is_named),
        FILE_TEST(a_folder_is_no_file),
        FILE_TEST(a_path_that_is_too_long_is_refused),
        FILE_TEST(a_file_that_is_no_database_is_left_alone),
        FILE_TEST(another_programs_database_is_left_alone),
        FILE_TEST(a_newer_schema_is_refused),
        FILE_TEST(an_older_schema_is_brought_up),
        FILE_TEST(a_migration_that_fails_leaves_the_schema_as_it_was),
        FILE_TEST(a_store_without_schema_says_what_to_do),
        FILE_TEST(a_reader_reads_and_cannot_write),
        FILE_TEST(a_file_that_cannot_be_written_is_told),
        FILE_TEST(two_writers_wait_for_each_other_and_then_say_so),
        FILE_TEST(a_full_disk_is_told_and_nothing_is_half_written),
        FILE_TEST(a_damaged_file_is_found_and_named),
        FILE_TEST(a_row_that_cannot_be_ours_is_told),
        FILE_TEST(a_killed_process_leaves_what_it_committed),
        FILE_TEST(many_processes_may_make_the_file_at_once),
        FILE_TEST(memory_stays_small_however_many_products_are_known),
        FILE_TEST(the_body_of_an_event_goes_when_it_is_published),
        FILE_TEST(nothing_that_is_asked_each_turn_reads_a_whole_table_or_sorts_it),
    };

    return store_contract_run("store_sqlite", &contract) + cmocka_run_group_tests(on_files, NULL, NULL);
}
