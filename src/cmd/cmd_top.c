/* kkachi top: everything at a glance. A look is drawn over the one before, line by line, so that nothing flickers. */
#include <time.h>

#include "app/measure.h"
#include "app/show.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/left.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/alerts.h"

#define EVERY_MS (2 * KK_SECOND_MS)
#define CRAWLS_SHOWN 12
#define LABEL_COLUMNS 10
#define SELLER_COLUMNS 24
#define BAR_COLUMNS 20
#define PICTURE_MAX_BYTES (256 * 1024)

struct top {
    struct measure now, before; /* before.at_ms 0: this is the first look */
    struct alert alerts[ALERT_COUNT];
    struct kk_buf text; /* one look, lines ended by '\n' */
    FILE *out;
};

/* ---- lines ---- */

static void label(struct top *top, const char *name)
{
    kk_buf_addf(&top->text, "%s%-*s%s", terminal_paint(top->out, TABLE_DIM), LABEL_COLUMNS, name,
                terminal_paint(top->out, TABLE_PLAIN));
}

static void painted(struct top *top, enum table_colour colour, const char *text)
{
    kk_buf_addf(&top->text, "%s%s%s", terminal_paint(top->out, colour), text, terminal_paint(top->out, TABLE_PLAIN));
}

static void number(struct top *top, int64_t count, const char *what, enum table_colour colour)
{
    char text[96];

    snprintf(text, sizeof(text), "%" PRId64 " %s", count, what);
    painted(top, count > 0 ? colour : TABLE_PLAIN, text);
}

static void comma(struct top *top)
{
    kk_buf_add(&top->text, KK_SV(", "));
}

static void put_head(struct top *top, const struct app *app)
{
    char at[KK_ISO_BYTES];

    kk_time_iso(top->now.at_ms, at);
    kk_buf_addf(&top->text, "%skkachi%s  %.19s UTC  " KK_SV_FMT "\n", terminal_paint(top->out, TABLE_BOLD),
                terminal_paint(top->out, TABLE_PLAIN), at, KK_SV_ARG(kk_text_fit(app->site.base_url, 40)));
    if (top->now.is_paused) {
        painted(top, TABLE_RED, "All requests are paused; `kkachi resume` lets them go on.");
        kk_buf_addc(&top->text, '\n');
    }
}

static void put_agents(struct top *top)
{
    const struct measure *m = &top->now;
    char left[LEFT_BYTES];

    label(top, "Agents");
    kk_buf_addf(&top->text, "%" PRId64 " of %" PRId64 " may send, ", m->agent_count - m->agents[AGENT_DISABLED],
                m->agent_count);
    if (m->is_limiter_away) {
        painted(top, TABLE_RED, "the limiter does not answer");
    } else {
        kk_buf_addf(&top->text, "%" PRId64 " requests left", m->tokens_left);
        if (m->next_token_at_ms > m->at_ms) {
            left_print(m->next_token_at_ms - m->at_ms, left);
            kk_buf_addf(&top->text, ", the next in %s", left);
        }
    }
    if (m->agents_blocked) {
        comma(top);
        number(top, m->agents_blocked, "at a challenge page", TABLE_RED);
    }
    kk_buf_addc(&top->text, '\n');
}

static int64_t sum_of(const struct measure *m, enum stat_field field)
{
    int64_t sum = 0;

    for (int e = 0; e < STAT_ENDPOINT_COUNT; e++)
        sum += m->total[e].at[field];
    return sum;
}

static void put_requests(struct top *top)
{
    int64_t attempts = sum_of(&top->now, STAT_ATTEMPT) - sum_of(&top->before, STAT_ATTEMPT);
    int64_t success = sum_of(&top->now, STAT_SUCCESS) - sum_of(&top->before, STAT_SUCCESS);
    int64_t ms = top->now.at_ms - top->before.at_ms;

    label(top, "Requests");
    if (!top->before.at_ms)
        kk_buf_addf(&top->text, "%" PRId64 " till now", attempts);
    else
        kk_buf_addf(&top->text, "%.1f a second", ms > 0 ? (double)attempts * 1000 / (double)ms : 0);
    if (attempts > 0)
        kk_buf_addf(&top->text, ", %.1f %% succeed", 100 * stat_share(success, attempts));
    comma(top);
    number(top, top->now.failed_recent, "failed in 15 min", TABLE_YELLOW);
    kk_buf_addc(&top->text, '\n');
}

static void put_tasks(struct top *top)
{
    const struct task_gauge *tasks = &top->now.tasks;

    label(top, "Tasks");
    kk_buf_addf(&top->text, "%" PRId64 " waiting, %" PRId64 " in the queue, %" PRId64 " running, ", tasks->waiting,
                tasks->published[0], tasks->running[0]);
    number(top, tasks->dead[0], "dead", TABLE_YELLOW);
    kk_buf_addc(&top->text, '\n');
}

