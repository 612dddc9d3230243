#include "sandbox/move.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sandbox/item.h"
#include "sandbox/truth.h"

#include "support/check.h"

#define AT_MS 5000

static struct world *make(const char *sellers)
{
    struct world *world = NULL;
    struct kk_err err;

    CHECK_OK(world_create(11, sellers, 0, &world, &err), &err);
    return world;
}

/* The truth as text; free() it. */
static char *truth_of(const struct world *world)
{
    struct kk_buf text = KK_BUF(TRUTH_MAX_BYTES);

    truth_all(world, NULL, &text);
    kk_buf_addc(&text, '\0');
    CHECK(!text.failed);
    return text.ptr;
}

static int64_t move(struct world *world, enum world_kind kind, int64_t count, uint64_t seed)
{
    struct move_order order = {.count = count, .seed = seed, .kinds = UINT32_C(1) << kind};

    return world_move(world, &order, AT_MS);
}

static struct kk_json *changes_after(const struct world *world, int64_t after)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(TRUTH_MAX_BYTES);
    struct kk_json *json = NULL;
    struct kk_err err;

    truth_changes(world, after, &text);
    CHECK_OK(kk_json_parse(kk_buf_sv(&text), &json, &err), &err);
    return json;
}

static size_t net_count(const struct world *world, int64_t after)
{
    struct kk_json *json = changes_after(world, after);
    size_t count = kk_jv_count(kk_jv_get(kk_json_root(json), "net"));

    kk_json_done(json);
    return count;
}

static struct kk_sv net_type(const struct world *world, int64_t after)
{
    static char type[32];
    struct kk_json *json = changes_after(world, after);
    struct kk_sv text = {0};

    CHECK(kk_jv_str(kk_jv_get(kk_jv_at(kk_jv_get(kk_json_root(json), "net"), 0), "type"), &text));
    CHECK(kk_sv_copy(text, type, sizeof(type)));
    kk_json_done(json);
    return kk_sv_of(type);
}

static void every_kind_of_move_changes_the_truth_and_is_recorded(void **state)
{
    (void)state;
    for (int k = 0; k < WORLD_NOISE; k++) {
        struct world *world = make("luxmaison:60");
        char *before, *after;

        if (k == WORLD_RETURNED)
            move(world, WORLD_REMOVED, 3, 1);
        if (k == WORLD_BACK)
            move(world, WORLD_SOLD_OUT, 3, 1);
        int64_t last = world->history.last;
        before = truth_of(world);
        CHECK_EQ(move(world, (enum world_kind)k, 1, 7), 1);
        after = truth_of(world);
        CHECK(strcmp(before, after) != 0);
        CHECK_EQ(world->history.last, last + 1);

        const struct history_entry *entry = history_get(&world->history, last + 1);

        CHECK_EQ(entry->kind, k);
        CHECK_EQ(entry->at_ms, AT_MS);
        CHECK(strlen(entry->fields) > 2);
        CHECK_EQ(net_count(world, last), 1);
        free(before);
        free(after);
        world_destroy(world);
    }
}

static void noise_changes_no_truth_and_is_not_recorded(void **state)
{
    struct world *world = make("luxmaison:60");
    char *before = truth_of(world), *after;

    (void)state;
    CHECK_EQ(move(world, WORLD_NOISE, 25, 1), 25);
    after = truth_of(world);
    CHECK_STR((const char *)after, (const char *)before);
    CHECK_EQ(world->history.last, 0);
    CHECK_EQ((int64_t)world->noise_moves, 25);
    free(before);
    free(after);
    world_destroy(world);
}

