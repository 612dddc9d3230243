/* core/estimate.h: how long crawls that are under way will take, by the budget there is now.
 *
 * Of R requests, as many leave at once as the agents have left (T), at the pace of core/plan.h. A token comes back one
 * window after it was taken: where those that are out were taken by crawls that began s ago, none returns before window
 * - s, and then they return as fast as they were taken. Else the others leave at the pace of the long run. Several
 * crawls share the budget fairly, so one with r requests left is over when of every other one min(r, its own) are done
 * too.
 */
#ifndef KK_CORE_ESTIMATE_H
#define KK_CORE_ESTIMATE_H

#include "core/plan.h"

struct estimate_run {
    enum crawl_mode mode;
    int64_t item_count; /* -1: not known yet, and so is the end */
    int64_t open_count; /* tasks that are not over */
    int64_t request_count, retry_count;
};
/* Requests that a crawl has still to make; -1: not known yet. Retries are expected as often as till now. */
int64_t estimate_requests(const struct estimate_run *run);
/* Those that are made until mine of one crawl are: remaining has every open crawl's, its own among them. */
int64_t estimate_shared(const int64_t *remaining, size_t count, int64_t mine);

struct estimate_budget {
    const struct plan_rules *rules;
    int64_t agent_count, tokens_left; /* of agents that may send */
    int64_t next_token_ms;            /* from now; 0 while some are left */
    int64_t first_return_ms;          /* from now; 0: tokens return all the time, or nobody knows */
};
/* -1: nobody may send, so there is no end. */
int64_t estimate_ms(const struct estimate_budget *budget, int64_t request_count);

#endif
