#include "sandbox/gate.h"

#include <string.h>

#include "support/check.h"

#define HOUR INT64_C(3600000)

static struct gate *make(int64_t limit, int64_t window_ms)
{
    const struct gate_conf conf = {limit, window_ms, 2 * HOUR, 1};

    return gate_create(&conf);
}

static void the_81st_request_of_an_hour_is_refused(void **state)
{
    struct gate *gate = make(80, HOUR);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t wait_ms = 0;

    (void)state;
    for (int64_t i = 0; i < 80; i++)
        CHECK(gate_arrive(gate, agent, 1000 + i, &wait_ms));
    CHECK(!gate_arrive(gate, agent, 2000, &wait_ms));
    CHECK_EQ(wait_ms, 1000 + HOUR - 2000);
    CHECK_EQ(gate_agent_at(gate, agent)->requests, 81);
    CHECK_EQ(gate_agent_at(gate, agent)->refused, 1);
    CHECK_EQ(gate_agent_at(gate, agent)->busiest, 81);
    CHECK_EQ(gate_agent_at(gate, agent)->busiest_end_ms, 2000);
    gate_destroy(gate);
}

static void a_place_is_free_again_exactly_one_window_later(void **state)
{
    struct gate *gate = make(2, HOUR);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t wait_ms = 0;

    (void)state;
    CHECK(gate_arrive(gate, agent, 0, &wait_ms));
    CHECK(gate_arrive(gate, agent, 10, &wait_ms));
    CHECK(!gate_arrive(gate, agent, HOUR - 1, &wait_ms));
    CHECK_EQ(wait_ms, 1);
    CHECK(gate_arrive(gate, agent, HOUR, &wait_ms));
    CHECK(!gate_arrive(gate, agent, HOUR + 9, &wait_ms)); /* the window slides; it does not start over */
    CHECK(gate_arrive(gate, agent, HOUR + 10, &wait_ms));
    gate_destroy(gate);
}

static void refused_requests_take_no_place(void **state)
{
    struct gate *gate = make(1, 100);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t wait_ms = 0;

    (void)state;
    CHECK(gate_arrive(gate, agent, 0, &wait_ms));
    for (int64_t at = 1; at < 100; at++)
        CHECK(!gate_arrive(gate, agent, at, &wait_ms));
    CHECK(gate_arrive(gate, agent, 100, &wait_ms));
    CHECK_EQ(gate_agent_at(gate, agent)->busiest, 100);
    gate_destroy(gate);
}

static void agents_do_not_share_a_limit(void **state)
{
    struct gate *gate = make(1, HOUR);
    int first = gate_agent(gate, KK_SV("a")), second = gate_agent(gate, KK_SV("b"));
    int64_t wait_ms = 0;

    (void)state;
    CHECK(first != second);
    CHECK_EQ(gate_agent(gate, KK_SV("a")), first);
    CHECK(gate_arrive(gate, first, 0, &wait_ms));
    CHECK(gate_arrive(gate, second, 0, &wait_ms));
    CHECK(!gate_arrive(gate, first, 1, &wait_ms));
    gate_destroy(gate);
}

/* Against a plain count over all arrivals, for many random-looking times. */
static void the_sliding_log_agrees_with_counting_by_hand(void **state)
{
    enum { REQUESTS = 3000, LIMIT = 7, WINDOW = 500 };
    static int64_t all[REQUESTS], let_in[REQUESTS];
    struct gate *gate = make(LIMIT, WINDOW);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t now = 0, wait_ms = 0, busiest = 0;
    int all_count = 0, in_count = 0;

    (void)state;
    for (int i = 0; i < REQUESTS; i++) {
        int in_window = 0, came = 1;

        now += (i * 7919) % 97;
        for (int k = 0; k < in_count; k++)
            in_window += let_in[k] > now - WINDOW;
        for (int k = 0; k < all_count; k++)
            came += all[k] > now - WINDOW;
        all[all_count++] = now;
        busiest = came > busiest ? came : busiest;
        CHECK_EQ(gate_arrive(gate, agent, now, &wait_ms), in_window < LIMIT);
        if (in_window < LIMIT)
            let_in[in_count++] = now;
    }
    CHECK(in_count < REQUESTS && in_count > LIMIT);
    CHECK_EQ(gate_agent_at(gate, agent)->busiest, busiest);
    gate_destroy(gate);
}

static void without_a_limit_everything_is_let_in_and_still_counted(void **state)
{
    struct gate *gate = make(0, HOUR);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t wait_ms = 0;

    (void)state;
    for (int64_t i = 0; i < GATE_ARRIVALS_MAX + 10; i++)
        CHECK(gate_arrive(gate, agent, i / 100, &wait_ms));
    CHECK_EQ(gate_agent_at(gate, agent)->busiest, GATE_ARRIVALS_MAX);
    CHECK(gate_agent_at(gate, agent)->is_busiest_floor);
    CHECK_EQ(gate_agent_at(gate, agent)->requests, GATE_ARRIVALS_MAX + 10);
    gate_destroy(gate);
}

static enum gate_pass look(struct gate *gate, int agent, const char *token, int64_t now_ms, int64_t *ret_token)
{
    char text[GATE_TOKEN_BYTES + 16];

    snprintf(text, sizeof(text), "Bearer %s", token);
    return gate_look(gate, agent, kk_sv_of(text), (struct kk_sv){0}, now_ms, ret_token);
}

