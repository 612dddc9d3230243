#include "app/measure.h"

#include <stdlib.h>
#include <string.h>

#include "app/manage.h"
#include "core/estimate.h"
#include "ports/limiter.h"
#include "ports/queue.h"
#include "ports/rests.h"
#include "ports/store.h"

#define ATTEMPTS_MAX 2000   /* of the newest failures */
#define FAILING_PERCENT 30  /* of a run's requests, */
#define FAILING_REQUESTS 20 /* once there are so many */
#define AGENTS_MAX 100000

/* ---- sellers ---- */

/* Keeps the worst, the greatest value first. */
static void name_seller(struct measured_sellers *list, const char *seller_id, int64_t value)
{
    size_t count = list->count < MEASURE_SELLERS_MAX ? (size_t)list->count : MEASURE_SELLERS_MAX, at = count;

    list->count++;
    while (at > 0 && list->value[at - 1] < value)
        at--;
    if (at == MEASURE_SELLERS_MAX)
        return;
    if (count == MEASURE_SELLERS_MAX)
        count--;
    memmove(&list->name[at + 1], &list->name[at], (count - at) * sizeof(list->name[0]));
    memmove(&list->value[at + 1], &list->value[at], (count - at) * sizeof(list->value[0]));
    kk_sv_copy(kk_sv_of(seller_id), list->name[at], sizeof(list->name[at]));
    list->value[at] = value;
}

static void note_crawl(struct measure *m, const struct seller_gauge *seller)
{
    const struct estimate_run run = {.mode = seller->mode,
                                     .item_count = seller->item_count,
                                     .open_count = seller->open_count,
                                     .request_count = seller->request_count,
                                     .retry_count = seller->retry_count};
    struct measured_crawl *crawl = &m->crawl[m->crawl_count];

    if (m->crawl_count == MEASURE_CRAWLS_MAX)
        return;
    *crawl = (struct measured_crawl){.run_id = seller->run_id,
                                     .started_at_ms = seller->started_at_ms,
                                     .item_count = seller->item_count,
                                     .done_count = seller->request_count - seller->retry_count,
                                     .retry_count = seller->retry_count,
                                     .dead_count = seller->dead_count,
                                     .left_count = estimate_requests(&run),
                                     .left_ms = -1};
    kk_sv_copy(kk_sv_of(seller->seller_id), crawl->seller_id, sizeof(crawl->seller_id));
    m->crawl_count++;
}

static bool look_at_seller(void *ctx, const struct seller_gauge *seller)
{
    struct measure *m = ctx;
    int64_t since_ms = seller->last_ended_at_ms ? seller->last_ended_at_ms : seller->created_at_ms;
    int64_t age_ms = m->at_ms - since_ms, failed = seller->retry_count + seller->dead_count;

    m->sellers[seller->state]++;
    if (seller->state != SELLER_ACTIVE)
        return true;
    if (seller->run_state == RUN_OPEN)
        note_crawl(m, seller);
    name_seller(&m->stalest, seller->seller_id, age_ms);
    if (age_ms > MEASURE_STALE_PERIODS * seller->period_ms)
        name_seller(&m->stale, seller->seller_id, age_ms);
    if (seller->run_state == RUN_INCOMPLETE)
        name_seller(&m->incomplete, seller->seller_id, seller->item_count - seller->seen_count);
    if (seller->run_state == RUN_COMPLETE && seller->seen_count == 0 && seller->has_items)
        name_seller(&m->empty, seller->seller_id, 0);
    if (seller->request_count >= FAILING_REQUESTS && failed * 100 >= seller->request_count * FAILING_PERCENT)
        name_seller(&m->failing, seller->seller_id, failed * 100 / seller->request_count);
    return true;
}

static bool look_at_rest(void *ctx, const struct rest *rest)
{
    struct measure *m = ctx;

    name_seller(&m->resting, rest->seller_id, rest->until_ms);
    return true;
}

/* ---- agents ---- */

struct agent_look {
    struct measure *m;
    int64_t *id;
    size_t count, cap;
    bool is_short;
};

