/* cmd/config.h: the settings (design.md section 7) as one table; the reader, `kkachi config` and docs/config.md come
 * from it. A value comes from the default, the file, the environment or a flag; the later one wins. */
#ifndef KK_CMD_CONFIG_H
#define KK_CMD_CONFIG_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"

#define CONFIG_FILE_MAX_BYTES (1024 * 1024)
#define CONFIG_VALUE_MAX_BYTES 8192
#define CONFIG_ENV_BYTES 64
#define CONFIG_URLS_MAX 8

enum config_type {
    CONFIG_TEXT,
    CONFIG_PATH, /* begins with '/' */
    CONFIG_URL,
    CONFIG_URLS, /* several: separated by commas, or the key repeated */
    CONFIG_DURATION,
    CONFIG_SIZE,
    CONFIG_INT,
    CONFIG_LEVEL
};
enum config_secrecy { CONFIG_SHOWN, CONFIG_SECRET };

// clang-format off
#define CONFIG_DAYS(n) ((n) * KK_DAY_MS)
/* name, key, type, default, min, max, secrecy, meaning. min and max are of the number behind it: milliseconds, bytes. */
#define CONFIG_KEYS(X) \
    X(STORE_URL,         "store.url",         URL,      "sqlite:var/kkachi.db",        0, 0, SHOWN,  "the database that holds the truth")                                          \
    X(STORE_PASSWORD,    "store.password",    TEXT,     "",                            0, 0, SECRET, "the password of store.url, where the address holds none")                    \
    X(QUEUE_URL,         "queue.url",         URL,      "store:",                      0, 0, SHOWN,  "where task messages wait for workers")                                       \
    X(ARCHIVE_URL,       "archive.url",       URL,      "file:var/archive",            0, 0, SHOWN,  "where raw answers are kept")                                                 \
    X(LIMITER_URL,       "limiter.url",       URL,      "store:",                      0, 0, SHOWN,  "who counts the requests of each agent; redis://host:6379/0 or rediss:// for several machines") \
    X(EVENTS_URL,        "events.url",        URLS,     "file:var/events.ndjson",      0, 0, SHOWN,  "where changes are delivered; several are allowed, each gets every event")    \
    X(EVENTS_SECRET,     "events.secret",     TEXT,     "",                            0, 0, SECRET, "signs events that go to a webhook (Standard Webhooks: whsec_ and base64)")   \
    X(SCHEDULE_URL,      "schedule.url",      URL,      "store:",                      0, 0, SHOWN,  "who starts sellers that are due")                                            \
    X(SITE_URL,          "site.url",          URL,      "https://m.web.mustit.co.kr",  0, 0, SHOWN,  "the site, or a sandbox")                                                     \
    X(SITE_LIST_PATH,    "site.list_path",    PATH,     "/mustit-api/facade-api/v1/search/mini-shop-search", 0, 0, SHOWN, "the path of a seller's list, so that a moved path needs no build") \
    X(SITE_PAGE_SIZE,    "site.page_size",    INT,      "500",                         1, 2000, SHOWN, "items on a list page; a site that serves smaller pages is followed")       \
    X(SITE_INFLIGHT,     "site.inflight",     INT,      "16",                          0, 1000000, SHOWN, "requests at once for the whole site; 0: no cap")                        \
    X(SITE_RATE,         "site.rate",         INT,      "20",                          0, 1000000000, SHOWN, "requests a second for the whole site; 0: no cap")                    \
    X(SITE_TIMEOUT,      "site.timeout",      DURATION, "15s",                         100, 10 * KK_MINUTE_MS, SHOWN, "for each request, whole")                            \
    X(SITE_MAX_BODY,     "site.max_body",     SIZE,     "16MiB",                       1024, 256 * 1024 * 1024, SHOWN, "a longer answer is cut off and counts as lost")     \
    X(LIMITER_CAPACITY,  "limiter.capacity",  INT,      "80",                          1, 1000000000, SHOWN, "tokens of an agent: requests in one window")                         \
    X(LIMITER_WINDOW,    "limiter.window",    DURATION, "1h",                          10, CONFIG_DAYS(7), SHOWN, "how long until a token comes back")                          \
    X(LIMITER_GAP,       "limiter.gap",       DURATION, "1500ms",                      0, KK_HOUR_MS, SHOWN, "smallest time between two requests of one agent")                 \
    X(LIMITER_GRANT_TTL, "limiter.grant_ttl", DURATION, "5s",                          10, 10 * KK_MINUTE_MS, SHOWN, "how long a leave to send is good")                        \
    X(AGENT_COOLDOWN,    "agent.cooldown",    DURATION, "1h",                          1, CONFIG_DAYS(30), SHOWN, "how long an agent rests after a 429; doubles on repetition")  \
    X(AGENT_COOLDOWN_MAX,"agent.cooldown_max",DURATION, "24h",                         1, CONFIG_DAYS(365), SHOWN, "the longest rest")                                           \
    X(AGENT_RENEW_BEFORE,"agent.renew_before",DURATION, "5m",                          0, CONFIG_DAYS(1), SHOWN, "a token this near its end is renewed first")                   \
    X(AGENT_ISSUE_GAP,   "agent.issue_gap",   DURATION, "500ms",                       0, KK_HOUR_MS, SHOWN, "smallest time between two token issues of a process")             \
    X(TOKEN_KEY,         "token.key",         TEXT,     "",                            0, 0, SECRET, "seals the agents' tokens in the database (64 hex digits or base64 of 32 bytes); empty: token.key beside it, made at the first start") \
    X(TASK_ATTEMPTS,     "task.attempts",     INT,      "3",                           1, 100, SHOWN, "deliveries before a task goes to the dead letters")                      \
    X(TASK_LEASE,        "task.lease",        DURATION, "10m",                         KK_SECOND_MS, CONFIG_DAYS(1), SHOWN, "time a worker has to finish a task")                \
    X(TASK_BACKOFF,      "task.backoff",      DURATION, "2s",                          0, CONFIG_DAYS(1), SHOWN, "the wait before the second try; doubles, with full jitter")    \
    X(TASK_BACKOFF_MAX,  "task.backoff_max",  DURATION, "10m",                         0, CONFIG_DAYS(7), SHOWN, "the longest wait before another try")                         \
    X(TASK_SILENCE,      "task.silence",      DURATION, "10m",                         KK_SECOND_MS, CONFIG_DAYS(1), SHOWN, "a published task nobody took for so long is queued again") \
    X(RELAY_SELLER_CAP,  "relay.seller_cap",  INT,      "64",                          1, 1000000, SHOWN, "tasks one seller may have in the queue")                             \
    X(WORKER_INFLIGHT,   "worker.inflight",   INT,      "64",                          1, 4096, SHOWN, "transfers of a worker at once")                                         \
    X(WORKER_BATCH,      "worker.batch",      INT,      "64",                          1, 4096, SHOWN, "results in one commit")                                                 \
    X(SELLER_REMOVAL_MISSES, "seller.removal_misses", INT, "2",                        1, 100, SHOWN, "complete lists in a row without an item before it counts as removed")    \
    X(SELLER_REST_AFTER, "seller.rest_after", INT,      "20",                          1, 1000, SHOWN, "5xx, time-outs and lost connections in a row within 15 min: the seller is paused for a while") \
    X(SELLER_REST,       "seller.rest",       DURATION, "1h",                          0, CONFIG_DAYS(30), SHOWN, "for so long, doubled each time soon after; 0s: never")          \
    X(SELLER_REST_MAX,   "seller.rest_max",   DURATION, "24h",                         KK_SECOND_MS, CONFIG_DAYS(365), SHOWN, "the longest of these rests")              \
    X(KEEP_EVENTS,       "keep.events",       DURATION, "30d",                         KK_HOUR_MS, CONFIG_DAYS(36500), SHOWN, "delivered events stay in the outbox for so long") \
    X(KEEP_ATTEMPTS,     "keep.attempts",     DURATION, "14d",                         KK_HOUR_MS, CONFIG_DAYS(36500), SHOWN, "failed attempts and agents' moves are kept for so long")\
    X(KEEP_RUNS,         "keep.runs",         DURATION, "90d",                         KK_HOUR_MS, CONFIG_DAYS(36500), SHOWN, "ended crawls are kept for so long")           \
    X(KEEP_STATS,        "keep.stats",        DURATION, "400d",                        CONFIG_DAYS(1), CONFIG_DAYS(36500), SHOWN, "statistics of a day are kept for so long")    \
    X(ALERT_SLACK,       "alert.slack",       TEXT,     "",                            0, 0, SECRET, "an incoming webhook of Slack: alerts go there")                                \
    X(ALERT_WEBHOOK,     "alert.webhook",     TEXT,     "",                            0, 0, SECRET, "an address that gets alerts as CloudEvents, signed with events.secret")         \
    X(ALERT_EVERY,       "alert.every",       DURATION, "10s",                         KK_SECOND_MS, KK_HOUR_MS, SHOWN, "time between two looks whether anything is to be told")   \
    X(ALERT_CALM,        "alert.calm",        DURATION, "1m",                          0, CONFIG_DAYS(1), SHOWN, "an alert is resolved once it was well for so long")               \
    X(ALERT_REPEAT,      "alert.repeat",      DURATION, "4h",                          0, CONFIG_DAYS(30), SHOWN, "an alert that stays is told again after so long; 0s: never")    \
    X(ALERT_QUIET,       "alert.quiet",       TEXT,     "",                            0, 0, SHOWN,  "hours in which warnings wait, as in 22:00-07:00 +09:00")                         \
    X(ALERT_CONSOLE,     "alert.console",     TEXT,     "",                            0, 0, SHOWN,  "address of the console, for the link in alerts")                                 \
    X(API_LISTEN,        "api.listen",        TEXT,     "127.0.0.1:8620",              0, 0, SHOWN,  "address of the HTTP API; port 0: any; off: none")                                 \
    X(API_CONNECTIONS,   "api.connections",   INT,      "2048",                        1, 65536, SHOWN, "connections to the HTTP API at once")                                     \
    X(API_CONNECTIONS_PER_ADDRESS, "api.connections_per_address", INT, "256",          1, 65536, SHOWN, "of one client's address")                                                 \
    X(API_RATE,          "api.rate",          INT,      "100",                         0, 1000000, SHOWN, "requests a second of one key, or without a good one of one address; 0: any")   \
    X(API_TIMEOUT,       "api.timeout",       DURATION, "30s",                         KK_SECOND_MS, KK_HOUR_MS, SHOWN, "a client that neither sends nor takes for so long is cut")   \
    X(LOG_LEVEL,         "log.level",         LEVEL,    "info",                        0, 0, SHOWN,  "the least of debug, info, warn, error that is logged")
