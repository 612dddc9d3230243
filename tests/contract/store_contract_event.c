/* Events in the outbox: in version order for each item, with one relay at a time, and kept for reports (R7). */
#include <stdio.h>
#include <string.h>

#include "contract/store_bench.h"

#define TOPIC "event:file"

static void add_event(struct store_bench *bench, const char *item, int version, int64_t due_at_ms)
{
    struct outbox_row row = {
        .topic = TOPIC, .not_before_ms = due_at_ms, .created_at_ms = 100 + version, .answered_at_ms = 90, .run_id = 7};
    char body[64];

    snprintf(row.key, sizeof(row.key), "%s", item);
    snprintf(row.dedup_key, sizeof(row.dedup_key), "%s-%d", item, version);
    snprintf(body, sizeof(body), "body of %s-%d", item, version);
    row.body = kk_sv_of(body);
    CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
}

struct events {
    struct bench_rows rows;
    char keys[256], bodies[1024];
};

static bool note_event(void *ctx, const struct outbox_row *row)
{
    struct events *events = ctx;
    size_t keys = strlen(events->keys), bodies = strlen(events->bodies);

    snprintf(events->keys + keys, sizeof(events->keys) - keys, "%s ", row->dedup_key);
    snprintf(events->bodies + bodies, sizeof(events->bodies) - bodies, KK_SV_FMT " ", KK_SV_ARG(row->body));
    return bench_note_row(&events->rows, row);
}

static struct events due(struct store_bench *bench, bool in_sequence, int64_t now_ms, int limit)
{
    struct events events = {.keys = ""};

    CHECK_OK(
        store_due_event_rows(bench->store, KK_SV(TOPIC), in_sequence, now_ms, limit, note_event, &events, &bench->err),
        &bench->err);
    return events;
}

static void a_sink_in_sequence_gets_all_in_the_order_they_were_written(void **state)
{
    struct store_bench *bench = *state;
    struct events events;

    add_event(bench, "1", 1, 500);
    add_event(bench, "2", 1, 10);
    add_event(bench, "1", 2, 20);
    events = due(bench, true, 0, 64);
    CHECK_STR(events.keys, "1-1 2-1 1-2 ");
    CHECK_STR(events.bodies, "body of 1-1 body of 2-1 body of 1-2 ");
    CHECK_STR(due(bench, true, 0, 2).keys, "1-1 2-1 ");
}

static void of_one_item_only_the_oldest_is_given(void **state)
{
    struct store_bench *bench = *state;
    struct events events;

    add_event(bench, "1", 1, 10);
    add_event(bench, "1", 2, 10);
    add_event(bench, "2", 1, 10);
    events = due(bench, false, 10, 64);
    CHECK_STR(events.keys, "1-1 2-1 ");
    CHECK_EQ(events.rows.row[0].answered_at_ms, 90);
    CHECK_EQ(events.rows.row[0].created_at_ms, 101);
    CHECK_EQ(events.rows.row[0].run_id, 7);
    CHECK_OK(store_event_published(bench->store, events.rows.row[0].id, 11, &(struct event_answer){.http_status = 200},
                                   &bench->err),
             &bench->err);
    CHECK_STR(due(bench, false, 10, 64).keys, "1-2 2-1 ");
}

static void a_next_version_waits_for_the_one_that_failed(void **state)
{
    struct store_bench *bench = *state;
    struct events events;

    add_event(bench, "1", 1, 10);
    add_event(bench, "1", 2, 10);
    add_event(bench, "2", 1, 10);
    events = due(bench, false, 10, 64);
    CHECK_OK(store_event_failed(bench->store, events.rows.row[0].id, 100,
                                &(struct event_answer){.error = KK_SV("no answer")}, &bench->err),
             &bench->err);
    CHECK_STR(due(bench, false, 99, 64).keys, "2-1 ");
    events = due(bench, false, 100, 64);
    CHECK_STR(events.keys, "2-1 1-1 ");
    CHECK_EQ(events.rows.row[1].attempts, 1);
}

static void other_topics_have_an_order_of_their_own(void **state)
{
    struct store_bench *bench = *state;
    struct outbox_row row = {.topic = "event:hook", .key = "1", .dedup_key = "1-1", .body = KK_SV("x")};

    CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_task(bench, "lux", 1, 0);
    add_event(bench, "1", 2, 10);
    CHECK_STR(due(bench, false, 10, 64).keys, "1-2 ");
    CHECK_STR(due(bench, true, 10, 64).keys, "1-2 ");
}

