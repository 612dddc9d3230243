/* core/change.h: two snapshots in, a list of differences out (D3, D4), and the event that tells them. */
#ifndef KK_CORE_CHANGE_H
#define KK_CORE_CHANGE_H

#include "base/bytes.h"
#include "core/snapshot.h"

#define CHANGE_MAX_BYTES (2 * 1024 * 1024)

/* Appends a JSON array of {"field","from","to"} in the canonical order of fields: "sellingPrice", "category.small",
 * "images" (whole lists), "options[5900100001].stock", and "options[…]" with null on one side for an option that came
 * or went. Gives the number of entries. Equal snapshots give []. */
size_t change_list(const struct snapshot *before, const struct snapshot *after, struct kk_buf *out);

enum change_type { CHANGE_CREATED = 1, CHANGE_CHANGED, CHANGE_REMOVED, CHANGE_RETURNED };
const char *change_type_name(enum change_type type); /* "kkachi.product.created" … */
bool change_type_parse(struct kk_sv name, enum change_type *ret);
/* before NULL: CREATED. */
enum change_type change_type_of(const struct snapshot *before, const struct snapshot *after);

struct change_event {
    int64_t item_no, version;
    enum change_type type;
    const char *seller_id;
    int64_t at_ms;
    struct kk_hash hash, previous_hash; /* previous all zero: none, written as null */
    struct kk_sv changes_json, product_json;
};
/* One CloudEvents 1.0 object, structured JSON, without a newline (design.md section 7). Its id is "<item>-<version>".
 */
void change_event_write(const struct change_event *event, struct kk_buf *out);

#endif
