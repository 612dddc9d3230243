/* What each answer does to task and agent (design.md section 4), and what a crash or a full disk does to neither. */
#include "support/check.h"
#include "support/rig.h"

#include <string.h>

#include "app/manage.h"
#include "app/trigger.h"
#include "ports/limiter.h"
#include "ports/store.h"

static int open_rig(void **state)
{
    struct rig *rig = rig_open();

    rig_add_item(rig, 900100001, 338000);
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    return 0;
}

static struct agent agent_of(struct rig *rig)
{
    struct agent agent;
    struct kk_err err;

    CHECK_OK(store_get_agent(rig->app.store, 1, &agent, &err), &err);
    return agent;
}

static void start(struct rig *rig)
{
    struct run run;
    struct kk_err err;
    bool is_created;

    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, &err), &err);
}

static void a_token_is_asked_for_first_and_sent_as_authorization(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    CHECK_EQ(rig->site.home_count, 1);
    CHECK(strstr(rig->site.last_headers, "Authorization: Bearer aa.bb.t1"));
    CHECK(strstr(rig->site.last_headers, "Cookie: nid="));
    CHECK_EQ(agent_of(rig).state, AGENT_ACTIVE);
}

static void a_token_that_saw_429_is_never_sent_again_and_its_agent_rests(void **state)
{
    struct rig *rig = *state;

    rig->site.status = 429;
    start(rig);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(agent_of(rig).state, AGENT_DISABLED);
    CHECK_STR(agent_of(rig).token, "");
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).state, TASK_PUBLISHED);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).attempt, 1);
    rig->site.status = 200;
    size_t before = rig->site.request_count;

    rig_run(rig, RIG_COOLDOWN_MS - 2 * KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, before);
    rig_run(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK(strstr(rig->site.last_headers, "Bearer aa.bb.t2"));
}

/* The process dies before it can commit what it was told, which may have been a 429: nobody is left who knows. */
static void a_token_whose_answer_died_with_its_process_is_not_sent_again(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    CHECK(strstr(rig->site.last_headers, "Bearer aa.bb.t1"));
    rig->site.is_silent = true;
    start(rig);
    rig_run(rig, KK_SECOND_MS);
    CHECK(strstr(rig->site.last_url, "mini-shop-search"));
    rig_crash(rig);
    rig->site.is_silent = false;
    rig_run(rig, 10 * KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK(strstr(rig->site.last_headers, "Bearer aa.bb.t2"));
    CHECK_EQ(rig->site.home_count, 2);
}

/* The first request left before the stop; its redirect would be another one. */
static void check_no_hop_after(struct rig *rig, void (*stop)(struct rig *rig), void (*go)(struct rig *rig))
{
    size_t sent_count;

    rig_crawl(rig);
    rig->site.is_silent = true;
    start(rig);
    rig_run(rig, KK_SECOND_MS);
    sent_count = rig->site.request_count;
    stop(rig);
    rig->site.is_silent = false;
    rig->site.status = 302;
    rig->site.location = "/elsewhere";
    rig_run(rig, 5 * KK_SECOND_MS);
    CHECK_EQ(rig->site.request_count, sent_count);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).attempt, 0);
    rig->site.status = 200;
    go(rig);
    rig_run(rig, 20 * KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
}

static void pause_all(struct rig *rig)
{
    struct kk_err err;

    CHECK_OK(manage_pause(&rig->app, true, "a test", "", &err), &err);
}

static void resume_all(struct rig *rig)
{
    struct kk_err err;

    CHECK_OK(manage_pause(&rig->app, false, "a test", "", &err), &err);
}

static void a_redirect_is_not_followed_while_all_is_paused(void **state)
{
    check_no_hop_after(*state, pause_all, resume_all);
}

static void set_seller(struct rig *rig, enum seller_state to)
{
    struct seller_change change = {.state = to};
    struct seller seller;
    struct kk_err err;

    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &change, &seller, &err), &err);
}

static void stop_seller(struct rig *rig)
{
    set_seller(rig, SELLER_PAUSED);
}

static void start_seller(struct rig *rig)
{
    set_seller(rig, SELLER_ACTIVE);
}

static void a_redirect_is_not_followed_for_a_stopped_seller(void **state)
{
    check_no_hop_after(*state, stop_seller, start_seller);
}

static void stop_agent(struct rig *rig)
{
    struct kk_err err;

    CHECK_OK(manage_enable_agent(&rig->app, 1, false, &err), &err);
}

static void start_agent(struct rig *rig)
{
    struct kk_err err;

    CHECK_OK(manage_enable_agent(&rig->app, 1, true, &err), &err);
}

static void a_redirect_is_not_followed_by_an_agent_at_rest(void **state)
{
    check_no_hop_after(*state, stop_agent, start_agent);
}

static void retry_after_holds_longer_than_the_cool_down(void **state)
{
    struct rig *rig = *state;

    rig->site.status = 429;
    rig->site.retry_after = "480"; /* seconds: 8 minutes */
    start(rig);
    rig_run(rig, 7 * KK_MINUTE_MS);
    CHECK_EQ(agent_of(rig).state, AGENT_DISABLED);
}

