#include "cmd/demo_check.h"

#include <stdlib.h>

#include "core/snapshot.h"
#include "ports/store.h"

#define DEPTH_MAX 32
#define READ_BYTES ((size_t)64 * 1024)
#define LINES_MAX_BYTES ((size_t)1024 * 1024 * 1024)
#define DELIVERIES_MAX 100000

/* ---- values ---- */

static bool same_leaf(struct kk_jv a, struct kk_jv b)
{
    struct kk_sv text_a, text_b;
    int64_t int_a, int_b;
    double real_a, real_b;
    bool bool_a, bool_b;

    switch (kk_jv_type(a)) {
    case KK_J_NULL:
        return true;
    case KK_J_BOOL:
        return kk_jv_bool(a, &bool_a) && kk_jv_bool(b, &bool_b) && bool_a == bool_b;
    case KK_J_INT:
        return kk_jv_i64(a, &int_a) && kk_jv_i64(b, &int_b) && int_a == int_b;
    case KK_J_REAL:
        return kk_jv_f64(a, &real_a) && kk_jv_f64(b, &real_b) && !(real_a < real_b) && !(real_a > real_b);
    case KK_J_STR:
        return kk_jv_str(a, &text_a) && kk_jv_str(b, &text_b) && kk_sv_eq(text_a, text_b);
    case KK_J_NONE:
    case KK_J_ARR:
    case KK_J_OBJ:
        break;
    }
    return false;
}

struct level { /* a container of a that is being gone through, and the one of b that must be like it */
    struct kk_jiter it;
    struct kk_jv other;
    size_t index;
};

/* What b has where a's iteration stands. */
static struct kk_jv counterpart(struct level *level)
{
    char key[128];

    if (!level->it.is_object)
        return kk_jv_at(level->other, level->index++);
    return kk_sv_copy(level->it.key, key, sizeof(key)) ? kk_jv_get(level->other, key) : (struct kk_jv){NULL};
}

bool demo_json_same(struct kk_jv a, struct kk_jv b)
{
    struct level level[DEPTH_MAX];
    int depth = 0;

    for (;;) {
        bool is_container = kk_jv_is(a, KK_J_ARR) || kk_jv_is(a, KK_J_OBJ);

        if (kk_jv_type(a) != kk_jv_type(b))
            return false;
        if (!is_container && !same_leaf(a, b))
            return false;
        if (is_container && (depth == DEPTH_MAX || kk_jv_count(a) != kk_jv_count(b)))
            return false;
        if (is_container)
            level[depth++] = (struct level){.it = kk_jv_iter(a), .other = b};
        while (depth > 0 && !kk_jiter_next(&level[depth - 1].it))
            depth--;
        if (depth == 0)
            return true;
        a = level[depth - 1].it.value;
        b = counterpart(&level[depth - 1]);
    }
}

/* ---- lists of items ---- */

struct entry {
    int64_t item_no;
    enum change_type type;
    struct kk_jv value;
};
struct entries {
    struct entry *at;
    size_t count, room;
    bool no_memory;
};

static void entries_done(struct entries *entries)
{
    free(entries->at);
}

static bool add_entry(struct entries *entries, struct entry entry)
{
    if (entries->count == entries->room) {
        size_t room = entries->room ? entries->room * 2 : 256;
        struct entry *grown = realloc(entries->at, room * sizeof(*grown));

        if (!grown) {
            entries->no_memory = true;
            return false;
        }
        entries->at = grown;
        entries->room = room;
    }
    entries->at[entries->count++] = entry;
    return true;
}

static int by_item(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->item_no != y->item_no)
        return x->item_no < y->item_no ? -1 : 1;
    return (int)x->type - (int)y->type;
}

static void sort(struct entries *entries)
{
    if (entries->count > 1)
        qsort(entries->at, entries->count, sizeof(*entries->at), by_item);
}

static enum kk_code check_memory(const struct entries *entries, struct kk_err *err)
{
    return entries->no_memory ? kk_fail(err, KK_NO_MEMORY, "no memory to compare") : KK_OK;
}

