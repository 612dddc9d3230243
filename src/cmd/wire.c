#include "cmd/wire.h"

#include <dirent.h>
#include <sys/stat.h>

#include "adapters/archive/archive_file.h"
#include "adapters/archive/archive_s3.h"
#include "adapters/aws/aws.h"
#include "adapters/clock/clock_system.h"
#include "adapters/fetcher/fetcher_curl.h"
#include "adapters/http/http_curl.h"
#include "adapters/limiter/limiter_local.h"
#include "adapters/limiter/limiter_redis.h"
#include "adapters/loop/loop_curl.h"
#include "adapters/notifier/notifier_slack.h"
#include "adapters/queue/queue_local.h"
#include "adapters/queue/queue_sqs.h"
#include "adapters/redis/redis.h"
#include "adapters/sink/sink_file.h"
#include "adapters/sink/sink_sqs.h"
#include "adapters/sink/sink_webhook.h"
#include "adapters/store/store_mysql.h"
#include "adapters/store/store_seal.h"
#include "adapters/store/store_sqlite.h"
#include "adapters/timetable/timetable_eventbridge.h"
#include "base/assert.h"
#include "base/hash.h"
#include "cmd/sink_name.h"
#include "ports/archive.h"
#include "ports/fetcher.h"
#include "ports/limiter.h"
#include "ports/queue.h"
#include "ports/sink.h"
#include "ports/store.h"
#include "ports/timetable.h"

#define SOCKET_NAME "kkachi"
#define SOCKET_END ".sock"
#define WEBHOOK_TIMEOUT_MS (15 * KK_SECOND_MS)
#define QUEUE_WAIT_MAX_MS (20 * KK_SECOND_MS) /* the longest that SQS lets a receive wait */
#define VISIBILITY_SLACK_MS KK_MINUTE_MS      /* a message outlives its task's lease by this much */

/* ---- paths ---- */

/* What is behind "scheme:". "file:///a" is "/a". */
static struct kk_sv path_of(struct kk_sv url)
{
    struct kk_sv path = url;

    kk_sv_cut(&path, ':');
    if (kk_sv_starts(path, KK_SV("///")))
        path = (struct kk_sv){path.ptr + 2, path.len - 2};
    return path;
}

static enum kk_code copy_path(struct kk_sv url, const char *key, char ret[WIRE_PATH_BYTES], struct kk_err *err)
{
    struct kk_sv path = path_of(url);

    if (path.len == 0 || path.ptr[path.len - 1] == '/' || path.ptr[0] == ':')
        return kk_fail(err, KK_BAD_INPUT, "%s names no file behind its scheme, as in %s", key, "sqlite:var/kkachi.db");
    if (!kk_sv_copy(path, ret, WIRE_PATH_BYTES))
        return kk_fail(err, KK_BAD_INPUT, "%s: the path is longer than %d bytes", key, WIRE_PATH_BYTES - 1);
    return KK_OK;
}

/* "var/kkachi.db" → "var"; "kkachi.db" → "." */
static void dir_of(const char *path, char ret[WIRE_PATH_BYTES])
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(ret, WIRE_PATH_BYTES, ".");
    else if (slash == path)
        snprintf(ret, WIRE_PATH_BYTES, "/");
    else
        snprintf(ret, WIRE_PATH_BYTES, "%.*s", (int)(slash - path), path);
}

/* Tokens and raw answers are in there: only the owner may look. */
static enum kk_code make_dirs(const char *dir, struct kk_err *err)
{
    char path[WIRE_PATH_BYTES];

    if (!kk_sv_copy(kk_sv_of(dir), path, sizeof(path)))
        return kk_fail(err, KK_BAD_INPUT, "a path is longer than %d bytes", WIRE_PATH_BYTES - 1);
    for (char *at = path + 1;; at++) {
        char end = *at;

        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) && errno != EEXIST)
            return kk_fail(err, errno == ENOSPC ? KK_FULL : KK_DENIED, "the folder %.150s cannot be made: %s", path,
                           strerror(errno));
        if (end == '\0')
            return KK_OK;
        *at = '/';
    }
}

