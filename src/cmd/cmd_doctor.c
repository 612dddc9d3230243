/* kkachi doctor: is everything there that a crawl needs, and if not, what to do. Nothing is asked of the site but
 * whether its port answers: every request would count. */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include "adapters/redis/redis_state.h"
#include "adapters/archive/archive_s3.h"
#include "adapters/aws/aws.h"
#include "adapters/queue/queue_sqs.h"
#include "adapters/sink/sink_sqs.h"
#include "adapters/store/store_mysql.h"
#include "adapters/timetable/timetable_eventbridge.h"
#include "app/manage.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/doctor_mysql.h"
#include "cmd/lock.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/archive.h"
#include "ports/limiter.h"
#include "ports/queue.h"
#include "ports/sink.h"
#include "ports/store.h"

#define SPACE_LOW_BYTES (INT64_C(1) << 30)
#define SPACE_NONE_BYTES (INT64_C(64) << 20)
#define CONNECT_TIMEOUT_MS 3000
#define CLOCK_EARLIEST_MS INT64_C(1735689600000) /* 2025: before this program was made */
#define CLOCK_SLACK_MS KK_MINUTE_MS

struct doctor {
    struct wire office;
    struct report report;
    int status; /* the worst so far */
    bool has_store;
    bool may_create; /* what is missing at AWS */
};