/* The text of a field's value before or after, out of a truth item; NULL for what a test does not look up. */
static void check_field(struct kk_jv item, struct kk_jv change)
{
    struct kk_sv field, text, shown;
    int64_t number, shown_number;
    struct kk_jv to = kk_jv_get(change, "to"), value;
    char key[64];

    CHECK(kk_jv_str(kk_jv_get(change, "field"), &field));
    if (kk_sv_starts(field, KK_SV("options[")) || kk_sv_starts(field, KK_SV("category.")))
        return;
    CHECK(kk_sv_copy(field, key, sizeof(key)));
    value = kk_jv_get(item, key);
    if (kk_jv_i64(to, &number)) {
        CHECK(kk_jv_i64(value, &shown_number));
        CHECK_EQ(shown_number, number);
    } else if (kk_jv_str(to, &text)) {
        CHECK(kk_jv_str(value, &shown));
        CHECK_STR(shown, text);
    } else
        CHECK_EQ(kk_jv_count(value), kk_jv_count(to));
}

static void what_is_recorded_is_what_the_truth_says_afterwards(void **state)
{
    struct world *world = make("luxmaison:60");

    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        struct move_order order = {.count = 1, .seed = i};
        KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(TRUTH_MAX_BYTES);
        struct kk_json *fields = NULL, *item = NULL;
        const struct history_entry *entry;

        CHECK_EQ(world_move(world, &order, AT_MS), 1);
        entry = history_get(&world->history, world->history.last);
        truth_item(world, world_item(world, entry->item_no), &text);
        CHECK_EQ(kk_json_parse(kk_buf_sv(&text), &item, NULL), KK_OK);
        CHECK_EQ(kk_json_parse(kk_sv_of(entry->fields), &fields, NULL), KK_OK);
        for (struct kk_jiter it = kk_jv_iter(kk_json_root(fields)); kk_jiter_next(&it);)
            check_field(kk_json_root(item), it.value);
        kk_json_done(fields);
        kk_json_done(item);
    }
    world_destroy(world);
}

static void the_same_order_makes_the_same_moves(void **state)
{
    struct world *a = make("luxmaison:60"), *b = make("luxmaison:60");
    struct move_order order = {.count = 200, .seed = 3};
    char *left, *right;

    (void)state;
    CHECK_EQ(world_move(a, &order, 1), world_move(b, &order, 1));
    left = truth_of(a);
    right = truth_of(b);
    CHECK_STR((const char *)left, (const char *)right);
    free(left);
    free(right);
    world_destroy(a);
    world_destroy(b);
}

static void distinct_moves_touch_no_item_twice(void **state)
{
    struct world *world = make("luxmaison:60,casaverde:30");
    struct move_order order = {.count = 70, .seed = 3, .is_distinct = true};

    (void)state;
    CHECK_EQ(world_move(world, &order, 1), 70);
    CHECK_EQ(net_count(world, 0), 70);
    world_destroy(world);
}

static void a_world_with_nothing_to_move_makes_no_moves(void **state)
{
    struct world *world = make("emptyshop:0");

    (void)state;
    for (int k = 0; k < WORLD_SET; k++)
        CHECK_EQ(move(world, (enum world_kind)k, 5, 1), 0);
    world_destroy(world);
}

static void only_the_named_seller_moves_even_an_empty_one(void **state)
{
    struct world *world = make("luxmaison:60,emptyshop:0");
    struct move_order order = {.count = 30, .seed = 1, .seller = world_seller(world, KK_SV("emptyshop"))};

    (void)state;
    CHECK_EQ(world_move(world, &order, 1), 30);
    CHECK(world_seller(world, KK_SV("emptyshop"))->shown_count > 0);
    for (int64_t seq = 1; seq <= world->history.last; seq++)
        CHECK_EQ(history_get(&world->history, seq)->seller, 1);
    world_destroy(world);
}

static void set(struct world *world, int64_t item_no, const char *field, const char *value)
{
    struct kk_err err;

    CHECK_OK(world_move_set(world, item_no, kk_sv_of(field), kk_sv_of(value), AT_MS, &err), &err);
}

