/* core/alert.h: what people are told of without asking (M3), as one table. Pure: facts and a clock in, a decision out.
 * The Prometheus rules (deploy/prometheus/), `kkachi alert list` and the runbook have the same names. */
#ifndef KK_CORE_ALERT_H
#define KK_CORE_ALERT_H

#include "base/bytes.h"
#include "base/clock.h"

enum alert_severity { ALERT_WARNING = 1, ALERT_CRITICAL };

// clang-format off
/* for: how long it must be so before anybody is told. expr: the same for Prometheus, on `kkachi metrics`; several
 * processes tell of one store, so it takes the greatest of what they say and never their sum. */
#define ALERTS(X) \
    /* key                name                       severity  for                expr, meaning, what to do */ \
    X(LIMITER_AWAY,       "KkachiLimiterAway",       CRITICAL, 30 * KK_SECOND_MS, \
      "min(kkachi_limiter_up) == 0", \
      "the limiter does not answer; nothing is sent to the site", \
      "see to the backend of limiter.url, `kkachi doctor` says how it fails; requests go on by themselves when it answers") \
    X(AGENTS_BLOCKED,     "KkachiAgentsBlocked",     CRITICAL, 0, \
      "max(kkachi_agents_blocked) > 0", \
      "the site shows challenge pages", \
      "look at the site as a visitor, talk to its owner, ask less; agents come back after their rest, nothing tries to get past the page") \
    X(AGENTS_FEW,         "KkachiAgentsFew",         CRITICAL, 5 * KK_MINUTE_MS, \
      "max(kkachi_agents{state=\"DISABLED\"}) > 0.5 * sum(max by (state) (kkachi_agents))", \
      "more than half of the agents are DISABLED", \
      "`kkachi agent list` says why each rests; where it is 429, a lower limiter.capacity or a longer limiter.gap") \
    X(SCHEMA_DRIFT,       "KkachiSchemaDrift",       CRITICAL, 0, \
      "sum(max by (endpoint) (increase(kkachi_requests_total{outcome=\"schema_mismatch\"}[15m]))) > 4", \
      "the site answers in another shape; products stay as they were", \
      "`kkachi dead show ID --raw` shows an answer; mend src/site/fields.c, then `kkachi dead retry --all`") \
    X(ENDPOINT_SILENT,    "KkachiEndpointSilent",    CRITICAL, 10 * KK_MINUTE_MS, \
      "max by (endpoint) (increase(kkachi_requests_total{outcome=\"success\"}[15m])) == 0 and " \
      "sum by (endpoint) (max by (endpoint, outcome) (increase(kkachi_requests_total[15m]))) > 20", \
      "an endpoint was asked for long and never gave what was asked for", \
      "`kkachi stats --by endpoint` and `kkachi dead list` say how it fails; a list that moved: site.list_path") \
    X(OUTBOX_OLD,         "KkachiOutboxOld",         CRITICAL, 5 * KK_MINUTE_MS, \
      "max(kkachi_outbox_age_seconds) > 600", \
      "changes or alerts wait more than ten minutes for their destination", \
      "event.refused in the log says why; they go out in order once the other side takes them") \
    X(RELAY_STUCK,        "KkachiRelayStuck",        CRITICAL, 5 * KK_MINUTE_MS, \
      "max(kkachi_task_outbox_age_seconds) > 1800 and " \
      "sum(max by (endpoint) (kkachi_tasks{state=\"published\"})) == 0 and max(kkachi_paused) == 0", \
      "tasks are due, and nobody puts them into the queue", \
      "is a relay running (`kkachi up`, or `kkachi run relay`)? queue.failed in its log says more") \
    X(SELLERS_FAILING,    "KkachiSellersFailing",    WARNING,  2 * KK_MINUTE_MS, \
      "max(kkachi_sellers_failing) > 0", \
      "in the crawl of a seller 30 % of the requests or more fail", \
      "`kkachi stats --by seller` and `kkachi dead list --seller SELLER` say how; `kkachi seller pause SELLER` gives the site rest") \
    X(SELLERS_RESTED,     "KkachiSellersRested",     WARNING,  0, \
      "max(kkachi_sellers_resting) > 0", \
      "the site only fails for a seller (5xx, time-outs); it is paused, and goes on by itself after its rest", \
      "look at the site and at `kkachi seller show SELLER`; `kkachi seller resume SELLER` ends the rest at once") \
    X(SELLERS_EMPTY,      "KkachiSellersEmpty",      CRITICAL, 0, \
      "max(kkachi_sellers_empty) > 0", \
      "the list of a seller that has products suddenly shows none", \
      "look at its mini-shop; a seller that left: `kkachi seller disable SELLER`") \
    X(SELLERS_INCOMPLETE, "KkachiSellersIncomplete", WARNING,  0, \
      "max(kkachi_sellers_incomplete) > 0", \
      "a crawl ended without a complete list; nothing counts as removed then", \
      "the next crawl reads it again; `kkachi crawl SELLER` does so now") \
    X(SELLERS_STALE,      "KkachiSellersStale",      WARNING,  10 * KK_MINUTE_MS, \
      "max(kkachi_sellers_stale) > 0 and max(kkachi_paused) == 0", \
      "what is known of a seller is older than two of its periods", \
      "`kkachi top` shows what holds the crawls up; more agents, longer periods, or --mode delta") \
    X(DEAD_LETTERS,       "KkachiDeadLetters",       WARNING,  0, \
      "sum(max by (endpoint) (kkachi_tasks{state=\"dead\"})) > 20", \
      "more than twenty tasks are in the dead letters", \
      "`kkachi dead list` says why; after mending `kkachi dead retry --all`") \
    X(DISK_FULL,          "KkachiDiskFull",          CRITICAL, 0, \
      "kkachi_disk_free_bytes < 0.05 * kkachi_disk_size_bytes", \
      "less than 5 % of the disk with the data is free", \
      "make room, or shorten keep.events; nothing is half written when it is full, but nothing goes on") \
    X(CLOCK_JUMPED,       "KkachiClockJumped",       WARNING,  0, \
      "abs(kkachi_time_seconds - timestamp(kkachi_time_seconds)) > 5", \
      "the machine's clock was set by more than five seconds", \
      "see to its time service; limits and order hold, times in reports are off")
