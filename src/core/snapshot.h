/* core/snapshot.h: the fields that matter (D2), typed and canonical; their JSON and their hash (design.md section 6).
 *
 * One visit of an item gives one snapshot: its detail first, its options later. Equal shops give equal bytes, whatever
 * the order of fields, the spelling of numbers, the Unicode form, or null against "". */
#ifndef KK_CORE_SNAPSHOT_H
#define KK_CORE_SNAPSHOT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "core/seller.h"

#define SNAPSHOT_MAX_BYTES (1024 * 1024)
#define SNAPSHOT_IMAGES_MAX 200
#define SNAPSHOT_OPTIONS_MAX 5000

enum product_status { PRODUCT_NONE, PRODUCT_ON_SALE, PRODUCT_SOLD_OUT, PRODUCT_REMOVED };

// clang-format off
/* Every field, in the order of the canonical JSON: name in C, group in JSON ("" is the root), name in JSON, in the
 * hash? Writer, reader, hash and differences all follow this one table. sellerId is APART: it must match the seller
 * crawled, so it tells nothing new. */
#define SNAPSHOT_FIELDS(OTHER, TEXT, NUMBER)                            \
    OTHER (ITEM_NO,           "",         "itemNo",           HASHED)   \
    OTHER (SELLER_ID,         "",         "sellerId",         APART)    \
    OTHER (STATUS,            "",         "status",           HASHED)   \
    TEXT  (NAME,              "",         "name",             HASHED)   \
    TEXT  (BRAND_NAME,        "",         "brandName",        HASHED)   \
    TEXT  (BRAND_NAME_KR,     "",         "brandNameKr",      HASHED)   \
    NUMBER(BRAND_CODE,        "",         "brandCode",        HASHED)   \
    TEXT  (CATEGORY_HEADER,   "category", "header",           HASHED)   \
    TEXT  (CATEGORY_LARGE,    "category", "large",            HASHED)   \
    TEXT  (CATEGORY_MEDIUM,   "category", "medium",           HASHED)   \
    TEXT  (CATEGORY_SMALL,    "category", "small",            HASHED)   \
    NUMBER(NORMAL_PRICE,      "",         "normalPrice",      HASHED)   \
    NUMBER(SELLING_PRICE,     "",         "sellingPrice",     HASHED)   \
    NUMBER(DISCOUNT_PRICE,    "",         "discountPrice",    HASHED)   \
    NUMBER(STOCK,             "",         "stock",            HASHED)   \
    OTHER (IMAGES,            "",         "images",           HASHED)   \
    OTHER (OPTIONS,           "",         "options",          HASHED)   \
    TEXT  (SHIPPING_TYPE,     "",         "shippingType",     HASHED)   \
    NUMBER(SHIPPING_FEE,      "",         "shippingFee",      HASHED)   \
    TEXT  (SHIPPING_FEE_TYPE, "",         "shippingFeeType",  HASHED)   \
    TEXT  (ITEM_STATUS,       "",         "itemStatus",       HASHED)   \
    TEXT  (ORIGIN_COUNTRY,    "",         "originCountry",    HASHED)   \
    TEXT  (SHIPPING_LOCATION, "",         "shippingLocation", HASHED)   \
    TEXT  (SALES_METHOD,      "",         "salesMethod",      HASHED)   \
    TEXT  (DESCRIPTION_HASH,  "",         "descriptionHash",  HASHED)
// clang-format on

#define X(field, group, name, part) SNAP_##field,
#define SKIP(field, group, name, part)
enum snapshot_other { SNAPSHOT_FIELDS(X, SKIP, SKIP) SNAPSHOT_OTHER_COUNT };
enum snapshot_text { SNAPSHOT_FIELDS(SKIP, X, SKIP) SNAPSHOT_TEXT_COUNT };
enum snapshot_number { SNAPSHOT_FIELDS(SKIP, SKIP, X) SNAPSHOT_NUMBER_COUNT };
#undef SKIP
#undef X

