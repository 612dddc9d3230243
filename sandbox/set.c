/* Setting one field by hand: for tests that want one exact change. */
#include "sandbox/fields.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define TEXT_MAX_BYTES (WORLD_BIG_BYTES * 2)
#define NUMBER_MAX INT64_C(1000000000000)

static enum kk_code take_text(struct world *world, struct kk_sv value, const char **ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf nfc = KK_BUF(TEXT_MAX_BYTES);

    if (memchr(value.ptr ? value.ptr : "", '\0', value.len))
        return kk_fail(err, KK_BAD_INPUT, "a text cannot hold a NUL");
    enum kk_code rc = kk_nfc(value, &nfc, err);
    if (rc)
        return rc;
    rc = kk_buf_check(&nfc, "the text", err);
    if (rc)
        return rc;
    *ret = memory_text(&world->texts, kk_buf_sv(&nfc));
    return KK_OK;
}

static enum kk_code take_number(struct kk_sv value, int64_t *ret, struct kk_err *err)
{
    int64_t number;

    if (!kk_sv_i64(value, &number) || number < 0 || number > NUMBER_MAX)
        return kk_fail(err, KK_BAD_INPUT, "'" KK_SV_FMT "' is not a number from 0 to %" PRId64, KK_SV_ARG(value),
                       NUMBER_MAX);
    *ret = number;
    return KK_OK;
}

static enum kk_code take_bool(struct kk_sv value, bool *ret, struct kk_err *err)
{
    bool is_true = kk_sv_eq(value, KK_SV("true"));

    if (!is_true && !kk_sv_eq(value, KK_SV("false")))
        return kk_fail(err, KK_BAD_INPUT, "'" KK_SV_FMT "' is neither true nor false", KK_SV_ARG(value));
    *ret = is_true;
    return KK_OK;
}

static enum kk_code set_images(struct world *world, struct world_item *item, struct kk_sv value, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    enum kk_code rc = kk_json_parse(value, &json, err);
    struct kk_jv root = kk_json_root(json);
    const char *image[WORLD_IMAGES_MAX];
    unsigned count = 0;

    if (rc || !kk_jv_is(root, KK_J_ARR) || kk_jv_count(root) > WORLD_IMAGES_MAX)
        return kk_fail(err, KK_BAD_INPUT, "images is a JSON array of at most %d texts", WORLD_IMAGES_MAX);
    for (struct kk_jiter it = kk_jv_iter(root); kk_jiter_next(&it);) {
        struct kk_sv text;

        if (!kk_jv_str(it.value, &text))
            return kk_fail(err, KK_BAD_INPUT, "images is a JSON array of at most %d texts", WORLD_IMAGES_MAX);
        rc = take_text(world, text, &image[count++], err);
        if (rc)
            return rc;
    }
    memcpy(item->image, image, count * sizeof(image[0]));
    item->image_count = count;
    return KK_OK;
}

static enum kk_code add_option(struct world *world, struct world_item *item, struct kk_sv value, struct kk_err *err)
{
    struct kk_sv color = kk_sv_cut(&value, '|'), size = kk_sv_cut(&value, '|');
    struct world_option option = {.option_no = world->next_option_no};
    enum kk_code rc;

    if (item->option_count == WORLD_OPTIONS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "an item has at most %d options", WORLD_OPTIONS_MAX);
    if ((rc = take_text(world, color, &option.color, err)) || (rc = take_text(world, size, &option.size, err)) ||
        (rc = take_number(value, &option.stock, err)))
        return rc;
    world->next_option_no++;
    item->option = memory_grow(item->option, item->option_count + 1, sizeof(option));
    item->option[item->option_count++] = option;
    if (item->form == FORM_NO_ROWS)
        item->form = FORM_TWO_AXES;
    return KK_OK;
}

