#include "sandbox/item.h"

#include "sandbox/dice.h"

/* Odd shapes, by the item's place in its shop: every n-th, beginning with the k-th. Primes keep them from meeting
 * always in the same item. */
static bool comes_round(size_t ordinal, size_t every, size_t from)
{
    return ordinal % every == from;
}

static const char *keep(struct world *world, const struct kk_buf *text)
{
    return memory_text(&world->texts, kk_buf_sv(text));
}

const char *item_new_name(struct world *world, const struct world_item *item, const struct kk_rng *rng)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1024);
    const struct words_brand *brand = &words_brand[item->brand];
    /* One roll in each statement: compilers order the arguments of a call as they like. */
    const char *model = words_model[kk_rng_below(rng, WORDS_MODELS)];
    unsigned series = (unsigned)kk_rng_below(rng, 26), style = 1000 + (unsigned)kk_rng_below(rng, 9000);
    unsigned lot = (unsigned)kk_rng_below(rng, 10000);

    kk_buf_addf(&text, "%s %s %s %s(%s) S%c%u-%04u", brand->name_kr, words_header[item->header_at].sex, model,
                item->medium, words_color[item->color].name, (char)('A' + series), style, lot);
    return keep(world, &text);
}

const char *item_new_image(struct world *world, const struct world_item *item, const struct kk_rng *rng)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1024);

    unsigned month = 1 + (unsigned)kk_rng_below(rng, 12);
    uint64_t high = kk_rng_next(rng), low = kk_rng_next(rng);

    kk_buf_addf(&text, "https://image.mustit.co.kr/lib/upload/product/%s/2026/%02u/%016" PRIx64 "%016" PRIx64 ".jpeg",
                world->seller[item->seller].name, month, high, low);
    return keep(world, &text);
}

void item_new_prices(struct world_item *item, const struct kk_rng *rng)
{
    int64_t normal = 1000 * (40 + (int64_t)kk_rng_below(rng, 3000));
    int64_t selling = normal * (40 + (int64_t)kk_rng_below(rng, 55)) / 100 / 100 * 100;

    item->normal_price = normal;
    item->selling_price = selling;
    item->discount_price = selling * (85 + (int64_t)kk_rng_below(rng, 15)) / 100 / 100 * 100;
}

/* Any of the three may be 0 on the real site; the peers know these cases. */
static void blank_prices(struct world_item *item, size_t ordinal)
{
    if (comes_round(ordinal, 31, 4))
        item->normal_price = item->selling_price = 0;
    else if (comes_round(ordinal, 31, 12))
        item->selling_price = 0;
    else if (comes_round(ordinal, 31, 20))
        item->normal_price = 0;
}

static void make_kind(struct world *world, struct world_item *item, size_t ordinal, const struct kk_rng *rng)
{
    item->brand = (unsigned)kk_rng_below(rng, WORDS_BRANDS);
    item->category = (unsigned)kk_rng_below(rng, WORLD_CATEGORIES);
    item->header_at = (unsigned)kk_rng_below(rng, WORDS_HEADER_UNISEX);
    item->color = (unsigned)kk_rng_below(rng, WORDS_COLORS);
    if (comes_round(ordinal, 13, 2))
        item->header_at = WORDS_HEADER_UNISEX;
    if (comes_round(ordinal, 17, 6))
        item->brand = 5; /* one that has no code */

    const struct world_category *category = &world->category[item->category];

    item->brand_name = words_brand[item->brand].name;
    item->brand_name_kr = words_brand[item->brand].name_kr;
    item->brand_code = words_brand[item->brand].code;
    item->header_code = words_header[item->header_at].code;
    item->header = words_header[item->header_at].name;
    item->large_code = category->large_code;
    item->large = category->large;
    item->medium_code = category->medium_code;
    item->medium = category->medium;

    bool has_small = !comes_round(ordinal, 3, 1);

    item->small_code = has_small ? category->small_code : "";
    item->small = has_small ? category->small : "";
}

static void make_shipping(struct world_item *item, size_t ordinal, const struct kk_rng *rng)
{
    bool is_paid = comes_round(ordinal, 7, 3);

    item->shipping_type = comes_round(ordinal, 19, 8) ? "OVERSEAS" : "DOMESTIC";
    item->shipping_fee = is_paid ? 500 * (4 + (int64_t)kk_rng_below(rng, 8)) : 0;
    item->shipping_fee_type = is_paid ? "PAID" : "FREE";
    item->has_quick = comes_round(ordinal, 11, 5);
    item->item_status = comes_round(ordinal, 37, 9) ? "중고상품" : "새상품";
    item->origin_country = words_origin[kk_rng_below(rng, WORDS_ORIGINS)];
    item->shipping_location = words_place[kk_rng_below(rng, WORDS_PLACES)];
    item->sales_method = kk_rng_chance(rng, 1, 2) ? "병행수입" : "";
}

static enum item_form form_of(size_t ordinal)
{
    if (comes_round(ordinal, 8, 2))
        return FORM_ONE_AXIS;
    if (comes_round(ordinal, 8, 4))
        return FORM_ONE_ROW;
    if (comes_round(ordinal, 16, 6))
        return FORM_NO_ROWS;
    return FORM_TWO_AXES;
}