static void a_change_that_is_undone_is_recorded_and_leaves_nothing_in_net(void **state)
{
    struct world *world = make("luxmaison:6");
    int64_t item_no = world->item[0]->item_no;
    char old[32];

    (void)state;
    snprintf(old, sizeof(old), "%" PRId64, world->item[0]->selling_price);
    set(world, item_no, "sellingPrice", "77700");
    CHECK_STR(net_type(world, 0), "changed");
    set(world, item_no, "sellingPrice", old);
    CHECK_EQ(world->history.last, 2);
    CHECK_EQ(net_count(world, 0), 0);
    CHECK_EQ(net_count(world, 1), 1);
    set(world, item_no, "status", "REMOVED");
    CHECK_STR(net_type(world, 0), "removed");
    CHECK_EQ(world->seller[0].shown_count, 5);
    set(world, item_no, "status", "SHOWN");
    CHECK_EQ(net_count(world, 0), 0);
    CHECK_STR(net_type(world, 3), "returned");
    CHECK(world->seller[0].shown[0] == world->item[0]); /* back in its place */
    world_destroy(world);
}

static void a_new_item_that_goes_again_was_never_there(void **state)
{
    struct world *world = make("luxmaison:6");

    (void)state;
    world_move_new(world, &world->seller[0], 1);
    CHECK_STR(net_type(world, 0), "created");
    set(world, world->item[6]->item_no, "status", "REMOVED");
    CHECK_EQ(net_count(world, 0), 0);
    world_destroy(world);
}

static void setting_what_is_already_so_records_nothing(void **state)
{
    struct world *world = make("luxmaison:6");

    (void)state;
    set(world, world->item[0]->item_no, "name", world->item[0]->name);
    set(world, world->item[0]->item_no, "isSoldOut", world->item[0]->is_sold_out ? "true" : "false");
    CHECK_EQ(world->history.last, 0);
    world_destroy(world);
}

static void every_field_can_be_set_by_name(void **state)
{
    static const char *const pairs[][2] = {
        {"name", "새 이름"},
        {"brandName", "X"},
        {"brandNameKr", "엑스"},
        {"category.header", "K"},
        {"category.large", "99"},
        {"category.medium", "9"},
        {"category.small", "8"},
        {"shippingType", "QUICKLY"},
        {"shippingFeeType", "ODD"},
        {"itemStatus", "헌것"},
        {"originCountry", "달"},
        {"shippingLocation", "화성"},
        {"salesMethod", "물물교환"},
        {"brandCode", "424242"},
        {"normalPrice", "1"},
        {"sellingPrice", "2"},
        {"discountPrice", "3"},
        {"shippingFee", "4"},
        {"images", "[\"https://a/1.jpg\"]"},
        {"description", "<b>1</b>"},
        {"isSoldOut", "true"},
        {"options", "빨강|L|3"},
    };
    struct world *world = make("luxmaison:6");

    (void)state;
    for (size_t i = 0; i < KK_COUNT(pairs); i++) {
        set(world, world->item[0]->item_no, pairs[i][0], pairs[i][1]);
        CHECK_EQ(world->history.last, (int64_t)i + 1);
    }
    world_destroy(world);
}

static void options_are_set_one_by_one_and_taken_away(void **state)
{
    struct world *world = make("luxmaison:6");
    struct world_item *item = world->item[0];
    char field[64];

    (void)state;
    while (item->option_count > 0) {
        snprintf(field, sizeof(field), "options[%" PRId64 "].stock", item->option[0].option_no);
        set(world, item->item_no, field, "41");
        CHECK_EQ(item->option[0].stock, 41);
        snprintf(field, sizeof(field), "options[%" PRId64 "].color", item->option[0].option_no);
        set(world, item->item_no, field, "é"); /* decomposed: kept composed */
        CHECK_STR(item->option[0].color, "é");
        snprintf(field, sizeof(field), "options[%" PRId64 "]", item->option[0].option_no);
        set(world, item->item_no, field, "null");
    }
    set(world, item->item_no, "stock", "12");
    CHECK_EQ(item_stock(item), 12);
    world_destroy(world);
}

