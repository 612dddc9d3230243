#include "contract/sink_contract.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

#define EVENTS_MAX 8192
#define TURNS_MAX 5000

static const struct sink_world *world;
static struct sink *sink;
static struct {
    int told[EVENTS_MAX]; /* by id */
    int count, failed_count;
    struct sink_result last;
    bool is_starting;
    int64_t follow_up; /* started from on_delivered, once; 0: none */
} seen;

/* Event n: an id and a body as the site's products make them. */
static void make_event(int64_t n, char ret_id[32], struct kk_buf *body)
{
    snprintf(ret_id, 32, "%" PRId64 "-1", 117757690 + n);
    kk_buf_clear(body);
    kk_buf_addf(body, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"data\":{\"name\":\"까치 \\\"%" PRId64 "\\\"\"}}",
                ret_id, n);
}

static enum kk_code start(int64_t n, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024);
    char event_id[32];

    make_event(n, event_id, &body);
    seen.is_starting = true;

    enum kk_code rc = sink_start(sink, &(struct sink_event){n, kk_sv_of(event_id), kk_buf_sv(&body), ""}, err);

    seen.is_starting = false;
    return rc;
}

static void must_start(int64_t n)
{
    struct kk_err err = {0};

    CHECK_OK(start(n, &err), &err);
}

static void on_delivered(void *ctx, struct sink *from, int64_t id, const struct sink_result *result)
{
    int64_t follow_up = seen.follow_up;

    CHECK(ctx == &seen && from == sink);
    CHECK(!seen.is_starting);
    CHECK(id >= 0 && id < EVENTS_MAX);
    seen.told[id]++;
    seen.count++;
    seen.failed_count += result->code != KK_OK;
    seen.last = *result;
    seen.follow_up = 0;
    if (follow_up)
        must_start(follow_up);
}

static void open_sink(void)
{
    sink = world->open(world->ctx);
    sink->on_delivered = on_delivered;
    sink->ctx = &seen;
}

static void deliver(int count)
{
    for (int turns = 0; seen.count < count; turns++) {
        CHECK(turns < TURNS_MAX);
        sink_flush(sink);
        world->turn(world->ctx);
    }
    CHECK_EQ(seen.count, count);
}

static int set_up(void **state)
{
    world = *state;
    memset(&seen, 0, sizeof(seen));
    world->make(world->ctx);
    open_sink();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_close(sink);
    sink = NULL;
    world->remove(world->ctx);
    return 0;
}

/* How often the other side has event n. */
static int count_arrived(int64_t n)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf all = KK_BUF(64 * 1024 * 1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024);
    char event_id[32];
    struct kk_sv rest;
    int count = 0;

    make_event(n, event_id, &body);
    world->arrived(world->ctx, &all);
    rest = kk_buf_sv(&all);
    while (rest.len > 0)
        count += kk_sv_eq(kk_sv_cut(&rest, '\n'), kk_buf_sv(&body));
    return count;
}

static void a_sink_has_a_name_that_stays(void **state)
{
    char name[sizeof(sink->name)];

    (void)state;
    CHECK(sink->name[0]);
    CHECK(kk_sv_copy(kk_sv_of(sink->name), name, sizeof(name)));
    sink_close(sink);
    open_sink();
    CHECK_STR(sink->name, name);
}

static void what_is_delivered_is_there(void **state)
{
    (void)state;
    must_start(1);
    must_start(2);
    deliver(2);
    CHECK_EQ(seen.failed_count, 0);
    CHECK_EQ(seen.told[1], 1);
    CHECK_EQ(seen.told[2], 1);
    CHECK_EQ(count_arrived(1), 1);
    CHECK_EQ(count_arrived(2), 1);
}

static void what_was_delivered_is_there_after_a_close(void **state)
{
    (void)state;
    must_start(1);
    deliver(1);
    sink_close(sink);
    open_sink();
    must_start(2);
    deliver(2);
    CHECK_EQ(count_arrived(1), 1);
    CHECK_EQ(count_arrived(2), 1);
}

