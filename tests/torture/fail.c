#include "torture/fail.h"

#include <stdlib.h>
#include <unistd.h>

static _Thread_local struct {
    struct fail_plan plan;
    int64_t seen, failed;
    int spared;
} state;

/* KK_FAIL_TRACE=1 shows where the failing call was made. */
void __sanitizer_print_stack_trace(void) __attribute__((weak));

static void trace(void)
{
    static const char line[] = "-- made to fail:\n";

    fail_spare(true);
    if (getenv("KK_FAIL_TRACE") && write(STDERR_FILENO, line, sizeof(line) - 1) > 0 && __sanitizer_print_stack_trace)
        __sanitizer_print_stack_trace();
    fail_spare(false);
}

void fail_arm(const struct fail_plan *plan)
{
    state.plan = *plan;
    state.seen = state.failed = 0;
    state.spared = 0;
}

void fail_disarm(void)
{
    state.plan.kinds = 0;
}

int64_t fail_seen(void)
{
    return state.seen;
}

int64_t fail_failed(void)
{
    return state.failed;
}

void fail_spare(bool is_spared)
{
    state.spared += is_spared ? 1 : -1;
}

bool fail_is_due(enum fail_kind kind)
{
    if (!(state.plan.kinds & kind) || state.spared)
        return false;
    state.seen++;
    if (state.plan.nth == 0 || state.seen < state.plan.nth || (state.seen > state.plan.nth && !state.plan.is_lasting))
        return false;
    if (++state.failed == 1)
        trace();
    return true;
}

bool fail_is_partial(void)
{
    return state.plan.is_partial;
}
