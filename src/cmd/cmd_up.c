/* kkachi up, kkachi run ROLE...: the roles of one process, turn by turn, until a signal ends them. */
#include <sys/un.h>

#include "adapters/http/http_curl.h"
#include "adapters/loop/loop_curl.h"
#include "api/api.h"
#include "app/manage.h"
#include "app/turn.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/lock.h"
#include "cmd/logline.h"
#include "cmd/nearest.h"
#include "cmd/office.h"
#include "cmd/say.h"
#include "ports/fetcher.h"
#include "ports/store.h"

#define SOCKET_PATH_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)
#define DRAIN_MS (6 * KK_SECOND_MS) /* what is in flight may end for so long; then it is cut off and put back */
#define GIVE_UP_MS (9 * KK_SECOND_MS)

struct process {
    struct wire wire;
    struct wire office; /* the API's: its thread has a store of its own */
    struct api *api;    /* NULL: this process has none */
    struct loop *loop;
    struct lock lock;
    struct app_timer timer;
    unsigned roles;
    bool has_api;
    bool is_up;         /* all roles, alone on the folder */
    int64_t stop_at_ms; /* monotonic: when the stop was first seen; 0: not yet */
    bool was_cut;
};

static const struct {
    const char *name;
    unsigned role;
} role_names[] = {
    {"scheduler", ROLE_SCHEDULER}, {"relay", ROLE_RELAY}, {"worker", ROLE_WORKER}, {"janitor", ROLE_JANITOR}};

/* ---- start ---- */

/* Who writes events into the outbox needs the names of their destinations; who delivers them, the destinations. */
static unsigned parts_of(unsigned roles)
{
    unsigned parts = WIRE_MANAGE;

    if (roles & ROLE_WORKER)
        parts |= WIRE_ARCHIVE | WIRE_SITE;
    if (roles & (ROLE_RELAY | ROLE_JANITOR))
        parts |= WIRE_TIMETABLE;
    return parts | (roles & ROLE_RELAY ? WIRE_EVENTS : WIRE_EVENT_NAMES);
}

static void open_log(struct process *process)
{
    enum kk_level least = (enum kk_level)config_number(process->wire.config, CONFIG_LOG_LEVEL);

    kk_log_open(&process->wire.clock, least, isatty(STDERR_FILENO) ? logline_human : logline_json, stderr);
}

/* The lock comes before the store: two processes must not migrate or repair at once. */
static enum kk_code open_process(struct process *process, struct config *config, struct kk_err *err)
{
    char socket[WIRE_PATH_BYTES];
    enum kk_code rc = wire_begin(&process->wire, config, err);

    if (!rc)
        rc = wire_make_dir(&process->wire, err);
    if (!rc)
        rc = lock_take(process->wire.dir, process->is_up ? "up" : "run", !process->is_up, &process->lock, err);
    if (rc)
        return rc;
    open_log(process);
    rc = wire_add_all(&process->wire, parts_of(process->roles), err);
    if (!rc && (process->roles & ROLE_WORKER))
        rc = wire_add_seal(&process->wire, false, err);
    if (!rc)
        rc = wire_add_http(&process->wire, err); /* the loop waits in it, transfers or not */
    if (rc)
        return rc;
    if (process->wire.schema_from != process->wire.schema_to)
        kk_log(KK_EV_STORE_MIGRATED, KK_NUM("from", process->wire.schema_from), KK_NUM("to", process->wire.schema_to));
    if (process->lock.is_alone)
        wire_sweep_sockets(&process->wire);
    wire_socket_path(&process->wire, !process->is_up, socket);
    /* A folder too deep for a socket's address: it looks by itself, a little later. */
    return loop_open(process->wire.http, strlen(socket) < SOCKET_PATH_BYTES ? socket : NULL, &process->loop, err);
}

/* Puts right what a crash left behind, while nobody else can be here. A server's store may be used from other machines:
 * there the leases alone tell. */
static enum kk_code recover(struct process *process, struct kk_err *err)
{
    int64_t count = 0;
    enum kk_code rc = KK_OK;

