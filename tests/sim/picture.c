#include "sim/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/proc.h"

/* ---- the index ---- */

static size_t slot_of(const struct index_map *map, int64_t key)
{
    size_t at = (size_t)((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 20) % map->cap;

    while (map->value[at] >= 0 && map->key[at] != key)
        at = (at + 1) % map->cap;
    return at;
}

int index_find(const struct index_map *map, int64_t key)
{
    return map->cap ? map->value[slot_of(map, key)] : -1;
}

static void resize(struct index_map *map, size_t cap)
{
    struct index_map old = *map;

    map->key = calloc(cap, sizeof(*map->key));
    map->value = malloc(cap * sizeof(*map->value));
    KK_ASSERT(map->key && map->value);
    memset(map->value, 0xFF, cap * sizeof(*map->value));
    map->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.value[i] >= 0) {
            size_t at = slot_of(map, old.key[i]);

            map->key[at] = old.key[i];
            map->value[at] = old.value[i];
        }
    free(old.key);
    free(old.value);
}

void index_put(struct index_map *map, int64_t key, int value)
{
    size_t at;

    if (2 * (map->count + 1) > map->cap)
        resize(map, map->cap ? 2 * map->cap : 256);
    at = slot_of(map, key);
    map->count += map->value[at] < 0;
    map->key[at] = key;
    map->value[at] = value;
}

void index_done(struct index_map *map)
{
    free(map->key);
    free(map->value);
    *map = (struct index_map){0};
}

/* A zeroed one more at the end of an array; its capacity is the next power of two. */
static void *grow(void *array, size_t count, size_t bytes)
{
    if ((count & (count - 1)) == 0) {
        array = realloc(array, (count ? 2 * count : 1) * bytes);
        KK_ASSERT(array);
    }
    memset((char *)array + count * bytes, 0, bytes);
    return array;
}

int64_t number_of_text(struct kk_sv text)
{
    uint64_t hash = UINT64_C(1469598103934665603);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    return (int64_t)hash;
}

/* ---- what is known ---- */

struct seen_task *seen_task(struct watch *watch, int64_t id)
{
    int at = index_find(&watch->tasks, id);

    return at < 0 ? NULL : &watch->task[at];
}

struct seen_task *seen_task_new(struct watch *watch, int64_t id)
{
    watch->task = grow(watch->task, watch->task_count, sizeof(*watch->task));
    index_put(&watch->tasks, id, (int)watch->task_count);
    watch->task[watch->task_count].id = id;
    return &watch->task[watch->task_count++];
}

struct seen_item *seen_item(struct watch *watch, int64_t item_no)
{
    int at = index_find(&watch->items, item_no);

    if (at >= 0)
        return &watch->item[at];
    watch->item = grow(watch->item, watch->item_count, sizeof(*watch->item));
    index_put(&watch->items, item_no, (int)watch->item_count);
    watch->item[watch->item_count].item_no = item_no;
    return &watch->item[watch->item_count++];
}

struct seen_run *seen_run(struct watch *watch, int64_t id)
{
    int at = index_find(&watch->runs, id);

    return at < 0 ? NULL : &watch->run[at];
}

struct seen_run *seen_run_new(struct watch *watch, int64_t id)
{
    watch->run = grow(watch->run, watch->run_count, sizeof(*watch->run));
    index_put(&watch->runs, id, (int)watch->run_count);
    watch->run[watch->run_count].id = id;
    return &watch->run[watch->run_count++];
}

struct seen_listing *seen_listing(struct watch *watch, const char *seller_id, int64_t item_no)
{
    int64_t key = number_of_text(kk_sv_of(seller_id)) ^ (int64_t)((uint64_t)item_no * 2654435761u);
    int at = index_find(&watch->listings, key);

    if (at >= 0)
        return &watch->listing[at];
    watch->listing = grow(watch->listing, watch->listing_count, sizeof(*watch->listing));
    index_put(&watch->listings, key, (int)watch->listing_count);
    kk_sv_copy(kk_sv_of(seller_id), watch->listing[watch->listing_count].seller_id, SELLER_ID_BYTES);
    watch->listing[watch->listing_count].item_no = item_no;
    return &watch->listing[watch->listing_count++];
}

struct seen_seller *seen_seller(struct watch *watch, const char *id)
{
    for (int i = 0; i < watch->seller_count; i++)
        if (strcmp(watch->seller[i].seller_id, id) == 0)
            return &watch->seller[i];
    return NULL;
}

bool watch_knows_seller(const struct watch *watch, const char *seller_id)
{
    return seen_seller((struct watch *)watch, seller_id) != NULL;
}

/* ---- answers ---- */

bool answer_is_good(const struct answer_facts_seen *answer)
{
    return answer->is_whole && answer->http_status == 200 &&
           (answer->fault == FAULT_NONE || answer->fault == FAULT_SLOW || answer->fault == FAULT_INSERT);
}

const struct answer_facts_seen *last_answer(const struct watch *watch, const struct seen_task *task)
{
    uint64_t oldest = watch->answer_next > ANSWERS_KEPT ? watch->answer_next - ANSWERS_KEPT : 0;

    for (uint64_t i = watch->answer_next; i > oldest; i--) {
        const struct answer_facts_seen *facts = &watch->answer[(i - 1) % ANSWERS_KEPT].facts;

        if (watch->answer[(i - 1) % ANSWERS_KEPT].proc != task->holder ||
            watch->answer[(i - 1) % ANSWERS_KEPT].life != task->holder_life || facts->kind != task->kind)
            continue;
        if (task->kind == TASK_LIST ? facts->page == task->page && strcmp(facts->seller_id, task->seller_id) == 0
                                    : facts->item_no == task->item_no)
            return facts;
    }
    return NULL;
}

const struct answer_facts_seen *answer_of_body(const struct watch *watch, const struct kk_hash *key,
                                               enum task_kind kind)
{
    uint64_t oldest = watch->answer_next > ANSWERS_KEPT ? watch->answer_next - ANSWERS_KEPT : 0;

    for (uint64_t i = watch->answer_next; i > oldest; i--) {
        const struct answer_facts_seen *facts = &watch->answer[(i - 1) % ANSWERS_KEPT].facts;

        if (facts->kind == kind && facts->is_whole && kk_hash_eq(&facts->body_key, key))
            return facts;
    }
    return NULL;
}
