/* kkachi sandbox: the mock MustIt as a process of its own. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/json.h"
#include "cmd/commands.h"
#include "cmd/nearest.h"
#include "cmd/say.h"
#include "sandbox/server.h"

struct settings {
    struct sandbox_conf conf;
    const char *listen;
    bool is_json, has_parent, is_help;
};

enum option_kind { NUMBER, TIME, SIZE, TEXT, ON, OFF, HOME, RETRY };

#define AT(member) offsetof(struct settings, member)

// clang-format off
static const struct option {
    const char *name, *value, *meaning;
    enum option_kind kind;
    size_t at;
} options[] = {
    {"listen",           "ADDR:PORT", "where to listen; port 0 takes a free one (127.0.0.1:0)",       TEXT,   AT(listen)},
    {"seed",             "N",         "everything follows from it (1)",                               NUMBER, AT(conf.seed)},
    {"sellers",          "LIST",      "NAME:ITEMS,… or NxITEMS (five shops, 659 items)",              TEXT,   AT(conf.sellers)},
    {"limit",            "N",         "requests of an agent in any window; 0: no limit (80)",         NUMBER, AT(conf.limit)},
    {"window",           "TIME",      "the window (1h)",                                              TIME,   AT(conf.window_ms)},
    {"token-life",       "TIME",      "how long a token is good (2h)",                                TIME,   AT(conf.token_life_ms)},
    {"page-max",         "N",         "items on a page at most, whatever was asked for (1000)",       NUMBER, AT(conf.page_max)},
    {"moves-per-minute", "N",         "changes the world makes by itself (0)",                        NUMBER, AT(conf.moves_per_minute)},
    {"big-every",        "N",         "every N-th item has a 2 MiB description; 0: none (0)",         NUMBER, AT(conf.big_every)},
    {"fault",            "LIST",      "NAME=RATE,… from the start (docs/sandbox.md names them)",      TEXT,   AT(conf.faults)},
    {"home",             "FORM",      "plain, hop, expires, no_cookie or forbidden (plain)",          HOME,   AT(conf.home)},
    {"retry-after",      "FORM",      "on the limit's 429: none, seconds or date (none)",             RETRY,  AT(conf.retry_after)},
    {"fault-retry-after","TIME",      "what the fault 429_retry_after says (5s)",                     TIME,   AT(conf.fault_retry_after_ms)},
    {"slow",             "TIME",      "about how late the fault slow is (2s)",                        TIME,   AT(conf.slow_ms)},
    {"hang",             "TIME",      "how long the fault hang holds the connection (1m)",            TIME,   AT(conf.hang_ms)},
    {"huge",             "SIZE",      "how large the fault huge is (17MiB)",                          SIZE,   AT(conf.huge_bytes)},
    {"cache",            "SIZE",      "memory for rendered bodies (96MiB)",                           SIZE,   AT(conf.cache_bytes)},
    {"list-path",        "PATH",      "where the list is served",                                     TEXT,   AT(conf.list_path)},
    {"replay",           "DIR",       "serve the recorded bodies in DIR, and nothing else",           TEXT,   AT(conf.replay_dir)},
    {"no-noise",         NULL,        "no counters, spellings or orders that vary",                   OFF,    AT(conf.has_noise)},
    {"no-gzip",          NULL,        "never compress",                                               OFF,    AT(conf.has_gzip)},
    {"with-parent",      NULL,        "stop when the process that started this one ends",             ON,     AT(has_parent)},
    {"json",             NULL,        "print one JSON object with the address",                       ON,     AT(is_json)},
    {"help",             NULL,        "this",                                                         ON,     AT(is_help)},
};
// clang-format on

static const char *const home_names[] = {[HOME_PLAIN] = "plain",
                                         [HOME_HOP] = "hop",
                                         [HOME_EXPIRES] = "expires",
                                         [HOME_NO_COOKIE] = "no_cookie",
                                         [HOME_FORBIDDEN] = "forbidden"};
static const char *const retry_names[] = {
    [RETRY_AFTER_NONE] = "none", [RETRY_AFTER_SECONDS] = "seconds", [RETRY_AFTER_DATE] = "date"};

static void print_help(void)
{
    fputs("kkachi sandbox [OPTION...]\n"
          "  The mock MustIt: shops that follow from a seed, move when told to, keep the limit of 80 an hour,\n"
          "  break on request, and know what a crawler should have stored. Prints its address and serves until\n"
          "  it is stopped. What it can be asked besides the site's own pages: docs/sandbox.md.\n\n",
          stdout);
    for (size_t i = 0; i < KK_COUNT(options); i++) {
        char left[40];

        snprintf(left, sizeof(left), "--%s %s", options[i].name, options[i].value ? options[i].value : "");
        printf("  %-28s %s\n", left, options[i].meaning);
    }
    fputs("\nExample:\n"
          "  kkachi sandbox --listen 127.0.0.1:8630 --seed 7 --sellers luxmaison:120,casaverde:501 --window 60s\n"
          "  curl -X POST 'http://127.0.0.1:8630/__sandbox/move?count=10&kinds=price,stock'\n",
          stdout);
}

/* --- reading the arguments --- */

