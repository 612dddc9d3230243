#include "app/alarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/letter.h"
#include "base/log.h"
#include "ports/sink.h"

#define NAMED_SELLERS 5     /* in a message; the rest is counted */
#define SCHEMA_MISMATCHES 4 /* more than so many in 15 minutes */
#define SILENT_REQUESTS 20  /* without a success between them */
#define OUTBOX_OLD_MS (10 * KK_MINUTE_MS)
#define RELAY_STUCK_MS (30 * KK_MINUTE_MS)
#define DEAD_LETTERS_MANY 20
#define DISK_LEAST_PERCENT 5
#define CLOCK_JUMP_MS (5 * KK_SECOND_MS)
#define CLOCK_TOLD_MS (10 * KK_MINUTE_MS) /* a jump is an alert for so long */
#define HOLDER_KEY "alarm.holder"
#define HOLDER_LOOKS 3 /* a janitor that misses so many looks is taken for dead */

struct alarm {
    uint64_t holder;         /* this process among the janitors */
    int64_t look_at_ms;      /* monotonic */
    int64_t offset_ms;       /* wall clock less the monotonic one at the last look; 0: no look yet */
    int64_t jumped_until_ms; /* monotonic */
    struct {                 /* of each endpoint: attempts when it last had a success */
        int64_t success, attempts_then;
        bool is_known;
    } endpoint[STAT_ENDPOINT_COUNT];
};

enum kk_code alarm_create(struct app *app, struct alarm **ret_alarm, struct kk_err *err)
{
    struct alarm *alarm = calloc(1, sizeof(*alarm));

    if (!alarm)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the alerts");
    alarm->holder = kk_rng_next(app->rng);
    *ret_alarm = alarm;
    return KK_OK;
}

void alarm_destroy(struct alarm *alarm)
{
    free(alarm);
}

/* ---- is it so? Each also writes the numbers behind it ---- */

static struct alert_look of_sellers(const struct measured_sellers *sellers, struct kk_buf *detail)
{
    kk_buf_addf(detail, "%" PRId64 " seller%s: ", sellers->count, sellers->count == 1 ? "" : "s");
    for (int64_t i = 0; i < sellers->count && i < NAMED_SELLERS; i++)
        kk_buf_addf(detail, "%s%s", i ? ", " : "", sellers->name[i]);
    if (sellers->count > NAMED_SELLERS)
        kk_buf_addf(detail, " and %" PRId64 " more", sellers->count - NAMED_SELLERS);
    return (struct alert_look){sellers->count > 0, sellers->count};
}

static struct alert_look is_more(int64_t count, int64_t than, const char *what, struct kk_buf *detail)
{
    kk_buf_addf(detail, "%s: %" PRId64, what, count);
    return (struct alert_look){count > than, count};
}

static struct alert_look are_agents_few(const struct measure *m, struct kk_buf *detail)
{
    kk_buf_addf(detail, "%" PRId64 " of %" PRId64 " rest", m->agents[AGENT_DISABLED], m->agent_count);
    return (struct alert_look){2 * m->agents[AGENT_DISABLED] > m->agent_count, 0};
}

static struct alert_look is_outbox_old(const struct measure *m, struct kk_buf *detail)
{
    for (size_t i = 0; i < m->topic_count; i++) {
        int64_t age_ms = m->at_ms - m->topic[i].oldest_at_ms;

        if (age_ms <= OUTBOX_OLD_MS)
            continue;
        kk_buf_addf(detail, "%" PRId64 " for %s, the oldest of %" PRId64 " min ago", m->topic[i].count,
                    m->topic[i].topic, age_ms / KK_MINUTE_MS);
        return (struct alert_look){.is_so = true};
    }
    return (struct alert_look){0};
}

static struct alert_look is_relay_stuck(const struct measure *m, struct kk_buf *detail)
{
    int64_t age_ms = m->at_ms - m->tasks.promised_at_ms;

