/* kkachi-sim: one seed, or many at once. docs/simulator.md */
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "sim/sim.h"

#define JOBS_MAX 64
#define FAILURES_MAX 32

struct failure {
    uint64_t seed;
    struct sim_result result;
    bool is_crash;
};
struct shared { /* between the parent and its jobs */
    _Atomic uint64_t next, done;
    _Atomic bool is_stopping;
    _Atomic int failure_count;
    _Atomic uint64_t now[JOBS_MAX]; /* the seed that each job runs */
    struct failure failure[FAILURES_MAX];
    struct {
        int64_t days_ms, cpu_ms;
        struct sim_counts counts;
    } sum[JOBS_MAX];
};

static const char usage[] =
    "usage: kkachi-sim --seed N [--days D] [--faults all|none|LIST] [--trace] [--json]\n"
    "       kkachi-sim --seeds A..B [--jobs J] [--days D] [--faults LIST] [--keep-going] [--json]\n"
    "faults:\n"
#define X(fault, name, meaning) "  " name "\t" meaning "\n"
    SIM_FAULTS(X)
#undef X
        "With all, each seed picks some of them; a LIST strikes in every run.\n";

struct arguments {
    struct sim_options options;
    uint64_t first, last;
    int jobs;
    bool is_json, keeps_going;
    const char *faults;
};

/* ---- one seed ---- */

static int64_t cpu_ms(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

static void print_counts(struct kk_buf *out, const struct sim_counts *c)
{
    kk_buf_addf(
        out,
        "steps %lld, commits %lld, requests %lld, answers %lld, moves %lld, versions %lld, events %lld, "
        "deliveries %lld, runs %lld, dead letters %lld, kills %lld, power cuts %lld, stalls %lld, failed calls %lld, "
        "presses %lld",
        (long long)c->steps, (long long)c->commits, (long long)c->requests, (long long)c->answers, (long long)c->moves,
        (long long)c->versions, (long long)c->events, (long long)c->deliveries, (long long)c->runs,
        (long long)c->dead_letters, (long long)c->kills, (long long)c->power_cuts, (long long)c->stalls,
        (long long)c->failures, (long long)c->presses);
}

static void write_counts(struct kk_buf *out, const struct sim_counts *c)
{
    kk_jw_key_i64(out, "steps", c->steps);
    kk_jw_key_i64(out, "commits", c->commits);
    kk_jw_key_i64(out, "requests", c->requests);
    kk_jw_key_i64(out, "moves", c->moves);
    kk_jw_key_i64(out, "versions", c->versions);
    kk_jw_key_i64(out, "deliveries", c->deliveries);
    kk_jw_key_i64(out, "runs", c->runs);
    kk_jw_key_i64(out, "deadLetters", c->dead_letters);
    kk_jw_key_i64(out, "kills", c->kills);
    kk_jw_key_i64(out, "powerCuts", c->power_cuts);
    kk_jw_key_i64(out, "stalls", c->stalls);
    kk_jw_key_i64(out, "failedCalls", c->failures);
    kk_jw_key_i64(out, "presses", c->presses);
}

static void print_replay(FILE *out, const struct arguments *args, uint64_t seed)
{
    fprintf(out, "replay: kkachi-sim --seed %llu --days %lld --faults %s --trace\n", (unsigned long long)seed,
            (long long)args->options.days, args->faults);
}

static int run_one(const struct arguments *args)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(64 * 1024);
    struct sim_options options = args->options;
    struct sim_result result;
    int64_t start_ms = cpu_ms(), spent_ms;

    options.seed = args->first;
    sim_run(&options, &result);
    spent_ms = cpu_ms() - start_ms;
    if (result.is_failed && !options.trace && !args->is_json) { /* once more, and remembering */
        options.trace = stdout;
        sim_run(&options, &result);
    }
    if (args->is_json) {
        kk_jw_open(&text, '{');
        kk_jw_key_i64(&text, "seed", (int64_t)options.seed);
        kk_jw_key_bool(&text, "failed", result.is_failed);
        kk_jw_key_str(&text, "rule", kk_sv_of(result.rule));
        kk_jw_key_str(&text, "text", kk_sv_of(result.text));
        kk_jw_key(&text, "days");
        kk_jw_f64(&text, (double)result.days_ms / (double)KK_DAY_MS, 3);
        kk_jw_key_i64(&text, "cpuMs", spent_ms);
        write_counts(&text, &result.counts);
        kk_jw_close(&text, '}');
    } else {
        print_counts(&text, &result.counts);
        kk_buf_addf(&text, "\nseed %llu: %s%s%s%s, %.1f simulated days in %.2f s of CPU, hash %016llx",
                    (unsigned long long)options.seed, result.is_failed ? result.rule : "all rules held",
                    result.is_failed ? " does not hold: " : "", result.is_failed ? result.text : "", "",
                    (double)result.days_ms / (double)KK_DAY_MS, (double)spent_ms / 1000,
                    (unsigned long long)result.hash);
    }
    puts(kk_buf_cstr(&text));
    if (result.is_failed && !args->is_json)
        print_replay(stdout, args, options.seed);
    return result.is_failed ? 1 : 0;
}

