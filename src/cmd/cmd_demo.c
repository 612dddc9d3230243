/* kkachi demo: the whole way once. A sandbox and `kkachi up` as processes of their own, five shops, a crawl, changes,
 * a crawl again; then everything that was found and delivered is held against what the shops really did. */
#include <fcntl.h>
#include <sys/stat.h>

#include "app/manage.h"
#include "cmd/args.h"
#include "cmd/child.h"
#include "cmd/cmd.h"
#include "cmd/demo_check.h"
#include "cmd/demo_show.h"
#include "cmd/demo_site.h"
#include "cmd/say.h"
#include "cmd/watch.h"
#include "cmd/wire.h"
#include "ports/store.h"

#define AGENTS 20
#define SELLERS "luxmaison:60,casaverde:501,atelierno9:37,seoulcloset:1,emptyshop:0"
#define PHASE_MS (120 * KK_SECOND_MS) /* a crawl that takes longer has gone wrong, sanitizers or not */
#define LOOK_MS 50
#define UP_STOP_MS (10 * KK_SECOND_MS)
#define EVENTS_PATH "var/events.ndjson"
#define UP_LOG "up.log"

/* One hour is WINDOW: everything that is measured in hours, or against them, shrinks by the same factor of 360. The
 * limit itself stays: 80 requests of an agent in any window. */
#define LIMIT "80"
#define WINDOW "10s"
static const char settings[] = "# written by `kkachi demo`\n"
                               "api.listen = off\n"
                               "limiter.capacity = " LIMIT "\n"
                               "limiter.window = " WINDOW "\n"
                               "limiter.gap = 4ms\n"
                               "limiter.grant_ttl = 500ms\n"
                               "agent.issue_gap = 1ms\n"
                               "agent.cooldown = 10s\n"
                               "agent.cooldown_max = 4m\n"
                               "site.rate = 7200\n"
                               "task.backoff = 50ms\n"
                               "task.backoff_max = 2s\n";

static const char *const sellers[][2] = {
    {"luxmaison", "럭스메종"},     {"casaverde", "까사베르데"}, {"atelierno9", "아틀리에 No.9"},
    {"seoulcloset", "서울클로젯"}, {"emptyshop", "빈가게"},
};

/* What the shops do between the crawls: at least 40 changes that count, and noise that must not. */
static const char *const moves[] = {
    "kinds=price&count=14",  "kinds=stock&count=10",   "kinds=option_gone&count=4", "kinds=option_added&count=3",
    "kinds=images&count=5",  "kinds=name&count=2",     "kinds=description&count=2", "kinds=new&count=6",
    "kinds=removed&count=5", "kinds=sold_out&count=3", "kinds=back&count=1",        "kinds=noise&count=60",
};

static volatile sig_atomic_t was_interrupted;

static void note_signal(int number)
{
    (void)number;
    was_interrupted = 1;
}

struct demo {
    struct call *call;
    struct demo_show show;
    struct demo_site site;
    struct child up;
    struct config config;
    struct wire office;
    char dir[WIRE_PATH_BYTES];
    bool is_own_dir; /* made by us, and removed at the end */
    struct demo_result result;
    int64_t first_line, first_version; /* where the second crawl's events and versions begin */
    int64_t crawl_ms;                  /* time spent crawling */
};

/* ---- setting up ---- */

static enum kk_code enter_dir(struct demo *demo, struct kk_err *err)
{
    const char *named = call_option(demo->call, "dir"), *tmp = getenv("TMPDIR");

    if (named) {
        snprintf(demo->dir, sizeof(demo->dir), "%s", named);
        if (mkdir(named, 0700) && errno != EEXIST)
            return kk_fail(err, KK_DENIED, "%.150s: %s", named, strerror(errno));
    } else {
        snprintf(demo->dir, sizeof(demo->dir), "%.200s/kkachi-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(demo->dir))
            return kk_fail(err, KK_DENIED, "%.150s: %s", demo->dir, strerror(errno));
        demo->is_own_dir = true;
    }
    if (chdir(demo->dir))
        return kk_fail(err, KK_DENIED, "%.150s: %s", demo->dir, strerror(errno));
    if (access("var", F_OK) == 0)
        return kk_fail(err, KK_CONFLICT, "%.150s holds data already; name an empty folder", demo->dir);
    return KK_OK;
}

static enum kk_code write_file(const char *path, const char *text, struct kk_err *err)
{
    FILE *out = fopen(path, "we");
    bool is_bad = !out || fputs(text, out) == EOF;

