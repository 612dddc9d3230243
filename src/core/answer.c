#include "core/answer.h"

#include "base/assert.h"

static const struct answer_rule rules[ANSWER_COUNT] = {
#define X(answer, name, task, agent, alert, rest, meaning) \
    [ANSWER_##answer] = {name, task, agent, alert, rest, meaning},
    ANSWERS(X)
#undef X
};

const struct answer_rule *answer_rule(enum answer answer)
{
    KK_ASSERT((unsigned)answer < ANSWER_COUNT);
    return &rules[answer];
}

/* The order matters: what says most about the agent comes first. An error page of a struggling server is HTML too, so
 * only where the site says "yes" or "forbidden" does a page count as a challenge. */
enum answer answer_of(const struct answer_facts *facts)
{
    int status = facts->http_status;

    if (facts->is_lost || status < 200)
        return ANSWER_LOST;
    if (facts->is_redirect_ended || (status >= 300 && status < 400))
        return ANSWER_REDIRECTED;
    if (status == 429)
        return ANSWER_LIMITED;
    if (facts->is_challenge && (status == 200 || status == 403))
        return ANSWER_CHALLENGE;
    if (status == 401 || status == 403)
        return ANSWER_UNAUTHORIZED;
    if (facts->is_item && (status == 404 || status == 410))
        return ANSWER_GONE;
    if (status >= 500)
        return ANSWER_SERVER_ERROR;
    if (status >= 400)
        return ANSWER_REJECTED;
    return status == 200 ? ANSWER_OK : ANSWER_MISMATCH;
}

bool answer_may_retry(enum answer answer, int attempt, int max_attempts)
{
    switch (answer_rule(answer)->task) {
    case TASK_RETRIES:
        return attempt < max_attempts;
    case TASK_RETRIES_ONCE:
        return attempt < 2 && attempt < max_attempts;
    case TASK_SUCCEEDS:
    case TASK_DIES:
        return false;
    }
    KK_UNREACHABLE();
}
