#include "sandbox/move.h"

#include <string.h>

#include "base/assert.h"
#include "base/rng.h"
#include "sandbox/dice.h"
#include "sandbox/fields.h"
#include "sandbox/item.h"
#include "sandbox/truth.h"

#define TRIES 64 /* for an item that can make the move asked for, before another kind is tried */
#define DIFF_MAX_BYTES ((size_t)256 * 1024)

struct mover {
    struct world *world;
    const struct move_order *order;
    const struct kk_rng *rng;
    int64_t at_ms;
    uint32_t serial;
};

/* --- what each kind does; false: this item cannot --- */

static bool do_price(struct mover *mover, struct world_item *item)
{
    int64_t base = item->selling_price ? item->selling_price : item->normal_price;
    int64_t percent = 60 + (int64_t)kk_rng_below(mover->rng, 40);

    switch (kk_rng_below(mover->rng, 4)) {
    case 0: /* a coupon: nothing else moves */
        item->discount_price = (base ? base : item->discount_price) * percent / 100 / 100 * 100 + 100;
        break;
    case 1:
        item->selling_price = (item->normal_price ? item->normal_price : base + 1000) * percent / 100 / 100 * 100;
        item->discount_price = item->selling_price * 9 / 10;
        break;
    case 2:
        item->normal_price += 1000 * (1 + (int64_t)kk_rng_below(mover->rng, 50));
        break;
    default:
        item_new_prices(item, mover->rng);
    }
    return true;
}

static bool do_stock(struct mover *mover, struct world_item *item)
{
    int64_t *stock = &item->lone_stock;

    if (item->form != FORM_NO_ROWS)
        stock = &item->option[kk_rng_below(mover->rng, item->option_count)].stock;
    /* Without rows the stock and the flag say the same thing; selling out is another kind of move. */
    else if (item->is_sold_out)
        return false;

    int64_t lowest = item->form == FORM_NO_ROWS ? 1 : 0;

    *stock = (*stock - lowest + 1 + (int64_t)kk_rng_below(mover->rng, 7)) % (9 - lowest) + lowest;
    return true;
}

static bool do_option_gone(struct mover *mover, struct world_item *item)
{
    if (item->option_count < 2)
        return false;

    size_t at = kk_rng_below(mover->rng, item->option_count);

    item->option_count--;
    memmove(&item->option[at], &item->option[at + 1], (item->option_count - at) * sizeof(item->option[0]));
    return true;
}

static bool do_option_added(struct mover *mover, struct world_item *item)
{
    bool has_axis = item->form == FORM_TWO_AXES || item->form == FORM_ONE_AXIS;

    if (!has_axis || item->option_count == 0 || item->option_count >= WORLD_OPTIONS_MAX)
        return false;
    item->option = memory_grow(item->option, item->option_count + 1, sizeof(item->option[0]));

    struct world_option *option = &item->option[item->option_count];
    size_t row = kk_rng_below(mover->rng, WORDS_SIZE_ROWS), column = kk_rng_below(mover->rng, WORDS_SIZES);

    *option = (struct world_option){.option_no = mover->world->next_option_no++,
                                    .color = item->option[0].color,
                                    .size = words_size[row][column],
                                    .stock = 1 + (int64_t)kk_rng_below(mover->rng, 6)};
    item->option_count++;
    return true;
}

static bool do_images(struct mover *mover, struct world_item *item)
{
    uint64_t roll = kk_rng_below(mover->rng, 4);
    unsigned last = item->image_count ? item->image_count - 1 : 0;
    unsigned at = (unsigned)kk_rng_below(mover->rng, last + 1);

    if (roll == 0 && item->image_count > 1) {
        item->image_count--;
        memmove(&item->image[at], &item->image[at + 1], (item->image_count - at) * sizeof(item->image[0]));
    } else if (roll == 1 && item->image_count < WORLD_IMAGES_MAX) {
        item->image[item->image_count++] = item_new_image(mover->world, item, mover->rng);
    } else if (roll == 2 && item->image_count > 1) {
        const char *first = item->image[0];

        item->image[0] = item->image[last];
        item->image[last] = first;
    } else {
        item->image[at] = item_new_image(mover->world, item, mover->rng);
        item->image_count = last + 1;
    }
    return true;
}

