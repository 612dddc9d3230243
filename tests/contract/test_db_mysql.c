/* The driver where connections break: a commit whose answer is missing is told as it went, and nothing is done twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/clock/clock_system.h"
#include "adapters/store/store_sql.h"
#include "base/rng.h"
#include "contract/mysql_world.h"
#include "support/check.h"
#include "support/line.h"
#include "support/mariadb.h"

#define DOUBT_MS 1500

static struct kk_rng rng;
static struct kk_err err;
static struct db *db; /* over the line */
static const struct db_sql add_one = {"UPDATE counter SET n = n + 1 WHERE id = ?"};
static const struct db_sql get_n = {"SELECT n FROM counter WHERE id = ?"};

static int set_up(void **state)
{
    struct db_mysql_options options = {.host = "127.0.0.1",
                                       .user = "root",
                                       .password = "",
                                       .database = "kkachi_test",
                                       .doubt_ms = DOUBT_MS,
                                       .rng = &rng};

    (void)state;
    mysql_clear();
    mysql_admin("CREATE OR REPLACE TABLE kkachi_test.counter (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL) "
                "ENGINE=InnoDB; INSERT INTO kkachi_test.counter VALUES (1, 0), (2, 0)");
    options.port = line_open(mariadb_port, "INSERT INTO commit_token");
    CHECK_OK(db_mysql_open(&options, &db, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    line_break(LINE_WHOLE);
    line_refuse(0);
    db_close(db);
    line_close();
    mysql_admin("DROP TABLE kkachi_test.counter");
    return 0;
}

static int64_t number_of(struct db *by, int64_t id)
{
    struct db_stmt *q = db_use(by, &get_n);
    int64_t n = -1;

    db_put_int(q, id);
    CHECK_OK(db_number(q, &n, &err), &err);
    return n;
}

/* As it is stored, past the line. */
static int64_t stored(void)
{
    struct db *other = mysql_connect("kkachi_test");
    int64_t n = number_of(other, 1);

    db_close(other);
    return n;
}

static enum kk_code add(struct db *by, int64_t id)
{
    struct db_stmt *q = db_use(by, &add_one);

    db_put_int(q, id);
    return db_run(q, NULL, &err);
}

static enum kk_code add_and_commit(enum line_fault fault)
{
    CHECK_OK(db_begin(db, &err), &err);
    CHECK_OK(add(db, 1), &err);
    line_break(fault);
    return db_commit(db, &err);
}

static void check_goes_on(int64_t n)
{
    CHECK_EQ(add_and_commit(LINE_WHOLE), KK_OK);
    CHECK_EQ(stored(), n + 1);
}

static void a_commit_that_never_reached_the_server_is_undone_and_said_to_be(void **state)
{
    (void)state;
    CHECK_EQ(add_and_commit(LINE_BEFORE), KK_UNAVAILABLE);
    CHECK(strstr(err.msg, "lost during a commit: it is undone"));
    CHECK_EQ(stored(), 0);
    check_goes_on(0);
}

static void a_commit_whose_answer_is_missing_is_found_and_counts(void **state)
{
    (void)state;
    CHECK_EQ(add_and_commit(LINE_AFTER), KK_OK);
    CHECK_EQ(stored(), 1);
    CHECK_EQ(add_and_commit(LINE_HALF), KK_OK);
    CHECK_EQ(stored(), 2);
    check_goes_on(2);
}

/* We have looked and said no; what arrives after that must not make it a yes. */
static void a_commit_that_arrives_after_we_looked_does_nothing(void **state)
{
    (void)state;
    CHECK_EQ(add_and_commit(LINE_LATE), KK_UNAVAILABLE);
    usleep(2 * LINE_LATE_MS * 1000);
    CHECK_EQ(stored(), 0);
    check_goes_on(0);
}

static void a_server_that_stays_away_leaves_it_open_and_says_so(void **state)
{
    (void)state;
    CHECK_OK(db_begin(db, &err), &err);
    CHECK_OK(add(db, 1), &err);
    line_break(LINE_AFTER);
    line_refuse(1);
    CHECK_EQ(db_commit(db, &err), KK_UNAVAILABLE);
    CHECK(strstr(err.msg, "whether it was committed shows when it does"));
    CHECK_EQ(db_begin(db, &err), KK_UNAVAILABLE);
    line_refuse(0);
    check_goes_on(1);
}

/* As every caller does: what failed is done again. The count tells whether a single answer was wrong. */
static void whatever_breaks_the_count_is_right(void **state)
{
    struct kk_rng_seeded seeded;
    struct kk_rng dice = kk_rng_from_seed(&seeded, 20261128);
    int64_t done = 0;

    (void)state;
    while (done < 40)
        done += add_and_commit((enum line_fault)kk_rng_below(&dice, LINE_LATE + 1)) == KK_OK;
    usleep(2 * LINE_LATE_MS * 1000);
    CHECK_EQ(stored(), done);
}

static void kill_ours(void)
{
    char sql[64];
    int64_t id = 0;

    CHECK_OK(db_number(db_use_text(db, "SELECT CONNECTION_ID()"), &id, &err), &err);
    snprintf(sql, sizeof(sql), "KILL %" PRId64, id);
    mysql_admin(sql);
}

static void a_connection_that_the_server_closed_is_renewed_between_transactions(void **state)
{
    (void)state;
    CHECK_EQ(number_of(db, 1), 0);
    kill_ours();
    CHECK_EQ(number_of(db, 1), 0); /* a question is asked again */
    kill_ours();
    check_goes_on(0);
}

static void a_connection_lost_within_a_transaction_ends_it_and_nothing_of_it_stays(void **state)
{
    (void)state;
    CHECK_OK(db_begin(db, &err), &err);
    CHECK_OK(add(db, 1), &err);
    kill_ours();
    CHECK_EQ(add(db, 1), KK_UNAVAILABLE);
    CHECK(strstr(err.msg, "mysql://127.0.0.1:"));
    CHECK(db_commit(db, &err) != KK_OK);
    CHECK_EQ(stored(), 0);
    check_goes_on(0);
}

static void of_two_that_wait_for_each_other_one_is_undone_and_may_try_again(void **state)
{
    struct db *other = mysql_connect("kkachi_test");
    enum kk_code mine, theirs;
    pid_t waiter;
    int status = 0;

    (void)state;
    CHECK_OK(db_begin(db, &err), &err);
    CHECK_OK(add(db, 1), &err);
    waiter = fork(); /* two waits need two processes; this one has a connection of its own */
    CHECK(waiter >= 0);
    if (!waiter) {
        struct db *own = mysql_connect("kkachi_test");
        enum kk_code rc = db_begin(own, &err);

        if (!rc)
            rc = add(own, 2);
        usleep(300000);
        if (!rc)
            rc = add(own, 1);
        rc = rc ? rc : db_commit(own, &err);
        _exit(rc == KK_OK ? 10 : rc == KK_BUSY ? 20 : 30);
    }
    usleep(600000); /* it has the second row by now, and waits for the first */
    mine = add(db, 2);
    mine = mine ? mine : db_commit(db, &err);
    if (mine) {
        CHECK_EQ(mine, KK_BUSY);
        db_rollback(db);
    }
    CHECK(waitpid(waiter, &status, 0) == waiter && WIFEXITED(status));
    theirs = WEXITSTATUS(status) == 10 ? KK_OK : WEXITSTATUS(status) == 20 ? KK_BUSY : KK_CORRUPT;
    CHECK((mine == KK_OK && theirs == KK_BUSY) || (mine == KK_BUSY && theirs == KK_OK));
    CHECK_EQ(number_of(other, 1), 1);
    CHECK_EQ(number_of(other, 2), 1);
    db_close(other);
    check_goes_on(1);
}

int main(void)
{
#define LINE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LINE_TEST(a_commit_that_never_reached_the_server_is_undone_and_said_to_be),
        LINE_TEST(a_commit_whose_answer_is_missing_is_found_and_counts),
        LINE_TEST(a_commit_that_arrives_after_we_looked_does_nothing),
        LINE_TEST(a_server_that_stays_away_leaves_it_open_and_says_so),
        LINE_TEST(whatever_breaks_the_count_is_right),
        LINE_TEST(a_connection_that_the_server_closed_is_renewed_between_transactions),
        LINE_TEST(a_connection_lost_within_a_transaction_ends_it_and_nothing_of_it_stays),
        LINE_TEST(of_two_that_wait_for_each_other_one_is_undone_and_may_try_again),
    };

    rng = rng_system();
    return mysql_world_start("the driver for MySQL") ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
