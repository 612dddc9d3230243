/* The captured answers of the real site, where they are at hand: KK_CAPTURES, or ../shared/reference/captures beside
 * the repository. What is expected is read from the same bodies by the plainest way there is, without the tables. */
#include "site/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "unit/site/body.h"

struct capture {
    struct kk_buf body;
    struct kk_json *json;
    struct kk_jv root;
};

/* Skips the test where there is no such capture. */
static void capture_open(struct capture *capture, const char *name)
{
    const char *folder = getenv("KK_CAPTURES");
    char path[1024];
    struct kk_err err;

    *capture = (struct capture){.body = KK_BUF(BODY_MAX_BYTES)};
    snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/reference/captures", name);
    if (!body_append(path, &capture->body)) {
        print_message("skipped: there is no %s\n", path);
        kk_buf_done(&capture->body);
        skip();
    }
    CHECK_OK(kk_json_parse(kk_buf_sv(&capture->body), &capture->json, &err), &err);
    capture->root = kk_json_root(capture->json);
}

static void capture_done(struct capture *capture)
{
    kk_json_done(capture->json);
    kk_buf_done(&capture->body);
}

static struct kk_jv data_of(struct kk_jv list, const char *type)
{
    struct kk_jiter it = kk_jv_iter(list);
    struct kk_sv text;

    while (kk_jiter_next(&it))
        if (kk_jv_str(kk_jv_get(it.value, "type"), &text) && kk_sv_eq(text, kk_sv_of(type)))
            return kk_jv_get(it.value, "data");
    return (struct kk_jv){0};
}

static struct kk_sv text_of(struct kk_jv object, const char *key)
{
    struct kk_sv text = {0};

    kk_jv_str(kk_jv_get(object, key), &text);
    return text;
}

static int64_t number_of(struct kk_jv object, const char *key)
{
    int64_t number = -1;

    kk_jv_i64(kk_jv_get(object, key), &number);
    return number;
}

static void check_text(const struct snapshot *s, enum snapshot_text field, struct kk_jv object, const char *key)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf nfc = KK_BUF(BODY_MAX_BYTES);

    CHECK_EQ(kk_nfc(text_of(object, key), &nfc, NULL), KK_OK);
    CHECK_STR(s->text[field], kk_buf_sv(&nfc));
}

static void check_info(const struct snapshot *s, struct kk_jv info)
{
    bool is_sold_out = true;

    CHECK_EQ(s->item_no, number_of(info, "itemNo"));
    CHECK_STR(s->seller_id, text_of(info, "sellerId"));
    CHECK(kk_jv_bool(kk_jv_get(info, "isSoldOut"), &is_sold_out));
    CHECK_EQ(s->status, is_sold_out ? PRODUCT_SOLD_OUT : PRODUCT_ON_SALE);
    check_text(s, SNAP_NAME, info, "itemName");
    check_text(s, SNAP_BRAND_NAME, info, "brandName");
    check_text(s, SNAP_BRAND_NAME_KR, info, "brandNameKr");
    check_text(s, SNAP_CATEGORY_HEADER, info, "headerCategoryCode");
    check_text(s, SNAP_CATEGORY_LARGE, info, "largeCategoryCode");
    check_text(s, SNAP_CATEGORY_MEDIUM, info, "mediumCategoryCode");
    check_text(s, SNAP_CATEGORY_SMALL, info, "smallCategoryCode");
    CHECK_EQ(s->number[SNAP_BRAND_CODE], number_of(info, "brandCode"));
    CHECK_EQ(s->number[SNAP_NORMAL_PRICE], number_of(info, "normalPrice"));
    CHECK_EQ(s->number[SNAP_SELLING_PRICE], number_of(info, "sellingPrice"));
    CHECK_EQ(s->number[SNAP_DISCOUNT_PRICE], number_of(info, "discountPrice"));
    CHECK_EQ(s->number[SNAP_STOCK], number_of(info, "stock"));
}

static void check_images(const struct snapshot *s, struct kk_jv images)
{
    CHECK(s->image_count > 0);
    CHECK_EQ(s->image_count, kk_jv_count(images));
    for (size_t i = 0; i < s->image_count; i++) {
        struct kk_sv url;

        CHECK(kk_jv_str(kk_jv_at(images, i), &url));
        CHECK(kk_sv_starts(url, s->image[i]));
        CHECK(kk_sv_starts(kk_sv_of(url.ptr + s->image[i].len), KK_SV("/_dims_/")));
        CHECK_EQ(kk_sv_find(s->image[i], KK_SV("_dims_")), s->image[i].len);
    }
}

