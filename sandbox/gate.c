#include "sandbox/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sandbox/dice.h"
#include "sandbox/memory.h"
#include "sandbox/token.h"

#define AGENT_BUCKETS 4096 /* powers of two */
#define TOKEN_BUCKETS 8192
#define NOBODY (-1)

struct token {
    char text[GATE_TOKEN_BYTES];
    int agent;
    bool is_dead, is_revoked;
    int64_t number, expires_at_ms;
    int next; /* slot of the next in the bucket */
};

struct gate {
    struct gate_conf conf;
    struct gate_agent *agent;
    int *agent_next;
    int agent_count, agent_cap;
    int agent_bucket[AGENT_BUCKETS];
    struct token *token; /* a ring by number */
    int token_cap;
    int64_t token_count; /* issued so far */
    int token_bucket[TOKEN_BUCKETS];
};

struct gate *gate_create(const struct gate_conf *conf)
{
    struct gate *gate = memory_new(1, sizeof(*gate));

    KK_ASSERT(conf->limit >= 0 && conf->window_ms > 0);
    gate->conf = *conf;
    for (int i = 0; i < AGENT_BUCKETS; i++)
        gate->agent_bucket[i] = NOBODY;
    for (int i = 0; i < TOKEN_BUCKETS; i++)
        gate->token_bucket[i] = NOBODY;
    return gate;
}

void gate_destroy(struct gate *gate)
{
    if (!gate)
        return;
    for (int i = 0; i < gate->agent_count; i++) {
        free(gate->agent[i].let_in);
        free(gate->agent[i].arrival);
    }
    free(gate->agent);
    free(gate->agent_next);
    free(gate->token);
    free(gate);
}

/* --- agents --- */

int gate_agent(struct gate *gate, struct kk_sv user_agent)
{
    int *bucket = &gate->agent_bucket[dice_text(user_agent) % AGENT_BUCKETS];

    for (int a = *bucket; a != NOBODY; a = gate->agent_next[a])
        if (kk_sv_eq(user_agent, kk_sv_of(gate->agent[a].user_agent)))
            return a;
    if (gate->agent_count == GATE_AGENTS_MAX || user_agent.len >= GATE_UA_BYTES)
        return -1;
    if (gate->agent_count == gate->agent_cap) {
        gate->agent_cap = gate->agent_cap ? gate->agent_cap * 2 : 16;
        gate->agent = memory_grow(gate->agent, (size_t)gate->agent_cap, sizeof(*gate->agent));
        gate->agent_next = memory_grow(gate->agent_next, (size_t)gate->agent_cap, sizeof(*gate->agent_next));
    }

    struct gate_agent *agent = &gate->agent[gate->agent_count];

    *agent = (struct gate_agent){0};
    if (!kk_sv_copy(user_agent, agent->user_agent, sizeof(agent->user_agent)))
        return -1;
    if (gate->conf.limit > 0)
        agent->let_in = memory_new((size_t)gate->conf.limit, sizeof(*agent->let_in));
    gate->agent_next[gate->agent_count] = *bucket;
    *bucket = gate->agent_count;
    return gate->agent_count++;
}

int gate_agent_count(const struct gate *gate)
{
    return gate->agent_count;
}

const struct gate_agent *gate_agent_at(const struct gate *gate, int agent)
{
    return &gate->agent[agent];
}

/* --- the limit --- */

static void grow_arrivals(struct gate_agent *agent)
{
    uint32_t cap = agent->arrival_cap ? agent->arrival_cap * 2 : 128;
    int64_t *arrival = memory_new(cap, sizeof(*arrival));

    for (uint32_t i = 0; i < agent->arrival_count; i++)
        arrival[i] = agent->arrival[(agent->arrival_first + i) % agent->arrival_cap];
    free(agent->arrival);
    agent->arrival = arrival;
    agent->arrival_cap = cap;
    agent->arrival_first = 0;
}

static void drop_first_arrival(struct gate_agent *agent)
{
    agent->arrival_first = (agent->arrival_first + 1) % agent->arrival_cap;
    agent->arrival_count--;
}

static void note_arrival(struct gate_agent *agent, int64_t now_ms, int64_t window_ms)
{
    while (agent->arrival_count > 0 && agent->arrival[agent->arrival_first] <= now_ms - window_ms)
        drop_first_arrival(agent);
    if (agent->arrival_count == agent->arrival_cap && agent->arrival_cap < GATE_ARRIVALS_MAX)
        grow_arrivals(agent);
    if (agent->arrival_count == agent->arrival_cap) {
        drop_first_arrival(agent);
        agent->is_busiest_floor = true;
    }
    agent->arrival[(agent->arrival_first + agent->arrival_count) % agent->arrival_cap] = now_ms;
    agent->arrival_count++;
    if (agent->arrival_count > agent->busiest) {
        agent->busiest = agent->arrival_count;
        agent->busiest_end_ms = now_ms;
    }
}