static enum kk_code read_installation(struct wire *wire, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(INSTALLATION_BYTES - 1);
    enum kk_code rc = store_get_setting(wire->app.store, "installation", &text, err);

    if (!rc)
        kk_sv_copy(kk_buf_sv(&text), wire->app.installation, INSTALLATION_BYTES);
    return rc == KK_NOT_FOUND ? KK_OK : rc;
}

/* ---- one function for each adapter ---- */

static enum kk_code open_sqlite(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    char path[WIRE_PATH_BYTES];
    enum kk_code rc = copy_path(url, "store.url", path, err);

    if (!rc)
        rc = make_dirs(wire->dir, err);
    if (!rc)
        rc = store_sqlite_open(path, NULL, &wire->clock, &wire->app.store, err);
    if (!rc)
        rc = store_migrate(wire->app.store, &wire->schema_from, &wire->schema_to, err);
    return rc ? rc : read_installation(wire, err);
}

static struct queue_rules queue_rules_of(const struct config *config)
{
    return (struct queue_rules){.visibility_ms = config_number(config, CONFIG_TASK_LEASE) + VISIBILITY_SLACK_MS,
                                .max_receives = (int)config_number(config, CONFIG_TASK_ATTEMPTS)};
}

static enum kk_code open_mysql(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    struct mysql_url parts;
    enum kk_code rc = mysql_url_parse(url, &parts, err);

    if (!rc)
        rc = store_mysql_open(&parts, config_text(wire->config, CONFIG_STORE_PASSWORD), &wire->clock, &wire->rng,
                              &wire->app.store, err);
    explicit_bzero(&parts, sizeof(parts));
    if (!rc)
        rc = store_migrate(wire->app.store, &wire->schema_from, &wire->schema_to, err);
    return rc;
}

static enum kk_code open_queue_local(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    const struct queue_rules rules = queue_rules_of(wire->config);

    (void)url;
    return queue_local_open(wire->app.store, &rules, &wire->clock, &wire->app.queue, err);
}

static struct limiter_rules limiter_rules_of(const struct wire *wire)
{
    return (struct limiter_rules){
        .capacity = config_number(wire->config, CONFIG_LIMITER_CAPACITY),
        .window_ms = config_number(wire->config, CONFIG_LIMITER_WINDOW),
        .gap_ms = config_number(wire->config, CONFIG_LIMITER_GAP),
        .grant_ttl_ms = config_number(wire->config, CONFIG_LIMITER_GRANT_TTL),
        .request_timeout_ms = config_number(wire->config, CONFIG_SITE_TIMEOUT),
        .site_inflight = config_number(wire->config, CONFIG_SITE_INFLIGHT),
        .site_rate = config_number(wire->config, CONFIG_SITE_RATE),
    };
}

static enum kk_code open_aws(struct wire *wire, struct kk_err *err)
{
    return wire->aws ? KK_OK : aws_open(&wire->clock, &wire->rng, &wire->aws, err);
}

static enum kk_code open_queue_sqs(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    const struct queue_rules rules = queue_rules_of(wire->config);
    enum kk_code rc = open_aws(wire, err);

    return rc ? rc : queue_sqs_open(wire->aws, url, &rules, &wire->clock, &wire->rng, &wire->app.queue, err);
}

/* A process that sends requests has a loop, in which its queue must not wait. A receive waits for less than a grant's
 * life: the grants are taken before. */
static enum kk_code join_queue(struct wire *wire, struct kk_err *err)
{
    size_t slots = (size_t)config_number(wire->config, CONFIG_WORKER_INFLIGHT);
    int64_t wait_ms = config_number(wire->config, CONFIG_LIMITER_GRANT_TTL) / 2;

    if (!wire->app.queue || wire->app.queue->ops->joins_store)
        return KK_OK;
    return queue_sqs_join_loop(wire->app.queue, wire->http, 2 * slots,
                               wait_ms < QUEUE_WAIT_MAX_MS ? wait_ms : QUEUE_WAIT_MAX_MS, err);
}