static void a_sink_takes_what_it_can_and_says_when_no_more(void **state)
{
    struct kk_err err = {0};
    int count = 0;
    enum kk_code rc = KK_OK;

    (void)state;
    while (count < EVENTS_MAX && (rc = start(count, &err)) == KK_OK)
        count++;
    CHECK(count > 0);
    if (count < EVENTS_MAX)
        CHECK_EQ(rc, KK_BUSY);
    deliver(count);
    CHECK_EQ(seen.failed_count, 0);
    for (int i = 0; i < count; i++)
        CHECK_EQ(seen.told[i], 1);
    must_start(EVENTS_MAX - 1); /* there is room again */
    deliver(count + 1);
    CHECK_EQ(count_arrived(0), 1);
    CHECK_EQ(count_arrived(count - 1), 1);
    CHECK_EQ(count_arrived(EVENTS_MAX - 1), 1);
}

static void a_sequence_keeps_its_order(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf all = KK_BUF(1024 * 1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024);
    char event_id[32];
    struct kk_sv rest;

    (void)state;
    if (!sink->is_sequence)
        return;
    for (int n = 0; n < 50; n++)
        must_start(n);
    deliver(50);
    world->arrived(world->ctx, &all);
    rest = kk_buf_sv(&all);
    for (int n = 0; n < 50; n++) {
        make_event(n, event_id, &body);
        CHECK_STR(kk_sv_cut(&rest, '\n'), kk_buf_sv(&body));
    }
    CHECK_EQ(rest.len, 0);
}

static void what_is_not_taken_is_told_with_its_reason(void **state)
{
    (void)state;
    must_start(1);
    deliver(1);
    world->set_failing(world->ctx, true);
    must_start(2);
    must_start(3);
    deliver(3);
    CHECK_EQ(seen.failed_count, 2);
    CHECK_EQ(seen.told[2], 1);
    CHECK(seen.last.code != KK_OK);
    CHECK(seen.last.error[0]);

    world->set_failing(world->ctx, false);
    CHECK_EQ(count_arrived(2), 0);
    must_start(2);
    must_start(3);
    deliver(5);
    CHECK_EQ(seen.failed_count, 2);
    CHECK_EQ(count_arrived(1), 1);
    CHECK_EQ(count_arrived(2), 1);
    CHECK_EQ(count_arrived(3), 1);
}

static void the_next_may_be_started_while_one_is_told(void **state)
{
    (void)state;
    seen.follow_up = 2;
    must_start(1);
    deliver(2);
    CHECK_EQ(seen.failed_count, 0);
    CHECK_EQ(count_arrived(1), 1);
    CHECK_EQ(count_arrived(2), 1);
}

static void a_flush_of_nothing_is_fine(void **state)
{
    (void)state;
    sink_flush(sink);
    world->turn(world->ctx);
    CHECK_EQ(seen.count, 0);
}

static void after_a_close_nothing_is_told(void **state)
{
    (void)state;
    must_start(1);
    must_start(2);
    sink_close(sink);
    for (int i = 0; i < 5; i++)
        world->turn(world->ctx);
    CHECK_EQ(seen.count, 0);
    open_sink();
    must_start(3);
    deliver(1);
    CHECK_EQ(count_arrived(3), 1);
}

int sink_contract_run(const char *name, const struct sink_world *contract)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_has_a_name_that_stays),
        cmocka_unit_test(what_is_delivered_is_there),
        cmocka_unit_test(what_was_delivered_is_there_after_a_close),
        cmocka_unit_test(a_sink_takes_what_it_can_and_says_when_no_more),
        cmocka_unit_test(a_sequence_keeps_its_order),
        cmocka_unit_test(what_is_not_taken_is_told_with_its_reason),
        cmocka_unit_test(the_next_may_be_started_while_one_is_told),
        cmocka_unit_test(a_flush_of_nothing_is_fine),
        cmocka_unit_test(after_a_close_nothing_is_told),
    };

    for (size_t i = 0; i < KK_COUNT(tests); i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
        tests[i].initial_state = (void *)contract;
    }
    return _cmocka_run_group_tests(name, tests, KK_COUNT(tests), NULL, NULL);
}
