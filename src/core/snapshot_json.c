#include "core/snapshot.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"

void snapshot_option_write(const struct snapshot_option *option, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "optionNo", option->option_no);
    kk_jw_key_str(out, "color", option->color);
    kk_jw_key_str(out, "size", option->size);
    kk_jw_key_i64(out, "stock", option->stock);
    kk_jw_close(out, '}');
}

void snapshot_images_write(const struct snapshot *snapshot, struct kk_buf *out)
{
    kk_jw_open(out, '[');
    for (size_t i = 0; i < snapshot->image_count; i++)
        kk_jw_str(out, snapshot->image[i]);
    kk_jw_close(out, ']');
}

static void write_options(const struct snapshot *snapshot, struct kk_buf *out)
{
    kk_jw_open(out, '[');
    for (size_t i = 0; i < snapshot->option_count; i++)
        snapshot_option_write(&snapshot->option[i], out);
    kk_jw_close(out, ']');
}

static void write_other(const struct snapshot *snapshot, const struct snapshot_field *field, struct kk_buf *out)
{
    switch ((enum snapshot_other)field->index) {
    case SNAP_ITEM_NO:
        kk_jw_key_i64(out, field->name, snapshot->item_no);
        return;
    case SNAP_SELLER_ID:
        kk_jw_key_str(out, field->name, kk_sv_of(snapshot->seller_id));
        return;
    case SNAP_STATUS:
        kk_jw_key_str(out, field->name, kk_sv_of(product_status_name(snapshot->status)));
        return;
    case SNAP_IMAGES:
        kk_jw_key(out, field->name);
        snapshot_images_write(snapshot, out);
        return;
    case SNAP_OPTIONS:
        if (!snapshot->has_options)
            return;
        kk_jw_key(out, field->name);
        write_options(snapshot, out);
        return;
    case SNAPSHOT_OTHER_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

static void write_field(const struct snapshot *snapshot, const struct snapshot_field *field, struct kk_buf *out)
{
    switch (field->kind) {
    case SNAPSHOT_TEXT:
        kk_jw_key_str(out, field->name, snapshot->text[field->index]);
        return;
    case SNAPSHOT_NUMBER:
        kk_jw_key_i64(out, field->name, snapshot->number[field->index]);
        return;
    case SNAPSHOT_OTHER:
        write_other(snapshot, field, out);
        return;
    }
    KK_UNREACHABLE();
}

static void write_all(const struct snapshot *snapshot, bool only_hashed, struct kk_buf *out)
{
    const char *group = "";

    kk_jw_open(out, '{');
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT; i++) {
        const struct snapshot_field *field = &snapshot_fields[i];

        if (only_hashed && !field->is_hashed)
            continue;
        if (strcmp(field->group, group) != 0) {
            if (group[0])
                kk_jw_close(out, '}');
            group = field->group;
            if (group[0]) {
                kk_jw_key(out, group);
                kk_jw_open(out, '{');
            }
        }
        write_field(snapshot, field, out);
    }
    kk_jw_close(out, '}');
}

void snapshot_write(const struct snapshot *snapshot, struct kk_buf *out)
{
    write_all(snapshot, false, out);
}

enum kk_code snapshot_hash(const struct snapshot *snapshot, struct kk_hash *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(SNAPSHOT_MAX_BYTES);

    if (!snapshot->has_options)
        return kk_fail(err, KK_BAD_INPUT, "item %" PRId64 " has no hash before its options are in", snapshot->item_no);
    kk_buf_room(&json, 4096); /* a usual item in one allocation */
    write_all(snapshot, true, &json);
    if (json.failed)
        return kk_buf_check(&json, "a snapshot", err);
    *ret = kk_sha256(kk_buf_sv(&json));
    return KK_OK;
}

/* Reading ------------------------------------------------------------------------------------------------------- */

static enum kk_code damaged(const char *name, struct kk_err *err)
{
    return kk_fail(err, KK_CORRUPT, "a stored snapshot has no sound \"%s\"", name);
}

/* A maximum that is passed, broken text and the like are damage where we ourselves wrote the snapshot. */
static enum kk_code as_damage(enum kk_code rc, struct kk_err *err)
{
    return rc == KK_OK || rc == KK_NO_MEMORY ? rc : kk_while(err, KK_CORRUPT, "a stored snapshot");
}

static enum kk_code read_images(struct kk_jv images, struct snapshot *ret, struct kk_err *err)
{
    struct kk_jiter it = kk_jv_iter(images);
    enum kk_code rc = KK_OK;
    struct kk_sv url;

    if (!kk_jv_is(images, KK_J_ARR))
        return damaged("images", err);
    while (!rc && kk_jiter_next(&it))
        rc = kk_jv_str(it.value, &url) ? snapshot_add_image(ret, url, err) : damaged("images", err);
    return as_damage(rc, err);
}

static enum kk_code read_options(struct kk_jv options, struct snapshot *ret, struct kk_err *err)
{
    struct kk_jiter it = kk_jv_iter(options);
    int64_t option_no, stock;
    struct kk_sv color, size;
    enum kk_code rc = KK_OK;

    if (!kk_jv_is(options, KK_J_ARR))
        return damaged("options", err);
    while (!rc && kk_jiter_next(&it)) {
        if (!kk_jv_i64(kk_jv_get(it.value, "optionNo"), &option_no) || option_no <= 0 ||
            !kk_jv_str(kk_jv_get(it.value, "color"), &color) || !kk_jv_str(kk_jv_get(it.value, "size"), &size) ||
            !kk_jv_i64(kk_jv_get(it.value, "stock"), &stock) || stock < 0)
            return damaged("options", err);
        rc = snapshot_add_option(ret, option_no, color, size, stock, err);
    }
    if (!rc)
        rc = snapshot_sort_options(ret, err);
    ret->has_options = true;
    return as_damage(rc, err);
}

static enum kk_code read_other(struct kk_jv value, const struct snapshot_field *field, struct snapshot *ret,
                               struct kk_err *err)
{
    bool is_sound = true;
    struct kk_sv text;

    switch ((enum snapshot_other)field->index) {
    case SNAP_ITEM_NO:
        is_sound = kk_jv_i64(value, &ret->item_no) && ret->item_no > 0;
        break;
    case SNAP_SELLER_ID:
        is_sound = kk_jv_str(value, &text) && kk_sv_copy(text, ret->seller_id, sizeof(ret->seller_id));
        break;
    case SNAP_STATUS:
        is_sound = kk_jv_str(value, &text) && product_status_parse(text, &ret->status);
        break;
    case SNAP_IMAGES:
        return read_images(value, ret, err);
    case SNAP_OPTIONS:
        return kk_jv_is(value, KK_J_NONE) ? KK_OK : read_options(value, ret, err);
    case SNAPSHOT_OTHER_COUNT:
        KK_UNREACHABLE();
    }
    return is_sound ? KK_OK : damaged(field->name, err);
}

static enum kk_code read_field(struct kk_jv value, const struct snapshot_field *field, struct snapshot *ret,
                               struct kk_err *err)
{
    struct kk_sv text;

    if (field->kind == SNAPSHOT_OTHER)
        return read_other(value, field, ret, err);
    if (kk_jv_is(value, KK_J_NONE)) /* an older binary did not know the field */
        return KK_OK;
    if (field->kind == SNAPSHOT_NUMBER)
        return kk_jv_i64(value, &ret->number[field->index]) && ret->number[field->index] >= 0
                   ? KK_OK
                   : damaged(field->name, err);
    if (!kk_jv_str(value, &text))
        return damaged(field->name, err);
    return as_damage(snapshot_set_text(ret, (enum snapshot_text)field->index, text, err), err);
}

enum kk_code snapshot_read(struct kk_sv json, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *document = NULL;
    struct snapshot snapshot = {0};
    enum kk_code rc = as_damage(kk_json_parse(json, &document, err), err);

    if (rc)
        return rc;
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT && !rc; i++) {
        const struct snapshot_field *field = &snapshot_fields[i];
        struct kk_jv root = kk_json_root(document);

        rc = read_field(kk_jv_get(field->group[0] ? kk_jv_get(root, field->group) : root, field->name), field,
                        &snapshot, err);
    }
    if (rc) {
        snapshot_done(&snapshot);
        return rc;
    }
    *ret = snapshot;
    return KK_OK;
}
