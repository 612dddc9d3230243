#include "sandbox/body.h"

#include <stdlib.h>

#include "base/assert.h"
#include "sandbox/dice.h"
#include "sandbox/gzip.h"

#define BUCKETS 16384 /* a power of two */

enum body_kind { BODY_LIST, BODY_DETAIL, BODY_OPTIONS };

/* What a head shows. */
struct body_key {
    enum body_kind kind;
    unsigned variant;
    const void *what; /* the item or the seller; they live as long as the world */
    int64_t page, size;
};

struct head {
    struct body_key key;
    uint32_t revision;
    struct kk_buf text;
    struct gzip_front front; /* made when first asked for */
    struct head *next_in_bucket, *newer, *older;
};

struct body_store {
    const struct world *world;
    uint64_t seed;
    bool is_plain;
    size_t max_bytes, bytes;
    struct head *bucket[BUCKETS];
    struct head *newest, *oldest;
    struct gzip *gzip;
    struct kk_buf tail;
};

struct body_store *body_store_create(const struct world *world, uint64_t seed, size_t max_bytes, bool is_plain)
{
    struct body_store *store = memory_new(1, sizeof(*store));

    store->world = world;
    store->seed = seed;
    store->max_bytes = max_bytes;
    store->is_plain = is_plain;
    store->gzip = gzip_create();
    store->tail = KK_BUF(RENDER_MAX_BYTES);
    return store;
}

/* --- the kept heads --- */

static struct head **place_of(struct body_store *store, const struct body_key *key)
{
    uint64_t hash = dice_mix((uint64_t)(uintptr_t)key->what, (uint64_t)key->kind * BODY_VARIANTS + key->variant);
    struct head **place;

    if (key->kind == BODY_LIST)
        hash = dice_mix(hash, dice_mix((uint64_t)key->page, (uint64_t)key->size));
    place = &store->bucket[hash & (BUCKETS - 1)];
    while (*place && !((*place)->key.what == key->what && (*place)->key.kind == key->kind &&
                       (*place)->key.variant == key->variant && (*place)->key.page == key->page &&
                       (*place)->key.size == key->size))
        place = &(*place)->next_in_bucket;
    return place;
}

static size_t head_bytes(const struct head *head)
{
    return sizeof(*head) + head->text.cap + head->front.bytes.cap;
}

static void unlink_age(struct body_store *store, struct head *head)
{
    if (head->newer)
        head->newer->older = head->older;
    else
        store->newest = head->older;
    if (head->older)
        head->older->newer = head->newer;
    else
        store->oldest = head->newer;
}

static void link_newest(struct body_store *store, struct head *head)
{
    head->newer = NULL;
    head->older = store->newest;
    if (store->newest)
        store->newest->newer = head;
    else
        store->oldest = head;
    store->newest = head;
}

static void forget(struct body_store *store, struct head *head)
{
    *place_of(store, &head->key) = head->next_in_bucket;
    unlink_age(store, head);
    store->bytes -= head_bytes(head);
    kk_buf_done(&head->text);
    gzip_front_done(&head->front);
    free(head);
}

void body_store_destroy(struct body_store *store)
{
    if (!store)
        return;
    while (store->oldest)
        forget(store, store->oldest);
    gzip_destroy(store->gzip);
    kk_buf_done(&store->tail);
    free(store);
}

/* --- rendering --- */

static void render_head(const struct render *render, const struct body_key *key, struct kk_buf *out)
{
    struct render_page page = {key->what, key->page, key->size};

    switch (key->kind) {
    case BODY_LIST:
        render_list_head(render, &page, out);
        break;
    case BODY_DETAIL:
        render_detail_head(render, key->what, out);
        break;
    case BODY_OPTIONS:
        render_options(render, key->what, out);
    }
}

static void render_tail(const struct render *render, const struct body_key *key, struct kk_buf *out)
{
    struct render_page page = {key->what, key->page, key->size};

    switch (key->kind) {
    case BODY_LIST:
        render_list_tail(render, &page, out);
        break;
    case BODY_DETAIL:
        render_detail_tail(render, key->what, out);
        break;
    case BODY_OPTIONS: /* small: all head */
        break;
    }
}

/* The noise of a head follows from what it shows, its variant and the revision; never from who asked before. */
static struct render render_of(const struct body_store *store, const struct body_key *key, uint32_t revision)
{
    int64_t number = key->kind == BODY_LIST ? ((const struct world_seller *)key->what)->seller_no
                                            : ((const struct world_item *)key->what)->item_no;
    uint64_t seed = dice_mix(dice_mix(store->seed, (uint64_t)number), (uint64_t)key->kind);

