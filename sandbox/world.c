#include "sandbox/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/rng.h"
#include "sandbox/dice.h"
#include "sandbox/item.h"

/* Numbers the real site is near to: items of nine digits, and options about to pass 2^32 (a reader with 32 bits sees
 * some shops right and others wrong, which is what must not go unnoticed). */
#define FIRST_ITEM_NO INT64_C(117000000)
#define FIRST_OPTION_NO (INT64_C(4294967296) - 200)

static void make_categories(struct world *world)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(256);
    struct world_category *category = world->category;

    for (size_t l = 0; l < WORDS_LARGES; l++)
        for (size_t m = 0; m < WORDS_MEDIUMS; m++)
            for (size_t s = 0; s < WORDS_SMALLS; s++, category++) {
                category->large_code = words_large[l].code;
                category->large = words_large[l].name;
                category->medium = words_large[l].medium[m];
                kk_buf_clear(&text);
                kk_buf_addf(&text, "%sr%02zu", words_large[l].code, m + 1);
                category->medium_code = memory_text(&world->texts, kk_buf_sv(&text));
                kk_buf_addf(&text, "r%02zu", s + 1);
                category->small_code = memory_text(&world->texts, kk_buf_sv(&text));
                kk_buf_clear(&text);
                kk_buf_addf(&text, "%s %s", words_small[s], category->medium);
                category->small = memory_text(&world->texts, kk_buf_sv(&text));
            }
}

/* --- sellers --- */

static bool is_seller_name(struct kk_sv name)
{
    if (name.len == 0 || name.len >= WORLD_SELLER_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
              c == '.'))
            return false;
    }
    return true;
}

static enum kk_code add_seller(struct world *world, struct kk_sv name, struct kk_err *err)
{
    if (world->seller_count == WORLD_SELLERS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "at most %d sellers", WORLD_SELLERS_MAX);
    if (!is_seller_name(name))
        return kk_fail(err, KK_BAD_INPUT, "seller '" KK_SV_FMT "': 1 to %d letters, digits, '_', '-' or '.'",
                       KK_SV_ARG(name), WORLD_SELLER_BYTES - 1);
    if (world_seller(world, name))
        return kk_fail(err, KK_BAD_INPUT, "seller '" KK_SV_FMT "' is named twice", KK_SV_ARG(name));
    world->seller = memory_grow(world->seller, world->seller_count + 1, sizeof(*world->seller));

    struct world_seller *seller = &world->seller[world->seller_count];

    *seller = (struct world_seller){.index = (uint32_t)world->seller_count};
    kk_sv_copy(name, seller->name, sizeof(seller->name));
    seller->seller_no = 1000 + (int64_t)(dice_mix(world->seed, dice_text(name)) % 90000);
    world->seller_count++;
    return KK_OK;
}

static enum kk_code bad_sellers(struct kk_err *err)
{
    return kk_fail(err, KK_BAD_INPUT, "sellers are NAME:ITEMS,NAME:ITEMS,… or NxITEMS (at most %d sellers, %d items)",
                   WORLD_SELLERS_MAX, (int)WORLD_ITEMS_MAX);
}

/* "5x120" */
static enum kk_code plan_generated(struct world *world, int64_t sellers, int64_t items, int64_t *wanted,
                                   struct kk_err *err)
{
    for (int64_t i = 0; i < sellers; i++) {
        char name[WORLD_SELLER_BYTES];

        snprintf(name, sizeof(name), "seller%03d", (int)(i + 1));
        enum kk_code rc = add_seller(world, kk_sv_of(name), err);
        if (rc)
            return rc;
        wanted[i] = items;
    }
    return KK_OK;
}

/* wanted has room for WORLD_SELLERS_MAX. */
static enum kk_code plan_sellers(struct world *world, struct kk_sv text, int64_t *wanted, struct kk_err *err)
{
    struct kk_sv rest = text, left = kk_sv_cut(&rest, 'x');
    int64_t sellers, items, total = 0;

    if (kk_sv_i64(left, &sellers) && kk_sv_i64(rest, &items)) {
        if (sellers < 1 || sellers > WORLD_SELLERS_MAX || items < 0 || items > WORLD_ITEMS_MAX / sellers)
            return bad_sellers(err);
        return plan_generated(world, sellers, items, wanted, err);
    }
    for (rest = text; rest.len > 0;) {
        struct kk_sv count = kk_sv_cut(&rest, ','), name = kk_sv_cut(&count, ':');

        if (!kk_sv_i64(count, &items) || items < 0 || items > WORLD_ITEMS_MAX || (total += items) > WORLD_ITEMS_MAX)
            return bad_sellers(err);
        enum kk_code rc = add_seller(world, name, err);
        if (rc)
            return rc;
        wanted[world->seller_count - 1] = items;
    }
    return world->seller_count ? KK_OK : bad_sellers(err);
}

