#include "sandbox/modules.h"

#include "base/json.h"

#define CATALOG_NO 77000000

void module_open(struct kk_buf *out, const char *type, char bracket)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", kk_sv_of(type));
    kk_jw_key(out, "data");
    kk_jw_open(out, bracket);
}

void module_close(struct kk_buf *out, char bracket)
{
    kk_jw_close(out, bracket);
    kk_jw_close(out, '}');
}

static void key_format(struct kk_buf *out, const char *key, const char *before, int64_t number, const char *after)
{
    char text[256];

    snprintf(text, sizeof(text), "%s%" PRId64 "%s", before, number, after);
    kk_jw_key_str(out, key, kk_sv_of(text));
}

void module_login(const struct module *module, struct kk_buf *out)
{
    module_open(out, "NonMemberBannerModule", '{');
    key_format(out, "landingUrl",
               "https://m.web.mustit.co.kr/m/member/"
               "login?redirect=https%3A%2F%2Fm.web.mustit.co.kr%2Fv2%2Fm%2Fproduct%2Fproduct_detail%2F",
               module->item->item_no, "");
    module_close(out, '}');
}

void module_margin(const struct module *module, struct kk_buf *out)
{
    module_open(out, "VerticalMargin", '{');
    kk_jw_key_i64(out, "lineHeight", module->noise->is_varied ? 12 : 10);
    kk_jw_key_str(out, "backgroundColor", KK_SV("#FAFAFA"));
    module_close(out, '}');
}

void module_benefit(const struct module *module, struct kk_buf *out)
{
    module_open(out, "PurchaseBenefitModule", '{');
    kk_jw_key_str(out, "title", KK_SV("혜택안내"));
    kk_jw_key(out, "items");
    kk_jw_open(out, '[');
    module_open(out, "REWARD", '{');
    noise_counter(module->noise, out, "point", 9000);
    module_close(out, '}');
    module_open(out, "INTEREST_FREE", '{');
    kk_jw_key_i64(out, "interestMaxMonth", 6);
    kk_jw_key_i64(out, "Installment", module->item->discount_price / 6);
    module_close(out, '}');
    module_open(out, "AS", '{');
    noise_flag(module->noise, out, "isAfterService");
    module_close(out, '}');
    kk_jw_close(out, ']');
    module_close(out, '}');
}

/* The 33 fields of sellerInfo; the same kind stands together. */
static void write_seller_info(const struct module *module, struct kk_buf *out)
{
    static const char *const counters[] = {
        "eventPoint",        "trustPoint",         "regularCustomCnt",  "cntPointBad",
        "cntPointNormal",    "cntPointGood",       "prodUpdateCnt",     "todayUpdateCnt",
        "prodRenewableCnt",  "prodInsertExcept",   "naverDiscountExp",  "appDiscountExp",
        "sellerDiscountExp", "reservDelivProdCnt", "reservDelivOrdCnt", "prodRegLimit"};
    static const char *const flags[] = {
        "naverDiscountExpYn",     "appDiscountExpYn", "prodBannerYn",       "quickYn",
        "reservDelivYn",          "holdSettlementYn", "holdSettlementExYn", "couponDiscountYn",
        "partnershipMallTargetYn"};

    kk_jw_key(out, "sellerInfo");
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "sellerNo", module->world->seller[module->item->seller].seller_no);
    kk_jw_key_str(out, "status", KK_SV("ACTIVE"));
    kk_jw_key_str(out, "idleRegDate", KK_SV("0000-00-00 00:00:00"));
    kk_jw_key_str(out, "idleFlag", KK_SV("N"));
    kk_jw_key_str(out, "bestSellerExp", KK_SV("N"));
    kk_jw_key_str(out, "stockCheckYn", KK_SV("Y"));
    for (size_t i = 0; i < KK_COUNT(counters); i++)
        noise_counter(module->noise, out, counters[i], 5000);
    for (size_t i = 0; i < KK_COUNT(flags); i++)
        noise_flag(module->noise, out, flags[i]);
    kk_jw_key(out, "holdSettlementDate");
    kk_jw_null(out);
    kk_jw_key(out, "holdSettlementAdmId");
    kk_jw_null(out);
    kk_jw_close(out, '}');
}

