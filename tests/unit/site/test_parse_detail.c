#include "site/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "unit/site/body.h"

#define ITEM 900200001

static enum kk_code parse(const char *name, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = body_read(name);

    return parse_detail(kk_buf_sv(&body), ITEM, ret, err);
}

/* The canonical text of a detail. */
static struct kk_buf canonical(const char *name)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_buf out = KK_BUF(SNAPSHOT_MAX_BYTES);
    struct kk_err err;

    CHECK_OK(parse(name, &snapshot, &err), &err);
    snapshot_write(&snapshot, &out);
    return out;
}

static void a_detail_becomes_the_snapshot_of_the_design(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = canonical("detail");

    (void)state;
    CHECK_STR(
        kk_buf_sv(&text),
        "{\"itemNo\":900200001,\"sellerId\":\"magpie\",\"status\":\"ON_SALE\","
        "\"name\":\"까치상회 여성 둥지 토트백(브라운) KK26-0101\",\"brandName\":\"NIDO\",\"brandNameKr\":\"니도\","
        "\"brandCode\":9100,"
        "\"category\":{\"header\":\"W\",\"large\":\"16\",\"medium\":\"16r07\",\"small\":\"16r07r02\"},"
        "\"normalPrice\":1200000,\"sellingPrice\":900000,\"discountPrice\":840000,\"stock\":5,"
        "\"images\":[\"https://image.mustit.co.kr/lib/upload/product/magpie/2026/02/a01.jpeg\","
        "\"https://image.mustit.co.kr/lib/upload/product/magpie/2026/02/a02.jpeg\"],"
        "\"shippingType\":\"DOMESTIC\",\"shippingFee\":3000,\"shippingFeeType\":\"PAID\","
        "\"itemStatus\":\"새상품\",\"originCountry\":\"이탈리아\",\"shippingLocation\":\"서울 종로구\","
        "\"salesMethod\":\"병행수입\",\"descriptionHash\":"
        "\"sha256:e94ac7f6c449813840fa6a5e8073905914fb2772ade04eed97e873f6c2f30e3f\"}");
}

static void what_does_not_matter_does_not_show(void **state)
{
    static const char *const same[] = {
        "detail_modules_unknown_and_in_another_order",
        "detail_modules_twice",
        "detail_numbers_as_text",
        "detail_hangul_decomposed",
        "detail_images_without_tail",
        "detail_fields_in_another_order",
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf expected = canonical("detail");

    (void)state;
    for (size_t i = 0; i < KK_COUNT(same); i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf text = canonical(same[i]);

        CHECK_STR(kk_buf_sv(&text), kk_buf_sv(&expected));
    }
}

static void null_missing_and_empty_are_one_where_a_field_is_optional(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf missing = canonical("detail_without_optional_fields");
    KK_CLEANUP(kk_buf_done) struct kk_buf null = canonical("detail_optional_fields_null");
    KK_CLEANUP(kk_buf_done) struct kk_buf texts_null = canonical("detail_texts_null");
    KK_CLEANUP(kk_buf_done) struct kk_buf texts_empty = canonical("detail_texts_empty");

    (void)state;
    CHECK_STR(kk_buf_sv(&missing), kk_buf_sv(&null));
    CHECK(strstr(kk_buf_cstr(&missing), "\"small\":\"\"}") != NULL);
    CHECK(strstr(kk_buf_cstr(&missing), "\"salesMethod\":\"\"") != NULL);
    CHECK_STR(kk_buf_sv(&texts_null), kk_buf_sv(&texts_empty));
    CHECK(strstr(kk_buf_cstr(&texts_null), "\"brandName\":\"\"") != NULL);
}

static void status_prices_and_images_may_be_at_their_ends(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot sold_out = {0}, zero = {0}, bare = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse("detail_sold_out", &sold_out, &err), &err);
    CHECK_EQ(sold_out.status, PRODUCT_SOLD_OUT);
    CHECK_OK(parse("detail_prices_zero", &zero, &err), &err);
    CHECK_EQ(zero.number[SNAP_NORMAL_PRICE], 0);
    CHECK_EQ(zero.number[SNAP_DISCOUNT_PRICE], 840000);
    CHECK_OK(parse("detail_no_images", &bare, &err), &err);
    CHECK_EQ(bare.image_count, 0);
    CHECK(!bare.has_options);
}

