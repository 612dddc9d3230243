#include "core/task_state.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static bool has_way_out(enum task_state from)
{
    for (int on = 0; on < TASK_EVENT_COUNT; on++)
        if (task_next(from, (enum task_event)on) != TASK_NONE)
            return true;
    return false;
}

static void only_success_has_no_way_out(void **state)
{
    (void)state;
    for (int from = TASK_NONE + 1; from < TASK_STATE_COUNT; from++)
        CHECK_EQ(has_way_out((enum task_state)from), from != TASK_SUCCESS);
}

static void every_state_is_reached_from_waiting(void **state)
{
    bool reached[TASK_STATE_COUNT] = {[TASK_WAITING] = true};

    (void)state;
    for (int round = 0; round < TASK_STATE_COUNT; round++)
        for (int from = TASK_NONE + 1; from < TASK_STATE_COUNT; from++)
            for (int on = 0; on < TASK_EVENT_COUNT; on++)
                if (reached[from])
                    reached[task_next((enum task_state)from, (enum task_event)on)] = true;
    for (int to = TASK_NONE + 1; to < TASK_STATE_COUNT; to++)
        CHECK_EQ(reached[to] ? to : -1, to);
}

static void nothing_leads_back_to_waiting_and_nothing_out_of_none(void **state)
{
    (void)state;
    CHECK(!has_way_out(TASK_NONE));
    for (int from = TASK_NONE; from < TASK_STATE_COUNT; from++)
        for (int on = 0; on < TASK_EVENT_COUNT; on++)
            CHECK(task_next((enum task_state)from, (enum task_event)on) != TASK_WAITING);
}

/* K2: a task is worked on only after it was published, and published only where the outbox may do it. */
static void each_event_leads_to_one_state(void **state)
{
    (void)state;
    for (int on = 0; on < TASK_EVENT_COUNT; on++) {
        enum task_state to = TASK_NONE;

        for (int from = TASK_NONE + 1; from < TASK_STATE_COUNT; from++) {
            enum task_state next = task_next((enum task_state)from, (enum task_event)on);

            if (next == TASK_NONE)
                continue;
            CHECK(to == TASK_NONE || to == next);
            to = next;
        }
        CHECK(to != TASK_NONE);
    }
}

static void every_name_is_read_back(void **state)
{
    enum task_state read;

    (void)state;
    for (int s = TASK_NONE + 1; s < TASK_STATE_COUNT; s++) {
        CHECK(task_state_parse(kk_sv_of(task_state_name((enum task_state)s)), &read));
        CHECK_EQ(read, s);
    }
    read = TASK_RETRY;
    CHECK(!task_state_parse(KK_SV("NONE"), &read));
    CHECK(!task_state_parse(KK_SV("running"), &read));
    CHECK(!task_state_parse(KK_SV(""), &read));
    CHECK_EQ(read, TASK_RETRY);
    CHECK_STR(task_state_name(TASK_NONE), "NONE");
    CHECK_STR(task_event_name(TASK_ON_SPARED), "SPARED");
}

static void the_drawing_is_not_stale(void **state)
{
    char *printed = NULL, drawn[4096];
    size_t printed_len = 0;
    FILE *out = open_memstream(&printed, &printed_len), *file = fopen("docs/states/task.mmd", "rb");

    (void)state;
    CHECK(out && file);
    task_states_print(out);
    fclose(out);

    size_t drawn_len = fread(drawn, 1, sizeof(drawn), file);

    fclose(file);
    CHECK_STR(((struct kk_sv){drawn, drawn_len}), ((struct kk_sv){printed, printed_len}));
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_success_has_no_way_out),
        cmocka_unit_test(every_state_is_reached_from_waiting),
        cmocka_unit_test(nothing_leads_back_to_waiting_and_nothing_out_of_none),
        cmocka_unit_test(each_event_leads_to_one_state),
        cmocka_unit_test(every_name_is_read_back),
        cmocka_unit_test(the_drawing_is_not_stale),
    };

    return cmocka_run_group_tests_name("core/task_state", tests, NULL, NULL);
}
