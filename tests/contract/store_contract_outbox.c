/* The relay's turn over the tasks' rows: due, fair, within each seller's share. */
#include <stdio.h>
#include <string.h>

#include "contract/store_bench.h"

static void check_sellers(const struct bench_rows *rows, const char *expected)
{
    char got[512] = "";

    for (size_t i = 0; i < rows->count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof(got) - len, "%s ", rows->row[i].key);
    }
    CHECK_STR(got, expected);
}

static void some_tasks(struct store_bench *bench, const char *seller_id, int count)
{
    static int64_t item_no;

    for (int i = 0; i < count; i++)
        bench_task(bench, seller_id, ++item_no, 0);
}

static void sellers_take_turns_after_the_cursor_and_once_round(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    char cursor[SELLER_ID_BYTES] = "";

    for (const char *id = "abc"; *id; id++) {
        bench_seller(bench, (char[2]){*id, '\0'}, SELLER_ACTIVE);
        some_tasks(bench, (char[2]){*id, '\0'}, 3);
    }
    rows = bench_due(bench, BENCH_NOW_MS, 2, 64, cursor);
    check_sellers(&rows, "a a b b c c ");
    CHECK_STR(cursor, "c");
    kk_sv_copy(KK_SV("a"), cursor, sizeof(cursor));
    rows = bench_due(bench, BENCH_NOW_MS, 2, 64, cursor);
    check_sellers(&rows, "b b c c a a ");
    CHECK_STR(cursor, "a");
    kk_sv_copy(KK_SV("bb"), cursor, sizeof(cursor)); /* a seller that has nothing any more */
    rows = bench_due(bench, BENCH_NOW_MS, 1, 64, cursor);
    check_sellers(&rows, "c a b ");
    CHECK_STR(cursor, "b");
}

static void the_cursor_stays_with_the_last_one_served(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    char cursor[SELLER_ID_BYTES] = "";

    for (const char *id = "abc"; *id; id++) {
        bench_seller(bench, (char[2]){*id, '\0'}, SELLER_ACTIVE);
        some_tasks(bench, (char[2]){*id, '\0'}, 3);
    }
    rows = bench_due(bench, BENCH_NOW_MS, 64, 4, cursor);
    check_sellers(&rows, "a a a b ");
    CHECK_STR(cursor, "b");
    rows = bench_due(bench, BENCH_NOW_MS, 64, 4, cursor);
    check_sellers(&rows, "c c c a ");
    CHECK_STR(cursor, "a");
}

static void a_seller_has_no_more_than_its_share_in_the_queue(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    struct task task;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 100001, 0);
    bench_publish(bench, &task);
    task = bench_task(bench, "lux", 100002, 0);
    bench_publish(bench, &task);
    task = bench_claim(bench, &task);
    some_tasks(bench, "lux", 5);
    rows = bench_due(bench, BENCH_NOW_MS, 4, 64, cursor);
    CHECK_EQ(rows.count, 2);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS, 2, 64, cursor).count, 0);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS, 1, 64, cursor).count, 0); /* the share was made smaller */
    CHECK(bench_move(bench, &task, TASK_ON_FINISHED, 1));
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS, 4, 64, cursor).count, 3);
}

static void a_promise_made_once_more_is_not_held_back_by_the_share(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    struct task a, b;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    a = bench_task(bench, "lux", 100001, 0);
    bench_publish(bench, &a);
    b = bench_task(bench, "lux", 100002, 0);
    bench_publish(bench, &b);
    some_tasks(bench, "lux", 2);
    CHECK_OK(store_promise_again(bench->store, &a, BENCH_NOW_MS, &bench->err), &bench->err);
    CHECK_OK(store_promise_again(bench->store, &b, BENCH_NOW_MS, &bench->err), &bench->err);
    rows = bench_due(bench, BENCH_NOW_MS, 2, 64, cursor);
    CHECK_EQ(rows.count, 2);
    CHECK_EQ(rows.row[0].task_id, a.id);
    CHECK_EQ(rows.row[1].task_id, b.id);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS, 3, 64, cursor).count, 3);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS, 3, 1, cursor).count, 1);
}

