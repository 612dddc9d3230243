#include "support/rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/limiter/limiter_local.h"
#include "adapters/queue/queue_local.h"
#include "adapters/store/store_sqlite.h"
#include "app/manage.h"
#include "app/trigger.h"
#include "base/json.h"
#include "ports/archive.h"
#include "ports/limiter.h"
#include "ports/queue.h"
#include "ports/sink.h"
#include "ports/store.h"
#include "support/check.h"

#define RIG_AGENT "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"
#define FLIGHTS_MAX 128
#define START_MS INT64_C(1764000000000)

static void bench(const struct rig *rig, bool is_bench)
{
    if (rig->on_bench)
        rig->on_bench(is_bench);
}

/* ---- the site ---- */

static struct rig_item *find_item(struct rig *rig, const char *url, const char *prefix)
{
    const char *at = strstr(url, prefix);
    int64_t item_no = at ? strtoll(at + strlen(prefix), NULL, 10) : 0;

    for (size_t i = 0; i < rig->site.item_count; i++)
        if (rig->site.item[i].item_no == item_no)
            return &rig->site.item[i];
    return NULL;
}

static void write_list(struct rig *rig, const char *url, struct kk_buf *out)
{
    const char *page_at = strstr(url, "pageNo="), *size_at = strstr(url, "pageSize=");
    int64_t page = page_at ? strtoll(page_at + 7, NULL, 10) : 0;
    int64_t size = size_at ? strtoll(size_at + 9, NULL, 10) : 20;
    int64_t listed = 0;

    if (rig->site.page_max && size > rig->site.page_max)
        size = rig->site.page_max;
    kk_buf_add(out, KK_SV("{\"indexName\":\"item-idx-a\",\"groupResult\":{},\"items\":["));
    for (size_t i = 0; i < rig->site.item_count; i++) {
        const struct rig_item *item = &rig->site.item[i];

        if (!item->is_listed)
            continue;
        if (listed >= page * size && listed < (page + 1) * size)
            kk_buf_addf(out,
                        "%s{\"itemNo\":%" PRId64 ",\"imageUrlList\":[\"https://i.example/%" PRId64
                        ".jpeg/_dims_/resize/300x300\"],\"brandName\":\"TESTA\",\"landingUrl\":\"\",\"name\":\"가방\","
                        "\"price\":\"%" PRId64 "\",\"tagList\":[],\"originalPrice\":\"900,000\",\"normalPrice\":"
                        "\"900,000\",\"discountRate\":\"10\",\"likeStatus\":false,\"appDiscountRate\":\"10\","
                        "\"appPrice\":\"%" PRId64 "\",\"likeImageUrl\":\"\",\"webSpacingInfo\":\"odd\"}",
                        out->ptr[out->len - 1] == '[' ? "" : ",", item->item_no, item->item_no, item->selling_price,
                        item->selling_price);
        listed++;
    }
    kk_buf_addf(out, "],\"count\":%" PRId64 "}", listed + rig->site.count_lie);
}

static void write_detail(const struct rig_item *item, struct kk_buf *out)
{
    kk_buf_addf(out,
                "{\"moduleList\":[{\"type\":\"ProductBannersModule\",\"data\":{\"images\":[\"https://i.example/%" PRId64
                ".jpeg/_dims_/resize/500x500\"],\"timesales\":[]}},{\"type\":\"ProductInfoModule\",\"data\":{"
                "\"sellerNo\":7,\"sellerId\":\"" RIG_SHOP "\",\"itemNo\":%" PRId64 ",\"itemName\":\"가방\","
                "\"brandName\":\"TESTA\",\"brandNameKr\":\"테스타\",\"brandCode\":9001,\"headerCategoryCode\":\"W\","
                "\"headerCategory\":\"여성\",\"largeCategoryCode\":\"16\",\"largeCategory\":\"가방\","
                "\"mediumCategoryCode\":\"16r09\",\"mediumCategory\":\"숄더백\",\"normalPrice\":900000,"
                "\"sellingPrice\":%" PRId64 ",\"discountPrice\":%" PRId64 ",\"discountRate\":10,\"stock\":%" PRId64
                ",\"isSoldOut\":false}},{\"type\":\"ShippingModule\",\"data\":{\"title\":\"배송\",\"items\":[{\"type\":"
                "\"SHIPPING\",\"data\":{\"shippingType\":\"DOMESTIC\",\"shippingFee\":0,\"shippingFeeType\":\"FREE\"}}]"
                "}},{\"type\":\"ProductDetailInfoModule\",\"data\":{\"title\":\"상세정보\",\"itemNo\":%" PRId64
                ",\"itemStatus\":\"새상품\",\"originCountry\":\"ITALY\",\"shippingLocation\":\"서울\","
                "\"descriptionMarkUp\":\"<p>가방</p>\"}}],\"bottom\":{},\"nextApiUrl\":\"\"}",
                item->item_no, item->item_no, item->selling_price, item->selling_price, item->stock, item->item_no);
}

