#include "core/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static struct snapshot on_sale(int64_t stock)
{
    struct snapshot snapshot = {.item_no = 900100001, .status = PRODUCT_ON_SALE};

    snapshot.number[SNAP_STOCK] = stock;
    return snapshot;
}

static void add_option(struct snapshot *snapshot, int64_t option_no, int64_t stock)
{
    struct kk_err err;

    CHECK_OK(snapshot_add_option(snapshot, option_no, KK_SV("네이비"), KK_SV("M"), stock, &err), &err);
}

static void a_text_is_kept_in_unicode_form_nfc(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(snapshot_set_text(&snapshot, SNAP_NAME, KK_SV("\u1100\u1161\u1106\u1161\u11bc"), &err), &err); /* jamo */
    CHECK_STR(snapshot.text[SNAP_NAME], "가망");
    CHECK_OK(snapshot_set_text(&snapshot, SNAP_NAME, KK_SV("Cafe\u0301"), &err), &err);
    CHECK_STR(snapshot.text[SNAP_NAME], "Caf\u00e9");
    CHECK_EQ(snapshot_set_text(&snapshot, SNAP_NAME, KK_SV("\xff"), &err), KK_BAD_INPUT);
}

/* Views into the snapshot stay good however much comes after them. */
static void texts_do_not_move(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    char long_text[5000];
    struct kk_sv first;
    struct kk_err err;

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    CHECK_OK(snapshot_set_text(&snapshot, SNAP_NAME, KK_SV("first"), &err), &err);
    first = snapshot.text[SNAP_NAME];
    for (int i = 0; i < 50; i++)
        CHECK_OK(snapshot_set_text(&snapshot, SNAP_BRAND_NAME, (struct kk_sv){long_text, sizeof(long_text)}, &err),
                 &err);
    CHECK(snapshot.text[SNAP_NAME].ptr == first.ptr);
    CHECK_STR(first, "first");
}

static void options_are_put_in_order_of_their_number(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = on_sale(3), options = {0};
    struct kk_err err;

    (void)state;
    add_option(&options, 30, 1);
    add_option(&options, 5900100001, 2);
    add_option(&options, 20, 0);
    CHECK_OK(snapshot_take_options(&snapshot, &options, &err), &err);
    CHECK(snapshot.has_options);
    CHECK_EQ(snapshot.option_count, 3);
    CHECK_EQ(snapshot.option[0].option_no, 20);
    CHECK_EQ(snapshot.option[1].option_no, 30);
    CHECK_EQ(snapshot.option[2].option_no, 5900100001);
    CHECK_STR(snapshot.option[2].color, "네이비");
}

static void the_texts_of_an_option_are_kept_in_nfc_too(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(snapshot_add_option(&snapshot, 1, KK_SV("\u1100\u1161"), KK_SV("e\u0301"), 1, &err), &err);
    CHECK_STR(snapshot.option[0].color, "가");
    CHECK_STR(snapshot.option[0].size, "\u00e9");
}

static void taken_options_outlive_where_they_came_from(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = on_sale(3);
    struct snapshot options = {0};
    struct kk_err err;

    (void)state;
    add_option(&options, 1, 1);
    CHECK_OK(snapshot_take_options(&snapshot, &options, &err), &err);
    snapshot_done(&options);
    CHECK_STR(snapshot.option[0].color, "네이비");
    CHECK_STR(snapshot.option[0].size, "M");
}

static void the_same_option_twice_is_a_mismatch_and_leaves_what_was_there(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = on_sale(3), good = {0}, bad = {0};
    struct kk_err err;

    (void)state;
    add_option(&good, 1, 7);
    CHECK_OK(snapshot_take_options(&snapshot, &good, &err), &err);
    add_option(&bad, 2, 1);
    add_option(&bad, 3, 1);
    add_option(&bad, 2, 1);
    CHECK_EQ(snapshot_take_options(&snapshot, &bad, &err), KK_MISMATCH);
    CHECK(strstr(err.msg, "option 2") != NULL);
    CHECK_EQ(snapshot.option_count, 1);
    CHECK_EQ(snapshot.option[0].stock, 7);
}

