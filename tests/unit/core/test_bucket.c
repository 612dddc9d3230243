#include "core/bucket.h"

#include <stdlib.h>

#include "base/rng.h"
#include "support/check.h"

/* The oracle: return times in no order, looked through from end to end. */
struct pile {
    int64_t at_ms[4096];
    size_t count;
    int64_t capacity;
};

static void pile_settle(struct pile *pile, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < pile->count; i++)
        if (pile->at_ms[i] > now_ms)
            pile->at_ms[kept++] = pile->at_ms[i];
    pile->count = kept;
}

static bool pile_take(struct pile *pile, int64_t at_ms)
{
    if ((int64_t)pile->count == pile->capacity)
        return false;
    pile->at_ms[pile->count++] = at_ms;
    return true;
}

static bool pile_drop(struct pile *pile, int64_t at_ms)
{
    for (size_t i = 0; i < pile->count; i++) {
        if (pile->at_ms[i] != at_ms)
            continue;
        pile->at_ms[i] = pile->at_ms[--pile->count];
        return true;
    }
    return false;
}

static bool pile_move(struct pile *pile, int64_t from_ms, int64_t to_ms)
{
    return pile_drop(pile, from_ms) && pile_take(pile, to_ms);
}

static int ascending(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static bool agree(const struct bucket *bucket, struct pile *pile)
{
    bool is_full = (int64_t)pile->count == pile->capacity;

    qsort(pile->at_ms, pile->count, sizeof(pile->at_ms[0]), ascending);
    if (bucket->out_count != pile->count || bucket_left(bucket) != pile->capacity - (int64_t)pile->count ||
        bucket_free_at_ms(bucket) != (is_full ? pile->at_ms[0] : 0))
        return false;
    for (size_t i = 0; i < pile->count; i++)
        if (bucket->return_at_ms[i] != pile->at_ms[i])
            return false;
    return true;
}

/* A time that is out, or any. */
static int64_t some_time(const struct kk_rng *rng, const struct pile *pile, int64_t now_ms)
{
    if (pile->count > 0 && kk_rng_chance(rng, 3, 4))
        return pile->at_ms[kk_rng_below(rng, pile->count)];
    return now_ms + (int64_t)kk_rng_below(rng, 300);
}

static bool plays_like_the_pile(uint64_t seed)
{
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, seed);
    struct pile pile = {.capacity = 1 + (int64_t)kk_rng_below(&rng, 100)};
    struct bucket bucket;
    int64_t now_ms = 0;
    bool is_same = true;

    bucket_init(&bucket, pile.capacity);
    for (int step = 0; step < 2000 && is_same; step++) {
        int64_t from_ms = some_time(&rng, &pile, now_ms);
        int64_t to_ms = now_ms + 1 + (int64_t)kk_rng_below(&rng, 300);

        switch (kk_rng_below(&rng, 5)) {
        case 0:
            now_ms += (int64_t)kk_rng_below(&rng, 40);
            bucket_settle(&bucket, now_ms);
            pile_settle(&pile, now_ms);
            break;
        case 1:
        case 2:
            is_same = bucket_take(&bucket, to_ms) == pile_take(&pile, to_ms);
            break;
        case 3:
            is_same = bucket_move(&bucket, from_ms, to_ms) == pile_move(&pile, from_ms, to_ms);
            break;
        default:
            is_same = bucket_put_back(&bucket, from_ms) == pile_drop(&pile, from_ms);
        }
        is_same = is_same && agree(&bucket, &pile);
    }
    bucket_done(&bucket);
    return is_same;
}

static void any_sequence_of_calls_does_what_a_plain_list_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        bool is_same = plays_like_the_pile(seed);

        if (!is_same)
            print_error("seed %llu\n", (unsigned long long)seed);
        CHECK(is_same);
    }
}

/* R1, as the limiter uses it: a token is out from the grant on, assumed to end late; when the request is over it is
 * moved to one window after that. sent_at: when each request really left, at most its grant's life after the grant. */
