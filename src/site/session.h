/* site/session.h: how a guest token is asked for, read from cookies and sent back; and what a challenge looks like.
 * (reference: home page, Set-Cookie, then Authorization: Bearer, with nid and mustit_uid as cookies.) */
#ifndef KK_SITE_SESSION_H
#define KK_SITE_SESSION_H

#include "base/bytes.h"
#include "core/agent.h"

#define SESSION_TOKEN_LIFE_MS (INT64_C(3600) * 1000) /* where the cookie says nothing */
#define SESSION_HOPS_MAX 3

/* What the Set-Cookie headers of one issue gave, collected over all its hops. */
struct session {
    char token[AGENT_TOKEN_BYTES], nid[AGENT_ID_COOKIE_BYTES], mustit_uid[AGENT_ID_COOKIE_BYTES];
    int64_t expires_at_ms; /* 0: not said by the cookie */
};
/* Reads one Set-Cookie value; what is not ours, malformed, too long or already expired is ignored. Max-Age wins over
 * Expires; then the JWT's exp; then SESSION_TOKEN_LIFE_MS. */
void session_set_cookie(struct session *session, struct kk_sv set_cookie, int64_t now_ms);
int64_t session_expires_at_ms(const struct session *session, int64_t now_ms);

/* Appends "Name: value" lines, each ended by '\n', for a request of agent. for_home: as a browser asks for a page,
 * without token. */
void session_headers(const struct agent *agent, bool for_home, struct kk_buf *out);

/* An HTML page where JSON belongs, or one of the known challenge titles. With the content type "text/plain" only the
 * titles count: that is how to ask about the home page, which is HTML by right. */
bool session_is_challenge(struct kk_sv content_type, struct kk_sv body);

#endif