static enum product_status status_with(enum product_status said, int64_t stock, const int64_t *stocks, size_t count)
{
    struct snapshot snapshot = on_sale(stock), options = {0};
    enum product_status status;
    struct kk_err err;

    snapshot.status = said;
    for (size_t i = 0; i < count; i++)
        add_option(&options, (int64_t)i + 1, stocks[i]);
    CHECK_OK(snapshot_take_options(&snapshot, &options, &err), &err);
    status = snapshot.status;
    snapshot_done(&snapshot);
    snapshot_done(&options);
    return status;
}

static void an_item_is_sold_out_when_the_site_says_so_or_nothing_is_left(void **state)
{
    static const int64_t none[] = {0, 0}, some[] = {0, 2};

    (void)state;
    CHECK_EQ(status_with(PRODUCT_ON_SALE, 5, some, 2), PRODUCT_ON_SALE);
    CHECK_EQ(status_with(PRODUCT_ON_SALE, 0, some, 2), PRODUCT_ON_SALE);
    CHECK_EQ(status_with(PRODUCT_ON_SALE, 5, none, 2), PRODUCT_SOLD_OUT);
    CHECK_EQ(status_with(PRODUCT_ON_SALE, 5, NULL, 0), PRODUCT_ON_SALE);
    CHECK_EQ(status_with(PRODUCT_ON_SALE, 0, NULL, 0), PRODUCT_SOLD_OUT);
    CHECK_EQ(status_with(PRODUCT_SOLD_OUT, 5, some, 2), PRODUCT_SOLD_OUT);
    CHECK_EQ(status_with(PRODUCT_SOLD_OUT, 5, NULL, 0), PRODUCT_SOLD_OUT);
}

static void images_and_options_have_a_maximum(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_err err;

    (void)state;
    for (int i = 0; i < SNAPSHOT_IMAGES_MAX; i++)
        CHECK_OK(snapshot_add_image(&snapshot, KK_SV("https://image.example/a.jpeg"), &err), &err);
    CHECK_EQ(snapshot_add_image(&snapshot, KK_SV("https://image.example/a.jpeg"), &err), KK_BAD_INPUT);
    for (int64_t i = 0; i < SNAPSHOT_OPTIONS_MAX; i++)
        CHECK_OK(snapshot_add_option(&snapshot, i + 1, KK_SV(""), KK_SV(""), 0, &err), &err);
    CHECK_EQ(snapshot_add_option(&snapshot, 9999, KK_SV(""), KK_SV(""), 0, &err), KK_BAD_INPUT);
}

/* Fills a snapshot with texts of one kind of byte until it refuses, and writes it. */
static void fill_and_write(char byte, size_t text_len)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {.item_no = INT64_MAX, .status = PRODUCT_SOLD_OUT};
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(SNAPSHOT_MAX_BYTES);
    char *text = malloc(text_len + 50);
    struct kk_hash hash;
    struct kk_err err;
    enum kk_code rc = KK_OK;

    CHECK(text != NULL);
    memset(text, byte, text_len + 50);
    memset(snapshot.seller_id, 's', SELLER_ID_BYTES - 1);
    for (int i = 0; i < SNAPSHOT_TEXT_COUNT && !rc; i++)
        rc = snapshot_set_text(&snapshot, (enum snapshot_text)i, (struct kk_sv){text, 50}, &err);
    for (int i = 0; i < SNAPSHOT_NUMBER_COUNT; i++)
        snapshot.number[i] = INT64_MAX;
    for (int i = 0; i < SNAPSHOT_IMAGES_MAX && !rc; i++)
        rc = snapshot_add_image(&snapshot, (struct kk_sv){text, text_len}, &err);
    for (int64_t i = 0; i < SNAPSHOT_OPTIONS_MAX && !rc; i++)
        rc = snapshot_add_option(&snapshot, INT64_MAX - i, (struct kk_sv){text, text_len}, KK_SV(""), INT64_MAX, &err);
    CHECK_EQ(rc, text_len > 1 ? KK_BAD_INPUT : KK_OK); /* all options with the shortest texts fit */
    snapshot.has_options = true;
    snapshot_write(&snapshot, &out);
    CHECK_EQ(out.failed, KK_OK);
    CHECK_OK(snapshot_hash(&snapshot, &hash, &err), &err);
    free(text);
}