static void one_of_two_relays_takes_an_event(void **state)
{
    struct store_bench *bench = *state;
    struct events mine, theirs;
    bool is_done = false;

    add_event(bench, "1", 1, 10);
    mine = due(bench, false, 10, 64);
    theirs = due(bench, false, 10, 64);
    CHECK_OK(store_event_taken(bench->store, &mine.rows.row[0], 1000, &is_done, &bench->err), &bench->err);
    CHECK(is_done);
    CHECK_OK(store_event_taken(bench->other, &theirs.rows.row[0], 1000, &is_done, &bench->err), &bench->err);
    CHECK(!is_done);
    CHECK_EQ(due(bench, false, 999, 64).rows.count, 0);
    CHECK_STR(due(bench, false, 1000, 64).keys, "1-1 "); /* its relay died */
}

static void a_published_event_is_due_no_more(void **state)
{
    struct store_bench *bench = *state;
    struct events events;
    bool is_done = true;
    int64_t next = 0;

    CHECK_OK(store_outbox_next(bench->store, KK_SV(TOPIC), &next, &bench->err), &bench->err);
    CHECK_EQ(next, INT64_MAX);
    add_event(bench, "1", 1, 30);
    add_event(bench, "2", 1, 20);
    CHECK_OK(store_outbox_next(bench->store, KK_SV(TOPIC), &next, &bench->err), &bench->err);
    CHECK_EQ(next, 20);
    CHECK_EQ(bench_outbox_count(bench->store, TOPIC), 2);
    events = due(bench, false, 30, 64);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(store_event_published(bench->store, events.rows.row[i].id, 40,
                                       &(struct event_answer){.http_status = 204}, &bench->err),
                 &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, TOPIC), 0);
    CHECK_EQ(due(bench, false, INT64_MAX, 64).rows.count, 0);
    CHECK_EQ(due(bench, true, INT64_MAX, 64).rows.count, 0);
    CHECK_OK(store_outbox_next(bench->store, KK_SV(TOPIC), &next, &bench->err), &bench->err);
    CHECK_EQ(next, INT64_MAX);
    CHECK_OK(store_event_taken(bench->store, &events.rows.row[0], 50, &is_done, &bench->err), &bench->err);
    CHECK(!is_done);
    CHECK_OK(store_event_failed(bench->store, events.rows.row[0].id, 50,
                                &(struct event_answer){.error = KK_SV("late news")}, &bench->err),
             &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, TOPIC), 0);
    add_event(bench, "1", 1, 60); /* T3: the same event again, long after */
    CHECK_EQ(bench_outbox_count(bench->store, TOPIC), 0);
}

static void the_next_tasks_row_is_known_too(void **state)
{
    struct store_bench *bench = *state;
    int64_t next = 0;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_task(bench, "lux", 1, 0);
    add_event(bench, "1", 1, 3);
    CHECK_OK(store_outbox_next(bench->store, KK_SV("task"), &next, &bench->err), &bench->err);
    CHECK_EQ(next, BENCH_NOW_MS);
}

struct told {
    char keys[256];
    struct delivery last;
    char last_topic[64], last_error[64];
};

static bool note_delivery(void *ctx, const struct delivery *delivery)
{
    struct told *told = ctx;
    size_t len = strlen(told->keys);

    snprintf(told->keys + len, sizeof(told->keys) - len, KK_SV_FMT " ", KK_SV_ARG(delivery->dedup_key));
    told->last = *delivery;
    CHECK(kk_sv_copy(delivery->topic, told->last_topic, sizeof(told->last_topic)));
    CHECK(kk_sv_copy(delivery->error, told->last_error, sizeof(told->last_error)));
    return true;
}

