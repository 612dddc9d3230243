#include "core/api_key.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"

#define SECRET_DIGITS ((size_t)2 * API_KEY_SECRET_BYTES)

static const char *const role_names[] = {"anyone", "viewer", "trigger", "operator", "admin"};

void api_key_write(int64_t id, const unsigned char secret[API_KEY_SECRET_BYTES], char ret_text[API_KEY_TEXT_BYTES])
{
    int len = snprintf(ret_text, API_KEY_TEXT_BYTES, "kk_%" PRId64 "_", id);

    KK_ASSERT(id > 0 && len > 0 && (size_t)len + SECRET_DIGITS < API_KEY_TEXT_BYTES);
    for (size_t i = 0; i < API_KEY_SECRET_BYTES; i++, len += 2)
        snprintf(ret_text + len, 3, "%02x", secret[i]);
}

bool api_key_read(struct kk_sv text, int64_t *ret_id)
{
    struct kk_sv rest = text, number;
    int64_t id = 0;

    if (!kk_sv_eq(kk_sv_cut(&rest, '_'), KK_SV("kk")))
        return false;
    number = kk_sv_cut(&rest, '_');
    if (rest.len != SECRET_DIGITS || !kk_sv_i64(number, &id) || id <= 0)
        return false;
    *ret_id = id;
    return true;
}

struct kk_hash api_key_hash(struct kk_sv text)
{
    return kk_sha256(text);
}

bool api_key_is(const struct api_key *key, struct kk_sv text)
{
    struct kk_hash hash = api_key_hash(text);
    unsigned char differs = 0;

    for (size_t i = 0; i < KK_HASH_BYTES; i++)
        differs |= (unsigned char)(hash.byte[i] ^ key->hash.byte[i]);
    return differs == 0;
}

bool api_key_is_live(const struct api_key *key, int64_t now_ms)
{
    return !key->revoked_at_ms && (!key->expires_at_ms || now_ms < key->expires_at_ms);
}

const char *api_role_name(enum api_role role)
{
    KK_ASSERT((size_t)role < KK_COUNT(role_names));
    return role_names[role];
}

bool api_role_parse(struct kk_sv name, enum api_role *ret)
{
    for (size_t i = API_VIEWER; i < KK_COUNT(role_names); i++) {
        if (kk_sv_eq(name, kk_sv_of(role_names[i]))) {
            *ret = (enum api_role)i;
            return true;
        }
    }
    return false;
}
