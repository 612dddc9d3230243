#include "adapters/store/store_seal.h"

#include "adapters/store/store_sql.h"
#include "base/hash.h"

#define MARK_KEY "token_key" /* a setting: what tells this key from another, sealed by it */
#define MARK KK_SV("kkachi")

static const struct db_sql has_plain = {"SELECT COUNT(*) FROM agent WHERE token <> ''"};
static const struct db_sql forget = {"UPDATE agent SET token = '', nid = '', mustit_uid = '', sealed = NULL, "
                                     "token_issued_at_ms = 0, token_expires_at_ms = 0"};
static const struct db_sql forget_mark = {"DELETE FROM setting WHERE name = '" MARK_KEY "'"};

enum kk_code store_check_seal(struct store *store, const struct seal *seal, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf mark = KK_BUF(256), sealed = KK_BUF(256), text = KK_BUF(256);
    enum kk_code rc = store_get_setting(store, MARK_KEY, &mark, err);

    if (rc)
        return rc;
    if (!kk_base64_decode(kk_buf_sv(&mark), &sealed))
        return kk_fail(err, KK_CORRUPT, "the mark of the tokens' key is damaged; `kkachi agent forget` removes it");
    rc = seal_open(seal, KK_SV(MARK_KEY), kk_buf_sv(&sealed), &text, err);
    if (rc == KK_DENIED)
        return kk_fail(
            err, rc,
            "the agents' tokens were sealed with another key: put that key back (token.key, or the file "
            "token.key beside the database), or run `kkachi agent forget`: the agents then ask for new tokens");
    return rc;
}

static enum kk_code leave_mark(struct store *store, const struct seal *seal, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf mark = KK_BUF(256), sealed = KK_BUF(256);
    enum kk_code rc = seal_close(seal, KK_SV(MARK_KEY), MARK, &sealed, err);

    if (rc)
        return rc;
    kk_base64(kk_buf_sv(&sealed), &mark);
    rc = kk_buf_check(&mark, "the key's mark", err);
    return rc ? rc : store_put_setting(store, MARK_KEY, kk_buf_sv(&mark), err);
}

#define SEALED_AT_ONCE 64

struct plain_ids {
    int64_t id[SEALED_AT_ONCE];
    size_t count;
};

static enum kk_code seal_some(struct store *store, const struct seal *seal, struct kk_err *err)
{
    static const struct db_sql plain_ids = {"SELECT id FROM agent WHERE token <> '' ORDER BY id LIMIT 64"};
    struct plain_ids some = {.count = 0};
    struct db_stmt *q = db_use(store->db, &plain_ids);
    enum kk_code rc;

    while (db_row(q, &rc, err))
        some.id[some.count++] = db_get_int(q);
    for (size_t i = 0; !rc && i < some.count; i++)
        rc = store_seal_agent(store, some.id[i], seal, err);
    return rc;
}

static enum kk_code take_seal(struct store *store, const struct seal *seal, struct kk_err *err)
{
    int64_t plain_count = 1;
    enum kk_code rc = store_check_seal(store, seal, err);

    if (rc == KK_NOT_FOUND)
        rc = leave_mark(store, seal, err);
    while (!rc && plain_count > 0) { /* each round leaves fewer */
        rc = db_number(db_use(store->db, &has_plain), &plain_count, err);
        if (!rc && plain_count > 0)
            rc = seal_some(store, seal, err);
    }
    return rc;
}

enum kk_code store_use_seal(struct store *store, const struct seal *seal, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    if (rc)
        return rc;
    rc = db_end(store->db, take_seal(store, seal, err), err);
    if (!rc)
        store->seal = seal;
    return rc;
}

enum kk_code store_forget_tokens(struct store *store, int64_t *ret_count, struct kk_err *err)
{
    static const struct db_sql count_tokens = {"SELECT COUNT(*) FROM agent WHERE token <> '' OR sealed IS NOT NULL"};
    enum kk_code rc = db_begin(store->db, err);

    *ret_count = 0;
    if (rc)
        return rc;
    rc = db_number(db_use(store->db, &count_tokens), ret_count, err);
    if (!rc)
        rc = db_run(db_use(store->db, &forget), NULL, err);
    if (!rc)
        rc = db_run(db_use(store->db, &forget_mark), NULL, err);
    return db_end(store->db, rc, err);
}
