#include "torture/torture.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 1000000 /* a work that has more to fail at has no end */

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

bool torture_sees_leaks(void)
{
    return __lsan_do_recoverable_leak_check;
}

bool torture_is_long(void)
{
    const char *form = getenv("KK_TORTURE");

    return form && strcmp(form, "long") == 0;
}

/* What is being tried, for the case that a check jumps out of it. */
static const char *present_name;
static struct fail_plan present_plan;

static void show_plan(const char *name, const struct fail_plan *plan)
{
    print_message("%s: kinds %u, call %lld%s%s\n", name, plan->kinds, (long long)plan->nth,
                  plan->is_lasting ? " and all after it" : "", plan->is_partial ? ", half done" : "");
}

int torture_relax(void **state)
{
    (void)state;
    fail_disarm();
    if (present_name)
        show_plan(present_name, &present_plan);
    present_name = NULL;
    return 0;
}

/* The next n: each of the first, where opening and setting up lie, then steps in proportion. */
static int64_t after(int64_t nth)
{
    return torture_is_long() || nth < 16 ? nth + 1 : nth + nth / 8;
}

bool torture_holds_once(const struct torture *torture, const struct fail_plan *plan, bool *ret_reached)
{
    struct kk_err err = {0};
    enum kk_code rc;
    int64_t failed;

    present_name = torture->name;
    present_plan = *plan;
    fail_arm(plan);
    rc = torture->work(torture->ctx, &err);
    failed = fail_failed();
    fail_disarm();
    *ret_reached = failed > 0;
    if (rc && (!err.msg[0] || err.code != rc || !failed)) {
        show_plan(torture->name, plan);
        print_error("%lld calls were made to fail; it ended with %s: \"%s\"\n", (long long)failed, kk_code_name(rc),
                    err.msg);
        return false;
    }
    if (torture->check)
        torture->check(torture->ctx, rc);
    present_name = NULL;
    return true;
}

/* One way to fail, n = 1, 2, 3 … */
static bool holds_way(const struct torture *torture, struct fail_plan plan, int64_t *ret_plans)
{
    bool is_reached = true;

    for (plan.nth = 1; is_reached; plan.nth = after(plan.nth)) {
        if (!torture_holds_once(torture, &plan, &is_reached))
            return false;
        if ((*ret_plans += is_reached) == RUNS_MAX) {
            print_error("%s: it does not end\n", torture->name);
            return false;
        }
    }
    return true;
}

bool torture_holds(const struct torture *torture)
{
    int64_t plans = 0;

    for (unsigned way = 0; way < 4; way++) {
        struct fail_plan plan = {.kinds = torture->kinds, .is_lasting = way & 1, .is_partial = way & 2};

        if (plan.is_partial && !(plan.kinds & (FAIL_SQLITE | FAIL_FILE)))
            continue;
        if (!holds_way(torture, plan, &plans))
            return false;
    }
    print_message("# %s: %lld failures\n", torture->name, (long long)plans);
    if (torture_sees_leaks() && __lsan_do_recoverable_leak_check()) {
        print_error("%s: something leaked\n", torture->name);
        return false;
    }
    return true;
}