static void within_a_seller_rank_goes_before_age(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    struct task late, early, urgent;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    early = bench_task(bench, "lux", 100001, 5);
    late = bench_task(bench, "lux", 100002, 5);
    urgent = bench_task(bench, "lux", 100003, 1);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor);
    CHECK_EQ(rows.count, 3);
    CHECK_EQ(rows.row[0].task_id, urgent.id);
    CHECK_EQ(rows.row[1].task_id, early.id);
    CHECK_EQ(rows.row[2].task_id, late.id);
}

static void rows_that_are_not_due_or_of_idle_sellers_are_passed_over(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    bench_seller(bench, "c", SELLER_ACTIVE);
    some_tasks(bench, "a", 1);
    some_tasks(bench, "b", 1);
    some_tasks(bench, "c", 1);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS - 1, 64, 64, cursor).count, 0);
    bench_seller_state(bench, "a", SELLER_PAUSED);
    bench_seller_state(bench, "b", SELLER_DISABLED);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor);
    check_sellers(&rows, "c ");
    CHECK_STR(cursor, "c");
    bench_seller_state(bench, "a", SELLER_ACTIVE);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor);
    check_sellers(&rows, "a c ");
    bench_seller_state(bench, "c", SELLER_PAUSED);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor);
    check_sellers(&rows, "a ");
    CHECK_STR(cursor, "a"); /* who got nothing was not served */
}

static void a_reader_that_stops_has_what_it_was_given(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows = {.stop_at = 2};
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    some_tasks(bench, "a", 1);
    some_tasks(bench, "b", 3);
    CHECK_OK(store_due_task_rows(bench->store, BENCH_NOW_MS, 64, 64, cursor, bench_note_row, &rows, &bench->err),
             &bench->err);
    check_sellers(&rows, "a b ");
    CHECK_STR(cursor, "b");
}

struct kept {
    const struct outbox_row *row[8];
    size_t count;
};

static bool keep_row(void *ctx, const struct outbox_row *row)
{
    struct kept *kept = ctx;

    CHECK(kept->count < KK_COUNT(kept->row));
    kept->row[kept->count++] = row;
    return true;
}

static void rows_stay_until_the_transaction_ends(void **state)
{
    struct store_bench *bench = *state;
    struct kept kept = {.count = 0};
    struct task_ticket ticket;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    some_tasks(bench, "lux", 3);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK_OK(store_due_task_rows(bench->store, BENCH_NOW_MS, 64, 64, cursor, keep_row, &kept, &bench->err),
             &bench->err);
    CHECK_EQ(kept.count, 3);
    for (size_t i = 0; i < kept.count; i++) {
        CHECK_OK(task_ticket_read(kept.row[i]->body, &ticket, &bench->err), &bench->err);
        CHECK_EQ(ticket.task_id, kept.row[i]->task_id);
        CHECK_EQ(ticket.serial, 1);
        CHECK_OK(store_task_published(bench->store, kept.row[i]->id, ticket.task_id, 1, BENCH_NOW_MS, &bench->err),
                 &bench->err);
    }
    CHECK_STR(kept.row[0]->key, "lux");
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
}

static void publishing_moves_the_task_and_takes_the_row(void **state)
{
    struct store_bench *bench = *state;
    struct task task, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 1);
    bench_publish(bench, &task);
    got = bench_get(bench, task.id);
    CHECK_EQ(got.state, TASK_PUBLISHED);
    CHECK_EQ(got.published_at_ms, BENCH_NOW_MS);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
}

static void a_row_whose_task_went_on_is_only_taken_away(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    struct task task;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    bench_publish(bench, &task);
    CHECK_OK(store_promise_again(bench->store, &task, BENCH_NOW_MS, &bench->err), &bench->err);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor);
    task = bench_claim(bench, &task); /* by the first message, late */
    CHECK(bench_move(bench, &task, TASK_ON_FINISHED, 7));
    CHECK_OK(store_task_published(bench->store, rows.row[0].id, task.id, task.serial, 8, &bench->err), &bench->err);
    CHECK_EQ(bench_get(bench, task.id).state, TASK_SUCCESS);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
}