    if (m->is_paused || m->tasks.promised_at_ms >= m->at_ms || age_ms <= RELAY_STUCK_MS || m->tasks.published[0] > 0)
        return (struct alert_look){0};
    kk_buf_addf(detail, "the oldest has waited for %" PRId64 " min", age_ms / KK_MINUTE_MS);
    return (struct alert_look){.is_so = true};
}

static struct alert_look is_endpoint_silent(struct alarm *alarm, const struct measure *m, struct kk_buf *detail)
{
    bool is_silent = false;

    for (enum stat_endpoint e = STAT_TOKEN; e < STAT_ENDPOINT_COUNT; e++) {
        int64_t success = m->total[e].at[STAT_SUCCESS], attempts = m->total[e].at[STAT_ATTEMPT];

        if (!alarm->endpoint[e].is_known || success != alarm->endpoint[e].success) {
            alarm->endpoint[e].is_known = true;
            alarm->endpoint[e].success = success;
            alarm->endpoint[e].attempts_then = attempts;
        }
        if (attempts - alarm->endpoint[e].attempts_then <= SILENT_REQUESTS)
            continue;
        kk_buf_addf(detail, "%s%s: %" PRId64 " requests without a success", is_silent ? "; " : "",
                    stat_endpoint_name(e), attempts - alarm->endpoint[e].attempts_then);
        is_silent = true;
    }
    return (struct alert_look){.is_so = is_silent};
}

static struct alert_look is_clock_jumped(struct alarm *alarm, const struct measure *m, int64_t mono_ms,
                                         struct kk_buf *detail)
{
    int64_t offset_ms = m->at_ms - mono_ms, jump_ms = alarm->offset_ms ? offset_ms - alarm->offset_ms : 0;

    alarm->offset_ms = offset_ms;
    if (jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS) {
        alarm->jumped_until_ms = mono_ms + CLOCK_TOLD_MS;
        kk_buf_addf(detail, "by %+" PRId64 " s", jump_ms / KK_SECOND_MS);
    }
    return (struct alert_look){.is_so = mono_ms < alarm->jumped_until_ms};
}

static struct alert_look is_disk_full(const struct host_figures *host, struct kk_buf *detail)
{
    if (host->disk_free_bytes < 0 || host->disk_free_bytes >= host->disk_bytes / 100 * DISK_LEAST_PERCENT)
        return (struct alert_look){0};
    kk_buf_addf(detail, "%" PRId64 " MB are free", host->disk_free_bytes / 1000000);
    return (struct alert_look){.is_so = true};
}

static struct alert_look is_so(struct alarm *alarm, enum alert_key key, const struct measure *m, int64_t mono_ms,
                               struct kk_buf *detail)
{
    switch (key) {
    case ALERT_LIMITER_AWAY:
        return (struct alert_look){.is_so = m->is_limiter_away};
    case ALERT_AGENTS_BLOCKED:
        return is_more(m->agents_blocked, 0, "agents at rest after a challenge page", detail);
    case ALERT_AGENTS_FEW:
        return are_agents_few(m, detail);
    case ALERT_SCHEMA_DRIFT:
        return is_more(m->mismatches_recent, SCHEMA_MISMATCHES, "replies of another shape in 15 min", detail);
    case ALERT_ENDPOINT_SILENT:
        return is_endpoint_silent(alarm, m, detail);
    case ALERT_OUTBOX_OLD:
        return is_outbox_old(m, detail);
    case ALERT_RELAY_STUCK:
        return is_relay_stuck(m, detail);
    case ALERT_SELLERS_FAILING:
        return of_sellers(&m->failing, detail);
    case ALERT_SELLERS_RESTED:
        return of_sellers(&m->resting, detail);
    case ALERT_SELLERS_EMPTY:
        return of_sellers(&m->empty, detail);
    case ALERT_SELLERS_INCOMPLETE:
        return of_sellers(&m->incomplete, detail);
    case ALERT_SELLERS_STALE:
        return m->is_paused ? (struct alert_look){0} : of_sellers(&m->stale, detail);
    case ALERT_DEAD_LETTERS:
        return is_more(m->tasks.dead[0], DEAD_LETTERS_MANY, "dead letters", detail);
    case ALERT_DISK_FULL:
        return is_disk_full(&m->host, detail);
    case ALERT_CLOCK_JUMPED:
        return is_clock_jumped(alarm, m, mono_ms, detail);
    case ALERT_COUNT:
        break;
    }
    return (struct alert_look){0};
}