    if (process->lock.is_alone && !process->wire.is_shared)
        rc = app_recover(&process->wire.app, &count, err);
    if (!process->is_up)
        lock_share(&process->lock);
    return rc;
}

static void wake_after_api(void *ctx)
{
    struct process *process = ctx;

    loop_wake(process->loop);
    if (!process->is_up)
        wire_wake(&process->wire);
}

/* After the loop is open, so that its signals are not the new thread's. */
static enum kk_code open_api(struct process *process, struct config *config, struct kk_err *err)
{
    const struct api_settings settings = {.listen = config_text(config, CONFIG_API_LISTEN),
                                          .connections = (unsigned)config_number(config, CONFIG_API_CONNECTIONS),
                                          .connections_per_address =
                                              (unsigned)config_number(config, CONFIG_API_CONNECTIONS_PER_ADDRESS),
                                          .rate = config_number(config, CONFIG_API_RATE),
                                          .timeout_ms = config_number(config, CONFIG_API_TIMEOUT),
                                          .wake = wake_after_api,
                                          .ctx = process};
    enum kk_code rc;

    if (!process->has_api || kk_sv_eq(settings.listen, KK_SV("off")))
        return KK_OK;
    rc = wire_open(&process->office, config, WIRE_MANAGE | WIRE_EVENT_NAMES, err);
    return rc ? rc : api_open(&process->office.app, &settings, &process->api, err);
}

static void close_process(struct process *process)
{
    api_close(process->api);
    wire_close(&process->office);
    app_stop(&process->wire.app);
    loop_close(process->loop);
    wire_close(&process->wire);
    lock_give(&process->lock);
    kk_log_close();
}

/* ---- what to do next ---- */

static bool count_seller(void *ctx, const struct seller *seller)
{
    (void)seller;
    ++*(int64_t *)ctx;
    return true;
}

static bool count_agent(void *ctx, const struct agent *agent)
{
    (void)agent;
    ++*(int64_t *)ctx;
    return true;
}

/* The exact commands, with the configuration they need to find this folder. */
static void greet(struct process *process, const struct call *call)
{
    const char *file = call->config_file;
    int64_t seller_count = 0, agent_count = 0;

    printf("kkachi is up on %s, site %.*s; Ctrl-C stops it.\n", process->wire.dir,
           (int)process->wire.app.site.base_url.len, process->wire.app.site.base_url.ptr);
    store_each_agent(process->wire.app.store, count_agent, &agent_count, NULL);
    store_each_seller(process->wire.app.store, count_seller, &seller_count, NULL);
    if (process->api)
        printf("The API answers on %s; `kkachi key create` makes a key for it.\n", api_url(process->api));
    if (agent_count == 0 || seller_count == 0)
        puts("What to do next, in another terminal and the same folder:");
    if (agent_count == 0)
        printf("  kkachi agent add --file LIST%s%s     the user agents to ask with, one a line\n",
               file ? " --config " : "", file ? file : "");
    if (seller_count == 0)
        printf("  kkachi seller add SELLER --period 6h%s%s     its first crawl begins at once\n",
               file ? " --config " : "", file ? file : "");
    fflush(stdout);
}

/* ---- turns ---- */

/* Flags of roles that run elsewhere: whoever has them is woken, once for each time we set one. */
static void pass_on(struct process *process)
{
    struct app *app = &process->wire.app;
    bool is_news = false;

    if (!(process->roles & ROLE_RELAY)) {
        is_news |= app->task_outbox_woken || app->event_outbox_woken;
        app->task_outbox_woken = app->event_outbox_woken = false;
    }
    if (!(process->roles & ROLE_WORKER)) {
        is_news |= app->queue_woken;
        app->queue_woken = false;
    }
    if (is_news)
        wire_wake(&process->wire);
}

static void take_wake(struct process *process)
{
    struct app *app = &process->wire.app;

    app_wake(app, &process->timer);
    if (!(process->roles & ROLE_RELAY))
        app->task_outbox_woken = app->event_outbox_woken = false;
    if (!(process->roles & ROLE_WORKER))
        app->queue_woken = false;
}

