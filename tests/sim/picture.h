/* sim/picture.h: the watcher's own picture of all that was committed, and the rules over it, a file each. */
#ifndef KK_SIM_PICTURE_H
#define KK_SIM_PICTURE_H

#include "base/bytes.h"
#include "core/agent_state.h"
#include "core/change.h"
#include "core/run.h"
#include "core/snapshot.h"
#include "sim/watch.h"

#define LIST_ITEMS_MAX 1024

/* int64 → index, growing; ids are given once. */
struct index_map {
    int64_t *key;
    int *value; /* -1: free */
    size_t count, cap;
};
int index_find(const struct index_map *map, int64_t key); /* -1: unknown */
void index_put(struct index_map *map, int64_t key, int value);
void index_done(struct index_map *map);

struct seen_task {
    int64_t id, page, item_no, run_id, serial, lease_until_ms;
    char seller_id[SELLER_ID_BYTES];
    enum task_kind kind;
    enum task_state state;
    int attempt, lapse_count;
    bool is_dead;
    int holder, holder_life; /* RUNNING: who claimed it; a process's number */
};
struct seen_item {
    int64_t item_no, version;
    char seller_id[SELLER_ID_BYTES];
    enum product_status status, status_before; /* before: of the version before */
    struct kk_hash hash, previous_hash;        /* of its versions */
    int64_t product_version;
    struct kk_hash product_hash;
    struct kk_hash detail_key, options_key; /* behind its version */
    struct kk_hash visit_key;               /* the detail of the last visit that was opened */
    bool is_visited;                        /* a visit is open */
    int64_t closed_in;                      /* the number of the commit that closed the last one */
    int64_t detail_at_ms, options_at_ms;    /* when the bodies behind its version were served */
    int64_t delivered[SIM_SINKS_MAX];       /* the highest version that each receiver got */
};
struct seen_listing { /* of (seller, item) */
    char seller_id[SELLER_ID_BYTES];
    int64_t item_no, missed; /* complete lists in a row without it */
};
struct seen_agent {
    int64_t id;
    int number; /* of mart_user_agent() */
    enum agent_state state;
    int64_t stopped_seq; /* when it became DISABLED */
    /* R1: the last requests, as they left and as they came */
    int64_t *sent_at_ms, *came_at_ms; /* rings of the limiter's capacity */
    int64_t sent_count, came_count;
    uint64_t limited[64]; /* R2: tokens that saw a 429, whatever became of who heard it */
    int limited_count;
};
struct seen_seller {
    char seller_id[SELLER_ID_BYTES];
    enum seller_state state;
    int64_t stopped_seq;
    int64_t stopped_at_ms; /* true time */
    int64_t ended_runs, complete_runs;
};
struct seen_run {
    int64_t id, list_pass, item_count;
    char seller_id[SELLER_ID_BYTES];
    enum run_state state;
    /* its list as it was read, in the present pass */
    int64_t count; /* as the last page said */
    int64_t item[LIST_ITEMS_MAX];
    size_t seen_count;
    int64_t pages_in, page_count; /* pages that came in, and that there are */
};

enum row_kind {
    ROW_TASK_NEW = 1,
    ROW_TASK_MOVED,
    ROW_ATTEMPT,
    ROW_EVENT_NEW,
    ROW_EVENT_DONE,
    ROW_VERSION,
    ROW_PRODUCT,
    ROW_VISIT,
    ROW_VISIT_GONE,
    ROW_SELLER,
    ROW_AGENT,
    ROW_PAUSE,
    ROW_RUN,
    ROW_KIND_COUNT
};
#define ROW_NUMBERS 10
#define ROW_TEXTS 5
struct row { /* a line of sim_log; what each kind holds stands beside its trigger */
    int64_t seq;
    enum row_kind kind;
    int64_t id, n[ROW_NUMBERS];
    struct kk_sv t[ROW_TEXTS];
};

