/* sim/sim.h: a whole installation in one thread, on a virtual clock, from one seed.
 *
 * Real are core/, site/, app/ and the store, queue, limiter and archive in SQLite. Processes are fibers (sim/fiber.h),
 * so one can stand still or die inside any call of a port while the others go on. The disk is tests/support/vfs_disk,
 * the site is sandbox/ without sockets; everything else here plays a part of the world badly. After each commit the
 * rules of design.md section 2 are checked (sim/watch.h). docs/simulator.md tells the whole. */
#ifndef KK_SIM_SIM_H
#define KK_SIM_SIM_H

#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "sim/plan.h"

#define SIM_EPOCH_MS INT64_C(1795305600000) /* the wall clock at the start */
#define SIM_OWNER_WATCH 1000                /* the disk's owner for the watcher's own connection */
#define SIM_TEXT_BYTES 400

struct sim;
struct proc;
struct mart;
struct watch;
struct remote_queue;
struct remote_limiter;
struct archive_box;
struct sink_box;
struct vfs_disk;

struct sim_counts { /* what a run did, for the reports */
    int64_t steps, commits, requests, answers, kills, power_cuts, stalls, failures, moves, presses, versions, events;
    int64_t runs, dead_letters, deliveries, rows;
};

struct sim_result {
    bool is_failed;
    char rule[16]; /* "R1" … */
    char text[SIM_TEXT_BYTES];
    int64_t at_ms; /* virtual time since the start */
    uint64_t hash; /* of everything that happened, in order */
    struct sim_counts counts;
    int64_t days_ms;      /* simulated in all, the calm at the end too */
    int64_t first_run_ms; /* until the first run that was complete; 0: none was */
};

struct sim_options {
    uint64_t seed;
    int64_t days;
    unsigned faults;             /* bits of enum sim_fault; see plan.h */
    bool has_all;                /* the seed picks some of faults; else all of them strike */
    const struct sim_plan *plan; /* instead of the seed's; NULL: the seed decides */
    FILE *trace;                 /* NULL: not written */
    bool is_long_trace;          /* each event as it comes; else the last ones after a failure */
};
void sim_run(const struct sim_options *options, struct sim_result *ret);

/* ---- for the parts of the simulator ---- */

struct sim_event { /* something that will happen */
    int64_t at_ms;
    uint64_t order; /* first come, first served */
    void (*run)(struct sim *sim, void *ctx, int64_t arg);
    void *ctx;
    int64_t arg;
};

#define SIM_RING 64
#define SIM_LINE_BYTES 512

struct sim {
    const struct sim_options *options;
    struct sim_plan plan;
    struct sim_result result;
    int64_t now_ms;         /* true time since the start; never goes back */
    int64_t wall_offset_ms; /* what the machine's wall clock is off */
    int64_t booted_at_ms;   /* its monotonic clock began then: never more than really went by since a power cut */
    int64_t changed_at_ms;  /* the last thing that may give somebody something to do */
    int64_t skipped_to_ms;  /* until then nobody had anything to do */
    int64_t failed_at_ms;   /* the last fault; what keeps timers of its own may wake later without being told */
    bool is_calm;           /* no more faults */
    bool is_still;          /* the world does not move any more */
    bool is_restored;       /* the operator put everything back to work */
    bool is_cut;            /* the power is to be cut as soon as the fiber that runs is back */
    struct kk_rng_seeded seed_plan, seed_fate, seed_world, seed_disk, seed_operator, seed_order;
    struct kk_rng fate, world_rng, disk_rng, operator_rng, order_rng;
    struct sim_event *heap;
    size_t heap_count, heap_cap;
    uint64_t last_order;
    struct vfs_disk *disk, *far_disk; /* this machine's, and the remote limiter's */
    struct proc *proc[SIM_PROCS_MAX];
    struct proc *running; /* whose fiber runs now; NULL: none */
    struct proc *operator;
    struct mart *mart;
    struct watch *watch;
    struct remote_queue *queue;
    struct remote_limiter *limiter;
    struct archive_box *archive;
    struct sink_box *sinks;
    char ring[SIM_RING][SIM_LINE_BYTES];
    uint64_t ring_next;
};

/* Streams of chance that do not disturb each other. */
uint64_t sim_below(const struct kk_rng *rng, uint64_t bound);
bool sim_chance(const struct kk_rng *rng, uint64_t per_mille);
/* From almost nothing to max_ms, short ones more often. */
int64_t sim_delay(const struct kk_rng *rng, int64_t max_ms);

void sim_at(struct sim *sim, int64_t at_ms, void (*run)(struct sim *sim, void *ctx, int64_t arg), void *ctx,
            int64_t arg);
/* Something happened: into the hash, and into the trace. who NULL: the world. */
void sim_note(struct sim *sim, const struct proc *who, const char *what, int64_t a, int64_t b);
void sim_tell(struct sim *sim, const struct proc *who, const char *fmt, ...) KK_PRINTF(3, 4); /* the trace alone */
/* A rule does not hold. The first one counts; the run ends. */
void sim_fail(struct sim *sim, const char *rule, const char *fmt, ...) KK_PRINTF(3, 4);
/* Somebody who saw nothing to do may have something now. */
void sim_changed(struct sim *sim);
int64_t sim_wall_ms(const struct sim *sim);
bool sim_has(const struct sim *sim, enum sim_fault fault); /* it strikes in this run, now */
/* The next event that is due; false: there is none. */
bool sim_run_event(struct sim *sim);
void sim_print_ring(const struct sim *sim);

#endif