static void KK_PRINTF(4, 5) find(struct doctor *d, const char *what, enum finding finding, const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warning", "bad"};
    static const enum table_colour colours[] = {TABLE_GREEN, TABLE_YELLOW, TABLE_RED};
    char text[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (d->report.is_json) {
        kk_jw_open(&d->report.json, '{');
        kk_jw_key_str(&d->report.json, "check", kk_sv_of(what));
        kk_jw_key_str(&d->report.json, "result", kk_sv_of(names[finding]));
        kk_jw_key_str(&d->report.json, "text", kk_sv_of(text));
        kk_jw_close(&d->report.json, '}');
    } else {
        table_text(&d->report.table, what);
        table_cell(&d->report.table, colours[finding], kk_sv_of(names[finding]));
        table_text(&d->report.table, text);
    }
    report_row(&d->report);
}

static void found_err(struct doctor *d, const char *what, const struct kk_err *err)
{
    int status = say_exit_status(err->code);

    find(d, what, FINDING_BAD, "%s", err->msg);
    d->status = status == EXIT_UNREACHED || d->status == EXIT_UNREACHED ? EXIT_UNREACHED : EXIT_FAILED;
}

static void worsen(struct doctor *d)
{
    if (d->status == EXIT_DONE)
        d->status = EXIT_FAILED;
}

/* ---- the machine ---- */

static void check_folder(struct doctor *d)
{
    struct statvfs disk;
    struct kk_err err = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf size = KK_BUF(64);
    int64_t free_bytes;

    if (wire_make_dir(&d->office, &err)) {
        found_err(d, "folder", &err);
        return;
    }
    if (access(d->office.dir, W_OK)) {
        kk_fail(&err, KK_DENIED, "%.200s cannot be written: %s", d->office.dir, strerror(errno));
        found_err(d, "folder", &err);
        return;
    }
    find(d, "folder", FINDING_OK, "%s", d->office.dir);
    if (statvfs(d->office.dir, &disk)) {
        find(d, "disk space", FINDING_WARN, "cannot be told: %s", strerror(errno));
        return;
    }
    free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    kk_size_print(free_bytes >> 20 << 20, &size);
    if (free_bytes < SPACE_NONE_BYTES) {
        find(d, "disk space", FINDING_BAD, "only %s left: make room, or move the folder", kk_buf_cstr(&size));
        worsen(d);
    } else {
        find(d, "disk space", free_bytes < SPACE_LOW_BYTES ? FINDING_WARN : FINDING_OK, "%s free%s", kk_buf_cstr(&size),
             free_bytes < SPACE_LOW_BYTES ? ": make room soon" : "");
    }
}

static bool newest_start(void *ctx, const struct run *run)
{
    *(int64_t *)ctx = run->started_at_ms;
    return false;
}

/* A clock that went back makes everything due later than it should be. */
static void check_clock(struct doctor *d)
{
    int64_t now_ms = kk_wall_ms(&d->office.clock), newest_ms = 0;
    char now[KK_ISO_BYTES], newest[KK_ISO_BYTES];

    kk_time_iso(now_ms, now);
    if (d->has_store)
        store_each_run(d->office.app.store, &(struct run_query){.limit = 1}, newest_start, &newest_ms, NULL);
    if (now_ms < CLOCK_EARLIEST_MS) {
        find(d, "clock", FINDING_BAD, "it says %s: set it right", now);
        worsen(d);
    } else if (newest_ms > now_ms + CLOCK_SLACK_MS) {
        kk_time_iso(newest_ms, newest);
        find(d, "clock", FINDING_BAD, "it says %s, but a crawl began at %s: set it right", now, newest);
        worsen(d);
    } else {
        find(d, "clock", FINDING_OK, "%s", now);
    }
}

static void check_process(struct doctor *d)
{
    char who[64] = "";

    if (lock_is_held(d->office.dir, who, sizeof(who)))
        find(d, "process", FINDING_OK, "%s", *who ? who : "somebody runs on the folder");
    else
        find(d, "process", FINDING_WARN, "nothing runs on the folder: start `kkachi up`");
}

/* ---- backends ---- */

static void found_mysql(void *ctx, const char *what, enum finding finding, const char *text)
{
    struct doctor *d = ctx;

    find(d, what, finding, "%s", text);
    if (finding == FINDING_BAD)
        worsen(d);
}

static bool is_this_machine(const struct mysql_url *url)
{
    return url->socket[0] || !strcmp(url->host, "localhost") || !strcmp(url->host, "::1") ||
           kk_sv_starts(kk_sv_of(url->host), KK_SV("127."));
}

static void check_mysql(struct doctor *d)
{
    struct doctor_mysql look = {.body_max_bytes = config_number(d->office.config, CONFIG_SITE_MAX_BODY)};
    int64_t asked_ms = kk_wall_ms(&d->office.clock);
    struct mysql_url url;
    struct kk_err err = {0};

    if (mysql_url_parse(config_text(d->office.config, CONFIG_STORE_URL), &url, &err) ||
        store_mysql_look(d->office.app.store, &look.facts, &err)) {
        found_err(d, "database", &err);
        return;
    }
    look.is_far = !is_this_machine(&url);
    explicit_bzero(&url, sizeof(url));
    look.now_ms = asked_ms + (kk_wall_ms(&d->office.clock) - asked_ms) / 2;
    doctor_mysql_judge(&look, found_mysql, d);
}

static void check_store(struct doctor *d)
{
    struct kk_err err = {0};

    if (wire_add(&d->office, WIRE_STORE, &err) || store_check(d->office.app.store, &err)) {
        found_err(d, "store", &err);
        return;
    }
    d->has_store = true;
    find(d, "store", FINDING_OK, "whole, schema %d", d->office.schema_to);
    if (d->office.is_shared)
        check_mysql(d);
}

static void check_seal(struct doctor *d)
{
    struct kk_err err = {0};
    enum kk_code rc = wire_add_seal(&d->office, true, &err);

    if (rc == KK_NOT_FOUND)
        find(d, "token key", FINDING_OK, "made at the first start of a worker");
    else if (rc)
        found_err(d, "token key", &err);
    else
        find(d, "token key", FINDING_OK, "opens the agents' tokens");
}

static void check_sqs(struct doctor *d)
{
    struct queue *queue = d->office.app.queue;
    char text[200] = "";
    struct kk_err err = {0};
    enum kk_code rc = d->may_create ? queue_sqs_create(queue, &err) : KK_OK;

    if (!rc)
        rc = queue_sqs_check(queue, text, sizeof(text), &err);
    if (rc == KK_NOT_FOUND) {
        find(d, "queue", FINDING_BAD, "%s; where they are right, `kkachi doctor --create` makes it", err.msg);
        worsen(d);
    } else if (rc == KK_MISMATCH) {
        find(d, "queue", FINDING_WARN, "%s", err.msg);
    } else if (rc) {
        found_err(d, "queue", &err);
    } else {
        find(d, "queue", FINDING_OK, "%s", text);
    }
}

/* Requests are signed by AWS's clock once it was told, so this costs a refusal at each start and no more. */
static void check_aws_clock(struct doctor *d)
{
    int64_t skew_ms = d->office.aws ? aws_skew_ms(d->office.aws) : 0;
    KK_CLEANUP(kk_buf_done) struct kk_buf by = KK_BUF(64);

    if (!skew_ms)
        return;
    kk_duration_print((skew_ms < 0 ? -skew_ms : skew_ms) / KK_MINUTE_MS * KK_MINUTE_MS, &by);
    find(d, "clock", FINDING_WARN, "AWS's is %s %s this one: set this one right", kk_buf_cstr(&by),
         skew_ms > 0 ? "ahead of" : "behind");
}

static void check_queue(struct doctor *d)
{
    struct kk_err err = {0};
    int64_t waiting = 0, dead = 0;
    enum kk_code rc = wire_add(&d->office, WIRE_QUEUE, &err);

    if (!rc && !d->office.app.queue->ops->joins_store) {
        check_sqs(d);
        return;
    }
    if (!rc)
        rc = queue_depth(d->office.app.queue, &waiting, &dead, &err);
    if (rc)
        found_err(d, "queue", &err);
    else
        find(d, "queue", FINDING_OK, "%" PRId64 " waiting", waiting);
}

/* ---- the limiter in Redis ---- */

static void check_redis_memory(struct doctor *d, const struct redis_state *state)
{
    if (state->is_replica) {
        find(d, "redis memory", FINDING_BAD, "a read-only replica: name the primary in limiter.url");
        worsen(d);
    } else if (strcmp(state->policy, "noeviction") != 0) {
        find(d, "redis memory", FINDING_BAD,
             "maxmemory-policy %s may throw tokens away, and then too much is sent: set noeviction", state->policy);
        worsen(d);
    } else if (state->max_bytes && state->used_bytes > state->max_bytes / 10 * 9) {
        find(d, "redis memory", FINDING_WARN, "nearly full: nothing is sent once it is");
    } else {
        find(d, "redis memory", FINDING_OK, "noeviction, %" PRId64 " KiB in use", state->used_bytes >> 10);
    }
}

static void check_redis(struct doctor *d)
{
    int64_t before_ms = kk_wall_ms(&d->office.clock), apart_ms;
    struct redis_settings settings;
    struct redis_state state;
    struct redis *redis = NULL;
    struct kk_err err = {0};
    enum kk_code rc = redis_read_url(config_text(d->office.config, CONFIG_LIMITER_URL), &settings, &err);

    if (!rc)
        rc = redis_open(&settings, &redis, &err);
    if (!rc)
        rc = redis_read_state(redis, &state, &err);
    redis_close(redis);
    if (rc) {
        found_err(d, "redis", &err);
        return;
    }
    find(d, "redis", FINDING_OK, "version %s at %s port %s%s", state.version, settings.host, settings.port,
         settings.is_tls ? ", through TLS" : "");
    check_redis_memory(d, &state);
    find(d, "redis disk", state.has_aof ? FINDING_OK : FINDING_WARN, "%s",
         state.has_aof ? "it writes what happens (appendonly)"
                       : "it forgets at a restart; agents used in the last window then wait: set appendonly yes");
    apart_ms = state.time_ms - before_ms;
    find(d, "redis clock", apart_ms > CLOCK_SLACK_MS || apart_ms < -CLOCK_SLACK_MS ? FINDING_WARN : FINDING_OK,
         "%" PRId64 " ms from this machine's%s", apart_ms,
         apart_ms > CLOCK_SLACK_MS || apart_ms < -CLOCK_SLACK_MS ? ": let both follow NTP" : "");
}

static bool is_redis(const struct doctor *d)
{
    return kk_sv_starts(config_text(d->office.config, CONFIG_LIMITER_URL), KK_SV("redis"));
}

static void check_limiter(struct doctor *d)
{
    const int64_t nobody = 0;
    struct limiter_agent seen;
    struct kk_err err = {0};

    if (is_redis(d))
        check_redis(d);
    if (wire_add(&d->office, WIRE_LIMITER, &err) || limiter_look(d->office.app.limiter, &nobody, 1, &seen, &err))
        found_err(d, "limiter", &err);
    else
        find(d, "limiter", FINDING_OK, "%" PRId64 " requests for each agent in any window",
             config_number(d->office.config, CONFIG_LIMITER_CAPACITY));
}

/* ---- more backends ---- */

static enum kk_code create_archive(const struct doctor *d, struct kk_err *err)
{
    bool is_s3 = strcmp(d->office.app.archive->ops->name, "s3") == 0;

    return d->may_create && is_s3 ? archive_s3_create(d->office.app.archive, err) : KK_OK;
}

static void check_archive(struct doctor *d)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf size = KK_BUF(64);
    struct kk_err err = {0};
    int64_t count = 0, bytes = 0;

    if (wire_add(&d->office, WIRE_ARCHIVE, &err) || create_archive(d, &err) ||
        archive_size(d->office.app.archive, &count, &bytes, &err)) {
        found_err(d, "archive", &err);
        return;
    }
    kk_size_print(bytes >> 10 << 10, &size);
    find(d, "archive", FINDING_OK, "%" PRId64 " answers in %s", count, kk_buf_cstr(&size));
}

