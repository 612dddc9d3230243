/* Foreign bytes into the list parser: a page that is read holds only what it may, and is read the same again. */
#include "base/assert.h"
#include "site/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(list_page_done) struct list_page page = {0}, again = {0};
    struct kk_sv body = {(const char *)data, size};
    struct kk_err err = {0};

    if (parse_list(body, &page, &err)) {
        KK_ASSERT(err.code == KK_MISMATCH && err.msg[0] && !page.entry);
        return 0;
    }
    KK_ASSERT(page.count >= 0 && page.count <= PARSE_LIST_COUNT_MAX && page.entry_count <= PARSE_LIST_ITEMS_MAX);
    KK_ASSERT(page.row_count >= page.entry_count && (page.entry_count > 0) == (page.row_count > 0));
    KK_ASSERT(parse_list(body, &again, &err) == KK_OK && again.entry_count == page.entry_count);
    for (size_t i = 0; i < page.entry_count; i++) {
        KK_ASSERT(page.entry[i].item_no > 0 && kk_hash_eq(&page.entry[i].hash, &again.entry[i].hash));
        for (size_t k = 0; k < i; k++)
            KK_ASSERT(page.entry[k].item_no != page.entry[i].item_no);
    }
    return 0;
}
