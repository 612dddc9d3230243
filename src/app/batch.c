#include "app/batch.h"

#include <stdlib.h>

enum kk_code batch_create(size_t slots, struct batch **ret_batch, struct kk_err *err)
{
    struct batch *b = calloc(1, sizeof(*b));

    if (b) {
        b->settled = calloc(slots, sizeof(*b->settled));
        b->is_lost = calloc(slots, sizeof(*b->is_lost));
        b->reports = calloc(4 * slots, sizeof(*b->reports));
        b->grants = calloc(slots, sizeof(*b->grants));
        b->ready = calloc(slots, sizeof(*b->ready));
        b->needy = calloc(slots, sizeof(*b->needy));
        b->msgs = calloc(slots, sizeof(*b->msgs));
        b->started = calloc(slots, sizeof(*b->started));
        b->drops = calloc(slots, sizeof(*b->drops));
        b->unused = calloc(slots, sizeof(*b->unused));
        b->waiting = calloc(slots, sizeof(*b->waiting));
        b->freed = calloc(slots, sizeof(*b->freed));
    }
    if (!b || !b->settled || !b->is_lost || !b->reports || !b->grants || !b->ready || !b->needy || !b->msgs ||
        !b->started || !b->drops || !b->unused || !b->waiting || !b->freed) {
        batch_destroy(b);
        return kk_fail(err, KK_NO_MEMORY, "no memory for a batch of %zu", slots);
    }
    *ret_batch = b;
    return KK_OK;
}

void batch_destroy(struct batch *b)
{
    if (!b)
        return;
    free(b->settled);
    free(b->is_lost);
    free(b->reports);
    free(b->grants);
    free(b->ready);
    free(b->needy);
    free(b->msgs);
    free(b->started);
    free(b->drops);
    free(b->unused);
    free(b->waiting);
    free(b->freed);
    free(b);
}

void batch_reset(struct batch *b, int64_t now_ms, int64_t mono_ms)
{
    b->now_ms = now_ms;
    b->mono_ms = mono_ms;
    b->settled_count = b->report_count = b->ripe_count = b->grant_count = b->ready_count = b->needy_count = 0;
    b->msg_count = b->started_count = b->drop_count = b->unused_count = 0;
    b->waiting_count = b->freed_count = 0;
    b->was_take = b->was_asked = b->was_limiter = b->is_queue_empty = false;
    b->wait_ms = b->issue_at_ms = 0;
}
