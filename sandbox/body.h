/* sandbox/body.h: bodies put together from a kept head and a fresh tail (render.h). A head is kept until the item or
 * the list it shows has another revision, within a ceiling of bytes; the longest unused go first. */
#ifndef SANDBOX_BODY_H
#define SANDBOX_BODY_H

#include "sandbox/render.h"

#define BODY_VARIANTS 4 /* heads of the same thing that differ in noise only; requests get one or another */

struct body_store;
struct body_store *body_store_create(const struct world *world, uint64_t seed, size_t max_bytes, bool is_plain);
void body_store_destroy(struct body_store *store); /* NULL is fine */

struct body_ask {
    uint64_t number; /* of the request: what its noise comes from */
    bool is_gzip;
    enum render_damage damage; /* these two are rendered for this once */
    const char *seller_as;
};
void body_list(struct body_store *store, const struct body_ask *ask, const struct render_page *page,
               struct kk_buf *out);
/* The same without keeping it; the page's seller may be gone after the call. */
void body_list_once(struct body_store *store, const struct body_ask *ask, const struct render_page *page,
                    struct kk_buf *out);
void body_detail(struct body_store *store, const struct body_ask *ask, const struct world_item *item,
                 struct kk_buf *out);
void body_options(struct body_store *store, const struct body_ask *ask, const struct world_item *item,
                  struct kk_buf *out);
/* Any text, compressed for this once. */
void body_compress(struct body_store *store, struct kk_sv text, struct kk_buf *out);

#endif
