#include "site/fields.h"

#include <string.h>

#include "core/snapshot.h"
#include "support/check.h"

/* The amount in a JSON text; -1: it is none. */
static int64_t amount(const char *json_text, bool with_percent)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    int64_t number = -1;

    CHECK_EQ(kk_json_parse(kk_sv_of(json_text), &json, NULL), KK_OK);
    return field_amount(kk_json_root(json), with_percent, &number) ? number : -1;
}

static void an_amount_is_read_however_it_is_spelled(void **state)
{
    (void)state;
    CHECK_EQ(amount("545600", false), 545600);
    CHECK_EQ(amount("\"545,600\"", false), 545600);
    CHECK_EQ(amount("\"565100\"", false), 565100);
    CHECK_EQ(amount("\"1,047,600\"", false), 1047600);
    CHECK_EQ(amount("545600.0", false), 545600);
    CHECK_EQ(amount("5.456e5", false), 545600);
    CHECK_EQ(amount("\" 49 \"", false), 49);
    CHECK_EQ(amount("\"0\"", false), 0);
    CHECK_EQ(amount("0", false), 0);
    CHECK_EQ(amount("9223372036854775807", false), INT64_MAX);
    CHECK_EQ(amount("\"9,223,372,036,854,775,807\"", false), INT64_MAX);
    CHECK_EQ(amount("\"17%\"", true), 17);
    CHECK_EQ(amount("17", true), 17);
}

static void what_is_no_amount_is_refused(void **state)
{
    static const char *const bad[] = {
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "\" \"",
        "-1",
        "\"-1\"",
        "0.5",
        "-0.5",
        "1e300",
        "1e19",
        "\"17%\"",
        "\"%\"",
        "\"1.5\"",
        "\"1,5\"",
        "\"12,34\"",
        "\",1\"",
        "\",123\"",
        "\"1,,234\"",
        "\"1234,567\"",
        "\"1,234,\"",
        "\"1,2345\"",
        "\"12a\"",
        "\"원\"",
        "\"+5\"",
        "\"9223372036854775808\"",
        "9223372036854775808",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        if (amount(bad[i], false) != -1)
            print_error("%s\n", bad[i]);
        CHECK_EQ(amount(bad[i], false), -1);
    }
    CHECK_EQ(amount("\"%\"", true), -1);
    CHECK_EQ(amount("\"\"", true), -1);
}

static void an_image_loses_the_tail_that_asks_for_a_size(void **state)
{
    (void)state;
    CHECK_STR(field_image(KK_SV("https://i.example/a.jpeg/_dims_/resize/500x500/extent/500x500")),
              "https://i.example/a.jpeg");
    CHECK_STR(field_image(KK_SV("https://i.example/a.jpeg")), "https://i.example/a.jpeg");
    CHECK_STR(field_image(KK_SV("https://i.example/a b 가.jpeg/_dims_/")), "https://i.example/a b 가.jpeg");
    CHECK_STR(field_image(KK_SV("")), "");
}

/* core/snapshot.h decides what is in the hash; the table here only says so beside the path. */
static bool counts(const struct field *field)
{
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT; i++) {
        const struct snapshot_field *known = &snapshot_fields[i];

        if ((field->target == TO_TEXT && known->kind == SNAPSHOT_TEXT && known->index == field->index) ||
            (field->target == TO_NUMBER && known->kind == SNAPSHOT_NUMBER && known->index == field->index))
            return known->is_hashed;
    }
    return field->target != TO_SELLER_ID;
}

static void the_tables_agree_with_the_snapshot_on_what_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < DETAIL_FIELD_COUNT; i++)
        CHECK_EQ(detail_fields[i].part == FIELD_COUNTS, counts(&detail_fields[i]));
    for (size_t i = 0; i < OPTIONS_FIELD_COUNT; i++)
        CHECK_EQ(options_fields[i].part, FIELD_COUNTS);
}

static void every_text_and_number_of_a_snapshot_is_fed_once(void **state)
{
    int texts[SNAPSHOT_TEXT_COUNT] = {0}, numbers[SNAPSHOT_NUMBER_COUNT] = {0};

    (void)state;
    for (size_t i = 0; i < DETAIL_FIELD_COUNT; i++) {
        if (detail_fields[i].target == TO_TEXT)
            texts[detail_fields[i].index]++;
        if (detail_fields[i].target == TO_DESCRIPTION)
            texts[SNAP_DESCRIPTION_HASH]++;
        if (detail_fields[i].target == TO_NUMBER)
            numbers[detail_fields[i].index]++;
    }
    for (int i = 0; i < SNAPSHOT_TEXT_COUNT; i++)
        CHECK_EQ(texts[i], 1);
    for (int i = 0; i < SNAPSHOT_NUMBER_COUNT; i++)
        CHECK_EQ(numbers[i], 1);
}

static void no_key_is_read_twice_from_one_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < DETAIL_FIELD_COUNT; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(detail_fields[i].home != detail_fields[k].home ||
                  strcmp(detail_fields[i].key, detail_fields[k].key) != 0);
    for (size_t i = 0; i < LIST_FIELD_COUNT; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(list_fields[i].key, list_fields[k].key) != 0);
}

static void a_place_is_named_as_its_path_says(void **state)
{
    (void)state;
    for (int i = 0; i < DETAIL_HOME_COUNT; i++) {
        const struct detail_place *place = &detail_places[i];

        CHECK(kk_sv_find(kk_sv_of(place->path), place->module) == strlen("moduleList["));
        CHECK(place->module.len == strlen(place->module.ptr) && place->item.len == strlen(place->item.ptr));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_read_however_it_is_spelled),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(an_image_loses_the_tail_that_asks_for_a_size),
        cmocka_unit_test(the_tables_agree_with_the_snapshot_on_what_counts),
        cmocka_unit_test(every_text_and_number_of_a_snapshot_is_fed_once),
        cmocka_unit_test(no_key_is_read_twice_from_one_place),
        cmocka_unit_test(a_place_is_named_as_its_path_says),
    };

    return cmocka_run_group_tests_name("site/fields", tests, NULL, NULL);
}
