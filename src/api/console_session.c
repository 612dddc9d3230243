#include "api/console_session.h"

#include <inttypes.h>
#include <stdio.h>

#define SECRET_WORDS 4
#define TEXT_LEN (SESSION_TEXT_BYTES - 1)

static bool is_over(const struct session *session, int64_t now_ms)
{
    return now_ms - session->used_at_ms >= SESSION_IDLE_MS || now_ms - session->opened_at_ms >= SESSION_LIFE_MS;
}

/* One that is free, or else the one unused for longest. */
static struct session *make_room(struct sessions *sessions, int64_t now_ms)
{
    struct session *oldest = &sessions->at[0];

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions->at[i];

        if (!session->key_id || is_over(session, now_ms))
            return session;
        if (session->used_at_ms < oldest->used_at_ms)
            oldest = session;
    }
    return oldest;
}

void session_open(struct sessions *sessions, int64_t key_id, const struct kk_rng *rng, int64_t now_ms,
                  char ret_text[SESSION_TEXT_BYTES])
{
    struct session *session = make_room(sessions, now_ms);

    for (size_t i = 0; i < SECRET_WORDS; i++)
        snprintf(ret_text + 16 * i, 17, "%016" PRIx64, kk_rng_next(rng));
    *session = (struct session){.hash = kk_sha256((struct kk_sv){ret_text, TEXT_LEN}),
                                .key_id = key_id,
                                .opened_at_ms = now_ms,
                                .used_at_ms = now_ms};
}

/* Found by hash: how long the search takes tells nothing about the text. */
static struct session *find(struct sessions *sessions, struct kk_sv text)
{
    struct kk_hash hash;

    if (text.len != TEXT_LEN)
        return NULL;
    hash = kk_sha256(text);
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (sessions->at[i].key_id && kk_hash_eq(&sessions->at[i].hash, &hash))
            return &sessions->at[i];
    return NULL;
}

int64_t session_find(struct sessions *sessions, struct kk_sv text, int64_t now_ms)
{
    struct session *session = find(sessions, text);

    if (!session)
        return 0;
    if (is_over(session, now_ms)) {
        *session = (struct session){0};
        return 0;
    }
    session->used_at_ms = now_ms;
    return session->key_id;
}

void session_close(struct sessions *sessions, struct kk_sv text)
{
    struct session *session = find(sessions, text);

    if (session)
        *session = (struct session){0};
}

void session_csrf(struct kk_sv text, char ret_csrf[SESSION_TEXT_BYTES])
{
    struct kk_hash mac = kk_hmac_sha256(text, KK_SV("csrf"));

    for (size_t i = 0; i < KK_HASH_BYTES; i++)
        snprintf(ret_csrf + 2 * i, 3, "%02x", mac.byte[i]);
}

bool session_csrf_is(struct kk_sv text, struct kk_sv csrf)
{
    char wanted[SESSION_TEXT_BYTES];
    unsigned char differs = 0;

    if (csrf.len != TEXT_LEN)
        return false;
    session_csrf(text, wanted);
    for (size_t i = 0; i < TEXT_LEN; i++)
        differs |= (unsigned char)(wanted[i] ^ csrf.ptr[i]);
    return differs == 0;
}