/* A webhook is not tried: the other side would take it for an event. */
static bool check_sink_sqs(struct doctor *d, struct sink *sink)
{
    char text[200] = "";
    struct kk_err err = {0};
    enum kk_code rc = d->may_create ? sink_sqs_create(sink, &err) : KK_OK;

    if (!rc)
        rc = sink_sqs_check(sink, text, sizeof(text), &err);
    if (rc == KK_NOT_FOUND) {
        find(d, "events", FINDING_BAD, "%s; where they are right, `kkachi doctor --create` makes it", err.msg);
        worsen(d);
    } else if (rc) {
        found_err(d, "events", &err);
    } else {
        find(d, "events", FINDING_OK, "%s", text);
    }
    return rc == KK_OK;
}

/* A file that a running process holds is fine: that process writes it. */
static void check_events(struct doctor *d)
{
    struct kk_err err = {0};
    bool all_good = true;
    enum kk_code rc = wire_add(&d->office, WIRE_EVENTS, &err);

    if (rc == KK_BUSY && lock_is_held(d->office.dir, NULL, 0))
        find(d, "events", FINDING_OK, "written by the process that runs");
    else if (rc)
        found_err(d, "events", &err);
    for (size_t i = 0; !rc && i < d->office.app.sink_count; i++)
        all_good &= strcmp(d->office.app.sinks[i]->ops->kind, "sqs") != 0 || check_sink_sqs(d, d->office.app.sinks[i]);
    if (!rc && all_good)
        find(d, "events", FINDING_OK, "%zu destination%s", d->office.app.sink_count,
             d->office.app.sink_count == 1 ? "" : "s");
}

