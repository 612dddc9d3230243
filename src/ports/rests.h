/* ports/rests.h: sellers' rests in the store. A part of the store's port (ports/store.h): the same handle and codes. */
#ifndef KK_PORTS_RESTS_H
#define KK_PORTS_RESTS_H

#include "core/rest.h"

struct store;

/* One that never rested is zeroed but for its id. */
enum kk_code store_get_rest(struct store *store, struct kk_sv seller_id, struct rest *ret, struct kk_err *err);
enum kk_code store_put_rest(struct store *store, const struct rest *rest, struct kk_err *err);
/* Those that rest now, by id. */
enum kk_code store_each_rest(struct store *store, bool (*row)(void *ctx, const struct rest *rest), void *ctx,
                             struct kk_err *err);
/* Did a task of the seller end well at after_ms or later? One walk over its tasks: for few sellers at a time. */
enum kk_code store_has_success(struct store *store, struct kk_sv seller_id, int64_t after_ms, bool *ret,
                               struct kk_err *err);

#endif
