#include "app/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/audit.h"
#include "app/show.h"
#include "base/text.h"
#include "ports/ledger.h"
#include "ports/store.h"

#define USE_NOTED_EVERY_MS KK_MINUTE_MS

static enum kk_code end(struct app *app, enum kk_code rc, struct kk_err *err)
{
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static enum kk_code note(struct app *app, const char *what, const struct api_key *before, const struct api_key *after,
                         struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf was = KK_BUF(AUDIT_JSON_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is = KK_BUF(AUDIT_JSON_MAX_BYTES);
    char target[32];

    if (before)
        show_api_key(&was, before);
    show_api_key(&is, after);
    snprintf(target, sizeof(target), "%" PRId64, after->id);
    return audit_note(app, what, target, &was, &is, err);
}

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 || byte == 0x7f;
}

static enum kk_code check_name(struct kk_sv name, struct kk_err *err)
{
    bool is_good = name.len > 0 && name.len < API_KEY_NAME_BYTES && kk_utf8_valid(name);

    for (size_t i = 0; is_good && i < name.len; i++)
        is_good = !is_control(name.ptr[i]);
    return is_good ? KK_OK
                   : kk_fail(err, KK_BAD_INPUT, "a key's name is 1 to %d bytes of text that tell whose it is",
                             API_KEY_NAME_BYTES - 1);
}

static void make_secret(const struct kk_rng *rng, unsigned char ret[API_KEY_SECRET_BYTES])
{
    for (size_t at = 0; at < API_KEY_SECRET_BYTES; at += sizeof(uint64_t)) {
        uint64_t random = kk_rng_next(rng);

        memcpy(ret + at, &random, sizeof(random));
    }
}

enum kk_code key_create(struct app *app, struct kk_sv name, enum api_role role, int64_t expires_at_ms,
                        struct api_key *ret, char ret_text[API_KEY_TEXT_BYTES], struct kk_err *err)
{
    struct api_key key = {.role = role, .expires_at_ms = expires_at_ms, .created_at_ms = kk_wall_ms(app->clock)};
    unsigned char secret[API_KEY_SECRET_BYTES];
    char text[API_KEY_TEXT_BYTES];
    enum kk_code rc = check_name(name, err);

    if (!rc && expires_at_ms && expires_at_ms <= key.created_at_ms)
        rc = kk_fail(err, KK_BAD_INPUT, "the key would be past its date at once");
    if (!rc)
        rc = store_begin(app->store, err);
    if (rc)
        return rc;
    kk_sv_copy(name, key.name, sizeof(key.name));
    rc = store_add_key(app->store, &key, err);
    if (!rc) { /* the number is in the key, and the hash is of the whole */
        make_secret(app->rng, secret);
        api_key_write(key.id, secret, text);
        key.hash = api_key_hash(kk_sv_of(text));
        rc = store_put_key_hash(app->store, &key, err);
    }
    if (!rc)
        rc = note(app, "key.create", NULL, &key, err);
    rc = end(app, rc, err);
    if (rc)
        return rc;
    *ret = key;
    memcpy(ret_text, text, sizeof(text));
    return KK_OK;
}

/* text NULL: it was shown before. */
static enum kk_code check(struct app *app, int64_t key_id, const struct kk_sv *text, struct api_key *ret,
                          struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    struct api_key key = {0};
    enum kk_code rc = key_id ? store_get_key(app->store, key_id, &key, err) : KK_NOT_FOUND;

    if (rc && rc != KK_NOT_FOUND)
        return rc;
    if (rc || (text && !api_key_is(&key, *text)) || !api_key_is_live(&key, now_ms))
        return kk_fail(err, KK_DENIED, "the key is not known, or no longer good");
    if (now_ms - key.last_used_at_ms >= USE_NOTED_EVERY_MS)
        store_key_used(app->store, key.id, now_ms, NULL); /* a date for people; the answer does not wait on it */
    *ret = key;
    return KK_OK;
}

enum kk_code key_check(struct app *app, struct kk_sv text, struct api_key *ret, struct kk_err *err)
{
    int64_t id = 0;

    return check(app, api_key_read(text, &id) ? id : 0, &text, ret, err);
}

enum kk_code key_check_id(struct app *app, int64_t key_id, struct api_key *ret, struct kk_err *err)
{
    return check(app, key_id, NULL, ret, err);
}

static enum kk_code revoke_inside(struct app *app, int64_t key_id, struct api_key *ret, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    struct api_key was;
    bool is_done = false;
    enum kk_code rc = store_get_key(app->store, key_id, &was, err);

    if (!rc)
        rc = store_revoke_key(app->store, key_id, now_ms, &is_done, err);
    if (rc)
        return rc;
    *ret = was;
    if (!is_done)
        return KK_OK;
    ret->revoked_at_ms = now_ms;
    return note(app, "key.revoke", &was, ret, err);
}

enum kk_code key_revoke(struct app *app, int64_t key_id, struct api_key *ret, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    return rc ? rc : end(app, revoke_inside(app, key_id, ret, err), err);
}

struct live {
    int64_t now_ms, count;
};

static bool count_live(void *ctx, const struct api_key *key)
{
    struct live *live = ctx;

    live->count += api_key_is_live(key, live->now_ms);
    return true;
}

enum kk_code key_count_live(struct app *app, int64_t *ret_count, struct kk_err *err)
{
    struct live live = {.now_ms = kk_wall_ms(app->clock)};
    enum kk_code rc = store_each_key(app->store, count_live, &live, err);

    if (!rc)
        *ret_count = live.count;
    return rc;
}