static void write_satisfaction(const struct module *module, const char *type, const char *const names[3],
                               struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "satisfactionType", kk_sv_of(type));
    kk_jw_key(out, "satisfactions");
    kk_jw_open(out, '[');
    for (int i = 0; i < 3; i++) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "satisfactionName", kk_sv_of(names[i]));
        noise_counter(module->noise, out, "satisfactionScore", 900);
        noise_counter(module->noise, out, "satisfactionPercent", 101);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    kk_jw_close(out, '}');
}

void module_seller(const struct module *module, struct kk_buf *out)
{
    static const char *const send[3] = {"빨라요", "보통이에요", "느려요"};
    static const char *const pack[3] = {"꼼꼼해요", "무난해요", "아쉬워요"};

    module_open(out, "SellerModule", '{');
    kk_jw_key_str(out, "title", KK_SV("판매자정보"));
    write_seller_info(module, out);
    noise_counter(module->noise, out, "sellerTopPercentile", 100);
    kk_jw_key(out, "sellerReviewSummary");
    kk_jw_open(out, '{');
    noise_counter(module->noise, out, "reviewCount", 4000);
    kk_jw_key(out, "reviewTotalAvg");
    kk_jw_f64(out, 4.0 + (double)noise_below(module->noise, 100) / 100, 2);
    noise_counter(module->noise, out, "satisfactionScore", 100);
    noise_counter(module->noise, out, "sizeReviewCnt", 50);
    kk_jw_key(out, "satisfactions");
    kk_jw_open(out, '[');
    write_satisfaction(module, "SEND", send, out);
    write_satisfaction(module, "PACK", pack, out);
    kk_jw_close(out, ']');
    kk_jw_close(out, '}');
    kk_jw_key_str(out, "sellerBadgeUrl", KK_SV(""));
    module_close(out, '}');
}

static void write_offer(const struct module *module, int64_t item_no, const char *seller, int64_t price, bool is_focus,
                        struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "itemNo", item_no);
    kk_jw_key_str(out, "sellerId", kk_sv_of(seller));
    noise_flag(module->noise, out, "isLowestPrice");
    key_format(out, "sellPrice", "", price, "");
    key_format(out, "sellPriceWeb", "", price, "");
    kk_jw_key_str(out, "usedStatus", KK_SV(""));
    kk_jw_key_str(out, "shippingType", KK_SV("국내배송"));
    kk_jw_key_str(out, "shippingFee", KK_SV("무료"));
    kk_jw_key_bool(out, "isTariff", false);
    kk_jw_key(out, "tagList");
    kk_buf_add(out, KK_SV("[]"));
    kk_jw_key_str(out, "sellerBadgeUrl", KK_SV(""));
    kk_jw_key_bool(out, "isFocusItem", is_focus);
    kk_jw_close(out, '}');
}

/* others: how many other shops offer it. Their prices move all the time and are none of ours. */
static void write_offers(const struct module *module, const char *key, uint64_t others, bool has_own,
                         struct kk_buf *out)
{
    const struct world_item *item = module->item;

    kk_jw_key(out, key);
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "title", KK_SV("가격비교"));
    kk_jw_key_i64(out, "count", (int64_t)others + has_own);
    noise_flag(module->noise, out, "isSelectedFreeShipping");
    kk_jw_key_bool(out, "isRegisteredLowestAlarm", false);
    kk_jw_key_i64(out, "catalogNo", CATALOG_NO + item->item_no % 1000000);
    kk_jw_key(out, "items");
    kk_jw_open(out, '[');
    if (has_own)
        write_offer(module, item->item_no, module->seller_id, item->discount_price, true, out);
    for (uint64_t i = 0; i < others; i++)
        write_offer(module, item->item_no + 7 + (int64_t)i, "another.shop",
                    item->discount_price + 100 * (int64_t)noise_below(module->noise, 3000), false, out);
    kk_jw_close(out, ']');
    kk_jw_key_str(out, "landingUrl", KK_SV(""));
    kk_jw_close(out, '}');
}