static bool choose(struct kk_sv value, const char *const *names, size_t count, unsigned *ret)
{
    for (size_t i = 0; i < count; i++)
        if (kk_sv_eq(value, kk_sv_of(names[i]))) {
            *ret = (unsigned)i;
            return true;
        }
    return false;
}

/* False: value is nothing of this option's kind. */
static bool set_option(struct settings *settings, const struct option *option, const char *value)
{
    void *at = (char *)settings + option->at;
    struct kk_sv text = kk_sv_of(value);

    switch (option->kind) {
    case NUMBER:
        return kk_sv_i64(text, at) && *(int64_t *)at >= 0;
    case TIME:
        return kk_duration_parse(text, at);
    case SIZE:
        return kk_size_parse(text, at);
    case TEXT:
        *(const char **)at = value;
        return true;
    case ON:
    case OFF:
        *(bool *)at = option->kind == ON;
        return true;
    case HOME:
        return choose(text, home_names, KK_COUNT(home_names), at);
    case RETRY:
        return choose(text, retry_names, KK_COUNT(retry_names), at);
    }
    return false;
}

static const struct option *find_option(struct kk_sv name)
{
    for (size_t i = 0; i < KK_COUNT(options); i++)
        if (kk_sv_eq(name, kk_sv_of(options[i].name)))
            return &options[i];
    return NULL;
}

static int say_unknown(struct kk_sv name)
{
    struct nearest nearest = {0};

    for (size_t i = 0; i < KK_COUNT(options); i++)
        nearest_try(&nearest, name, options[i].name);
    if (nearest.name)
        return say_usage("sandbox has no option --" KK_SV_FMT "; did you mean --%s?", KK_SV_ARG(name), nearest.name);
    return say_usage("sandbox has no option --" KK_SV_FMT "; see kkachi sandbox --help", KK_SV_ARG(name));
}

/* The exit status, or EXIT_DONE. */
static int read_arguments(int argc, char **argv, struct settings *settings)
{
    for (int i = 1; i < argc; i++) {
        struct kk_sv name = kk_sv_of(argv[i]);
        bool has_equals = strchr(argv[i], '=') != NULL;
        const char *value = has_equals ? strchr(argv[i], '=') + 1 : NULL;
        const struct option *option;

        if (!kk_sv_starts(name, KK_SV("--")))
            return say_usage("sandbox takes options only, and not '%s'", argv[i]);
        name.ptr += 2;
        name.len -= 2;
        name = kk_sv_cut(&name, '=');
        option = find_option(name);
        if (!option)
            return say_unknown(name);
        if (!option->value && has_equals)
            return say_usage("--%s takes no value", option->name);
        if (option->value && !has_equals && i + 1 < argc)
            value = argv[++i];
        if (option->value && !value)
            return say_usage("--%s needs a value: %s", option->name, option->value);
        if (!set_option(settings, option, value))
            return say_usage("--%s '%s': not a value for it; it is %s", option->name, value, option->meaning);
    }
    return EXIT_DONE;
}

/* --- running --- */

static int print_address(const struct settings *settings, const char *url)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf line = KK_BUF(4096);

    if (settings->is_json) {
        kk_jw_open(&line, '{');
        kk_jw_key_str(&line, "url", kk_sv_of(url));
        kk_jw_key_i64(&line, "pid", getpid());
        kk_jw_close(&line, '}');
    } else {
        kk_buf_addf(&line, "sandbox: %s  seed %" PRIu64 ", limit %" PRId64 " in ", url, settings->conf.seed,
                    settings->conf.limit);
        kk_duration_print(settings->conf.window_ms, &line);
    }
    if (puts(kk_buf_cstr(&line)) == EOF || fflush(stdout) == EOF)
        return say_failed("the address cannot be printed: %s", strerror(errno));
    return EXIT_DONE;
}

/* Signals are blocked before the server's threads begin, so that they wait for this one. */
static void block_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const struct settings *settings, const sigset_t *stop)
{
    struct sandbox_server *server = NULL;
    struct kk_err err = {0};
    int status, signal_number;

    if (sandbox_server_open(&settings->conf, settings->listen, &server, &err))
        return say_failure(&err);
    status = print_address(settings, sandbox_server_url(server));
    if (status == EXIT_DONE)
        sigwait(stop, &signal_number);
    sandbox_server_close(server);
    return status;
}

int cmd_sandbox(int argc, char **argv)
{
    struct settings settings = {.conf = sandbox_conf_default(), .listen = "127.0.0.1:0"};
    int status = read_arguments(argc, argv, &settings);
    pid_t parent = getppid();
    sigset_t stop;

    if (status)
        return status;
    if (settings.is_help) {
        print_help();
        return EXIT_DONE;
    }
    block_signals(&stop);
    if (settings.has_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) /* it ended before we could ask to be told */
            return say_failed("--with-parent: the process that started this one has already ended");
    }
    return serve(&settings, &stop);
}
