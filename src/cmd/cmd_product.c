/* kkachi product list|show */
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "core/snapshot.h"
#include "ports/archive.h"
#include "ports/store.h"

#define BODY_MAX_BYTES ((size_t)256 * 1024 * 1024)

static void cleanup_snapshot(struct snapshot *snapshot)
{
    snapshot_done(snapshot);
}

static void cleanup_product(struct product *product)
{
    product_done(product);
}

/* "1,650,000" */
static void won_text(int64_t won, char ret[32])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, won), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            ret[at++] = ',';
        ret[at++] = digits[i];
    }
    ret[at] = '\0';
}

static enum table_colour status_colour(enum product_status status)
{
    return status == PRODUCT_ON_SALE ? TABLE_GREEN : status == PRODUCT_SOLD_OUT ? TABLE_YELLOW : TABLE_RED;
}

/* ---- list ---- */

static bool list_row(void *ctx, const struct product *product)
{
    KK_CLEANUP(cleanup_snapshot) struct snapshot snapshot = {0};
    struct report *report = ctx;
    char won[32] = "";

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_product(&report->json, product);
        kk_jw_close(&report->json, '}');
        return report_row(report);
    }
    if (!snapshot_read(kk_buf_sv(&product->snapshot_json), &snapshot, NULL))
        won_text(snapshot.number[SNAP_SELLING_PRICE], won);
    table_number(&report->table, product->item_no);
    table_text(&report->table, product->seller_id);
    table_cell(&report->table, status_colour(product->status), kk_sv_of(product_status_name(product->status)));
    table_number(&report->table, product->version);
    table_text(&report->table, won);
    table_number(&report->table, snapshot.number[SNAP_STOCK]);
    table_time(&report->table, product->last_changed_at_ms);
    table_cell(&report->table, TABLE_PLAIN, snapshot.text[SNAP_NAME]);
    return report_row(report);
}

int cmd_product_list(struct call *call)
{
    static const struct table_column columns[] = {
        {"ITEM", TABLE_RIGHT, false},         {"SELLER", TABLE_LEFT, false}, {"STATUS", TABLE_LEFT, false},
        {"VER", TABLE_RIGHT, false},          {"PRICE", TABLE_RIGHT, false}, {"STOCK", TABLE_RIGHT, false},
        {"CHANGED (UTC)", TABLE_LEFT, false}, {"NAME", TABLE_LEFT, true},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *seller = call_option(call, "seller"), *status = call_option(call, "status");
    const char *after = call_option(call, "after");
    struct product_query query = {.seller_id = kk_sv_of(seller), .limit = call->limit};
    struct report report;
    struct kk_err err = {0};
    struct seller known;
    int exit_status;

    if (status && !product_status_parse(kk_sv_of(status), &query.status))
        return say_usage("--status: \"%.40s\" is none of ON_SALE, SOLD_OUT, REMOVED", status);
    if (after && !office_id(after, "item number", &query.after_item_no))
        return EXIT_USAGE;
    exit_status = office_open(&office, call, WIRE_STORE);
    if (exit_status)
        return exit_status;
    if (seller && office_find_seller(office.app.store, seller, &known, &err))
        return say_failure(&err);
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_product(office.app.store, &query, list_row, &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "No products yet.");
}

/* ---- show ---- */

static void show_snapshot(FILE *out, const struct product *product, const struct snapshot *snapshot)
{
    char hash[KK_HASH_TEXT_BYTES], changed[KK_ISO_BYTES], checked[KK_ISO_BYTES], won[32];

    kk_hash_text(&product->hash, hash);
    kk_time_iso(product->last_changed_at_ms, changed);
    kk_time_iso(product->last_checked_at_ms, checked);
    won_text(snapshot->number[SNAP_SELLING_PRICE], won);
    fprintf(out, "%" PRId64 " %.*s\n", product->item_no, (int)snapshot->text[SNAP_NAME].len,
            snapshot->text[SNAP_NAME].len ? snapshot->text[SNAP_NAME].ptr : "");
    fprintf(out, "  seller   %s\n  status   %s\n  price    %s won\n  stock    %" PRId64 "\n", product->seller_id,
            product_status_name(product->status), won, snapshot->number[SNAP_STOCK]);
    fprintf(out, "  options  %zu\n  images   %zu\n", snapshot->option_count, snapshot->image_count);
    fprintf(out, "  version  %" PRId64 "  %s\n  changed  %s\n  checked  %s\n", product->version, hash, changed,
            checked);
    for (size_t i = 0; i < snapshot->option_count; i++) {
        const struct snapshot_option *option = &snapshot->option[i];

        fprintf(out, "    %" PRId64 "  %.*s %.*s  %" PRId64 "\n", option->option_no, (int)option->color.len,
                option->color.len ? option->color.ptr : "", (int)option->size.len,
                option->size.len ? option->size.ptr : "", option->stock);
    }
}

static bool history_row(void *ctx, const struct product_version *version)
{
    struct report *report = ctx;

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_version(&report->json, version);
        kk_jw_close(&report->json, '}');
        return report_row(report);
    }
    table_number(&report->table, version->version);
    table_time(&report->table, version->at_ms);
    table_text(&report->table, change_type_name(version->type));
    table_cell(&report->table, TABLE_PLAIN, version->changes_json);
    return report_row(report);
}