/* ---- one look ---- */

static void write_news(struct letter *letter, const struct alert *alert, enum alert_news news, int64_t now_ms)
{
    const struct alert_rule *rule = alert_rule(alert->key);
    char id[OUTBOX_KEY_BYTES];

    snprintf(id, sizeof(id), "%s-%" PRId64, rule->name, alert->told_count);
    if (!letter->id[0])
        letter_begin(letter, id, now_ms);
    letter_add(letter, &(struct letter_item){.name = rule->name,
                                             .news = alert_news_name(news),
                                             .severity = alert_severity_name(rule->severity),
                                             .meaning = rule->meaning,
                                             .action = rule->action,
                                             .detail = alert->detail});
}

struct look { /* what all alerts of one look share */
    const struct measure *m;
    int64_t mono_ms;
    struct letter letter;
    enum alert_news news[ALERT_COUNT];
};

static bool is_same(const struct alert *a, const struct alert *b)
{
    return a->since_ms == b->since_ms && a->raised_at_ms == b->raised_at_ms && a->well_since_ms == b->well_since_ms &&
           a->told_at_ms == b->told_at_ms && a->told_count == b->told_count && a->size == b->size &&
           a->told_size == b->told_size && a->resolved_at_ms == b->resolved_at_ms && strcmp(a->detail, b->detail) == 0;
}

static enum kk_code look_at(struct app *app, struct alert *alert, struct look *look, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf detail = KK_BUF(ALERT_DETAIL_BYTES - 1);
    const struct alert_settings settings = {.repeat_ms = app->limits.alert_repeat_ms,
                                            .calm_ms = app->limits.alert_calm_ms,
                                            .is_quiet = quiet_hours_now(&app->limits.alert_quiet, look->m->at_ms)};
    struct alert was = *alert;
    struct alert_look now = is_so(app->alarm, alert->key, look->m, look->mono_ms, &detail);
    enum alert_news news;

    if (now.is_so && (detail.len || !alert->since_ms)) /* a jump of the clock is told of long after it was seen */
        snprintf(alert->detail, sizeof(alert->detail), "%s", kk_buf_cstr(&detail));
    news = alert_step(alert, &now, &settings, look->m->at_ms);
    if (news)
        write_news(&look->letter, alert, news, look->m->at_ms);
    look->news[alert->key] = news;
    return is_same(&was, alert) ? KK_OK : store_put_alert(app->store, alert, err);
}

/* Of several janitors one looks, so that what each remembers for itself does not raise and resolve in turn. */
static enum kk_code take_watch(struct app *app, int64_t now_ms, bool *ret_mine, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(128);
    char mine[64];
    int64_t until_ms = 0, longest_ms = HOLDER_LOOKS * app->limits.alert_every_ms;
    enum kk_code rc = store_get_setting(app->store, HOLDER_KEY, &text, err);

    if (rc && rc != KK_NOT_FOUND)
        return rc;
    struct kk_sv rest = kk_buf_sv(&text), holder = kk_sv_cut(&rest, ' ');

    snprintf(mine, sizeof(mine), "%016" PRIx64, app->alarm->holder);
    *ret_mine = kk_sv_eq(holder, kk_sv_of(mine)) || !kk_sv_i64(rest, &until_ms) || until_ms <= now_ms ||
                until_ms > now_ms + longest_ms; /* the clock was set back */
    if (!*ret_mine)
        return KK_OK;
    snprintf(mine, sizeof(mine), "%016" PRIx64 " %" PRId64, app->alarm->holder, now_ms + longest_ms);
    return store_put_setting(app->store, HOLDER_KEY, kk_sv_of(mine), err);
}