/* ---- products ---- */

struct comparison {
    struct entries *truth;
    struct demo_result *result;
};

static bool compare_product(void *ctx, const struct product *product)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *stored = NULL;
    const struct comparison *comparison = ctx;
    const struct entry key = {.item_no = product->item_no};
    const struct entry *truth = NULL;

    if (product->status == PRODUCT_REMOVED)
        return true;
    if (comparison->truth->count > 0)
        truth = bsearch(&key, comparison->truth->at, comparison->truth->count, sizeof(key), by_item);
    if (!truth)
        comparison->result->surplus_count++;
    else if (!kk_json_parse(kk_buf_sv(&product->snapshot_json), &stored, NULL) &&
             demo_json_same(kk_json_root(stored), truth->value))
        comparison->result->equal_count++;
    return true;
}

enum kk_code demo_check_products(struct store *store, const struct kk_json *truth, struct demo_result *result,
                                 struct kk_err *err)
{
    KK_CLEANUP(entries_done) struct entries items = {0};
    struct comparison comparison = {&items, result};
    enum kk_code rc;

    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
        struct entry entry = {.value = it.value};

        if (kk_jv_i64(kk_jv_get(it.value, "itemNo"), &entry.item_no))
            add_entry(&items, entry);
    }
    rc = check_memory(&items, err);
    if (rc)
        return rc;
    sort(&items);
    result->product_count = (int64_t)items.count;
    result->equal_count = result->surplus_count = 0;
    return store_each_product(store, &(struct product_query){0}, compare_product, &comparison, err);
}

/* ---- changes ---- */

static bool note_version(void *ctx, const struct product_version *version)
{
    return add_entry(ctx, (struct entry){.item_no = version->item_no, .type = version->type});
}

static bool note_last(void *ctx, const struct product_version *version)
{
    *(int64_t *)ctx = version->id;
    return false;
}

enum kk_code demo_last_version(struct store *store, int64_t *ret_id, struct kk_err *err)
{
    *ret_id = 0;
    return store_each_version(store, &(struct version_query){.newest_first = true, .limit = 1}, note_last, ret_id, err);
}

static enum kk_code read_file(const char *path, struct kk_buf *out, struct kk_err *err)
{
    FILE *in = fopen(path, "re");
    char *room;

    if (!in)
        return errno == ENOENT ? KK_OK : kk_fail(err, KK_DENIED, "%.150s: %s", path, strerror(errno));
    while (!feof(in) && !ferror(in) && (room = kk_buf_room(out, READ_BYTES)))
        out->len += fread(room, 1, READ_BYTES, in);
    fclose(in);
    return kk_buf_check(out, path, err);
}

/* Each event's item and type; ids that come twice are counted. An id is made of item and version. */
static enum kk_code read_events(const char *path, int64_t after_line, struct entries *ret_late, struct entries *ret_ids,
                                struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(LINES_MAX_BYTES);
    enum kk_code rc = read_file(path, &text, err);
    struct kk_sv rest = kk_buf_sv(&text);

    for (int64_t line = 1; !rc && rest.len > 0; line++) {
        KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
        struct entry entry = {0}, id = {0};
        struct kk_sv type = {0};
        int64_t version = 0;

        rc = kk_json_parse(kk_sv_cut(&rest, '\n'), &json, err);
        if (rc)
            return kk_while(err, rc, "%.100s:%" PRId64, path, line);
        struct kk_jv data = kk_jv_get(kk_json_root(json), "data");

        kk_jv_i64(kk_jv_get(data, "itemNo"), &entry.item_no);
        kk_jv_i64(kk_jv_get(data, "version"), &version);
        kk_jv_str(kk_jv_get(kk_json_root(json), "type"), &type);
        if (!change_type_parse(type, &entry.type))
            return kk_fail(err, KK_MISMATCH, "%.100s:%" PRId64 ": an event of no known type", path, line);
        id = (struct entry){.item_no = entry.item_no, .type = (enum change_type)version};
        add_entry(ret_ids, id);
        if (line > after_line)
            add_entry(ret_late, entry);
    }
    return rc ? rc : check_memory(ret_ids, err);
}

