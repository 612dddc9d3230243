/* site/fields.h: which JSON path feeds which field, one table per endpoint. The parsers only walk these tables, so this
 * and fields.c are the place to edit when the site changes.
 *
 * What is REQUIRED was in every captured answer and means something only when it is there. A NULLABLE text was in every
 * captured answer too, so a missing key is a changed shape; but it only describes, and null is no worse than "". What
 * is OPTIONAL was missing in a captured answer, or repeats another field. */
#ifndef KK_SITE_FIELDS_H
#define KK_SITE_FIELDS_H

#include "base/bytes.h"
#include "base/json.h"

enum field_type {
    FIELD_ID,     /* an integer over 0 */
    FIELD_AMOUNT, /* an integer from 0: 545600, "545,600", "565100" */
    FIELD_RATE,   /* the same; also "17%" */
    FIELD_FLAG,   /* true or false */
    FIELD_TEXT,
    FIELD_IMAGES, /* an array of addresses; their tails are cut */
};
enum field_need { FIELD_REQUIRED, FIELD_NULLABLE, FIELD_OPTIONAL };
enum field_part { FIELD_COUNTS, FIELD_APART }; /* does it make a hash? */

/* Where a value goes; index is an enum snapshot_text or snapshot_number for the first two. */
enum field_target {
    TO_TEXT,
    TO_NUMBER,
    TO_DESCRIPTION, /* the hash of its NFC text, into descriptionHash */
    TO_IMAGES,
    TO_ITEM_NO,
    TO_SELLER_ID,
    TO_SOLD_OUT,
    TO_OPTION_NO,
    TO_OPTION_STOCK,
    TO_OPTION_COLOR,
    TO_OPTION_SIZE,
    TO_LIST_HASH, /* into the list entry's hash and nowhere else */
};

struct field {
    int home; /* where in the reply: detail: an enum detail_home; else 0 */
    const char *key;
    enum field_type type;
    enum field_need need;
    enum field_part part;
    enum field_target target;
    int index;
};

/* List: {"count": …, "items": [{…}]} */
#define LIST_COUNT_KEY "count"
#define LIST_ITEMS_KEY "items"
#define LIST_FIELD_COUNT 10
extern const struct field list_fields[LIST_FIELD_COUNT];

/* Detail: {"moduleList": [{"type": …, "data": {…}}]}. A module is known by its type, never by its position. */
enum detail_home { HOME_BANNERS, HOME_INFO, HOME_SHIPPING, HOME_DETAIL_INFO, DETAIL_HOME_COUNT };
struct detail_place {
    struct kk_sv module; /* the type of the module */
    struct kk_sv item;   /* the type of the entry in its items; empty: the module's data itself */
    const char *path;    /* for people */
};
extern const struct detail_place detail_places[DETAIL_HOME_COUNT];
#define DETAIL_FIELD_COUNT 25
extern const struct field detail_fields[DETAIL_FIELD_COUNT];

/* Options: [{…}] */
#define OPTIONS_FIELD_COUNT 5
extern const struct field options_fields[OPTIONS_FIELD_COUNT];

/* A value as its row says. Texts are borrowed from the document. */
struct field_value {
    bool is_there; /* false: an optional or nullable one that has no value; text is "" and number 0 then */
    bool flag;
    int64_t number;
    struct kk_sv text;
    struct kk_jv array;
};
struct field_where { /* for the sentence of an error: path, and index in it where has_index */
    const char *path;
    bool has_index;
    size_t index;
};
/* Reads one field of object. KK_MISMATCH with its path in the sentence; *ret is untouched then. */
enum kk_code field_read(const struct field *field, struct kk_jv object, const struct field_where *where,
                        struct field_value *ret, struct kk_err *err);
/* KK_MISMATCH for a field whose value does not do. */
enum kk_code field_wrong(const struct field *field, const struct field_where *where, const char *what,
                         struct kk_err *err);

/* An image address without the "/_dims_/…" tail that asks for a size. */
struct kk_sv field_image(struct kk_sv url);
/* An integer from 0 however the site spells it; with_percent: a '%' may follow. */
bool field_amount(struct kk_jv value, bool with_percent, int64_t *ret);

#endif