static bool look_at_agent(void *ctx, const struct agent *agent)
{
    struct agent_look *look = ctx;

    look->m->agents[agent->state]++;
    look->m->agent_count++;
    if (agent->state == AGENT_DISABLED) {
        look->m->agents_blocked += strcmp(agent->reason, answer_rule(ANSWER_CHALLENGE)->meaning) == 0;
        return true;
    }
    if (look->count == look->cap) {
        size_t cap = look->cap ? 2 * look->cap : 64;
        int64_t *grown = realloc(look->id, cap * sizeof(*grown));

        look->is_short = !grown;
        if (!grown)
            return false;
        look->id = grown;
        look->cap = cap;
    }
    look->id[look->count++] = agent->id;
    return look->count < AGENTS_MAX;
}

static enum kk_code ask_limiter(struct app *app, const struct agent_look *look, struct measure *m, struct kk_err *err)
{
    struct limiter_agent *buckets = calloc(look->count ? look->count : 1, sizeof(*buckets));
    enum kk_code rc;

    if (!buckets)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the buckets of %zu agents", look->count);
    rc = look->count ? limiter_look(app->limiter, look->id, look->count, buckets, NULL) : KK_OK;
    m->is_limiter_away = rc != KK_OK;
    m->tokens_left = rc ? -1 : 0;
    for (size_t i = 0; !rc && i < look->count; i++) {
        m->tokens_left += buckets[i].tokens_left;
        if (buckets[i].free_at_ms && (!m->next_token_at_ms || buckets[i].free_at_ms < m->next_token_at_ms))
            m->next_token_at_ms = buckets[i].free_at_ms;
    }
    if (m->tokens_left > 0)
        m->next_token_at_ms = 0;
    free(buckets);
    return KK_OK;
}

static enum kk_code measure_agents(struct app *app, struct measure *m, struct kk_err *err)
{
    struct agent_look look = {.m = m};
    enum kk_code rc = store_each_agent(app->store, look_at_agent, &look, err);

    if (!rc && look.is_short)
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for %zu agents", look.cap);
    if (!rc)
        rc = ask_limiter(app, &look, m, err);
    free(look.id);
    return rc;
}

/* ---- how long it will take ---- */

/* When the first of the tokens that are out returns, if it was these crawls that took most of them; else 0. */
static int64_t first_return_ms(const struct measure *m, const struct plan_rules *rules, int64_t agent_count)
{
    int64_t out_count = agent_count * rules->capacity - m->tokens_left, taken_count = 0, first_at_ms = m->at_ms;

    for (size_t i = 0; i < m->crawl_count; i++) {
        taken_count += m->crawl[i].done_count + m->crawl[i].retry_count;
        if (m->crawl[i].started_at_ms < first_at_ms)
            first_at_ms = m->crawl[i].started_at_ms;
    }
    if (2 * taken_count < out_count || first_at_ms + rules->window_ms <= m->at_ms)
        return 0;
    return first_at_ms + rules->window_ms - m->at_ms;
}

static void estimate_crawls(const struct app *app, struct measure *m)
{
    struct plan_rules rules = app->limits.pace;
    int64_t agent_count = m->agent_count - m->agents[AGENT_DISABLED];
    const struct estimate_budget budget = {.rules = &rules,
                                           .agent_count = agent_count,
                                           .tokens_left = m->tokens_left > 0 ? m->tokens_left : 0,
                                           .next_token_ms =
                                               m->next_token_at_ms > m->at_ms ? m->next_token_at_ms - m->at_ms : 0,
                                           .first_return_ms = first_return_ms(m, &rules, agent_count)};
    int64_t left[MEASURE_CRAWLS_MAX], attempts = 0, latency_ms = 0;

    for (int e = 0; e < STAT_ENDPOINT_COUNT; e++) {
        attempts += m->total[e].at[STAT_ATTEMPT];
        latency_ms += m->total[e].at[STAT_LATENCY_MS];
    }
    rules.request_ms = attempts ? latency_ms / attempts : 0;
    for (size_t i = 0; i < m->crawl_count; i++)
        left[i] = m->crawl[i].left_count;
    for (size_t i = 0; i < m->crawl_count; i++)
        if (left[i] >= 0 && !m->is_paused && !m->is_limiter_away)
            m->crawl[i].left_ms = estimate_ms(&budget, estimate_shared(left, m->crawl_count, left[i]));
}