    if (out && fclose(out))
        is_bad = true;
    return is_bad ? kk_fail(err, KK_DENIED, "%s: %s", path, strerror(errno)) : KK_OK;
}

/* The caller's own settings have no say in here; the children inherit what is left. */
static void forget_environment(void)
{
    extern char **environ;

    for (char **at = environ; *at;) {
        char name[128];
        size_t len = strcspn(*at, "=");

        if (strncmp(*at, "KKACHI_", 7) == 0 && len < sizeof(name)) {
            snprintf(name, sizeof(name), "%.*s", (int)len, *at);
            unsetenv(name);
        } else {
            at++;
        }
    }
}

static enum kk_code configure(struct demo *demo, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(4096);
    enum kk_code rc;

    kk_buf_addf(&text, "site.url = %s\n%s", demo->site.url, settings);
    rc = write_file("kkachi.conf", kk_buf_cstr(&text), err);
    if (!rc)
        rc = config_load(&demo->config, &(struct config_sources){.file = "kkachi.conf"}, err);
    return rc ? rc : wire_open(&demo->office, &demo->config, WIRE_MANAGE, err);
}

static enum kk_code register_all(struct demo *demo, struct kk_err *err)
{
    struct app *app = &demo->office.app;
    enum kk_code rc = store_begin(app->store, err);

    for (int i = 0; !rc && i < AGENTS; i++) {
        char user_agent[160];
        struct agent agent;

        snprintf(
            user_agent, sizeof(user_agent),
            "Mozilla/5.0 (Linux; Android 14; SM-S9%02dN) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Mobile "
            "Safari/537.36",
            i);
        rc = manage_add_agent(app, kk_sv_of(user_agent), (struct kk_sv){0}, &agent, err);
    }
    for (size_t i = 0; !rc && i < KK_COUNT(sellers); i++) {
        struct seller seller = {.mode = CRAWL_FULL, .period_count = 6, .period_unit = PERIOD_HOUR};

        kk_sv_copy(kk_sv_of(sellers[i][0]), seller.seller_id, sizeof(seller.seller_id));
        kk_sv_copy(kk_sv_of(sellers[i][1]), seller.name, sizeof(seller.name));
        rc = manage_add_seller(app, &seller, err);
    }
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static enum kk_code start_up(struct demo *demo, struct kk_err *err)
{
    static const char *const argv[] = {"kkachi", "up", "--config", "kkachi.conf", NULL};

    return child_start(&demo->up, argv, UP_LOG, false, err);
}

static enum kk_code set_up(struct demo *demo, struct kk_err *err)
{
    enum kk_code rc = enter_dir(demo, err);

