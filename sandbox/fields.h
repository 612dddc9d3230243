/* sandbox/fields.h: the fields of an item that matter, as the truth names them. One table feeds the truth, the
 * differences and the setting by hand. What the answers look like is not known here. */
#ifndef SANDBOX_FIELDS_H
#define SANDBOX_FIELDS_H

#include "base/bytes.h"
#include "sandbox/world.h"

// clang-format off
#define ITEM_TEXTS(X) /* name, member */              \
    X("name",             name)                       \
    X("brandName",        brand_name)                 \
    X("brandNameKr",      brand_name_kr)              \
    X("category.header",  header_code)                \
    X("category.large",   large_code)                 \
    X("category.medium",  medium_code)                \
    X("category.small",   small_code)                 \
    X("shippingType",     shipping_type)              \
    X("shippingFeeType",  shipping_fee_type)          \
    X("itemStatus",       item_status)                \
    X("originCountry",    origin_country)             \
    X("shippingLocation", shipping_location)          \
    X("salesMethod",      sales_method)
#define ITEM_NUMBERS(X) /* name, member */            \
    X("brandCode",        brand_code)                 \
    X("normalPrice",      normal_price)               \
    X("sellingPrice",     selling_price)              \
    X("discountPrice",    discount_price)             \
    X("shippingFee",      shipping_fee)
// clang-format on

const char *item_status(const struct world_item *item); /* ON_SALE, SOLD_OUT or REMOVED */
/* "sha256:…" of the description, which the world keeps in NFC. */
void item_description_hash(const struct world *world, const struct world_item *item, struct kk_buf *out);

/* A copy to compare with later; item_copy_done() frees it. */
void item_copy(const struct world_item *item, struct world_item *ret_copy);
void item_copy_done(struct world_item *copy);
/* Appends [{"field":…,"from":…,"to":…}, …]; gives how many. before NULL: it was not there. */
size_t item_diff(const struct world *world, const struct world_item *before, const struct world_item *after,
                 struct kk_buf *out);

/* One field to one value: any name above, "stock" (only of an item without rows), "isSoldOut" (true or false), "images"
 * (a JSON array), "description", "status" (REMOVED or SHOWN), "options[NO].stock", ".color", ".size", "options[NO]"
 * (null: gone), "options" (with "color|size|stock": one more). Text is kept in NFC. KK_BAD_INPUT with a sentence. */
enum kk_code item_set(struct world *world, struct world_item *item, struct kk_sv field, struct kk_sv value,
                      struct kk_err *err);

#endif