static enum kk_code open_limiter_local(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    const struct limiter_rules rules = limiter_rules_of(wire);

    (void)url;
    return limiter_local_open(wire->app.store, &rules, &wire->clock, &wire->rng, &wire->app.limiter, err);
}

static enum kk_code open_limiter_redis(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    const struct limiter_rules rules = limiter_rules_of(wire);
    struct redis_settings settings;
    const struct limiter_redis_options options = {
        .rules = &rules, .redis = &settings, .clock = &wire->clock, .rng = &wire->rng};
    enum kk_code rc = redis_read_url(url, &settings, err);

    return rc ? rc : limiter_redis_open(wire->app.store, &options, &wire->app.limiter, err);
}

static enum kk_code open_archive_file(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    char dir[WIRE_PATH_BYTES];
    enum kk_code rc = copy_path(url, "archive.url", dir, err);

    if (!rc)
        rc = make_dirs(dir, err);
    return rc ? rc : archive_file_open(dir, NULL, &wire->clock, &wire->app.archive, err);
}

static enum kk_code open_archive_s3(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    enum kk_code rc = open_aws(wire, err);

    return rc ? rc : archive_s3_open(wire->aws, url, &wire->app.archive, err);
}

enum kk_code wire_add_http(struct wire *wire, struct kk_err *err)
{
    const struct http_settings settings = {
        .max_transfers = (size_t)config_number(wire->config, CONFIG_WORKER_INFLIGHT) +
                         WEBHOOK_INFLIGHT_MAX * APP_SINKS_MAX + QUEUE_SQS_CALLS_MAX,
    };

    return wire->http ? KK_OK : http_open(&settings, &wire->http, err);
}

static enum kk_code open_site(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    enum kk_code rc = wire_add_http(wire, err);

    (void)url;
    if (!rc)
        rc = join_queue(wire, err);
    return rc ? rc : fetcher_curl_open(wire->http, &wire->app.fetcher, err);
}

/* The first file is "file"; a further one is told from it by its path, and keeps its rows wherever it stands. */
static void name_file(struct wire *wire, struct sink *sink, const char *path)
{
    struct kk_hash hash = kk_sha256(kk_sv_of(path));

    for (size_t i = 0; i < wire->app.sink_count; i++) {
        if (strcmp(wire->app.sinks[i]->ops->kind, sink->ops->kind) != 0)
            continue;
        snprintf(sink->name, sizeof(sink->name), "file-%02x%02x%02x%02x", hash.byte[0], hash.byte[1], hash.byte[2],
                 hash.byte[3]);
        return;
    }
}

static enum kk_code open_sink_file(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    struct sink **ret = &wire->app.sinks[wire->app.sink_count];
    char path[WIRE_PATH_BYTES], dir[WIRE_PATH_BYTES];
    enum kk_code rc = copy_path(url, "events.url", path, err);

    if (rc)
        return rc;
    if (wire->has_names_only) {
        rc = sink_name_open("file", ret, err);
    } else {
        dir_of(path, dir);
        rc = make_dirs(dir, err);
        if (!rc)
            rc = sink_file_open(path, ret, err);
    }
    if (!rc)
        name_file(wire, *ret, path);
    return rc;
}

static enum kk_code open_sink_webhook(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    const struct webhook_settings settings = {
        .url = url,
        .secret = config_text(wire->config, CONFIG_EVENTS_SECRET),
        .timeout_ms = WEBHOOK_TIMEOUT_MS,
    };
    enum kk_code rc;

    if (settings.secret.len == 0)
        return kk_fail(err, KK_BAD_INPUT,
                       "a webhook is signed: give the key in events.secret, or name a file that holds it in "
                       "KKACHI_EVENTS_SECRET_FILE");
    rc = wire_add_http(wire, err);
    return rc ? rc
              : sink_webhook_open(wire->http, &wire->clock, &settings, &wire->app.sinks[wire->app.sink_count], err);
}

static enum kk_code open_sink_sqs(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    enum kk_code rc = open_aws(wire, err);

    if (!rc)
        rc = wire_add_http(wire, err);
    return rc ? rc : sink_sqs_open(wire->aws, wire->http, url, &wire->app.sinks[wire->app.sink_count], err);
}

/* ---- where alerts go ---- */