/* ---- many ---- */

static void add_counts(struct sim_counts *to, const struct sim_counts *from)
{
    int64_t *sum = (int64_t *)to;
    const int64_t *more = (const int64_t *)from;

    for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
        sum[i] += more[i];
}

static void note_failure(struct shared *shared, const struct arguments *args, uint64_t seed,
                         const struct sim_result *result, bool is_crash)
{
    int at = atomic_fetch_add(&shared->failure_count, 1);

    if (at < FAILURES_MAX) {
        shared->failure[at].seed = seed;
        shared->failure[at].is_crash = is_crash;
        if (result)
            shared->failure[at].result = *result;
    }
    if (!args->keeps_going)
        shared->is_stopping = true;
}

static void run_job(const struct arguments *args, struct shared *shared, int job)
{
    while (!shared->is_stopping) {
        struct sim_options options = args->options;
        struct sim_result result;
        int64_t start_ms = cpu_ms();

        options.seed = atomic_fetch_add(&shared->next, 1);
        if (options.seed > args->last)
            return;
        shared->now[job] = options.seed;
        sim_run(&options, &result);
        shared->now[job] = 0;
        shared->done++;
        shared->sum[job].days_ms += result.days_ms;
        shared->sum[job].cpu_ms += cpu_ms() - start_ms;
        add_counts(&shared->sum[job].counts, &result.counts);
        if (result.is_failed)
            note_failure(shared, args, options.seed, &result, false);
    }
}

static pid_t start_job(const struct arguments *args, struct shared *shared, int job)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever is tired of waiting ends the jobs too */
        run_job(args, shared, job);
        fflush(NULL);
        _exit(0);
    }
    return pid;
}

static void show_progress(const struct arguments *args, const struct shared *shared)
{
    if (isatty(2))
        fprintf(stderr, "\r%llu of %llu seeds, %d failed ", (unsigned long long)shared->done,
                (unsigned long long)(args->last - args->first + 1), shared->failure_count);
}

/* Waits for the jobs; one that crashed has found something, and another takes its place. */
static void wait_for_jobs(const struct arguments *args, struct shared *shared, pid_t *pids)
{
    int running = args->jobs;

    while (running) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid == 0) {
            show_progress(args, shared);
            usleep(100000);
            continue;
        }
        for (int job = 0; job < args->jobs; job++) {
            if (pids[job] != pid)
                continue;
            pids[job] = 0;
            running--;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                continue;
            note_failure(shared, args, shared->now[job], NULL, true);
            if (!shared->is_stopping) {
                pids[job] = start_job(args, shared, job);
                running++;
            }
        }
    }
    if (isatty(2))
        fputs("\r", stderr);
}

