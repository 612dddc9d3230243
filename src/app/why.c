#include "app/why.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/manage.h"
#include "ports/limiter.h"
#include "ports/sink.h"

#define AGENTS_MAX 4096

void why_done(struct why *why)
{
    if (!why)
        return;
    product_done(&why->product);
    for (size_t i = 0; i < why->version_count; i++)
        kk_buf_done(&why->version[i].changes_json);
}

/* ---- the agents ---- */

struct pool {
    int64_t id[AGENTS_MAX];
    size_t count, resting;
    int64_t rested_at_ms;
};

static bool note_agent(void *ctx, const struct agent *agent)
{
    struct pool *pool = ctx;

    if (agent->state != AGENT_DISABLED) {
        pool->id[pool->count++] = agent->id;
    } else if (agent->disabled_until_ms != INT64_MAX) {
        pool->resting++;
        if (agent->disabled_until_ms < pool->rested_at_ms)
            pool->rested_at_ms = agent->disabled_until_ms;
    }
    return pool->count < AGENTS_MAX;
}

/* When the first of them may send again; a limiter that does not answer leaves it open. */
static int64_t free_at_ms(struct app *app, const struct pool *pool)
{
    KK_CLEANUP(kk_free_cleanup) struct limiter_agent *bucket = calloc(pool->count, sizeof(*bucket));
    int64_t at_ms = INT64_MAX;

    if (!bucket || limiter_look(app->limiter, pool->id, pool->count, bucket, NULL))
        return 0;
    for (size_t i = 0; i < pool->count; i++) {
        int64_t mine_ms = bucket[i].tokens_left > 0 ? 0 : bucket[i].free_at_ms;

        if (mine_ms < bucket[i].held_until_ms)
            mine_ms = bucket[i].held_until_ms;
        if (mine_ms < at_ms)
            at_ms = mine_ms;
    }
    return at_ms;
}

static enum kk_code look_at_agents(struct app *app, struct why_facts *facts, struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) struct pool *pool = calloc(1, sizeof(*pool));
    enum kk_code rc;

    if (!pool)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the agents");
    pool->rested_at_ms = INT64_MAX;
    rc = store_each_agent(app->store, note_agent, pool, err);
    if (rc)
        return rc;
    facts->agents = pool->count + pool->resting;
    if (pool->count && app->limiter)
        facts->agents_free_at_ms = free_at_ms(app, pool);
    else if (!pool->count && pool->resting)
        facts->agents_free_at_ms = pool->rested_at_ms;
    return KK_OK;
}

/* ---- what both ask ---- */

static enum kk_code look_at_seller(struct app *app, struct kk_sv seller_id, struct why *why, struct kk_err *err)
{
    struct why_facts *facts = &why->facts;
    struct pause pause;
    struct run run;
    enum kk_code rc = store_get_seller(app->store, seller_id, &why->seller, err);

    if (!rc)
        rc = manage_get_pause(app, &pause, err);
    if (!rc)
        rc = look_at_agents(app, facts, err);
    if (rc)
        return rc;
    facts->now_ms = kk_wall_ms(app->clock);
    facts->is_all_paused = pause.is_paused;
    facts->seller = &why->seller;
    rc = store_get_open_run(app->store, seller_id, &run, err);
    facts->has_open_run = rc == KK_OK;
    facts->is_list_open = !rc && run.list_open > 0;
    return rc == KK_NOT_FOUND ? KK_OK : rc;
}

/* ---- an item ---- */

struct shop_search {
    struct app *app;
    int64_t item_no;
    struct listing *ret;
    enum kk_code rc;
};

static bool try_seller(void *ctx, const struct seller *seller)
{
    struct shop_search *search = ctx;

    search->rc = store_get_listing(search->app->store, kk_sv_of(seller->seller_id), search->item_no, search->ret, NULL);
    return search->rc == KK_NOT_FOUND;
}

/* Its product says whose it is; before its first version only the lists do. */
static enum kk_code find_listing(struct app *app, struct why *why, struct kk_err *err)
{
    struct shop_search search = {.app = app, .item_no = why->item_no, .ret = &why->listing, .rc = KK_NOT_FOUND};
    enum kk_code rc = store_get_product(app->store, why->item_no, &why->product, err);

    if (rc && rc != KK_NOT_FOUND)
        return rc;
    if (!rc)
        rc = store_get_listing(app->store, kk_sv_of(why->product.seller_id), why->item_no, &why->listing, err);
    if (rc != KK_NOT_FOUND)
        return rc;
    if (why->product.version) { /* the list was another seller's, whose product it was */
        kk_sv_copy(kk_sv_of(why->product.seller_id), why->listing.seller_id, SELLER_ID_BYTES);
        return KK_OK;
    }
    rc = store_each_seller(app->store, try_seller, &search, err);
    if (!rc && search.rc == KK_NOT_FOUND)
        return kk_fail(err, KK_NOT_FOUND, "no list of a registered seller has shown item %" PRId64, why->item_no);
    return rc ? rc : search.rc;
}

static enum kk_code find_task(struct app *app, const struct why *why, enum task_kind kind, struct task *ret,
                              struct kk_err *err)
{
    char endpoint[TASK_ENDPOINT_BYTES];
    enum kk_code rc = endpoint_path(&app->site, kind, why->item_no, endpoint, sizeof(endpoint), err);