static void the_captured_detail_becomes_its_snapshot_field_by_field(void **state)
{
    KK_CLEANUP(capture_done) struct capture capture;
    KK_CLEANUP(snapshot_done) struct snapshot s = {0}, none = {.has_options = true};
    struct kk_jv modules, info, shipping, more;
    char name[KK_HASH_TEXT_BYTES];
    struct kk_hash hash;
    struct kk_err err;

    (void)state;
    capture_open(&capture, "detail.json");
    modules = kk_jv_get(capture.root, "moduleList");
    info = data_of(modules, "ProductInfoModule");
    CHECK_OK(parse_detail(kk_buf_sv(&capture.body), number_of(info, "itemNo"), &s, &err), &err);
    check_info(&s, info);
    check_images(&s, kk_jv_get(data_of(modules, "ProductBannersModule"), "images"));

    shipping = data_of(kk_jv_get(data_of(modules, "ShippingModule"), "items"), "SHIPPING");
    check_text(&s, SNAP_SHIPPING_TYPE, shipping, "shippingType");
    check_text(&s, SNAP_SHIPPING_FEE_TYPE, shipping, "shippingFeeType");
    CHECK_EQ(s.number[SNAP_SHIPPING_FEE], number_of(shipping, "shippingFee"));

    more = data_of(modules, "ProductDetailInfoModule");
    check_text(&s, SNAP_ITEM_STATUS, more, "itemStatus");
    check_text(&s, SNAP_ORIGIN_COUNTRY, more, "originCountry");
    check_text(&s, SNAP_SHIPPING_LOCATION, more, "shippingLocation");
    check_text(&s, SNAP_SALES_METHOD, more, "salesMethod");
    hash = kk_sha256(text_of(more, "descriptionMarkUp")); /* the captured text is in NFC */
    kk_hash_text(&hash, name);
    CHECK_STR(s.text[SNAP_DESCRIPTION_HASH], name);

    CHECK_OK(snapshot_take_options(&s, &none, &err), &err);
    CHECK_OK(snapshot_hash(&s, &hash, &err), &err);
}

static void the_captured_options_become_options_row_by_row(void **state)
{
    KK_CLEANUP(capture_done) struct capture capture;
    KK_CLEANUP(snapshot_done) struct snapshot s = {0};
    struct kk_err err;

    (void)state;
    capture_open(&capture, "option.json");
    CHECK_OK(parse_options(kk_buf_sv(&capture.body), number_of(kk_jv_at(capture.root, 0), "itemNo"), &s, &err), &err);
    CHECK(s.option_count > 0);
    CHECK_EQ(s.option_count, kk_jv_count(capture.root));
    for (size_t i = 0; i < s.option_count; i++) { /* the captured rows are in order of optionNo */
        struct kk_jv row = kk_jv_at(capture.root, i);

        CHECK_EQ(s.option[i].option_no, number_of(row, "optionNo"));
        CHECK_EQ(s.option[i].stock, number_of(row, "stock"));
        CHECK_STR(s.option[i].color, text_of(row, "color"));
        CHECK_STR(s.option[i].size, text_of(row, "size"));
    }
}

static void the_captured_list_gives_every_item(void **state)
{
    KK_CLEANUP(capture_done) struct capture capture;
    KK_CLEANUP(list_page_done) struct list_page page = {0};
    struct kk_jv items;
    struct kk_err err;

    (void)state;
    capture_open(&capture, "mini_shop.json");
    CHECK_OK(parse_list(kk_buf_sv(&capture.body), &page, &err), &err);
    items = kk_jv_get(capture.root, "items");
    CHECK_EQ(page.count, number_of(capture.root, "count"));
    CHECK(page.entry_count > 0);
    CHECK_EQ(page.entry_count, kk_jv_count(items));
    for (size_t i = 0; i < page.entry_count; i++) {
        CHECK_EQ(page.entry[i].item_no, number_of(kk_jv_at(items, i), "itemNo"));
        CHECK(!kk_hash_is_zero(&page.entry[i].hash));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_captured_detail_becomes_its_snapshot_field_by_field),
        cmocka_unit_test(the_captured_options_become_options_row_by_row),
        cmocka_unit_test(the_captured_list_gives_every_item),
    };

    return cmocka_run_group_tests_name("site/captures", tests, NULL, NULL);
}
