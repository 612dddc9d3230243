#include "sandbox/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "sandbox/item.h"

const char *item_status(const struct world_item *item)
{
    if (item->is_gone)
        return "REMOVED";
    return item_is_out(item) ? "SOLD_OUT" : "ON_SALE";
}

void item_description_hash(const struct world *world, const struct world_item *item, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(WORLD_BIG_BYTES * 4);
    char hex[KK_HASH_TEXT_BYTES];

    item_description(world, item, &text);
    struct kk_hash hash = kk_sha256(kk_buf_sv(&text));
    kk_hash_text(&hash, hex);
    kk_buf_add(out, kk_sv_of(hex));
}

void item_copy(const struct world_item *item, struct world_item *ret_copy)
{
    *ret_copy = *item;
    ret_copy->option = memory_new(item->option_count, sizeof(*item->option));
    if (item->option_count)
        memcpy(ret_copy->option, item->option, item->option_count * sizeof(*item->option));
}

void item_copy_done(struct world_item *copy)
{
    free(copy->option);
    copy->option = NULL;
}

/* --- differences --- */

struct diff {
    const struct world *world;
    struct kk_buf *out;
    size_t count;
};

static void open_entry(struct diff *diff, const char *field)
{
    kk_jw_open(diff->out, '{');
    kk_jw_key_str(diff->out, "field", kk_sv_of(field));
    kk_jw_key(diff->out, "from");
    diff->count++;
}

static void diff_text(struct diff *diff, const char *field, const char *from, const char *to)
{
    if (from && strcmp(from, to) == 0)
        return;
    open_entry(diff, field);
    if (from)
        kk_jw_str(diff->out, kk_sv_of(from));
    else
        kk_jw_null(diff->out);
    kk_jw_key_str(diff->out, "to", kk_sv_of(to));
    kk_jw_close(diff->out, '}');
}

static void diff_number(struct diff *diff, const char *field, int64_t from, int64_t to)
{
    if (from == to)
        return;
    open_entry(diff, field);
    kk_jw_i64(diff->out, from);
    kk_jw_key_i64(diff->out, "to", to);
    kk_jw_close(diff->out, '}');
}

static void write_images(const struct world_item *item, struct kk_buf *out)
{
    kk_jw_open(out, '[');
    for (unsigned i = 0; i < item->image_count; i++)
        kk_jw_str(out, kk_sv_of(item->image[i]));
    kk_jw_close(out, ']');
}

static void diff_images(struct diff *diff, const struct world_item *before, const struct world_item *after)
{
    bool is_same = before->image_count == after->image_count;

    for (unsigned i = 0; is_same && i < after->image_count; i++)
        is_same = strcmp(before->image[i], after->image[i]) == 0;
    if (is_same)
        return;
    open_entry(diff, "images");
    write_images(before, diff->out);
    kk_jw_key(diff->out, "to");
    write_images(after, diff->out);
    kk_jw_close(diff->out, '}');
}

static void write_option(const struct world_option *option, struct kk_buf *out)
{
    if (!option) {
        kk_jw_null(out);
        return;
    }
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "optionNo", option->option_no);
    kk_jw_key_str(out, "color", kk_sv_of(option->color));
    kk_jw_key_str(out, "size", kk_sv_of(option->size));
    kk_jw_key_i64(out, "stock", option->stock);
    kk_jw_close(out, '}');
}

/* Either may be NULL: it came, or it went. */
static void diff_option(struct diff *diff, int64_t option_no, const struct world_option *from,
                        const struct world_option *to)
{
    char name[64];

    if (!from || !to) {
        snprintf(name, sizeof(name), "options[%" PRId64 "]", option_no);
        open_entry(diff, name);
        write_option(from, diff->out);
        kk_jw_key(diff->out, "to");
        write_option(to, diff->out);
        kk_jw_close(diff->out, '}');
        return;
    }
    snprintf(name, sizeof(name), "options[%" PRId64 "].color", option_no);
    diff_text(diff, name, from->color, to->color);
    snprintf(name, sizeof(name), "options[%" PRId64 "].size", option_no);
    diff_text(diff, name, from->size, to->size);
    snprintf(name, sizeof(name), "options[%" PRId64 "].stock", option_no);
    diff_number(diff, name, from->stock, to->stock);
}

static int64_t number_at(const struct world_item *item, unsigned at)
{
    return at < item->option_count ? item->option[at].option_no : INT64_MAX;
}

static void diff_options(struct diff *diff, const struct world_item *before, const struct world_item *after)
{
    unsigned b = 0, a = 0;

    while (b < before->option_count || a < after->option_count) {
        int64_t from = number_at(before, b), to = number_at(after, a), lower = from < to ? from : to;

        diff_option(diff, lower, from == lower ? &before->option[b] : NULL, to == lower ? &after->option[a] : NULL);
        b += from == lower;
        a += to == lower;
    }
}

static void diff_description(struct diff *diff, const struct world_item *before, const struct world_item *after)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf from = KK_BUF(KK_HASH_TEXT_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf to = KK_BUF(KK_HASH_TEXT_BYTES);

    if (before->description == after->description && before->description_seed == after->description_seed)
        return;
    item_description_hash(diff->world, before, &from);
    item_description_hash(diff->world, after, &to);
    diff_text(diff, "descriptionHash", kk_buf_cstr(&from), kk_buf_cstr(&to));
}

size_t item_diff(const struct world *world, const struct world_item *before, const struct world_item *after,
                 struct kk_buf *out)
{
    struct diff diff = {.world = world, .out = out};

    kk_jw_open(out, '[');
    diff_text(&diff, "status", before ? item_status(before) : NULL, item_status(after));
    if (before) {
#define X(field, member) diff_text(&diff, field, before->member, after->member);
        ITEM_TEXTS(X)
#undef X
#define X(field, member) diff_number(&diff, field, before->member, after->member);
        ITEM_NUMBERS(X)
#undef X
        diff_number(&diff, "stock", item_stock(before), item_stock(after));
        diff_images(&diff, before, after);
        diff_options(&diff, before, after);
        diff_description(&diff, before, after);
    }
    kk_jw_close(out, ']');
    return diff.count;
}