static void what_could_be_built_can_be_written(void **state)
{
    (void)state;
    fill_and_write('x', 300);
    fill_and_write('\x01', 300);
    fill_and_write('"', 80);
    fill_and_write('\\', 1);
    fill_and_write('x', 100000);
    fill_and_write('x', 2000000);
}

/* Leaves exactly `left` bytes of what a snapshot may cost. */
static struct snapshot nearly_full(size_t left)
{
    struct snapshot snapshot = {0};
    char *text = malloc(SNAPSHOT_MAX_BYTES);
    struct kk_err err;

    CHECK(text != NULL);
    memset(text, 'x', SNAPSHOT_MAX_BYTES);
    CHECK_OK(snapshot_set_text(&snapshot, SNAP_NAME, KK_SV("x"), &err), &err);
    CHECK_OK(snapshot_set_text(&snapshot, SNAP_NAME,
                               (struct kk_sv){text, SNAPSHOT_MAX_BYTES - snapshot.spent_bytes_ - left}, &err),
             &err);
    free(text);
    return snapshot;
}

static void what_does_not_fit_is_refused_whole(void **state)
{
    struct kk_err err;

    (void)state;
    for (size_t left = 5; left < 170; left = left == 10 ? 158 : left + 1) {
        KK_CLEANUP(snapshot_done) struct snapshot image = nearly_full(left), option = nearly_full(left);

        CHECK_EQ(snapshot_add_image(&image, KK_SV("12345"), &err), left < 8 ? KK_BAD_INPUT : KK_OK);
        CHECK_EQ(image.image_count, left >= 8);
        CHECK_EQ(snapshot_add_option(&option, 1, KK_SV("12"), KK_SV("34"), 1, &err), left < 164 ? KK_BAD_INPUT : KK_OK);
        CHECK_EQ(option.option_count, left >= 164);
    }
}

static void every_status_is_read_back(void **state)
{
    enum product_status status;

    (void)state;
    for (int s = PRODUCT_ON_SALE; s <= PRODUCT_REMOVED; s++) {
        CHECK(product_status_parse(kk_sv_of(product_status_name((enum product_status)s)), &status));
        CHECK_EQ(status, s);
    }
    CHECK(!product_status_parse(KK_SV("on_sale"), &status));
    CHECK(!product_status_parse(KK_SV("NONE"), &status));
    CHECK_STR(product_status_name(PRODUCT_NONE), "NONE");
}

static void a_zeroed_snapshot_and_none_can_be_done_with(void **state)
{
    struct snapshot snapshot = {0};

    (void)state;
    snapshot_done(&snapshot);
    snapshot_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_kept_in_unicode_form_nfc),
        cmocka_unit_test(texts_do_not_move),
        cmocka_unit_test(options_are_put_in_order_of_their_number),
        cmocka_unit_test(the_texts_of_an_option_are_kept_in_nfc_too),
        cmocka_unit_test(taken_options_outlive_where_they_came_from),
        cmocka_unit_test(the_same_option_twice_is_a_mismatch_and_leaves_what_was_there),
        cmocka_unit_test(an_item_is_sold_out_when_the_site_says_so_or_nothing_is_left),
        cmocka_unit_test(images_and_options_have_a_maximum),
        cmocka_unit_test(what_could_be_built_can_be_written),
        cmocka_unit_test(what_does_not_fit_is_refused_whole),
        cmocka_unit_test(every_status_is_read_back),
        cmocka_unit_test(a_zeroed_snapshot_and_none_can_be_done_with),
    };

    return cmocka_run_group_tests_name("core/snapshot", tests, NULL, NULL);
}
