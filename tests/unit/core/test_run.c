#include "core/run.h"

#include "support/check.h"

static void a_list_is_complete_when_all_pages_came_and_the_items_match_its_count(void **state)
{
    (void)state;
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = 501, .seen_count = 501}), RUN_END_COMPLETE);
    CHECK_EQ(run_next(&(struct run){.list_pass = 2, .item_count = 501, .seen_count = 501}), RUN_END_COMPLETE);
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = 0, .seen_count = 0}), RUN_END_COMPLETE);
}

static void a_mismatch_or_a_lost_page_is_read_once_more(void **state)
{
    (void)state;
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = 501, .seen_count = 500}), RUN_READ_LIST_AGAIN);
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = 500, .seen_count = 501}), RUN_READ_LIST_AGAIN);
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = 5, .seen_count = 5, .list_failed = 1}),
             RUN_READ_LIST_AGAIN);
    CHECK_EQ(run_next(&(struct run){.list_pass = 1, .item_count = -1, .list_failed = 1}), RUN_READ_LIST_AGAIN);
}

/* R11: what was never counted proves nothing, whatever the numbers say. */
static void the_second_time_it_proves_nothing(void **state)
{
    (void)state;
    CHECK_EQ(run_next(&(struct run){.list_pass = 2, .item_count = 501, .seen_count = 500}), RUN_END_INCOMPLETE);
    CHECK_EQ(run_next(&(struct run){.list_pass = 2, .item_count = 5, .seen_count = 5, .list_failed = 1}),
             RUN_END_INCOMPLETE);
    CHECK_EQ(run_next(&(struct run){.list_pass = 2, .item_count = -1, .seen_count = -1}), RUN_END_INCOMPLETE);
}

static void a_run_without_a_list_proves_nothing(void **state)
{
    (void)state;
    CHECK_EQ(run_next(&(struct run){.list_pass = 0, .item_count = 0, .seen_count = 0}), RUN_END_INCOMPLETE);
    CHECK_EQ(run_next(&(struct run){.list_pass = 0, .item_count = -1}), RUN_END_INCOMPLETE);
}

static void every_name_is_read_back(void **state)
{
    enum run_state run_state;
    enum run_trigger trigger;

    (void)state;
    for (int s = RUN_OPEN; s <= RUN_INCOMPLETE; s++) {
        CHECK(run_state_parse(kk_sv_of(run_state_name((enum run_state)s)), &run_state));
        CHECK_EQ(run_state, s);
    }
    for (int t = RUN_BY_SCHEDULE; t <= RUN_BY_PERSON; t++) {
        CHECK(run_trigger_parse(kk_sv_of(run_trigger_name((enum run_trigger)t)), &trigger));
        CHECK_EQ(trigger, t);
    }
    CHECK(!run_state_parse(KK_SV("open"), &run_state));
    CHECK(!run_trigger_parse(KK_SV("cron"), &trigger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_complete_when_all_pages_came_and_the_items_match_its_count),
        cmocka_unit_test(a_mismatch_or_a_lost_page_is_read_once_more),
        cmocka_unit_test(the_second_time_it_proves_nothing),
        cmocka_unit_test(a_run_without_a_list_proves_nothing),
        cmocka_unit_test(every_name_is_read_back),
    };

    return cmocka_run_group_tests_name("core/run", tests, NULL, NULL);
}
