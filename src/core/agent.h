/* core/agent.h: one user agent with its cookies and token (A1, A2); they stay together. */
#ifndef KK_CORE_AGENT_H
#define KK_CORE_AGENT_H

#include "base/bytes.h"
#include "core/agent_state.h"

#define AGENT_NAME_BYTES 65
#define AGENT_UA_BYTES 513
#define AGENT_TOKEN_BYTES 2049
#define AGENT_ID_COOKIE_BYTES 129

#define AGENT_TRAIL_MAX 4 /* moves of one answer */

struct agent_step { /* one move along an arrow of A4 */
    enum agent_state from, to;
    enum agent_event on;
};

struct agent {
    int64_t id;
    char name[AGENT_NAME_BYTES]; /* unique, for people */
    char user_agent[AGENT_UA_BYTES];
    enum agent_state state;
    char token[AGENT_TOKEN_BYTES]; /* "" : none. Secret: never in logs, errors or listings */
    char nid[AGENT_ID_COOKIE_BYTES], mustit_uid[AGENT_ID_COOKIE_BYTES];
    bool is_shut; /* it has a token in the store, which this process has no key to: as good as none, until it is dropped
                   */
    int64_t token_issued_at_ms, token_expires_at_ms;
    int64_t disabled_until_ms; /* DISABLED: when it rests no longer; INT64_MAX: until a person enables it */
    int ban_streak;            /* bans without a success between them: the cool-down doubles */
    int refused_streak;        /* 401/403 and tokens not given, without a success between them */
    int64_t success_count, failure_count, limited_count, request_count;
    int64_t created_at_ms, last_used_at_ms;
    char reason[128];                         /* why it is DISABLED, for people */
    struct agent_step trail[AGENT_TRAIL_MAX]; /* its moves since it was read: the store keeps them (store_put_agent) */
    int trail_count;
};

struct agent_rules {
    int64_t cooldown_ms, cooldown_max_ms; /* DISABLED → RECOVERED: doubles on repetition */
    int64_t renew_before_ms; /* a token this near its end is renewed first; at most a quarter of its life */
};

/* 8 to 512 printable ASCII characters that begin like a browser's ("Mozilla/"). KK_BAD_INPUT. */
enum kk_code agent_user_agent_check(struct kk_sv user_agent, struct kk_err *err);
/* The same to a site that looks at no more than words: alike but for letters' case and blanks. */
bool agent_user_agent_is_alike(struct kk_sv a, struct kk_sv b);
bool agent_needs_token(const struct agent *agent, const struct agent_rules *rules, int64_t now_ms);
/* The token is not to be sent any more; nid and mustit_uid go with it. */
void agent_drop_token(struct agent *agent);
/* The site gave a token. */
void agent_got_token(struct agent *agent, struct kk_sv token, struct kk_sv nid, struct kk_sv mustit_uid,
                     int64_t expires_at_ms, int64_t now_ms);
/* How an answer bears on the agent (design.md section 4). Each drops what must be dropped and moves state and streaks;
 * the counters are kept by the caller, who also sees the answers that leave an agent unmoved. A token that was dropped
 * takes nid and mustit_uid with it; a DISABLED agent keeps nothing that comes late. */
void agent_succeeded(struct agent *agent);
/* 429, or a challenge page: token gone at once (A5, R2), rests max(cool-down, retry_after_ms). retry_after_ms
 * INT64_MAX: until a person enables it. One that rests already is only held longer, where retry_after_ms says so. */
void agent_banned(struct agent *agent, const struct agent_rules *rules, int64_t retry_after_ms, const char *reason,
                  int64_t now_ms);
/* 401, 403, or no token was given: token dropped; the second in a row bans. True: it is DISABLED now. */
bool agent_refused(struct agent *agent, const struct agent_rules *rules, const char *reason, int64_t now_ms);
/* A6. True: the rest was over and the agent is RECOVERED now. */
bool agent_rested(struct agent *agent, int64_t now_ms);
/* By hand. Disabled: the token is dropped and it rests until it is enabled. Enabled: a rest is over, whatever is left
 * of it; one that does not rest is left as it is. */
void agent_disabled(struct agent *agent);
void agent_enabled(struct agent *agent);
/* A4's RATE_LIMITED and back, as the bucket says. */
void agent_bucket_is(struct agent *agent, bool is_empty);

#endif
