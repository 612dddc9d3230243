/* core/run.h: one crawl of a seller, from its trigger to its last task. */
#ifndef KK_CORE_RUN_H
#define KK_CORE_RUN_H

#include "base/bytes.h"
#include "core/seller.h"

enum run_trigger { RUN_BY_SCHEDULE = 1, RUN_BY_PERSON };
enum run_state { RUN_OPEN = 1, RUN_COMPLETE, RUN_INCOMPLETE };

/* Counts that a transaction adds to; see store_add_run_counts(). */
struct run_counts {
    int64_t task_count;    /* tasks made */
    int64_t open_count;    /* tasks not over; 0 closes the run */
    int64_t success_count; /* tasks that ended in SUCCESS */
    int64_t dead_count;    /* tasks that ended as dead letters */
    int64_t request_count; /* answers and lost transfers */
    int64_t retry_count;
    int64_t created_count, changed_count, removed_count, returned_count; /* versions, by their event */
};

struct run {
    int64_t id;
    char seller_id[SELLER_ID_BYTES];
    enum run_trigger trigger;
    enum run_state state;
    int64_t started_at_ms, ended_at_ms;
    int64_t list_pass;   /* 1; 2 while the list is read once more; 0: a run that reads no list */
    int64_t page_size;   /* what the site really serves; 0: not known yet */
    int64_t page_count;  /* list pages made in this pass */
    int64_t list_open;   /* list tasks not over in this pass */
    int64_t list_failed; /* list pages that did not come in, in this pass */
    int64_t item_count;  /* the list's own `count`, -1: not known yet */
    int64_t seen_count;  /* distinct items, set when the list is in */
    struct run_counts counts;
};

const char *run_state_name(enum run_state state); /* "OPEN" "COMPLETE" "INCOMPLETE" */
bool run_state_parse(struct kk_sv name, enum run_state *ret);
const char *run_trigger_name(enum run_trigger trigger); /* "schedule" "person" */
bool run_trigger_parse(struct kk_sv name, enum run_trigger *ret);

/* What follows once the last list page of a pass is over, and again at the run's end. Pure. (R11: only a complete list
 * proves that something is missing.) */
enum run_next { RUN_READ_LIST_AGAIN, RUN_END_COMPLETE, RUN_END_INCOMPLETE };
enum run_next run_next(const struct run *run);

#endif
