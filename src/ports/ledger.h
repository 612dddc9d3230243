/* ports/ledger.h: a part of the store (ports/store.h; its rules hold here): keys, who changed what, and answers that
 * may have to be given once more. */
#ifndef KK_PORTS_LEDGER_H
#define KK_PORTS_LEDGER_H

#include "core/api_key.h"

struct store;

/* Keys */
enum kk_code store_add_key(struct store *store, struct api_key *key,
                           struct kk_err *err); /* sets id; hash comes later */
enum kk_code store_put_key_hash(struct store *store, const struct api_key *key, struct kk_err *err);
enum kk_code store_get_key(struct store *store, int64_t key_id, struct api_key *ret, struct kk_err *err);
enum kk_code store_each_key(struct store *store, bool (*row)(void *ctx, const struct api_key *key), void *ctx,
                            struct kk_err *err); /* by id */
/* Guarded: *ret_done false when it was revoked before. */
enum kk_code store_revoke_key(struct store *store, int64_t key_id, int64_t now_ms, bool *ret_done, struct kk_err *err);
enum kk_code store_key_used(struct store *store, int64_t key_id, int64_t now_ms, struct kk_err *err);

/* Audit: what people and programs changed. */
struct audit {
    int64_t id, at_ms;
    struct kk_sv who, what, target;       /* "ops@host" or "key 3 (EventBridge)", "seller.change", "luxmaison" */
    struct kk_sv before_json, after_json; /* objects, or empty */
};
enum kk_code store_add_audit(struct store *store, const struct audit *audit, struct kk_err *err);
/* Newest first; before_id 0: from the newest. */
enum kk_code store_each_audit(struct store *store, int64_t before_id, int limit,
                              bool (*row)(void *ctx, const struct audit *audit), void *ctx, struct kk_err *err);

/* Answers by (who, call_key). */
struct answered {
    struct kk_hash request; /* of what was asked: the same key with another request is a mistake */
    int status;
    struct kk_buf body; /* owned (kk_buf_done) */
};
enum kk_code store_get_answer(struct store *store, struct kk_sv who, struct kk_sv call_key, int64_t since_ms,
                              struct answered *ret, struct kk_err *err); /* KK_NOT_FOUND */
/* Takes the place of an older one of that key. Removes some that are older than since_ms. */
enum kk_code store_put_answer(struct store *store, struct kk_sv who, struct kk_sv call_key, int64_t since_ms,
                              const struct answered *answer, struct kk_err *err);

#endif
