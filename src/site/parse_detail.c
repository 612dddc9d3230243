#include "site/parse.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/json.h"
#include "base/text.h"
#include "site/fields.h"

/* The entry of list whose "type" is type, and of it its "data"; the first one, where a type repeats. */
static struct kk_jv find_data(struct kk_jv list, struct kk_sv type)
{
    struct kk_jiter it = kk_jv_iter(list);
    struct kk_sv name;

    while (kk_jiter_next(&it))
        if (kk_jv_str(kk_jv_get(it.value, "type"), &name) && kk_sv_eq(name, type))
            return kk_jv_get(it.value, "data");
    return (struct kk_jv){0};
}

static enum kk_code find_places(struct kk_jv root, struct kk_jv ret[DETAIL_HOME_COUNT], struct kk_err *err)
{
    struct kk_jv modules = kk_jv_get(root, "moduleList");

    if (!kk_jv_is(modules, KK_J_ARR))
        return kk_fail(err, KK_MISMATCH, "moduleList is missing, or is no list");
    for (int home = 0; home < DETAIL_HOME_COUNT; home++) {
        const struct detail_place *place = &detail_places[home];
        struct kk_jv data = find_data(modules, place->module);

        ret[home] = place->item.len > 0 ? find_data(kk_jv_get(data, "items"), place->item) : data;
        if (!kk_jv_is(ret[home], KK_J_OBJ))
            return kk_fail(err, KK_MISMATCH, "%s is missing, or is no object", place->path);
    }
    return KK_OK;
}

static enum kk_code take_images(const struct field *field, struct kk_jv images, const struct field_where *where,
                                struct snapshot *snapshot, struct kk_err *err)
{
    struct kk_jiter it = kk_jv_iter(images);
    enum kk_code rc = KK_OK;
    struct kk_sv url;

    while (!rc && kk_jiter_next(&it)) {
        if (!kk_jv_str(it.value, &url))
            return field_wrong(field, where, "holds something that is no text", err);
        rc = snapshot_add_image(snapshot, field_image(url), err);
    }
    return rc;
}

/* A description has no bound of its own, so only its hash is kept; its text is in the archive. */
static enum kk_code take_description(struct kk_sv markup, struct snapshot *snapshot, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(3 * PARSE_MAX_BYTES); /* NFC makes no text longer than that */
    char name[KK_HASH_TEXT_BYTES];
    struct kk_hash hash;
    enum kk_code rc;

    rc = kk_nfc(markup, &text, err);
    if (rc)
        return rc;
    hash = kk_sha256(kk_buf_sv(&text));
    kk_hash_text(&hash, name);
    return snapshot_set_text(snapshot, SNAP_DESCRIPTION_HASH, kk_sv_of(name), err);
}

static enum kk_code take(const struct field *field, const struct field_value *value, const struct field_where *where,
                         struct snapshot *snapshot, struct kk_err *err)
{
    char what[64];

    switch (field->target) {
    case TO_TEXT:
        return snapshot_set_text(snapshot, (enum snapshot_text)field->index, value->text, err);
    case TO_NUMBER:
        snapshot->number[field->index] = value->number;
        return KK_OK;
    case TO_DESCRIPTION:
        return take_description(value->text, snapshot, err);
    case TO_IMAGES:
        return take_images(field, value->array, where, snapshot, err);
    case TO_ITEM_NO:
        if (value->number == snapshot->item_no)
            return KK_OK;
        snprintf(what, sizeof(what), "is %" PRId64 ", not the one asked for", value->number);
        return field_wrong(field, where, what, err);
    case TO_SELLER_ID:
        if (value->text.len > 0 && kk_sv_copy(value->text, snapshot->seller_id, sizeof(snapshot->seller_id)))
            return KK_OK;
        return field_wrong(field, where, "is no seller's name", err);
    case TO_SOLD_OUT:
        snapshot->status = value->flag ? PRODUCT_SOLD_OUT : PRODUCT_ON_SALE;
        return KK_OK;
    case TO_OPTION_NO:
    case TO_OPTION_STOCK:
    case TO_OPTION_COLOR:
    case TO_OPTION_SIZE:
    case TO_LIST_HASH:
        break;
    }
    KK_UNREACHABLE(); /* a row of detail_fields with a target of another endpoint */
}

static enum kk_code read_fields(const struct kk_jv data[DETAIL_HOME_COUNT], struct snapshot *snapshot,
                                struct kk_err *err)
{
    for (size_t i = 0; i < DETAIL_FIELD_COUNT; i++) {
        const struct field *field = &detail_fields[i];
        const struct field_where where = {.path = detail_places[field->home].path};
        struct field_value value;
        enum kk_code rc = field_read(field, data[field->home], &where, &value, err);

        if (!rc)
            rc = take(field, &value, &where, snapshot, err);
        if (rc == KK_BAD_INPUT) /* past a maximum: not the shape we know */
            return kk_while(err, KK_MISMATCH, "%s.%s", where.path, field->key);
        if (rc)
            return rc;
    }
    return KK_OK;
}

enum kk_code parse_detail(struct kk_sv body, int64_t item_no, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *document = NULL;
    struct snapshot snapshot = {.item_no = item_no};
    struct kk_jv data[DETAIL_HOME_COUNT];
    enum kk_code rc;

    if (body.len > PARSE_MAX_BYTES)
        return kk_fail(err, KK_MISMATCH, "a detail of %zu bytes is longer than a reply may be", body.len);
    rc = kk_json_parse(body, &document, err);
    if (!rc)
        rc = find_places(kk_json_root(document), data, err);
    if (!rc)
        rc = read_fields(data, &snapshot, err);
    if (rc) {
        snapshot_done(&snapshot);
        return rc;
    }
    *ret = snapshot;
    return KK_OK;
}
