/* ports/gauge.h: how things stand, read from the store for metrics, alerts and the live view. A part of the store's
 * port (ports/store.h): the same handle and codes. Every question is a walk over what is open, or one step for each
 * seller; none walks over all tasks or products. */
#ifndef KK_PORTS_GAUGE_H
#define KK_PORTS_GAUGE_H

#include "core/run.h"
#include "core/task.h"

struct store;

struct task_gauge {
    int64_t published[TASK_OPTIONS + 1], running[TASK_OPTIONS + 1], dead[TASK_OPTIONS + 1]; /* by kind; 0: all */
    int64_t waiting; /* WAITING or RETRY: open, and neither published nor running */
    int64_t open_runs;
    int64_t promised_at_ms; /* the oldest promise to publish that is due; INT64_MAX: none */
};
enum kk_code store_gauge_tasks(struct store *store, struct task_gauge *ret, struct kk_err *err);

/* Unpublished rows that wait for a sink, by topic. */
struct topic_gauge {
    struct kk_sv topic;
    int64_t count, oldest_at_ms; /* when the oldest was written */
};
enum kk_code store_gauge_topics(struct store *store, bool (*row)(void *ctx, const struct topic_gauge *topic), void *ctx,
                                struct kk_err *err);

/* Every seller with its last run. */
struct seller_gauge {
    char seller_id[SELLER_ID_BYTES];
    enum seller_state state;
    int64_t period_ms, created_at_ms, last_started_at_ms, last_ended_at_ms;
    enum run_state run_state; /* 0: there is no run */
    int64_t run_id, started_at_ms, item_count, seen_count, request_count, retry_count, dead_count, open_count;
    enum crawl_mode mode;
    bool has_items; /* asked only where the last run ended without one */
};
enum kk_code store_gauge_sellers(struct store *store, bool (*row)(void *ctx, const struct seller_gauge *seller),
                                 void *ctx, struct kk_err *err);

/* The newest failed attempts, newest first. */
struct attempt_gauge {
    int64_t at_ms;
    struct kk_sv cause, seller_id; /* no seller: its run was purged */
};
enum kk_code store_gauge_attempts(struct store *store, int limit,
                                  bool (*row)(void *ctx, const struct attempt_gauge *attempt), void *ctx,
                                  struct kk_err *err);

#endif
