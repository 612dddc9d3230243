/* sim/watch.h: who looks at every commit and holds the rules of design.md section 2 against it.
 *
 * Triggers in the database write a line for each row that changes into the table sim_log, in the same transaction. The
 * watcher reads the new lines when a commit is in, in their order, and keeps a picture of its own: what each task,
 * item, seller, agent and run is by all that was committed. Requests and deliveries are held against the same picture.
 */
#ifndef KK_SIM_WATCH_H
#define KK_SIM_WATCH_H

#include "base/hash.h"
#include "core/seller.h"
#include "core/task.h"
#include "sandbox/faults.h"
#include "sim/sim.h"

#define ANSWER_ITEMS_MAX 512 /* a page holds no more */

/* One request, as it left. */
struct request_facts {
    enum task_kind kind; /* 0: the home page, for a token */
    char seller_id[SELLER_ID_BYTES];
    int64_t page, item_no;
    int agent;      /* by its user agent string */
    uint64_t token; /* a number for the token it carries; 0: none */
    struct kk_sv path;
};
/* And what the site answered. */
struct answer_facts_seen {
    enum task_kind kind;
    char seller_id[SELLER_ID_BYTES];
    int64_t page, item_no, served_at_ms;
    int http_status, agent;
    uint64_t token;
    enum fault fault;
    bool is_whole;           /* nothing of it was lost on the way */
    struct kk_hash body_key; /* its name in the archive */
    struct kk_hash truth;    /* hash of what the item truly was then; zero: not a good answer for an item */
    int64_t count;           /* of a good list: what it says there are, and the items on this page */
    int64_t item[ANSWER_ITEMS_MAX];
    size_t item_count;
};

struct watch *watch_create(struct sim *sim);
void watch_destroy(struct watch *watch);
/* The last process goes: the watcher's connection must not be the reason why the database stays open. */
void watch_sleep(struct watch *watch);
/* A process has opened the database again. */
void watch_wake(struct watch *watch);
/* After a power cut. */
void watch_check_disk(struct watch *watch);

void watch_committed(struct watch *watch, struct proc *proc); /* a write transaction of its ended */
void watch_sent(struct watch *watch, struct proc *proc, const struct request_facts *request);
void watch_arrived(struct watch *watch, int agent); /* at the site */
void watch_answered(struct watch *watch, struct proc *proc, const struct answer_facts_seen *answer);
void watch_delivered(struct watch *watch, int sink, struct kk_sv event_id, struct kk_sv body);

/* When somebody has something to do next, as the database says: true time, later than now; INT64_MAX: nothing. */
int64_t watch_due_ms(struct watch *watch);

/* For the end. */
bool watch_is_over(struct watch *watch, char *ret_why, size_t why_bytes); /* every run, task and outbox row */
int64_t watch_ended_runs(const struct watch *watch, const char *seller_id, bool complete_only);
void watch_check_end(struct watch *watch);
bool watch_knows_seller(const struct watch *watch, const char *seller_id);

#endif