// clang-format on

#define X(name, key, type, value, min, max, secrecy, meaning) CONFIG_##name,
enum config_key { CONFIG_KEYS(X) CONFIG_KEY_COUNT };
#undef X

struct config_row {
    const char *key;
    enum config_type type;
    const char *value; /* the default */
    int64_t min, max;
    enum config_secrecy secrecy;
    const char *meaning;
};
const struct config_row *config_row(enum config_key key);

enum config_origin { CONFIG_FROM_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_ENVIRONMENT, CONFIG_FROM_FLAG };

struct config_value {
    struct kk_buf text; /* as given, checked */
    int64_t number;     /* milliseconds, bytes, the number, the level */
    enum config_origin origin;
    struct kk_buf where; /* "kkachi.conf:12", "KKACHI_SITE_URL", "--site.url"; empty: the default */
};
struct config { /* a zeroed one is valid for config_done() */
    struct config_value value[CONFIG_KEY_COUNT];
    struct kk_buf file; /* the file that was read; empty: none */
};

struct config_flag {
    const char *key, *value;
};
struct config_sources {
    const char *file;              /* --config; NULL: not given */
    char *const *environment;      /* as environ; NULL: none */
    const char *const *candidates; /* files to try in turn where none is named, ends with NULL */
    const struct config_flag *flags;
    size_t flag_count;
};
/* ./kkachi.conf, then /etc/kkachi/kkachi.conf */
extern const char *const config_candidates[];