static enum kk_code open_slack(struct wire *wire, struct kk_err *err)
{
    struct sink **ret = &wire->app.sinks[wire->app.sink_count];
    enum kk_code rc;

    if (wire->has_names_only) {
        rc = sink_name_open("slack", ret, err);
        if (!rc)
            (*ret)->is_notifier = true;
        return rc;
    }
    rc = wire_add_http(wire, err);
    return rc ? rc : notifier_slack_open(wire->http, config_text(wire->config, CONFIG_ALERT_SLACK), ret, err);
}

/* Behind the events' own: their number has no room left is told as a bad setting. */
static enum kk_code open_notifiers(struct wire *wire, struct kk_err *err)
{
    struct kk_sv slack = config_text(wire->config, CONFIG_ALERT_SLACK);
    struct kk_sv webhook = config_text(wire->config, CONFIG_ALERT_WEBHOOK);
    enum kk_code rc = KK_OK;

    if (wire->app.sink_count + (slack.len > 0) + (webhook.len > 0) > APP_SINKS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "events.url, alert.slack and alert.webhook name more than %d destinations",
                       APP_SINKS_MAX);
    if (slack.len) {
        rc = open_slack(wire, err);
        if (rc)
            return kk_while(err, rc, "alert.slack");
        wire->app.sink_count++;
    }
    if (webhook.len) {
        rc = open_sink_webhook(wire, webhook, err);
        if (rc)
            return kk_while(err, rc, "alert.webhook");
        wire->app.sinks[wire->app.sink_count++]->is_notifier = true;
    }
    return rc;
}

/* ---- the rows ---- */

/* Only what speaks with it opens it; all others note in the outbox what it is to be told. */
static enum kk_code open_eventbridge(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    enum kk_code rc = open_aws(wire, err);

    return rc ? rc : timetable_eventbridge_open(wire->aws, url, &wire->clock, &wire->app.timetable, err);
}

static enum kk_code open_nothing(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    (void)wire, (void)url, (void)err;
    return KK_OK;
}

struct scheme {
    enum config_key key;
    const char *name;
    enum kk_code (*open)(struct wire *wire, struct kk_sv url, struct kk_err *err);
};
static const struct scheme schemes[] = {
    {CONFIG_STORE_URL, "sqlite", open_sqlite},
    {CONFIG_STORE_URL, "mysql", open_mysql},
    {CONFIG_QUEUE_URL, "store", open_queue_local},
    {CONFIG_QUEUE_URL, "sqs", open_queue_sqs},
    {CONFIG_LIMITER_URL, "store", open_limiter_local},
    {CONFIG_LIMITER_URL, "redis", open_limiter_redis},
    {CONFIG_LIMITER_URL, "rediss", open_limiter_redis},
    {CONFIG_ARCHIVE_URL, "file", open_archive_file},
    {CONFIG_ARCHIVE_URL, "s3", open_archive_s3},
    {CONFIG_SITE_URL, "https", open_site},
    {CONFIG_SITE_URL, "http", open_site},
    {CONFIG_EVENTS_URL, "file", open_sink_file},
    {CONFIG_EVENTS_URL, "https", open_sink_webhook},
    {CONFIG_EVENTS_URL, "http", open_sink_webhook},
    {CONFIG_EVENTS_URL, "sqs", open_sink_sqs},
    {CONFIG_SCHEDULE_URL, "store", open_nothing},
    {CONFIG_SCHEDULE_URL, "eventbridge", open_eventbridge},
};

static enum kk_code find_scheme(enum config_key key, struct kk_sv url, const struct scheme **ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf valid = KK_BUF(256);
    struct kk_sv rest = url, name = kk_sv_cut(&rest, ':');

    for (size_t i = 0; i < KK_COUNT(schemes); i++) {
        const struct scheme *scheme = &schemes[i];

        if (scheme->key != key)
            continue;
        if (kk_sv_eq(kk_sv_of(scheme->name), name)) {
            *ret = scheme;
            return KK_OK;
        }
        kk_buf_addf(&valid, "%s%s:", valid.len ? ", " : "", scheme->name);
    }
    return kk_fail(err, KK_BAD_INPUT, "%s: %.*s: is no scheme that is known; valid here: %s", config_row(key)->key,
                   (int)(name.len < 40 ? name.len : 40), name.ptr, kk_buf_cstr(&valid));
}

