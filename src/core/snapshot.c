/* A snapshot's texts lie in chunks that never move. A field-by-field malloc() would cost more than the parsing, and
 * one growing buffer would move under the views into it. */
#include "core/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"

#define X_OTHER(field, group, name, part) {SNAPSHOT_OTHER, SNAP_##field, group, name, IS_##part},
#define X_TEXT(field, group, name, part) {SNAPSHOT_TEXT, SNAP_##field, group, name, IS_##part},
#define X_NUMBER(field, group, name, part) {SNAPSHOT_NUMBER, SNAP_##field, group, name, IS_##part},
enum { IS_APART, IS_HASHED };
const struct snapshot_field snapshot_fields[SNAPSHOT_FIELD_COUNT] = {SNAPSHOT_FIELDS(X_OTHER, X_TEXT, X_NUMBER)};
#undef X_OTHER
#undef X_TEXT
#undef X_NUMBER

#define CHUNK_BYTES 3072 /* a usual item in one, options and all */
struct snapshot_chunk {
    struct snapshot_chunk *next;
    size_t len, cap;
    char bytes[];
};

/* What canonical JSON costs at most, beside its texts. An option's share also covers the entries that tell of its
 * changes, so that the differences of two snapshots are never longer than both together (CHANGE_MAX_BYTES). */
enum { COST_OF_FRAME = 2048, COST_OF_IMAGE = 3, COST_OF_OPTION = 160 };

