/* Tasks and dead letters, products and what changed in them. */
#include "api/call.h"
#include "app/manage.h"
#include "app/show.h"
#include "ports/store.h"

/* What a filter has no index for is looked for among so many rows a page. A page may then be short, or empty, and still
 * have a next one. */
#define WINDOW 5000

/* ---- tasks ---- */

static bool task_row(void *ctx, const struct task *task)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_task(&page->call->answer, task);
    api_page_close(page, task->id, "");
    return true;
}

static enum kk_code list_tasks(struct api_call *call, struct task_query *query, const char *tag, struct kk_err *err)
{
    struct api_page page;
    enum kk_code rc;

    query->seller_id = api_query(call, "sellerId");
    if (!api_page_begin(&page, call, tag))
        return KK_OK;
    query->after_id = page.after;
    query->limit = page.limit + 1;
    if ((query->state || query->kind) && !query->seller_id.len && !query->run_id) {
        rc = store_task_window(call->app->store, page.after, WINDOW, &page.until, err);
        if (rc)
            return rc;
        query->until_id = page.until;
    }
    rc = store_each_task(call->app->store, query, task_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_list_tasks(struct api_call *call, struct kk_err *err)
{
    struct task_query query = {0};

    task_state_parse(api_query(call, "status"), &query.state);
    task_kind_parse(api_query(call, "endpoint"), &query.kind);
    kk_sv_i64(api_query(call, "runId"), &query.run_id);
    return list_tasks(call, &query, "tasks", err);
}

enum kk_code api_list_dead(struct api_call *call, struct kk_err *err)
{
    return list_tasks(call, &(struct task_query){.dead_only = true}, "dead", err);
}

static bool attempt_row(void *ctx, const struct attempt *attempt)
{
    struct kk_buf *out = ctx;

    kk_jw_open(out, '{');
    show_attempt(out, attempt);
    kk_jw_close(out, '}');
    return true;
}

static enum kk_code answer_task(struct api_call *call, int status, int64_t id, struct kk_err *err)
{
    struct task task;
    enum kk_code rc = store_get_task(call->app->store, id, &task, err);

    if (rc)
        return rc;
    api_begin(call, status);
    show_task(&call->answer, &task);
    kk_jw_key(&call->answer, "attempts");
    kk_jw_open(&call->answer, '[');
    rc = store_each_attempt(call->app->store, id, attempt_row, &call->answer, err);
    kk_jw_close(&call->answer, ']');
    return rc ? rc : api_end(call);
}

enum kk_code api_get_task(struct api_call *call, struct kk_err *err)
{
    int64_t id;

    return api_path_id(call, 2, &id) ? answer_task(call, 200, id, err) : KK_OK;
}

enum kk_code api_retry_task(struct api_call *call, struct kk_err *err)
{
    int64_t id;
    enum kk_code rc;

    if (!api_path_id(call, 2, &id))
        return KK_OK;
    rc = manage_retry_task(call->app, id, err);
    return rc ? rc : answer_task(call, 202, id, err);
}

enum kk_code api_retry_dead(struct api_call *call, struct kk_err *err)
{
    int64_t count = 0;
    enum kk_code rc = manage_retry_dead(call->app, api_text(call, "sellerId"), &count, err);

    if (rc)
        return rc;
    api_begin(call, 202);
    kk_jw_key_i64(&call->answer, "retried", count);
    return api_end(call);
}

/* ---- products ---- */

static bool product_row(void *ctx, const struct product *product)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_product(&page->call->answer, product);
    api_page_close(page, product->item_no, "");
    return true;
}

enum kk_code api_list_products(struct api_call *call, struct kk_err *err)
{
    struct product_query query = {.seller_id = api_query(call, "sellerId")};
    struct api_page page;
    enum kk_code rc;

    product_status_parse(api_query(call, "status"), &query.status);
    if (!api_page_begin(&page, call, "products"))
        return KK_OK;
    query.after_item_no = page.after;
    query.limit = page.limit + 1;
    if (query.status && !query.seller_id.len) {
        rc = store_product_window(call->app->store, page.after, WINDOW, &page.until, err);
        if (rc)
            return rc;
        query.until_item_no = page.until;
    }
    rc = store_each_product(call->app->store, &query, product_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_get_product(struct api_call *call, struct kk_err *err)
{
    struct product product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    int64_t item_no;
    enum kk_code rc;

    if (!api_path_id(call, 2, &item_no))
        return KK_OK;
    rc = store_get_product(call->app->store, item_no, &product, err);
    if (!rc) {
        api_begin(call, 200);
        show_product(&call->answer, &product);
        api_end(call);
    }
    product_done(&product);
    return rc;
}

/* ---- versions ---- */

static bool version_row(void *ctx, const struct product_version *version)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_version(&page->call->answer, version);
    api_page_close(page, version->id, "");
    return true;
}

enum kk_code api_list_versions(struct api_call *call, struct kk_err *err)
{
    struct version_query query = {0};
    struct api_page page;
    enum kk_code rc;

    if (!api_path_id(call, 2, &query.item_no) || !api_page_begin(&page, call, "versions"))
        return KK_OK;
    query.after_id = page.after;
    query.limit = page.limit + 1;
    rc = store_each_version(call->app->store, &query, version_row, &page, err);
    if (!rc && !page.count && !page.after)
        return kk_fail(err, KK_NOT_FOUND, "no such product is known");
    return rc ? rc : api_page_end(&page);
}

static bool change_row(void *ctx, const struct product_version *version)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_change(&page->call->answer, version);
    api_page_close(page, version->id, "");
    return true;
}

enum kk_code api_list_changes(struct api_call *call, struct kk_err *err)
{
    struct version_query query = {.newest_first = kk_sv_eq(api_query(call, "order"), KK_SV("newest")),
                                  .seller_id = api_query(call, "sellerId")};
    struct api_page page;
    enum kk_code rc;

    kk_sv_i64(api_query(call, "after"), &query.after_id);
    if (!api_page_begin(&page, call, query.newest_first ? "news" : "changes"))
        return KK_OK;
    if (query.newest_first)
        query.before_id = page.after;
    else if (page.after)
        query.after_id = page.after;
    query.limit = page.limit + 1;
    rc = store_each_version(call->app->store, &query, change_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

/* The number of the last change that was seen: of the reader's last connection, or of the question. */
enum kk_code api_stream(struct api_call *call, struct kk_err *err)
{
    struct stream_wish *wish = &call->stream_wish;

    (void)err;
    *wish = (struct stream_wish){.key_id = call->key.id, .after_id = -1};
    if (!kk_sv_i64(kk_sv_trim(call->last_event_id), &wish->after_id))
        kk_sv_i64(api_query(call, "after"), &wish->after_id);
    kk_sv_copy(api_query(call, "sellerId"), wish->seller_id, sizeof(wish->seller_id));
    call->status = 200;
    call->type = "text/event-stream";
    call->is_stream = true;
    return KK_OK;
}
