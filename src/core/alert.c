#include "core/alert.h"

#include "base/assert.h"

static const struct alert_rule rules[ALERT_COUNT] = {
#define X(key, name, severity, hold, expr, meaning, action) \
    [ALERT_##key] = {name, ALERT_##severity, hold, expr, meaning, action},
    ALERTS(X)
#undef X
};

const struct alert_rule *alert_rule(enum alert_key key)
{
    KK_ASSERT((unsigned)key < ALERT_COUNT);
    return &rules[key];
}

bool alert_parse(struct kk_sv name, enum alert_key *ret)
{
    for (int i = 0; i < ALERT_COUNT; i++)
        if (kk_sv_eq(name, kk_sv_of(rules[i].name))) {
            *ret = (enum alert_key)i;
            return true;
        }
    return false;
}

const char *alert_severity_name(enum alert_severity severity)
{
    return severity == ALERT_CRITICAL ? "critical" : "warning";
}

const char *alert_state_name(const struct alert *alert)
{
    return alert->raised_at_ms ? "raised" : alert->since_ms ? "pending" : "well";
}

const char *alert_news_name(enum alert_news news)
{
    switch (news) {
    case ALERT_IS_RAISED:
        return "raised";
    case ALERT_IS_STILL:
        return "still";
    case ALERT_IS_WORSE:
        return "worse";
    case ALERT_IS_RESOLVED:
        return "resolved";
    case ALERT_NO_NEWS:
        break;
    }
    return "none";
}

static enum alert_news tell(struct alert *alert, enum alert_news news, int64_t now_ms)
{
    alert->told_at_ms = news == ALERT_IS_RESOLVED ? 0 : now_ms;
    alert->told_size = news == ALERT_IS_RESOLVED ? 0 : alert->size;
    alert->told_count++;
    return news;
}

/* A clock that was set back must not keep an alert waiting for the hour it came from. */
static void not_after(int64_t *at_ms, int64_t now_ms)
{
    if (*at_ms > now_ms)
        *at_ms = now_ms;
}

static enum alert_news step_well(struct alert *alert, const struct alert_settings *settings, bool may_tell,
                                 int64_t now_ms)
{
    if (alert->raised_at_ms) {
        if (!alert->well_since_ms)
            alert->well_since_ms = now_ms;
        not_after(&alert->well_since_ms, now_ms);
        if (now_ms - alert->well_since_ms < settings->calm_ms)
            return ALERT_NO_NEWS;
        alert->resolved_at_ms = now_ms;
    }
    alert->since_ms = alert->raised_at_ms = alert->well_since_ms = alert->size = 0;
    return alert->told_at_ms && may_tell ? tell(alert, ALERT_IS_RESOLVED, now_ms) : ALERT_NO_NEWS;
}

enum alert_news alert_step(struct alert *alert, const struct alert_look *look, const struct alert_settings *settings,
                           int64_t now_ms)
{
    const struct alert_rule *rule = alert_rule(alert->key);
    bool may_tell = rule->severity == ALERT_CRITICAL || !settings->is_quiet;

    if (!look->is_so)
        return step_well(alert, settings, may_tell, now_ms);
    alert->well_since_ms = 0;
    alert->size = look->size;
    if (!alert->since_ms)
        alert->since_ms = now_ms;
    not_after(&alert->since_ms, now_ms);
    not_after(&alert->told_at_ms, now_ms);
    if (now_ms - alert->since_ms < rule->hold_ms)
        return ALERT_NO_NEWS;
    if (!alert->raised_at_ms)
        alert->raised_at_ms = now_ms;
    if (!may_tell)
        return ALERT_NO_NEWS;
    if (!alert->told_at_ms)
        return tell(alert, ALERT_IS_RAISED, now_ms);
    if (settings->repeat_ms && now_ms - alert->told_at_ms >= settings->repeat_ms)
        return tell(alert, ALERT_IS_STILL, now_ms);
    if (alert->told_size && alert->size / 2 >= alert->told_size && now_ms - alert->told_at_ms >= ALERT_WORSE_MS)
        return tell(alert, ALERT_IS_WORSE, now_ms);
    return ALERT_NO_NEWS;
}

/* ---- quiet hours ---- */

/* "07:30" → 450 */
static bool read_minutes(struct kk_sv text, int most_hours, int *ret)
{
    struct kk_sv rest = text, hours = kk_sv_cut(&rest, ':');
    int64_t hour = 0, minute = 0;

    if (hours.len != 2 || rest.len != 2 || !kk_sv_i64(hours, &hour) || !kk_sv_i64(rest, &minute))
        return false;
    if (hour < 0 || hour > most_hours || minute < 0 || minute > 59)
        return false;
    *ret = (int)(60 * hour + minute);
    return true;
}

enum kk_code quiet_hours_parse(struct kk_sv text, struct quiet_hours *ret, struct kk_err *err)
{
    struct kk_sv rest = kk_sv_trim(text), hours = kk_sv_cut(&rest, ' '), from = kk_sv_cut(&hours, '-');
    struct kk_sv zone = kk_sv_trim(rest);
    struct quiet_hours quiet = {0};
    bool is_good = true;

    if (kk_sv_trim(text).len) {
        is_good = read_minutes(from, 23, &quiet.from_minute) && read_minutes(hours, 23, &quiet.to_minute);
        if (is_good && zone.len) {
            is_good = (zone.ptr[0] == '+' || zone.ptr[0] == '-') &&
                      read_minutes((struct kk_sv){zone.ptr + 1, zone.len - 1}, 14, &quiet.zone_minutes);
            if (zone.ptr[0] == '-')
                quiet.zone_minutes = -quiet.zone_minutes;
        }
    }
    if (!is_good)
        return kk_fail(err, KK_BAD_INPUT, "\"%.*s\" are no hours, as in 22:00-07:00 +09:00",
                       (int)(text.len < 40 ? text.len : 40), text.ptr);
    *ret = quiet;
    return KK_OK;
}

bool quiet_hours_now(const struct quiet_hours *hours, int64_t wall_ms)
{
    int64_t minute = (wall_ms / KK_MINUTE_MS + hours->zone_minutes) % (24 * 60);

    if (hours->from_minute <= hours->to_minute)
        return minute >= hours->from_minute && minute < hours->to_minute;
    return minute >= hours->from_minute || minute < hours->to_minute;
}