/* True when the process may end: nothing is in flight, or nothing more can be waited for. */
static bool may_end(struct process *process, bool is_idle)
{
    int64_t now_ms = kk_mono_ms(&process->wire.clock);

    if (!process->stop_at_ms) {
        process->stop_at_ms = now_ms;
        kk_log(KK_EV_PROCESS_STOPPING, KK_NUM("pid", getpid()));
        if (process->api)
            api_drain(process->api);
    }
    if (is_idle || now_ms - process->stop_at_ms >= GIVE_UP_MS)
        return true;
    if (process->wire.app.fetcher && !process->was_cut &&
        (loop_is_cut(process->loop) || now_ms - process->stop_at_ms >= DRAIN_MS)) {
        fetcher_cancel_all(process->wire.app.fetcher);
        process->was_cut = true;
    }
    return false;
}

static enum kk_code run_turns(struct process *process, struct kk_err *err)
{
    struct app *app = &process->wire.app;

    for (;;) {
        bool is_stopping = loop_is_stopping(process->loop), is_idle = true;
        int64_t wait_ms;

        if (loop_take_wake(process->loop))
            take_wake(process);
        wait_ms = app_turn(app, process->roles, &process->timer, is_stopping, &is_idle);
        if (!process->is_up)
            pass_on(process);
        if (is_stopping && may_end(process, is_idle))
            return KK_OK;

        enum kk_code rc = loop_wait(process->loop, wait_ms, err);

        if (rc)
            return rc;
    }
}

static void role_text(unsigned roles, char ret[64])
{
    ret[0] = '\0';
    for (size_t i = 0; i < KK_COUNT(role_names); i++) {
        size_t len = strlen(ret);

        if (roles & role_names[i].role)
            snprintf(ret + len, 64 - len, "%s%s", len ? " " : "", role_names[i].name);
    }
}

static int serve(struct call *call, unsigned roles, bool has_api, bool is_up)
{
    struct process process = {.roles = roles, .has_api = has_api, .is_up = is_up, .lock = {.fd = -1}};
    char role_list[64];
    struct kk_err err = {0};
    enum kk_code rc = open_process(&process, &call->config, &err);

    if (!rc)
        rc = app_start(&process.wire.app, roles, &err);
    if (!rc)
        rc = recover(&process, &err);
    if (!rc)
        rc = open_api(&process, &call->config, &err);
    if (!rc) {
        role_text(roles, role_list);
        kk_log(KK_EV_PROCESS_STARTED, KK_NUM("pid", getpid()), KK_CSTR("roles", role_list),
               KK_CSTR("version", KK_VERSION), KK_CSTR("dir", process.wire.dir));
        if (is_up)
            greet(&process, call);
        rc = run_turns(&process, &err);
        kk_log(KK_EV_PROCESS_STOPPED, KK_NUM("pid", getpid()));
    }
    close_process(&process);
    return rc ? say_failure(&err) : EXIT_DONE;
}

int cmd_up(struct call *call)
{
    return serve(call, ROLES_ALL, true, true);
}

int cmd_run(struct call *call)
{
    unsigned roles = 0;
    bool has_api = false;

    for (size_t i = 0; i < call->arg_count; i++) {
        struct nearest nearest = {0};
        unsigned role = 0;

        for (size_t r = 0; r < KK_COUNT(role_names); r++) {
            if (strcmp(call->arg[i], role_names[r].name) == 0)
                role = role_names[r].role;
            nearest_try(&nearest, kk_sv_of(call->arg[i]), role_names[r].name);
        }
        if (strcmp(call->arg[i], "api") == 0) {
            has_api = true;
            continue;
        }
        if (!role && nearest.name)
            return say_usage("there is no role \"%.40s\"; did you mean %s?", call->arg[i], nearest.name);
        if (!role)
            return say_usage("there is no role \"%.40s\"; there are: api scheduler relay worker janitor", call->arg[i]);
        roles |= role;
    }
    return serve(call, roles, has_api, false);
}
