#include "core/change.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/rng.h"
#include "support/check.h"

static struct snapshot product(void)
{
    struct snapshot s = {.item_no = 900100001, .status = PRODUCT_ON_SALE, .has_options = true};
    struct kk_err err;

    CHECK_OK(snapshot_set_text(&s, SNAP_NAME, KK_SV("니트"), &err), &err);
    CHECK_OK(snapshot_set_text(&s, SNAP_CATEGORY_SMALL, KK_SV("15r05r01"), &err), &err);
    CHECK_OK(snapshot_add_image(&s, KK_SV("https://image.example/a.jpeg"), &err), &err);
    CHECK_OK(snapshot_add_option(&s, 10, KK_SV("네이비"), KK_SV("M"), 2, &err), &err);
    CHECK_OK(snapshot_add_option(&s, 20, KK_SV("네이비"), KK_SV("L"), 0, &err), &err);
    s.number[SNAP_SELLING_PRICE] = 545600;
    kk_sv_copy(KK_SV("luxmaison"), s.seller_id, sizeof(s.seller_id));
    return s;
}

static void check_changes(const struct snapshot *before, const struct snapshot *after, const char *expected,
                          size_t expected_count)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(CHANGE_MAX_BYTES);
    size_t count = change_list(before, after, &out);

    CHECK_STR(kk_buf_sv(&out), expected);
    CHECK_EQ(count, expected_count);
}

static void equal_snapshots_have_no_differences(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    check_changes(&before, &after, "[]", 0);
}

static void another_seller_is_no_difference_because_it_makes_no_version(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    after.seller_id[0] = 'L';
    check_changes(&before, &after, "[]", 0);
}

static void a_price_a_text_and_the_status_tell_what_they_were_and_are(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    after.number[SNAP_SELLING_PRICE] = 529000;
    after.text[SNAP_NAME] = KK_SV("\"새\" 니트");
    after.text[SNAP_CATEGORY_SMALL] = KK_SV("");
    after.status = PRODUCT_SOLD_OUT;
    check_changes(&before, &after,
                  "[{\"field\":\"status\",\"from\":\"ON_SALE\",\"to\":\"SOLD_OUT\"},"
                  "{\"field\":\"name\",\"from\":\"니트\",\"to\":\"\\\"새\\\" 니트\"},"
                  "{\"field\":\"category.small\",\"from\":\"15r05r01\",\"to\":\"\"},"
                  "{\"field\":\"sellingPrice\",\"from\":545600,\"to\":529000}]",
                  4);
}

static void images_are_told_as_whole_lists(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();
    struct kk_err err;

    (void)state;
    CHECK_OK(snapshot_add_image(&after, KK_SV("https://image.example/b.jpeg"), &err), &err);
    check_changes(&before, &after,
                  "[{\"field\":\"images\",\"from\":[\"https://image.example/a.jpeg\"],"
                  "\"to\":[\"https://image.example/a.jpeg\",\"https://image.example/b.jpeg\"]}]",
                  1);
    after.image_count = 1;
    after.image[0] = KK_SV("c");
    check_changes(&before, &after,
                  "[{\"field\":\"images\",\"from\":[\"https://image.example/a.jpeg\"],\"to\":[\"c\"]}]", 1);
}

static void an_option_tells_each_of_its_parts(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    after.option[0].stock = 1;
    after.option[1].color = KK_SV("그레이");
    after.option[1].size = KK_SV("");
    check_changes(&before, &after,
                  "[{\"field\":\"options[10].stock\",\"from\":2,\"to\":1},"
                  "{\"field\":\"options[20].color\",\"from\":\"네이비\",\"to\":\"그레이\"},"
                  "{\"field\":\"options[20].size\",\"from\":\"L\",\"to\":\"\"}]",
                  3);
}