/* Everything is checked here, so the getters cannot fail. KK_BAD_INPUT: the sentence says where (file and line, the
 * variable, the flag), what is wrong, and the nearest key. Values of secrets are never in it. */
enum kk_code config_load(struct config *config, const struct config_sources *from, struct kk_err *err);
void config_done(struct config *config);

/* For the reader's tests and fuzzer: defaults, then this text as a file of that name. */
enum kk_code config_read_text(struct config *config, struct kk_sv text, const char *name, struct kk_err *err);

struct kk_sv config_text(const struct config *config, enum config_key key);
const char *config_cstr(struct config *config, enum config_key key);
int64_t config_number(const struct config *config, enum config_key key);
/* The next URL of a list, cut from *rest; ptr NULL: no more. */
struct kk_sv config_next_url(struct kk_sv *rest);

/* "KKACHI_SITE_MAX_BODY" */
void config_env_name(enum config_key key, char ret[CONFIG_ENV_BYTES]);
/* True and *ret: a key of that name. */
bool config_find(struct kk_sv key, enum config_key *ret);
/* The key a person may have meant; NULL: nothing is near. */
const char *config_nearest(struct kk_sv key);
/* A value fit to be shown: secrets and passwords in URLs as "***". */
void config_show(const struct config *config, enum config_key key, struct kk_buf *out);
/* A URL without the password and secret parameters in it. */
void config_mask_url(struct kk_sv url, struct kk_buf *out);

/* docs/config.md */
void config_page(FILE *out);

#endif
