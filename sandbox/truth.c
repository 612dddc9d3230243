#include "sandbox/truth.h"

#include "base/json.h"
#include "sandbox/dice.h"
#include "sandbox/fields.h"
#include "sandbox/item.h"

static void write_category(const struct world_item *item, struct kk_buf *out)
{
    kk_jw_key(out, "category");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "header", kk_sv_of(item->header_code));
    kk_jw_key_str(out, "large", kk_sv_of(item->large_code));
    kk_jw_key_str(out, "medium", kk_sv_of(item->medium_code));
    kk_jw_key_str(out, "small", kk_sv_of(item->small_code));
    kk_jw_close(out, '}');
}

static void write_lists(const struct world_item *item, struct kk_buf *out)
{
    kk_jw_key(out, "images");
    kk_jw_open(out, '[');
    for (unsigned i = 0; i < item->image_count; i++)
        kk_jw_str(out, kk_sv_of(item->image[i]));
    kk_jw_close(out, ']');
    kk_jw_key(out, "options");
    kk_jw_open(out, '[');
    for (unsigned i = 0; i < item->option_count; i++) {
        kk_jw_open(out, '{');
        kk_jw_key_i64(out, "optionNo", item->option[i].option_no);
        kk_jw_key_str(out, "color", kk_sv_of(item->option[i].color));
        kk_jw_key_str(out, "size", kk_sv_of(item->option[i].size));
        kk_jw_key_i64(out, "stock", item->option[i].stock);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}

void truth_item(const struct world *world, const struct world_item *item, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf hash = KK_BUF(128);

    item_description_hash(world, item, &hash);
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "itemNo", item->item_no);
    kk_jw_key_str(out, "sellerId", kk_sv_of(world->seller[item->seller].name));
    kk_jw_key_str(out, "status", kk_sv_of(item_status(item)));
    kk_jw_key_str(out, "name", kk_sv_of(item->name));
    kk_jw_key_str(out, "brandName", kk_sv_of(item->brand_name));
    kk_jw_key_str(out, "brandNameKr", kk_sv_of(item->brand_name_kr));
    kk_jw_key_i64(out, "brandCode", item->brand_code);
    write_category(item, out);
    kk_jw_key_i64(out, "normalPrice", item->normal_price);
    kk_jw_key_i64(out, "sellingPrice", item->selling_price);
    kk_jw_key_i64(out, "discountPrice", item->discount_price);
    kk_jw_key_i64(out, "stock", item_stock(item));
    write_lists(item, out);
    kk_jw_key_str(out, "shippingType", kk_sv_of(item->shipping_type));
    kk_jw_key_i64(out, "shippingFee", item->shipping_fee);
    kk_jw_key_str(out, "shippingFeeType", kk_sv_of(item->shipping_fee_type));
    kk_jw_key_str(out, "itemStatus", kk_sv_of(item->item_status));
    kk_jw_key_str(out, "originCountry", kk_sv_of(item->origin_country));
    kk_jw_key_str(out, "shippingLocation", kk_sv_of(item->shipping_location));
    kk_jw_key_str(out, "salesMethod", kk_sv_of(item->sales_method));
    kk_jw_key_str(out, "descriptionHash", kk_buf_sv(&hash));
    kk_jw_close(out, '}');
}

uint64_t truth_digest(const struct world *world, const struct world_item *item)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(TRUTH_MAX_BYTES);

    truth_item(world, item, &text);
    return dice_text(kk_buf_sv(&text)) | 1;
}

void truth_all(const struct world *world, const struct world_seller *seller, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key(out, "items");
    kk_jw_open(out, '[');
    for (size_t i = world->item_count; i-- > 0;)
        if (!world->item[i]->is_gone && (!seller || seller->index == world->item[i]->seller))
            truth_item(world, world->item[i], out);
    kk_jw_close(out, ']');
    kk_jw_key(out, "removed");
    kk_jw_open(out, '[');
    for (size_t i = world->item_count; i-- > 0;)
        if (world->item[i]->is_gone && (!seller || seller->index == world->item[i]->seller))
            kk_jw_i64(out, world->item[i]->item_no);
    kk_jw_close(out, ']');
    kk_jw_key_i64(out, "lastChange", world->history.last);
    kk_jw_close(out, '}');
}