    seed = dice_mix(seed, (uint64_t)revision * BODY_VARIANTS + key->variant);
    return (struct render){.world = store->world, .seed = seed, .is_plain = store->is_plain};
}

/* Many heads are kept for long: none with room that it does not need. */
static void keep_exactly(struct kk_buf *text)
{
    struct kk_buf exact = KK_BUF(text->len);

    KK_ASSERT(!text->failed);
    kk_buf_add(&exact, kk_buf_sv(text));
    kk_buf_done(text);
    *text = exact;
}

static struct head *head_of(struct body_store *store, const struct body_key *key, uint32_t revision)
{
    struct head *head = *place_of(store, key);

    if (head && head->revision == revision) {
        unlink_age(store, head);
        link_newest(store, head);
        return head;
    }
    if (head)
        forget(store, head);
    head = memory_new(1, sizeof(*head));
    head->key = *key;
    head->revision = revision;
    head->text = KK_BUF(RENDER_MAX_BYTES);

    struct render render = render_of(store, key, revision);

    render_head(&render, key, &head->text);
    keep_exactly(&head->text);
    *place_of(store, key) = head;
    link_newest(store, head);
    store->bytes += head_bytes(head);
    return head;
}

static void trim(struct body_store *store)
{
    while (store->bytes > store->max_bytes && store->oldest)
        forget(store, store->oldest);
}

static void write_out(struct kk_sv head, struct kk_sv tail, struct kk_buf *out)
{
    kk_buf_room(out, head.len + tail.len);
    kk_buf_add(out, head);
    kk_buf_add(out, tail);
}

/* Something that is not as usual: made for this once. */
static void answer_odd(struct body_store *store, const struct body_ask *ask, const struct body_key *key,
                       uint32_t revision, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(RENDER_MAX_BYTES);
    struct render render = render_of(store, key, revision);

    render.damage = ask->damage;
    render.seller_as = ask->seller_as;
    render_head(&render, key, &text);
    render_tail(&render, key, &text);
    if (ask->is_gzip)
        body_compress(store, kk_buf_sv(&text), out);
    else
        write_out(kk_buf_sv(&text), (struct kk_sv){0}, out);
}

static void answer(struct body_store *store, const struct body_ask *ask, struct body_key *key, uint32_t revision,
                   struct kk_buf *out)
{
    uint64_t dice = dice_mix(store->seed, ask->number);
    struct render render = {.world = store->world, .seed = dice, .is_plain = store->is_plain};

    key->variant = store->is_plain ? 0 : (unsigned)(dice % BODY_VARIANTS);
    if (ask->damage != DAMAGE_NONE || ask->seller_as) {
        answer_odd(store, ask, key, revision, out);
        return;
    }

    struct head *head = head_of(store, key, revision);

    kk_buf_clear(&store->tail);
    render_tail(&render, key, &store->tail);
    if (ask->is_gzip && head->front.bytes.len == 0) {
        store->bytes -= head_bytes(head);
        gzip_front_make(store->gzip, kk_buf_sv(&head->text), &head->front);
        keep_exactly(&head->front.bytes);
        store->bytes += head_bytes(head);
    }
    if (ask->is_gzip)
        gzip_join(&head->front, kk_buf_sv(&store->tail), out);
    else
        write_out(kk_buf_sv(&head->text), kk_buf_sv(&store->tail), out);
    trim(store);
}

void body_list(struct body_store *store, const struct body_ask *ask, const struct render_page *page, struct kk_buf *out)
{
    struct body_key key = {.kind = BODY_LIST, .what = page->seller, .page = page->number, .size = page->size};

    answer(store, ask, &key, page->seller->revision, out);
}

void body_list_once(struct body_store *store, const struct body_ask *ask, const struct render_page *page,
                    struct kk_buf *out)
{
    struct body_key key = {.kind = BODY_LIST, .what = page->seller, .page = page->number, .size = page->size};

    answer_odd(store, ask, &key, page->seller->revision, out);
}

void body_detail(struct body_store *store, const struct body_ask *ask, const struct world_item *item,
                 struct kk_buf *out)
{
    struct body_key key = {.kind = BODY_DETAIL, .what = item};

    answer(store, ask, &key, item->revision, out);
}

void body_options(struct body_store *store, const struct body_ask *ask, const struct world_item *item,
                  struct kk_buf *out)
{
    struct body_key key = {.kind = BODY_OPTIONS, .what = item};

    answer(store, ask, &key, item->revision, out);
}

void body_compress(struct body_store *store, struct kk_sv text, struct kk_buf *out)
{
    struct gzip_front front = {0};

    gzip_front_make(store->gzip, text, &front);
    gzip_join(&front, (struct kk_sv){0}, out);
    gzip_front_done(&front);
}
