/* Sellers, and the crawls of one. */
#include <inttypes.h>
#include <stdio.h>

#include "api/call.h"
#include "app/manage.h"
#include "app/measure.h"
#include "app/show.h"
#include "app/trigger.h"
#include "ports/ledger.h"
#include "ports/store.h"

#define ANSWER_KEPT_MS KK_DAY_MS

static enum kk_code answer_seller(struct api_call *call, int status, const struct seller *seller)
{
    api_begin(call, status);
    show_seller(&call->answer, seller);
    snprintf(call->etag, sizeof(call->etag), "\"%" PRId64 "\"", seller->revision);
    return api_end(call);
}

static bool list_row(void *ctx, const struct seller *seller)
{
    struct api_page *page = ctx;

    if (kk_sv_cmp(kk_sv_of(seller->seller_id), kk_sv_of(page->after_text)) <= 0)
        return true;
    if (!api_page_item(page))
        return false;
    show_seller(&page->call->answer, seller);
    api_page_close(page, 0, seller->seller_id);
    return true;
}

enum kk_code api_list_sellers(struct api_call *call, struct kk_err *err)
{
    struct api_page page;
    enum kk_code rc;

    if (!api_page_begin(&page, call, "sellers"))
        return KK_OK;
    rc = store_each_seller(call->app->store, list_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_get_seller(struct api_call *call, struct kk_err *err)
{
    struct seller seller;
    enum kk_code rc = store_get_seller(call->app->store, call->part[2], &seller, err);

    return rc ? rc : answer_seller(call, 200, &seller);
}

/* ---- what a body says of a seller ---- */

struct wish {
    struct seller_change change;
    char name[SELLER_NAME_BYTES];
};

static void read_wish(const struct api_call *call, struct wish *ret)
{
    struct seller_change *change = &ret->change;
    struct kk_sv name = api_text(call, "name");

    *ret = (struct wish){.change = {0}};
    if (name.ptr && kk_sv_copy(name, ret->name, sizeof(ret->name)))
        change->name = ret->name;
    seller_period_parse(api_text(call, "period"), &change->period_count, &change->period_unit, NULL);
    crawl_mode_parse(api_text(call, "mode"), &change->mode);
    kk_duration_parse(api_text(call, "fullEvery"), &change->full_every_ms);
    seller_state_parse(api_text(call, "state"), &change->state);
}

enum kk_code api_add_seller(struct api_call *call, struct kk_err *err)
{
    struct seller seller = {0};
    struct wish wish;
    enum kk_code rc;

    read_wish(call, &wish);
    kk_sv_copy(api_text(call, "sellerId"), seller.seller_id, sizeof(seller.seller_id));
    kk_sv_copy(kk_sv_of(wish.name), seller.name, sizeof(seller.name));
    seller.period_count = wish.change.period_count;
    seller.period_unit = wish.change.period_unit;
    seller.mode = wish.change.mode;
    seller.full_every_ms = wish.change.full_every_ms;
    rc = manage_add_seller(call->app, &seller, err);
    return rc ? rc : answer_seller(call, 201, &seller);
}

/* "3": the revision that the asker has seen; 0: whichever. */
static int64_t read_if_match(const struct api_call *call)
{
    struct kk_sv text = kk_sv_trim(call->if_match);
    int64_t revision = 0;

    if (text.len > 2)
        kk_sv_i64((struct kk_sv){text.ptr + 1, text.len - 2}, &revision);
    return revision;
}

enum kk_code api_change_seller(struct api_call *call, struct kk_err *err)
{
    struct seller seller;
    struct wish wish;
    enum kk_code rc;

    read_wish(call, &wish);
    wish.change.expected_revision = read_if_match(call);
    rc = manage_change_seller(call->app, call->part[2], &wish.change, &seller, err);
    if (rc == KK_CONFLICT && wish.change.expected_revision)
        return api_refuse(call, 412, "header/If-Match", "the seller was changed meanwhile; get it again");
    return rc ? rc : answer_seller(call, 200, &seller);
}

/* ---- crawls ---- */

static enum kk_code answer_run(struct api_call *call, const struct run *run)
{
    api_begin(call, 200);
    show_run(&call->answer, run);
    return api_end(call);
}

static bool run_row(void *ctx, const struct run *run)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_run(&page->call->answer, run);
    api_page_close(page, run->id, "");
    return true;
}

enum kk_code api_list_runs(struct api_call *call, struct kk_err *err)
{
    struct run_query query = {.seller_id = api_query(call, "sellerId"), .open_only = api_query(call, "state").ptr};
    struct api_page page;
    enum kk_code rc;