/* ---- what failed of late, what was delivered of late ---- */

static bool look_at_attempt(void *ctx, const struct attempt_gauge *attempt)
{
    struct measure *m = ctx;

    if (attempt->at_ms < m->at_ms - MEASURE_RECENT_MS)
        return false;
    m->failed_recent++;
    m->challenges_recent += kk_sv_eq(attempt->cause, kk_sv_of(answer_rule(ANSWER_CHALLENGE)->name));
    m->mismatches_recent += kk_sv_eq(attempt->cause, kk_sv_of(answer_rule(ANSWER_MISMATCH)->name));
    m->rejected_recent += kk_sv_eq(attempt->cause, kk_sv_of(answer_rule(ANSWER_REJECTED)->name));
    return true;
}

struct latencies {
    int64_t ms[MEASURE_DELIVERIES_MAX];
    size_t count;
};

static bool note_delivery(void *ctx, const struct delivery *delivery)
{
    struct latencies *latencies = ctx;

    if (delivery->answered_at_ms)
        latencies->ms[latencies->count++] = delivery->published_at_ms - delivery->answered_at_ms;
    return latencies->count < MEASURE_DELIVERIES_MAX;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static enum kk_code measure_deliveries(struct app *app, struct measure *m, struct kk_err *err)
{
    struct latencies latencies = {.count = 0};
    enum kk_code rc =
        store_each_delivery(app->store, KK_SV(""), MEASURE_DELIVERIES_MAX, note_delivery, &latencies, err);

    qsort(latencies.ms, latencies.count, sizeof(latencies.ms[0]), by_size);
    m->delivery_count = (int64_t)latencies.count;
    m->delivery_p50_ms = latencies.count ? latencies.ms[latencies.count / 2] : -1;
    m->delivery_p99_ms = latencies.count ? latencies.ms[(latencies.count - 1) * 99 / 100] : -1;
    return rc;
}

static bool note_topic(void *ctx, const struct topic_gauge *topic)
{
    struct measure *m = ctx;

    kk_sv_copy(topic->topic, m->topic[m->topic_count].topic, sizeof(m->topic[0].topic));
    m->topic[m->topic_count].count = topic->count;
    m->topic[m->topic_count].oldest_at_ms = topic->oldest_at_ms;
    return ++m->topic_count < MEASURE_TOPICS_MAX;
}

/* ---- all ---- */

static enum kk_code measure_store(struct app *app, struct measure *m, struct kk_err *err)
{
    struct pause pause = {0};
    enum kk_code rc = store_gauge_tasks(app->store, &m->tasks, err);

    if (!rc)
        rc = store_gauge_topics(app->store, note_topic, m, err);
    if (!rc)
        rc = store_get_stat_totals(app->store, m->total, err);
    if (!rc)
        rc = store_gauge_sellers(app->store, look_at_seller, m, err);
    if (!rc)
        rc = store_each_rest(app->store, look_at_rest, m, err);
    if (!rc)
        rc = store_gauge_attempts(app->store, ATTEMPTS_MAX, look_at_attempt, m, err);
    if (!rc)
        rc = measure_deliveries(app, m, err);
    if (!rc)
        rc = manage_get_pause(app, &pause, err);
    m->is_paused = pause.is_paused;
    return rc;
}

enum kk_code measure_take(struct app *app, struct measure *ret, struct kk_err *err)
{
    enum kk_code rc;

    *ret = (struct measure){.at_ms = kk_wall_ms(app->clock),
                            .host = {.disk_free_bytes = -1,
                                     .disk_bytes = -1,
                                     .resident_bytes = -1,
                                     .cpu_ms = -1,
                                     .open_fds = -1,
                                     .started_at_ms = -1}};
    rc = measure_store(app, ret, err);
    if (!rc)
        rc = measure_agents(app, ret, err);
    if (!rc)
        estimate_crawls(app, ret);
    if (!rc && queue_depth(app->queue, &ret->queue_waiting, &ret->queue_dead, NULL))
        ret->queue_waiting = ret->queue_dead = -1;
    if (!rc && app->host)
        app->host->look(app->host, &ret->host);
    return rc;
}