static void write_options(const struct rig_item *item, struct kk_buf *out)
{
    kk_buf_addf(out,
                "[{\"optionNo\":%" PRId64 ",\"itemNo\":%" PRId64
                ",\"color\":\"네이비\",\"size\":\"M\",\"shippingType\":\"NONE\",\"stock\":%" PRId64
                ",\"sizeGuide\":\"\"}]",
                5900000000 + item->item_no, item->item_no, item->stock);
}

static int answer(struct rig *rig, const char *url, struct kk_buf *body)
{
    struct rig_item *detail = find_item(rig, url, "/item/");
    struct rig_item *options = find_item(rig, url, "/auction_products/");

    if (rig->site.status != 200)
        return rig->site.status;
    if (rig->site.body) {
        kk_buf_add(body, kk_sv_of(rig->site.body));
        return 200;
    }
    if (strstr(url, "mini-shop-search"))
        write_list(rig, url, body);
    else if (detail && !detail->is_gone)
        write_detail(detail, body);
    else if (options && options->options_status != 200)
        return options->options_status;
    else if (options && !options->is_gone)
        write_options(options, body);
    else
        return 404;
    return 200;
}

/* ---- the fetcher ---- */

struct rig_fetcher {
    struct fetcher base;
    struct rig *rig;
    struct {
        int64_t id;
        char url[512];
        bool is_cancelled;
    } flight[FLIGHTS_MAX];
    size_t count;
};

static enum kk_code rig_start(struct fetcher *f, int64_t id, const struct fetch_request *request, struct kk_err *err)
{
    struct rig_fetcher *self = (struct rig_fetcher *)f;
    struct rig_site *site = &self->rig->site;

    if (self->count == FLIGHTS_MAX)
        return kk_fail(err, KK_BUSY, "the rig has no room");
    self->flight[self->count].id = id;
    self->flight[self->count].is_cancelled = false;
    kk_sv_copy(request->url, self->flight[self->count].url, sizeof(self->flight[0].url));
    kk_sv_copy(request->url, site->last_url, sizeof(site->last_url));
    kk_sv_copy(request->headers, site->last_headers, sizeof(site->last_headers));
    self->count++;
    site->request_count++;
    return KK_OK;
}

static void tell(struct rig_fetcher *self, int64_t id, const char *url, bool is_cancelled)
{
    struct rig *rig = self->rig;
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024 * 1024), headers = KK_BUF(4096);
    bool is_home = !strstr(url, "/mustit-api/");
    struct fetch_reply reply = {.end = rig->site.end, .body = &body, .latency_ms = 1};

    bench(rig, true);
    if (is_home) {
        rig->site.home_count++;
        reply.end = FETCH_DONE;
        reply.http_status = rig->site.home_status;
        if (reply.http_status == 200)
            kk_buf_addf(&headers,
                        "content-type: text/html\nset-cookie: token=aa.bb.t%zu; Max-Age=7200\nset-cookie: "
                        "nid=3f0c0000-0000-4000-8000-000000000001\nset-cookie: mustit_uid=1764000000000.123456\n",
                        rig->site.home_count);
    } else if (reply.end == FETCH_DONE) {
        reply.http_status = answer(rig, url, &body);
        kk_buf_add(&headers, KK_SV("content-type: application/json\n"));
        if (rig->site.retry_after && reply.http_status >= 400)
            kk_buf_addf(&headers, "retry-after: %s\n", rig->site.retry_after);
        if (rig->site.location && reply.http_status >= 300)
            kk_buf_addf(&headers, "location: %s\n", rig->site.location);
    }
    if (is_cancelled)
        reply.end = FETCH_CANCELLED;
    reply.headers = kk_buf_sv(&headers);
    bench(rig, false);
    self->base.on_fetched(self->base.ctx, id, &reply);
}