static enum kk_code drop_option(struct world_item *item, unsigned at, struct kk_sv value, struct kk_err *err)
{
    if (!kk_sv_eq(value, KK_SV("null")))
        return kk_fail(err, KK_BAD_INPUT, "a whole option can only be set to null");
    item->option_count--;
    memmove(&item->option[at], &item->option[at + 1], (item->option_count - at) * sizeof(item->option[0]));
    if (item->option_count == 0) {
        item->form = FORM_NO_ROWS;
        item->lone_stock = 0;
    }
    return KK_OK;
}

/* field: what is behind "options". */
static enum kk_code set_option(struct world *world, struct world_item *item, struct kk_sv field, struct kk_sv value,
                               struct kk_err *err)
{
    struct kk_sv number = field;
    int64_t option_no = 0;
    unsigned at = 0;

    number.ptr++;
    number.len--;
    field = number;
    number = kk_sv_cut(&field, ']');
    if (!kk_sv_i64(number, &option_no))
        return kk_fail(err, KK_BAD_INPUT, "'" KK_SV_FMT "' is not an option number", KK_SV_ARG(number));
    while (at < item->option_count && item->option[at].option_no != option_no)
        at++;
    if (at == item->option_count)
        return kk_fail(err, KK_NOT_FOUND, "item %" PRId64 " has no option %" PRId64, item->item_no, option_no);
    if (field.len == 0)
        return drop_option(item, at, value, err);
    if (kk_sv_eq(field, KK_SV(".stock")))
        return take_number(value, &item->option[at].stock, err);
    if (kk_sv_eq(field, KK_SV(".color")))
        return take_text(world, value, &item->option[at].color, err);
    if (kk_sv_eq(field, KK_SV(".size")))
        return take_text(world, value, &item->option[at].size, err);
    return kk_fail(err, KK_BAD_INPUT, "of an option, .stock, .color and .size can be set");
}

static enum kk_code set_status(struct world *world, struct world_item *item, struct kk_sv value, struct kk_err *err)
{
    bool wants_gone = kk_sv_eq(value, KK_SV("REMOVED"));

    if (!wants_gone && !kk_sv_eq(value, KK_SV("SHOWN")))
        return kk_fail(err, KK_BAD_INPUT, "status is set to REMOVED or SHOWN; isSoldOut and the stocks do the rest");
    if (wants_gone && !item->is_gone)
        world_unshow(world, item);
    if (!wants_gone && item->is_gone)
        world_reshow(world, item);
    return KK_OK;
}

enum kk_code item_set(struct world *world, struct world_item *item, struct kk_sv field, struct kk_sv value,
                      struct kk_err *err)
{
#define X(name, member)               \
    if (kk_sv_eq(field, KK_SV(name))) \
        return take_text(world, value, &item->member, err);
    ITEM_TEXTS(X)
#undef X
#define X(name, member)               \
    if (kk_sv_eq(field, KK_SV(name))) \
        return take_number(value, &item->member, err);
    ITEM_NUMBERS(X)
#undef X
    if (kk_sv_eq(field, KK_SV("stock")) && item->form == FORM_NO_ROWS)
        return take_number(value, &item->lone_stock, err);
    if (kk_sv_eq(field, KK_SV("isSoldOut")))
        return take_bool(value, &item->is_sold_out, err);
    if (kk_sv_eq(field, KK_SV("images")))
        return set_images(world, item, value, err);
    if (kk_sv_eq(field, KK_SV("description")))
        return take_text(world, value, &item->description, err);
    if (kk_sv_eq(field, KK_SV("status")))
        return set_status(world, item, value, err);
    if (kk_sv_eq(field, KK_SV("options")))
        return add_option(world, item, value, err);
    if (kk_sv_starts(field, KK_SV("options[")))
        return set_option(world, item, (struct kk_sv){field.ptr + 7, field.len - 7}, value, err);
    if (kk_sv_eq(field, KK_SV("stock")))
        return kk_fail(err, KK_BAD_INPUT, "this item's stock is the sum of its options; set options[NO].stock");
    return kk_fail(err, KK_BAD_INPUT, "no field '" KK_SV_FMT "' can be set", KK_SV_ARG(field));
}
