/* R1, R2 and R9, at the moment a request leaves; R1 once more where it arrives. The order of things is the order of the
 * commits: who claimed before a stop was committed may still send. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/picture.h"
#include "sim/proc.h"
#include "sim/mart.h"

void rule_request_init(struct watch *watch)
{
    size_t capacity = (size_t)watch->sim->plan.limiter.capacity;

    for (int i = 0; i < SIM_AGENTS_MAX; i++) {
        watch->agent[i].sent_at_ms = calloc(capacity, sizeof(int64_t));
        watch->agent[i].came_at_ms = calloc(capacity, sizeof(int64_t));
        KK_ASSERT(watch->agent[i].sent_at_ms && watch->agent[i].came_at_ms);
    }
}

void rule_request_done(struct watch *watch)
{
    for (int i = 0; i < SIM_AGENTS_MAX; i++) {
        free(watch->agent[i].sent_at_ms);
        free(watch->agent[i].came_at_ms);
    }
}

/* ---- what was committed ---- */

void rule_seller(struct watch *watch, const struct row *row)
{
    struct seen_seller *seller;
    enum seller_state state;
    char id[SELLER_ID_BYTES];

    KK_ASSERT(seller_state_parse(row->t[1], &state) && kk_sv_copy(row->t[0], id, sizeof(id)));
    seller = seen_seller(watch, id);
    if (!seller) {
        KK_ASSERT(watch->seller_count < SIM_SELLERS_MAX);
        seller = &watch->seller[watch->seller_count++];
        kk_sv_copy(kk_sv_of(id), seller->seller_id, sizeof(seller->seller_id));
    }
    if (state != SELLER_ACTIVE && seller->state == SELLER_ACTIVE) {
        seller->stopped_seq = row->seq;
        seller->stopped_at_ms = watch->sim->now_ms;
    }
    seller->state = state;
}

static uint64_t token_number(struct kk_sv token)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf header = KK_BUF(8192);

    if (!token.len)
        return 0;
    kk_buf_add(&header, KK_SV("Bearer "));
    kk_buf_add(&header, token);
    return (uint64_t)number_of_text(kk_buf_sv(&header)) | 1;
}

void rule_agent(struct watch *watch, const struct row *row)
{
    struct seen_agent *agent = NULL;
    enum agent_state state;
    uint64_t token = token_number(row->t[2]);

    KK_ASSERT(agent_state_parse(row->t[1], &state));
    for (int i = 0; i < SIM_AGENTS_MAX; i++)
        if (kk_sv_eq(row->t[0], kk_sv_of(mart_user_agent(i))))
            agent = &watch->agent[i];
    KK_ASSERT(agent);
    agent->id = row->id;
    if (state == AGENT_DISABLED && agent->state != AGENT_DISABLED)
        agent->stopped_seq = row->seq;
    agent->state = state;
    if (state == AGENT_DISABLED && token)
        sim_fail(watch->sim, "R2", "agent %lld is DISABLED and keeps a token", (long long)row->id);
}

/* ---- what was answered ---- */

void watch_answered(struct watch *watch, struct proc *proc, const struct answer_facts_seen *answer)
{
    size_t at = watch->answer_next++ % ANSWERS_KEPT;
    struct seen_agent *agent = &watch->agent[answer->agent];

    watch->answer[at].facts = *answer;
    watch->answer[at].proc = proc->number;
    watch->answer[at].life = proc->life;
    if (answer->is_whole && answer->http_status == 429 && answer->token)
        agent->limited[agent->limited_count++ % (int)KK_COUNT(agent->limited)] = answer->token;
}

/* ---- R1 ---- */

static void count_request(struct watch *watch, int64_t *ring, int64_t *count, int agent, const char *where)
{
    const struct sim *sim = watch->sim;
    int64_t capacity = sim->plan.limiter.capacity, window_ms = sim->plan.limiter.window_ms;
    int64_t *slot = &ring[*count % capacity];

    if (*count >= capacity && sim->now_ms - *slot < window_ms)
        sim_fail(watch->sim, "R1",
                 "agent %d: request %lld %s %lld ms after the one that was %lld before it, in a window of %lld ms",
                 agent, (long long)*count + 1, where, (long long)(sim->now_ms - *slot), (long long)capacity,
                 (long long)window_ms);
    *slot = sim->now_ms;
    ++*count;
}

void watch_arrived(struct watch *watch, int agent)
{
    struct seen_agent *seen = &watch->agent[agent];

    count_request(watch, seen->came_at_ms, &seen->came_count, agent, "came");
}

/* ---- R2 ---- */

static void check_token(struct watch *watch, const struct proc *proc, const struct request_facts *request)
{
    const struct seen_agent *agent = &watch->agent[request->agent];

    if (agent->state == AGENT_DISABLED && agent->stopped_seq <= proc->seen_seq)
        sim_fail(watch->sim, "R2", "agent %d sends while it is DISABLED", request->agent);
    if (!request->token)
        return;
    for (int i = 0; i < (int)KK_COUNT(agent->limited); i++)
        if (agent->limited[i] == request->token)
            sim_fail(watch->sim, "R2", "agent %d sends a token that saw a 429", request->agent);
}

/* ---- R9 ---- */

/* Who had not heard of a stop may still use the grant it holds, as long as that lives; after that nobody is excused. */
static bool is_past_grace(const struct watch *watch, int64_t stopped_at_ms)
{
    return watch->sim->now_ms - stopped_at_ms > watch->sim->plan.limiter.grant_ttl_ms;
}

static void check_seller(struct watch *watch, const struct proc *proc, const struct request_facts *request)
{
    for (int i = 0; i < watch->seller_count; i++) {
        const struct seen_seller *seller = &watch->seller[i];
        const struct seen_task *task = NULL;

        if (request->kind != TASK_LIST || strcmp(request->seller_id, seller->seller_id) == 0)
            task = seen_task_of(watch, kk_sv_of(seller->seller_id), request->path, request->page);
        if (!task || task->state != TASK_RUNNING || task->holder != proc->number || task->holder_life != proc->life)
            continue;
        if (seller->state != SELLER_ACTIVE &&
            (seller->stopped_seq <= proc->seen_seq || is_past_grace(watch, seller->stopped_at_ms)))
            sim_fail(watch->sim, "R9", "a request for %s leaves after it was stopped", seller->seller_id);
        return;
    }
}

void watch_sent(struct watch *watch, struct proc *proc, const struct request_facts *request)
{
    struct seen_agent *agent = &watch->agent[request->agent];

    count_request(watch, agent->sent_at_ms, &agent->sent_count, request->agent, "leaves");
    check_token(watch, proc, request);
    if (watch->is_paused && (watch->paused_seq <= proc->seen_seq || is_past_grace(watch, watch->paused_at_ms)))
        sim_fail(watch->sim, "R9", "a request leaves while all are paused");
    if (request->kind)
        check_seller(watch, proc, request);
}