static void deliver_answers(struct rig_fetcher *self)
{
    size_t count = self->count;

    if (self->rig->site.is_silent)
        return;
    self->count = 0;
    for (size_t i = 0; i < count; i++)
        tell(self, self->flight[i].id, self->flight[i].url, self->flight[i].is_cancelled);
}

static void rig_cancel(struct fetcher *f)
{
    struct rig_fetcher *self = (struct rig_fetcher *)f;

    for (size_t i = 0; i < self->count; i++)
        self->flight[i].is_cancelled = true;
}

static void rig_fetcher_close(struct fetcher *f)
{
    free(f);
}

static const struct fetcher_ops fetcher_ops = {
    .name = "rig", .start = rig_start, .cancel_all = rig_cancel, .close = rig_fetcher_close};

/* ---- archive and sink ---- */

struct rig_archive {
    struct archive base;
    struct rig *rig;
};

static enum kk_code rig_put(struct archive *a, struct kk_sv body, struct kk_hash *ret_key, struct kk_err *err)
{
    struct rig *rig = ((struct rig_archive *)a)->rig;

    if (rig->archive_code)
        return kk_fail(err, rig->archive_code, "the rig's archive refuses");
    rig->archive_puts++;
    *ret_key = kk_sha256(body);
    return KK_OK;
}

static enum kk_code rig_sync(struct archive *a, struct kk_err *err)
{
    (void)err;
    ((struct rig_archive *)a)->rig->archive_syncs++;
    return KK_OK;
}

static void rig_archive_close(struct archive *a)
{
    free(a);
}

static const struct archive_ops archive_ops = {
    .name = "rig", .put = rig_put, .sync = rig_sync, .close = rig_archive_close};

struct rig_sink {
    struct sink base;
    struct rig *rig;
    int64_t waiting[FLIGHTS_MAX];
    size_t count;
};

static enum kk_code rig_tell(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct rig_sink *self = (struct rig_sink *)s;

    if (self->count == FLIGHTS_MAX)
        return kk_fail(err, KK_BUSY, "the rig's sink is full");
    if (!self->rig->sink_code) {
        bench(self->rig, true);
        kk_buf_add(&self->rig->told, event->body);
        kk_buf_addc(&self->rig->told, '\n');
        self->rig->told_count++;
        bench(self->rig, false);
    }
    self->waiting[self->count++] = event->id;
    return KK_OK;
}

static void rig_sink_flush(struct sink *s)
{
    struct rig_sink *self = (struct rig_sink *)s;
    struct sink_result result = {.code = self->rig->sink_code, .error = "the rig's sink refuses"};
    size_t count = self->count;

    self->count = 0;
    for (size_t i = 0; i < count; i++)
        s->on_delivered(s->ctx, s, self->waiting[i], &result);
}

static void rig_sink_close(struct sink *s)
{
    free(s);
}

static const struct sink_ops sink_ops = {
    .kind = "rig", .start = rig_tell, .flush = rig_sink_flush, .close = rig_sink_close};

/* ---- the process ---- */

static int64_t rig_wall(void *ctx)
{
    return ((struct rig *)ctx)->wall_ms;
}

static int64_t rig_mono(void *ctx)
{
    return ((struct rig *)ctx)->mono_ms;
}

