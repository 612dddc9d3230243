/* The same field table that writes a snapshot is walked over two of them, so no field can matter to the hash and be
 * missing here. */
#include "core/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"

/* Opens an entry up to the place of the old value. part: behind the field's name, such as "[590010].stock". */
static void open_entry(const struct snapshot_field *field, const char *part, struct kk_buf *out)
{
    char name[96];
    int len = snprintf(name, sizeof(name), "%s%s%s%s", field->group, field->group[0] ? "." : "", field->name, part);

    KK_ASSERT(len > 0 && (size_t)len < sizeof(name));
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "field", kk_sv_of(name));
    kk_jw_key(out, "from");
}

static size_t text_change(const struct snapshot_field *field, const char *part, struct kk_sv before, struct kk_sv after,
                          struct kk_buf *out)
{
    if (kk_sv_eq(before, after))
        return 0;
    open_entry(field, part, out);
    kk_jw_str(out, before);
    kk_jw_key_str(out, "to", after);
    kk_jw_close(out, '}');
    return 1;
}

static size_t number_change(const struct snapshot_field *field, const char *part, int64_t before, int64_t after,
                            struct kk_buf *out)
{
    if (before == after)
        return 0;
    open_entry(field, part, out);
    kk_jw_i64(out, before);
    kk_jw_key_i64(out, "to", after);
    kk_jw_close(out, '}');
    return 1;
}

static size_t images_change(const struct snapshot_field *field, const struct snapshot *before,
                            const struct snapshot *after, struct kk_buf *out)
{
    bool is_equal = before->image_count == after->image_count;

    for (size_t i = 0; is_equal && i < before->image_count; i++)
        is_equal = kk_sv_eq(before->image[i], after->image[i]);
    if (is_equal)
        return 0;
    open_entry(field, "", out);
    snapshot_images_write(before, out);
    kk_jw_key(out, "to");
    snapshot_images_write(after, out);
    kk_jw_close(out, '}');
    return 1;
}

static void option_or_null(const struct snapshot_option *option, struct kk_buf *out)
{
    if (option)
        snapshot_option_write(option, out);
    else
        kk_jw_null(out);
}

static bool option_eq(const struct snapshot_option *a, const struct snapshot_option *b)
{
    return a->stock == b->stock && kk_sv_eq(a->color, b->color) && kk_sv_eq(a->size, b->size);
}

/* One option as it was and as it is; NULL: it was or is not there. */
static size_t option_change(const struct snapshot_field *field, const struct snapshot_option *before,
                            const struct snapshot_option *after, struct kk_buf *out)
{
    static const char *const names[] = {"", ".color", ".size", ".stock"};
    char part[KK_COUNT(names)][48];

    KK_ASSERT(before || after);
    if (before && after && option_eq(before, after))
        return 0;
    for (size_t i = 0; i < KK_COUNT(names); i++)
        snprintf(part[i], sizeof(part[i]), "[%" PRId64 "]%s", (before ? before : after)->option_no, names[i]);
    if (before && after)
        return text_change(field, part[1], before->color, after->color, out) +
               text_change(field, part[2], before->size, after->size, out) +
               number_change(field, part[3], before->stock, after->stock, out);
    open_entry(field, part[0], out);
    option_or_null(before, out);
    kk_jw_key(out, "to");
    option_or_null(after, out);
    kk_jw_close(out, '}');
    return 1;
}

/* Both lists are in order of optionNo, so one walk pairs them. */
static size_t options_change(const struct snapshot_field *field, const struct snapshot *before,
                             const struct snapshot *after, struct kk_buf *out)
{
    size_t count = 0, i = 0, k = 0;

    while (i < before->option_count || k < after->option_count) {
        const struct snapshot_option *was = i < before->option_count ? &before->option[i] : NULL;
        const struct snapshot_option *is = k < after->option_count ? &after->option[k] : NULL;

        if (was && is && was->option_no > is->option_no)
            was = NULL;
        else if (was && is && was->option_no < is->option_no)
            is = NULL;
        count += option_change(field, was, is, out);
        i += was != NULL;
        k += is != NULL;
    }
    return count;
}

static size_t other_change(const struct snapshot_field *field, const struct snapshot *before,
                           const struct snapshot *after, struct kk_buf *out)
{
    switch ((enum snapshot_other)field->index) {
    case SNAP_ITEM_NO:
        return number_change(field, "", before->item_no, after->item_no, out);
    case SNAP_STATUS:
        return text_change(field, "", kk_sv_of(product_status_name(before->status)),
                           kk_sv_of(product_status_name(after->status)), out);
    case SNAP_IMAGES:
        return images_change(field, before, after, out);
    case SNAP_OPTIONS:
        return options_change(field, before, after, out);
    case SNAP_SELLER_ID: /* APART from the hash, so nobody asks */
    case SNAPSHOT_OTHER_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

size_t change_list(const struct snapshot *before, const struct snapshot *after, struct kk_buf *out)
{
    size_t count = 0;

    kk_jw_open(out, '[');
    for (size_t i = 0; i < SNAPSHOT_FIELD_COUNT; i++) {
        const struct snapshot_field *field = &snapshot_fields[i];

        if (!field->is_hashed) /* what makes no version is no change */
            continue;
        switch (field->kind) {
        case SNAPSHOT_TEXT:
            count += text_change(field, "", before->text[field->index], after->text[field->index], out);
            break;
        case SNAPSHOT_NUMBER:
            count += number_change(field, "", before->number[field->index], after->number[field->index], out);
            break;
        case SNAPSHOT_OTHER:
            count += other_change(field, before, after, out);
            break;
        }
    }
    kk_jw_close(out, ']');
    return count;
}

enum change_type change_type_of(const struct snapshot *before, const struct snapshot *after)
{
    if (!before)
        return CHANGE_CREATED;
    if (before->status == after->status)
        return CHANGE_CHANGED;
    if (after->status == PRODUCT_REMOVED)
        return CHANGE_REMOVED;
    return before->status == PRODUCT_REMOVED ? CHANGE_RETURNED : CHANGE_CHANGED;
}