    if (!rc)
        rc = store_find_task(app->store, kk_sv_of(why->seller.seller_id), kk_sv_of(endpoint), 0, ret, err);
    if (rc == KK_NOT_FOUND)
        ret->id = 0;
    return rc == KK_NOT_FOUND ? KK_OK : rc;
}

/* The one that is under way, else the one that died last. */
static const struct task *pick_task(const struct why *why)
{
    const struct task *both[] = {&why->options, &why->detail};

    for (size_t i = 0; i < KK_COUNT(both); i++)
        if (both[i]->id && !task_is_over(both[i]))
            return both[i];
    for (size_t i = 0; i < KK_COUNT(both); i++)
        if (both[i]->id && both[i]->is_dead)
            return both[i];
    return NULL;
}

static bool note_version(void *ctx, const struct product_version *version)
{
    struct why *why = ctx;
    struct why_version *to = &why->version[why->version_count++];

    to->version = version->version;
    to->at_ms = version->at_ms;
    to->run_id = version->run_id;
    to->type = version->type;
    to->changes_json = KK_BUF(CHANGE_MAX_BYTES);
    kk_buf_add(&to->changes_json, version->changes_json);
    return why->version_count < WHY_VERSIONS_MAX;
}

static void copy_text(struct kk_sv text, char ret[WHY_TEXT_BYTES])
{
    if (text.len >= WHY_TEXT_BYTES)
        text.len = WHY_TEXT_BYTES - 1;
    kk_sv_copy(text, ret, WHY_TEXT_BYTES);
}

static void note_told(void *ctx, const struct delivery *delivery)
{
    struct why_told *to = ctx;

    to->created_at_ms = delivery->created_at_ms;
    to->due_at_ms = delivery->due_at_ms;
    to->told_at_ms = delivery->published_at_ms;
    to->attempts = delivery->attempts;
    to->http_status = delivery->http_status;
    copy_text(delivery->error, to->error);
    copy_text(delivery->answer, to->answer);
}

/* Whom of today's destinations this version was told. */
static enum kk_code look_at_events(struct app *app, int64_t item_no, struct why_version *version, struct kk_err *err)
{
    char topic[OUTBOX_TOPIC_BYTES], dedup_key[OUTBOX_KEY_BYTES];

    snprintf(dedup_key, sizeof(dedup_key), "%" PRId64 "-%" PRId64, item_no, version->version);
    for (size_t i = 0; i < app->sink_count; i++) {
        struct why_told *told = &version->told[version->told_count];
        enum kk_code rc;

        snprintf(topic, sizeof(topic), "event:%s", app->sinks[i]->name);
        rc = store_get_delivery(app->store, kk_sv_of(topic), kk_sv_of(dedup_key), note_told, told, err);
        if (rc && rc != KK_NOT_FOUND)
            return rc;
        if (!rc) {
            kk_sv_copy(kk_sv_of(app->sinks[i]->name), told->sink, sizeof(told->sink));
            version->told_count++;
        }
    }
    return KK_OK;
}

static enum kk_code look_at_versions(struct app *app, struct why *why, struct kk_err *err)
{
    const struct version_query query = {.item_no = why->item_no, .limit = WHY_VERSIONS_MAX, .newest_first = true};
    enum kk_code rc = store_each_version(app->store, &query, note_version, why, err);

    for (size_t i = 0; !rc && i < why->version_count; i++) {
        rc = kk_buf_check(&why->version[i].changes_json, "the changes of a version", err);
        if (!rc)
            rc = look_at_events(app, why->item_no, &why->version[i], err);
    }
    return rc;
}

static enum kk_code gather_item(struct app *app, struct why *why, struct kk_err *err)
{
    enum kk_code rc = find_listing(app, why, err);

    if (!rc)
        rc = look_at_seller(app, kk_sv_of(why->listing.seller_id), why, err);
    if (!rc)
        rc = find_task(app, why, TASK_DETAIL, &why->detail, err);
    if (!rc)
        rc = find_task(app, why, TASK_OPTIONS, &why->options, err);
    if (!rc)
        rc = look_at_versions(app, why, err);
    if (rc)
        return rc;
    why->facts.is_item = true;
    why->facts.is_listed = why->listing.first_seen_at_ms != 0;
    why->facts.is_removed = why->listing.is_removed;
    why->facts.task = pick_task(why);
    why->wait = why_wait(&why->facts);
    return KK_OK;
}

enum kk_code why_item(struct app *app, int64_t item_no, struct why *ret, struct kk_err *err)
{
    *ret = (struct why){.item_no = item_no, .product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)}};
    return gather_item(app, ret, err);
}

/* ---- a seller ---- */

static bool note_run(void *ctx, const struct run *run)
{
    struct why *why = ctx;

    why->run[why->run_count++] = *run;
    return why->run_count < WHY_RUNS_MAX;
}

enum kk_code why_seller(struct app *app, struct kk_sv seller_id, struct why *ret, struct kk_err *err)
{
    enum kk_code rc;

    *ret = (struct why){.item_no = 0};
    rc = look_at_seller(app, seller_id, ret, err);
    if (!rc)
        rc = store_each_run(app->store, &(struct run_query){.seller_id = seller_id, .limit = WHY_RUNS_MAX}, note_run,
                            ret, err);
    if (!rc && ret->run_count)
        rc = store_tally_tasks(app->store, ret->run[0].id, &ret->tally, err);
    if (!rc)
        rc = store_count_products(app->store, seller_id, &ret->product_count, err);
    if (!rc)
        ret->wait = why_wait(&ret->facts);
    return rc;
}