static void another_shape_is_a_mismatch_that_names_its_path(void **state)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        {"detail_missing_info_module", "moduleList[ProductInfoModule].data is missing"},
        {"detail_missing_banners_module", "moduleList[ProductBannersModule].data is missing"},
        {"detail_missing_shipping_module", "moduleList[ShippingModule].data.items[SHIPPING].data is missing"},
        {"detail_missing_shipping_item", "moduleList[ShippingModule].data.items[SHIPPING].data is missing"},
        {"detail_missing_detail_info_module", "moduleList[ProductDetailInfoModule].data is missing"},
        {"detail_missing_images", "moduleList[ProductBannersModule].data.images is missing"},
        {"detail_missing_price", "moduleList[ProductInfoModule].data.sellingPrice is missing"},
        {"detail_missing_origin_country", "moduleList[ProductDetailInfoModule].data.originCountry is missing"},
        {"detail_missing_brand_name", "moduleList[ProductInfoModule].data.brandName is missing"},
        {"detail_price_is_null", "ProductInfoModule].data.sellingPrice is null"},
        {"detail_price_is_negative", "ProductInfoModule].data.discountPrice is no integer"},
        {"detail_price_is_empty_text", "ProductInfoModule].data.normalPrice is no integer"},
        {"detail_price_with_percent", "ProductInfoModule].data.sellingPrice is no integer"},
        {"detail_item_number_with_percent", "ProductInfoModule].data.itemNo is no integer over 0"},
        {"detail_price_has_decimals", "ProductInfoModule].data.normalPrice is no integer"},
        {"detail_stock_is_object", "ProductInfoModule].data.stock is no integer"},
        {"detail_sold_out_is_text", "ProductInfoModule].data.isSoldOut is neither"},
        {"detail_name_is_null", "ProductInfoModule].data.itemName is null"},
        {"detail_name_is_number", "ProductInfoModule].data.itemName is no text"},
        {"detail_image_is_number", "ProductBannersModule].data.images holds"},
        {"detail_images_are_text", "ProductBannersModule].data.images is no list"},
        {"detail_info_is_array", "moduleList[ProductInfoModule].data is missing, or is no object"},
        {"detail_of_another_item", "ProductInfoModule].data.itemNo is 900200002"},
        {"detail_description_of_another_item", "ProductDetailInfoModule].data.itemNo is 900200002"},
        {"detail_seller_is_empty", "ProductInfoModule].data.sellerId"},
        {"detail_seller_is_too_long", "ProductInfoModule].data.sellerId"},
        {"detail_too_many_images", "ProductBannersModule].data.images"},
        {"detail_without_modules", "moduleList[ProductBannersModule].data is missing"},
        {"detail_module_list_is_object", "moduleList is missing"},
        {"detail_is_error", "moduleList is missing"},
        {"options", "moduleList is missing"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        struct snapshot snapshot = {.item_no = 42};
        struct kk_err err = {0};

        if (parse(cases[i].name, &snapshot, &err) != KK_MISMATCH || !strstr(err.msg, cases[i].path))
            print_error("%s: \"%s\" does not say \"%s\"\n", cases[i].name, err.msg, cases[i].path);
        CHECK_EQ(err.code, KK_MISMATCH);
        CHECK(strstr(err.msg, cases[i].path) != NULL);
        CHECK_EQ(snapshot.item_no, 42);
    }
}

static void bytes_that_are_no_json_are_a_mismatch(void **state)
{
    struct snapshot snapshot = {0};

    (void)state;
    CHECK_EQ(parse_detail(KK_SV(""), ITEM, &snapshot, NULL), KK_MISMATCH);
    CHECK_EQ(parse_detail(KK_SV("<html></html>"), ITEM, &snapshot, NULL), KK_MISMATCH);
    CHECK_EQ(parse_detail(KK_SV("{\"moduleList\":["), ITEM, &snapshot, NULL), KK_MISMATCH);
    CHECK_EQ(parse_detail(KK_SV("{\"moduleList\":[\"\xff\"]}"), ITEM, &snapshot, NULL), KK_MISMATCH);
    CHECK_EQ(parse_detail(KK_SV("null"), ITEM, &snapshot, NULL), KK_MISMATCH);
}

