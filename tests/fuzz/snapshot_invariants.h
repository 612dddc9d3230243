/* fuzz/snapshot_invariants.h: what holds for every snapshot that a parser gave out. */
#ifndef KK_TESTS_SNAPSHOT_INVARIANTS_H
#define KK_TESTS_SNAPSHOT_INVARIANTS_H

#include "base/assert.h"
#include "base/text.h"
#include "core/change.h"

static inline void check_values(const struct snapshot *s)
{
    KK_ASSERT(s->item_no > 0 && s->status != PRODUCT_NONE);
    for (int i = 0; i < SNAPSHOT_TEXT_COUNT; i++)
        KK_ASSERT(kk_utf8_valid(s->text[i]));
    for (int i = 0; i < SNAPSHOT_NUMBER_COUNT; i++)
        KK_ASSERT(s->number[i] >= 0);
    for (size_t i = 0; i < s->option_count; i++) {
        KK_ASSERT(s->option[i].option_no > 0 && s->option[i].stock >= 0);
        KK_ASSERT(i == 0 || s->option[i - 1].option_no < s->option[i].option_no);
    }
}

/* It is written within its maximum, read back, written to the same bytes with the same hash, and differs in nothing
 * from what it was. */
static inline void check_snapshot(const struct snapshot *s)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf first = KK_BUF(SNAPSHOT_MAX_BYTES), second = KK_BUF(SNAPSHOT_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf changes = KK_BUF(CHANGE_MAX_BYTES);
    KK_CLEANUP(snapshot_done) struct snapshot again = {0};
    struct kk_hash hash, same;
    struct kk_err err;

    check_values(s);
    snapshot_write(s, &first);
    KK_ASSERT(!first.failed);
    KK_ASSERT(snapshot_read(kk_buf_sv(&first), &again, &err) == KK_OK);
    snapshot_write(&again, &second);
    KK_ASSERT(kk_sv_eq(kk_buf_sv(&first), kk_buf_sv(&second)));
    KK_ASSERT(snapshot_hash(s, &hash, &err) == KK_OK && snapshot_hash(&again, &same, &err) == KK_OK);
    KK_ASSERT(kk_hash_eq(&hash, &same));
    KK_ASSERT(change_list(s, &again, &changes) == 0 && kk_sv_eq(kk_buf_sv(&changes), KK_SV("[]")));
}

#endif