static void make_options(struct world *world, struct world_item *item, size_t ordinal, const struct kk_rng *rng)
{
    static const unsigned most[] = {[FORM_TWO_AXES] = 3, [FORM_ONE_AXIS] = 1, [FORM_ONE_ROW] = 1, [FORM_NO_ROWS] = 0};
    unsigned colors, sizes, row = (unsigned)kk_rng_below(rng, WORDS_SIZE_ROWS);

    item->form = form_of(ordinal);
    item->lone_stock = item->form == FORM_NO_ROWS ? 1 + (int64_t)kk_rng_below(rng, 9) : 0;
    colors = most[item->form] > 1 ? 1 + (unsigned)kk_rng_below(rng, most[item->form]) : most[item->form];
    sizes = item->form == FORM_ONE_ROW ? 1 : 1 + (unsigned)kk_rng_below(rng, WORDS_SIZES - 1);
    item->option = memory_new((size_t)colors * sizes, sizeof(*item->option));
    for (unsigned c = 0; c < colors; c++)
        for (unsigned s = 0; s < sizes; s++) {
            struct world_option *option = &item->option[item->option_count++];

            option->option_no = world->next_option_no;
            world->next_option_no += 1 + (int64_t)kk_rng_below(rng, 3);
            option->color = item->form == FORM_TWO_AXES ? words_color[(item->color + c) % WORDS_COLORS].name : "";
            option->size = item->form == FORM_ONE_ROW ? "" : words_size[row][s];
            option->stock = kk_rng_chance(rng, 1, 5) ? 0 : 1 + (int64_t)kk_rng_below(rng, 6);
        }
    if (item->option_count > 0 && item_stock(item) == 0)
        item->option[0].stock = 1;
}

static void make_sold_out(struct world_item *item, size_t ordinal)
{
    bool is_flagged = comes_round(ordinal, 23, 13), has_nothing = is_flagged || comes_round(ordinal, 47, 19);

    /* The flag alone, with stock still shown, is sold out as well. */
    item->is_sold_out = is_flagged || comes_round(ordinal, 97, 53) || (has_nothing && item->form == FORM_NO_ROWS);
    if (!has_nothing)
        return;
    item->lone_stock = 0;
    for (unsigned i = 0; i < item->option_count; i++)
        item->option[i].stock = 0;
}

void item_make(struct world *world, struct world_item *item, size_t ordinal)
{
    struct kk_rng_seeded state;
    struct kk_rng rng = kk_rng_from_seed(&state, item->dice);

    make_kind(world, item, ordinal, &rng);
    item->name = item_new_name(world, item, &rng);
    item_new_prices(item, &rng);
    blank_prices(item, ordinal);
    item->image_count = 1 + (unsigned)kk_rng_below(&rng, 7);
    for (unsigned i = 0; i < item->image_count; i++)
        item->image[i] = item_new_image(world, item, &rng);
    make_shipping(item, ordinal, &rng);
    make_options(world, item, ordinal, &rng);
    make_sold_out(item, ordinal);
    item->description_seed = kk_rng_next(&rng);
}

/* --- what follows from an item --- */

int64_t item_stock(const struct world_item *item)
{
    int64_t stock = 0;

    if (item->form == FORM_NO_ROWS)
        return item->lone_stock;
    for (unsigned i = 0; i < item->option_count; i++)
        stock += item->option[i].stock;
    return stock;
}

bool item_is_out(const struct world_item *item)
{
    return item->is_sold_out || item_stock(item) == 0;
}

static void write_paragraph(const struct world *world, const struct world_item *item, const struct kk_rng *rng,
                            unsigned number, struct kk_buf *out)
{
    const char *quote = number % 2 ? "'" : "\"";
    const char *scheme = number % 3 ? "https" : "http";
    /* Now and then an address with a space and Korean in it, as sellers write them. */
    const char *file = kk_rng_chance(rng, 1, 5) ? "상세 이미지" : "detail";
    const char *first = words_phrase[kk_rng_below(rng, WORDS_PHRASES)];
    const char *second = words_phrase[kk_rng_below(rng, WORDS_PHRASES)];

    kk_buf_addf(out, "<p align=%scenter%s><img src=%s%s://img.%s.invalid/%" PRId64 "/%s%02u.jpg%s></p>\n", quote, quote,
                quote, scheme, world->seller[item->seller].name, item->item_no, file, number, quote);
    kk_buf_addf(out, "<div class=\"txt\">%s<br>%s&nbsp;</div>\r\n", first, second);
}

void item_description(const struct world *world, const struct world_item *item, struct kk_buf *out)
{
    struct kk_rng_seeded state;
    struct kk_rng rng = kk_rng_from_seed(&state, item->description_seed);
    size_t start = out->len;
    unsigned paragraphs;

    if (item->description) {
        kk_buf_add(out, kk_sv_of(item->description));
        return;
    }
    kk_buf_addf(out, "<p align=\"center\"><img src=\"https://img.%s.invalid/notice.jpg\"></p>\n",
                world->seller[item->seller].name);
    paragraphs = 1 + (unsigned)kk_rng_below(&rng, 4);
    for (unsigned i = 0; i < paragraphs; i++)
        write_paragraph(world, item, &rng, i, out);
    for (unsigned i = paragraphs; item->is_big && out->len - start < WORLD_BIG_BYTES && !out->failed; i++)
        write_paragraph(world, item, &rng, i, out);
    kk_buf_addf(out, "<p>\t<b>%016" PRIx64 "</b></p>", item->description_seed);
}