void module_catalog(const struct module *module, struct kk_buf *out)
{
    module_open(out, "CatalogModule", '{');
    write_offers(module, "NEW", noise_below(module->noise, 3), true, out);
    write_offers(module, "USED", noise_below(module->noise, 2), false, out);
    module_close(out, '}');
}

static void write_banner(const struct module *module, struct kk_buf *out)
{
    key_format(out, "imageUrl", "https://image.mustit.co.kr/lib/upload/event/uploads/0000000000000000000000000000",
               1000 + (int64_t)noise_below(module->noise, 9000), ".jpeg");
    key_format(out, "landingUrl",
               "https://m.mustit.co.kr/m/etc/event_view?number=", (int64_t)noise_below(module->noise, 300),
               "&click=product_detail");
}

void module_promotions(const struct module *module, struct kk_buf *out)
{
    uint64_t count = 1 + noise_below(module->noise, 2);

    module_open(out, "PromotionBannerModule", '[');
    for (uint64_t i = 0; i < count; i++) {
        kk_jw_open(out, '{');
        write_banner(module, out);
        kk_jw_close(out, '}');
    }
    module_close(out, ']');
}

void module_promotion(const struct module *module, struct kk_buf *out)
{
    module_open(out, "SinglePromotionBannerModule", '{');
    kk_jw_key_str(out, "title", KK_SV("기획전 바로가기"));
    write_banner(module, out);
    module_close(out, '}');
}

void module_lazy(const struct module *module, struct kk_buf *out)
{
    static const char *const params[] = {"eid", "uid", "adid", "os", "osVersion", "model", "gender"};
    char url[256];

    module_open(out, "LazyComponent", '{');
    kk_jw_key(out, "params");
    kk_jw_open(out, '{');
    for (size_t i = 0; i < KK_COUNT(params); i++) {
        kk_jw_key(out, params[i]);
        kk_jw_null(out);
    }
    kk_jw_close(out, '}');
    kk_jw_key_str(out, "method", KK_SV("GET"));
    snprintf(url, sizeof(url),
             "/v1/ai-recommendation/moloco/item/%" PRId64
             "?headerCategory=%.8s&largeCategory=%.8s&mediumCategory=%.16s",
             module->item->item_no, module->item->header_code, module->item->large_code, module->item->medium_code);
    kk_jw_key_str(out, "url", kk_sv_of(url));
    module_close(out, '}');
}

void module_tabs(const struct module *module, struct kk_buf *out)
{
    static const struct {
        const char *type, *title;
    } tabs[] = {{"DETAIL", "상세정보"}, {"REVIEW", "리뷰"}, {"INQUIRY", "문의"}};

    module_open(out, "TabListModule", '[');
    for (size_t i = 0; i < KK_COUNT(tabs); i++) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "type", kk_sv_of(tabs[i].type));
        kk_jw_key_str(out, "title", kk_sv_of(tabs[i].title));
        if (i > 0)
            noise_counter(module->noise, out, "count", 300);
        kk_jw_close(out, '}');
    }
    module_close(out, ']');
}

void module_unknown(const struct module *module, struct kk_buf *out)
{
    module_open(out, "LiveCommerceModule", '{');
    noise_counter(module->noise, out, "viewerCount", 5000);
    kk_jw_key(out, "images"); /* a name that matters elsewhere */
    kk_buf_add(out, KK_SV("[{\"url\":\"https://live.mustit.invalid/1.jpg\"}]"));
    kk_jw_key_str(out, "sellingPrice", KK_SV("LIVE"));
    module_close(out, '}');
}