static void a_body_cut_anywhere_is_a_mismatch(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = body_read("detail");

    (void)state;
    while (body.len > 0 && body.ptr[body.len - 1] != '}')
        body.len--;
    for (size_t len = 0; len < body.len; len += 7) {
        struct snapshot snapshot = {0};

        CHECK_EQ(parse_detail((struct kk_sv){body.ptr, len}, ITEM, &snapshot, NULL), KK_MISMATCH);
    }
}

static void a_body_over_the_cap_is_not_read(void **state)
{
    char *huge = calloc(1, PARSE_MAX_BYTES + 1);
    struct snapshot snapshot = {0};
    struct kk_err err;

    (void)state;
    CHECK(huge != NULL);
    CHECK_EQ(parse_detail((struct kk_sv){huge, PARSE_MAX_BYTES + 1}, ITEM, &snapshot, &err), KK_MISMATCH);
    CHECK(strstr(err.msg, "longer than a reply may be") != NULL);
    free(huge);
}

/* The reference speaks of descriptions without bound; 2 MiB is what the sandbox serves. */
static void a_long_description_costs_only_its_hash(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = body_read("detail"), huge = KK_BUF(4 * BODY_MAX_BYTES);
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    size_t at = kk_sv_find(kk_buf_sv(&body), KK_SV("가죽 100%"));
    struct kk_err err;

    (void)state;
    CHECK(at < body.len);
    kk_buf_add(&huge, (struct kk_sv){body.ptr, at});
    for (int i = 0; i < 40000; i++)
        kk_buf_add(&huge, KK_SV("<p>설명 \u00b7 \u1112\u1161\u11ab and ASCII text of some length</p>"));
    kk_buf_add(&huge, (struct kk_sv){body.ptr + at, body.len - at});
    CHECK_EQ(huge.failed, KK_OK);
    CHECK(huge.len > 2 * BODY_MAX_BYTES);
    CHECK_OK(parse_detail(kk_buf_sv(&huge), ITEM, &snapshot, &err), &err);
    CHECK_EQ(snapshot.text[SNAP_DESCRIPTION_HASH].len, KK_HASH_TEXT_BYTES - 1);
}

static void a_deep_body_costs_no_stack(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf deep = KK_BUF(4 * BODY_MAX_BYTES);
    struct snapshot snapshot = {0};

    (void)state;
    for (int i = 0; i < 1000000; i++)
        kk_buf_addc(&deep, '[');
    CHECK_EQ(parse_detail(kk_buf_sv(&deep), ITEM, &snapshot, NULL), KK_MISMATCH);
    for (int i = 0; i < 1000000; i++)
        kk_buf_addc(&deep, ']');
    CHECK_EQ(parse_detail(kk_buf_sv(&deep), ITEM, &snapshot, NULL), KK_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_detail_becomes_the_snapshot_of_the_design),
        cmocka_unit_test(what_does_not_matter_does_not_show),
        cmocka_unit_test(null_missing_and_empty_are_one_where_a_field_is_optional),
        cmocka_unit_test(status_prices_and_images_may_be_at_their_ends),
        cmocka_unit_test(another_shape_is_a_mismatch_that_names_its_path),
        cmocka_unit_test(bytes_that_are_no_json_are_a_mismatch),
        cmocka_unit_test(a_body_cut_anywhere_is_a_mismatch),
        cmocka_unit_test(a_body_over_the_cap_is_not_read),
        cmocka_unit_test(a_long_description_costs_only_its_hash),
        cmocka_unit_test(a_deep_body_costs_no_stack),
    };

    return cmocka_run_group_tests_name("site/parse_detail", tests, NULL, NULL);
}