    if (!rc)
        rc = demo_site_start(&demo->site, SELLERS, LIMIT, WINDOW, "sandbox.log", err);
    if (!rc)
        rc = configure(demo, err);
    if (!rc)
        rc = register_all(demo, err);
    return rc ? rc : start_up(demo, err);
}

/* ---- crawling ---- */

static enum kk_code check_children(struct demo *demo, struct kk_err *err)
{
    if (was_interrupted)
        return kk_fail(err, KK_CONFLICT, "interrupted");
    if (!child_is_running(&demo->up))
        return kk_fail(err, KK_UNAVAILABLE, "`kkachi up` ended by itself; %.150s/" UP_LOG " says why", demo->dir);
    if (!child_is_running(&demo->site.child))
        return kk_fail(err, KK_UNAVAILABLE, "the sandbox ended by itself; %.150s/sandbox.log says why", demo->dir);
    return KK_OK;
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

/* Starts a crawl of every seller and shows how far they are, to their end. */
static enum kk_code crawl_all(struct demo *demo, const char *title, struct kk_err *err)
{
    struct store *store = demo->office.app.store;
    int64_t start_ms = kk_mono_ms(&demo->office.clock);
    struct watch watch = {0};
    size_t open_count = 1;
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < KK_COUNT(sellers); i++)
        rc = watch_start(&watch, &demo->office, sellers[i][0], err);
    wire_wake(&demo->office);
    demo_show_crawl(&demo->show, title, &watch);
    while (!rc && open_count > 0) {
        int64_t now_ms = kk_mono_ms(&demo->office.clock);

        rc = watch_look(&watch, store, &demo->show.bars, &open_count, err);
        demo_show_bars(&demo->show, now_ms, open_count == 0);
        if (!rc)
            rc = check_children(demo, err);
        if (!rc && now_ms - start_ms > PHASE_MS)
            rc = kk_fail(err, KK_TIMEOUT, "the crawl did not end in %d s", (int)(PHASE_MS / KK_SECOND_MS));
        if (open_count > 0)
            pause_ms(LOOK_MS);
    }
    demo->crawl_ms += kk_mono_ms(&demo->office.clock) - start_ms;
    if (!rc && !watch_is_good(&watch))
        rc = kk_fail(err, KK_MISMATCH, "a crawl ended incomplete or left dead letters");
    return rc;
}

static enum kk_code wait_delivered(struct demo *demo, struct kk_err *err)
{
    int64_t start_ms = kk_mono_ms(&demo->office.clock), left = 1;
    enum kk_code rc = KK_OK;

    while (!rc && left > 0) {
        rc = store_outbox_count(demo->office.app.store, KK_SV("event:file"), &left, err);
        if (!rc)
            rc = check_children(demo, err);
        if (!rc && left > 0 && kk_mono_ms(&demo->office.clock) - start_ms > PHASE_MS)
            rc = kk_fail(err, KK_TIMEOUT, "%" PRId64 " changes were not delivered in time", left);
        if (left > 0)
            pause_ms(LOOK_MS);
    }
    return rc;
}

static enum kk_code check_truth(struct demo *demo, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *truth = NULL;
    enum kk_code rc = demo_site_ask(&demo->site, "truth", false, &truth, err);

    return rc ? rc : demo_check_products(demo->office.app.store, truth, &demo->result, err);
}

static int64_t count_lines(const char *path)
{
    FILE *in = fopen(path, "re");
    int64_t lines = 0;

    for (int byte = in ? getc(in) : EOF; byte != EOF; byte = getc(in))
        lines += byte == '\n';
    if (in)
        fclose(in);
    return lines;
}

/* ---- the shops move ---- */

static enum kk_code move_world(struct demo *demo, int64_t *ret_before, struct kk_err *err)
{
    int64_t made = 0, counted = 0;
    enum kk_code rc = KK_OK;

