/* Foreign bytes into the detail parser: what it takes is a snapshot that can be kept and told of. */
#include "fuzz/snapshot_invariants.h"
#include "site/parse.h"

#define ITEM 900200001 /* the item of the seed corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0}, none = {.has_options = true};
    KK_CLEANUP(kk_buf_done) struct kk_buf changes = KK_BUF(CHANGE_MAX_BYTES);
    struct snapshot nothing = {0};
    struct kk_err err = {0};

    if (parse_detail((struct kk_sv){(const char *)data, size}, ITEM, &snapshot, &err)) {
        KK_ASSERT(err.code == KK_MISMATCH && err.msg[0] && snapshot.item_no == 0);
        return 0;
    }
    KK_ASSERT(snapshot.item_no == ITEM && snapshot.seller_id[0] && !snapshot.has_options);
    KK_ASSERT(snapshot_take_options(&snapshot, &none, &err) == KK_OK);
    check_snapshot(&snapshot);
    KK_ASSERT(change_list(&nothing, &snapshot, &changes) > 0 && !changes.failed);
    return 0;
}
