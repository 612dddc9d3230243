#include "core/why.h"

#include <string.h>

#include "support/check.h"

#define NOW INT64_C(1000000)

/* An item of a seller that is at rest, where nothing stands in the way. */
static struct seller seller;
static struct task task;
static struct why_facts facts;

static int set_up(void **state)
{
    (void)state;
    seller = (struct seller){.state = SELLER_ACTIVE, .mode = CRAWL_FULL, .next_run_at_ms = NOW + 50};
    task = (struct task){.id = 1};
    facts = (struct why_facts){.now_ms = NOW, .seller = &seller, .agents = 3, .is_item = true, .is_listed = true};
    return 0;
}

static void check(enum why_reason reason, int64_t until_ms)
{
    struct why_wait wait = why_wait(&facts);

    assert_string_equal(why_reason_name(wait.reason), why_reason_name(reason));
    CHECK_EQ(wait.until_ms, until_ms);
}

static void at_rest_it_waits_for_the_next_crawl(void **state)
{
    (void)state;
    check(WHY_PERIOD, NOW + 50);
    seller.mode = CRAWL_DELTA;
    check(WHY_ENTRY, NOW + 50);
    facts.is_removed = true;
    check(WHY_REMOVED, NOW + 50);
    facts.is_listed = false;
    check(WHY_NOT_SHOWN, NOW + 50);
    facts.is_item = false;
    check(WHY_PERIOD, NOW + 50);
}

static void a_next_crawl_that_could_send_nothing_is_no_answer(void **state)
{
    (void)state;
    facts.agents = 0;
    check(WHY_NO_AGENT, 0);
    facts.is_all_paused = true;
    check(WHY_ALL_PAUSED, 0);
    facts.is_item = false;
    check(WHY_ALL_PAUSED, 0);
}

static void a_seller_out_of_work_comes_before_all_else(void **state)
{
    (void)state;
    task.state = TASK_RUNNING;
    facts.task = &task;
    facts.is_all_paused = true;
    seller.state = SELLER_PAUSED;
    check(WHY_SELLER_PAUSED, 0);
    seller.state = SELLER_DISABLED;
    check(WHY_SELLER_DISABLED, 0);
}

static void a_task_says_where_it_stands(void **state)
{
    static const enum task_state waiting[] = {TASK_WAITING, TASK_RETRY, TASK_TIMEOUT, TASK_FAILED};

    (void)state;
    facts.task = &task;
    facts.has_open_run = true;
    task.lease_until_ms = NOW + 9;
    task.state = TASK_RUNNING;
    check(WHY_RUNNING, NOW + 9);
    task.state = TASK_PUBLISHED;
    check(WHY_QUEUED, 0);
    for (size_t i = 0; i < KK_COUNT(waiting); i++) {
        task.state = waiting[i];
        check(WHY_SHARE, 0);
    }
    task.is_dead = true;
    check(WHY_DEAD, NOW + 50);
}

static void what_holds_work_back_is_named_before_the_work(void **state)
{
    (void)state;
    facts.task = &task;
    task.state = TASK_PUBLISHED;
    facts.agents_free_at_ms = NOW + 7;
    check(WHY_AGENTS_SPENT, NOW + 7);
    facts.agents_free_at_ms = NOW;
    check(WHY_QUEUED, 0);
    task.state = TASK_RETRY;
    task.next_attempt_at_ms = NOW + 5;
    facts.agents_free_at_ms = NOW + 7;
    check(WHY_RETRY, NOW + 5);
    facts.agents = 0;
    check(WHY_NO_AGENT, 0);
    facts.is_all_paused = true;
    check(WHY_ALL_PAUSED, 0);
    /* What is in flight may end, whatever is stopped. */
    task.state = TASK_RUNNING;
    task.lease_until_ms = NOW + 3;
    check(WHY_RUNNING, NOW + 3);
}

static void a_crawl_under_way_reads_its_list_first(void **state)
{
    (void)state;
    facts.has_open_run = facts.is_list_open = true;
    check(WHY_LISTING, 0);
    facts.is_all_paused = true;
    check(WHY_ALL_PAUSED, 0);
    facts.is_all_paused = false;
    task.is_dead = true;
    task.state = TASK_FAILED;
    facts.task = &task; /* of the crawl before: this one will try it again */
    check(WHY_LISTING, 0);
    facts.is_list_open = false;
    check(WHY_DEAD, NOW + 50);
    facts.is_item = false;
    facts.task = NULL;
    check(WHY_CRAWLING, 0);
    facts.is_list_open = true;
    check(WHY_LISTING, 0);
}

static void every_reason_has_words(void **state)
{
    (void)state;
    for (int reason = WHY_NONE + 1; reason < WHY_REASON_COUNT; reason++) {
        CHECK(strlen(why_reason_name((enum why_reason)reason)) > 0);
        CHECK(strlen(why_reason_text((enum why_reason)reason)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(at_rest_it_waits_for_the_next_crawl, set_up),
        cmocka_unit_test_setup(a_next_crawl_that_could_send_nothing_is_no_answer, set_up),
        cmocka_unit_test_setup(a_seller_out_of_work_comes_before_all_else, set_up),
        cmocka_unit_test_setup(a_task_says_where_it_stands, set_up),
        cmocka_unit_test_setup(what_holds_work_back_is_named_before_the_work, set_up),
        cmocka_unit_test_setup(a_crawl_under_way_reads_its_list_first, set_up),
        cmocka_unit_test(every_reason_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
