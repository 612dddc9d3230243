/* sim/proc.h: one process of the installation: its fiber, its connections, and what befalls it inside a call. */
#ifndef KK_SIM_PROC_H
#define KK_SIM_PROC_H

#include "app/app.h"
#include "app/turn.h"
#include "ports/archive.h"
#include "ports/fetcher.h"
#include "ports/limiter.h"
#include "ports/queue.h"
#include "ports/sink.h"
#include "sim/fiber.h"
#include "sim/sim.h"

#define PROC_INBOX_MAX 512

struct proc_mail { /* an answer that came while the process did something else */
    void (*open)(struct proc *proc, void *what, int64_t arg);
    void (*drop)(struct proc *proc, void *what, int64_t arg); /* nobody is there to open it */
    void *what;
    int64_t arg;
};

/* Wrappers around what is real, and players of what is not; each belongs to one process. */
#define PROC_HAND_MAX 512
struct proc_held { /* a message of the remote queue, come or on its way; pulled: out */
    struct queue_msg msg;
    int64_t here_at_ms; /* the simulation's time */
    bool is_out;
};
struct proc_queue {
    struct queue base;
    struct proc *proc;
    struct queue *inner; /* NULL: the remote one */
    struct proc_held hand[PROC_HAND_MAX];
    size_t hand_count;
    int64_t asked_until_ms; /* an empty receive waits so long */
};
struct proc_limiter {
    struct limiter base;
    struct proc *proc;
    struct limiter *inner; /* NULL: the remote one */
};
struct proc_archive {
    struct archive base;
    struct proc *proc;
    struct archive *inner; /* NULL: in memory */
};
struct proc_fetcher {
    struct fetcher base;
    struct proc *proc;
};
struct proc_sink {
    struct sink base;
    struct proc *proc;
    int at;
    struct { /* a sequence's lines in hand */
        int64_t id;
        char event_id[80];
        struct kk_buf body;
    } line[256];
    size_t line_count;
};

struct proc {
    struct sim *sim;
    char name[8];
    int number, life; /* life: +1 at each start, so that late answers find the right one */
    bool is_operator, is_up, is_dead, is_stopping;
    bool is_firm; /* it does not stand still in this call */
    unsigned roles;
    struct fiber *fiber;
    int64_t wake_at_ms;            /* when it goes on */
    int64_t turned_at_ms;          /* its last turn that found nothing to do began then */
    int64_t wait_ms;               /* what it asked for then; it may be left asleep longer */
    bool is_waiting;               /* between two turns */
    int64_t limiter_at_ms;         /* when the limiter said that there may be a grant; INT64_MAX: never */
    int64_t seen_seq;              /* the watcher's number of the last change when this process last committed */
    int64_t ports_left, disk_left; /* calls until something goes wrong */
    struct kk_rng_seeded seed;
    struct kk_rng rng;
    struct kk_clock clock;
    struct app app;
    struct app_timer timer;
    struct proc_queue queue;
    struct proc_limiter limiter;
    struct proc_archive archive;
    struct proc_fetcher fetcher;
    struct proc_sink sink[SIM_SINKS_MAX];
    struct proc_mail inbox[PROC_INBOX_MAX];
    size_t inbox_count;
    int64_t verb_at_ms[6];             /* for single verbs */
    int64_t stop_at_ms;                /* is_stopping: its patience ends */
    void (*errand)(struct proc *proc); /* the operator's */
};

const char *proc_name(const struct proc *proc);
struct proc *proc_create(struct sim *sim, int number, unsigned roles, bool is_operator);
void proc_destroy(struct proc *proc); /* it is down */
/* Starts a process that is down. */
void proc_start(struct proc *proc);
/* Goes on where it stands, at its wake time. */
void proc_resume(struct proc *proc);
/* kill -9, from outside or from inside its own call. */
void proc_kill(struct proc *proc);
void proc_post(struct proc *proc, struct proc_mail mail);

/* ---- inside a call of a port (sim/fate.c) ---- */

/* Before the call's effect: KK_OK, or what it fails with, without effect. After it: rc, or what it fails with although
 * it was done. Both may let time pass, or kill. */
enum kk_code fate_before(struct proc *proc, const char *what, enum sim_fault fault, struct kk_err *err);
enum kk_code fate_after(struct proc *proc, const char *what, enum sim_fault fault, enum kk_code rc, struct kk_err *err);
/* The same for the disk: SQLITE_OK, or what it fails with. */
struct vfs_disk;
int fate_of_disk(struct sim *sim, int owner, int call, bool is_after);
/* Stands still; others go on. */
void proc_sleep(struct proc *proc, int64_t ms);

/* ---- what it is given (sim/parts_*.c) ---- */
enum kk_code proc_open_queue(struct proc *proc, struct kk_err *err);
enum kk_code proc_open_limiter(struct proc *proc, struct kk_err *err);
enum kk_code proc_open_archive(struct proc *proc, struct kk_err *err);
void proc_open_fetcher(struct proc *proc);
void proc_open_sinks(struct proc *proc);
void proc_close_ports(struct proc *proc);

#endif