/* Every URL of a key, to its adapter; or, where is_trial, only to its row. */
static enum kk_code each_url(struct wire *wire, enum config_key key, bool is_trial, struct kk_err *err)
{
    struct kk_sv rest = config_text(wire->config, key), url;
    const struct scheme *scheme = NULL;
    enum kk_code rc = KK_OK;

    while (!rc && (url = config_next_url(&rest)).ptr) {
        rc = find_scheme(key, url, &scheme, err);
        if (rc || is_trial)
            continue;
        rc = scheme->open(wire, url, err);
        if (rc)
            return kk_while(err, rc, "%s", config_row(key)->key);
        if (key == CONFIG_EVENTS_URL)
            wire->app.sink_count++;
    }
    return rc;
}

/* ---- all together ---- */

static struct app_limits limits_of(const struct config *config)
{
    return (struct app_limits){
        .task_attempts = (int)config_number(config, CONFIG_TASK_ATTEMPTS),
        .task_lease_ms = config_number(config, CONFIG_TASK_LEASE),
        .task_backoff_ms = config_number(config, CONFIG_TASK_BACKOFF),
        .task_backoff_max_ms = config_number(config, CONFIG_TASK_BACKOFF_MAX),
        .task_silence_ms = config_number(config, CONFIG_TASK_SILENCE),
        .relay_seller_cap = (int)config_number(config, CONFIG_RELAY_SELLER_CAP),
        .worker_inflight = (int)config_number(config, CONFIG_WORKER_INFLIGHT),
        .worker_batch = (int)config_number(config, CONFIG_WORKER_BATCH),
        .site_timeout_ms = config_number(config, CONFIG_SITE_TIMEOUT),
        .site_max_body_bytes = config_number(config, CONFIG_SITE_MAX_BODY),
        .limiter_grant_ttl_ms = config_number(config, CONFIG_LIMITER_GRANT_TTL),
        .agent_issue_gap_ms = config_number(config, CONFIG_AGENT_ISSUE_GAP),
        .agent = {.cooldown_ms = config_number(config, CONFIG_AGENT_COOLDOWN),
                  .cooldown_max_ms = config_number(config, CONFIG_AGENT_COOLDOWN_MAX),
                  .renew_before_ms = config_number(config, CONFIG_AGENT_RENEW_BEFORE)},
        .pace = {.capacity = config_number(config, CONFIG_LIMITER_CAPACITY),
                 .window_ms = config_number(config, CONFIG_LIMITER_WINDOW),
                 .gap_ms = config_number(config, CONFIG_LIMITER_GAP),
                 .site_rate = config_number(config, CONFIG_SITE_RATE),
                 .site_inflight = config_number(config, CONFIG_SITE_INFLIGHT),
                 .page_size = config_number(config, CONFIG_SITE_PAGE_SIZE)},
        .rest = {.failures = config_number(config, CONFIG_SELLER_REST_AFTER),
                 .rest_ms = config_number(config, CONFIG_SELLER_REST),
                 .most_ms = config_number(config, CONFIG_SELLER_REST_MAX)},
        .removal_misses = config_number(config, CONFIG_SELLER_REMOVAL_MISSES),
        .keep_events_ms = config_number(config, CONFIG_KEEP_EVENTS),
        .keep_attempts_ms = config_number(config, CONFIG_KEEP_ATTEMPTS),
        .keep_runs_ms = config_number(config, CONFIG_KEEP_RUNS),
        .keep_stats_ms = config_number(config, CONFIG_KEEP_STATS),
        .alert_every_ms = config_number(config, CONFIG_ALERT_EVERY),
        .alert_calm_ms = config_number(config, CONFIG_ALERT_CALM),
        .alert_repeat_ms = config_number(config, CONFIG_ALERT_REPEAT),
    };
}

