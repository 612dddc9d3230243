/* core/answer.h: what each answer of the site means (design.md section 4), as one table. */
#ifndef KK_CORE_ANSWER_H
#define KK_CORE_ANSWER_H

#include <stdbool.h>

/* What it does to the task. */
enum answer_task {
    TASK_SUCCEEDS,
    TASK_RETRIES,      /* until task.attempts are used up, then dead */
    TASK_RETRIES_ONCE, /* then dead */
    TASK_DIES
};
/* What it does to the agent. */
enum answer_agent { AGENT_PLEASED, AGENT_UNMOVED, AGENT_BAN, AGENT_REFUSE };

// clang-format off
#define ANSWERS(X) \
    /* answer        name on the wire     task               agent          alert, rest, meaning */                          \
    X(OK,            "ok",                TASK_SUCCEEDS,     AGENT_PLEASED, false, false, "200 and the expected shape")       \
    X(GONE,          "gone",              TASK_SUCCEEDS,     AGENT_PLEASED, false, false, "404 or 410 for an item: the visit closes without a snapshot") \
    X(FOREIGN,       "foreign",           TASK_SUCCEEDS,     AGENT_PLEASED, true,  false, "the item names another seller")    \
    X(LIMITED,       "limited",           TASK_RETRIES,      AGENT_BAN,     false, false, "429")                              \
    X(UNAUTHORIZED,  "unauthorized",      TASK_RETRIES,      AGENT_REFUSE,  false, false, "401 or 403")                       \
    X(SERVER_ERROR,  "server_error",      TASK_RETRIES,      AGENT_UNMOVED, false, true,  "5xx")                              \
    X(LOST,          "lost",              TASK_RETRIES,      AGENT_UNMOVED, false, true,  "time-out, connection lost, body cut short or over its cap") \
    X(REDIRECTED,    "redirected",        TASK_RETRIES,      AGENT_UNMOVED, true,  false, "a redirect off the site, or too many") \
    X(CHALLENGE,     "challenge",         TASK_RETRIES,      AGENT_BAN,     true,  false, "a challenge page; nothing tries to get past it") \
    X(MISMATCH,      "schema_mismatch",   TASK_RETRIES_ONCE, AGENT_PLEASED, true,  false, "the reply has not the known shape") \
    X(REJECTED,      "rejected",          TASK_DIES,         AGENT_UNMOVED, true,  false, "any other 4xx")
// clang-format on

#define X(answer, name, task, agent, alert, rest, meaning) ANSWER_##answer,
enum answer { ANSWERS(X) ANSWER_COUNT };
#undef X

struct answer_rule {
    const char *name;
    enum answer_task task;
    enum answer_agent agent;
    bool is_alert;   /* people are told */
    bool wants_rest; /* counts toward the seller's rest (X4) */
    const char *meaning;
};
const struct answer_rule *answer_rule(enum answer answer);

/* By status and transport alone, before a body is parsed. ANSWER_OK: a 200 whose body is to be looked at. */
struct answer_facts {
    bool is_lost;           /* no whole answer came */
    bool is_redirect_ended; /* a redirect that is not followed */
    int http_status;
    bool is_item;      /* the request was for one item, not a list or the home page */
    bool is_challenge; /* the body is a challenge page (site/session.h) */
};
enum answer answer_of(const struct answer_facts *facts);
/* May the task be tried again after this many attempts? */
bool answer_may_retry(enum answer answer, int attempt, int max_attempts);

#endif
