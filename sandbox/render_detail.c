#include "sandbox/render.h"

#include "base/json.h"
#include "sandbox/item.h"
#include "sandbox/modules.h"
#include "sandbox/noise.h"

#define DETAIL_SIDE 500

struct detail {
    struct module module; /* first: what all modules are written from */
    const struct render *render;
};

/* --- ProductInfoModule: its parts come in any order --- */

static void write_identity(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;
    bool is_missing = detail->render->damage == DAMAGE_MISSING;
    uint64_t missing = is_missing ? detail->render->seed % 3 : 3;

    noise_number(noise, out, "sellerNo", detail->module.world->seller[item->seller].seller_no);
    if (missing != 0)
        kk_jw_key_str(out, "sellerId", kk_sv_of(detail->module.seller_id));
    if (missing != 1)
        noise_number(noise, out, "itemNo", item->item_no);
    if (missing != 2)
        noise_text(noise, out, "itemName", item->name);
    noise_text(noise, out, "brandName", item->brand_name);
    noise_text(noise, out, "brandNameKr", item->brand_name_kr);
    noise_number(noise, out, "brandCode", item->brand_code);
}

static void write_category(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;

    noise_text(noise, out, "headerCategoryCode", item->header_code);
    noise_text(noise, out, "headerCategory", item->header);
    noise_text(noise, out, "largeCategoryCode", item->large_code);
    noise_text(noise, out, "largeCategory", item->large);
    noise_text(noise, out, "mediumCategoryCode", item->medium_code);
    noise_text(noise, out, "mediumCategory", item->medium);
    noise_optional(noise, out, "smallCategoryCode", item->small_code);
    noise_optional(noise, out, "smallCategory", item->small);
}

static void write_price_row(struct kk_buf *out, const char *type, const char *name, int64_t price)
{
    kk_jw_key_str(out, "type", kk_sv_of(type));
    kk_jw_key_str(out, "name", kk_sv_of(name));
    kk_jw_key_i64(out, "price", price);
}