static void set_limits(struct app *app)
{
    app->limits = (struct app_limits){
        .task_attempts = 3,
        .task_lease_ms = RIG_LEASE_MS,
        .task_backoff_ms = 2 * KK_SECOND_MS,
        .task_backoff_max_ms = 10 * KK_MINUTE_MS,
        .task_silence_ms = 10 * KK_MINUTE_MS,
        .relay_seller_cap = 64,
        .worker_inflight = 8,
        .worker_batch = 8,
        .site_timeout_ms = 15 * KK_SECOND_MS,
        .site_max_body_bytes = 16 * 1024 * 1024,
        .limiter_grant_ttl_ms = 5 * KK_SECOND_MS,
        .agent = {.cooldown_ms = RIG_COOLDOWN_MS, .cooldown_max_ms = KK_DAY_MS, .renew_before_ms = 5 * KK_MINUTE_MS},
        .removal_misses = 2,
        .keep_events_ms = 30 * KK_DAY_MS,
        .keep_attempts_ms = 14 * KK_DAY_MS,
        .keep_runs_ms = 90 * KK_DAY_MS,
        .keep_stats_ms = 400 * KK_DAY_MS,
        .rest = {.failures = 20, .rest_ms = KK_HOUR_MS, .most_ms = KK_DAY_MS},
        .alert_every_ms = 10 * KK_SECOND_MS,
        .alert_calm_ms = KK_MINUTE_MS,
        .alert_repeat_ms = 4 * KK_HOUR_MS};
    app->site = (struct site){.base_url = KK_SV("https://m.example"),
                              .list_path = KK_SV("/mustit-api/facade-api/v1/search/mini-shop-search"),
                              .page_size = 500};
}

static void open_process(struct rig *rig)
{
    struct queue_rules queue_rules = {.visibility_ms = RIG_LEASE_MS + KK_MINUTE_MS, .max_receives = 3};
    struct limiter_rules limiter_rules = {.capacity = 80,
                                          .window_ms = RIG_WINDOW_MS,
                                          .grant_ttl_ms = 5 * KK_SECOND_MS,
                                          .request_timeout_ms = 15 * KK_SECOND_MS};
    struct rig_fetcher *fetcher = calloc(1, sizeof(*fetcher));
    struct rig_archive *archive = calloc(1, sizeof(*archive));
    struct rig_sink *sink = calloc(1, sizeof(*sink));
    struct app *app = &rig->app;
    struct kk_err err;
    int from, to;

    memset(app, 0, sizeof(*app));
    set_limits(app);
    app->clock = &rig->clock;
    app->rng = &rig->rng;
    CHECK(fetcher && archive && sink);
    CHECK_OK(store_sqlite_open(rig->path, NULL, &rig->clock, &app->store, &err), &err);
    CHECK_OK(store_migrate(app->store, &from, &to, &err), &err);
    CHECK_OK(queue_local_open(app->store, &queue_rules, &rig->clock, &app->queue, &err), &err);
    CHECK_OK(limiter_local_open(app->store, &limiter_rules, &rig->clock, &rig->rng, &app->limiter, &err), &err);
    *fetcher = (struct rig_fetcher){.base = {.ops = &fetcher_ops}, .rig = rig};
    *archive = (struct rig_archive){.base = {.ops = &archive_ops}, .rig = rig};
    *sink = (struct rig_sink){.base = {.ops = &sink_ops, .name = "rig"}, .rig = rig};
    app->fetcher = &fetcher->base;
    app->archive = &archive->base;
    app->sinks[0] = &sink->base;
    app->sink_count = 1;
    rig->timer = (struct app_timer){0};
    CHECK_OK(app_start(app, ROLES_ALL, &err), &err);
}

static void close_process(struct rig *rig)
{
    struct app *app = &rig->app;

    app_stop(app);
    fetcher_close(app->fetcher);
    archive_close(app->archive);
    sink_close(app->sinks[0]);
    limiter_close(app->limiter);
    queue_close(app->queue);
    store_close(app->store);
}

