/* sim/plan.h: what a seed decides before anything happens: how large the world is, who plays, what goes wrong. */
#ifndef KK_SIM_PLAN_H
#define KK_SIM_PLAN_H

#include "app/app.h"
#include "ports/limiter.h"
#include "ports/queue.h"

#define SIM_PROCS_MAX 6
#define SIM_SINKS_MAX 3
#define SIM_AGENTS_MAX 6
#define SIM_SELLERS_MAX 4

// clang-format off
#define SIM_FAULTS(X) /* name on the command line, what goes wrong */                                          \
    X(KILL,     "kill",     "processes die at any call, before or after its effect, and start again")          \
    X(POWER,    "power",    "the machine loses its power; what was not synced is lost in any subset")          \
    X(DISK,     "disk",     "reads, writes and syncs of the database fail")                                    \
    X(STALL,    "stall",    "a process stands still inside a call, for moments or past its lease")             \
    X(QUEUE,    "queue",    "the queue repeats, reorders, delays, forgets acks and fails")                     \
    X(LIMITER,  "limiter",  "the limiter fails, or decides and its answer is lost")                            \
    X(ARCHIVE,  "archive",  "the archive fails")                                                               \
    X(SINK,     "sink",     "the receiver of events fails, hangs, answers late, gets things twice")            \
    X(SITE,     "site",     "429, 5xx, challenges, wrong shapes, dead tokens, in storms")                      \
    X(NET,      "net",      "connections hang, break, cut bodies; requests are not begun")                     \
    X(CLOCK,    "clock",    "the wall clock jumps")                                                            \
    X(OPERATOR, "operator", "people pause, re-time, disable, retry, add and start")
// clang-format on

enum sim_fault_at {
#define X(fault, name, meaning) SIM_AT_##fault,
    SIM_FAULTS(X)
#undef X
        SIM_FAULT_COUNT
};
enum sim_fault {
#define X(fault, name, meaning) SIM_##fault = 1 << SIM_AT_##fault,
    SIM_FAULTS(X)
#undef X
        SIM_ALL = (1 << SIM_FAULT_COUNT) - 1
};
/* "all", "none", or names with commas. False: a name is not known. */
bool sim_faults_parse(struct kk_sv text, unsigned *ret_faults);
void sim_faults_print(unsigned faults, struct kk_buf *out);

struct sim_plan {
    unsigned faults;
    /* the world */
    char sellers[128]; /* as the sandbox wants it: "a:12,b:30" */
    int seller_count, agent_count, sink_count;
    int registered; /* sellers known at the start; the operator adds the others */
    int64_t period_hours[SIM_SELLERS_MAX];
    bool is_delta[SIM_SELLERS_MAX];
    int64_t move_gap_ms; /* between two moves of the world, about */
    int64_t page_max, token_life_ms;
    bool is_sequence[SIM_SINKS_MAX];
    uint64_t site_seed;
    /* the installation */
    int proc_count;
    unsigned roles[SIM_PROCS_MAX];
    bool turns_verbs[SIM_PROCS_MAX]; /* single verbs in a random order, instead of app_turn() */
    bool has_remote_queue, has_remote_limiter, has_archive_file;
    struct app_limits limits;
    struct limiter_rules limiter;
    struct queue_rules queue;
    /* how often things go wrong; 0: never */
    int64_t port_calls, disk_calls; /* calls of one process between two faults, about */
    int64_t kill_gap_ms, power_gap_ms, storm_gap_ms, jump_gap_ms, press_gap_ms;
    int64_t stall_max_ms;
};
/* Pure. all: the seed picks from faults; else they all strike. */
void sim_plan_make(struct sim_plan *plan, uint64_t seed, unsigned faults, bool all);

#endif