static bool do_sold_out(struct mover *mover, struct world_item *item)
{
    uint64_t roll = kk_rng_below(mover->rng, 3);

    if (item_is_out(item))
        return false;
    if (roll > 0 || item->form == FORM_NO_ROWS) {
        item->lone_stock = 0;
        for (unsigned i = 0; i < item->option_count; i++)
            item->option[i].stock = 0;
    }
    /* With the flag, without it, or the flag alone. */
    item->is_sold_out = roll < 2 || item->form == FORM_NO_ROWS;
    return true;
}

static bool do_back(struct mover *mover, struct world_item *item)
{
    if (!item_is_out(item))
        return false;
    item->is_sold_out = false;
    if (item_stock(item) == 0) {
        int64_t stock = 1 + (int64_t)kk_rng_below(mover->rng, 9);

        if (item->form == FORM_NO_ROWS)
            item->lone_stock = stock;
        else
            item->option[kk_rng_below(mover->rng, item->option_count)].stock = stock;
    }
    return true;
}

static bool apply(struct mover *mover, struct world_item *item, enum world_kind kind)
{
    switch (kind) {
    case WORLD_PRICE:
        return do_price(mover, item);
    case WORLD_STOCK:
        return do_stock(mover, item);
    case WORLD_OPTION_GONE:
        return do_option_gone(mover, item);
    case WORLD_OPTION_ADDED:
        return do_option_added(mover, item);
    case WORLD_IMAGES:
        return do_images(mover, item);
    case WORLD_NAME:
        item->name = item_new_name(mover->world, item, mover->rng);
        return true;
    case WORLD_DESCRIPTION:
        item->description = NULL;
        item->description_seed = kk_rng_next(mover->rng);
        return true;
    case WORLD_REMOVED:
        world_unshow(mover->world, item);
        return true;
    case WORLD_SOLD_OUT:
        return do_sold_out(mover, item);
    case WORLD_BACK:
        return do_back(mover, item);
    case WORLD_RETURNED:
        world_reshow(mover->world, item);
        return true;
    case WORLD_NEW:
    case WORLD_NOISE:
    case WORLD_SET:
    case WORLD_KIND_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

/* --- recording --- */

/* before NULL: it is new. False: nothing that counts is different. */
static bool record(struct world *world, const struct world_item *before, struct world_item *item, enum world_kind kind,
                   int64_t at_ms)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf diff = KK_BUF(DIFF_MAX_BYTES);

    if (item_diff(world, before, item, &diff) == 0)
        return false;

    struct history_entry entry = {.at_ms = at_ms,
                                  .item_no = item->item_no,
                                  .seller = item->seller,
                                  .kind = kind,
                                  .was_gone = before && before->is_gone,
                                  .is_gone = item->is_gone,
                                  .was = before ? truth_digest(world, before) : 0,
                                  .is = truth_digest(world, item)};

    history_add(&world->history, &entry, kk_buf_sv(&diff));
    world_touched(world, item);
    return true;
}

void world_move_new(struct world *world, struct world_seller *seller, int64_t at_ms)
{
    record(world, NULL, world_bear(world, seller), WORLD_NEW, at_ms);
}

enum kk_code world_move_set(struct world *world, int64_t item_no, struct kk_sv field, struct kk_sv value, int64_t at_ms,
                            struct kk_err *err)
{
    KK_CLEANUP(item_copy_done) struct world_item before = {0};
    struct world_item *item = world_item(world, item_no);

    if (!item)
        return kk_fail(err, KK_NOT_FOUND, "there is no item %" PRId64, item_no);
    item_copy(item, &before);
    enum kk_code rc = item_set(world, item, field, value, err);
    if (rc)
        return rc;
    record(world, &before, item, WORLD_SET, at_ms);
    return KK_OK;
}

/* --- choosing --- */

static bool may_choose(const struct mover *mover, const struct world_item *item)
{
    return !mover->order->is_distinct || item->moved_in != mover->serial;
}

static struct world_item *choose_shown(struct mover *mover)
{
    const struct world *world = mover->world;
    const struct world_seller *seller = mover->order->seller;
    size_t count = seller ? seller->shown_count : world->shown_count, at;

    if (count == 0)
        return NULL;
    at = kk_rng_below(mover->rng, count);
    if (seller)
        return seller->shown[at];
    for (size_t s = 0; s < world->seller_count; at -= world->seller[s].shown_count, s++)
        if (at < world->seller[s].shown_count)
            return world->seller[s].shown[at];
    return NULL;
}

static struct world_item *choose_gone(struct mover *mover)
{
    const struct world *world = mover->world;
    size_t at;

    if (world->item_count == world->shown_count)
        return NULL;
    at = kk_rng_below(mover->rng, world->item_count);
    for (size_t i = 0; i < world->item_count; i++) {
        struct world_item *item = world->item[(at + i) % world->item_count];

        if (item->is_gone && may_choose(mover, item) &&
            (!mover->order->seller || mover->order->seller->index == item->seller))
            return item;
    }
    return NULL;
}

/* A new item comes to a shop in proportion to what it has; a shop without items stays empty unless it is named. */
static bool make_new(struct mover *mover)
{
    const struct world_seller *named = mover->order->seller;
    const struct world_item *neighbour = named ? NULL : choose_shown(mover);

    if ((!named && !neighbour) || (int64_t)mover->world->item_count >= WORLD_ITEMS_MAX)
        return false;
    world_move_new(mover->world, &mover->world->seller[named ? named->index : neighbour->seller], mover->at_ms);
    mover->world->item[mover->world->item_count - 1]->moved_in = mover->serial;
    return true;
}

static bool make_noise(struct mover *mover)
{
    struct world_item *item = choose_shown(mover);

    if (!item)
        return false;
    world_touched(mover->world, item); /* rendered anew, with other counters */
    mover->world->noise_moves++;
    return true;
}

static bool make_one(struct mover *mover, enum world_kind kind)
{
    if (kind == WORLD_NEW)
        return make_new(mover);
    if (kind == WORLD_NOISE)
        return make_noise(mover);
    for (int i = 0; i < TRIES; i++) {
        struct world_item *item = kind == WORLD_RETURNED ? choose_gone(mover) : choose_shown(mover);

        if (!item)
            return false;
        if (!may_choose(mover, item))
            continue;

        KK_CLEANUP(item_copy_done) struct world_item before = {0};

        item_copy(item, &before);
        if (!apply(mover, item, kind) || !record(mover->world, &before, item, kind, mover->at_ms))
            continue;
        item->moved_in = mover->serial;
        return true;
    }
    return false;
}

/* How often each kind comes where none is asked for. */
static const unsigned char weights[WORLD_KIND_COUNT] = {
    [WORLD_PRICE] = 6,   [WORLD_STOCK] = 6,    [WORLD_OPTION_GONE] = 1, [WORLD_OPTION_ADDED] = 1,
    [WORLD_IMAGES] = 2,  [WORLD_NAME] = 1,     [WORLD_DESCRIPTION] = 1, [WORLD_NEW] = 1,
    [WORLD_REMOVED] = 1, [WORLD_SOLD_OUT] = 1, [WORLD_BACK] = 1,        [WORLD_RETURNED] = 1,
};

static enum world_kind choose_kind(const struct mover *mover)
{
    uint32_t kinds = mover->order->kinds;
    uint64_t total = 0, at;

    for (size_t k = 0; k < WORLD_KIND_COUNT; k++)
        total += kinds ? (kinds >> k) & 1 : weights[k];
    at = kk_rng_below(mover->rng, total);
    for (size_t k = 0;; k++) {
        uint64_t weight = kinds ? (kinds >> k) & 1 : weights[k];

        if (at < weight)
            return (enum world_kind)k;
        at -= weight;
    }
}

int64_t world_move(struct world *world, const struct move_order *order, int64_t at_ms)
{
    struct kk_rng_seeded state;
    struct kk_rng rng = kk_rng_from_seed(&state, dice_mix(world->seed, order->seed));
    struct mover mover = {world, order, &rng, at_ms, ++world->orders};
    int64_t made = 0, count = order->count > MOVE_COUNT_MAX ? MOVE_COUNT_MAX : order->count;

    for (int64_t misses = 0; made < count && misses < TRIES;) {
        if (make_one(&mover, choose_kind(&mover))) {
            made++;
            misses = 0;
        } else
            misses++;
    }
    return made;
}

enum kk_code move_kinds_parse(struct kk_sv text, uint32_t *ret_kinds, struct kk_err *err)
{
    uint32_t kinds = 0;

    while (text.len > 0) {
        struct kk_sv word = kk_sv_cut(&text, ',');
        enum world_kind kind;

        if (!world_kind_parse(word, &kind) || kind == WORLD_SET)
            return kk_fail(err, KK_BAD_INPUT,
                           "no kind of move is called '" KK_SV_FMT "'; known: price, stock, option_gone, option_added, "
                           "images, name, description, new, removed, sold_out, back, returned, noise",
                           KK_SV_ARG(word));
        kinds |= UINT32_C(1) << kind;
    }
    *ret_kinds = kinds;
    return KK_OK;
}
