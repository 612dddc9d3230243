#include "sandbox/facets.h"

#include "base/json.h"
#include "sandbox/words.h"

#define SMALL_ROWS_MAX 100 /* the real site stops there */
#define HEADERS 4          /* unisex is no row of its own: it counts under women and under men */
#define PRICE_ROWS 6

struct facets {
    int header[HEADERS];
    int category[HEADERS][WORLD_CATEGORIES];
    int with_small[HEADERS][WORLD_CATEGORIES];
    int brand[WORDS_BRANDS], color[WORDS_COLORS];
    int64_t lowest, highest;
};

static void count_item(struct facets *facets, const struct world_item *item)
{
    bool is_unisex = item->header_at == WORDS_HEADER_UNISEX;

    for (unsigned h = 0; h < HEADERS; h++) {
        if (!(is_unisex ? h < 2 : h == item->header_at))
            continue;
        facets->header[h]++;
        facets->category[h][item->category]++;
        facets->with_small[h][item->category] += item->small_code[0] != '\0';
    }
    facets->brand[item->brand]++;
    facets->color[item->color]++;
    if (item->discount_price < facets->lowest || facets->lowest == 0)
        facets->lowest = item->discount_price;
    if (item->discount_price > facets->highest)
        facets->highest = item->discount_price;
}

static void begin(struct kk_buf *out, const char *group)
{
    kk_jw_key(out, group);
    kk_jw_open(out, '[');
}

static void open_row(struct kk_buf *out, unsigned header)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "headerCategoryCode", kk_sv_of(words_header[header].code));
    kk_jw_key_str(out, "headerCategoryName", kk_sv_of(words_header[header].name));
}

static void close_row(struct kk_buf *out, int count)
{
    kk_jw_key_i64(out, "categoryCount", count);
    kk_jw_close(out, '}');
}

/* What lies under the category that begins at first: a large one spans MEDIUMS × SMALLS, a medium one SMALLS. */
static int sum(const int *counts, size_t first, size_t span)
{
    int total = 0;

    for (size_t c = first; c < first + span; c++)
        total += counts[c];
    return total;
}

enum depth { LARGE, MEDIUM, SMALL };

static void write_level(const struct world *world, const struct facets *facets, enum depth depth, struct kk_buf *out)
{
    static const size_t spans[] = {
        [LARGE] = (size_t)WORDS_MEDIUMS * WORDS_SMALLS, [MEDIUM] = WORDS_SMALLS, [SMALL] = 1};
    int rows = 0;

    for (unsigned h = 0; h < HEADERS; h++)
        for (size_t c = 0; c < WORLD_CATEGORIES; c += spans[depth]) {
            int count = sum(depth == SMALL ? facets->with_small[h] : facets->category[h], c, spans[depth]);
            const struct world_category *category = &world->category[c];

            if (count == 0 || (depth == SMALL && rows == SMALL_ROWS_MAX))
                continue;
            rows++;
            open_row(out, h);
            kk_jw_key_str(out, "largeCategoryCode", kk_sv_of(category->large_code));
            kk_jw_key_str(out, "largeCategoryName", kk_sv_of(category->large));
            if (depth >= MEDIUM) {
                kk_jw_key_str(out, "mediumCategoryCode", kk_sv_of(category->medium_code));
                kk_jw_key_str(out, "mediumCategoryName", kk_sv_of(category->medium));
            }
            if (depth == SMALL) {
                kk_jw_key_str(out, "smallCategoryCode", kk_sv_of(category->small_code));
                kk_jw_key_str(out, "smallCategoryName", kk_sv_of(category->small));
            }
            close_row(out, count);
        }
}

static void write_categories(const struct world *world, const struct facets *facets, struct kk_buf *out)
{
    begin(out, "headerCategoryGroupResult");
    for (unsigned h = 0; h < HEADERS; h++) {
        if (facets->header[h] == 0)
            continue;
        open_row(out, h);
        close_row(out, facets->header[h]);
    }
    kk_jw_close(out, ']');
    begin(out, "largeCategoryGroupResult");
    write_level(world, facets, LARGE, out);
    kk_jw_close(out, ']');
    begin(out, "mediumCategoryGroupResult");
    write_level(world, facets, MEDIUM, out);
    kk_jw_close(out, ']');
    begin(out, "smallCategoryGroupResult");
    write_level(world, facets, SMALL, out);
    kk_jw_close(out, ']');
}

static void write_brands(const struct facets *facets, struct kk_buf *out)
{
    begin(out, "brandGroupResult");
    for (size_t b = 0; b < WORDS_BRANDS; b++) {
        if (facets->brand[b] == 0)
            continue;
        kk_jw_open(out, '{');
        kk_jw_key_i64(out, "brandCode", words_brand[b].code);
        kk_jw_key_str(out, "brandName", kk_sv_of(words_brand[b].name));
        kk_jw_key_str(out, "brandNameKor", kk_sv_of(words_brand[b].name_kr));
        kk_jw_key_i64(out, "brandCount", facets->brand[b]);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}

static void write_ranges(const struct facets *facets, struct kk_buf *out)
{
    int64_t step = (facets->highest - facets->lowest) / PRICE_ROWS + 1;

    begin(out, "priceRangeResult");
    for (int r = 0; r < PRICE_ROWS; r++) {
        kk_jw_open(out, '{');
        kk_jw_key_i64(out, "startPrice", facets->lowest + r * step);
        kk_jw_key_i64(out, "endPrice", facets->lowest + (r + 1) * step - 1);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    begin(out, "colorCodeResult");
    for (size_t c = 0; c < WORDS_COLORS; c++) {
        if (facets->color[c] == 0)
            continue;
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "imgColorCode", kk_sv_of(words_color[c].code));
        kk_jw_key_i64(out, "imgColorCodeCount", facets->color[c]);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}

static void write_words(struct noise *noise, struct kk_buf *out)
{
    static const char *const statuses[] = {"NEW", "USED", "REFURB"};

    begin(out, "recommendKeywordGroupResult");
    for (size_t k = 0; k < 10; k++) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "keyword", kk_sv_of(words_model[k]));
        noise_counter(noise, out, "count", 500);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    begin(out, "usedStatusGroupResult");
    for (size_t s = 0; s < KK_COUNT(statuses); s++) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "usedStatus", kk_sv_of(statuses[s]));
        kk_jw_key_i64(out, "count", 1);
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
}

void facets_write(const struct world *world, const struct world_seller *seller, struct noise *noise, struct kk_buf *out)
{
    struct facets facets = {0};

    for (size_t i = 0; i < seller->shown_count; i++)
        count_item(&facets, seller->shown[i]);
    kk_jw_key(out, "groupResult");
    kk_jw_open(out, '{');
    write_categories(world, &facets, out);
    write_brands(&facets, out);
    write_ranges(&facets, out);
    write_words(noise, out);
    kk_jw_close(out, '}');
}