static void options_that_came_or_went_have_null_on_one_side(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    after.option[0].option_no = 5;
    before.option[1].option_no = 30;
    check_changes(
        &before, &after,
        "[{\"field\":\"options[5]\",\"from\":null,"
        "\"to\":{\"optionNo\":5,\"color\":\"네이비\",\"size\":\"M\",\"stock\":2}},"
        "{\"field\":\"options[10]\",\"from\":{\"optionNo\":10,\"color\":\"네이비\",\"size\":\"M\",\"stock\":2},"
        "\"to\":null},"
        "{\"field\":\"options[20]\",\"from\":null,"
        "\"to\":{\"optionNo\":20,\"color\":\"네이비\",\"size\":\"L\",\"stock\":0}},"
        "{\"field\":\"options[30]\",\"from\":{\"optionNo\":30,\"color\":\"네이비\",\"size\":\"L\",\"stock\":0},"
        "\"to\":null}]",
        4);
}

static void every_number_and_text_is_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT; i++) {
        KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();
        KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(CHANGE_MAX_BYTES);
        const struct snapshot_field *field = &snapshot_fields[i];
        char name[64];

        if (field->kind == SNAPSHOT_OTHER)
            continue;
        if (field->kind == SNAPSHOT_TEXT)
            after.text[field->index] = KK_SV("changed");
        else
            after.number[field->index] = 1;
        CHECK_EQ(change_list(&before, &after, &out), 1);
        snprintf(name, sizeof(name), "\"field\":\"%s%s%s\"", field->group, field->group[0] ? "." : "", field->name);
        CHECK(strstr(kk_buf_cstr(&out), name) != NULL);
    }
}

static void another_item_number_is_a_difference_too(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = product(), after = product();

    (void)state;
    after.item_no = 7;
    check_changes(&before, &after, "[{\"field\":\"itemNo\",\"from\":900100001,\"to\":7}]", 1);
}

static struct snapshot random_product(const struct kk_rng *rng)
{
    static const struct kk_sv words[] = {{"", 0}, {"M", 1}, {"네이비", 9}, {"\"", 1}};
    struct snapshot s = {.item_no = 5, .has_options = true};

    s.status = kk_rng_chance(rng, 1, 2) ? PRODUCT_ON_SALE : PRODUCT_SOLD_OUT;
    for (int i = 0; i < SNAPSHOT_TEXT_COUNT; i++)
        CHECK_EQ(snapshot_set_text(&s, (enum snapshot_text)i, words[kk_rng_below(rng, 2)], NULL), KK_OK);
    for (int i = 0; i < SNAPSHOT_NUMBER_COUNT; i++)
        s.number[i] = (int64_t)kk_rng_below(rng, 2);
    for (uint64_t i = kk_rng_below(rng, 3); i > 0; i--)
        CHECK_EQ(snapshot_add_image(&s, words[kk_rng_below(rng, 4)], NULL), KK_OK);
    for (int64_t no = 1; no < 8; no++)
        if (kk_rng_chance(rng, 1, 2))
            CHECK_EQ(snapshot_add_option(&s, no, words[kk_rng_below(rng, 4)], words[kk_rng_below(rng, 4)],
                                         (int64_t)kk_rng_below(rng, 2), NULL),
                     KK_OK);
    return s;
}

/* R6, R7: neighbours differ in hash exactly when there is something to tell. */
static void there_is_something_to_tell_exactly_when_the_hashes_differ(void **state)
{
    int equal = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct kk_rng_seeded seeded;
        struct kk_rng rng = kk_rng_from_seed(&seeded, seed);
        KK_CLEANUP(snapshot_done) struct snapshot before = random_product(&rng), after = {0};
        KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(CHANGE_MAX_BYTES);
        KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
        struct kk_hash was, is;
        struct kk_err err;

        if (kk_rng_chance(&rng, 1, 4))
            kk_rng_from_seed(&seeded, seed);
        after = random_product(&rng);
        CHECK_OK(snapshot_hash(&before, &was, &err), &err);
        CHECK_OK(snapshot_hash(&after, &is, &err), &err);

        size_t count = change_list(&before, &after, &out);

        CHECK_OK(kk_json_parse(kk_buf_sv(&out), &json, &err), &err);
        if ((count == 0) != kk_hash_eq(&was, &is) || kk_jv_count(kk_json_root(json)) != count)
            print_error("seed %llu\n", (unsigned long long)seed);
        CHECK_EQ(count == 0, kk_hash_eq(&was, &is));
        CHECK_EQ(kk_jv_count(kk_json_root(json)), count);
        equal += count == 0;
    }
    CHECK(equal > 100);
}