    *ret_before = -1;
    for (size_t i = 0; !rc && i < KK_COUNT(moves); i++) {
        KK_CLEANUP(kk_json_cleanup) struct kk_json *answer = NULL;
        char what[128];
        int64_t before = 0;

        snprintf(what, sizeof(what), "move?%s&distinct=1", moves[i]);
        rc = demo_site_ask(&demo->site, what, true, &answer, err);
        if (rc)
            break;
        kk_jv_i64(kk_jv_get(kk_json_root(answer), "made"), &made);
        kk_jv_i64(kk_jv_get(kk_json_root(answer), "before"), &before);
        if (*ret_before < 0)
            *ret_before = before;
        counted += strstr(what, "noise") ? 0 : made;
    }
    demo_show_moves(&demo->show, counted, made);
    return rc;
}

/* The first crawl, the changes, and two crawls more: an item counts as removed when two complete lists miss it (R11).
 */
static enum kk_code play(struct demo *demo, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *changes = NULL;
    struct store *store = demo->office.app.store;
    int64_t before = 0;
    char what[64];
    enum kk_code rc = crawl_all(demo, "The first crawl: every product is new", err);

    if (!rc)
        rc = wait_delivered(demo, err);
    if (!rc)
        rc = demo_last_version(store, &demo->first_version, err);
    demo->first_line = count_lines(EVENTS_PATH);
    if (!rc)
        rc = move_world(demo, &before, err);
    if (!rc)
        rc = crawl_all(demo, "The second crawl: what changed?", err);
    if (!rc)
        rc = crawl_all(demo, "The third crawl: what is missing again is removed", err);
    if (!rc)
        rc = wait_delivered(demo, err);
    if (!rc)
        rc = check_truth(demo, err);
    snprintf(what, sizeof(what), "changes?after=%" PRId64, before);
    if (!rc)
        rc = demo_site_ask(&demo->site, what, false, &changes, err);
    if (!rc)
        rc = demo_check_changes(store, changes, EVENTS_PATH, demo->first_version, demo->first_line, &demo->result, err);
    return rc ? rc : demo_check_times(store, &demo->result, err);
}

/* ---- the end ---- */

static enum kk_code read_stats(struct demo *demo, struct demo_stats *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *stats = NULL;
    enum kk_code rc = demo_site_ask(&demo->site, "stats", false, &stats, err);
    struct kk_jv root = kk_json_root(stats), violations = kk_jv_get(root, "violations");

    *ret = (struct demo_stats){.crawl_ms = demo->crawl_ms, .window = WINDOW, .agents = AGENTS};
    if (rc)
        return rc;
    kk_jv_i64(kk_jv_get(root, "requests"), &ret->requests);
    kk_jv_i64(kk_jv_get(root, "busiest"), &ret->busiest);
    kk_jv_i64(kk_jv_get(root, "limit"), &ret->limit);
    kk_jv_i64(kk_jv_get(violations, "overLimit"), &ret->over_limit);
    kk_jv_i64(kk_jv_get(violations, "deadToken"), &ret->dead_token);
    return KK_OK;
}

static void wait_for_signal(struct demo *demo)
{
    demo_show_keep(&demo->show, demo->dir, demo->site.url);
    while (!was_interrupted && child_is_running(&demo->up))
        pause_ms(200);
}

/* Only what we made ourselves is removed, by name. */
static void remove_dir(const struct demo *demo)
{
    static const char *const files[] = {"var/kkachi.db",
                                        "var/kkachi.db-wal",
                                        "var/kkachi.db-shm",
                                        "var/kkachi.lock",
                                        "var/kkachi.sock",
                                        "var/token.key",
                                        EVENTS_PATH,
                                        "var/archive/archive.db",
                                        "var/archive/archive.db-wal",
                                        "var/archive/archive.db-shm",
                                        "kkachi.conf",
                                        UP_LOG,
                                        "sandbox.log"};

    for (size_t i = 0; i < KK_COUNT(files); i++)
        unlink(files[i]);
    rmdir("var/archive");
    rmdir("var");
    if (chdir("/") == 0)
        rmdir(demo->dir);
}

static void clean_up(struct demo *demo, bool is_kept)
{
    wire_close(&demo->office);
    child_stop(&demo->up, UP_STOP_MS);
    demo_site_stop(&demo->site);
    config_done(&demo->config);
    if (demo->is_own_dir && !is_kept)
        remove_dir(demo);
}

int cmd_demo(struct call *call)
{
    const struct sigaction on_signal = {.sa_handler = note_signal};
    struct demo demo = {.call = call, .up = {.out_fd = -1}, .site = {.child = {.out_fd = -1}}};
    bool is_kept = call_option(call, "keep"), is_good = false;
    struct demo_stats stats;
    struct kk_err err = {0};
    enum kk_code rc;

    sigaction(SIGINT, &on_signal, NULL);
    sigaction(SIGTERM, &on_signal, NULL);
    forget_environment();
    demo_show_begin(&demo.show, call->out, call->is_json, WINDOW, LIMIT, AGENTS);
    rc = set_up(&demo, &err);
    if (!rc)
        rc = play(&demo, &err);
    if (!rc)
        rc = read_stats(&demo, &stats, &err);
    if (!rc) {
        is_good = demo_is_good(&demo.result) && demo_stats_are_good(&stats);
        demo_show_result(&demo.show, &demo.result, &stats, is_good);
        if (is_kept)
            wait_for_signal(&demo);
    }
    if (rc && !was_interrupted)
        say_note("what it did is in %s", demo.dir);
    clean_up(&demo, is_kept || (!is_good && !was_interrupted));
    if (rc)
        return say_failed("%s", err.msg);
    return is_good ? EXIT_DONE : EXIT_FAILED;
}