static void a_401_gets_one_new_token_and_a_second_one_disables(void **state)
{
    struct rig *rig = *state;

    rig->site.status = 401;
    start(rig);
    rig_run(rig, 5 * KK_MINUTE_MS);
    CHECK_EQ(rig->site.home_count, 2);
    CHECK_EQ(agent_of(rig).state, AGENT_DISABLED);
}

static void a_void_token_costs_the_agent_a_renewal_and_the_task_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct task task;

    rig->site.status = 401;
    start(rig);
    for (int i = 0; i < 60 && rig_task(rig, TASK_LIST, 0).lapse_count == 0; i++)
        rig_run(rig, KK_SECOND_MS);
    task = rig_task(rig, TASK_LIST, 0);
    CHECK_EQ(task.attempt, 0);
    CHECK_EQ(task.lapse_count, 1);
    CHECK_EQ(task.http_status, 401);
    for (int i = 0; i < 60 && agent_of(rig).state != AGENT_DISABLED; i++)
        rig_run(rig, KK_SECOND_MS);
    task = rig_task(rig, TASK_LIST, 0); /* refused with a new token, too */
    CHECK_EQ(task.attempt, 1);
    CHECK_EQ(task.lapse_count, 1);
}

static void after_three_failed_deliveries_a_task_is_dead_and_can_be_sent_back(void **state)
{
    struct rig *rig = *state;
    struct task task;
    struct kk_err err;

    rig->site.status = 503;
    CHECK_EQ(rig_crawl(rig).state, RUN_INCOMPLETE);
    task = rig_task(rig, TASK_LIST, 0);
    CHECK_EQ(task.state, TASK_FAILED);
    CHECK(task.is_dead);
    CHECK_EQ(task.http_status, 503);
    /* its list was read once more, so the row lived twice */
    CHECK_EQ(task.attempt, 3);
    rig->site.status = 200;
    CHECK_OK(manage_retry_task(&rig->app, task.id, &err), &err);
    rig_run(rig, 10 * KK_MINUTE_MS);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).state, TASK_SUCCESS);
    CHECK_EQ(manage_retry_task(&rig->app, task.id, &err), KK_CONFLICT);
}

static void another_4xx_is_dead_at_once(void **state)
{
    struct rig *rig = *state;
    struct task task;

    rig->site.status = 400;
    rig_crawl(rig);
    task = rig_task(rig, TASK_LIST, 0);
    CHECK(task.is_dead);
    CHECK_EQ(task.attempt, 1);
}

static void a_wrong_shape_is_tried_once_more_and_never_counts_as_an_empty_list(void **state)
{
    struct rig *rig = *state;
    struct run run;

    rig_crawl(rig);
    rig->site.body = "{\"count\":0}";
    run = rig_crawl(rig);
    CHECK_EQ(run.state, RUN_INCOMPLETE);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).attempt, 2);
    CHECK_EQ(run.counts.removed_count, 0);
}

static void a_challenge_page_stops_the_agent(void **state)
{
    struct rig *rig = *state;

    rig->site.body = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";
    start(rig);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(agent_of(rig).state, AGENT_DISABLED);
}

static void no_more_than_80_requests_leave_in_a_window(void **state)
{
    struct rig *rig = *state;

    rig->app.limits.rest.rest_ms = 0; /* the shop would be given rest before that */
    rig->site.status = 500;
    rig->app.limits.task_attempts = 1000000;
    rig->app.limits.task_backoff_ms = rig->app.limits.task_backoff_max_ms = 1;
    start(rig);
    rig_run(rig, RIG_WINDOW_MS - KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, 80);
    CHECK_EQ(agent_of(rig).state, AGENT_RATE_LIMITED);
    rig_run(rig, 2 * KK_MINUTE_MS);
    CHECK(rig->site.request_count > 80);
}

static void a_full_disk_costs_time_but_no_request(void **state)
{
    struct rig *rig = *state;

    start(rig);
    rig->archive_code = KK_FULL;
    rig_run(rig, RIG_LEASE_MS - KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, 2); /* the token and the list */
    rig->archive_code = KK_OK;
    rig_run(rig, 5 * KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK_EQ(rig->site.request_count, 1 + 3);
}

static void what_a_dead_process_had_in_hand_is_put_back_without_blame(void **state)
{
    struct rig *rig = *state;
    struct kk_err err;
    int64_t count = 0;

    rig->site.is_silent = true;
    start(rig);
    rig_run(rig, KK_MINUTE_MS); /* one hand out: the token's request never ends */
    rig->site.is_silent = false;
    rig_crash(rig);
    CHECK_OK(app_recover(&rig->app, &count, &err), &err);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK_EQ(rig_last_run(rig).counts.dead_count, 0);
}

static void a_lease_that_ran_out_gives_the_task_to_the_next(void **state)
{
    struct rig *rig = *state;
    struct kk_err err;
    int64_t count = 0;

    rig_crawl(rig);
    start(rig);
    rig->site.is_silent = true;
    rig_run(rig, KK_SECOND_MS);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).state, TASK_RUNNING);
    rig_crash(rig);
    rig->site.is_silent = false;
    rig_run(rig, RIG_LEASE_MS - KK_MINUTE_MS);
    CHECK_EQ(rig_task(rig, TASK_LIST, 0).state, TASK_RUNNING);
    rig_run(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK_OK(app_recover(&rig->app, &count, &err), &err);
    CHECK_EQ(count, 0);
}