static void read_net(const struct kk_json *changes, struct entries *ret)
{
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(changes), "net")); kk_jiter_next(&it);) {
        struct entry entry = {0};
        struct kk_sv type = {0};
        char name[64];

        kk_jv_i64(kk_jv_get(it.value, "itemNo"), &entry.item_no);
        kk_jv_str(kk_jv_get(it.value, "type"), &type);
        snprintf(name, sizeof(name), "kkachi.product.%.*s", (int)type.len, type.len ? type.ptr : "");
        if (change_type_parse(kk_sv_of(name), &entry.type))
            add_entry(ret, entry);
    }
}

static struct demo_count count(const struct entries *entries)
{
    struct demo_count by = {0};

    for (size_t i = 0; i < entries->count; i++) {
        by.of[entries->at[i].type]++;
        by.of[0]++;
    }
    return by;
}

static bool equal(const struct entries *a, const struct entries *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (by_item(&a->at[i], &b->at[i]) != 0)
            return false;
    return a->count == b->count;
}

enum kk_code demo_check_changes(struct store *store, const struct kk_json *changes, const char *events_path,
                                int64_t after_version, int64_t after_line, struct demo_result *result,
                                struct kk_err *err)
{
    KK_CLEANUP(entries_done) struct entries made = {0};
    KK_CLEANUP(entries_done) struct entries found = {0};
    KK_CLEANUP(entries_done) struct entries delivered = {0};
    KK_CLEANUP(entries_done) struct entries all = {0};
    KK_CLEANUP(entries_done) struct entries ids = {0};
    enum kk_code rc;

    read_net(changes, &made);
    rc = store_each_version(store, &(struct version_query){.after_id = after_version}, note_version, &found, err);
    if (!rc)
        rc = store_each_version(store, &(struct version_query){0}, note_version, &all, err);
    if (!rc)
        rc = read_events(events_path, after_line, &delivered, &ids, err);
    if (!rc && (made.no_memory || found.no_memory || all.no_memory))
        rc = kk_fail(err, KK_NO_MEMORY, "no memory to compare");
    if (rc)
        return rc;
    sort(&made);
    sort(&found);
    sort(&delivered);
    sort(&ids);
    result->made = count(&made);
    result->found = count(&found);
    result->delivered = count(&delivered);
    result->is_same = equal(&made, &found) && equal(&found, &delivered);
    result->version_count = (int64_t)all.count;
    result->event_count = (int64_t)ids.count;
    result->repeated_event_count = 0;
    for (size_t i = 1; i < ids.count; i++)
        result->repeated_event_count += by_item(&ids.at[i - 1], &ids.at[i]) == 0;
    return KK_OK;
}

/* ---- times ---- */

struct times {
    int64_t *ms;
    size_t count;
};

static bool note_time(void *ctx, const struct delivery *delivery)
{
    struct times *times = ctx;

    if (delivery->answered_at_ms > 0)
        times->ms[times->count++] = delivery->published_at_ms - delivery->answered_at_ms;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

enum kk_code demo_check_times(struct store *store, struct demo_result *result, struct kk_err *err)
{
    struct times times = {.ms = calloc(DELIVERIES_MAX, sizeof(int64_t))};
    enum kk_code rc;

    if (!times.ms)
        return kk_fail(err, KK_NO_MEMORY, "no memory to compare");
    rc = store_each_delivery(store, (struct kk_sv){0}, DELIVERIES_MAX, note_time, &times, err);
    if (!rc && times.count > 0) {
        qsort(times.ms, times.count, sizeof(int64_t), by_number);
        result->delivery_median_ms = times.ms[times.count / 2];
        result->delivery_p99_ms = times.ms[times.count - 1 - times.count / 100];
    }
    free(times.ms);
    return rc;
}

bool demo_is_good(const struct demo_result *result)
{
    return result->is_same && result->made.of[0] > 0 && result->equal_count == result->product_count &&
           result->surplus_count == 0 && result->event_count == result->version_count &&
           result->repeated_event_count == 0;
}