#define COMMIT_ROWS_MAX 4096
struct commit { /* what one transaction did, for the rules that look at the whole */
    int64_t number;
    struct proc *proc;
    struct {
        int64_t task_id;
        int moves, attempts; /* RUNNING → RETRY or FAILED; rows of attempt */
    } failed[COMMIT_ROWS_MAX];
    size_t failed_count;
    int64_t succeeded[COMMIT_ROWS_MAX]; /* tasks */
    size_t succeeded_count;
    struct {
        int64_t item_no, version;
        int events, products;
    } version[COMMIT_ROWS_MAX];
    size_t version_count;
};

#define ANSWERS_KEPT 4096
struct watch {
    struct sim *sim;
    struct sqlite3 *conn;
    struct sqlite3_stmt *read, *clean, *due;
    int64_t seq; /* the last line read */
    int64_t cleaned_seq;
    int64_t seen_writes; /* of the disk, when last read */
    bool is_paused;
    int64_t paused_seq;
    int64_t paused_at_ms; /* true time */
    struct commit commit;
    struct index_map tasks, task_keys, items, listings, agents, runs;
    struct seen_task *task;
    struct seen_item *item;
    struct seen_listing *listing;
    struct seen_run *run;
    size_t task_count, item_count, listing_count, run_count;
    struct seen_agent agent[SIM_AGENTS_MAX];
    struct seen_seller seller[SIM_SELLERS_MAX];
    int seller_count;
    struct { /* what processes were told by the site, the last ones */
        struct answer_facts_seen facts;
        int proc, life;
    } answer[ANSWERS_KEPT];
    uint64_t answer_next;
};

struct seen_task *seen_task(struct watch *watch, int64_t id); /* NULL: unknown */
struct seen_task *seen_task_new(struct watch *watch, int64_t id);
struct seen_task *seen_task_of(struct watch *watch, struct kk_sv seller_id, struct kk_sv endpoint, int64_t page);
struct seen_run *seen_run_new(struct watch *watch, int64_t id);
struct seen_item *seen_item(struct watch *watch, int64_t item_no);                              /* made when new */
struct seen_seller *seen_seller(struct watch *watch, const char *id);                           /* NULL: unknown */
struct seen_run *seen_run(struct watch *watch, int64_t id);                                     /* NULL: unknown */
struct seen_listing *seen_listing(struct watch *watch, const char *seller_id, int64_t item_no); /* made when new */
int64_t number_of_text(struct kk_sv text); /* a hash, for index_map */
/* The last answer that the task's holder got for it. NULL: none. */
const struct answer_facts_seen *last_answer(const struct watch *watch, const struct seen_task *task);
const struct answer_facts_seen *answer_of_body(const struct watch *watch, const struct kk_hash *key,
                                               enum task_kind kind);
bool answer_is_good(const struct answer_facts_seen *answer); /* 200, whole, and nothing odd about it */

/* rule_task.c: R3, R5, and R9 at the claim */
void rule_task_new(struct watch *watch, const struct row *row);
void rule_task_moved(struct watch *watch, const struct row *row);
void rule_task_commit(struct watch *watch);
/* rule_item.c: R6, R7's outbox, R8 visit by visit, R10 */
void rule_version(struct watch *watch, const struct row *row);
void rule_product(struct watch *watch, const struct row *row);
void rule_event_new(struct watch *watch, const struct row *row);
void rule_item_commit(struct watch *watch);
void rule_item_succeeded(struct watch *watch, const struct seen_task *task);
/* rule_list.c: R11 */
void rule_list_succeeded(struct watch *watch, const struct seen_task *task);
void rule_run(struct watch *watch, const struct row *row);
void rule_removed(struct watch *watch, const char *seller_id, int64_t item_no);
/* rule_request.c: R1, R2, R9 */
void rule_agent(struct watch *watch, const struct row *row);
void rule_seller(struct watch *watch, const struct row *row);
void rule_request_init(struct watch *watch);
void rule_request_done(struct watch *watch);

#endif