bool gate_arrive(struct gate *gate, int number, int64_t now_ms, int64_t *reterr_wait_ms)
{
    struct gate_agent *agent = &gate->agent[number];
    int64_t limit = gate->conf.limit, *slot;

    agent->requests++;
    note_arrival(agent, now_ms, gate->conf.window_ms);
    if (limit == 0)
        return true;
    slot = &agent->let_in[agent->let_in_count % limit]; /* the one that was let in limit requests ago */
    if (agent->let_in_count >= limit && *slot > now_ms - gate->conf.window_ms) {
        agent->refused++;
        *reterr_wait_ms = *slot + gate->conf.window_ms - now_ms;
        return false;
    }
    *slot = now_ms;
    agent->let_in_count++;
    return true;
}

/* --- tokens --- */

static int *token_bucket(struct gate *gate, struct kk_sv text)
{
    return &gate->token_bucket[dice_text(text) % TOKEN_BUCKETS];
}

static void forget_token(struct gate *gate, int slot)
{
    int *place = token_bucket(gate, kk_sv_of(gate->token[slot].text));

    while (*place != slot)
        place = &gate->token[*place].next;
    *place = gate->token[slot].next;
}

void gate_issue(struct gate *gate, int agent, int64_t now_ms, char ret_token[GATE_TOKEN_BYTES])
{
    if (gate->token_count == gate->token_cap && gate->token_cap < GATE_TOKENS_MAX) {
        gate->token_cap = gate->token_cap ? gate->token_cap * 2 : 64;
        gate->token = memory_grow(gate->token, (size_t)gate->token_cap, sizeof(*gate->token));
    }

    int slot = (int)(gate->token_count % gate->token_cap);
    struct token *token = &gate->token[slot];

    if (gate->token_count >= gate->token_cap)
        forget_token(gate, slot);
    *token = (struct token){
        .agent = agent, .number = gate->token_count++, .expires_at_ms = now_ms + gate->conf.token_life_ms};
    token_write(gate->conf.seed, token->number, now_ms, token->expires_at_ms, token->text, sizeof(token->text));

    int *bucket = token_bucket(gate, kk_sv_of(token->text));

    token->next = *bucket;
    *bucket = slot;
    memcpy(ret_token, token->text, sizeof(token->text));
}

static struct token *token_at(const struct gate *gate, int64_t number)
{
    struct token *token = number >= 0 && number < gate->token_count ? &gate->token[number % gate->token_cap] : NULL;

    return token && token->number == number ? token : NULL;
}

static const struct token *token_find(const struct gate *gate, struct kk_sv text)
{
    for (int t = gate->token_bucket[dice_text(text) % TOKEN_BUCKETS]; t != NOBODY; t = gate->token[t].next)
        if (kk_sv_eq(text, kk_sv_of(gate->token[t].text)))
            return &gate->token[t];
    return NULL;
}

static bool has_token_cookie(struct kk_sv cookie)
{
    while (cookie.len > 0) {
        struct kk_sv pair = kk_sv_cut(&cookie, ';');

        if (kk_sv_starts(kk_sv_trim(pair), KK_SV("token=")))
            return true;
    }
    return false;
}

enum gate_pass gate_look(const struct gate *gate, int agent, struct kk_sv authorization, struct kk_sv cookie,
                         int64_t now_ms, int64_t *ret_token)
{
    struct kk_sv text = kk_sv_trim(authorization), scheme = kk_sv_cut(&text, ' ');
    bool is_bearer = kk_sv_eq_ci(scheme, KK_SV("Bearer")) && text.len > 0;
    const struct token *token = is_bearer ? token_find(gate, kk_sv_trim(text)) : NULL;

    *ret_token = token ? token->number : -1;
    if (has_token_cookie(cookie))
        return GATE_COOKIE;
    if (!is_bearer)
        return GATE_NO_TOKEN;
    if (!token)
        return GATE_UNKNOWN;
    if (token->is_dead)
        return GATE_DEAD;
    if (token->agent != agent)
        return GATE_OTHER_AGENT;
    if (token->is_revoked)
        return GATE_REVOKED;
    return token->expires_at_ms <= now_ms ? GATE_EXPIRED : GATE_OPEN;
}

void gate_count_dead_use(struct gate *gate, int agent)
{
    gate->agent[agent].dead_token_uses++;
}

void gate_kill(struct gate *gate, int agent, int64_t number)
{
    struct token *token = token_at(gate, number);

    if (token && token->agent == agent)
        token->is_dead = true;
}

void gate_revoke(struct gate *gate, int64_t number)
{
    struct token *token = token_at(gate, number);

    if (token)
        token->is_revoked = true;
}
