/* Keys, audit, answers that are kept for a day. */
#include "ports/ledger.h"

#include <inttypes.h>

#include "adapters/store/store_sql.h"

#define OLD_AT_ONCE 64 /* answers past their day that go with each new one */

#define KEY_COLUMNS "id, name, role, hash, created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms"

static const struct db_sql add_key = {
    "INSERT INTO api_key (name, role, hash, created_at_ms, expires_at_ms, revoked_at_ms, last_used_at_ms) "
    "VALUES (?, ?, NULL, ?, ?, 0, 0)"};
static const struct db_sql put_key_hash = {"UPDATE api_key SET hash = ? WHERE id = ?"};
static const struct db_sql get_key = {"SELECT " KEY_COLUMNS " FROM api_key WHERE id = ?"};
static const struct db_sql each_key = {"SELECT " KEY_COLUMNS " FROM api_key ORDER BY id"};
static const struct db_sql revoke_key = {"UPDATE api_key SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms = 0"};
static const struct db_sql key_used = {"UPDATE api_key SET last_used_at_ms = ? WHERE id = ?"};
static const struct db_sql add_audit = {
    "INSERT INTO audit (at_ms, who, what, target, before_json, after_json) VALUES (?, ?, ?, ?, ?, ?)"};
static const struct db_sql each_audit = {"SELECT id, at_ms, who, what, target, before_json, after_json FROM audit "
                                         "WHERE id < ? ORDER BY id DESC LIMIT ?"};
static const struct db_sql get_answer = {
    "SELECT request, status, body FROM answered WHERE who = ? AND call_key = ? AND at_ms >= ?"};
static const struct db_sql put_answer = {
    "INSERT INTO answered (who, call_key, at_ms, request, status, body) VALUES (?, ?, ?, ?, ?, ?) "
    "{upsert(who, call_key)} at_ms = {new(at_ms)}, request = {new(request)}, status = {new(status)}, "
    "body = {new(body)}"};
static const struct db_sql old_answers = {"SELECT who, call_key FROM answered WHERE at_ms < ? ORDER BY at_ms LIMIT ?"};
static const struct db_sql drop_answer = {"DELETE FROM answered WHERE who = ? AND call_key = ?"};

/* ---- keys ---- */

enum kk_code store_add_key(struct store *store, struct api_key *key, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_key);
    enum kk_code rc;

    db_put_cstr(q, key->name);
    db_put_cstr(q, api_role_name(key->role));
    db_put_int(q, key->created_at_ms);
    db_put_int(q, key->expires_at_ms);
    rc = db_run(q, NULL, err);
    if (!rc)
        key->id = store->db->ops->last_id(store->db);
    return rc;
}

enum kk_code store_put_key_hash(struct store *store, const struct api_key *key, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_key_hash);

    db_put_hash(q, &key->hash);
    db_put_int(q, key->id);
    return db_run(q, NULL, err);
}

static void read_key(struct db_stmt *q, struct api_key *ret)
{
    *ret = (struct api_key){.id = db_get_int(q)};
    db_get_copy(q, ret->name, sizeof(ret->name));
    if (!api_role_parse(db_get_sv(q), &ret->role))
        db_bad(q, "a role");
    db_get_hash(q, &ret->hash);
    ret->created_at_ms = db_get_int(q);
    ret->expires_at_ms = db_get_int(q);
    ret->revoked_at_ms = db_get_int(q);
    ret->last_used_at_ms = db_get_int(q);
}

enum kk_code store_get_key(struct store *store, int64_t key_id, struct api_key *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_key);
    struct api_key key;
    enum kk_code rc;

    db_put_int(q, key_id);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "there is no key %" PRId64, key_id);
    read_key(q, &key);
    rc = db_row_check(q, "api_key", err);
    db_done(q);
    if (!rc)
        *ret = key;
    return rc;
}

