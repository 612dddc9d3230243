/* site/parse.h: bytes in, items out. The parsers trust nothing: what is not of the known shape is KK_MISMATCH, never
 * an empty success; what they do not know they ignore. Which path feeds which field stands in site/fields.h. */
#ifndef KK_SITE_PARSE_H
#define KK_SITE_PARSE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "core/snapshot.h"

#define PARSE_MAX_BYTES ((size_t)16 << 20)
#define PARSE_LIST_ITEMS_MAX 2000
#define PARSE_LIST_COUNT_MAX 1000000 /* no seller has so many; a count past it would make pages without end */

struct list_entry {
    int64_t item_no;
    struct kk_hash hash; /* over the list entry's own fields that matter */
};
struct list_page { /* owned: list_page_done() */
    int64_t count; /* the seller's items in all */
    struct list_entry *entry;
    size_t entry_count; /* the same item twice on a page is one entry */
    size_t row_count;   /* rows on the page, repeated ones too */
};
void list_page_done(struct list_page *page);

/* *ret is overwritten, and only on success. At most PARSE_MAX_BYTES of JSON. KK_MISMATCH with the field's path in the
 * sentence, KK_NO_MEMORY. */
enum kk_code parse_list(struct kk_sv body, struct list_page *ret, struct kk_err *err);
/* Fills everything but the options. KK_MISMATCH also when the item number is not the one asked for. The seller named
 * in the page is in ret->seller_id, for the caller to compare. status is what the site says; see
 * snapshot_take_options(). */
enum kk_code parse_detail(struct kk_sv body, int64_t item_no, struct snapshot *ret, struct kk_err *err);
/* Fills only the options, in order of optionNo, and has_options. */
enum kk_code parse_options(struct kk_sv body, int64_t item_no, struct snapshot *ret, struct kk_err *err);

#endif