static void put_outbox(struct top *top)
{
    const struct measure *m = &top->now;
    int64_t count = 0, oldest_at_ms = m->at_ms;
    char left[LEFT_BYTES];

    for (size_t i = 0; i < m->topic_count; i++) {
        count += m->topic[i].count;
        if (m->topic[i].oldest_at_ms < oldest_at_ms)
            oldest_at_ms = m->topic[i].oldest_at_ms;
    }
    label(top, "Changes");
    kk_buf_addf(&top->text, "%" PRId64 " till now, ", sum_of(m, STAT_CHANGE));
    number(top, count, "wait for their destination", TABLE_PLAIN);
    if (count) {
        left_print(m->at_ms - oldest_at_ms, left);
        kk_buf_addf(&top->text, ", the oldest for %s", left);
    }
    if (m->delivery_count)
        kk_buf_addf(&top->text, ", p99 %" PRId64 " ms", m->delivery_p99_ms);
    kk_buf_addc(&top->text, '\n');
}

static void put_sellers(struct top *top)
{
    const struct measure *m = &top->now;
    const struct {
        int64_t count;
        const char *what;
    } ills[] = {{m->stale.count, "stale"},
                {m->incomplete.count, "incomplete"},
                {m->empty.count, "suddenly empty"},
                {m->failing.count, "failing"},
                {m->resting.count, "at rest"}};

    label(top, "Sellers");
    kk_buf_addf(&top->text, "%" PRId64 " active, %" PRId64 " paused", m->sellers[SELLER_ACTIVE],
                m->sellers[SELLER_PAUSED]);
    for (size_t i = 0; i < KK_COUNT(ills); i++)
        if (ills[i].count) {
            comma(top);
            number(top, ills[i].count, ills[i].what, TABLE_YELLOW);
        }
    kk_buf_addc(&top->text, '\n');
}

static void put_alerts(struct top *top)
{
    bool is_quiet = true;

    for (int i = 0; i < ALERT_COUNT; i++) {
        const struct alert *alert = &top->alerts[i];
        const struct alert_rule *rule = alert_rule(alert->key);

        if (!alert->raised_at_ms)
            continue;
        label(top, is_quiet ? "Alerts" : "");
        painted(top, rule->severity == ALERT_CRITICAL ? TABLE_RED : TABLE_YELLOW, rule->name);
        kk_buf_addf(&top->text, "  " KK_SV_FMT "\n", KK_SV_ARG(kk_text_fit(kk_sv_of(alert->detail), 40)));
        is_quiet = false;
    }
    if (is_quiet) {
        label(top, "Alerts");
        painted(top, TABLE_GREEN, "none");
        kk_buf_addc(&top->text, '\n');
    }
}

static void put_crawl(struct top *top, const struct measured_crawl *crawl)
{
    int64_t total = crawl->done_count + (crawl->left_count > 0 ? crawl->left_count : 0);
    int full = total && crawl->left_count >= 0 ? (int)(BAR_COLUMNS * crawl->done_count / total) : 0;
    struct kk_sv name = kk_text_fit(kk_sv_of(crawl->seller_id), SELLER_COLUMNS);
    char left[LEFT_BYTES], share[16] = "…";

    if (crawl->left_count >= 0)
        snprintf(share, sizeof(share), "%" PRId64 " %%", total ? 100 * crawl->done_count / total : 0);
    left_print(crawl->left_ms, left);
    kk_buf_addf(&top->text, KK_SV_FMT "%*s ", KK_SV_ARG(name), SELLER_COLUMNS - kk_text_columns(name), "");
    kk_buf_add(&top->text, kk_sv_of(terminal_paint(top->out, TABLE_GREEN)));
    for (int i = 0; i < BAR_COLUMNS; i++) {
        if (i == full)
            kk_buf_addf(&top->text, "%s%s", terminal_paint(top->out, TABLE_PLAIN), terminal_paint(top->out, TABLE_DIM));
        kk_buf_add(&top->text, i < full ? KK_SV("█") : KK_SV("·"));
    }
    kk_buf_addf(&top->text, "%s %*s%s %7" PRId64 " %11s\n", terminal_paint(top->out, TABLE_PLAIN),
                6 - kk_text_columns(kk_sv_of(share)), "", share, crawl->done_count, left);
}

static void put_crawls(struct top *top)
{
    const struct measure *m = &top->now;
    size_t shown = m->crawl_count < CRAWLS_SHOWN ? m->crawl_count : CRAWLS_SHOWN;

    kk_buf_addc(&top->text, '\n');
    if (!m->tasks.open_runs) {
        kk_buf_add(&top->text, KK_SV("No crawl is under way; `kkachi seller list` says when the next is due.\n"));
        return;
    }
    kk_buf_addf(&top->text, "%s%-*s %-*s   DONE    TASKS  LEFT, ABOUT%s\n", terminal_paint(top->out, TABLE_BOLD),
                SELLER_COLUMNS, "CRAWLS UNDER WAY", BAR_COLUMNS, "", terminal_paint(top->out, TABLE_PLAIN));
    for (size_t i = 0; i < shown; i++)
        put_crawl(top, &m->crawl[i]);
    if (m->tasks.open_runs > (int64_t)shown)
        kk_buf_addf(&top->text, "and %" PRId64 " more\n", m->tasks.open_runs - (int64_t)shown);
}

