/* Return times stand in one sorted array. New ones are mostly the latest, so a take writes at the end; those that came
 * back are the earliest, so settling moves the array's start. The space in front is taken back when the end is reached
 * and it is at least half of the whole, which makes both cheap on average. */
#include "core/bucket.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void bucket_init(struct bucket *bucket, int64_t capacity)
{
    KK_ASSERT(capacity > 0);
    *bucket = (struct bucket){.capacity = capacity};
}

void bucket_done(struct bucket *bucket)
{
    if (!bucket)
        return;
    free(bucket->memory_);
    *bucket = (struct bucket){.capacity = bucket->capacity};
}

void bucket_settle(struct bucket *bucket, int64_t now_ms)
{
    while (bucket->out_count > 0 && bucket->return_at_ms[0] <= now_ms) {
        bucket->return_at_ms++;
        bucket->out_count--;
    }
}

int64_t bucket_left(const struct bucket *bucket)
{
    return bucket->capacity - (int64_t)bucket->out_count;
}

int64_t bucket_free_at_ms(const struct bucket *bucket)
{
    return bucket_left(bucket) > 0 ? 0 : bucket->return_at_ms[0];
}

/* Room for one more at the end. */
static bool make_room(struct bucket *bucket)
{
    size_t before = bucket->memory_ ? (size_t)(bucket->return_at_ms - bucket->memory_) : 0;

    if (before + bucket->out_count < bucket->cap)
        return true;
    if (before > 0 && before >= bucket->cap / 2) {
        memmove(bucket->memory_, bucket->return_at_ms, bucket->out_count * sizeof(*bucket->memory_));
        bucket->return_at_ms = bucket->memory_;
        return true;
    }

    size_t cap = bucket->cap ? bucket->cap * 2 : 16;
    int64_t *memory = realloc(bucket->memory_, cap * sizeof(*memory)); /* twice what fits in memory already */

    if (!memory)
        return false;
    bucket->memory_ = memory;
    bucket->return_at_ms = memory + before;
    bucket->cap = cap;
    return true;
}

/* The index of the first token that returns after at_ms. */
static size_t first_after(const struct bucket *bucket, int64_t at_ms)
{
    size_t low = 0, high = bucket->out_count;

    if (high == 0 || bucket->return_at_ms[high - 1] <= at_ms)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bucket->return_at_ms[middle] <= at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool bucket_take(struct bucket *bucket, int64_t return_at_ms)
{
    if (bucket_left(bucket) <= 0 || !make_room(bucket))
        return false;

    size_t at = first_after(bucket, return_at_ms);
    int64_t *place = bucket->return_at_ms + at;

    memmove(place + 1, place, (bucket->out_count - at) * sizeof(*place));
    *place = return_at_ms;
    bucket->out_count++;
    return true;
}

/* The index of a token that returns at at_ms, or out_count. */
static size_t find(const struct bucket *bucket, int64_t at_ms)
{
    size_t after = first_after(bucket, at_ms);

    return after > 0 && bucket->return_at_ms[after - 1] == at_ms ? after - 1 : bucket->out_count;
}

bool bucket_put_back(struct bucket *bucket, int64_t return_at_ms)
{
    size_t at = find(bucket, return_at_ms);

    if (at == bucket->out_count)
        return false;

    int64_t *place = bucket->return_at_ms + at;

    memmove(place, place + 1, (bucket->out_count - at - 1) * sizeof(*place));
    bucket->out_count--;
    return true;
}

bool bucket_move(struct bucket *bucket, int64_t from_ms, int64_t to_ms)
{
    int64_t *times = bucket->return_at_ms;
    size_t from = find(bucket, from_ms), to = first_after(bucket, to_ms);

    if (from == bucket->out_count)
        return false;
    if (to > from) { /* those between move up into the gap it leaves */
        to--;
        memmove(times + from, times + from + 1, (to - from) * sizeof(*times));
    } else {
        memmove(times + to + 1, times + to, (from - to) * sizeof(*times));
    }
    times[to] = to_ms;
    return true;
}