static bool holds_the_promise(uint64_t seed)
{
    enum { CAPACITY = 8, WINDOW_MS = 1000, LIFE_MS = 30, REQUESTS_MAX = 20000 };
    static int64_t sent_at_ms[REQUESTS_MAX];
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, seed);
    struct bucket bucket;
    size_t sent = 0, denied = 0;
    bool is_kept = true;

    bucket_init(&bucket, CAPACITY);
    for (int64_t now_ms = 1; sent < REQUESTS_MAX && now_ms < 200000; now_ms += (int64_t)kk_rng_below(&rng, 60)) {
        int64_t assumed_ms = now_ms + LIFE_MS + WINDOW_MS;
        int64_t left_ms = now_ms + (int64_t)kk_rng_below(&rng, LIFE_MS);

        bucket_settle(&bucket, now_ms);
        if (!bucket_take(&bucket, assumed_ms)) {
            denied++;
            is_kept = is_kept && bucket_free_at_ms(&bucket) > now_ms; /* or there would have been a token */
            continue;
        }
        if (kk_rng_chance(&rng, 1, 10)) { /* never sent */
            is_kept = is_kept && bucket_put_back(&bucket, assumed_ms);
            continue;
        }
        sent_at_ms[sent++] = left_ms;
        now_ms = left_ms;
        if (kk_rng_chance(&rng, 4, 5)) /* reported; else the assumption stands */
            is_kept = is_kept && bucket_move(&bucket, assumed_ms, left_ms + WINDOW_MS);
    }
    for (size_t i = CAPACITY; i < sent; i++)
        is_kept = is_kept && sent_at_ms[i] - sent_at_ms[i - CAPACITY] >= WINDOW_MS;
    bucket_done(&bucket);
    return is_kept && sent > 500 && denied > 100;
}

static void no_window_ever_holds_more_than_the_capacity(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        bool is_kept = holds_the_promise(seed);

        if (!is_kept)
            print_error("seed %llu\n", (unsigned long long)seed);
        CHECK(is_kept);
    }
}

static void a_token_is_back_exactly_when_it_was_to_return(void **state)
{
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, 2);
    CHECK_EQ(bucket_free_at_ms(&bucket), 0);
    CHECK(bucket_take(&bucket, 3600));
    CHECK(bucket_take(&bucket, 3605));
    CHECK(!bucket_take(&bucket, 3700));
    CHECK_EQ(bucket_left(&bucket), 0);
    CHECK_EQ(bucket_free_at_ms(&bucket), 3600);
    bucket_settle(&bucket, 3599);
    CHECK_EQ(bucket_left(&bucket), 0);
    bucket_settle(&bucket, 3600);
    CHECK_EQ(bucket_left(&bucket), 1);
    CHECK_EQ(bucket_free_at_ms(&bucket), 0);
    bucket_done(&bucket);
}

static void two_tokens_with_one_return_time_are_two(void **state)
{
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, 3);
    CHECK(bucket_take(&bucket, 10));
    CHECK(bucket_take(&bucket, 10));
    CHECK(bucket_put_back(&bucket, 10));
    CHECK_EQ(bucket_left(&bucket), 2);
    CHECK(bucket_move(&bucket, 10, 20));
    CHECK(!bucket_move(&bucket, 10, 30));
    CHECK(!bucket_put_back(&bucket, 10));
    CHECK_EQ(bucket.return_at_ms[0], 20);
    bucket_done(&bucket);
}

/* A limit that was lowered while tokens were out. */
static void more_tokens_out_than_there_are_leave_none(void **state)
{
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, 3);
    for (int64_t at_ms = 10; at_ms <= 30; at_ms += 10)
        CHECK(bucket_take(&bucket, at_ms));
    bucket.capacity = 1;
    CHECK_EQ(bucket_left(&bucket), -2);
    CHECK(!bucket_take(&bucket, 40));
    CHECK(bucket_move(&bucket, 30, 35));
    bucket_settle(&bucket, 34);
    CHECK_EQ(bucket_left(&bucket), 0);
    CHECK_EQ(bucket_free_at_ms(&bucket), 35);
    bucket_done(&bucket);
}

static void a_zeroed_bucket_and_none_can_be_done_with(void **state)
{
    struct bucket bucket = {0};

    (void)state;
    bucket_done(&bucket);
    bucket_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_sequence_of_calls_does_what_a_plain_list_does),
        cmocka_unit_test(no_window_ever_holds_more_than_the_capacity),
        cmocka_unit_test(a_token_is_back_exactly_when_it_was_to_return),
        cmocka_unit_test(two_tokens_with_one_return_time_are_two),
        cmocka_unit_test(more_tokens_out_than_there_are_leave_none),
        cmocka_unit_test(a_zeroed_bucket_and_none_can_be_done_with),
    };

    return cmocka_run_group_tests_name("core/bucket", tests, NULL, NULL);
}