    if (!api_page_begin(&page, call, "runs"))
        return KK_OK;
    query.before_id = page.after;
    query.limit = page.limit + 1;
    rc = store_each_run(call->app->store, &query, run_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_get_run(struct api_call *call, struct kk_err *err)
{
    struct run run;
    int64_t id;
    enum kk_code rc;

    if (!api_path_id(call, 2, &id))
        return KK_OK;
    rc = store_get_run(call->app->store, id, &run, err);
    return rc ? rc : answer_run(call, &run);
}

enum kk_code api_get_progress(struct api_call *call, struct kk_err *err)
{
    struct measure measure;
    struct seller seller;
    struct run run;
    enum kk_code rc = store_get_seller(call->app->store, call->part[2], &seller, err);

    if (!rc && !seller.last_run_id)
        rc = kk_fail(err, KK_NOT_FOUND, "seller %s was never crawled yet", seller.seller_id);
    if (!rc)
        rc = store_get_run(call->app->store, seller.last_run_id, &run, err);
    if (rc || run.state != RUN_OPEN)
        return rc ? rc : answer_run(call, &run);
    rc = measure_take(call->app, &measure, err);
    if (rc)
        return rc;
    api_begin(call, 200);
    show_run(&call->answer, &run);
    for (size_t i = 0; i < measure.crawl_count; i++)
        if (measure.crawl[i].run_id == run.id)
            show_crawl_left(&call->answer, &measure.crawl[i]);
    return api_end(call);
}

/* The same call once more gets the answer it got before. True: it is answered. */
static bool replay(struct api_call *call, const struct kk_hash *request)
{
    struct answered was = {.body = KK_BUF(4096)};
    int64_t since_ms = kk_wall_ms(call->app->clock) - ANSWER_KEPT_MS;
    bool is_known =
        !store_get_answer(call->app->store, kk_sv_of(call->who), call->idempotency_key, since_ms, &was, NULL);

    if (is_known && !kk_hash_eq(&was.request, request)) {
        api_refuse(call, 422, "header/Idempotency-Key", "this key was used with another request");
    } else if (is_known) {
        call->status = was.status;
        call->is_replayed = true;
        kk_buf_add(&call->answer, kk_buf_sv(&was.body));
    }
    kk_buf_done(&was.body);
    return is_known;
}

static enum kk_code start(struct api_call *call, struct kk_sv seller_id, struct kk_err *err)
{
    struct answered now = {.status = 202, .body = KK_BUF(4096), .request = kk_sha256(seller_id)};
    int64_t since_ms = kk_wall_ms(call->app->clock) - ANSWER_KEPT_MS;
    struct run run;
    bool is_created = false;
    enum kk_code rc = trigger_crawl(call->app, seller_id, RUN_BY_PERSON, &run, &is_created, err);

    if (rc)
        return rc;
    api_begin(call, 202);
    kk_jw_key_i64(&call->answer, "runId", run.id);
    kk_jw_key_str(&call->answer, "sellerId", kk_sv_of(run.seller_id));
    kk_jw_key_bool(&call->answer, "created", is_created);
    api_end(call);
    if (call->idempotency_key.len) {
        kk_buf_add(&now.body, kk_buf_sv(&call->answer));
        rc = store_put_answer(call->app->store, kk_sv_of(call->who), call->idempotency_key, since_ms, &now, err);
    }
    kk_buf_done(&now.body);
    return rc;
}

enum kk_code api_start_crawl(struct api_call *call, struct kk_err *err)
{
    struct kk_sv id = api_text(call, "sellerId");
    struct kk_hash request = kk_sha256(id);
    enum kk_code rc;

    if (call->idempotency_key.len && replay(call, &request))
        return KK_OK;
    rc = store_begin(call->app->store, err);
    if (rc)
        return rc;
    rc = start(call, id, err);
    if (!rc)
        return store_commit(call->app->store, err);
    store_rollback(call->app->store);
    return rc;
}
