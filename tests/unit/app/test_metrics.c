/* What is measured of the installation, and the text that monitoring systems read. */
#include "app/metrics.h"

#include <string.h>

#include "app/manage.h"
#include "app/trigger.h"
#include "ports/limiter.h"
#include "ports/store.h"
#include "support/check.h"
#include "support/rig.h"

static int open_rig(void **state)
{
    struct rig *rig = rig_open();

    for (int i = 0; i < 3; i++)
        rig_add_item(rig, 900100001 + i, 338000);
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    return 0;
}

static struct measure take(struct rig *rig)
{
    struct measure m;
    struct kk_err err;

    CHECK_OK(measure_take(&rig->app, &m, &err), &err);
    return m;
}

static struct kk_buf text_of(const struct measure *m, enum metrics_format format)
{
    struct kk_buf out = KK_BUF(METRICS_MAX_BYTES);

    metrics_write(m, format, &out);
    CHECK_EQ(out.failed, KK_OK);
    return out;
}

static void check_line(struct kk_buf *text, const char *line)
{
    if (!strstr(kk_buf_cstr(text), line))
        CHECK_STR(kk_buf_cstr(text), line);
}

static void a_crawl_shows_in_every_figure(void **state)
{
    struct rig *rig = *state;
    struct measure m;

    rig_crawl(rig);
    rig_run(rig, KK_SECOND_MS);
    m = take(rig);
    CHECK_EQ(m.tasks.open_runs, 0);
    CHECK_EQ(m.tasks.waiting, 0);
    CHECK_EQ(m.agent_count, 1);
    CHECK_EQ(m.agents[AGENT_ACTIVE], 1);
    CHECK_EQ(m.tokens_left, 80 - 8);
    CHECK_EQ(m.sellers[SELLER_ACTIVE], 1);
    CHECK_EQ(m.stalest.count, 1);
    CHECK_STR(m.stalest.name[0], RIG_SHOP);
    CHECK_EQ(m.stale.count + m.incomplete.count + m.empty.count + m.failing.count, 0);
    CHECK_EQ(m.delivery_count, 3);
    CHECK_EQ(m.topic_count, 0);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = text_of(&m, METRICS_PROMETHEUS);

    check_line(&text, "\nkkachi_requests_total{endpoint=\"detail\",outcome=\"success\"} 3\n");
    check_line(&text, "\nkkachi_request_duration_seconds_count{endpoint=\"list\"} 1\n");
    check_line(&text, "\nkkachi_product_changes_total{endpoint=\"options\"} 3\n");
    check_line(&text, "\n# TYPE kkachi_requests_total counter\n");
    check_line(&text, "\nkkachi_seller_age_seconds{seller=\"" RIG_SHOP "\"} ");
}

static void what_waits_and_runs_is_counted_by_state(void **state)
{
    struct rig *rig = *state;
    struct run run;
    struct kk_err err;
    struct measure m;
    bool is_created;

    rig_crawl(rig);
    rig->site.is_silent = true;
    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, &err), &err);
    m = take(rig);
    CHECK_EQ(m.tasks.waiting, 1);
    CHECK_EQ(m.tasks.open_runs, 1);
    rig_run(rig, 5 * KK_SECOND_MS);
    m = take(rig);
    CHECK_EQ(m.tasks.waiting, 0);
    CHECK_EQ(m.tasks.running[TASK_LIST], 1);
    CHECK_EQ(m.tasks.running[0], 1);
}

static void what_goes_wrong_with_a_seller_has_its_name(void **state)
{
    struct rig *rig = *state;
    struct measure m;

    rig_crawl(rig);
    for (int i = 0; i < 3; i++)
        rig->site.item[i].is_listed = false;
    rig_crawl(rig);
    m = take(rig);
    CHECK_EQ(m.empty.count, 1); /* complete, and suddenly without an item */
    CHECK_STR(m.empty.name[0], RIG_SHOP);
    rig->site.item[0].is_listed = true;
    rig->site.count_lie = 2;
    rig_crawl(rig);
    m = take(rig);
    CHECK_EQ(m.empty.count, 0);
    CHECK_EQ(m.incomplete.count, 1);
    CHECK_EQ(m.stale.count, 0);
    CHECK_OK(manage_pause(&rig->app, true, "test", "", NULL), NULL);
    rig_pass(rig, 900 * KK_DAY_MS);
    m = take(rig);
    CHECK_EQ(m.stale.count, 1);
    CHECK_EQ(m.is_paused, true);
    CHECK(m.stalest.value[0] >= 900 * KK_DAY_MS);
}

static void failures_are_told_by_cause(void **state)
{
    struct rig *rig = *state;
    struct measure m;

    rig->site.body = "{\"items\":7}";
    rig_crawl(rig);
    m = take(rig);
    CHECK(m.mismatches_recent >= 2);
    CHECK(m.tasks.dead[TASK_LIST] >= 1);
    CHECK_EQ(m.challenges_recent, 0);
    rig_pass(rig, 2 * MEASURE_RECENT_MS);
    m = take(rig);
    CHECK_EQ(m.mismatches_recent, 0);
}

static enum kk_code away(struct limiter *l, const int64_t *ids, size_t count, struct limiter_agent *ret,
                         struct kk_err *err)
{
    (void)l, (void)ids, (void)count, (void)ret;
    return kk_fail(err, KK_UNAVAILABLE, "it is away");
}

static void a_limiter_that_is_away_is_a_fact(void **state)
{
    struct rig *rig = *state;
    const struct limiter_ops *ops = rig->app.limiter->ops;
    struct limiter_ops broken = *ops;
    struct measure m;

    broken.look = away;
    rig->app.limiter->ops = &broken;
    m = take(rig);
    rig->app.limiter->ops = ops;
    CHECK_EQ(m.is_limiter_away, true);
    CHECK_EQ(m.tokens_left, -1);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = text_of(&m, METRICS_PROMETHEUS);

    check_line(&text, "\nkkachi_limiter_up 0\n");
    CHECK(!strstr(kk_buf_cstr(&text), "\nkkachi_limiter_tokens_left"));
}

static void openmetrics_has_its_own_endings(void **state)
{
    struct rig *rig = *state;
    struct measure m = take(rig);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = text_of(&m, METRICS_OPENMETRICS);

    check_line(&text, "\n# TYPE kkachi_requests counter\n");
    check_line(&text, "\nkkachi_requests_total{");
    CHECK_STR(kk_buf_cstr(&text) + text.len - 6, "# EOF\n");
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_crawl_shows_in_every_figure),
        RIG_TEST(what_waits_and_runs_is_counted_by_state),
        RIG_TEST(what_goes_wrong_with_a_seller_has_its_name),
        RIG_TEST(failures_are_told_by_cause),
        RIG_TEST(a_limiter_that_is_away_is_a_fact),
        RIG_TEST(openmetrics_has_its_own_endings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
