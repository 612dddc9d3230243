/* Alerts, what became of a message about them, and sellers at rest. */
#include <string.h>

#include "contract/store_bench.h"
#include "ports/alerts.h"
#include "ports/rests.h"

static void an_alert_is_kept_with_all_it_knows(void **state)
{
    struct store_bench *bench = *state;
    struct alert alerts[ALERT_COUNT];
    struct alert put = {.key = ALERT_SELLERS_STALE,
                        .since_ms = 1,
                        .raised_at_ms = 2,
                        .well_since_ms = 3,
                        .told_at_ms = 4,
                        .told_count = 5,
                        .size = 6,
                        .told_size = 7,
                        .resolved_at_ms = 8,
                        .detail = "2 sellers: 까치, lux"};

    CHECK_OK(store_get_alerts(bench->other, alerts, &bench->err), &bench->err);
    for (int i = 0; i < ALERT_COUNT; i++) {
        CHECK_EQ(alerts[i].key, i);
        CHECK_EQ(alerts[i].since_ms, 0);
    }
    for (int round = 0; round < 2; round++) { /* put for the first time, and over what is there */
        CHECK_OK(store_put_alert(bench->store, &put, &bench->err), &bench->err);
        CHECK_OK(store_get_alerts(bench->other, alerts, &bench->err), &bench->err);
        CHECK_EQ(alerts[put.key].since_ms, put.since_ms);
        CHECK_EQ(alerts[put.key].raised_at_ms, put.raised_at_ms);
        CHECK_EQ(alerts[put.key].well_since_ms, put.well_since_ms);
        CHECK_EQ(alerts[put.key].told_at_ms, put.told_at_ms);
        CHECK_EQ(alerts[put.key].told_count, put.told_count);
        CHECK_EQ(alerts[put.key].size, put.size);
        CHECK_EQ(alerts[put.key].told_size, put.told_size);
        CHECK_EQ(alerts[put.key].resolved_at_ms, put.resolved_at_ms);
        CHECK_STR(alerts[put.key].detail, put.detail);
        CHECK_EQ(alerts[ALERT_SELLERS_EMPTY].since_ms, 0);
        put = (struct alert){.key = put.key,
                             .since_ms = 11,
                             .raised_at_ms = 12,
                             .well_since_ms = 13,
                             .told_at_ms = 14,
                             .told_count = 15,
                             .size = 16,
                             .told_size = 17,
                             .resolved_at_ms = 18,
                             .detail = "other"};
    }
}

static void the_longest_detail_fits(void **state)
{
    struct store_bench *bench = *state;
    struct alert alerts[ALERT_COUNT], put = {.key = ALERT_DISK_FULL, .since_ms = 1};

    memset(put.detail, 'x', sizeof(put.detail) - 1);
    CHECK_OK(store_put_alert(bench->store, &put, &bench->err), &bench->err);
    CHECK_OK(store_get_alerts(bench->store, alerts, &bench->err), &bench->err);
    CHECK_STR(alerts[ALERT_DISK_FULL].detail, put.detail);
}

static void note_delivery(void *ctx, const struct delivery *delivery)
{
    struct delivery *seen = ctx;

    CHECK_STR(delivery->topic, "notify:desk");
    CHECK_STR(delivery->dedup_key, "KkachiTest-1");
    if (delivery->attempts == 1)
        CHECK_STR(delivery->error, "it is closed");
    seen->outbox_id = delivery->outbox_id;
    seen->attempts = delivery->attempts;
    seen->published_at_ms = delivery->published_at_ms;
    seen->http_status = delivery->http_status;
}