static void check_timetable(struct doctor *d)
{
    char text[200] = "";
    struct kk_err err = {0};
    enum kk_code rc;

    if (!d->office.app.has_timetable)
        return;
    rc = wire_add(&d->office, WIRE_TIMETABLE, &err);
    if (!rc && d->may_create)
        rc = timetable_eventbridge_create(d->office.app.timetable, &err);
    if (!rc)
        rc = timetable_eventbridge_check(d->office.app.timetable, text, sizeof(text), &err);
    if (rc)
        found_err(d, "schedule", &err);
    else
        find(d, "schedule", FINDING_OK, "%s", text);
}

/* ---- the site ---- */

static enum kk_code split_site(struct kk_sv url, char host[256], char port[8], struct kk_err *err)
{
    bool is_tls = kk_sv_starts(url, KK_SV("https"));
    size_t at = kk_sv_find(url, KK_SV("://")) + 3;
    struct kk_sv rest = {url.ptr + at, url.len - at};
    size_t colon = rest.len;

    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] == ':')
            colon = i;
        else if (rest.ptr[i] == ']')
            colon = rest.len;
    snprintf(port, 8, "%s", is_tls ? "443" : "80");
    if (colon < rest.len && !kk_sv_copy((struct kk_sv){rest.ptr + colon + 1, rest.len - colon - 1}, port, 8))
        return kk_fail(err, KK_BAD_INPUT, "site.url has no valid port");
    rest.len = colon;
    if (rest.len > 2 && rest.ptr[0] == '[')
        rest = (struct kk_sv){rest.ptr + 1, rest.len - 2};
    return kk_sv_copy(rest, host, 256) ? KK_OK : kk_fail(err, KK_BAD_INPUT, "site.url has too long a host");
}

static bool connects(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), failure = 0;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    socklen_t len = sizeof(failure);
    bool is_there;

    if (fd < 0)
        return false;
    is_there = connect(fd, to->ai_addr, to->ai_addrlen) == 0;
    if (!is_there && errno == EINPROGRESS && poll(&wait, 1, CONNECT_TIMEOUT_MS) == 1)
        is_there = getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure == 0;
    close(fd);
    return is_there;
}

