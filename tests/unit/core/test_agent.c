#include "core/agent.h"

#include <string.h>

#include "base/clock.h"
#include "support/check.h"

static const struct agent_rules rules = {
    .cooldown_ms = KK_HOUR_MS, .cooldown_max_ms = KK_DAY_MS, .renew_before_ms = 5 * KK_MINUTE_MS};

static struct agent active_agent(int64_t now_ms)
{
    struct agent agent = {.state = AGENT_IDLE};

    agent_got_token(&agent, KK_SV("a.b.c"), KK_SV("n-1"), KK_SV("17.3"), now_ms + KK_HOUR_MS, now_ms);
    return agent;
}

static void a_user_agent_is_a_browsers(void **state)
{
    char longest[AGENT_UA_BYTES + 1] = "Mozilla/";
    struct kk_err err;

    (void)state;
    CHECK_OK(agent_user_agent_check(KK_SV("Mozilla/5.0 (Linux; Android 13) Mobile"), &err), &err);
    CHECK_OK(agent_user_agent_check(KK_SV("Mozilla/"), &err), &err);
    CHECK_OK(agent_user_agent_check(KK_SV("Mozilla/~ ~"), &err), &err);
    CHECK_EQ(agent_user_agent_check(KK_SV(""), &err), KK_BAD_INPUT);
    CHECK_EQ(agent_user_agent_check(KK_SV("Mozilla"), &err), KK_BAD_INPUT);
    CHECK_EQ(agent_user_agent_check(KK_SV("curl/7.88.1"), &err), KK_BAD_INPUT);
    CHECK_EQ(agent_user_agent_check(KK_SV("Mozilla/5.0\r\nX: y"), &err), KK_BAD_INPUT);
    CHECK_EQ(agent_user_agent_check(KK_SV("Mozilla/5.0 까치"), &err), KK_BAD_INPUT);
    CHECK_EQ(agent_user_agent_check(KK_SV("Mozilla/5.0 \x7f"), &err), KK_BAD_INPUT);
    memset(longest + 8, 'x', sizeof(longest) - 8);
    CHECK_OK(agent_user_agent_check((struct kk_sv){longest, AGENT_UA_BYTES - 1}, &err), &err);
    CHECK_EQ(agent_user_agent_check((struct kk_sv){longest, AGENT_UA_BYTES}, &err), KK_BAD_INPUT);
}

static void a_token_is_renewed_a_little_before_its_end(void **state)
{
    struct agent agent = active_agent(1000);

    (void)state;
    CHECK_EQ(agent.state, AGENT_ACTIVE);
    CHECK(!agent_needs_token(&agent, &rules, 1000));
    CHECK(!agent_needs_token(&agent, &rules, 1000 + 55 * KK_MINUTE_MS - 1));
    CHECK(agent_needs_token(&agent, &rules, 1000 + 55 * KK_MINUTE_MS));
    CHECK(agent_needs_token(&(struct agent){.state = AGENT_IDLE}, &rules, 0));
}

/* Or a token of a few minutes would be renewed for ever. */
static void a_short_token_is_renewed_in_its_last_quarter(void **state)
{
    struct agent agent = {.state = AGENT_IDLE};

    (void)state;
    agent_got_token(&agent, KK_SV("t"), KK_SV(""), KK_SV(""), 4000, 0);
    CHECK(!agent_needs_token(&agent, &rules, 2999));
    CHECK(agent_needs_token(&agent, &rules, 3000));
    agent_got_token(&agent, KK_SV("t"), KK_SV(""), KK_SV(""), 16 * KK_MINUTE_MS, 0);
    CHECK(!agent_needs_token(&agent, &rules, 12 * KK_MINUTE_MS - 1));
    CHECK(agent_needs_token(&agent, &rules, 12 * KK_MINUTE_MS));
}

static void a_token_that_ended_before_it_was_issued_is_needed_anew(void **state)
{
    struct agent agent = {.state = AGENT_IDLE};

    (void)state;
    agent_got_token(&agent, KK_SV("t"), KK_SV(""), KK_SV(""), 1000, 9000);
    CHECK(agent_needs_token(&agent, &rules, 1000));
}

