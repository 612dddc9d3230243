#include "site/fields.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "core/snapshot.h"

// clang-format off
/* In every captured entry normalPrice equals originalPrice, appPrice price and appDiscountRate discountRate. Each of
 * them counts, as a change that shows in one of them is a change; none must be there but price. likeStatus,
 * likeImageUrl, webSpacingInfo, tagList and landingUrl are noise. */
const struct field list_fields[LIST_FIELD_COUNT] = {
    /* key                   type          need            part          target */
    {0, "itemNo",            FIELD_ID,     FIELD_REQUIRED, FIELD_COUNTS, TO_ITEM_NO,   0},
    {0, "name",              FIELD_TEXT,   FIELD_REQUIRED, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "brandName",         FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "price",             FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "originalPrice",     FIELD_AMOUNT, FIELD_OPTIONAL, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "normalPrice",       FIELD_AMOUNT, FIELD_OPTIONAL, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "appPrice",          FIELD_AMOUNT, FIELD_OPTIONAL, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "discountRate",      FIELD_RATE,   FIELD_OPTIONAL, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "appDiscountRate",   FIELD_RATE,   FIELD_OPTIONAL, FIELD_COUNTS, TO_LIST_HASH, 0},
    {0, "imageUrlList",      FIELD_IMAGES, FIELD_REQUIRED, FIELD_COUNTS, TO_LIST_HASH, 0},
};

#define PLACE(module) "moduleList[" module "].data"
const struct detail_place detail_places[DETAIL_HOME_COUNT] = {
    [HOME_BANNERS]     = {{"ProductBannersModule", 20},    {"", 0},         PLACE("ProductBannersModule")},
    [HOME_INFO]        = {{"ProductInfoModule", 17},       {"", 0},         PLACE("ProductInfoModule")},
    [HOME_SHIPPING]    = {{"ShippingModule", 14},          {"SHIPPING", 8}, PLACE("ShippingModule") ".items[SHIPPING].data"},
    [HOME_DETAIL_INFO] = {{"ProductDetailInfoModule", 23}, {"", 0},         PLACE("ProductDetailInfoModule")},
};

/* Whether a field counts in the snapshot's hash is decided by core/snapshot.h; a test holds the two together. */
const struct field detail_fields[DETAIL_FIELD_COUNT] = {
    /* home              key                   type          need            part          target          index */
    {HOME_INFO,        "itemNo",             FIELD_ID,     FIELD_REQUIRED, FIELD_COUNTS, TO_ITEM_NO,     0},
    {HOME_INFO,        "sellerId",           FIELD_TEXT,   FIELD_REQUIRED, FIELD_APART,  TO_SELLER_ID,   0},
    {HOME_INFO,        "isSoldOut",          FIELD_FLAG,   FIELD_REQUIRED, FIELD_COUNTS, TO_SOLD_OUT,    0},
    {HOME_INFO,        "itemName",           FIELD_TEXT,   FIELD_REQUIRED, FIELD_COUNTS, TO_TEXT,        SNAP_NAME},
    {HOME_INFO,        "brandName",          FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_BRAND_NAME},
    {HOME_INFO,        "brandNameKr",        FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_BRAND_NAME_KR},
    {HOME_INFO,        "brandCode",          FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_BRAND_CODE},
    {HOME_INFO,        "headerCategoryCode", FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_CATEGORY_HEADER},
    {HOME_INFO,        "largeCategoryCode",  FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_CATEGORY_LARGE},
    {HOME_INFO,        "mediumCategoryCode", FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_CATEGORY_MEDIUM},
    {HOME_INFO,        "smallCategoryCode",  FIELD_TEXT,   FIELD_OPTIONAL, FIELD_COUNTS, TO_TEXT,        SNAP_CATEGORY_SMALL},
    {HOME_INFO,        "normalPrice",        FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_NORMAL_PRICE},
    {HOME_INFO,        "sellingPrice",       FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_SELLING_PRICE},
    {HOME_INFO,        "discountPrice",      FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_DISCOUNT_PRICE},
    {HOME_INFO,        "stock",              FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_STOCK},
    {HOME_BANNERS,     "images",             FIELD_IMAGES, FIELD_REQUIRED, FIELD_COUNTS, TO_IMAGES,      0},
    {HOME_SHIPPING,    "shippingType",       FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_SHIPPING_TYPE},
    {HOME_SHIPPING,    "shippingFee",        FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_NUMBER,      SNAP_SHIPPING_FEE},
    {HOME_SHIPPING,    "shippingFeeType",    FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_SHIPPING_FEE_TYPE},
    {HOME_DETAIL_INFO, "itemNo",             FIELD_ID,     FIELD_REQUIRED, FIELD_COUNTS, TO_ITEM_NO,     0},
    {HOME_DETAIL_INFO, "itemStatus",         FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_ITEM_STATUS},
    {HOME_DETAIL_INFO, "originCountry",      FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_ORIGIN_COUNTRY},
    {HOME_DETAIL_INFO, "shippingLocation",   FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_TEXT,        SNAP_SHIPPING_LOCATION},
    {HOME_DETAIL_INFO, "salesMethod",        FIELD_TEXT,   FIELD_OPTIONAL, FIELD_COUNTS, TO_TEXT,        SNAP_SALES_METHOD},
    {HOME_DETAIL_INFO, "descriptionMarkUp",  FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_DESCRIPTION, 0},
};

