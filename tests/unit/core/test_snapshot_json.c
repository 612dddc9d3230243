#include "core/snapshot.h"

#include <string.h>

#include "base/json.h"
#include "support/check.h"

/* design.md section 6, to the letter. */
static const char example[] =
    "{\"itemNo\":117757690,\"sellerId\":\"luxmaison\",\"status\":\"ON_SALE\",\"name\":\"니트\",\"brandName\":\"TESTA\","
    "\"brandNameKr\":\"테스타\",\"brandCode\":9001,"
    "\"category\":{\"header\":\"W\",\"large\":\"16\",\"medium\":\"16r09\",\"small\":\"16r09r01\"},"
    "\"normalPrice\":1650000,\"sellingPrice\":990000,\"discountPrice\":891000,\"stock\":4,"
    "\"images\":[\"https://image.example/a01.jpeg\",\"https://image.example/a02.jpeg\"],"
    "\"options\":[{\"optionNo\":5900100001,\"color\":\"네이비\",\"size\":\"M\",\"stock\":2},"
    "{\"optionNo\":5900100002,\"color\":\"\",\"size\":\"L \\\"slim\\\"\",\"stock\":0}],"
    "\"shippingType\":\"DOMESTIC\",\"shippingFee\":0,\"shippingFeeType\":\"FREE\",\"itemStatus\":\"새상품\","
    "\"originCountry\":\"ITALY\",\"shippingLocation\":\"서울 강남구\",\"salesMethod\":\"병행수입\","
    "\"descriptionHash\":\"sha256:00\"}";

static struct snapshot read_example(void)
{
    struct snapshot snapshot = {0};
    struct kk_err err;

    CHECK_OK(snapshot_read(kk_sv_of(example), &snapshot, &err), &err);
    return snapshot;
}

static void what_is_read_is_written_the_same(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = read_example();
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(SNAPSHOT_MAX_BYTES);

    (void)state;
    snapshot_write(&snapshot, &out);
    CHECK_STR(kk_buf_sv(&out), example);
}

static void every_field_is_read_into_its_place(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot s = read_example();

    (void)state;
    CHECK_EQ(s.item_no, 117757690);
    CHECK_STR(s.seller_id, "luxmaison");
    CHECK_EQ(s.status, PRODUCT_ON_SALE);
    CHECK_STR(s.text[SNAP_NAME], "니트");
    CHECK_STR(s.text[SNAP_CATEGORY_HEADER], "W");
    CHECK_STR(s.text[SNAP_CATEGORY_SMALL], "16r09r01");
    CHECK_EQ(s.number[SNAP_BRAND_CODE], 9001);
    CHECK_EQ(s.number[SNAP_DISCOUNT_PRICE], 891000);
    CHECK_EQ(s.image_count, 2);
    CHECK_STR(s.image[1], "https://image.example/a02.jpeg");
    CHECK_EQ(s.option_count, 2);
    CHECK_STR(s.option[1].size, "L \"slim\"");
    CHECK(s.has_options);
    CHECK_STR(s.text[SNAP_DESCRIPTION_HASH], "sha256:00");
}

/* The hash is over the text without sellerId, and over nothing else. */
static void the_hash_is_over_the_canonical_text_without_the_seller(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = read_example();
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(SNAPSHOT_MAX_BYTES);
    struct kk_sv seller = KK_SV("\"sellerId\":\"luxmaison\",");
    size_t at = kk_sv_find(kk_sv_of(example), seller);
    struct kk_hash hash, expected;
    struct kk_err err;

    (void)state;
    kk_buf_add(&text, (struct kk_sv){example, at});
    kk_buf_add(&text, kk_sv_of(example + at + seller.len));
    expected = kk_sha256(kk_buf_sv(&text));
    CHECK_OK(snapshot_hash(&snapshot, &hash, &err), &err);
    CHECK(kk_hash_eq(&hash, &expected));
}

static void change_one(struct snapshot *snapshot, const struct snapshot_field *field)
{
    if (field->kind == SNAPSHOT_TEXT)
        snapshot->text[field->index] = KK_SV("changed");
    else if (field->kind == SNAPSHOT_NUMBER)
        snapshot->number[field->index]++;
    else if (field->index == SNAP_ITEM_NO)
        snapshot->item_no++;
    else if (field->index == SNAP_SELLER_ID)
        snapshot->seller_id[0] = 'X';
    else if (field->index == SNAP_STATUS)
        snapshot->status = PRODUCT_REMOVED;
    else if (field->index == SNAP_IMAGES)
        snapshot->image_count--;
    else
        snapshot->option[0].stock++;
}

static void every_field_moves_the_hash_but_the_seller(void **state)
{
    struct kk_hash before;
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT; i++) {
        KK_CLEANUP(snapshot_done) struct snapshot snapshot = read_example();
        struct kk_hash after;

        CHECK_OK(snapshot_hash(&snapshot, &before, &err), &err);
        change_one(&snapshot, &snapshot_fields[i]);
        CHECK_OK(snapshot_hash(&snapshot, &after, &err), &err);
        CHECK_EQ(kk_hash_eq(&before, &after), strcmp(snapshot_fields[i].name, "sellerId") == 0);
    }
}

static void a_detail_alone_has_no_options_and_no_hash(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = read_example(), again = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(SNAPSHOT_MAX_BYTES);
    struct kk_hash hash;
    struct kk_err err;

    (void)state;
    snapshot.has_options = false;
    CHECK_EQ(snapshot_hash(&snapshot, &hash, &err), KK_BAD_INPUT);
    snapshot_write(&snapshot, &out);
    CHECK_EQ(kk_sv_find(kk_buf_sv(&out), KK_SV("\"options\"")), out.len);
    CHECK_OK(snapshot_read(kk_buf_sv(&out), &again, &err), &err);
    CHECK(!again.has_options);
    CHECK_STR(again.text[SNAP_SHIPPING_TYPE], "DOMESTIC");
}

