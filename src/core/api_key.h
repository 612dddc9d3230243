/* core/api_key.h: who may ask over HTTP. A key is 256 random bits with its number in front, so that it is found by the
 * number and compared in constant time; what is stored is its SHA-256, which is enough for a secret nobody can guess.
 */
#ifndef KK_CORE_API_KEY_H
#define KK_CORE_API_KEY_H

#include "base/bytes.h"
#include "base/hash.h"

#define API_KEY_NAME_BYTES 65
#define API_KEY_SECRET_BYTES 32
#define API_KEY_TEXT_BYTES 96 /* "kk_" number "_" 64 hex digits, and a NUL */

/* Each may do what those before it may. ANYONE needs no key. */
enum api_role { API_ANYONE, API_VIEWER, API_TRIGGER, API_OPERATOR, API_ADMIN };

struct api_key {
    int64_t id;
    char name[API_KEY_NAME_BYTES]; /* for people */
    enum api_role role;
    struct kk_hash hash;
    int64_t created_at_ms;
    int64_t expires_at_ms;   /* 0: never */
    int64_t revoked_at_ms;   /* 0: not */
    int64_t last_used_at_ms; /* to the minute; 0: never */
};

/* What is shown once. */
void api_key_write(int64_t id, const unsigned char secret[API_KEY_SECRET_BYTES], char ret_text[API_KEY_TEXT_BYTES]);
/* The number in a key's text. False: it has not the form of a key. */
bool api_key_read(struct kk_sv text, int64_t *ret_id);
struct kk_hash api_key_hash(struct kk_sv text);
/* In constant time. */
bool api_key_is(const struct api_key *key, struct kk_sv text);
bool api_key_is_live(const struct api_key *key, int64_t now_ms);

const char *api_role_name(enum api_role role); /* "viewer" … */
bool api_role_parse(struct kk_sv name, enum api_role *ret);

#endif
