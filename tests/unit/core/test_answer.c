#include "core/answer.h"

#include <string.h>

#include "support/check.h"

static enum answer of_status(int status)
{
    return answer_of(&(struct answer_facts){.http_status = status, .is_item = true});
}

/* The table of design.md section 4, read line by line. */
static void each_status_means_what_the_design_says(void **state)
{
    (void)state;
    CHECK_EQ(of_status(200), ANSWER_OK);
    CHECK_EQ(of_status(404), ANSWER_GONE);
    CHECK_EQ(of_status(410), ANSWER_GONE);
    CHECK_EQ(of_status(429), ANSWER_LIMITED);
    CHECK_EQ(of_status(401), ANSWER_UNAUTHORIZED);
    CHECK_EQ(of_status(403), ANSWER_UNAUTHORIZED);
    CHECK_EQ(of_status(500), ANSWER_SERVER_ERROR);
    CHECK_EQ(of_status(503), ANSWER_SERVER_ERROR);
    CHECK_EQ(of_status(599), ANSWER_SERVER_ERROR);
    CHECK_EQ(of_status(400), ANSWER_REJECTED);
    CHECK_EQ(of_status(418), ANSWER_REJECTED);
    CHECK_EQ(of_status(499), ANSWER_REJECTED);
    CHECK_EQ(of_status(299), ANSWER_MISMATCH);
    CHECK_EQ(of_status(300), ANSWER_REDIRECTED);
    CHECK_EQ(of_status(302), ANSWER_REDIRECTED);
    CHECK_EQ(of_status(399), ANSWER_REDIRECTED);
    CHECK_EQ(of_status(204), ANSWER_MISMATCH);
    CHECK_EQ(of_status(0), ANSWER_LOST);
    CHECK_EQ(of_status(100), ANSWER_LOST);
}

static void only_an_item_can_be_gone(void **state)
{
    (void)state;
    CHECK_EQ(answer_of(&(struct answer_facts){.http_status = 404}), ANSWER_REJECTED);
    CHECK_EQ(answer_of(&(struct answer_facts){.http_status = 410}), ANSWER_REJECTED);
}

static void an_answer_that_did_not_come_whole_is_lost_whatever_its_status(void **state)
{
    (void)state;
    for (int status = 0; status < 600; status++)
        CHECK_EQ(answer_of(&(struct answer_facts){.is_lost = true, .http_status = status}), ANSWER_LOST);
}

static void a_redirect_that_is_not_followed_is_one_whatever_it_says(void **state)
{
    (void)state;
    CHECK_EQ(answer_of(&(struct answer_facts){.is_redirect_ended = true, .http_status = 302}), ANSWER_REDIRECTED);
    CHECK_EQ(answer_of(&(struct answer_facts){.is_redirect_ended = true, .http_status = 200}), ANSWER_REDIRECTED);
}

static void a_challenge_comes_with_200_or_403(void **state)
{
    (void)state;
    for (int status = 200; status < 600; status++) {
        enum answer plain = answer_of(&(struct answer_facts){.http_status = status});
        enum answer page = answer_of(&(struct answer_facts){.http_status = status, .is_challenge = true});

        CHECK_EQ(page, status == 200 || status == 403 ? ANSWER_CHALLENGE : plain);
    }
}

static void what_bans_an_agent_is_429_and_the_challenge_alone(void **state)
{
    (void)state;
    for (int a = 0; a < ANSWER_COUNT; a++) {
        const struct answer_rule *rule = answer_rule((enum answer)a);

        CHECK_EQ(rule->agent == AGENT_BAN, a == ANSWER_LIMITED || a == ANSWER_CHALLENGE);
        CHECK_EQ(rule->wants_rest, a == ANSWER_SERVER_ERROR || a == ANSWER_LOST);
        CHECK(strlen(rule->name) > 0 && strlen(rule->meaning) > 0);
        for (int b = 0; b < a; b++)
            CHECK(strcmp(rule->name, answer_rule((enum answer)b)->name) != 0);
    }
}

static void a_task_is_tried_again_as_often_as_its_answer_allows(void **state)
{
    (void)state;
    for (int a = 0; a < ANSWER_COUNT; a++) {
        enum answer answer = (enum answer)a;
        enum answer_task task = answer_rule(answer)->task;

        CHECK_EQ(answer_may_retry(answer, 1, 3), task == TASK_RETRIES || task == TASK_RETRIES_ONCE);
        CHECK_EQ(answer_may_retry(answer, 2, 3), task == TASK_RETRIES);
        CHECK(!answer_may_retry(answer, 3, 3));
        CHECK(!answer_may_retry(answer, 4, 3));
        CHECK(!answer_may_retry(answer, 1, 1));
    }
    CHECK(answer_may_retry(ANSWER_MISMATCH, 1, 3));
    CHECK(!answer_may_retry(ANSWER_REJECTED, 1, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_means_what_the_design_says),
        cmocka_unit_test(only_an_item_can_be_gone),
        cmocka_unit_test(an_answer_that_did_not_come_whole_is_lost_whatever_its_status),
        cmocka_unit_test(a_redirect_that_is_not_followed_is_one_whatever_it_says),
        cmocka_unit_test(a_challenge_comes_with_200_or_403),
        cmocka_unit_test(what_bans_an_agent_is_429_and_the_challenge_alone),
        cmocka_unit_test(a_task_is_tried_again_as_often_as_its_answer_allows),
    };

    return cmocka_run_group_tests_name("core/answer", tests, NULL, NULL);
}