static void a_paused_seller_sends_nothing_and_goes_on_where_it_stopped(void **state)
{
    struct rig *rig = *state;
    struct seller_change pause = {.state = SELLER_PAUSED}, resume = {.state = SELLER_ACTIVE};
    struct seller seller;
    struct kk_err err;

    start(rig);
    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &pause, &seller, &err), &err);
    rig_run(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, 0);
    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &resume, &seller, &err), &err);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
}

static void a_pause_of_all_stops_every_request_and_keeps_who_and_why(void **state)
{
    struct rig *rig = *state;
    struct pause pause;
    struct kk_err err;

    CHECK_OK(manage_pause(&rig->app, true, "operator", "공지 점검", &err), &err);
    start(rig);
    rig_run(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, 0);
    CHECK_OK(manage_get_pause(&rig->app, &pause, &err), &err);
    CHECK(pause.is_paused);
    CHECK_STR(pause.why, "공지 점검");
    CHECK_OK(manage_pause(&rig->app, false, "operator", "", &err), &err);
    rig_run(rig, KK_MINUTE_MS);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
}

/* ---- a limiter on another machine: what it is told counts at once ---- */

struct far_limiter {
    struct limiter base;
    struct limiter *inner; /* borrowed from the rig */
};

static struct limiter *inner_of(struct limiter *l)
{
    return ((struct far_limiter *)l)->inner;
}

static enum kk_code far_turn(struct limiter *l, const struct limiter_ask *ask, struct limiter_grant *ret_grants,
                             size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err)
{
    return limiter_turn(inner_of(l), ask, ret_grants, ret_count, ret_wait_ms, err);
}

static enum kk_code far_again(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err)
{
    return limiter_again(inner_of(l), grant, err);
}

static enum kk_code far_look(struct limiter *l, const int64_t *agent_ids, size_t count, struct limiter_agent *ret,
                             struct kk_err *err)
{
    return limiter_look(inner_of(l), agent_ids, count, ret, err);
}

static const struct limiter_ops far_ops = {.name = "far", .turn = far_turn, .again = far_again, .look = far_look};

/* It hears of an answer one commit later than one in the store. The agent must not idle until the next question. */
static void a_far_limiter_is_asked_again_as_soon_as_an_answer_is_committed(void **state)
{
    struct rig *rig = *state;
    struct far_limiter far = {.base = {.ops = &far_ops}, .inner = rig->app.limiter};
    int64_t begun_ms = rig->mono_ms;
    struct run run;

    rig->app.limiter = &far.base;
    run = rig_crawl(rig); /* one agent: token, list, detail and options, one after another */
    rig->app.limiter = far.inner;
    CHECK_EQ(run.state, RUN_COMPLETE);
    CHECK_EQ(rig->site.request_count, 4);
    CHECK(rig->mono_ms - begun_ms < KK_SECOND_MS);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_token_is_asked_for_first_and_sent_as_authorization),
        RIG_TEST(a_token_that_saw_429_is_never_sent_again_and_its_agent_rests),
        RIG_TEST(a_token_whose_answer_died_with_its_process_is_not_sent_again),
        RIG_TEST(a_redirect_is_not_followed_while_all_is_paused),
        RIG_TEST(a_redirect_is_not_followed_for_a_stopped_seller),
        RIG_TEST(a_redirect_is_not_followed_by_an_agent_at_rest),
        RIG_TEST(retry_after_holds_longer_than_the_cool_down),
        RIG_TEST(a_401_gets_one_new_token_and_a_second_one_disables),
        RIG_TEST(a_void_token_costs_the_agent_a_renewal_and_the_task_no_attempt),
        RIG_TEST(after_three_failed_deliveries_a_task_is_dead_and_can_be_sent_back),
        RIG_TEST(another_4xx_is_dead_at_once),
        RIG_TEST(a_wrong_shape_is_tried_once_more_and_never_counts_as_an_empty_list),
        RIG_TEST(a_challenge_page_stops_the_agent),
        RIG_TEST(no_more_than_80_requests_leave_in_a_window),
        RIG_TEST(a_full_disk_costs_time_but_no_request),
        RIG_TEST(what_a_dead_process_had_in_hand_is_put_back_without_blame),
        RIG_TEST(a_lease_that_ran_out_gives_the_task_to_the_next),
        RIG_TEST(a_paused_seller_sends_nothing_and_goes_on_where_it_stopped),
        RIG_TEST(a_pause_of_all_stops_every_request_and_keeps_who_and_why),
        RIG_TEST(a_far_limiter_is_asked_again_as_soon_as_an_answer_is_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