static void deliveries_are_reported_newest_first(void **state)
{
    struct store_bench *bench = *state;
    struct told all = {.keys = ""}, one = {.keys = ""}, of_one = {.keys = ""};
    struct events events;

    add_event(bench, "1", 1, 10);
    add_event(bench, "2", 1, 10);
    add_event(bench, "3", 1, 10);
    events = due(bench, false, 10, 64);
    CHECK_OK(store_event_failed(bench->store, events.rows.row[0].id, 20,
                                &(struct event_answer){.error = KK_SV("no answer")}, &bench->err),
             &bench->err);
    CHECK_OK(store_event_published(bench->store, events.rows.row[1].id, 30, &(struct event_answer){.http_status = 0},
                                   &bench->err),
             &bench->err);
    CHECK_OK(store_event_published(bench->store, events.rows.row[0].id, 40, &(struct event_answer){.http_status = 202},
                                   &bench->err),
             &bench->err);
    CHECK_OK(store_each_delivery(bench->store, KK_SV(""), 64, note_delivery, &all, &bench->err), &bench->err);
    CHECK_STR(all.keys, "1-1 2-1 ");
    CHECK_OK(store_each_delivery(bench->store, KK_SV(""), 1, note_delivery, &one, &bench->err), &bench->err);
    CHECK_STR(one.keys, "1-1 ");
    CHECK_EQ(one.last.published_at_ms, 40);
    CHECK_EQ(one.last.created_at_ms, 101);
    CHECK_EQ(one.last.answered_at_ms, 90);
    CHECK_EQ(one.last.attempts, 2);
    CHECK_EQ(one.last.http_status, 202);
    CHECK_STR(one.last_topic, TOPIC);
    CHECK_STR(one.last_error, "no answer");
    CHECK_OK(store_each_delivery(bench->store, KK_SV("2"), 64, note_delivery, &of_one, &bench->err), &bench->err);
    CHECK_STR(of_one.keys, "2-1 ");
}

static void note_fate(void *ctx, const struct delivery *delivery)
{
    struct kk_buf *out = ctx;

    kk_buf_clear(out);
    kk_buf_addf(out, "due %lld told %lld tries %d http %d error '" KK_SV_FMT "' answer '" KK_SV_FMT "'",
                (long long)delivery->due_at_ms, (long long)delivery->published_at_ms, delivery->attempts,
                delivery->http_status, KK_SV_ARG(delivery->error), KK_SV_ARG(delivery->answer));
}

static void check_fate(struct store_bench *bench, const char *key, const char *want)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fate = KK_BUF(512);

    CHECK_OK(store_get_delivery(bench->store, KK_SV(TOPIC), kk_sv_of(key), note_fate, &fate, &bench->err), &bench->err);
    CHECK_STR(kk_buf_sv(&fate), want);
}

static void one_events_fate_can_be_asked_for(void **state)
{
    struct store_bench *bench = *state;
    const struct event_answer no = {.http_status = 503, .error = KK_SV("answered 503"), .answer = KK_SV("not now")};
    const struct event_answer yes = {.http_status = 200, .answer = KK_SV("고맙습니다")};
    KK_CLEANUP(kk_buf_done) struct kk_buf fate = KK_BUF(512);
    int64_t id;

    add_event(bench, "1", 1, 10);
    add_event(bench, "2", 1, 10);
    id = due(bench, true, 0, 64).rows.row[0].id;
    check_fate(bench, "1-1", "due 10 told 0 tries 0 http 0 error '' answer ''");
    CHECK_OK(store_event_failed(bench->store, id, 20, &no, &bench->err), &bench->err);
    check_fate(bench, "1-1", "due 20 told 0 tries 1 http 503 error 'answered 503' answer 'not now'");
    CHECK_OK(store_event_published(bench->store, id, 30, &yes, &bench->err), &bench->err);
    check_fate(bench, "1-1", "due 0 told 30 tries 2 http 200 error 'answered 503' answer '고맙습니다'");
    check_fate(bench, "2-1", "due 10 told 0 tries 0 http 0 error '' answer ''");
    CHECK_EQ(store_get_delivery(bench->store, KK_SV(TOPIC), KK_SV("3-1"), note_fate, &fate, &bench->err), KK_NOT_FOUND);
    CHECK_EQ(store_get_delivery(bench->store, KK_SV("event:hook"), KK_SV("1-1"), note_fate, &fate, &bench->err),
             KK_NOT_FOUND);
}

int store_event_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_sink_in_sequence_gets_all_in_the_order_they_were_written),
        STORE_TEST(of_one_item_only_the_oldest_is_given),
        STORE_TEST(a_next_version_waits_for_the_one_that_failed),
        STORE_TEST(other_topics_have_an_order_of_their_own),
        STORE_TEST(one_of_two_relays_takes_an_event),
        STORE_TEST(a_published_event_is_due_no_more),
        STORE_TEST(the_next_tasks_row_is_known_too),
        STORE_TEST(deliveries_are_reported_newest_first),
        STORE_TEST(one_events_fate_can_be_asked_for),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