/* A bad address is told before anything is opened. */
static enum kk_code check_redis_url(struct kk_sv url, struct kk_err *err)
{
    struct redis_settings settings;
    enum kk_code rc = kk_sv_starts(url, KK_SV("redis")) ? redis_read_url(url, &settings, err) : KK_OK;

    return rc ? kk_while(err, rc, "limiter.url") : KK_OK;
}

/* Beside the file; where the store is a server's, a folder of this machine for what processes here need among them. */
static enum kk_code find_dir(struct wire *wire, struct kk_sv url, struct kk_err *err)
{
    char path[WIRE_PATH_BYTES];
    struct mysql_url parts;
    enum kk_code rc;

    wire->is_shared = kk_sv_starts(url, KK_SV("mysql:"));
    if (wire->is_shared) {
        rc = mysql_url_parse(url, &parts, err);
        if (rc)
            return kk_while(err, rc, "store.url");
        snprintf(wire->dir, sizeof(wire->dir), "%s", parts.dir);
        explicit_bzero(&parts, sizeof(parts));
        return KK_OK;
    }
    rc = copy_path(url, "store.url", path, err);
    if (!rc)
        dir_of(path, wire->dir);
    return rc;
}

enum kk_code wire_begin(struct wire *wire, struct config *config, struct kk_err *err)
{
    static const enum config_key urls[] = {CONFIG_STORE_URL,   CONFIG_QUEUE_URL,  CONFIG_LIMITER_URL,
                                           CONFIG_ARCHIVE_URL, CONFIG_EVENTS_URL, CONFIG_SCHEDULE_URL,
                                           CONFIG_SITE_URL};
    enum kk_code rc = KK_OK;

    *wire = (struct wire){.config = config, .clock = clock_system(), .rng = rng_system()};
    wire->app.clock = &wire->clock;
    wire->app.rng = &wire->rng;
    wire->app.limits = limits_of(config);
    wire->app.site = (struct site){
        .base_url = config_text(config, CONFIG_SITE_URL),
        .list_path = config_text(config, CONFIG_SITE_LIST_PATH),
        .page_size = config_number(config, CONFIG_SITE_PAGE_SIZE),
    };
    for (size_t i = 0; !rc && i < KK_COUNT(urls); i++)
        rc = each_url(wire, urls[i], true, err);
    if (!rc)
        rc = check_redis_url(config_text(config, CONFIG_LIMITER_URL), err);
    if (!rc)
        rc = find_dir(wire, config_text(config, CONFIG_STORE_URL), err);
    if (!rc) {
        rc = quiet_hours_parse(config_text(config, CONFIG_ALERT_QUIET), &wire->app.limits.alert_quiet, err);
        rc = rc ? kk_while(err, rc, "alert.quiet") : KK_OK;
    }
    wire->app.has_timetable = !kk_sv_starts(config_text(config, CONFIG_SCHEDULE_URL), KK_SV("store:"));
    wire->app.console_url = config_text(config, CONFIG_ALERT_CONSOLE);
    wire->app.host = host_linux_init(&wire->host, wire->dir, &wire->clock);
    return rc;
}

static enum kk_code open_destinations(struct wire *wire, struct kk_err *err)
{
    enum kk_code rc = each_url(wire, CONFIG_EVENTS_URL, false, err);

    return rc ? rc : open_notifiers(wire, err);
}

enum kk_code wire_add(struct wire *wire, enum wire_part part, struct kk_err *err)
{
    switch (part) {
    case WIRE_STORE:
        return each_url(wire, CONFIG_STORE_URL, false, err);
    case WIRE_QUEUE:
        return each_url(wire, CONFIG_QUEUE_URL, false, err);
    case WIRE_LIMITER:
        return each_url(wire, CONFIG_LIMITER_URL, false, err);
    case WIRE_ARCHIVE:
        return each_url(wire, CONFIG_ARCHIVE_URL, false, err);
    case WIRE_SITE:
        return each_url(wire, CONFIG_SITE_URL, false, err);
    case WIRE_EVENT_NAMES:
        wire->has_names_only = true;
        return open_destinations(wire, err);
    case WIRE_EVENTS:
        return open_destinations(wire, err);
    case WIRE_TIMETABLE:
        return each_url(wire, CONFIG_SCHEDULE_URL, false, err);
    }
    KK_UNREACHABLE();
}

