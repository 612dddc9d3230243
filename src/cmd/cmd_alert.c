/* kkachi alert list|test */
#include <time.h>

#include "app/alarm.h"
#include "app/show.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/alert_pages.h"
#include "cmd/cmd.h"
#include "cmd/lock.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/sink.h"

#define LOOK_EVERY_MS 100
#define TEST_WAIT_MS (20 * KK_SECOND_MS)

static enum table_colour colour_of(const struct alert *alert)
{
    if (!alert->raised_at_ms)
        return alert->since_ms ? TABLE_YELLOW : TABLE_GREEN;
    return alert_rule(alert->key)->severity == ALERT_CRITICAL ? TABLE_RED : TABLE_YELLOW;
}

static void alert_row(struct report *report, const struct alert *alert)
{
    const struct alert_rule *rule = alert_rule(alert->key);

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_alert(&report->json, alert);
        kk_jw_close(&report->json, '}');
        return;
    }
    table_text(&report->table, rule->name);
    table_cell(&report->table, colour_of(alert), kk_sv_of(alert_state_name(alert)));
    table_text(&report->table, alert_severity_name(rule->severity));
    table_time(&report->table, alert->since_ms);
    table_text(&report->table, alert->since_ms && *alert->detail ? alert->detail : rule->meaning);
}

int cmd_alert_list(struct call *call)
{
    static const struct table_column columns[] = {
        {"ALERT", TABLE_LEFT, false},
        {"STATE", TABLE_LEFT, false},
        {"SEVERITY", TABLE_LEFT, false},
        {"SINCE (UTC)", TABLE_LEFT, false},
        {"DETAIL, OR MEANING", TABLE_LEFT, true},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct alert alerts[ALERT_COUNT];
    struct report report;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (store_get_alerts(office.app.store, alerts, &err))
        return say_failure(&err);
    report_begin(&report, call, columns, KK_COUNT(columns));
    for (int i = 0; i < ALERT_COUNT; i++) {
        alert_row(&report, &alerts[i]);
        if (!report_row(&report))
            break;
    }
    return report_end(&report, NULL);
}

/* ---- a message that is only a test ---- */

struct place { /* what became of it at one notifier */
    const char *name;
    bool is_delivered;
    int attempts;
    char error[128];
};

static void note_place(void *ctx, const struct delivery *delivery)
{
    struct place *place = ctx;

    place->is_delivered = delivery->published_at_ms > 0;
    place->attempts = delivery->attempts;
    if (!place->is_delivered)
        snprintf(place->error, sizeof(place->error), KK_SV_FMT, KK_SV_ARG(kk_text_fit(delivery->error, 100)));
}

/* *ret_silent: places of which nothing is known yet. */
static enum kk_code look_at_places(struct wire *office, const char *id, struct place place[APP_SINKS_MAX],
                                   size_t *ret_silent, struct kk_err *err)
{
    char topic[OUTBOX_TOPIC_BYTES];
    size_t count = 0;

    *ret_silent = 0;
    for (size_t i = 0; i < office->app.sink_count; i++) {
        const struct sink *sink = office->app.sinks[i];

        if (!sink->is_notifier)
            continue;
        sink_topic(sink, topic, sizeof(topic));
        place[count] = (struct place){.name = sink->name};

        enum kk_code rc =
            store_get_delivery(office->app.store, kk_sv_of(topic), kk_sv_of(id), note_place, &place[count], err);

        if (rc)
            return rc;
        *ret_silent += !place[count].is_delivered && place[count].attempts == 0;
        count++;
    }
    return KK_OK;
}

/* Until each place took or refused it, or TEST_WAIT_MS. */
static enum kk_code wait_for_places(struct wire *office, const char *id, struct place place[APP_SINKS_MAX],
                                    struct kk_err *err)
{
    size_t silent_count = 0;
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    int64_t end_ms = kk_mono_ms(&office->clock) + TEST_WAIT_MS;
    enum kk_code rc;

    while (!(rc = look_at_places(office, id, place, &silent_count, err)) && silent_count > 0 &&
           kk_mono_ms(&office->clock) < end_ms)
        nanosleep(&pause, NULL);
    return rc;
}

static void say_place(struct call *call, const struct place *place)
{
    if (place->is_delivered)
        fprintf(call->out, "%s has it.\n", place->name);
    else if (place->error[0])
        fprintf(call->out, "%s does not have it: %s. It is sent again until it is taken.\n", place->name, place->error);
    else
        fprintf(call->out, "%s does not have it yet; it stays in the outbox until it is taken.\n", place->name);
}

static int answer_test(struct call *call, const struct place *place, size_t count)
{
    size_t delivered_count = 0;
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(16 * 1024);

    for (size_t i = 0; i < count; i++) {
        delivered_count += place[i].is_delivered;
        if (!call->is_json)
            say_place(call, &place[i]);
    }
    if (call->is_json) {
        kk_jw_open(&json, '[');
        for (size_t i = 0; i < count; i++) {
            kk_jw_open(&json, '{');
            kk_jw_key_str(&json, "place", kk_sv_of(place[i].name));
            kk_jw_key_bool(&json, "delivered", place[i].is_delivered);
            kk_jw_key_i64(&json, "attempts", place[i].attempts);
            kk_jw_key_str(&json, "error", kk_sv_of(place[i].error));
            kk_jw_close(&json, '}');
        }
        kk_jw_close(&json, ']');
        report_value(call, &json);
    }
    return delivered_count < count ? EXIT_FAILED : EXIT_DONE;
}

int cmd_alert_test(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct place place[APP_SINKS_MAX] = {0};
    char id[OUTBOX_KEY_BYTES];
    struct kk_err err = {0};
    size_t count = 0, silent_count = 0;
    int status = office_open(&office, call, WIRE_STORE | WIRE_EVENT_NAMES);

    if (status)
        return status;
    if (alarm_test(&office.app, id, &count, &err))
        return say_failure(&err);
    if (count == 0)
        return say_failed("alerts go nowhere yet: set alert.slack or alert.webhook");
    wire_wake(&office);
    if (!lock_is_held(office.dir, NULL, 0)) {
        say_note("nothing runs on the folder %s; start `kkachi up` and the message leaves", office.dir);
        if (look_at_places(&office, id, place, &silent_count, &err))
            return say_failure(&err);
    } else if (wait_for_places(&office, id, place, &err)) {
        return say_failure(&err);
    }
    return answer_test(call, place, count);
}

int cmd_alert_rules(struct call *call)
{
    alert_rules(call->out);
    return EXIT_DONE;
}
