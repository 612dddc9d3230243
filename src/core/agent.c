#include "core/agent.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum kk_code agent_user_agent_check(struct kk_sv user_agent, struct kk_err *err)
{
    if (user_agent.len < 8 || user_agent.len >= AGENT_UA_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "a user agent has 8 to %d characters, this one has %zu", AGENT_UA_BYTES - 1,
                       user_agent.len);
    for (size_t i = 0; i < user_agent.len; i++)
        if (user_agent.ptr[i] < ' ' || user_agent.ptr[i] > '~')
            return kk_fail(err, KK_BAD_INPUT, "a user agent is plain ASCII text; character %zu is not", i + 1);
    if (!kk_sv_starts(user_agent, KK_SV("Mozilla/")))
        return kk_fail(err, KK_BAD_INPUT, "a user agent begins with \"Mozilla/\", as every browser's does");
    return KK_OK;
}

/* The next character but blanks, small; 0: the end. */
static char next_letter(struct kk_sv *text)
{
    while (text->len > 0) {
        char c = *text->ptr;

        text->ptr++;
        text->len--;
        if (c != ' ' && c != '\t')
            return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return 0;
}

bool agent_user_agent_is_alike(struct kk_sv a, struct kk_sv b)
{
    char letter;

    do {
        letter = next_letter(&a);
        if (letter != next_letter(&b))
            return false;
    } while (letter);
    return true;
}

/* (user agent, token, nid, mustit_uid) stay together, so the three that the site gave go together too. */
void agent_drop_token(struct agent *agent)
{
    explicit_bzero(agent->token, sizeof(agent->token));
    agent->nid[0] = '\0';
    agent->mustit_uid[0] = '\0';
    agent->is_shut = false;
    agent->token_issued_at_ms = 0;
    agent->token_expires_at_ms = 0;
}

/* Moves along an arrow of A4 where there is one. */
static bool move(struct agent *agent, enum agent_event on)
{
    enum agent_state to = agent_next(agent->state, on);

    if (to == AGENT_NONE)
        return false;
    if (agent->trail_count < AGENT_TRAIL_MAX)
        agent->trail[agent->trail_count++] = (struct agent_step){.from = agent->state, .to = to, .on = on};
    agent->state = to;
    return true;
}

bool agent_needs_token(const struct agent *agent, const struct agent_rules *rules, int64_t now_ms)
{
    int64_t life_ms = agent->token_expires_at_ms - agent->token_issued_at_ms;
    int64_t early_ms = rules->renew_before_ms < life_ms / 4 ? rules->renew_before_ms : life_ms / 4;

    if (early_ms < 0)
        early_ms = 0;
    return agent->token[0] == '\0' || now_ms >= agent->token_expires_at_ms - early_ms;
}

void agent_got_token(struct agent *agent, struct kk_sv token, struct kk_sv nid, struct kk_sv mustit_uid,
                     int64_t expires_at_ms, int64_t now_ms)
{
    /* What came for an agent that was disabled meanwhile is not kept (R2), nor what is no token. */
    if (agent_next(agent->state, AGENT_ON_GOT_TOKEN) == AGENT_NONE || token.len == 0 || token.len >= AGENT_TOKEN_BYTES)
        return;
    agent_drop_token(agent);
    kk_sv_copy(token, agent->token, sizeof(agent->token));
    kk_sv_copy(nid, agent->nid, sizeof(agent->nid));
    kk_sv_copy(mustit_uid, agent->mustit_uid, sizeof(agent->mustit_uid));
    agent->token_issued_at_ms = now_ms;
    agent->token_expires_at_ms = expires_at_ms;
    move(agent, AGENT_ON_GOT_TOKEN);
}

void agent_succeeded(struct agent *agent)
{
    if (agent->state == AGENT_DISABLED) /* it was banned while this answer was under way: that stands */
        return;
    agent->ban_streak = 0;
    agent->refused_streak = 0;
}

/* cool-down * 2^(streak - 1), at most the maximum. */
static int64_t cooldown_ms(const struct agent *agent, const struct agent_rules *rules)
{
    int64_t rest_ms = rules->cooldown_ms;

    for (int i = 1; i < agent->ban_streak && rest_ms > 0 && rest_ms < rules->cooldown_max_ms; i++)
        rest_ms = rest_ms > rules->cooldown_max_ms / 2 ? rules->cooldown_max_ms : rest_ms * 2;
    return rest_ms < rules->cooldown_max_ms ? rest_ms : rules->cooldown_max_ms;
}

void agent_banned(struct agent *agent, const struct agent_rules *rules, int64_t retry_after_ms, const char *reason,
                  int64_t now_ms)
{
    int64_t rest_ms = retry_after_ms, until_ms;

    KK_ASSERT(retry_after_ms >= 0);
    agent_drop_token(agent);
    agent->refused_streak = 0;
    if (move(agent, AGENT_ON_BANNED)) {
        agent->disabled_until_ms = 0;
        if (agent->ban_streak < INT_MAX)
            agent->ban_streak++;
        snprintf(agent->reason, sizeof(agent->reason), "%s", reason);
        if (cooldown_ms(agent, rules) > rest_ms)
            rest_ms = cooldown_ms(agent, rules);
    } /* else it rests already, and only a longer Retry-After can matter */
    until_ms = now_ms > INT64_MAX - rest_ms ? INT64_MAX : now_ms + rest_ms;
    if (until_ms > agent->disabled_until_ms)
        agent->disabled_until_ms = until_ms;
}

bool agent_refused(struct agent *agent, const struct agent_rules *rules, const char *reason, int64_t now_ms)
{
    agent_drop_token(agent);
    if (agent->state == AGENT_DISABLED)
        return true;
    agent->refused_streak++;
    if (agent->refused_streak < 2)
        return false;
    agent_banned(agent, rules, 0, reason, now_ms);
    return true;
}

bool agent_rested(struct agent *agent, int64_t now_ms)
{
    if (agent->state != AGENT_DISABLED || agent->disabled_until_ms == INT64_MAX || now_ms < agent->disabled_until_ms)
        return false;
    move(agent, AGENT_ON_RESTED);
    agent->disabled_until_ms = 0;
    agent->reason[0] = '\0';
    return true;
}

void agent_disabled(struct agent *agent)
{
    agent_drop_token(agent);
    agent->disabled_until_ms = INT64_MAX;
    snprintf(agent->reason, sizeof(agent->reason), "by hand");
    move(agent, AGENT_ON_BANNED);
}

void agent_enabled(struct agent *agent)
{
    if (!move(agent, AGENT_ON_ENABLED))
        return;
    agent->disabled_until_ms = 0;
    agent->reason[0] = '\0';
}

void agent_bucket_is(struct agent *agent, bool is_empty)
{
    move(agent, is_empty ? AGENT_ON_EMPTIED : AGENT_ON_REFILLED);
}