static enum kk_code look_inside(struct app *app, struct look *look, struct alert alerts[ALERT_COUNT],
                                struct kk_err *err)
{
    bool is_mine = false;
    size_t count = 0;
    enum kk_code rc = take_watch(app, look->m->at_ms, &is_mine, err);

    if (rc || !is_mine)
        return rc;
    rc = store_get_alerts(app->store, alerts, err);
    for (int i = 0; !rc && i < ALERT_COUNT; i++)
        rc = look_at(app, &alerts[i], look, err);
    return rc || !look->letter.id[0] ? rc : letter_post(app, &look->letter, &count, err);
}

static void log_news(const struct look *look, const struct alert alerts[ALERT_COUNT])
{
    for (int i = 0; i < ALERT_COUNT; i++)
        if (look->news[i])
            kk_log(look->news[i] == ALERT_IS_RESOLVED ? KK_EV_ALERT_RESOLVED : KK_EV_ALERT_RAISED,
                   KK_CSTR("alert", alert_rule((enum alert_key)i)->name),
                   KK_CSTR("severity", alert_severity_name(alert_rule((enum alert_key)i)->severity)),
                   KK_CSTR("news", alert_news_name(look->news[i])), KK_CSTR("detail", alerts[i].detail));
}

static enum kk_code look_around(struct app *app, int64_t mono_ms, struct measure *m, struct kk_err *err)
{
    struct look look = {.m = m, .mono_ms = mono_ms};
    struct alert alerts[ALERT_COUNT];
    enum kk_code rc = measure_take(app, m, err);

    if (!rc)
        rc = store_begin(app->store, err);
    if (rc)
        return rc;
    rc = look_inside(app, &look, alerts, err);
    if (!rc)
        rc = store_commit(app->store, err);
    else
        store_rollback(app->store);
    if (!rc) {
        log_news(&look, alerts);
        app->event_outbox_woken |= look.letter.id[0] != '\0';
    }
    letter_done(&look.letter);
    return rc;
}

void alarm_turn(struct app *app)
{
    int64_t mono_ms = kk_mono_ms(app->clock);
    struct measure *m;
    struct kk_err err = {0};

    if (!app->alarm || mono_ms < app->alarm->look_at_ms)
        return;
    app->alarm->look_at_ms = mono_ms + app->limits.alert_every_ms;
    m = malloc(sizeof(*m)); /* some kilobytes; without them the next look has another chance */
    if (m && look_around(app, mono_ms, m, &err))
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "look for alerts"), KK_ERR_FIELDS(&err));
    free(m);
}

enum kk_code alarm_test(struct app *app, char ret_id[OUTBOX_KEY_BYTES], size_t *ret_count, struct kk_err *err)
{
    KK_CLEANUP(letter_done) struct letter letter = {0};
    int64_t now_ms = kk_wall_ms(app->clock);

    *ret_count = 0;
    snprintf(ret_id, OUTBOX_KEY_BYTES, "KkachiTest-%" PRId64, now_ms);
    letter_begin(&letter, ret_id, now_ms);
    letter_add(&letter, &(struct letter_item){.name = "KkachiTest",
                                              .news = alert_news_name(ALERT_IS_RAISED),
                                              .severity = alert_severity_name(ALERT_WARNING),
                                              .meaning = "somebody tried whether alerts arrive; they do",
                                              .action = "nothing",
                                              .detail = ""});
    return letter_post(app, &letter, ret_count, err);
}
