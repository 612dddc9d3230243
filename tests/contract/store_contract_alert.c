/* Alerts, and what became of a message about them. */
#include <string.h>

#include "contract/store_bench.h"
#include "ports/alerts.h"

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

int store_alert_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_alert_is_kept_with_all_it_knows),
        STORE_TEST(the_longest_detail_fits),
        STORE_TEST(a_message_is_followed_to_its_end),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