static void token_and_visitor_ids_come_and_go_together(void **state)
{
    struct agent agent = active_agent(1000);

    (void)state;
    CHECK_STR(agent.token, "a.b.c");
    CHECK_STR(agent.nid, "n-1");
    CHECK_STR(agent.mustit_uid, "17.3");
    agent_got_token(&agent, KK_SV("d.e.f"), KK_SV(""), KK_SV(""), 9000, 2000);
    CHECK_STR(agent.token, "d.e.f");
    CHECK_STR(agent.nid, "");
    CHECK_STR(agent.mustit_uid, "");
    CHECK_EQ(agent.token_issued_at_ms, 2000);
    CHECK_EQ(agent.token_expires_at_ms, 9000);
}

static void what_is_no_token_changes_nothing(void **state)
{
    struct agent agent = active_agent(1000), was = agent;
    char longest[AGENT_TOKEN_BYTES];

    (void)state;
    memset(longest, 't', sizeof(longest));
    agent_got_token(&agent, KK_SV(""), KK_SV("x"), KK_SV("y"), 9000, 2000);
    agent_got_token(&agent, (struct kk_sv){longest, sizeof(longest)}, KK_SV("x"), KK_SV("y"), 9000, 2000);
    CHECK_EQ(memcmp(&agent, &was, sizeof(agent)), 0);
}

/* A5, R2: nothing of the token is left anywhere in the agent. */
static void a_429_takes_the_token_at_once(void **state)
{
    struct agent agent = active_agent(1000);

    (void)state;
    agent_banned(&agent, &rules, 0, "429", 2000);
    CHECK_EQ(agent.state, AGENT_DISABLED);
    CHECK(!memmem(&agent, sizeof(agent), "a.b.c", 5));
    CHECK_STR(agent.nid, "");
    CHECK_STR(agent.reason, "429");
    CHECK_EQ(agent.disabled_until_ms, 2000 + KK_HOUR_MS);
    CHECK(agent_needs_token(&agent, &rules, 2000));
}

static void a_token_that_comes_late_for_a_disabled_agent_is_not_kept(void **state)
{
    struct agent agent = active_agent(1000);

    (void)state;
    agent_banned(&agent, &rules, 0, "429", 2000);
    agent_got_token(&agent, KK_SV("late"), KK_SV("x"), KK_SV("y"), 9000, 2001);
    CHECK_STR(agent.token, "");
    CHECK_EQ(agent.state, AGENT_DISABLED);
}

static void retry_after_counts_where_it_is_longer(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    agent_banned(&agent, &rules, 2 * KK_HOUR_MS, "429", 0);
    CHECK_EQ(agent.disabled_until_ms, 2 * KK_HOUR_MS);
    agent = active_agent(0);
    agent_banned(&agent, &rules, KK_MINUTE_MS, "429", 0);
    CHECK_EQ(agent.disabled_until_ms, KK_HOUR_MS);
}

/* Bans the agent, waits its rest out and gives it a token; returns how long the rest was. */
static int64_t ban_and_rest(struct agent *agent, int64_t *now_ms)
{
    int64_t start_ms = *now_ms;

    agent_banned(agent, &rules, 0, "429", *now_ms);
    *now_ms = agent->disabled_until_ms;
    CHECK(!agent_rested(agent, *now_ms - 1));
    CHECK(agent_rested(agent, *now_ms));
    CHECK_EQ(agent->state, AGENT_RECOVERED);
    agent_got_token(agent, KK_SV("t"), KK_SV(""), KK_SV(""), *now_ms + KK_HOUR_MS, *now_ms);
    CHECK_EQ(agent->state, AGENT_ACTIVE);
    return *now_ms - start_ms;
}