enum kk_code store_each_key(struct store *store, bool (*row)(void *ctx, const struct api_key *key), void *ctx,
                            struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_key);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct api_key key;

        read_key(q, &key);
        rc = db_row_check(q, "api_key", err);
        if (rc || !row(ctx, &key)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_revoke_key(struct store *store, int64_t key_id, int64_t now_ms, bool *ret_done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &revoke_key);
    int64_t changes = 0;
    enum kk_code rc;

    db_put_int(q, now_ms);
    db_put_int(q, key_id);
    rc = db_run(q, &changes, err);
    if (!rc)
        *ret_done = changes > 0;
    return rc;
}

enum kk_code store_key_used(struct store *store, int64_t key_id, int64_t now_ms, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &key_used);

    db_put_int(q, now_ms);
    db_put_int(q, key_id);
    return db_run(q, NULL, err);
}

/* ---- audit ---- */

enum kk_code store_add_audit(struct store *store, const struct audit *audit, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_audit);

    db_put_int(q, audit->at_ms);
    db_put_text(q, audit->who);
    db_put_text(q, audit->what);
    db_put_text(q, audit->target);
    db_put_text(q, audit->before_json);
    db_put_text(q, audit->after_json);
    return db_run(q, NULL, err);
}

enum kk_code store_each_audit(struct store *store, int64_t before_id, int limit,
                              bool (*row)(void *ctx, const struct audit *audit), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_audit);
    enum kk_code rc;

    db_put_int(q, before_id ? before_id : INT64_MAX);
    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct audit audit = {.id = db_get_int(q)};

        audit.at_ms = db_get_int(q);
        audit.who = db_get_sv(q);
        audit.what = db_get_sv(q);
        audit.target = db_get_sv(q);
        audit.before_json = db_get_sv(q);
        audit.after_json = db_get_sv(q);
        if (!row(ctx, &audit)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

/* ---- answers ---- */

enum kk_code store_get_answer(struct store *store, struct kk_sv who, struct kk_sv call_key, int64_t since_ms,
                              struct answered *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_answer);
    enum kk_code rc;

    db_put_text(q, who);
    db_put_text(q, call_key);
    db_put_int(q, since_ms);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "this call was not answered yet");
    db_get_hash(q, &ret->request);
    ret->status = (int)db_get_int(q);
    db_get_buf(q, &ret->body);
    rc = db_row_check(q, "answered", err);
    db_done(q);
    return rc ? rc : kk_buf_check(&ret->body, "an answer", err);
}

struct old_answer {
    char who[65], call_key[129];
};

static enum kk_code drop_old(struct store *store, int64_t since_ms, struct kk_err *err)
{
    struct old_answer old[OLD_AT_ONCE];
    struct db_stmt *q = db_use(store->db, &old_answers);
    size_t count = 0;
    enum kk_code rc;

    db_put_int(q, since_ms);
    db_put_int(q, OLD_AT_ONCE);
    while (db_row(q, &rc, err)) {
        db_get_copy(q, old[count].who, sizeof(old->who));
        db_get_copy(q, old[count].call_key, sizeof(old->call_key));
        if (++count == OLD_AT_ONCE) {
            db_done(q);
            break;
        }
    }
    for (size_t i = 0; !rc && i < count; i++) {
        q = db_use(store->db, &drop_answer);
        db_put_cstr(q, old[i].who);
        db_put_cstr(q, old[i].call_key);
        rc = db_run(q, NULL, err);
    }
    return rc;
}

static enum kk_code put_inside(struct store *store, struct kk_sv who, struct kk_sv call_key, int64_t since_ms,
                               const struct answered *answer, struct kk_err *err)
{
    enum kk_code rc = drop_old(store, since_ms, err);
    struct db_stmt *q;

    if (rc)
        return rc;
    q = db_use(store->db, &put_answer);
    db_put_text(q, who);
    db_put_text(q, call_key);
    db_put_int(q, kk_wall_ms(store->clock));
    db_put_hash(q, &answer->request);
    db_put_int(q, answer->status);
    db_put_text(q, kk_buf_sv(&answer->body));
    return db_run(q, NULL, err);
}

enum kk_code store_put_answer(struct store *store, struct kk_sv who, struct kk_sv call_key, int64_t since_ms,
                              const struct answered *answer, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, put_inside(store, who, call_key, since_ms, answer, err), err);
}