static void nonsense_cannot_be_set(void **state)
{
    static const char *const bad[][2] = {
        {"nothing", "1"},       {"sellingPrice", "-1"}, {"sellingPrice", "1,000"},
        {"sellingPrice", ""},   {"name", "\xff"},       {"images", "x"},
        {"images", "[1]"},      {"isSoldOut", "yes"},   {"status", "ON_SALE"},
        {"stock", "1"},         {"options", "a|b"},     {"options[1].stock", "1"},
        {"options[x]", "null"}, {"options[", "1"},      {"", ""},
    };
    struct world *world = make("luxmaison:6");

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct kk_err err = {0};

        CHECK(world_move_set(world, world->item[0]->item_no, kk_sv_of(bad[i][0]), kk_sv_of(bad[i][1]), 1, &err) !=
              KK_OK);
        CHECK(err.msg[0] != '\0');
    }
    CHECK_EQ(world_move_set(world, 1, KK_SV("name"), KK_SV("x"), 1, NULL), KK_NOT_FOUND);
    CHECK_EQ(world->history.last, 0);
    world_destroy(world);
}

static void old_changes_are_forgotten_in_order(void **state)
{
    struct history history = {0};
    struct history_entry entry = {.item_no = 1};

    (void)state;
    CHECK(!history_get(&history, 0) && !history_get(&history, 1));
    for (int64_t i = 1; i <= HISTORY_MAX + 3; i++) {
        entry.at_ms = i;
        CHECK_EQ(history_add(&history, &entry, KK_SV("[]")), i);
    }
    CHECK_EQ(history.first, 4);
    CHECK(!history_get(&history, 3));
    CHECK_EQ(history_get(&history, 4)->at_ms, 4);
    CHECK_EQ(history_get(&history, HISTORY_MAX + 3)->at_ms, HISTORY_MAX + 3);
    CHECK(!history_get(&history, HISTORY_MAX + 4));
    history_done(&history);
}

static void kinds_are_read_by_name(void **state)
{
    uint32_t kinds = 0;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(move_kinds_parse(KK_SV("price,new"), &kinds, NULL), KK_OK);
    CHECK_EQ(kinds, 1u << WORLD_PRICE | 1u << WORLD_NEW);
    CHECK_EQ(move_kinds_parse(KK_SV(""), &kinds, NULL), KK_OK);
    CHECK_EQ(kinds, 0);
    CHECK_EQ(move_kinds_parse(KK_SV("price,set"), &kinds, &err), KK_BAD_INPUT);
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV("'set'")) < strlen(err.msg));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_move_changes_the_truth_and_is_recorded),
        cmocka_unit_test(noise_changes_no_truth_and_is_not_recorded),
        cmocka_unit_test(what_is_recorded_is_what_the_truth_says_afterwards),
        cmocka_unit_test(the_same_order_makes_the_same_moves),
        cmocka_unit_test(distinct_moves_touch_no_item_twice),
        cmocka_unit_test(a_world_with_nothing_to_move_makes_no_moves),
        cmocka_unit_test(only_the_named_seller_moves_even_an_empty_one),
        cmocka_unit_test(a_change_that_is_undone_is_recorded_and_leaves_nothing_in_net),
        cmocka_unit_test(a_new_item_that_goes_again_was_never_there),
        cmocka_unit_test(setting_what_is_already_so_records_nothing),
        cmocka_unit_test(every_field_can_be_set_by_name),
        cmocka_unit_test(options_are_set_one_by_one_and_taken_away),
        cmocka_unit_test(nonsense_cannot_be_set),
        cmocka_unit_test(old_changes_are_forgotten_in_order),
        cmocka_unit_test(kinds_are_read_by_name),
    };

    return cmocka_run_group_tests_name("sandbox/move", tests, NULL, NULL);
}
