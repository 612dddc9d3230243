/* Foreign bytes into the options parser: what it takes completes any detail, or does not fit into it. */
#include "fuzz/snapshot_invariants.h"
#include "site/parse.h"

#define ITEM 900200001 /* the item of the seed corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(snapshot_done) struct snapshot detail = {.item_no = ITEM, .status = PRODUCT_ON_SALE}, options = {0};
    struct kk_err err = {0};
    bool has_stock = false;
    enum kk_code rc;

    if (parse_options((struct kk_sv){(const char *)data, size}, ITEM, &options, &err)) {
        KK_ASSERT(err.code == KK_MISMATCH && err.msg[0] && !options.has_options);
        return 0;
    }
    KK_ASSERT(options.has_options);
    rc = snapshot_take_options(&detail, &options, &err);
    KK_ASSERT(rc == KK_OK || rc == KK_BAD_INPUT);
    if (rc)
        return 0;
    KK_ASSERT(detail.option_count == options.option_count);
    for (size_t i = 0; i < detail.option_count; i++)
        has_stock = has_stock || detail.option[i].stock > 0;
    KK_ASSERT(detail.status == (has_stock ? PRODUCT_ON_SALE : PRODUCT_SOLD_OUT)); /* its own stock is 0 */
    check_snapshot(&detail);
    return 0;
}
