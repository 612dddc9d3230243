/* From a crawl to versions and events (D2-D5, R6, R7, R8, R11). */
#include "support/check.h"
#include "support/rig.h"

#include "app/manage.h"
#include "ports/store.h"

static int open_rig(void **state)
{
    *state = rig_open();
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    return 0;
}

static struct product product_of(struct rig *rig, int64_t item_no)
{
    struct product product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    struct kk_err err;

    CHECK_OK(store_get_product(rig->app.store, item_no, &product, &err), &err);
    return product;
}

static int64_t version_of(struct rig *rig, int64_t item_no)
{
    KK_CLEANUP(product_done) struct product product = product_of(rig, item_no);

    return product.version;
}

static bool was_told(const struct rig *rig, const char *text)
{
    struct kk_sv told = kk_buf_sv(&rig->told);

    return kk_sv_find(told, kk_sv_of(text)) < told.len;
}

static void a_first_crawl_makes_version_1_of_every_item(void **state)
{
    struct rig *rig = *state;
    struct run run;

    rig_add_item(rig, 900100001, 338000);
    rig_add_item(rig, 900100002, 891000);
    run = rig_crawl(rig);
    CHECK_EQ(run.state, RUN_COMPLETE);
    CHECK_EQ(run.counts.created_count, 2);
    CHECK_EQ(run.counts.request_count, 1 + 2 * 2);
    CHECK_EQ(version_of(rig, 900100001), 1);
    CHECK_EQ(rig->told_count, 2);
    CHECK(was_told(rig, "\"type\":\"kkachi.product.created\""));
    CHECK(was_told(rig, "\"id\":\"900100002-1\""));
}

static void a_second_look_without_news_makes_no_version_and_no_event(void **state)
{
    struct rig *rig = *state;
    struct run run;

    rig_add_item(rig, 900100001, 338000);
    rig_crawl(rig);
    run = rig_crawl(rig);
    CHECK_EQ(run.state, RUN_COMPLETE);
    CHECK_EQ(run.counts.changed_count + run.counts.created_count, 0);
    CHECK_EQ(version_of(rig, 900100001), 1);
    CHECK_EQ(rig->told_count, 1);
}

static void a_changed_price_is_one_version_and_one_event_that_names_it(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);

    rig_crawl(rig);
    item->selling_price = 299000;
    CHECK_EQ(rig_crawl(rig).counts.changed_count, 1);
    CHECK_EQ(version_of(rig, 900100001), 2);
    CHECK_EQ(rig->told_count, 2);
    CHECK(was_told(rig, "{\"field\":\"sellingPrice\",\"from\":338000,\"to\":299000}"));
}

static void options_gone_to_0_are_told_with_the_status(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);

    rig_crawl(rig);
    item->stock = 0;
    rig_crawl(rig);
    CHECK(was_told(rig, "{\"field\":\"status\",\"from\":\"ON_SALE\",\"to\":\"SOLD_OUT\"}"));
    CHECK(was_told(rig, "\"field\":\"options[6800100001].stock\",\"from\":3,\"to\":0"));
    CHECK_EQ(rig->told_count, 2);
}

static void an_item_is_removed_after_two_complete_lists_without_it_and_may_return(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item;

    rig_add_item(rig, 900100001, 338000);
    item = rig_add_item(rig, 900100002, 891000);
    rig_crawl(rig);
    item->is_listed = false;
    CHECK_EQ(rig_crawl(rig).counts.removed_count, 0);
    CHECK_EQ(rig_crawl(rig).counts.removed_count, 1);
    CHECK(was_told(rig, "\"type\":\"kkachi.product.removed\""));
    CHECK_EQ(rig_crawl(rig).counts.removed_count, 0);
    CHECK_EQ(version_of(rig, 900100002), 2);
    item->is_listed = true;
    CHECK_EQ(rig_crawl(rig).counts.returned_count, 1);
    CHECK(was_told(rig, "\"type\":\"kkachi.product.returned\""));
    CHECK_EQ(version_of(rig, 900100002), 3);
}

static void a_list_that_does_not_match_its_count_is_read_once_more_and_proves_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item;
    struct run run;

    rig_add_item(rig, 900100001, 338000);
    item = rig_add_item(rig, 900100002, 891000);
    rig_crawl(rig);
    item->is_listed = false;
    rig->site.count_lie = 1;
    for (int i = 0; i < 3; i++) {
        run = rig_crawl(rig);
        CHECK_EQ(run.state, RUN_INCOMPLETE);
        CHECK_EQ(run.list_pass, 2);
        CHECK_EQ(run.counts.removed_count, 0);
    }
    CHECK_EQ(version_of(rig, 900100002), 1);
}

