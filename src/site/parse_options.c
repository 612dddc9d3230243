#include "site/parse.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/json.h"
#include "site/fields.h"

static enum kk_code take(const struct field *field, const struct field_value *value, const struct field_where *where,
                         int64_t item_no, struct snapshot_option *option, struct kk_err *err)
{
    char what[64];

    switch (field->target) {
    case TO_OPTION_NO:
        option->option_no = value->number;
        return KK_OK;
    case TO_OPTION_STOCK:
        option->stock = value->number;
        return KK_OK;
    case TO_OPTION_COLOR:
        option->color = value->text;
        return KK_OK;
    case TO_OPTION_SIZE:
        option->size = value->text;
        return KK_OK;
    case TO_ITEM_NO:
        if (value->number == item_no)
            return KK_OK;
        snprintf(what, sizeof(what), "is %" PRId64 ", not the one asked for", value->number);
        return field_wrong(field, where, what, err);
    case TO_TEXT:
    case TO_NUMBER:
    case TO_DESCRIPTION:
    case TO_IMAGES:
    case TO_SELLER_ID:
    case TO_SOLD_OUT:
    case TO_LIST_HASH:
        break;
    }
    KK_UNREACHABLE(); /* a row of options_fields with a target of another endpoint */
}

static enum kk_code read_option(struct kk_jv object, size_t index, int64_t item_no, struct snapshot *snapshot,
                                struct kk_err *err)
{
    const struct field_where where = {.path = "", .has_index = true, .index = index};
    struct snapshot_option option = {0};

    for (size_t i = 0; i < OPTIONS_FIELD_COUNT; i++) {
        struct field_value value;
        enum kk_code rc = field_read(&options_fields[i], object, &where, &value, err);

        if (!rc)
            rc = take(&options_fields[i], &value, &where, item_no, &option, err);
        if (rc)
            return rc;
    }
    return snapshot_add_option(snapshot, option.option_no, option.color, option.size, option.stock, err);
}

static enum kk_code read_all(struct kk_jv root, int64_t item_no, struct snapshot *snapshot, struct kk_err *err)
{
    struct kk_jiter it = kk_jv_iter(root);
    enum kk_code rc = KK_OK;

    if (!kk_jv_is(root, KK_J_ARR))
        return kk_fail(err, KK_MISMATCH, "the options are no list");
    for (size_t i = 0; !rc && kk_jiter_next(&it); i++)
        rc = read_option(it.value, i, item_no, snapshot, err);
    if (!rc)
        rc = snapshot_sort_options(snapshot, err);
    if (rc == KK_BAD_INPUT) /* past a maximum: not the shape we know */
        return kk_while(err, KK_MISMATCH, "the options");
    return rc;
}

enum kk_code parse_options(struct kk_sv body, int64_t item_no, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *document = NULL;
    struct snapshot snapshot = {.has_options = true};
    enum kk_code rc;

    if (body.len > PARSE_MAX_BYTES)
        return kk_fail(err, KK_MISMATCH, "options of %zu bytes are longer than a reply may be", body.len);
    rc = kk_json_parse(body, &document, err);
    if (!rc)
        rc = read_all(kk_json_root(document), item_no, &snapshot, err);
    if (rc) {
        snapshot_done(&snapshot);
        return rc;
    }
    *ret = snapshot;
    return KK_OK;
}
