#include "site/parse.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/json.h"
#include "base/text.h"
#include "site/fields.h"

#define ENTRY_MAX_BYTES (64 * 1024)

void list_page_done(struct list_page *page)
{
    if (!page)
        return;
    free(page->entry);
    *page = (struct list_page){0};
}

struct scratch { /* reused from entry to entry */
    struct kk_buf json, text;
};

static void write_text(struct kk_sv text, struct scratch *scratch)
{
    enum kk_code rc;

    kk_buf_clear(&scratch->text);
    rc = kk_nfc(text, &scratch->text, NULL);
    if (rc && !scratch->json.failed)
        scratch->json.failed = rc;
    kk_jw_str(&scratch->json, kk_buf_sv(&scratch->text));
}

static enum kk_code write_images(const struct field *field, struct kk_jv images, const struct field_where *where,
                                 struct scratch *scratch, struct kk_err *err)
{
    struct kk_jiter it = kk_jv_iter(images);
    struct kk_sv url;

    kk_jw_open(&scratch->json, '[');
    while (kk_jiter_next(&it)) {
        if (!kk_jv_str(it.value, &url))
            return field_wrong(field, where, "holds something that is no text", err);
        write_text(field_image(url), scratch);
    }
    kk_jw_close(&scratch->json, ']');
    return KK_OK;
}

/* One value of the entry's canonical text. A number that is not there is null; a text is "". */
static enum kk_code write_value(const struct field *field, const struct field_value *value,
                                const struct field_where *where, struct scratch *scratch, struct kk_err *err)
{
    kk_jw_key(&scratch->json, field->key);
    switch (field->type) {
    case FIELD_ID:
    case FIELD_AMOUNT:
    case FIELD_RATE:
        if (value->is_there)
            kk_jw_i64(&scratch->json, value->number);
        else
            kk_jw_null(&scratch->json);
        return KK_OK;
    case FIELD_TEXT:
        write_text(value->text, scratch);
        return KK_OK;
    case FIELD_IMAGES:
        return write_images(field, value->array, where, scratch, err);
    case FIELD_FLAG: /* the list has none */
        break;
    }
    KK_UNREACHABLE();
}

static enum kk_code read_entry(struct kk_jv item, size_t index, struct scratch *scratch, struct list_entry *ret,
                               struct kk_err *err)
{
    const struct field_where where = {.path = LIST_ITEMS_KEY, .has_index = true, .index = index};

    kk_buf_clear(&scratch->json);
    kk_jw_open(&scratch->json, '{');
    for (size_t i = 0; i < LIST_FIELD_COUNT; i++) {
        const struct field *field = &list_fields[i];
        struct field_value value;
        enum kk_code rc = field_read(field, item, &where, &value, err);

        if (!rc && field->target == TO_ITEM_NO)
            ret->item_no = value.number;
        if (!rc && field->part == FIELD_COUNTS)
            rc = write_value(field, &value, &where, scratch, err);
        if (rc)
            return rc;
    }
    kk_jw_close(&scratch->json, '}');
    if (scratch->json.failed == KK_NO_MEMORY)
        return kk_fail(err, KK_NO_MEMORY, "no memory for " LIST_ITEMS_KEY "[%zu]", index);
    if (scratch->json.failed)
        return kk_fail(err, KK_MISMATCH, LIST_ITEMS_KEY "[%zu] is longer than an entry may be", index);
    ret->hash = kk_sha256(kk_buf_sv(&scratch->json));
    return KK_OK;
}

/* Pages are at most PARSE_LIST_ITEMS_MAX long, so looking at all of them costs less than a set would. */
static bool has_item(const struct list_page *page, int64_t item_no)
{
    for (size_t i = 0; i < page->entry_count; i++)
        if (page->entry[i].item_no == item_no)
            return true;
    return false;
}

static enum kk_code read_entries(struct kk_jv items, struct list_page *page, struct kk_err *err)
{
    struct scratch scratch = {.json = KK_BUF(ENTRY_MAX_BYTES), .text = KK_BUF(ENTRY_MAX_BYTES)};
    struct kk_jiter it = kk_jv_iter(items);
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && kk_jiter_next(&it); i++) {
        struct list_entry entry;

        rc = read_entry(it.value, i, &scratch, &entry, err);
        page->row_count++;
        if (!rc && !has_item(page, entry.item_no))
            page->entry[page->entry_count++] = entry;
    }
    kk_buf_done(&scratch.json);
    kk_buf_done(&scratch.text);
    return rc;
}

enum kk_code parse_list(struct kk_sv body, struct list_page *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *document = NULL;
    struct list_page page = {0};
    struct kk_jv root, items;
    enum kk_code rc;

    if (body.len > PARSE_MAX_BYTES)
        return kk_fail(err, KK_MISMATCH, "a list of %zu bytes is longer than a reply may be", body.len);
    rc = kk_json_parse(body, &document, err);
    if (rc)
        return rc;
    root = kk_json_root(document);
    items = kk_jv_get(root, LIST_ITEMS_KEY);
    if (!field_amount(kk_jv_get(root, LIST_COUNT_KEY), false, &page.count) || page.count > PARSE_LIST_COUNT_MAX)
        return kk_fail(err, KK_MISMATCH, LIST_COUNT_KEY " is missing, or is no integer from 0 to %d",
                       PARSE_LIST_COUNT_MAX);
    if (!kk_jv_is(items, KK_J_ARR))
        return kk_fail(err, KK_MISMATCH, LIST_ITEMS_KEY " is missing, or is no list");
    if (kk_jv_count(items) > PARSE_LIST_ITEMS_MAX)
        return kk_fail(err, KK_MISMATCH, LIST_ITEMS_KEY " has %zu entries, and %d are the most", kk_jv_count(items),
                       PARSE_LIST_ITEMS_MAX);

    page.entry =
        calloc(kk_jv_count(items) + 1, sizeof(*page.entry)); /* one more, so that an empty page has memory too */
    if (!page.entry)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a list of %zu entries", kk_jv_count(items));
    rc = read_entries(items, &page, err);
    if (rc) {
        list_page_done(&page);
        return rc;
    }
    *ret = page;
    return KK_OK;
}
