#include "core/trace.h"

#include <string.h>

#include "support/check.h"

static void a_run_has_one_trace_and_no_other_run_has_it(void **state)
{
    char a[TRACE_ID_BYTES], again[TRACE_ID_BYTES], next[TRACE_ID_BYTES], elsewhere[TRACE_ID_BYTES];

    (void)state;
    trace_id("f00d", 1, a);
    trace_id("f00d", 1, again);
    trace_id("f00d", 2, next);
    trace_id("cafe", 1, elsewhere);
    CHECK_EQ(strlen(a), 32);
    CHECK_EQ(strspn(a, "0123456789abcdef"), 32);
    assert_string_equal(a, again);
    assert_string_not_equal(a, next);
    assert_string_not_equal(a, elsewhere);
}

/* https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent, flags. */
static void a_traceparent_has_the_standards_form(void **state)
{
    char trace[TRACE_ID_BYTES], parent[TRACEPARENT_BYTES], other[TRACEPARENT_BYTES];

    (void)state;
    trace_id("f00d", 7, trace);
    trace_parent("f00d", 7, "event", 12, parent);
    trace_parent("f00d", 7, "task", 12, other);
    CHECK_EQ(strlen(parent), 55);
    assert_memory_equal(parent, "00-", 3);
    assert_memory_equal(parent + 3, trace, 32);
    CHECK_EQ(strspn(parent + 36, "0123456789abcdef"), 16);
    assert_string_equal(parent + 52, "-01");
    assert_memory_equal(parent, other, 36);
    assert_memory_not_equal(parent + 36, other + 36, 16);
}

static void what_belongs_to_no_run_has_no_trace(void **state)
{
    char trace[TRACE_ID_BYTES] = "x", parent[TRACEPARENT_BYTES] = "x";

    (void)state;
    trace_id("f00d", 0, trace);
    trace_parent("f00d", 0, "event", 12, parent);
    assert_string_equal(trace, "");
    assert_string_equal(parent, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_has_one_trace_and_no_other_run_has_it),
        cmocka_unit_test(a_traceparent_has_the_standards_form),
        cmocka_unit_test(what_belongs_to_no_run_has_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