/* A seller who renames every option of two full snapshots at once. */
static void the_longest_differences_fit(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = {.item_no = 5, .status = PRODUCT_ON_SALE, .has_options = true};
    KK_CLEANUP(snapshot_done) struct snapshot gone = {.item_no = 5, .status = PRODUCT_ON_SALE, .has_options = true};
    KK_CLEANUP(snapshot_done) struct snapshot renamed = {.item_no = 5, .status = PRODUCT_ON_SALE, .has_options = true};
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(CHANGE_MAX_BYTES);
    struct kk_sv a = KK_SV("\x01\x01"), b = KK_SV("\x02\x02");

    (void)state;
    for (int64_t i = 0; i < SNAPSHOT_OPTIONS_MAX; i++) {
        CHECK_EQ(snapshot_add_option(&before, INT64_MAX - 20000 + i, a, a, INT64_MAX, NULL), KK_OK);
        CHECK_EQ(snapshot_add_option(&renamed, INT64_MAX - 20000 + i, b, b, INT64_MAX - 1, NULL), KK_OK);
        CHECK_EQ(snapshot_add_option(&gone, INT64_MAX - 10000 + i, b, b, INT64_MAX, NULL), KK_OK);
    }
    CHECK_EQ(change_list(&before, &renamed, &out), 3 * SNAPSHOT_OPTIONS_MAX);
    CHECK_EQ(out.failed, KK_OK);
    kk_buf_clear(&out);
    CHECK_EQ(change_list(&before, &gone, &out), 2 * SNAPSHOT_OPTIONS_MAX);
    CHECK_EQ(out.failed, KK_OK);
}

static void the_type_of_a_change_follows_from_the_status(void **state)
{
    static const enum product_status statuses[] = {PRODUCT_ON_SALE, PRODUCT_SOLD_OUT, PRODUCT_REMOVED};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(statuses); i++) {
        struct snapshot before = {.status = statuses[i]};

        CHECK_EQ(change_type_of(NULL, &before), CHANGE_CREATED);
        for (size_t k = 0; k < KK_COUNT(statuses); k++) {
            bool was_removed = statuses[i] == PRODUCT_REMOVED, is_removed = statuses[k] == PRODUCT_REMOVED;

            CHECK_EQ(change_type_of(&before, &(struct snapshot){.status = statuses[k]}),
                     was_removed == is_removed ? CHANGE_CHANGED
                     : is_removed              ? CHANGE_REMOVED
                                               : CHANGE_RETURNED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_snapshots_have_no_differences),
        cmocka_unit_test(another_seller_is_no_difference_because_it_makes_no_version),
        cmocka_unit_test(a_price_a_text_and_the_status_tell_what_they_were_and_are),
        cmocka_unit_test(images_are_told_as_whole_lists),
        cmocka_unit_test(an_option_tells_each_of_its_parts),
        cmocka_unit_test(options_that_came_or_went_have_null_on_one_side),
        cmocka_unit_test(every_number_and_text_is_compared),
        cmocka_unit_test(another_item_number_is_a_difference_too),
        cmocka_unit_test(there_is_something_to_tell_exactly_when_the_hashes_differ),
        cmocka_unit_test(the_longest_differences_fit),
        cmocka_unit_test(the_type_of_a_change_follows_from_the_status),
    };

    return cmocka_run_group_tests_name("core/change", tests, NULL, NULL);
}