static void a_message_is_followed_to_its_end(void **state)
{
    struct store_bench *bench = *state;
    struct outbox_row row = {
        .topic = "notify:desk", .key = "alert", .dedup_key = "KkachiTest-1", .not_before_ms = 5, .body = KK_SV("{}")};
    struct delivery seen = {0};

    CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
    CHECK_EQ(store_get_delivery(bench->other, KK_SV("notify:desk"), KK_SV("KkachiTest-2"), note_delivery, &seen, NULL),
             KK_NOT_FOUND);
    CHECK_EQ(store_get_delivery(bench->other, KK_SV("notify:x"), KK_SV("KkachiTest-1"), note_delivery, &seen, NULL),
             KK_NOT_FOUND);
    CHECK_OK(store_get_delivery(bench->other, KK_SV("notify:desk"), KK_SV("KkachiTest-1"), note_delivery, &seen,
                                &bench->err),
             &bench->err);
    CHECK_EQ(seen.published_at_ms, 0);
    CHECK_EQ(seen.attempts, 0);
    CHECK_OK(store_event_failed(bench->store, seen.outbox_id, 10,
                                &(struct event_answer){.error = KK_SV("it is closed")}, &bench->err),
             &bench->err);
    CHECK_OK(store_get_delivery(bench->other, KK_SV("notify:desk"), KK_SV("KkachiTest-1"), note_delivery, &seen,
                                &bench->err),
             &bench->err);
    CHECK_EQ(seen.attempts, 1);
    CHECK_EQ(seen.published_at_ms, 0);
    CHECK_OK(store_event_published(bench->store, seen.outbox_id, 20, &(struct event_answer){.http_status = 204},
                                   &bench->err),
             &bench->err);
    CHECK_OK(store_get_delivery(bench->other, KK_SV("notify:desk"), KK_SV("KkachiTest-1"), note_delivery, &seen,
                                &bench->err),
             &bench->err);
    CHECK_EQ(seen.attempts, 2);
    CHECK_EQ(seen.published_at_ms, 20);
    CHECK_EQ(seen.http_status, 204);
}

static bool note_rest(void *ctx, const struct rest *rest)
{
    struct rest *seen = ctx;

    CHECK(!seen->is_resting); /* one alone */
    *seen = *rest;
    return true;
}

static void a_rest_is_kept_and_ends_when_a_person_says_so(void **state)
{
    struct store_bench *bench = *state;
    struct rest rest, seen = {0};
    struct seller seller;

    bench_seller(bench, "lux", SELLER_PAUSED);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &seller, &bench->err), &bench->err);
    CHECK_OK(store_get_rest(bench->store, KK_SV("lux"), &rest, &bench->err), &bench->err);
    CHECK_STR(rest.seller_id, "lux");
    CHECK(!rest.is_resting && !rest.until_ms);
    rest.is_resting = true;
    rest.since_ms = 5;
    rest.until_ms = 7;
    rest.revision = seller.revision;
    for (int round = 0; round < 2; round++) { /* the second time over what is there */
        CHECK_OK(store_put_rest(bench->store, &rest, &bench->err), &bench->err);
        CHECK_OK(store_get_rest(bench->other, KK_SV("lux"), &seen, &bench->err), &bench->err);
        CHECK_EQ(seen.since_ms, rest.since_ms);
        CHECK_EQ(seen.until_ms, rest.until_ms);
        CHECK_EQ(seen.revision, rest.revision);
        CHECK_EQ(seen.is_resting, true);
        seen = (struct rest){0};
        CHECK_OK(store_each_rest(bench->other, note_rest, &seen, &bench->err), &bench->err);
        CHECK_STR(seen.seller_id, "lux");
        CHECK_EQ(seen.until_ms, rest.until_ms);
        rest.until_ms = 9;
    }
    CHECK_OK(store_put_seller(bench->store, &seller, &bench->err), &bench->err); /* another revision */
    seen = (struct rest){0};
    CHECK_OK(store_each_rest(bench->other, note_rest, &seen, &bench->err), &bench->err);
    CHECK(!seen.is_resting);
}

static void a_success_is_known_by_when_it_ended(void **state)
{
    struct store_bench *bench = *state;
    struct task task;
    bool is_there = true;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_run(bench, "lux");
    task = bench_task(bench, "lux", 900100001, 0);
    CHECK_OK(store_has_success(bench->other, KK_SV("lux"), 0, &is_there, &bench->err), &bench->err);
    CHECK(!is_there);
    bench_publish(bench, &task);
    task = bench_claim(bench, &task);
    task.ended_at_ms = 5000;
    CHECK(bench_move(bench, &task, TASK_ON_FINISHED, 5000));
    CHECK_OK(store_has_success(bench->other, KK_SV("lux"), 5000, &is_there, &bench->err), &bench->err);
    CHECK(is_there);
    CHECK_OK(store_has_success(bench->other, KK_SV("lux"), 5001, &is_there, &bench->err), &bench->err);
    CHECK(!is_there);
    CHECK_OK(store_has_success(bench->other, KK_SV("casa"), 0, &is_there, &bench->err), &bench->err);
    CHECK(!is_there);
}

int store_alert_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_alert_is_kept_with_all_it_knows),  STORE_TEST(the_longest_detail_fits),
        STORE_TEST(a_message_is_followed_to_its_end),    STORE_TEST(a_rest_is_kept_and_ends_when_a_person_says_so),
        STORE_TEST(a_success_is_known_by_when_it_ended),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