// clang-format on

#define X(key, name, severity, hold, expr, meaning, action) ALERT_##key,
enum alert_key { ALERTS(X) ALERT_COUNT };
#undef X

struct alert_rule {
    const char *name;
    enum alert_severity severity;
    int64_t hold_ms; /* "for" */
    const char *expr, *meaning, *action;
};
const struct alert_rule *alert_rule(enum alert_key key);
bool alert_parse(struct kk_sv name, enum alert_key *ret);
const char *alert_severity_name(enum alert_severity severity); /* "warning" "critical" */

/* What is known of one alert between two looks; zeroed: nothing was ever wrong. */
#define ALERT_DETAIL_BYTES 240
struct alert {
    enum alert_key key;
    int64_t since_ms;      /* since when it is so; 0: it is not */
    int64_t raised_at_ms;  /* people were told, or wait for the end of the quiet hours; 0: not raised */
    int64_t well_since_ms; /* raised, and not so since then; 0: it is so */
    int64_t told_at_ms;    /* the last message of what is not yet told to be resolved; 0: none */
    int64_t told_count;    /* messages ever */
    int64_t size, told_size;
    int64_t resolved_at_ms;
    char detail[ALERT_DETAIL_BYTES]; /* "3 sellers: luxmaison, …" */
};
const char *alert_state_name(const struct alert *alert); /* "well" "pending" "raised" */

struct alert_settings {
    int64_t repeat_ms; /* told again after so long; 0: never */
    int64_t calm_ms;   /* resolved once it was well for so long, so that what comes and goes is one alert */
    bool is_quiet;     /* now is a quiet hour: warnings, and that they are resolved, wait */
};
struct alert_look {
    bool is_so;
    int64_t size; /* how many are concerned; twice as many as were told of are news. 0: it has no number */
};
#define ALERT_WORSE_MS (5 * KK_MINUTE_MS) /* the least time between two messages of one alert that grows */
enum alert_news { ALERT_NO_NEWS, ALERT_IS_RAISED, ALERT_IS_STILL, ALERT_IS_WORSE, ALERT_IS_RESOLVED };
/* One look: moves the alert and says what people are to be told. A warning that was raised and resolved within quiet
 * hours is never told. */
enum alert_news alert_step(struct alert *alert, const struct alert_look *look, const struct alert_settings *settings,
                           int64_t now_ms);
const char *alert_news_name(enum alert_news news); /* "raised" "still" "worse" "resolved" */

/* "22:00-07:00 +09:00": hours of a day and the place's distance from UTC, which may be left out. Empty: none. */
struct quiet_hours {
    int from_minute, to_minute, zone_minutes; /* from == to: none */
};
enum kk_code quiet_hours_parse(struct kk_sv text, struct quiet_hours *ret, struct kk_err *err);
bool quiet_hours_now(const struct quiet_hours *hours, int64_t wall_ms);

#endif