static void a_site_that_serves_smaller_pages_is_followed(void **state)
{
    struct rig *rig = *state;
    struct run run;

    for (int64_t i = 0; i < 7; i++)
        rig_add_item(rig, 900100001 + i, 338000 + i);
    rig->site.page_max = 3;
    run = rig_crawl(rig);
    CHECK_EQ(run.state, RUN_COMPLETE);
    CHECK_EQ(run.page_count, 3);
    CHECK_EQ(run.counts.created_count, 7);
}

static void an_item_page_that_is_gone_leaves_the_product_as_it_was(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);

    rig_crawl(rig);
    item->is_gone = true;
    CHECK_EQ(rig_crawl(rig).state, RUN_COMPLETE);
    CHECK_EQ(version_of(rig, 900100001), 1);
    CHECK_EQ(rig_task(rig, TASK_DETAIL, 900100001).state, TASK_SUCCESS);
}

static void options_that_never_come_close_the_visit_with_those_known_before(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);
    struct run run;

    rig_crawl(rig);
    item->options_status = 500;
    item->selling_price = 299000;
    run = rig_crawl(rig);
    CHECK_EQ(run.counts.dead_count, 1);
    CHECK_EQ(run.counts.changed_count, 1);
    CHECK_EQ(version_of(rig, 900100001), 2);
}

static void a_new_item_without_options_waits_until_it_was_complete_once(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);

    item->options_status = 500;
    CHECK_EQ(rig_crawl(rig).counts.created_count, 0);
    item->options_status = 200;
    CHECK_EQ(rig_crawl(rig).counts.created_count, 1);
}

static void in_mode_delta_an_unchanged_item_costs_no_request(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item;
    struct seller seller;
    struct seller_change change = {.mode = CRAWL_DELTA};
    struct kk_err err;

    rig_add_item(rig, 900100001, 338000);
    item = rig_add_item(rig, 900100002, 891000);
    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &change, &seller, &err), &err);
    rig_crawl(rig);
    CHECK_EQ(rig_crawl(rig).counts.request_count, 1);
    item->selling_price = 880000;
    CHECK_EQ(rig_crawl(rig).counts.request_count, 1 + 2);
    CHECK_EQ(version_of(rig, 900100002), 2);
}

static void events_wait_for_a_sink_that_refuses_and_keep_their_order(void **state)
{
    struct rig *rig = *state;
    struct rig_item *item = rig_add_item(rig, 900100001, 338000);
    size_t first, second;

    rig->sink_code = KK_UNAVAILABLE;
    rig_crawl(rig);
    item->selling_price = 299000;
    rig_crawl(rig);
    CHECK_EQ(rig->told_count, 0);
    rig->sink_code = KK_OK;
    rig_pass(rig, KK_HOUR_MS);
    rig_run(rig, KK_MINUTE_MS);
    rig_pass(rig, KK_MINUTE_MS);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(rig->told_count, 2);
    first = kk_sv_find(kk_buf_sv(&rig->told), KK_SV("900100001-1"));
    second = kk_sv_find(kk_buf_sv(&rig->told), KK_SV("900100001-2"));
    CHECK(first < second && second < rig->told.len);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_first_crawl_makes_version_1_of_every_item),
        RIG_TEST(a_second_look_without_news_makes_no_version_and_no_event),
        RIG_TEST(a_changed_price_is_one_version_and_one_event_that_names_it),
        RIG_TEST(options_gone_to_0_are_told_with_the_status),
        RIG_TEST(an_item_is_removed_after_two_complete_lists_without_it_and_may_return),
        RIG_TEST(a_list_that_does_not_match_its_count_is_read_once_more_and_proves_nothing),
        RIG_TEST(a_site_that_serves_smaller_pages_is_followed),
        RIG_TEST(an_item_page_that_is_gone_leaves_the_product_as_it_was),
        RIG_TEST(options_that_never_come_close_the_visit_with_those_known_before),
        RIG_TEST(a_new_item_without_options_waits_until_it_was_complete_once),
        RIG_TEST(in_mode_delta_an_unchanged_item_costs_no_request),
        RIG_TEST(events_wait_for_a_sink_that_refuses_and_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
