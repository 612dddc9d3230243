#include "sandbox/world.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/fields.h"
#include "sandbox/item.h"
#include "sandbox/truth.h"

#include "support/check.h"

#define SELLERS "luxmaison:120,casaverde:30,emptyshop:0"

static struct world *make(uint64_t seed, const char *sellers)
{
    struct world *world = NULL;
    struct kk_err err;

    CHECK_OK(world_create(seed, sellers, 0, &world, &err), &err);
    return world;
}

static void the_same_seed_makes_the_same_world(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf first = KK_BUF(TRUTH_MAX_BYTES), second = KK_BUF(TRUTH_MAX_BYTES);
    struct world *a = make(7, SELLERS), *b = make(7, SELLERS);

    (void)state;
    truth_all(a, NULL, &first);
    truth_all(b, NULL, &second);
    CHECK_STR(kk_buf_sv(&first), kk_buf_sv(&second));
    world_destroy(a);
    world_destroy(b);
}

static void another_seed_makes_another_world(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf first = KK_BUF(TRUTH_MAX_BYTES), second = KK_BUF(TRUTH_MAX_BYTES);
    struct world *a = make(7, SELLERS), *b = make(8, SELLERS);

    (void)state;
    truth_all(a, NULL, &first);
    truth_all(b, NULL, &second);
    CHECK(!kk_sv_eq(kk_buf_sv(&first), kk_buf_sv(&second)));
    world_destroy(a);
    world_destroy(b);
}

static void each_seller_has_the_items_it_was_given(void **state)
{
    struct world *world = make(1, SELLERS);

    (void)state;
    CHECK_EQ(world->seller_count, 3);
    CHECK_EQ(world_seller(world, KK_SV("luxmaison"))->shown_count, 120);
    CHECK_EQ(world_seller(world, KK_SV("casaverde"))->shown_count, 30);
    CHECK_EQ(world_seller(world, KK_SV("emptyshop"))->shown_count, 0);
    CHECK(!world_seller(world, KK_SV("LUXMAISON")));
    world_destroy(world);
}

static void sellers_can_be_made_up_by_number(void **state)
{
    struct world *world = make(1, "3x5");

    (void)state;
    CHECK_EQ(world->seller_count, 3);
    CHECK_EQ(world->item_count, 15);
    world_destroy(world);
}

static void a_bad_list_of_sellers_is_refused_with_a_sentence(void **state)
{
    static const char *const bad[] = {"",   "shop", "shop:",  "shop:-1",  "a:1,a:2", "sh op:1",    "셀러:1",
                                      "5x", "0x5",  "9999x1", "a:1,,b:2", ":4",      "a:99999999", "1x99999999999"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct world *world = NULL;
        struct kk_err err = {0};

        CHECK_EQ(world_create(1, bad[i], 0, &world, &err), KK_BAD_INPUT);
        CHECK(!world && err.msg[0] != '\0');
    }
}

static void items_are_found_by_number_and_nothing_else_is(void **state)
{
    struct world *world = make(1, SELLERS);

    (void)state;
    for (size_t i = 0; i < world->item_count; i++) {
        int64_t number = world->item[i]->item_no;

        CHECK(world_item(world, number) == world->item[i]);
        CHECK(i == 0 || number > world->item[i - 1]->item_no);
    }
    CHECK(!world_item(world, world->item[0]->item_no - 1));
    CHECK(!world_item(world, world->next_item_no));
    CHECK(!world_item(world, 0));
    world_destroy(world);
}

struct shapes {
    int two_axes, one_axis, one_row, no_rows, quick, unisex, no_brand_code, no_small, no_normal, no_selling,
        only_discount;
    int sold_out_flag, sold_out_stock, flag_with_stock, past_32_bits, below_32_bits, paid;
};