static int show_history(struct call *call, struct store *store, int64_t item_no)
{
    static const struct table_column columns[] = {
        {"VER", TABLE_RIGHT, false},
        {"AT (UTC)", TABLE_LEFT, false},
        {"TYPE", TABLE_LEFT, false},
        {"CHANGES", TABLE_LEFT, true},
    };
    struct report report;
    struct kk_err err = {0};

    if (!call->is_json)
        fputc('\n', call->out);
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_version(store, &(struct version_query){.item_no = item_no, .limit = call->limit}, history_row,
                           &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, NULL);
}

static enum kk_code put_body(struct archive *archive, const struct kk_hash *key, struct kk_buf *json,
                             struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(BODY_MAX_BYTES);
    enum kk_code rc;

    if (kk_hash_is_zero(key)) {
        kk_jw_null(json);
        return KK_OK;
    }
    rc = archive_get(archive, key, &body, err);
    if (!rc)
        kk_jw_raw(json, kk_buf_sv(&body));
    return rc;
}

static int show_raw(struct call *call, struct archive *archive, const struct product *product)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(2 * BODY_MAX_BYTES);
    struct kk_err err = {0};
    enum kk_code rc;

    kk_jw_open(&json, '{');
    kk_jw_key(&json, "detail");
    rc = put_body(archive, &product->detail_key, &json, &err);
    kk_jw_key(&json, "options");
    if (!rc)
        rc = put_body(archive, &product->options_key, &json, &err);
    kk_jw_close(&json, '}');
    return rc ? say_failure(&err) : report_value(call, &json);
}

static int show(struct call *call, const struct product *product)
{
    KK_CLEANUP(cleanup_snapshot) struct snapshot snapshot = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(REPORT_ROW_MAX_BYTES);
    struct kk_err err = {0};

    if (call->is_json) {
        kk_jw_open(&json, '{');
        show_product(&json, product);
        kk_jw_close(&json, '}');
        return report_value(call, &json);
    }
    if (snapshot_read(kk_buf_sv(&product->snapshot_json), &snapshot, &err))
        return say_failure(&err);
    show_snapshot(call->out, product, &snapshot);
    return EXIT_DONE;
}

int cmd_product_show(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    KK_CLEANUP(cleanup_product) struct product product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    bool is_raw = call_option(call, "raw"), has_history = call_option(call, "history");
    struct kk_err err = {0};
    int64_t item_no;
    int status;

    if (!office_id(call->arg[0], "item number", &item_no))
        return EXIT_USAGE;
    status = office_open(&office, call, is_raw ? WIRE_STORE | WIRE_ARCHIVE : WIRE_STORE);
    if (status)
        return status;
    enum kk_code rc = store_get_product(office.app.store, item_no, &product, &err);

    if (rc == KK_NOT_FOUND)
        return say_failed("no product %" PRId64 " is stored", item_no);
    if (rc)
        return say_failure(&err);
    if (is_raw)
        return show_raw(call, office.app.archive, &product);
    if (call->is_json && has_history)
        return show_history(call, office.app.store, item_no);
    status = show(call, &product);
    return status || !has_history ? status : show_history(call, office.app.store, item_no);
}