static void the_rest_doubles_until_a_success_up_to_its_maximum(void **state)
{
    struct agent agent = active_agent(0);
    int64_t now_ms = 0;

    (void)state;
    CHECK_EQ(ban_and_rest(&agent, &now_ms), KK_HOUR_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), 2 * KK_HOUR_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), 4 * KK_HOUR_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), 8 * KK_HOUR_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), 16 * KK_HOUR_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), KK_DAY_MS);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), KK_DAY_MS);
    agent_succeeded(&agent);
    CHECK_EQ(ban_and_rest(&agent, &now_ms), KK_HOUR_MS);
}

static void the_rest_doubles_as_long_as_twice_of_it_is_allowed(void **state)
{
    static const struct agent_rules nine = {.cooldown_ms = 9, .cooldown_max_ms = 24};
    struct agent agent = {.state = AGENT_ACTIVE, .ban_streak = 1};

    (void)state;
    agent_banned(&agent, &nine, 0, "429", 0);
    CHECK_EQ(agent.disabled_until_ms, 18);
    agent = (struct agent){.state = AGENT_ACTIVE, .ban_streak = 2};
    agent_banned(&agent, &nine, 0, "429", 0);
    CHECK_EQ(agent.disabled_until_ms, 24);
}

static void without_a_cool_down_only_retry_after_counts(void **state)
{
    static const struct agent_rules none = {.cooldown_ms = 0, .cooldown_max_ms = KK_DAY_MS};
    struct agent agent = {.state = AGENT_ACTIVE, .ban_streak = 4};

    (void)state;
    agent_banned(&agent, &none, 70, "429", 1000);
    CHECK_EQ(agent.disabled_until_ms, 1070);
}

static void a_streak_has_no_end_that_overflows(void **state)
{
    struct agent agent = {.state = AGENT_ACTIVE, .ban_streak = INT32_MAX};

    (void)state;
    agent_banned(&agent, &rules, 0, "429", INT64_MAX - 5);
    CHECK_EQ(agent.ban_streak, INT32_MAX);
    CHECK_EQ(agent.disabled_until_ms, INT64_MAX);
}

static void a_second_ban_while_it_rests_only_makes_the_rest_longer(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    agent_banned(&agent, &rules, 0, "429", 0);
    agent_banned(&agent, &rules, KK_MINUTE_MS, "challenge", 1000);
    CHECK_EQ(agent.disabled_until_ms, KK_HOUR_MS);
    CHECK_EQ(agent.ban_streak, 1);
    CHECK_STR(agent.reason, "429");
    agent_banned(&agent, &rules, 3 * KK_HOUR_MS, "429", 1000);
    CHECK_EQ(agent.disabled_until_ms, 1000 + 3 * KK_HOUR_MS);
}

static void an_agent_disabled_by_hand_never_recovers_by_itself(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    agent_banned(&agent, &rules, INT64_MAX, "by hand", 5);
    CHECK_EQ(agent.disabled_until_ms, INT64_MAX);
    CHECK(!agent_rested(&agent, INT64_MAX));
    CHECK_EQ(agent.state, AGENT_DISABLED);
}

static void only_a_disabled_agent_recovers(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    CHECK(!agent_rested(&agent, KK_DAY_MS));
    CHECK_EQ(agent.state, AGENT_ACTIVE);
}

/* design.md section 4: 401 and 403 get a new token once; a second time in a row: DISABLED. */
static void the_second_refusal_in_a_row_disables(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    CHECK(!agent_refused(&agent, &rules, "401", 10));
    CHECK_EQ(agent.state, AGENT_ACTIVE);
    CHECK(agent_needs_token(&agent, &rules, 10));
    agent_got_token(&agent, KK_SV("new"), KK_SV(""), KK_SV(""), KK_HOUR_MS, 20);
    CHECK(agent_refused(&agent, &rules, "401", 30));
    CHECK_EQ(agent.state, AGENT_DISABLED);
    CHECK_EQ(agent.disabled_until_ms, 30 + KK_HOUR_MS);
    CHECK(agent_refused(&agent, &rules, "401", 40));
    CHECK_EQ(agent.disabled_until_ms, 30 + KK_HOUR_MS);
}