static void a_token_opens_for_its_own_agent_until_it_expires(void **state)
{
    struct gate *gate = make(80, HOUR);
    int agent = gate_agent(gate, KK_SV("a")), other = gate_agent(gate, KK_SV("b"));
    char token[GATE_TOKEN_BYTES];
    int64_t number = -2;

    (void)state;
    gate_issue(gate, agent, 5000, token);
    CHECK_EQ(look(gate, agent, token, 5000, &number), GATE_OPEN);
    CHECK_EQ(number, 0);
    CHECK_EQ(look(gate, other, token, 5000, &number), GATE_OTHER_AGENT);
    CHECK_EQ(look(gate, agent, token, 5000 + 2 * HOUR - 1, &number), GATE_OPEN);
    CHECK_EQ(look(gate, agent, token, 5000 + 2 * HOUR, &number), GATE_EXPIRED);
    CHECK_EQ(look(gate, agent, "a.b.c", 5000, &number), GATE_UNKNOWN);
    CHECK_EQ(number, -1);
    gate_destroy(gate);
}

static void a_token_that_is_missing_or_in_a_cookie_is_told_apart(void **state)
{
    struct gate *gate = make(80, HOUR);
    int agent = gate_agent(gate, KK_SV("a"));
    int64_t number;

    (void)state;
    CHECK_EQ(gate_look(gate, agent, KK_SV(""), KK_SV("nid=1"), 0, &number), GATE_NO_TOKEN);
    CHECK_EQ(gate_look(gate, agent, KK_SV("Bearer"), KK_SV(""), 0, &number), GATE_NO_TOKEN);
    CHECK_EQ(gate_look(gate, agent, KK_SV("Basic eDp5"), KK_SV(""), 0, &number), GATE_NO_TOKEN);
    CHECK_EQ(gate_look(gate, agent, KK_SV(""), KK_SV("nid=1; token=abc"), 0, &number), GATE_COOKIE);
    gate_destroy(gate);
}

static void a_token_dies_only_by_its_own_agents_429(void **state)
{
    struct gate *gate = make(80, HOUR);
    int agent = gate_agent(gate, KK_SV("a")), other = gate_agent(gate, KK_SV("b"));
    char token[GATE_TOKEN_BYTES];
    int64_t number;

    (void)state;
    gate_issue(gate, agent, 0, token);
    gate_kill(gate, other, 0);
    gate_kill(gate, agent, -1);
    CHECK_EQ(look(gate, agent, token, 1, &number), GATE_OPEN);
    gate_kill(gate, agent, 0);
    CHECK_EQ(look(gate, agent, token, 1, &number), GATE_DEAD);
    gate_issue(gate, agent, 2, token);
    CHECK_EQ(look(gate, agent, token, 3, &number), GATE_OPEN);
    gate_revoke(gate, number);
    CHECK_EQ(look(gate, agent, token, 3, &number), GATE_REVOKED);
    gate_destroy(gate);
}

static void the_oldest_tokens_are_forgotten_and_nothing_else(void **state)
{
    struct gate *gate = make(80, HOUR);
    int agent = gate_agent(gate, KK_SV("a"));
    char first[GATE_TOKEN_BYTES], second[GATE_TOKEN_BYTES], last[GATE_TOKEN_BYTES];
    int64_t number;

    (void)state;
    gate_issue(gate, agent, 0, first);
    gate_issue(gate, agent, 0, second);
    for (int i = 0; i < GATE_TOKENS_MAX - 1; i++)
        gate_issue(gate, agent, 0, last);
    CHECK_EQ(look(gate, agent, first, 1, &number), GATE_UNKNOWN);
    CHECK_EQ(look(gate, agent, second, 1, &number), GATE_OPEN);
    CHECK_EQ(look(gate, agent, last, 1, &number), GATE_OPEN);
    CHECK_EQ(number, GATE_TOKENS_MAX);
    gate_destroy(gate);
}

static void too_long_a_name_is_no_agent(void **state)
{
    struct gate *gate = make(80, HOUR);
    char name[GATE_UA_BYTES + 1];

    (void)state;
    memset(name, 'x', sizeof(name));
    CHECK_EQ(gate_agent(gate, (struct kk_sv){name, GATE_UA_BYTES}), -1);
    CHECK_EQ(gate_agent(gate, (struct kk_sv){name, GATE_UA_BYTES - 1}), 0);
    CHECK_EQ(gate_agent(gate, KK_SV("a\0b")), -1);
    gate_destroy(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_81st_request_of_an_hour_is_refused),
        cmocka_unit_test(a_place_is_free_again_exactly_one_window_later),
        cmocka_unit_test(refused_requests_take_no_place),
        cmocka_unit_test(agents_do_not_share_a_limit),
        cmocka_unit_test(the_sliding_log_agrees_with_counting_by_hand),
        cmocka_unit_test(without_a_limit_everything_is_let_in_and_still_counted),
        cmocka_unit_test(a_token_opens_for_its_own_agent_until_it_expires),
        cmocka_unit_test(a_token_that_is_missing_or_in_a_cookie_is_told_apart),
        cmocka_unit_test(a_token_dies_only_by_its_own_agents_429),
        cmocka_unit_test(the_oldest_tokens_are_forgotten_and_nothing_else),
        cmocka_unit_test(too_long_a_name_is_no_agent),
    };

    return cmocka_run_group_tests_name("sandbox/gate", tests, NULL, NULL);
}