void snapshot_done(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    for (struct snapshot_chunk *chunk = snapshot->chunks_, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(snapshot->image);
    free(snapshot->option);
    kk_buf_done(&snapshot->scratch_);
    *snapshot = (struct snapshot){0};
}

/* The bytes of text in JSON, at most. */
static size_t json_bytes(struct kk_sv text)
{
    size_t escapes = 0;

    for (size_t i = 0; i < text.len; i++)
        escapes += (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == '"' || text.ptr[i] == '\\';
    return text.len + 5 * escapes;
}

static enum kk_code spend(struct snapshot *snapshot, size_t bytes, struct kk_err *err)
{
    if (snapshot->spent_bytes_ == 0)
        snapshot->spent_bytes_ = COST_OF_FRAME;
    if (bytes > SNAPSHOT_MAX_BYTES - snapshot->spent_bytes_)
        return kk_fail(err, KK_BAD_INPUT, "item %" PRId64 " is longer than the %d bytes a snapshot may have",
                       snapshot->item_no, SNAPSHOT_MAX_BYTES);
    snapshot->spent_bytes_ += bytes;
    return KK_OK;
}

/* Copies a text that is in its final form. */
static enum kk_code keep(struct snapshot *snapshot, struct kk_sv text, struct kk_sv *ret, struct kk_err *err)
{
    struct snapshot_chunk *chunk = snapshot->chunks_;
    enum kk_code rc = spend(snapshot, json_bytes(text), err);

    if (rc)
        return rc;
    if (!chunk || chunk->cap - chunk->len < text.len) {
        size_t cap = text.len > CHUNK_BYTES ? text.len : CHUNK_BYTES;

        chunk = malloc(sizeof(*chunk) + cap);
        if (!chunk)
            return kk_fail(err, KK_NO_MEMORY, "no memory for a snapshot of item %" PRId64, snapshot->item_no);
        *chunk = (struct snapshot_chunk){.next = snapshot->chunks_, .cap = cap};
        snapshot->chunks_ = chunk;
    }
    *ret = (struct kk_sv){chunk->bytes + chunk->len, text.len};
    if (text.len > 0)
        memcpy(chunk->bytes + chunk->len, text.ptr, text.len);
    chunk->len += text.len;
    return KK_OK;
}

/* The same for a text in any Unicode form. */
static enum kk_code keep_nfc(struct snapshot *snapshot, struct kk_sv text, struct kk_sv *ret, struct kk_err *err)
{
    enum kk_code rc;

    snapshot->scratch_.max_bytes = SNAPSHOT_MAX_BYTES;
    kk_buf_clear(&snapshot->scratch_);
    rc = kk_nfc(text, &snapshot->scratch_, err);
    return rc ? rc : keep(snapshot, kk_buf_sv(&snapshot->scratch_), ret, err);
}

/* Makes room for one more in an array of count elements. */
static bool grow(void **array, size_t count, size_t *cap, size_t element_bytes)
{
    size_t want = *cap ? *cap * 2 : 8;
    void *bigger;

    if (count < *cap)
        return true;
    bigger = realloc(*array, want * element_bytes);
    if (!bigger)
        return false;
    *array = bigger;
    *cap = want;
    return true;
}

enum kk_code snapshot_set_text(struct snapshot *snapshot, enum snapshot_text field, struct kk_sv text,
                               struct kk_err *err)
{
    KK_ASSERT((unsigned)field < SNAPSHOT_TEXT_COUNT);
    return keep_nfc(snapshot, text, &snapshot->text[field], err);
}

enum kk_code snapshot_add_image(struct snapshot *snapshot, struct kk_sv url, struct kk_err *err)
{
    void *images = snapshot->image;
    struct kk_sv kept;
    enum kk_code rc;

    if (snapshot->image_count == SNAPSHOT_IMAGES_MAX)
        return kk_fail(err, KK_BAD_INPUT, "item %" PRId64 " has more than %d images", snapshot->item_no,
                       SNAPSHOT_IMAGES_MAX);
    if (!grow(&images, snapshot->image_count, &snapshot->image_cap_, sizeof(*snapshot->image)))
        return kk_fail(err, KK_NO_MEMORY, "no memory for the images of item %" PRId64, snapshot->item_no);
    snapshot->image = images;
    rc = spend(snapshot, COST_OF_IMAGE, err);
    if (!rc)
        rc = keep_nfc(snapshot, url, &kept, err);
    if (rc)
        return rc;
    snapshot->image[snapshot->image_count++] = kept;
    return KK_OK;
}

/* An option whose texts are in their final form. */
static enum kk_code keep_option(struct snapshot *snapshot, const struct snapshot_option *from, bool is_nfc,
                                struct kk_err *err)
{
    enum kk_code (*const keep_as)(struct snapshot *, struct kk_sv, struct kk_sv *, struct kk_err *) =
        is_nfc ? keep : keep_nfc;
    struct snapshot_option option = *from;
    void *options = snapshot->option;
    enum kk_code rc;

    if (snapshot->option_count == SNAPSHOT_OPTIONS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "item %" PRId64 " has more than %d options", snapshot->item_no,
                       SNAPSHOT_OPTIONS_MAX);
    if (!grow(&options, snapshot->option_count, &snapshot->option_cap_, sizeof(*snapshot->option)))
        return kk_fail(err, KK_NO_MEMORY, "no memory for the options of item %" PRId64, snapshot->item_no);
    snapshot->option = options;
    rc = spend(snapshot, COST_OF_OPTION, err);
    if (!rc)
        rc = keep_as(snapshot, from->color, &option.color, err);
    if (!rc)
        rc = keep_as(snapshot, from->size, &option.size, err);
    if (rc)
        return rc;
    snapshot->option[snapshot->option_count++] = option;
    return KK_OK;
}

enum kk_code snapshot_add_option(struct snapshot *snapshot, int64_t option_no, struct kk_sv color, struct kk_sv size,
                                 int64_t stock, struct kk_err *err)
{
    struct snapshot_option option = {.option_no = option_no, .stock = stock, .color = color, .size = size};

    return keep_option(snapshot, &option, false, err);
}

static int by_option_no(const void *a, const void *b)
{
    int64_t left = ((const struct snapshot_option *)a)->option_no;
    int64_t right = ((const struct snapshot_option *)b)->option_no;

    return (left > right) - (left < right);
}

enum kk_code snapshot_sort_options(struct snapshot *snapshot, struct kk_err *err)
{
    struct snapshot_option *option = snapshot->option;
    bool is_sorted = true;

    for (size_t i = 1; i < snapshot->option_count; i++)
        is_sorted = is_sorted && option[i - 1].option_no < option[i].option_no;
    if (is_sorted) /* as the site sends them */
        return KK_OK;
    qsort(option, snapshot->option_count, sizeof(*option), by_option_no);
    for (size_t i = 1; i < snapshot->option_count; i++)
        if (option[i - 1].option_no == option[i].option_no)
            return kk_fail(err, KK_MISMATCH, "option %" PRId64 " is there twice", option[i].option_no);
    return KK_OK;
}

static bool is_out_of_stock(const struct snapshot *snapshot)
{
    if (snapshot->option_count == 0)
        return snapshot->number[SNAP_STOCK] == 0;
    for (size_t i = 0; i < snapshot->option_count; i++)
        if (snapshot->option[i].stock != 0)
            return false;
    return true;
}

enum kk_code snapshot_take_options(struct snapshot *snapshot, const struct snapshot *from, struct kk_err *err)
{
    struct snapshot was = *snapshot;
    enum kk_code rc = KK_OK;

    KK_ASSERT(snapshot != from);
    snapshot->option = NULL;
    snapshot->option_count = snapshot->option_cap_ = 0;
    for (size_t i = 0; i < from->option_count && !rc; i++)
        rc = keep_option(snapshot, &from->option[i], true, err);
    if (!rc)
        rc = snapshot_sort_options(snapshot, err);
    if (rc) { /* what was kept in the chunks meanwhile does no harm */
        free(snapshot->option);
        snapshot->option = was.option;
        snapshot->option_count = was.option_count;
        snapshot->option_cap_ = was.option_cap_;
        snapshot->spent_bytes_ = was.spent_bytes_;
        return rc;
    }
    free(was.option);
    snapshot->has_options = true;
    if (is_out_of_stock(snapshot))
        snapshot->status = PRODUCT_SOLD_OUT;
    return KK_OK;
}

static const char *const status_names[] = {[PRODUCT_NONE] = "NONE",
                                           [PRODUCT_ON_SALE] = "ON_SALE",
                                           [PRODUCT_SOLD_OUT] = "SOLD_OUT",
                                           [PRODUCT_REMOVED] = "REMOVED"};

const char *product_status_name(enum product_status status)
{
    KK_ASSERT((unsigned)status <= PRODUCT_REMOVED);
    return status_names[status];
}

bool product_status_parse(struct kk_sv name, enum product_status *ret)
{
    for (int status = PRODUCT_ON_SALE; status <= PRODUCT_REMOVED; status++) {
        if (!kk_sv_eq(name, kk_sv_of(status_names[status])))
            continue;
        *ret = (enum product_status)status;
        return true;
    }
    return false;
}
