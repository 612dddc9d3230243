/* sandbox/item.h: how an item comes to its looks, and what follows from them. */
#ifndef SANDBOX_ITEM_H
#define SANDBOX_ITEM_H

#include "base/rng.h"
#include "sandbox/world.h"

/* Fills a zeroed item whose number, seller and dice are set. ordinal counts the seller's items from 0: odd shapes come
 * round by it, so that a shop of fifty items has every one of them. */
void item_make(struct world *world, struct world_item *item, size_t ordinal);

/* Pieces that moves use as well. */
const char *item_new_name(struct world *world, const struct world_item *item, const struct kk_rng *rng);
const char *item_new_image(struct world *world, const struct world_item *item, const struct kk_rng *rng);
void item_new_prices(struct world_item *item, const struct kk_rng *rng);

int64_t item_stock(const struct world_item *item);
bool item_is_out(const struct world_item *item); /* what a visitor would call sold out */
/* Appends the seller's HTML. */
void item_description(const struct world *world, const struct world_item *item, struct kk_buf *out);

#endif