/* The table as data, in the same order. */
enum snapshot_kind { SNAPSHOT_OTHER, SNAPSHOT_TEXT, SNAPSHOT_NUMBER };
struct snapshot_field {
    enum snapshot_kind kind;
    int index; /* an enum snapshot_other, _text or _number, as kind says */
    const char *group, *name;
    bool is_hashed;
};
#define SNAPSHOT_FIELD_COUNT ((int)SNAPSHOT_OTHER_COUNT + (int)SNAPSHOT_TEXT_COUNT + (int)SNAPSHOT_NUMBER_COUNT)
extern const struct snapshot_field snapshot_fields[SNAPSHOT_FIELD_COUNT];

struct snapshot_option {
    int64_t option_no, stock;
    struct kk_sv color, size;
};

/* Owned (snapshot_done). Texts point into the snapshot's own memory; a zeroed one is empty and valid. */
struct snapshot {
    int64_t item_no;
    char seller_id[SELLER_ID_BYTES]; /* not in the hash: it must match the seller crawled */
    enum product_status status;
    struct kk_sv text[SNAPSHOT_TEXT_COUNT];
    int64_t number[SNAPSHOT_NUMBER_COUNT];
    struct kk_sv *image;
    size_t image_count;
    struct snapshot_option *option;
    size_t option_count;
    bool has_options;               /* false: only the detail is in yet */
    struct snapshot_chunk *chunks_; /* where the texts live: they never move, so views into them stay good */
    struct kk_buf scratch_;         /* a text on its way into NFC */
    size_t image_cap_, option_cap_;
    size_t spent_bytes_; /* at most so long is its canonical JSON; never past SNAPSHOT_MAX_BYTES */
};
void snapshot_done(struct snapshot *snapshot); /* NULL is fine */

/* Building one. Texts are normalized to NFC and copied. KK_BAD_INPUT past a maximum, so that what was built can always
 * be written within SNAPSHOT_MAX_BYTES; KK_NO_MEMORY. */
enum kk_code snapshot_set_text(struct snapshot *snapshot, enum snapshot_text field, struct kk_sv text,
                               struct kk_err *err);
enum kk_code snapshot_add_image(struct snapshot *snapshot, struct kk_sv url, struct kk_err *err);
enum kk_code snapshot_add_option(struct snapshot *snapshot, int64_t option_no, struct kk_sv color, struct kk_sv size,
                                 int64_t stock, struct kk_err *err);
/* In order of optionNo. The same number twice is KK_MISMATCH. */
enum kk_code snapshot_sort_options(struct snapshot *snapshot, struct kk_err *err);
/* Completes a detail: puts the options of `from`, copied, in place of what is there and settles the status: SOLD_OUT
 * when the site said so (it is SOLD_OUT already) or every stock is 0; without options, when the item's own stock is 0.
 * KK_MISMATCH: the same number twice. On failure the snapshot is as it was. */
enum kk_code snapshot_take_options(struct snapshot *snapshot, const struct snapshot *from, struct kk_err *err);

/* The canonical JSON, and back from what we wrote ourselves (KK_CORRUPT). An incomplete one has no "options". A field
 * that an older binary did not know is empty, one that a newer binary added is left out: neither is damage. */
void snapshot_write(const struct snapshot *snapshot, struct kk_buf *out);
enum kk_code snapshot_read(struct kk_sv json, struct snapshot *ret, struct kk_err *err);
/* Its parts, for those who tell of differences. */
void snapshot_option_write(const struct snapshot_option *option, struct kk_buf *out);
void snapshot_images_write(const struct snapshot *snapshot, struct kk_buf *out);
/* SHA-256 over the canonical JSON without sellerId. KK_BAD_INPUT: the options are not in yet. */
enum kk_code snapshot_hash(const struct snapshot *snapshot, struct kk_hash *ret, struct kk_err *err);

const char *product_status_name(enum product_status status); /* "ON_SALE" …; "NONE" */
bool product_status_parse(struct kk_sv name, enum product_status *ret);

#endif
