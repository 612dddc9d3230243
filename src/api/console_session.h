/* api/console_session.h: who is logged in to the console. A key is given once, over POST /console/login; from then on a
 * cookie stands for it, which scripts in the page cannot read. Sessions live in the memory of one process, and only
 * their hashes do, so that neither a copy of the store nor of that memory lets anybody in. */
#ifndef KK_API_CONSOLE_SESSION_H
#define KK_API_CONSOLE_SESSION_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/rng.h"

#define SESSIONS_MAX 256 /* one more: the one unused for longest is forgotten */
#define SESSION_IDLE_MS (12 * KK_HOUR_MS)
#define SESSION_LIFE_MS (7 * KK_DAY_MS)
#define SESSION_TEXT_BYTES 65 /* 256 random bits as hex, and a NUL */

struct session {
    struct kk_hash hash;              /* of the cookie's text */
    int64_t key_id;                   /* 0: nobody is here */
    int64_t opened_at_ms, used_at_ms; /* monotonic */
};
struct sessions { /* zeroed: nobody is logged in */
    struct session at[SESSIONS_MAX];
};

/* Gives the cookie's text, here and never again. */
void session_open(struct sessions *sessions, int64_t key_id, const struct kk_rng *rng, int64_t now_ms,
                  char ret_text[SESSION_TEXT_BYTES]);
/* The key behind a cookie's text, and notes the use. 0: no such session, or no longer. */
int64_t session_find(struct sessions *sessions, struct kk_sv text, int64_t now_ms);
void session_close(struct sessions *sessions, struct kk_sv text);

/* What a page of ours knows and a page of others cannot: made from the cookie, which no page can read. */
void session_csrf(struct kk_sv text, char ret_csrf[SESSION_TEXT_BYTES]);
bool session_csrf_is(struct kk_sv text, struct kk_sv csrf); /* in constant time */

#endif
