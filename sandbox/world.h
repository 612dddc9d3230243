/* sandbox/world.h: the shops of the mock site: sellers, items, options. What an answer shows and what the truth says
 * are both read from here, by separate code.
 *
 * Everything follows from the seed; times come in as arguments. Not thread-safe. */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "sandbox/history.h"
#include "sandbox/memory.h"
#include "sandbox/words.h"

#define WORLD_OPTIONS_MAX 64
#define WORLD_IMAGES_MAX 10
#define WORLD_SELLERS_MAX 5000
#define WORLD_ITEMS_MAX INT64_C(5000000)
#define WORLD_SELLER_BYTES 41
#define WORLD_BIG_BYTES ((size_t)2 * 1024 * 1024) /* a description that is meant to hurt */
#define WORLD_CATEGORIES (WORDS_LARGES * WORDS_MEDIUMS * WORDS_SMALLS)

struct world_category { /* one small category, with what is above it */
    const char *large_code, *large, *medium_code, *medium, *small_code, *small;
};

struct world_option {
    int64_t option_no, stock;
    const char *color, *size; /* "" where the item has not that axis */
};

enum item_form { FORM_TWO_AXES, FORM_ONE_AXIS, FORM_ONE_ROW, FORM_NO_ROWS };

struct world_item {
    int64_t item_no;
    uint32_t seller;   /* index in world.seller */
    uint32_t moved_in; /* the last order of moves that chose it */
    uint32_t revision; /* +1 whenever an answer about it may differ; what was rendered before is stale */
    uint64_t dice;     /* its own seed */
    enum item_form form;
    bool is_gone, is_sold_out, has_quick, is_big;

    /* Texts live in world.texts or are literals; never NULL. */
    const char *name, *brand_name, *brand_name_kr;
    const char *header_code, *header, *large_code, *large, *medium_code, *medium, *small_code, *small;
    const char *shipping_type, *shipping_fee_type, *item_status, *origin_country, *shipping_location, *sales_method;
    int64_t brand_code, normal_price, selling_price, discount_price, shipping_fee;
    unsigned brand, category, header_at, color; /* as born: what the facets count */

    const char *image[WORLD_IMAGES_MAX]; /* without the size tail */
    unsigned image_count;
    struct world_option *option; /* ascending by number */
    unsigned option_count;
    int64_t lone_stock;        /* FORM_NO_ROWS: the stock of the one thing there is */
    uint64_t description_seed; /* where description is NULL */
    const char *description;   /* set by hand */
};

struct world_seller {
    char name[WORLD_SELLER_BYTES];
    int64_t seller_no;
    uint32_t index, revision;  /* +1 whenever a page of its list may differ */
    struct world_item **shown; /* ascending by item number; pages go from its end */
    size_t shown_count, shown_cap;
};

struct world {
    uint64_t seed;
    struct memory_pool texts;
    struct world_category category[WORLD_CATEGORIES];
    struct world_seller *seller;
    size_t seller_count;
    struct world_item **item; /* all that ever were, ascending by item number */
    size_t item_count, item_cap, shown_count;
    int64_t next_item_no, next_option_no;
    int64_t big_every; /* every so many-th item has a description of WORLD_BIG_BYTES; 0: none */
    struct history history;
    uint64_t noise_moves; /* moves that changed nothing that counts */
    uint32_t orders;      /* orders of moves so far */
};

/* sellers: "luxmaison:120,casaverde:501,emptyshop:0", or "5x120" for five of 120 each. KK_BAD_INPUT with a sentence.
 * Gives *ret_world (world_destroy). */
enum kk_code world_create(uint64_t seed, const char *sellers, int64_t big_every, struct world **ret_world,
                          struct kk_err *err);
void world_destroy(struct world *world); /* NULL is fine */

struct world_seller *world_seller(const struct world *world, struct kk_sv name); /* NULL: nobody */
struct world_item *world_item(const struct world *world, int64_t item_no);       /* NULL: never was; may be gone */

/* An item is born: on the shelf of its seller, with the highest number so far. */
struct world_item *world_bear(struct world *world, struct world_seller *seller);
void world_unshow(struct world *world, struct world_item *item); /* off the shelf; is_gone */
void world_reshow(struct world *world, struct world_item *item);
/* What an answer shows of it is different now. */
void world_touched(struct world *world, struct world_item *item);

#endif