static void tell_failure(const struct arguments *args, const struct failure *failure)
{
    pid_t pid;

    if (failure->is_crash)
        printf("seed %llu: crashed\n", (unsigned long long)failure->seed);
    else
        printf("seed %llu: %s does not hold: %s\n", (unsigned long long)failure->seed, failure->result.rule,
               failure->result.text);
    fflush(NULL);
    if (!failure->is_crash) {
        pid = fork();
        if (pid == 0) {
            struct sim_options options = args->options;
            struct sim_result result;

            options.seed = failure->seed;
            options.trace = stdout;
            sim_run(&options, &result);
            if (result.hash != failure->result.hash)
                puts("    and it went another way this time: the simulator itself is not deterministic");
            fflush(NULL);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    print_replay(stdout, args, failure->seed);
}

static int run_many(const struct arguments *args)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(64 * 1024);
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct sim_counts counts = {0};
    int64_t days_ms = 0, spent_ms = 0;
    pid_t pids[JOBS_MAX];
    int failed;

    if (shared == MAP_FAILED)
        return 1;
    shared->next = args->first;
    for (int job = 0; job < args->jobs; job++)
        pids[job] = start_job(args, shared, job);
    wait_for_jobs(args, shared, pids);
    failed = shared->failure_count;
    for (int i = 0; i < failed && i < FAILURES_MAX && !args->is_json; i++)
        tell_failure(args, &shared->failure[i]);
    for (int job = 0; job < args->jobs; job++) {
        days_ms += shared->sum[job].days_ms;
        spent_ms += shared->sum[job].cpu_ms;
        add_counts(&counts, &shared->sum[job].counts);
    }
    if (args->is_json) {
        kk_jw_open(&text, '{');
        kk_jw_key_i64(&text, "seeds", (int64_t)shared->done);
        kk_jw_key_i64(&text, "failed", failed);
        kk_jw_key(&text, "failures");
        kk_jw_open(&text, '[');
        for (int i = 0; i < failed && i < FAILURES_MAX; i++) {
            kk_jw_open(&text, '{');
            kk_jw_key_i64(&text, "seed", (int64_t)shared->failure[i].seed);
            kk_jw_key_str(&text, "rule",
                          kk_sv_of(shared->failure[i].is_crash ? "crash" : shared->failure[i].result.rule));
            kk_jw_key_str(&text, "text", kk_sv_of(shared->failure[i].result.text));
            kk_jw_close(&text, '}');
        }
        kk_jw_close(&text, ']');
        kk_jw_key(&text, "days");
        kk_jw_f64(&text, (double)days_ms / (double)KK_DAY_MS, 1);
        kk_jw_key_i64(&text, "cpuMs", spent_ms);
        write_counts(&text, &counts);
        kk_jw_close(&text, '}');
    } else {
        print_counts(&text, &counts);
        kk_buf_addf(&text, "\n%llu seeds, %d failed: %.0f simulated days in %.1f s of CPU, %.0f a CPU-minute",
                    (unsigned long long)shared->done, failed, (double)days_ms / (double)KK_DAY_MS,
                    (double)spent_ms / 1000,
                    spent_ms ? (double)days_ms / (double)KK_DAY_MS * 60000 / (double)spent_ms : 0.0);
    }
    puts(kk_buf_cstr(&text));
    munmap(shared, sizeof(*shared));
    return failed ? 1 : 0;
}

/* ---- the command line ---- */

static bool read_seeds(const char *text, struct arguments *args)
{
    struct kk_sv last = kk_sv_of(text), first;
    size_t dots = kk_sv_find(last, KK_SV(".."));
    int64_t low, high;

    if (dots == last.len)
        return false;
    first = (struct kk_sv){last.ptr, dots};
    last = (struct kk_sv){last.ptr + dots + 2, last.len - dots - 2};
    if (!kk_sv_i64(first, &low) || !kk_sv_i64(last, &high) || low < 0 || high < low)
        return false;
    args->first = (uint64_t)low;
    args->last = (uint64_t)high;
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *args)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'}, {"seeds", required_argument, NULL, 'S'},
        {"days", required_argument, NULL, 'd'}, {"faults", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'}, {"trace", no_argument, NULL, 't'},
        {"json", no_argument, NULL, 'J'},       {"keep-going", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int64_t number = 0;
    int option;
    bool is_good = true;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        struct kk_sv text = kk_sv_of(optarg);

        switch (option) {
        case 's':
            is_good &= kk_sv_i64(text, &number) && number >= 0;
            args->first = args->last = (uint64_t)number;
            break;
        case 'S':
            is_good &= read_seeds(optarg, args);
            break;
        case 'd':
            is_good &= kk_sv_i64(text, &args->options.days) && args->options.days > 0;
            break;
        case 'f':
            is_good &= sim_faults_parse(text, &args->options.faults);
            args->options.has_all = kk_sv_eq(text, KK_SV("all"));
            args->faults = optarg;
            break;
        case 'j':
            is_good &= kk_sv_i64(text, &number) && number > 0 && number <= JOBS_MAX;
            args->jobs = (int)number;
            break;
        case 't':
            args->options.trace = stdout;
            args->options.is_long_trace = true;
            break;
        case 'J':
            args->is_json = true;
            break;
        case 'k':
            args->keeps_going = true;
            break;
        default:
            is_good = false;
        }
    }
    return is_good && optind == argc;
}

int main(int argc, char **argv)
{
    struct arguments args = {.options = {.days = 2, .faults = SIM_ALL, .has_all = true},
                             .first = 1,
                             .last = 1,
                             .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN),
                             .faults = "all"};

    if (!read_arguments(argc, argv, &args)) {
        fputs(usage, stderr);
        return 2;
    }
    if (args.jobs > JOBS_MAX || args.jobs < 1)
        args.jobs = JOBS_MAX;
    return args.first == args.last ? run_one(&args) : run_many(&args);
}
