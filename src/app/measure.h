/* app/measure.h: how the whole installation stands at this moment: facts for metrics, alerts and the live view. */
#ifndef KK_APP_MEASURE_H
#define KK_APP_MEASURE_H

#include "app/app.h"
#include "core/agent_state.h"
#include "ports/gauge.h"
#include "ports/host.h"
#include "ports/stats.h"

#define MEASURE_TOPICS_MAX APP_SINKS_MAX
#define MEASURE_SELLERS_MAX 20     /* named ones; the rest are in the counts */
#define MEASURE_DELIVERIES_MAX 200 /* the newest, for their latency */
#define MEASURE_RECENT_MS (15 * KK_MINUTE_MS)
#define MEASURE_STALE_PERIODS 2 /* a seller is stale when its last crawl ended longer ago than so many periods */

struct measured_sellers { /* some that have something in common, the worst first where there is an order */
    int64_t count;
    char name[MEASURE_SELLERS_MAX][SELLER_ID_BYTES];
    int64_t value[MEASURE_SELLERS_MAX]; /* what is told of each: age in ms, percent */
};
struct measured_crawl { /* one that is under way */
    char seller_id[SELLER_ID_BYTES];
    int64_t run_id, started_at_ms, item_count, done_count, retry_count, dead_count;
    int64_t left_count; /* requests still to make; -1: its list has not come yet */
    int64_t left_ms;    /* an estimate by the budget there is now; -1: there is none */
};
#define MEASURE_CRAWLS_MAX 64
struct measure {
    int64_t at_ms;
    struct task_gauge tasks;
    int64_t queue_waiting, queue_dead; /* messages; -1: the queue did not say */
    struct {
        char topic[96];
        int64_t count, oldest_at_ms;
    } topic[MEASURE_TOPICS_MAX];
    size_t topic_count;
    int64_t agents[AGENT_STATE_COUNT];   /* by state */
    int64_t agent_count, agents_blocked; /* blocked: at rest after a challenge page */
    int64_t tokens_left;                 /* over all agents that may send; -1: the limiter did not say */
    int64_t next_token_at_ms;            /* where none is left: when one returns; 0 */
    bool is_limiter_away, is_paused;
    struct stat_counts total[STAT_ENDPOINT_COUNT];
    int64_t sellers[SELLER_DISABLED + 1]; /* by state */
    struct measured_sellers stalest;      /* ACTIVE ones by the age of what is known, stale or not */
    struct measured_sellers stale, incomplete, empty, failing;
    struct measured_sellers resting; /* X4: until when, by the store's clock */
    int64_t failed_recent, challenges_recent, mismatches_recent, rejected_recent; /* in MEASURE_RECENT_MS */
    int64_t delivery_count;                                                       /* of the newest deliveries … */
    int64_t delivery_p50_ms, delivery_p99_ms;        /* … from answer to delivered event; -1: none */
    struct measured_crawl crawl[MEASURE_CRAWLS_MAX]; /* by seller; more are only counted in tasks.open_runs */
    size_t crawl_count;
    struct host_figures host;
};
/* Reads everything. A limiter or queue that is away is a fact, not a failure. KK_NO_MEMORY and the store's codes. */
enum kk_code measure_take(struct app *app, struct measure *ret, struct kk_err *err);

#endif