static void write_discounts(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    int64_t off = item->selling_price > item->discount_price ? item->selling_price - item->discount_price : 0;

    kk_jw_key(out, "discountDetails");
    kk_jw_open(out, '{');
    kk_jw_key(out, "prices");
    kk_jw_open(out, '[');
    kk_jw_open(out, '{');
    write_price_row(out, "NORMAL", "정상가", item->normal_price);
    kk_jw_close(out, '}');
    kk_jw_open(out, '{');
    write_price_row(out, "DISCOUNT_PRICE", "할인가", item->selling_price);
    kk_jw_close(out, '}');
    kk_jw_close(out, ']');
    kk_jw_key(out, "discounts");
    kk_jw_open(out, '[');
    kk_jw_open(out, '{');
    write_price_row(out, "ACCOUNT", "회원할인", off);
    kk_jw_key_bool(out, "isAccountGroup", false);
    kk_jw_close(out, '}');
    if (noise_is(detail->module.noise, 2)) {
        kk_jw_open(out, '{');
        write_price_row(out, "DANGOL", "단골할인", (int64_t)noise_below(detail->module.noise, 9000));
        kk_jw_key_bool(out, "isAccountGroup", true);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    kk_jw_key(out, "total");
    kk_jw_open(out, '{');
    write_price_row(out, "ACCOUNT", "최대혜택가", item->discount_price);
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static void write_prices(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;

    noise_number(noise, out, "normalPrice", item->normal_price);
    noise_number(noise, out, "discountRate", render_discount_rate(item->discount_price, item->normal_price));
    if (detail->render->damage == DAMAGE_TYPE) {
        kk_jw_key(out, "sellingPrice");
        kk_buf_add(out, KK_SV("{\"amount\":\"문의\"}"));
    } else
        noise_number(noise, out, "sellingPrice", item->selling_price);
    noise_number(noise, out, "discountPrice", item->discount_price);
    write_discounts(detail, out);
}

static void write_stock(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;

    kk_jw_key_bool(out, "isBoutiqueItem", item->dice % 5 == 0);
    kk_jw_key_bool(out, "isSoldOut", item->is_sold_out);
    noise_number(noise, out, "stock", item_stock(item));
    kk_jw_key(out, "userDiscountInfo");
    kk_jw_open(out, '{');
    if (noise_is(noise, 2))
        noise_flag(noise, out, "regularCoupon");
    noise_flag(noise, out, "dpsDiscount");
    kk_jw_key_i64(out, "purchasePrice", noise_is(noise, 2) ? item->selling_price : item->discount_price);
    noise_flag(noise, out, "isLike");
    kk_jw_close(out, '}');
    kk_jw_key(out, "badgeList");
    kk_buf_add(out, noise_is(noise, 4) ? KK_SV("[{\"type\":\"HOT\",\"title\":\"인기\"}]") : KK_SV("[]"));
    kk_jw_key_i64(out, "catalogId", 77000000 + item->item_no % 1000000);
    noise_counter(noise, out, "countPriceComparison", 12);
    noise_flag(noise, out, "isPriceComparison");
    noise_flag(noise, out, "isLowestPrice");
}

static void module_info(const struct detail *detail, struct kk_buf *out)
{
    static void (*const parts[])(const struct detail *, struct kk_buf *) = {write_identity, write_category,
                                                                            write_prices, write_stock};
    size_t from = noise_is(detail->module.noise, 3) ? noise_below(detail->module.noise, KK_COUNT(parts)) : 0;

    if (detail->render->damage == DAMAGE_PART)
        return;
    module_open(out, "ProductInfoModule", '{');
    for (size_t i = 0; i < KK_COUNT(parts); i++)
        parts[(from + i) % KK_COUNT(parts)](detail, out);
    module_close(out, '}');
}

/* --- the other modules that matter --- */

static void module_banners(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;

    module_open(out, "ProductBannersModule", '{');
    kk_jw_key(out, "images");
    kk_jw_open(out, '[');
    for (unsigned i = 0; i < item->image_count; i++)
        noise_image(detail->module.noise, out, item->image[i], DETAIL_SIDE, DETAIL_SIDE);
    kk_jw_close(out, ']');
    kk_jw_key(out, "timesales");
    kk_buf_add(out, KK_SV("[]"));
    module_close(out, '}');
}

static void write_quick(struct kk_buf *out)
{
    module_open(out, "QUICK", '{');
    kk_jw_key_str(out, "startTime", KK_SV("10:00"));
    kk_jw_key_str(out, "endTime", KK_SV("16:00"));
    kk_jw_key_str(out, "serviceGuide", KK_SV("서울 10:00 ~ 16:00 출고가능"));
    module_close(out, '}');
}

static void write_shipping(const struct detail *detail, struct kk_buf *out)
{
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;
    int days = 1 + (int)noise_below(noise, 5);
    char text[64];

    module_open(out, "SHIPPING", '{');
    noise_text(noise, out, "shippingType", item->shipping_type);
    noise_number(noise, out, "shippingFee", item->shipping_fee);
    noise_text(noise, out, "shippingFeeType", item->shipping_fee_type);
    kk_jw_key_bool(out, "isEachShippingFee", false);
    kk_jw_key_bool(out, "isDirectShipping", false);
    kk_jw_key_bool(out, "isCustomsDuty", false);
    kk_jw_key(out, "averageDeliveryDay");
    kk_jw_open(out, '{');
    snprintf(text, sizeof(text), "평균 배송 %d일 소요", days);
    kk_jw_key_str(out, "text", kk_sv_of(text));
    snprintf(text, sizeof(text), "%d일 소요", days);
    kk_jw_key_str(out, "focusText", kk_sv_of(text));
    kk_jw_close(out, '}');
    if (noise_is(noise, 2))
        kk_jw_key_str(out, "bundleDeliverySearchUrl", KK_SV("/v1/search/bundle-delivery"));
    module_close(out, '}');
}

static void module_shipping(const struct detail *detail, struct kk_buf *out)
{
    bool is_quick_first = detail->module.item->has_quick && noise_is(detail->module.noise, 2);

    module_open(out, "ShippingModule", '{');
    kk_jw_key_str(out, "title", KK_SV("배송정보"));
    kk_jw_key(out, "items");
    kk_jw_open(out, '[');
    if (is_quick_first)
        write_quick(out);
    write_shipping(detail, out);
    if (detail->module.item->has_quick && !is_quick_first)
        write_quick(out);
    kk_jw_close(out, ']');
    module_close(out, '}');
}

static void module_description(const struct detail *detail, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf html = KK_BUF(RENDER_MAX_BYTES);
    const struct world_item *item = detail->module.item;
    struct noise *noise = detail->module.noise;

    item_description(detail->module.world, item, &html);
    module_open(out, "ProductDetailInfoModule", '{');
    kk_jw_key_str(out, "title", KK_SV("상세정보"));
    noise_number(noise, out, "itemNo", item->item_no);
    noise_text(noise, out, "itemStatus", item->item_status);
    noise_text(noise, out, "originCountry", item->origin_country);
    noise_text(noise, out, "shippingLocation", item->shipping_location);
    noise_optional(noise, out, "salesMethod", item->sales_method);
    kk_jw_key(out, "sellerEvaluations");
    kk_buf_add(out, noise_is(noise, 2) ? KK_SV("[\"QNA\",\"SEND\"]") : KK_SV("[]"));
    kk_jw_key(out, "warningTextSellerStatus");
    kk_buf_add(out, KK_SV("[]"));
    noise_text(noise, out, "descriptionMarkUp", kk_buf_cstr(&html));
    module_close(out, '}');
}

/* --- the page --- */

#define MODULES 18

/* The usual order of the real page; which of the two kinds a row is follows from which pointer it has. */
static const struct {
    void (*known)(const struct detail *, struct kk_buf *);
    void (*other)(const struct module *, struct kk_buf *);
} modules[MODULES] = {
    {.known = module_banners},     {.known = module_info},       {.other = module_login},  {.other = module_margin},
    {.other = module_benefit},     {.known = module_shipping},   {.other = module_margin}, {.other = module_seller},
    {.other = module_catalog},     {.other = module_promotions}, {.other = module_margin}, {.other = module_lazy},
    {.other = module_margin},      {.other = module_promotion},  {.other = module_margin}, {.other = module_tabs},
    {.known = module_description}, {.other = module_margin},
};

static void shuffle(struct noise *noise, unsigned char order[MODULES])
{
    for (unsigned i = 0; i < MODULES; i++)
        order[i] = (unsigned char)i;
    if (!noise_is(noise, 3))
        return;
    for (unsigned i = MODULES - 1; i > 0; i--) {
        unsigned j = (unsigned)noise_below(noise, i + 1);
        unsigned char other = order[i];

        order[i] = order[j];
        order[j] = other;
    }
}

static void write_modules(const struct detail *detail, struct kk_buf *out)
{
    unsigned char order[MODULES];
    unsigned unknown_at =
        noise_is(detail->module.noise, 3) ? (unsigned)noise_below(detail->module.noise, MODULES) : MODULES;

    shuffle(detail->module.noise, order);
    for (unsigned i = 0; i < MODULES; i++) {
        if (i == unknown_at)
            module_unknown(&detail->module, out);
        if (modules[order[i]].known)
            modules[order[i]].known(detail, out);
        else
            modules[order[i]].other(&detail->module, out);
    }
}

/* Ends with the comma before the tail. */
void render_detail_head(const struct render *render, const struct world_item *item, struct kk_buf *out)
{
    KK_CLEANUP(noise_done) struct noise noise;
    const char *own = render->world->seller[item->seller].name;
    struct detail detail = {.module = {.world = render->world,
                                       .item = item,
                                       .seller_id = render->seller_as ? render->seller_as : own,
                                       .noise = &noise},
                            .render = render};

    noise_init(&noise, render->seed, render->is_plain);
    kk_jw_open(out, '{');
    if (render->damage == DAMAGE_ROOT)
        return;
    kk_jw_key(out, "moduleList");
    kk_jw_open(out, '[');
    write_modules(&detail, out);
    kk_jw_close(out, ']');
    kk_buf_addc(out, ',');
}

void render_detail_tail(const struct render *render, const struct world_item *item, struct kk_buf *out)
{
    KK_CLEANUP(noise_done) struct noise noise;
    char next[192];

    noise_init(&noise, render->seed, render->is_plain);
    snprintf(next, sizeof(next), "/v1/item/%" PRId64 "/detail/bottom?sellerId=%s&catalogNo=%" PRId64, item->item_no,
             render->world->seller[item->seller].name, 77000000 + item->item_no % 1000000);
    kk_jw_key(out, "bottom");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "freeGift", KK_SV(""));
    noise_counter(&noise, out, "likeCount", 100000000);
    noise_flag(&noise, out, "isLike");
    noise_flag(&noise, out, "hasLowestOtherProduct");
    kk_jw_close(out, '}');
    kk_jw_key_str(out, "nextApiUrl", kk_sv_of(next));
    kk_jw_close(out, '}');
}
