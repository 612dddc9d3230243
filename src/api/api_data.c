/* Tasks and dead letters, products and what changed in them. */
#include "api/call.h"
#include "app/manage.h"
#include "app/show.h"
#include "ports/store.h"

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

    query->seller_id = call->query(call->query_ctx, "sellerId");
    if (!api_page_begin(&page, call, tag))
        return KK_OK;
    query->after_id = page.after;
    query->limit = page.limit + 1;
    rc = store_each_task(call->app->store, query, task_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_list_tasks(struct api_call *call, struct kk_err *err)
{
    struct kk_sv status = call->query(call->query_ctx, "status"), kind = call->query(call->query_ctx, "endpoint");
    struct task_query query = {0};

    if (status.ptr && !task_state_parse(status, &query.state))
        return api_refuse(call, 400, "query/status", "status is one of the states of a task, as in RETRY");
    if (kind.ptr && !task_kind_parse(kind, &query.kind))
        return api_refuse(call, 400, "query/endpoint", "endpoint is list, detail or options");
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
    static const char *const names[] = {"sellerId", NULL};
    struct kk_sv seller_id;
    int64_t count = 0;
    enum kk_code rc;

    if (!api_only(call, names) || !api_text(call, "sellerId", false, &seller_id))
        return KK_OK;
    rc = manage_retry_dead(call->app, seller_id, &count, err);
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
    struct kk_sv status = call->query(call->query_ctx, "status");
    struct product_query query = {.seller_id = call->query(call->query_ctx, "sellerId")};
    struct api_page page;
    enum kk_code rc;

    if (status.ptr && !product_status_parse(status, &query.status))
        return api_refuse(call, 400, "query/status", "status is ON_SALE, SOLD_OUT or REMOVED");
    if (!api_page_begin(&page, call, "products"))
        return KK_OK;
    query.after_item_no = page.after;
    query.limit = page.limit + 1;
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
    struct kk_sv after = call->query(call->query_ctx, "after"), order = call->query(call->query_ctx, "order");
    struct version_query query = {.newest_first = kk_sv_eq(order, KK_SV("newest")),
                                  .seller_id = call->query(call->query_ctx, "sellerId")};
    struct api_page page;
    enum kk_code rc;

    if (after.ptr && (!kk_sv_i64(after, &query.after_id) || query.after_id < 0))
        return api_refuse(call, 400, "query/after", "after is the id of a change: a number");
    if (order.ptr && !query.newest_first && !kk_sv_eq(order, KK_SV("oldest")))
        return api_refuse(call, 400, "query/order", "order is oldest or newest");
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
    struct kk_sv seen = call->last_event_id, seller_id = call->query(call->query_ctx, "sellerId");
    const char *pointer = "header/Last-Event-ID";

    (void)err;
    if (!seen.len) {
        seen = call->query(call->query_ctx, "after");
        pointer = "query/after";
    }
    call->stream_wish = (struct stream_wish){.key_id = call->key.id, .after_id = -1};
    if (seen.ptr && (!kk_sv_i64(seen, &call->stream_wish.after_id) || call->stream_wish.after_id < 0))
        return api_refuse(call, 400, pointer, "this is the id of a change: a number");
    if (seller_id.len && !kk_sv_copy(seller_id, call->stream_wish.seller_id, SELLER_ID_BYTES))
        return api_refuse(call, 400, "query/sellerId", "no seller has such an id");
    call->status = 200;
    call->type = "text/event-stream";
    call->is_stream = true;
    return KK_OK;
}