struct rig *rig_open(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct seller seller = {.period_count = 365, .period_unit = PERIOD_DAY};
    struct agent agent;
    struct kk_err err;

    CHECK(rig);
    snprintf(rig->folder, sizeof(rig->folder), "/tmp/kkachi-rig-XXXXXX");
    CHECK(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof(rig->path), "%s/kkachi.db", rig->folder);
    rig->wall_ms = START_MS;
    rig->mono_ms = KK_HOUR_MS;
    rig->clock = (struct kk_clock){.wall_ms = rig_wall, .mono_ms = rig_mono, .ctx = rig};
    rig->rng = kk_rng_from_seed(&rig->seed, 1);
    rig->told = KK_BUF(64 * 1024 * 1024);
    rig->site.status = rig->site.home_status = 200;
    rig->site.end = FETCH_DONE;
    open_process(rig);
    kk_sv_copy(KK_SV(RIG_SHOP), seller.seller_id, sizeof(seller.seller_id));
    CHECK_OK(manage_add_seller(&rig->app, &seller, &err), &err);
    /* The tests say themselves when a crawl begins. */
    CHECK_OK(store_get_seller(rig->app.store, KK_SV(RIG_SHOP), &seller, &err), &err);
    seller.next_run_at_ms = START_MS + 365 * KK_DAY_MS;
    CHECK_OK(store_put_seller(rig->app.store, &seller, &err), &err);
    CHECK_OK(manage_add_agent(&rig->app, KK_SV(RIG_AGENT), KK_SV(""), &agent, &err), &err);
    return rig;
}

void rig_close(struct rig *rig)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[160];

    close_process(rig);
    for (size_t i = 0; i < KK_COUNT(tails); i++) {
        snprintf(path, sizeof(path), "%s%s", rig->path, tails[i]);
        unlink(path);
    }
    rmdir(rig->folder);
    kk_buf_done(&rig->told);
    free(rig);
}

void rig_crash(struct rig *rig)
{
    close_process(rig);
    open_process(rig);
}

void rig_pass(struct rig *rig, int64_t ms)
{
    rig->wall_ms += ms;
    rig->mono_ms += ms;
}

struct rig_item *rig_add_item(struct rig *rig, int64_t item_no, int64_t selling_price)
{
    struct rig_item *item = &rig->site.item[rig->site.item_count++];

    *item = (struct rig_item){
        .item_no = item_no, .selling_price = selling_price, .stock = 3, .is_listed = true, .options_status = 200};
    return item;
}

void rig_run(struct rig *rig, int64_t limit_ms)
{
    int64_t end_ms = rig->mono_ms + limit_ms;
    bool is_idle = false;

    while (rig->mono_ms < end_ms) {
        struct run run;
        bool is_open;
        int64_t wait_ms;

        deliver_answers((struct rig_fetcher *)rig->app.fetcher);
        wait_ms = app_turn(&rig->app, ROLES_ALL, &rig->timer, false, &is_idle);
        is_open = !store_get_open_run(rig->app.store, KK_SV(RIG_SHOP), &run, NULL);
        if (is_idle && !is_open && wait_ms > 0)
            return;
        rig_pass(rig, wait_ms > 0 ? wait_ms : 1);
    }
}

struct run rig_last_run(struct rig *rig)
{
    struct seller seller;
    struct run run;
    struct kk_err err;

    CHECK_OK(store_get_seller(rig->app.store, KK_SV(RIG_SHOP), &seller, &err), &err);
    CHECK_OK(store_get_run(rig->app.store, seller.last_run_id, &run, &err), &err);
    return run;
}

struct run rig_crawl(struct rig *rig)
{
    struct run run;
    struct kk_err err;
    bool is_created;

    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, &err), &err);
    CHECK(is_created);
    rig_run(rig, 12 * KK_HOUR_MS);
    return rig_last_run(rig);
}

struct task rig_task(struct rig *rig, enum task_kind kind, int64_t item_no)
{
    char endpoint[TASK_ENDPOINT_BYTES];
    struct task task;
    struct kk_err err;

    CHECK_OK(endpoint_path(&rig->app.site, kind, item_no, endpoint, sizeof(endpoint), &err), &err);
    CHECK_OK(store_find_task(rig->app.store, KK_SV(RIG_SHOP), kk_sv_of(endpoint), 0, &task, &err), &err);
    return task;
}
