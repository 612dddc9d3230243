/* What a relay takes in hand for a sink that answers later. */
#include "app/deliver.h"

#include "app/trigger.h"
#include "ports/sink.h"
#include "support/check.h"
#include "support/rig.h"

#define ITEMS 5
#define AT_ONCE 2

static struct sink slow;
static int64_t in_hand[ITEMS];
static size_t in_hand_count, refused_count, told_count;

static enum kk_code slow_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    (void)s;
    if (in_hand_count == AT_ONCE) {
        refused_count++;
        return kk_fail(err, KK_BUSY, "no more at once");
    }
    in_hand[in_hand_count++] = event->id;
    return KK_OK;
}

static void slow_flush(struct sink *s)
{
    (void)s;
}

static void slow_close(struct sink *s)
{
    (void)s;
}

static void answer_all(void)
{
    const struct sink_result result = {.code = KK_OK, .http_status = 204};

    for (size_t i = 0; i < in_hand_count; i++, told_count++)
        slow.on_delivered(slow.ctx, &slow, in_hand[i], &result);
    in_hand_count = 0;
}

static void no_event_is_taken_in_hand_that_the_sink_cannot_take(void **state)
{
    static const struct sink_ops ops = {.kind = "slow", .start = slow_start, .flush = slow_flush, .close = slow_close};
    struct rig *rig = rig_open();
    struct sink *own = rig->app.sinks[0];
    struct run run;
    struct kk_err err;
    bool is_created;

    (void)state;
    slow = *own;
    slow.ops = &ops;
    slow.is_sequence = false;
    slow.inflight_max = AT_ONCE;
    rig->app.sinks[0] = &slow;
    for (int64_t i = 0; i < ITEMS; i++)
        rig_add_item(rig, 900100001 + i, 338000);
    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, &err), &err);
    rig_run(rig, 10 * KK_SECOND_MS);
    CHECK_EQ(in_hand_count, AT_ONCE);
    for (int i = 0; i < ITEMS && told_count < ITEMS; i++) {
        deliver_turn(&rig->app, false);
        answer_all();
        deliver_turn(&rig->app, false);
        rig_pass(rig, KK_SECOND_MS);
    }
    CHECK_EQ(told_count, ITEMS);
    CHECK_EQ(refused_count, 0);
    rig->app.sinks[0] = own;
    rig_close(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_event_is_taken_in_hand_that_the_sink_cannot_take)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
