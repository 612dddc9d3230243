/* sandbox/render.h: the bodies of the three endpoints, in the shapes of the real site.
 *
 * A body is a head, which is kept and served again while nothing changed, and a short tail with this request's own
 * noise, so that no two answers need be the same bytes and still cost next to nothing. head + tail is the JSON. */
#ifndef SANDBOX_RENDER_H
#define SANDBOX_RENDER_H

#include "sandbox/world.h"

#define RENDER_MAX_BYTES ((size_t)64 * 1024 * 1024)

enum render_damage { /* for the fault wrong_shape: valid JSON, not the known shape */
                     DAMAGE_NONE,
                     DAMAGE_ROOT,    /* list: no items; detail: no moduleList; options: an object */
                     DAMAGE_MISSING, /* a required member is not there: an itemNo (or the count); sellerId, itemNo or
                                        itemName; a stock */
                     DAMAGE_TYPE,    /* … or has another type: items, a price, a stock */
                     DAMAGE_PART,    /* list: no count; detail: no ProductInfoModule; options: no optionNo */
                     DAMAGE_COUNT
};

struct render {
    const struct world *world;
    uint64_t seed; /* of the noise */
    bool is_plain; /* no noise */
    enum render_damage damage;
    const char *seller_as; /* the seller a detail names; NULL: its own */
};
struct render_page { /* of a seller's list: newest first, number from 0 */
    const struct world_seller *seller;
    int64_t number, size;
};

void render_list_head(const struct render *render, const struct render_page *page, struct kk_buf *out);
void render_list_tail(const struct render *render, const struct render_page *page, struct kk_buf *out);
void render_detail_head(const struct render *render, const struct world_item *item, struct kk_buf *out);
void render_detail_tail(const struct render *render, const struct world_item *item, struct kk_buf *out);
void render_options(const struct render *render, const struct world_item *item, struct kk_buf *out);

/* round(100 × (1 − now/before)); 0 where it makes no sense. */
int64_t render_discount_rate(int64_t now, int64_t before);

#endif