static void check_site(struct doctor *d)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[256], port[8];
    struct kk_err err = {0};
    bool is_there = false;
    int rc;

    if (split_site(d->office.app.site.base_url, host, port, &err)) {
        found_err(d, "site", &err);
        return;
    }
    rc = getaddrinfo(host, port, &hints, &found);
    for (const struct addrinfo *to = found; !rc && to && !is_there; to = to->ai_next)
        is_there = connects(to);
    if (rc)
        kk_fail(&err, KK_UNAVAILABLE, "%.100s: %s; is site.url right, and this machine on the net?", host,
                gai_strerror(rc));
    else if (!is_there)
        kk_fail(&err, KK_UNAVAILABLE, "%.100s port %s does not answer; is site.url right?", host, port);
    if (found)
        freeaddrinfo(found);
    if (is_there)
        find(d, "site", FINDING_OK, "%s port %s answers", host, port);
    else
        found_err(d, "site", &err);
}

/* ---- what there is to do ---- */

struct census {
    int64_t sellers, active_sellers, agents, usable_agents;
};

static bool note_seller(void *ctx, const struct seller *seller)
{
    struct census *census = ctx;

    census->sellers++;
    census->active_sellers += seller->state == SELLER_ACTIVE;
    return true;
}

static bool note_agent(void *ctx, const struct agent *agent)
{
    struct census *census = ctx;

    census->agents++;
    census->usable_agents += agent->state != AGENT_DISABLED;
    return true;
}

static bool note_dead(void *ctx, const struct task *task)
{
    (void)task;
    ++*(int64_t *)ctx;
    return true;
}

static void check_people_work(struct doctor *d)
{
    struct census census = {0};
    struct pause pause = {0};
    int64_t dead_count = 0;
    struct store *store = d->office.app.store;

    store_each_agent(store, note_agent, &census, NULL);
    store_each_seller(store, note_seller, &census, NULL);
    store_each_task(store, &(struct task_query){.dead_only = true}, note_dead, &dead_count, NULL);
    if (census.agents == 0)
        find(d, "agents", FINDING_WARN, "none: register some with `kkachi agent add --file LIST`");
    else if (census.usable_agents == 0)
        find(d, "agents", FINDING_WARN, "all %" PRId64 " rest: `kkachi agent list` says until when", census.agents);
    else
        find(d, "agents", FINDING_OK, "%" PRId64 " of %" PRId64 " may work", census.usable_agents, census.agents);
    if (census.sellers == 0)
        find(d, "sellers", FINDING_WARN, "none: register one with `kkachi seller add SELLER --period 6h`");
    else
        find(d, "sellers", FINDING_OK, "%" PRId64 " of %" PRId64 " active", census.active_sellers, census.sellers);
    if (dead_count > 0)
        find(d, "dead letters", FINDING_WARN, "%" PRId64 ": `kkachi dead list` says why", dead_count);
    if (!manage_get_pause(&d->office.app, &pause, NULL) && pause.is_paused)
        find(d, "pause", FINDING_WARN, "all requests are stopped by %s%s%s: `kkachi resume` lets them go on", pause.who,
             *pause.why ? ", " : "", pause.why);
}

static void check_all(struct doctor *d)
{
    check_folder(d);
    check_store(d);
    if (d->has_store) {
        check_seal(d);
        check_queue(d);
        check_limiter(d);
    }
    check_archive(d);
    check_events(d);
    check_timetable(d);
    check_site(d);
    check_clock(d);
    check_aws_clock(d);
    check_process(d);
    if (d->has_store)
        check_people_work(d);
}

int cmd_doctor(struct call *call)
{
    static const struct table_column columns[] = {
        {"CHECK", TABLE_LEFT, false}, {"RESULT", TABLE_LEFT, false}, {"WHAT, AND WHAT TO DO", TABLE_LEFT, false}};
    struct doctor d = {.status = EXIT_DONE, .may_create = call_option(call, "create") != NULL};
    struct kk_err err = {0};
    int status;

    if (wire_begin(&d.office, &call->config, &err))
        return say_failure(&err);
    report_begin(&d.report, call, columns, KK_COUNT(columns));
    if (call->config.file.len)
        find(&d, "configuration", FINDING_OK, "%s", call->config.file.ptr);
    else
        find(&d, "configuration", FINDING_OK, "no file; defaults, environment and flags");
    check_all(&d);
    wire_close(&d.office);
    status = report_end(&d.report, NULL);
    return status ? status : d.status;
}