/* Option numbers have passed 2^31 already. shippingType and sizeGuide are the same for all, or noise. */
const struct field options_fields[OPTIONS_FIELD_COUNT] = {
    /* key          type          need            part          target */
    {0, "optionNo", FIELD_ID,     FIELD_REQUIRED, FIELD_COUNTS, TO_OPTION_NO,    0},
    {0, "itemNo",   FIELD_ID,     FIELD_REQUIRED, FIELD_COUNTS, TO_ITEM_NO,      0},
    {0, "color",    FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_OPTION_COLOR, 0},
    {0, "size",     FIELD_TEXT,   FIELD_NULLABLE, FIELD_COUNTS, TO_OPTION_SIZE,  0},
    {0, "stock",    FIELD_AMOUNT, FIELD_REQUIRED, FIELD_COUNTS, TO_OPTION_STOCK, 0},
};
// clang-format on

enum kk_code field_wrong(const struct field *field, const struct field_where *where, const char *what,
                         struct kk_err *err)
{
    if (where->has_index)
        return kk_fail(err, KK_MISMATCH, "%s[%zu].%s %s", where->path, where->index, field->key, what);
    return kk_fail(err, KK_MISMATCH, "%s.%s %s", where->path, field->key, what);
}

struct kk_sv field_image(struct kk_sv url)
{
    return (struct kk_sv){url.ptr, kk_sv_find(url, KK_SV("/_dims_/"))};
}

/* Digits, with commas only where they part thousands, so that "1,5" is nobody's fifteen. */
static bool text_amount(struct kk_sv text, int64_t *ret)
{
    bool has_commas = text.len > 0 && memchr(text.ptr, ',', text.len);
    int64_t number = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (has_commas && (text.len - i) % 4 == 0) { /* a comma's place, seen from the end */
            if (c != ',' || i == 0)
                return false;
            continue;
        }
        if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, c - '0', &number))
            return false;
    }
    *ret = number;
    return true;
}

bool field_amount(struct kk_jv value, bool with_percent, int64_t *ret)
{
    int64_t number;
    double real;
    struct kk_sv text;

    if (kk_jv_i64(value, &number)) {
        if (number < 0)
            return false;
        *ret = number;
        return true;
    }
    if (kk_jv_str(value, &text)) {
        text = kk_sv_trim(text);
        if (with_percent && text.len > 0 && text.ptr[text.len - 1] == '%')
            text.len--;
        return text_amount(text, ret);
    }
    /* 545600.0 is an integer to whoever wrote it; past 2^53 a real has lost digits. */
    if (!kk_jv_f64(value, &real) || !(real >= 0 && real <= 9007199254740992.0) || real != floor(real))
        return false;
    *ret = (int64_t)real;
    return true;
}

/* The value of the field's type in *ret; false: it has another type. */
static bool read_typed(const struct field *field, struct kk_jv value, struct field_value *ret)
{
    switch (field->type) {
    case FIELD_ID:
        return field_amount(value, false, &ret->number) && ret->number > 0;
    case FIELD_AMOUNT:
        return field_amount(value, false, &ret->number);
    case FIELD_RATE:
        return field_amount(value, true, &ret->number);
    case FIELD_FLAG:
        return kk_jv_bool(value, &ret->flag);
    case FIELD_TEXT:
        return kk_jv_str(value, &ret->text);
    case FIELD_IMAGES:
        ret->array = value;
        return kk_jv_is(value, KK_J_ARR);
    }
    KK_UNREACHABLE();
}

static const char *type_name(enum field_type type)
{
    switch (type) {
    case FIELD_ID:
        return "is no integer over 0";
    case FIELD_AMOUNT:
    case FIELD_RATE:
        return "is no integer from 0";
    case FIELD_FLAG:
        return "is neither true nor false";
    case FIELD_TEXT:
        return "is no text";
    case FIELD_IMAGES:
        return "is no list";
    }
    KK_UNREACHABLE();
}

enum kk_code field_read(const struct field *field, struct kk_jv object, const struct field_where *where,
                        struct field_value *ret, struct kk_err *err)
{
    struct kk_jv value = kk_jv_get(object, field->key);
    struct field_value read = {.is_there = true};

    if (kk_jv_is(value, KK_J_NONE)) {
        if (field->need != FIELD_OPTIONAL)
            return field_wrong(field, where, "is missing", err);
        read.is_there = false;
    } else if (kk_jv_is(value, KK_J_NULL)) {
        if (field->need == FIELD_REQUIRED)
            return field_wrong(field, where, "is null", err);
        read.is_there = false;
    } else if (!read_typed(field, value, &read)) {
        return field_wrong(field, where, type_name(field->type), err);
    }
    *ret = read;
    return KK_OK;
}
