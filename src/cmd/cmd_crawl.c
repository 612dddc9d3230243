/* kkachi crawl SELLER... [--wait] */
#include <time.h>

#include "app/manage.h"
#include "app/measure.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/left.h"
#include "cmd/lock.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "cmd/watch.h"
#include "ports/store.h"

#define LOOK_EVERY_MS 100
#define FORECAST_EVERY_MS (2 * KK_SECOND_MS)

struct forecast {
    int64_t look_at_ms; /* monotonic */
    bool is_known;
    struct measure measure;
};

static bool count_usable(void *ctx, const struct agent *agent)
{
    *(int *)ctx += agent->state != AGENT_DISABLED;
    return true;
}

/* What would keep the crawl from beginning: whoever waits should know. */
static void say_what_is_missing(struct wire *office)
{
    struct pause pause = {0};
    int usable_count = 0;

    if (!lock_is_held(office->dir, NULL, 0))
        say_note("nothing runs on the folder %s; start `kkachi up` and the crawl begins", office->dir);
    if (!store_each_agent(office->app.store, count_usable, &usable_count, NULL) && usable_count == 0)
        say_note("there are no agents to ask the site with; register some: kkachi agent add --file LIST");
    if (!manage_get_pause(&office->app, &pause, NULL) && pause.is_paused)
        say_note("all requests are paused%s%s; `kkachi resume` lets them go on", *pause.why ? ": " : "", pause.why);
}

/* ---- wait ---- */

static const struct measured_crawl *crawl_of(const struct measure *m, int64_t run_id)
{
    for (size_t i = 0; i < m->crawl_count; i++)
        if (m->crawl[i].run_id == run_id)
            return &m->crawl[i];
    return NULL;
}

/* "about 5m left", in front of what came so far. Measured now and then: it reads every seller. */
static void add_left(struct wire *office, const struct watch *watch, struct progress *progress, struct forecast *cast,
                     int64_t now_ms)
{
    if (now_ms >= cast->look_at_ms) {
        cast->is_known = !measure_take(&office->app, &cast->measure, NULL);
        cast->look_at_ms = now_ms + FORECAST_EVERY_MS;
    }
    for (size_t i = 0; cast->is_known && i < watch->count && i < progress->count; i++) {
        const struct measured_crawl *crawl = crawl_of(&cast->measure, watch->at[i].run.id);
        char note[PROGRESS_NOTE_BYTES], left[LEFT_BYTES];

        if (!crawl || watch->at[i].run.state != RUN_OPEN || crawl->left_ms < 0)
            continue;
        memcpy(note, progress->bar[i].note, sizeof(note));
        left_print(crawl->left_ms, left);
        snprintf(progress->bar[i].note, sizeof(note), "%s left%s%.60s", left, *note ? ", " : "", note);
    }
}

static int wait_for(struct wire *office, struct watch *watch, bool is_quiet, int64_t timeout_ms)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    struct progress progress;
    int64_t end_ms = kk_mono_ms(&office->clock) + timeout_ms;
    size_t open_count = watch->count;
    struct forecast cast = {.look_at_ms = 0};
    struct kk_err err = {0};

    progress_begin(&progress, stderr);
    for (size_t i = 0; i < watch->count; i++)
        progress_add(&progress, watch->at[i].run.seller_id);
    for (;;) {
        int64_t now_ms = kk_mono_ms(&office->clock);

        if (watch_look(watch, office->app.store, &progress, &open_count, &err))
            return say_failure(&err);
        if (open_count == 0 || (timeout_ms && now_ms >= end_ms))
            break;
        if (!is_quiet) {
            add_left(office, watch, &progress, &cast, now_ms);
            progress_draw(&progress, now_ms);
        }
        nanosleep(&pause, NULL);
    }
    if (!is_quiet)
        progress_end(&progress, kk_mono_ms(&office->clock));
    return open_count ? say_failed("%zu of the crawls had not ended when the time was over", open_count) : EXIT_DONE;
}

/* ---- result ---- */

