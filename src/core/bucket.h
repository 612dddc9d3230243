/* core/bucket.h: the bucket whose tokens return one window after they were taken (A3, R1).
 *
 * A classic bucket of capacity C that refills at C an hour lets 2C - 1 through around an edge: a full bucket is spent,
 * and while it is, new tokens drip in. Here a token is an object: it is out from the moment it was taken until one
 * window after its request was over, and only then in the bucket again. At any instant at most C tokens are out, and
 * each of the requests of the last window still holds its token, so no window can hold more than C requests.
 * That is a sliding log, kept as the return times of the tokens that are out. */
#ifndef KK_CORE_BUCKET_H
#define KK_CORE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket {            /* owned: bucket_done() */
    int64_t *return_at_ms; /* out_count of them, ascending; of the tokens that are out */
    size_t out_count;
    int64_t capacity; /* tokens in all; > 0 */
    int64_t *memory_; /* what return_at_ms points into; cap numbers */
    size_t cap;
};

void bucket_init(struct bucket *bucket, int64_t capacity);
void bucket_done(struct bucket *bucket); /* NULL and zeroed are fine */
/* Tokens that are back by now_ms leave the list. Call it first. */
void bucket_settle(struct bucket *bucket, int64_t now_ms);
int64_t bucket_left(const struct bucket *bucket);
/* When the next token can be had: 0 for at once, else the time the earliest comes back. */
int64_t bucket_free_at_ms(const struct bucket *bucket);
/* Takes one that will return at return_at_ms. False: none left, or no memory for it. */
bool bucket_take(struct bucket *bucket, int64_t return_at_ms);
/* Moves one token that was to return at from_ms to return at to_ms (the request was over earlier or later than
 * assumed). False, and nothing changed: no such token is out. */
bool bucket_move(struct bucket *bucket, int64_t from_ms, int64_t to_ms);
/* Puts one back at once, unused. False: no such token is out. */
bool bucket_put_back(struct bucket *bucket, int64_t return_at_ms);

#endif