static void look_at(const struct world_item *item, struct shapes *shapes)
{
    bool has_stock = item_stock(item) > 0;

    shapes->two_axes += item->form == FORM_TWO_AXES && item->option[0].color[0] && item->option[0].size[0];
    shapes->one_axis += item->form == FORM_ONE_AXIS && !item->option[0].color[0] && item->option[0].size[0];
    shapes->one_row +=
        item->form == FORM_ONE_ROW && item->option_count == 1 && !item->option[0].color[0] && !item->option[0].size[0];
    shapes->no_rows += item->form == FORM_NO_ROWS && item->option_count == 0;
    shapes->quick += item->has_quick;
    shapes->unisex += strcmp(item->header_code, "WM") == 0;
    shapes->no_brand_code += item->brand_code == 0;
    shapes->no_small += item->small_code[0] == '\0';
    shapes->no_normal += item->normal_price == 0 && item->selling_price > 0;
    shapes->no_selling += item->selling_price == 0 && item->normal_price > 0;
    shapes->only_discount += item->normal_price == 0 && item->selling_price == 0 && item->discount_price > 0;
    shapes->sold_out_flag += item->is_sold_out && !has_stock;
    shapes->sold_out_stock += !item->is_sold_out && !has_stock;
    shapes->flag_with_stock += item->is_sold_out && has_stock;
    shapes->paid += item->shipping_fee > 0;
    for (unsigned i = 0; i < item->option_count; i++) {
        shapes->past_32_bits += item->option[i].option_no > UINT32_MAX;
        shapes->below_32_bits += item->option[i].option_no <= UINT32_MAX;
    }
}

static void a_shop_of_120_has_every_odd_shape(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = make(seed, "luxmaison:120");
        struct shapes shapes = {0};
        const int *each = (const int *)&shapes;

        for (size_t i = 0; i < world->item_count; i++)
            look_at(world->item[i], &shapes);
        for (size_t s = 0; s < sizeof(shapes) / sizeof(int); s++) {
            if (each[s] == 0)
                print_error("seed %" PRIu64 " lacks shape %zu\n", seed, s);
            CHECK(each[s] > 0);
        }
        world_destroy(world);
    }
}

static void all_texts_are_in_nfc(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf truth = KK_BUF(TRUTH_MAX_BYTES), nfc = KK_BUF(TRUTH_MAX_BYTES);
    struct world *world = make(3, SELLERS);
    struct kk_err err;

    (void)state;
    truth_all(world, NULL, &truth);
    for (size_t i = 0; i < world->item_count; i++)
        item_description(world, world->item[i], &truth);
    CHECK_OK(kk_nfc(kk_buf_sv(&truth), &nfc, &err), &err);
    CHECK_STR(kk_buf_sv(&truth), kk_buf_sv(&nfc));
    world_destroy(world);
}

static void a_big_description_is_two_mebibytes(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(WORLD_BIG_BYTES * 2);
    struct world *world = NULL;
    struct kk_err err;

    (void)state;
    CHECK_OK(world_create(1, "luxmaison:10", 5, &world, &err), &err);
    item_description(world, world->item[4], &text);
    CHECK(text.len >= WORLD_BIG_BYTES && text.len < WORLD_BIG_BYTES + 4096);
    kk_buf_clear(&text);
    item_description(world, world->item[5], &text);
    CHECK(text.len < 8192);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_makes_the_same_world),
        cmocka_unit_test(another_seed_makes_another_world),
        cmocka_unit_test(each_seller_has_the_items_it_was_given),
        cmocka_unit_test(sellers_can_be_made_up_by_number),
        cmocka_unit_test(a_bad_list_of_sellers_is_refused_with_a_sentence),
        cmocka_unit_test(items_are_found_by_number_and_nothing_else_is),
        cmocka_unit_test(a_shop_of_120_has_every_odd_shape),
        cmocka_unit_test(all_texts_are_in_nfc),
        cmocka_unit_test(a_big_description_is_two_mebibytes),
    };

    return cmocka_run_group_tests_name("sandbox/world", tests, NULL, NULL);
}
