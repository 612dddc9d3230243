#include "core/agent_state.h"

#include <stdlib.h>

#include "support/check.h"

static void every_state_has_a_way_out_and_is_reached_from_idle(void **state)
{
    bool reached[AGENT_STATE_COUNT] = {[AGENT_IDLE] = true}, has_way_out[AGENT_STATE_COUNT] = {0};

    (void)state;
    for (int round = 0; round < AGENT_STATE_COUNT; round++)
        for (int from = AGENT_NONE + 1; from < AGENT_STATE_COUNT; from++)
            for (int on = 0; on < AGENT_EVENT_COUNT; on++) {
                enum agent_state to = agent_next((enum agent_state)from, (enum agent_event)on);

                if (to == AGENT_NONE)
                    continue;
                has_way_out[from] = true;
                if (reached[from])
                    reached[to] = true;
            }
    for (int s = AGENT_NONE + 1; s < AGENT_STATE_COUNT; s++) {
        CHECK_EQ(reached[s] ? s : -1, s);
        CHECK_EQ(has_way_out[s] ? s : -1, s);
    }
}

/* R2: out of DISABLED there is no way but through RECOVERED, and into it from everywhere. */
static void a_disabled_agent_only_recovers(void **state)
{
    (void)state;
    for (int on = 0; on < AGENT_EVENT_COUNT; on++) {
        enum agent_state to = agent_next(AGENT_DISABLED, (enum agent_event)on);

        CHECK(to == AGENT_NONE || to == AGENT_RECOVERED);
    }
    for (int from = AGENT_NONE + 1; from < AGENT_STATE_COUNT; from++)
        CHECK_EQ(agent_next((enum agent_state)from, AGENT_ON_BANNED),
                 from == AGENT_DISABLED ? AGENT_NONE : AGENT_DISABLED);
}

/* Only a token makes an agent ACTIVE that was not in use before. */
static void without_a_token_no_agent_becomes_active(void **state)
{
    (void)state;
    for (int on = 0; on < AGENT_EVENT_COUNT; on++) {
        CHECK(on == AGENT_ON_GOT_TOKEN || agent_next(AGENT_IDLE, (enum agent_event)on) != AGENT_ACTIVE);
        CHECK(on == AGENT_ON_GOT_TOKEN || agent_next(AGENT_RECOVERED, (enum agent_event)on) != AGENT_ACTIVE);
    }
}

static void every_name_is_read_back(void **state)
{
    enum agent_state read;

    (void)state;
    for (int s = AGENT_NONE + 1; s < AGENT_STATE_COUNT; s++) {
        CHECK(agent_state_parse(kk_sv_of(agent_state_name((enum agent_state)s)), &read));
        CHECK_EQ(read, s);
    }
    read = AGENT_IDLE;
    CHECK(!agent_state_parse(KK_SV("NONE"), &read));
    CHECK(!agent_state_parse(KK_SV("idle"), &read));
    CHECK_EQ(read, AGENT_IDLE);
    CHECK_STR(agent_event_name(AGENT_ON_GOT_TOKEN), "GOT_TOKEN");
}

static void the_drawing_is_not_stale(void **state)
{
    char *printed = NULL, drawn[4096];
    size_t printed_len = 0;
    FILE *out = open_memstream(&printed, &printed_len), *file = fopen("docs/states/agent.mmd", "rb");

    (void)state;
    CHECK(out && file);
    agent_states_print(out);
    fclose(out);

    size_t drawn_len = fread(drawn, 1, sizeof(drawn), file);

    fclose(file);
    CHECK_STR(((struct kk_sv){drawn, drawn_len}), ((struct kk_sv){printed, printed_len}));
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_way_out_and_is_reached_from_idle),
        cmocka_unit_test(a_disabled_agent_only_recovers),
        cmocka_unit_test(without_a_token_no_agent_becomes_active),
        cmocka_unit_test(every_name_is_read_back),
        cmocka_unit_test(the_drawing_is_not_stale),
    };

    return cmocka_run_group_tests_name("core/agent_state", tests, NULL, NULL);
}