static void a_success_between_two_refusals_forgives_the_first(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    CHECK(!agent_refused(&agent, &rules, "401", 10));
    agent_succeeded(&agent);
    CHECK(!agent_refused(&agent, &rules, "401", 20));
}

static void after_a_rest_a_refused_token_gets_its_second_chance_again(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    agent_refused(&agent, &rules, "403", 10);
    agent_refused(&agent, &rules, "403", 20);
    CHECK(agent_rested(&agent, KK_DAY_MS));
    CHECK_STR(agent.reason, "");
    CHECK(!agent_refused(&agent, &rules, "no token", KK_DAY_MS));
    CHECK_EQ(agent.state, AGENT_RECOVERED);
    CHECK(agent_refused(&agent, &rules, "no token", KK_DAY_MS));
    CHECK_EQ(agent.ban_streak, 2);
}

static void a_late_success_does_not_shorten_the_next_rest(void **state)
{
    struct agent agent = active_agent(0);

    (void)state;
    agent_banned(&agent, &rules, 0, "429", 0);
    agent_succeeded(&agent);
    CHECK_EQ(agent.ban_streak, 1);
}

static void a_long_reason_is_cut(void **state)
{
    char reason[300];
    struct agent agent = active_agent(0);

    (void)state;
    memset(reason, 'r', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    agent_banned(&agent, &rules, 0, reason, 0);
    CHECK_EQ(strlen(agent.reason), sizeof(agent.reason) - 1);
}

static void an_empty_bucket_limits_an_active_agent_and_no_other(void **state)
{
    (void)state;
    for (int s = AGENT_IDLE; s < AGENT_STATE_COUNT; s++) {
        struct agent agent = {.state = (enum agent_state)s};

        agent_bucket_is(&agent, true);
        CHECK_EQ(agent.state, s == AGENT_ACTIVE ? AGENT_RATE_LIMITED : (enum agent_state)s);
        agent.state = (enum agent_state)s;
        agent_bucket_is(&agent, false);
        CHECK_EQ(agent.state, s == AGENT_RATE_LIMITED ? AGENT_ACTIVE : (enum agent_state)s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_agent_is_a_browsers),
        cmocka_unit_test(a_token_is_renewed_a_little_before_its_end),
        cmocka_unit_test(a_short_token_is_renewed_in_its_last_quarter),
        cmocka_unit_test(a_token_that_ended_before_it_was_issued_is_needed_anew),
        cmocka_unit_test(token_and_visitor_ids_come_and_go_together),
        cmocka_unit_test(what_is_no_token_changes_nothing),
        cmocka_unit_test(a_429_takes_the_token_at_once),
        cmocka_unit_test(a_token_that_comes_late_for_a_disabled_agent_is_not_kept),
        cmocka_unit_test(retry_after_counts_where_it_is_longer),
        cmocka_unit_test(the_rest_doubles_until_a_success_up_to_its_maximum),
        cmocka_unit_test(the_rest_doubles_as_long_as_twice_of_it_is_allowed),
        cmocka_unit_test(without_a_cool_down_only_retry_after_counts),
        cmocka_unit_test(a_streak_has_no_end_that_overflows),
        cmocka_unit_test(a_second_ban_while_it_rests_only_makes_the_rest_longer),
        cmocka_unit_test(an_agent_disabled_by_hand_never_recovers_by_itself),
        cmocka_unit_test(only_a_disabled_agent_recovers),
        cmocka_unit_test(the_second_refusal_in_a_row_disables),
        cmocka_unit_test(a_success_between_two_refusals_forgives_the_first),
        cmocka_unit_test(after_a_rest_a_refused_token_gets_its_second_chance_again),
        cmocka_unit_test(a_late_success_does_not_shorten_the_next_rest),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(an_empty_bucket_limits_an_active_agent_and_no_other),
    };

    return cmocka_run_group_tests_name("core/agent", tests, NULL, NULL);
}