enum kk_code wire_add_all(struct wire *wire, unsigned parts, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    for (unsigned part = WIRE_STORE; !rc && part <= WIRE_TIMETABLE; part <<= 1)
        if (parts & part)
            rc = wire_add(wire, (enum wire_part)part, err);
    return rc;
}

enum kk_code wire_open(struct wire *wire, struct config *config, unsigned parts, struct kk_err *err)
{
    enum kk_code rc = wire_begin(wire, config, err);

    return rc ? rc : wire_add_all(wire, parts, err);
}

enum kk_code wire_add_seal(struct wire *wire, bool is_trial, struct kk_err *err)
{
    struct kk_sv text = config_text(wire->config, CONFIG_TOKEN_KEY);
    char path[WIRE_PATH_BYTES];
    enum kk_code rc;

    wire->seal.rng = &wire->rng;
    snprintf(path, sizeof(path), "%.400s/token.key", wire->dir);
    if (!text.len && is_trial && access(path, F_OK))
        return kk_fail(err, KK_NOT_FOUND, "there is no key for the agents' tokens yet");
    rc = text.len ? seal_read_key(text, &wire->seal, err) : seal_read_key_file(path, !is_trial, &wire->seal, err);
    if (!rc)
        rc = is_trial ? store_check_seal(wire->app.store, &wire->seal, err)
                      : store_use_seal(wire->app.store, &wire->seal, err);
    return rc && rc != KK_NOT_FOUND ? kk_while(err, rc, "token.key") : rc;
}

enum kk_code wire_make_dir(const struct wire *wire, struct kk_err *err)
{
    enum kk_code rc = make_dirs(wire->dir, err);

    return rc ? kk_while(err, rc, "store.url") : KK_OK;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    for (size_t i = 0; i < wire->app.sink_count; i++)
        sink_close(wire->app.sinks[i]);
    fetcher_close(wire->app.fetcher);
    queue_close(wire->app.queue); /* it says goodbye over http */
    http_close(wire->http);
    archive_close(wire->app.archive);
    timetable_close(wire->app.timetable);
    aws_close(wire->aws);
    limiter_close(wire->app.limiter);
    store_close(wire->app.store);
    seal_done(&wire->seal);
    *wire = (struct wire){0};
}

/* ---- news between processes ---- */

void wire_socket_path(const struct wire *wire, bool is_one_of_several, char ret[WIRE_PATH_BYTES])
{
    if (is_one_of_several)
        snprintf(ret, WIRE_PATH_BYTES, "%.400s/" SOCKET_NAME ".%d" SOCKET_END, wire->dir, (int)getpid());
    else
        snprintf(ret, WIRE_PATH_BYTES, "%.400s/" SOCKET_NAME SOCKET_END, wire->dir);
}

static bool is_socket(const char *name)
{
    struct kk_sv text = kk_sv_of(name), end = KK_SV(SOCKET_END);

    return kk_sv_starts(text, KK_SV(SOCKET_NAME)) && text.len > end.len &&
           kk_sv_eq((struct kk_sv){text.ptr + text.len - end.len, end.len}, end);
}

static void each_socket(const struct wire *wire, void (*what)(const char *path))
{
    DIR *dir = opendir(wire->dir);
    char own[WIRE_PATH_BYTES], path[WIRE_PATH_BYTES];
    const struct dirent *entry;

    if (!dir)
        return;
    wire_socket_path(wire, true, own);
    while ((entry = readdir(dir))) {
        if (!is_socket(entry->d_name))
            continue;
        snprintf(path, sizeof(path), "%.250s/%.250s", wire->dir, entry->d_name);
        if (strcmp(path, own) != 0)
            what(path);
    }
    closedir(dir);
}

void wire_wake(const struct wire *wire)
{
    each_socket(wire, loop_wake_path);
}

static void drop_socket(const char *path)
{
    unlink(path);
}

void wire_sweep_sockets(const struct wire *wire)
{
    each_socket(wire, drop_socket);
}