/* Sellers take turns, as they do on a real site: one shop's numbers are never in one run. */
static void bear_all(struct world *world, int64_t *wanted)
{
    for (bool any = true; any;) {
        any = false;
        for (size_t s = 0; s < world->seller_count; s++) {
            if (wanted[s] == 0)
                continue;
            world_bear(world, &world->seller[s]);
            wanted[s]--;
            any = true;
        }
    }
}

enum kk_code world_create(uint64_t seed, const char *sellers, int64_t big_every, struct world **ret_world,
                          struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) int64_t *wanted = memory_new(WORLD_SELLERS_MAX, sizeof(*wanted));
    struct world *world = memory_new(1, sizeof(*world));

    world->seed = seed;
    world->big_every = big_every;
    world->next_item_no = FIRST_ITEM_NO + (int64_t)(dice_mix(seed, 1) % 1000000);
    world->next_option_no = FIRST_OPTION_NO;
    make_categories(world);

    enum kk_code rc = plan_sellers(world, kk_sv_of(sellers), wanted, err);
    if (rc) {
        world_destroy(world);
        return rc;
    }
    bear_all(world, wanted);
    *ret_world = world;
    return KK_OK;
}

void world_destroy(struct world *world)
{
    if (!world)
        return;
    for (size_t i = 0; i < world->item_count; i++) {
        free(world->item[i]->option);
        free(world->item[i]);
    }
    for (size_t s = 0; s < world->seller_count; s++)
        free(world->seller[s].shown);
    free(world->seller);
    free(world->item);
    memory_pool_done(&world->texts);
    history_done(&world->history);
    free(world);
}

/* --- looking up --- */

struct world_seller *world_seller(const struct world *world, struct kk_sv name)
{
    for (size_t s = 0; s < world->seller_count; s++)
        if (kk_sv_eq(kk_sv_of(world->seller[s].name), name))
            return &world->seller[s];
    return NULL;
}

/* Where item_no is, or would be, in a list that ascends by it. */
static size_t place_of(struct world_item *const *list, size_t count, int64_t item_no)
{
    size_t low = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (list[low + half]->item_no < item_no) {
            low += half + 1;
            count -= half + 1;
        } else
            count = half;
    }
    return low;
}

struct world_item *world_item(const struct world *world, int64_t item_no)
{
    size_t at = place_of(world->item, world->item_count, item_no);

    return at < world->item_count && world->item[at]->item_no == item_no ? world->item[at] : NULL;
}

/* --- the shelf --- */

void world_touched(struct world *world, struct world_item *item)
{
    item->revision++;
    world->seller[item->seller].revision++;
}

void world_reshow(struct world *world, struct world_item *item)
{
    struct world_seller *seller = &world->seller[item->seller];
    size_t at = place_of(seller->shown, seller->shown_count, item->item_no);

    if (seller->shown_count == seller->shown_cap) {
        seller->shown_cap = seller->shown_cap ? seller->shown_cap * 2 : 16;
        seller->shown = memory_grow(seller->shown, seller->shown_cap, sizeof(struct world_item *));
    }
    memmove(&seller->shown[at + 1], &seller->shown[at], (seller->shown_count - at) * sizeof(struct world_item *));
    seller->shown[at] = item;
    seller->shown_count++;
    world->shown_count++;
    item->is_gone = false;
    world_touched(world, item);
}

void world_unshow(struct world *world, struct world_item *item)
{
    struct world_seller *seller = &world->seller[item->seller];
    size_t at = place_of(seller->shown, seller->shown_count, item->item_no);

    KK_ASSERT(at < seller->shown_count && seller->shown[at] == item);
    seller->shown_count--;
    memmove(&seller->shown[at], &seller->shown[at + 1], (seller->shown_count - at) * sizeof(struct world_item *));
    world->shown_count--;
    item->is_gone = true;
    world_touched(world, item);
}

struct world_item *world_bear(struct world *world, struct world_seller *seller)
{
    struct world_item *item = memory_new(1, sizeof(*item));

    if (world->item_count == world->item_cap) {
        world->item_cap = world->item_cap ? world->item_cap * 2 : 64;
        world->item = memory_grow(world->item, world->item_cap, sizeof(struct world_item *));
    }
    item->item_no = world->next_item_no;
    item->seller = seller->index;
    item->dice = dice_mix(world->seed, (uint64_t)item->item_no);
    item->is_big = world->big_every > 0 && (int64_t)((world->item_count + 1) % (size_t)world->big_every) == 0;
    world->next_item_no += 1 + (int64_t)(item->dice % 37);
    item_make(world, item, seller->shown_count);
    world->item[world->item_count++] = item;
    world_reshow(world, item);
    return item;
}