static void no_options_and_no_images_stay_empty_lists(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {.item_no = 5, .status = PRODUCT_ON_SALE, .has_options = true};
    KK_CLEANUP(snapshot_done) struct snapshot again = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(SNAPSHOT_MAX_BYTES);
    struct kk_err err;

    (void)state;
    snapshot_write(&snapshot, &out);
    CHECK(kk_sv_find(kk_buf_sv(&out), KK_SV("\"images\":[],\"options\":[],")) < out.len);
    CHECK_OK(snapshot_read(kk_buf_sv(&out), &again, &err), &err);
    CHECK(again.has_options);
    CHECK_EQ(again.option_count, 0);
}

static void what_an_older_or_newer_binary_wrote_is_no_damage(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(
        snapshot_read(KK_SV("{\"newField\":[1],\"itemNo\":5,\"sellerId\":\"a\",\"status\":\"REMOVED\",\"images\":[]}"),
                      &snapshot, &err),
        &err);
    CHECK_EQ(snapshot.status, PRODUCT_REMOVED);
    CHECK_STR(snapshot.text[SNAP_NAME], "");
    CHECK_EQ(snapshot.number[SNAP_STOCK], 0);
}

/* example with the first `from` replaced by `to` */
static enum kk_code read_with(const char *from, const char *to, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(SNAPSHOT_MAX_BYTES);
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    size_t at = kk_sv_find(kk_sv_of(example), kk_sv_of(from));

    CHECK(at < sizeof(example) - 1);
    kk_buf_add(&text, (struct kk_sv){example, at});
    kk_buf_add(&text, kk_sv_of(to));
    kk_buf_add(&text, kk_sv_of(example + at + strlen(from)));
    return snapshot_read(kk_buf_sv(&text), &snapshot, err);
}

static void damage_is_named(void **state)
{
    static const struct {
        const char *from, *to, *named;
    } cases[] = {
        {"\"itemNo\":117757690", "\"itemNo\":\"1\"", "itemNo"},
        {"\"itemNo\":117757690", "\"itemNo\":0", "itemNo"},
        {"\"itemNo\"", "\"itemNr\"", "itemNo"},
        {"\"luxmaison\"", "7", "sellerId"},
        {"\"luxmaison\"", "\"0123456789012345678901234567890123456789012345678901234567890123456789\"", "sellerId"},
        {"\"ON_SALE\"", "\"ON_SAIL\"", "status"},
        {"\"ON_SALE\"", "1", "status"},
        {"\"니트\"", "null", "name"},
        {"9001", "\"9001\"", "brandCode"},
        {"9001", "-1", "brandCode"},
        {"\"images\":[", "\"images\":[null,", "images"},
        {"\"images\":[", "\"pictures\":[", "images"},
        {"\"options\":[", "\"options\":[7,", "options"},
        {"\"options\":[", "\"options\":{},\"x\":[", "options"},
        {"5900100001", "0", "options"},
        {"5900100001", "5900100002", "5900100002"},
        {"\"stock\":2", "\"stock\":-2", "options"},
        {"\"stock\":2", "\"stock\":null", "options"},
        {"\"size\":\"M\"", "\"size\":1", "options"},
        {"\"color\":\"네이비\"", "\"colour\":\"네이비\"", "options"},
        {"}", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        struct kk_err err = {0};

        CHECK_EQ(read_with(cases[i].from, cases[i].to, &err), KK_CORRUPT);
        if (!strstr(err.msg, cases[i].named))
            print_error("\"%s\" does not name %s\n", err.msg, cases[i].named);
        CHECK(strstr(err.msg, cases[i].named) != NULL);
    }
}

static void bytes_that_are_no_json_are_damage(void **state)
{
    struct snapshot snapshot = {0};

    (void)state;
    CHECK_EQ(snapshot_read(KK_SV(""), &snapshot, NULL), KK_CORRUPT);
    CHECK_EQ(snapshot_read(KK_SV("[]"), &snapshot, NULL), KK_CORRUPT);
    CHECK_EQ(snapshot_read(KK_SV("null"), &snapshot, NULL), KK_CORRUPT);
}

static void more_images_than_were_ever_written_are_damage(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(SNAPSHOT_MAX_BYTES);
    struct snapshot snapshot = {0};

    (void)state;
    kk_buf_add(&text, KK_SV("{\"itemNo\":5,\"sellerId\":\"a\",\"status\":\"ON_SALE\",\"images\":["));
    for (int i = 0; i <= SNAPSHOT_IMAGES_MAX; i++)
        kk_jw_str(&text, KK_SV("u"));
    kk_buf_add(&text, KK_SV("]}"));
    CHECK_EQ(snapshot_read(kk_buf_sv(&text), &snapshot, NULL), KK_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_the_same),
        cmocka_unit_test(every_field_is_read_into_its_place),
        cmocka_unit_test(the_hash_is_over_the_canonical_text_without_the_seller),
        cmocka_unit_test(every_field_moves_the_hash_but_the_seller),
        cmocka_unit_test(a_detail_alone_has_no_options_and_no_hash),
        cmocka_unit_test(no_options_and_no_images_stay_empty_lists),
        cmocka_unit_test(what_an_older_or_newer_binary_wrote_is_no_damage),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(bytes_that_are_no_json_are_damage),
        cmocka_unit_test(more_images_than_were_ever_written_are_damage),
    };

    return cmocka_run_group_tests_name("core/snapshot_json", tests, NULL, NULL);
}