static void a_relay_that_comes_second_takes_nothing_that_is_not_its_own(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows rows;
    struct task task, next;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    rows = bench_due(bench, BENCH_NOW_MS, 64, 64, cursor); /* two relays have this row in hand */
    bench_publish(bench, &task);
    next = bench_task(bench, "lux", 2, 0); /* its row may get the id that was just freed */
    CHECK_OK(store_task_published(bench->other, rows.row[0].id, task.id, task.serial, BENCH_NOW_MS, &bench->err),
             &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 1);
    CHECK_EQ(bench_get(bench, next.id).state, TASK_WAITING);
}

static void the_same_promise_is_written_once(void **state)
{
    struct store_bench *bench = *state;
    struct outbox_row row = {.topic = "event:file", .key = "1", .dedup_key = "1-1", .body = KK_SV("a")};

    CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
    CHECK_OK(store_add_outbox(bench->other, &row, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "event:file"), 1);
    kk_sv_copy(KK_SV("event:hook"), row.topic, sizeof(row.topic));
    CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "event:hook"), 1);
    CHECK_EQ(bench_outbox_count(bench->store, ""), 2);
}

#define CROWD 3000

static bool count_row(void *ctx, const struct outbox_row *row)
{
    (void)row;
    ++*(int *)ctx;
    return true;
}

static void thousands_of_sellers_are_all_served(void **state)
{
    struct store_bench *bench = *state;
    char id[16], cursor[SELLER_ID_BYTES] = "";
    int count = 0;

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    for (int i = 0; i < CROWD; i++) {
        snprintf(id, sizeof(id), "s%05d", i);
        bench_seller(bench, id, i % 3 ? SELLER_ACTIVE : SELLER_PAUSED);
        some_tasks(bench, id, 1);
    }
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    for (int turn = 0; turn < CROWD; turn++) {
        int before = count;

        CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
        CHECK_OK(store_due_task_rows(bench->store, BENCH_NOW_MS, 1, 500, cursor, count_row, &count, &bench->err),
                 &bench->err);
        CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
        if (count >= CROWD * 2 / 3)
            break;
        CHECK(count > before);
    }
    CHECK_EQ(count, CROWD * 2 / 3);
    CHECK_STR(cursor, "s02999");
}

/* Each call looks at some of them only, and none looks at the same again and
 * again. */
static void a_crowd_that_can_be_given_nothing_hides_nobody(void **state)
{
    struct store_bench *bench = *state;
    char id[16], cursor[SELLER_ID_BYTES] = "";
    int count = 0, turns = 0;

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    for (int i = 0; i < CROWD; i++) {
        snprintf(id, sizeof(id), "s%05d", i);
        bench_seller(bench, id, SELLER_PAUSED);
        some_tasks(bench, id, 1);
    }
    bench_seller(bench, "z", SELLER_ACTIVE);
    some_tasks(bench, "z", 1);
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    for (; count == 0 && turns < CROWD; turns++) {
        CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
        CHECK_OK(store_due_task_rows(bench->store, BENCH_NOW_MS, 64, 256, cursor, count_row, &count, &bench->err),
                 &bench->err);
        store_rollback(bench->store); /* as a relay does that was given nothing */
    }
    CHECK_EQ(count, 1);
    CHECK(turns > 1 && turns <= 10);
    CHECK_STR(cursor, "z");
}

int store_outbox_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(sellers_take_turns_after_the_cursor_and_once_round),
        STORE_TEST(the_cursor_stays_with_the_last_one_served),
        STORE_TEST(a_seller_has_no_more_than_its_share_in_the_queue),
        STORE_TEST(a_promise_made_once_more_is_not_held_back_by_the_share),
        STORE_TEST(within_a_seller_rank_goes_before_age),
        STORE_TEST(rows_that_are_not_due_or_of_idle_sellers_are_passed_over),
        STORE_TEST(a_reader_that_stops_has_what_it_was_given),
        STORE_TEST(rows_stay_until_the_transaction_ends),
        STORE_TEST(publishing_moves_the_task_and_takes_the_row),
        STORE_TEST(a_row_whose_task_went_on_is_only_taken_away),
        STORE_TEST(a_relay_that_comes_second_takes_nothing_that_is_not_its_own),
        STORE_TEST(the_same_promise_is_written_once),
        STORE_TEST(thousands_of_sellers_are_all_served),
        STORE_TEST(a_crowd_that_can_be_given_nothing_hides_nobody),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