static void put_crawl(struct kk_buf *json, const struct watched *crawl)
{
    const struct run *run = &crawl->run;

    kk_jw_open(json, '{');
    kk_jw_key_i64(json, "runId", run->id);
    kk_jw_key_str(json, "sellerId", kk_sv_of(run->seller_id));
    kk_jw_key_bool(json, "created", crawl->was_created);
    kk_jw_key_str(json, "state", kk_sv_of(run_state_name(run->state)));
    kk_jw_key_time(json, "startedAt", run->started_at_ms);
    kk_jw_key_time(json, "endedAt", run->ended_at_ms);
    kk_jw_key_i64(json, "items", run->seen_count);
    kk_jw_key_i64(json, "tasks", run->counts.task_count);
    kk_jw_key_i64(json, "success", run->counts.success_count);
    kk_jw_key_i64(json, "dead", run->counts.dead_count);
    kk_jw_key_i64(json, "requests", run->counts.request_count);
    kk_jw_key_i64(json, "retries", run->counts.retry_count);
    kk_jw_key_i64(json, "productsCreated", run->counts.created_count);
    kk_jw_key_i64(json, "productsChanged", run->counts.changed_count);
    kk_jw_key_i64(json, "productsRemoved", run->counts.removed_count);
    kk_jw_key_i64(json, "productsReturned", run->counts.returned_count);
    kk_jw_close(json, '}');
}

static void result_row(struct report *report, const struct watched *crawl)
{
    const struct run *run = &crawl->run;
    bool is_good = run->state == RUN_COMPLETE && run->counts.dead_count == 0;
    char seconds[32], dead[24];

    snprintf(dead, sizeof(dead), "%" PRId64, run->counts.dead_count);
    snprintf(seconds, sizeof(seconds), "%.1f s", (double)(run->ended_at_ms - run->started_at_ms) / 1000);
    table_text(&report->table, run->seller_id);
    table_cell(&report->table, is_good ? TABLE_GREEN : TABLE_YELLOW, kk_sv_of(run_state_name(run->state)));
    table_number(&report->table, run->seen_count);
    table_number(&report->table, run->counts.request_count);
    table_cell(&report->table, run->counts.dead_count ? TABLE_RED : TABLE_PLAIN, kk_sv_of(dead));
    table_number(&report->table, run->counts.created_count);
    table_number(&report->table, run->counts.changed_count);
    table_number(&report->table, run->counts.removed_count);
    table_number(&report->table, run->counts.returned_count);
    table_text(&report->table, seconds);
}

static int answer(struct call *call, const struct watch *watch)
{
    static const struct table_column columns[] = {
        {"SELLER", TABLE_LEFT, false},    {"RESULT", TABLE_LEFT, false},   {"ITEMS", TABLE_RIGHT, false},
        {"REQUESTS", TABLE_RIGHT, false}, {"DEAD", TABLE_RIGHT, false},    {"NEW", TABLE_RIGHT, false},
        {"CHANGED", TABLE_RIGHT, false},  {"REMOVED", TABLE_RIGHT, false}, {"RETURNED", TABLE_RIGHT, false},
        {"TIME", TABLE_RIGHT, false},
    };
    bool has_ended = call_option(call, "wait");
    struct report report;

    report_begin(&report, call, columns, KK_COUNT(columns));
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched *crawl = &watch->at[i];

        if (call->is_json)
            put_crawl(&report.json, crawl);
        else if (has_ended)
            result_row(&report, crawl);
        else
            fprintf(call->out, "run %" PRId64 " of %s %s\n", crawl->run.id, crawl->run.seller_id,
                    crawl->was_created ? "is started" : "is under way already");
        report_row(&report);
    }
    return report_end(&report, NULL);
}

int cmd_crawl(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *timeout = call_option(call, "timeout");
    bool is_waiting = call_option(call, "wait");
    int64_t timeout_ms = 0;
    struct watch watch = {0};
    struct kk_err err = {0};
    int status, waited;

    if (timeout && (!kk_duration_parse(kk_sv_of(timeout), &timeout_ms) || timeout_ms == 0))
        return say_usage("--timeout: \"%.40s\" is not a duration, as in 90s", timeout);
    status = office_open(&office, call, WIRE_MANAGE);
    if (status)
        return status;
    for (size_t i = 0; i < call->arg_count; i++) {
        if (watch_start(&watch, &office, call->arg[i], &err))
            return say_failure(&err);
    }
    wire_wake(&office);
    say_what_is_missing(&office);
    if (!is_waiting)
        return answer(call, &watch);
    waited = wait_for(&office, &watch, call->is_json, timeout_ms);
    status = answer(call, &watch);
    if (waited || status)
        return waited ? waited : status;
    if (watch_is_good(&watch))
        return EXIT_DONE;
    return say_failed("a crawl ended incomplete or left dead letters; `kkachi dead list` shows what failed and why");
}