static void draw(struct top *top, const struct app *app)
{
    kk_buf_clear(&top->text);
    put_head(top, app);
    put_agents(top);
    put_requests(top);
    put_tasks(top);
    put_outbox(top);
    put_sellers(top);
    put_alerts(top);
    put_crawls(top);
}

/* Home, each line over the old one and the rest of it wiped, then what is below. */
static void show_live(struct top *top)
{
    struct kk_sv rest = kk_buf_sv(&top->text);

    fputs("\033[H", top->out);
    while (rest.len) {
        struct kk_sv line = kk_sv_cut(&rest, '\n');

        fprintf(top->out, KK_SV_FMT "\033[K\n", KK_SV_ARG(line));
    }
    fputs("\033[J", top->out);
}

/* ---- for programs ---- */

static int answer(struct call *call, const struct top *top)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(PICTURE_MAX_BYTES);
    const struct measure *m = &top->now;

    kk_jw_open(&json, '{');
    kk_jw_key_time(&json, "at", m->at_ms);
    kk_jw_key_bool(&json, "isPaused", m->is_paused);
    kk_jw_key_bool(&json, "isLimiterAway", m->is_limiter_away);
    kk_jw_key_i64(&json, "agents", m->agent_count);
    kk_jw_key_i64(&json, "agentsDisabled", m->agents[AGENT_DISABLED]);
    kk_jw_key_i64(&json, "requestsLeft", m->tokens_left);
    kk_jw_key_time(&json, "nextRequestAt", m->next_token_at_ms);
    kk_jw_key_i64(&json, "tasksWaiting", m->tasks.waiting);
    kk_jw_key_i64(&json, "tasksPublished", m->tasks.published[0]);
    kk_jw_key_i64(&json, "tasksRunning", m->tasks.running[0]);
    kk_jw_key_i64(&json, "tasksDead", m->tasks.dead[0]);
    kk_jw_key_i64(&json, "sellersStale", m->stale.count);
    kk_jw_key_i64(&json, "sellersIncomplete", m->incomplete.count);
    kk_jw_key_i64(&json, "sellersEmpty", m->empty.count);
    kk_jw_key_i64(&json, "sellersFailing", m->failing.count);
    kk_jw_key_i64(&json, "sellersResting", m->resting.count);
    kk_jw_key(&json, "alerts");
    kk_jw_open(&json, '[');
    for (int i = 0; i < ALERT_COUNT; i++)
        if (top->alerts[i].raised_at_ms)
            kk_jw_str(&json, kk_sv_of(alert_rule(top->alerts[i].key)->name));
    kk_jw_close(&json, ']');
    kk_jw_key(&json, "crawls");
    kk_jw_open(&json, '[');
    for (size_t i = 0; i < m->crawl_count; i++) {
        kk_jw_open(&json, '{');
        kk_jw_key_str(&json, "sellerId", kk_sv_of(m->crawl[i].seller_id));
        kk_jw_key_i64(&json, "runId", m->crawl[i].run_id);
        kk_jw_key_time(&json, "startedAt", m->crawl[i].started_at_ms);
        kk_jw_key_i64(&json, "done", m->crawl[i].done_count);
        show_crawl_left(&json, &m->crawl[i]);
        kk_jw_close(&json, '}');
    }
    kk_jw_close(&json, ']');
    kk_jw_close(&json, '}');
    return report_value(call, &json);
}

static enum kk_code look(struct wire *office, struct top *top, struct kk_err *err)
{
    enum kk_code rc;

    top->before = top->now;
    rc = measure_take(&office->app, &top->now, err);
    return rc ? rc : store_get_alerts(office->app.store, top->alerts, err);
}

static int run(struct call *call, struct wire *office, struct top *top, int64_t every_ms)
{
    const struct timespec pause = {.tv_sec = every_ms / 1000, .tv_nsec = every_ms % 1000 * 1000000L};
    bool is_live = terminal_is(call->out) && !call->is_json;
    struct kk_err err = {0};

    if (is_live)
        fputs("\033[2J", call->out);
    do {
        if (look(office, top, &err))
            return say_failure(&err);
        if (call->is_json)
            return answer(call, top);
        draw(top, &office->app);
        if (is_live)
            show_live(top);
        else
            fputs(kk_buf_cstr(&top->text), call->out);
        if (fflush(call->out))
            return EXIT_FAILED;
        if (is_live)
            nanosleep(&pause, NULL);
    } while (is_live);
    return EXIT_DONE;
}

int cmd_top(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *every = call_option(call, "every");
    struct top top = {.text = KK_BUF(PICTURE_MAX_BYTES), .out = call->out};
    int64_t every_ms = EVERY_MS;
    int status;

    if (every && (!kk_duration_parse(kk_sv_of(every), &every_ms) || every_ms < 100))
        return say_usage("--every: \"%.40s\" is not a duration of 100ms or more, as in 10s", every);
    status = office_open(&office, call, WIRE_MANAGE);
    if (!status)
        status = run(call, &office, &top, every_ms);
    kk_buf_done(&top.text);
    return status;
}
