/* User agents and what their limit leaves them; what was asked of the site and what came of it. */
#include <stdlib.h>

#include "api/call.h"
#include "app/manage.h"
#include "app/show.h"
#include "app/stats.h"
#include "ports/limiter.h"
#include "ports/store.h"

struct crew { /* the agents of one page, and one more that tells whether there is a next page */
    struct limiter_agent bucket[API_PAGE_MAX + 1];
    int64_t id[API_PAGE_MAX + 1];
    size_t count, at;
    struct api_page *page;
};

static bool note_id(void *ctx, const struct agent *agent)
{
    struct crew *crew = ctx;

    if (agent->id > crew->page->after)
        crew->id[crew->count++] = agent->id;
    return crew->count <= (size_t)crew->page->limit;
}

static bool write_row(void *ctx, const struct agent *agent)
{
    struct crew *crew = ctx;

    if (crew->at == crew->count)
        return false;
    if (agent->id != crew->id[crew->at])
        return true;
    if (!api_page_item(crew->page))
        return false;
    show_agent(&crew->page->call->answer, agent);
    show_bucket(&crew->page->call->answer, &crew->bucket[crew->at++]);
    api_page_close(crew->page, agent->id, "");
    return true;
}

/* All buckets of a page are asked for at once: the limiter may be a network away. */
enum kk_code api_list_agents(struct api_call *call, struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) struct crew *crew = calloc(1, sizeof(*crew));
    struct api_page page;
    enum kk_code rc;

    if (!crew)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a page of agents");
    if (!api_page_begin(&page, call, "agents"))
        return KK_OK;
    crew->page = &page;
    rc = store_each_agent(call->app->store, note_id, crew, err);
    if (!rc && crew->count)
        rc = limiter_look(call->app->limiter, crew->id, crew->count, crew->bucket, err);
    if (!rc)
        rc = store_each_agent(call->app->store, write_row, crew, err);
    return rc ? rc : api_page_end(&page);
}

static enum kk_code answer_agent(struct api_call *call, int status, int64_t id, struct kk_err *err)
{
    struct agent agent;
    struct limiter_agent bucket = {0};
    enum kk_code rc = store_get_agent(call->app->store, id, &agent, err);

    if (!rc)
        rc = limiter_look(call->app->limiter, &id, 1, &bucket, err);
    if (rc)
        return rc;
    api_begin(call, status);
    show_agent(&call->answer, &agent);
    show_bucket(&call->answer, &bucket);
    return api_end(call);
}

enum kk_code api_add_agent(struct api_call *call, struct kk_err *err)
{
    struct agent agent;
    enum kk_code rc = manage_add_agent(call->app, api_text(call, "userAgent"), api_text(call, "name"), &agent, err);

    return rc ? rc : answer_agent(call, 201, agent.id, err);
}

enum kk_code api_change_agent(struct api_call *call, struct kk_err *err)
{
    bool is_enabled = true;
    int64_t id;
    enum kk_code rc;

    if (!api_path_id(call, 2, &id))
        return KK_OK;
    kk_jv_bool(kk_jv_get(kk_json_root(call->json), "isEnabled"), &is_enabled);
    rc = manage_enable_agent(call->app, id, is_enabled, err);
    return rc ? rc : answer_agent(call, 200, id, err);
}

/* ---- statistics ---- */

struct counts {
    struct api_call *call;
    const struct stat_query *query;
};

static bool stat_row(void *ctx, const struct stat_row *row, const char *name)
{
    struct counts *counts = ctx;

    stats_write(counts->query, row, name, &counts->call->answer);
    return !counts->call->answer.failed;
}

static void put_day(struct kk_buf *json, const char *key, int64_t day)
{
    char text[KK_ISO_BYTES];

    kk_time_iso(day * KK_DAY_MS, text);
    kk_jw_key_str(json, key, (struct kk_sv){text, sizeof("2026-11-28") - 1});
}

enum kk_code api_get_stats(struct api_call *call, struct kk_err *err)
{
    struct stat_query query;
    struct counts counts = {.call = call, .query = &query};
    enum kk_code rc = stats_query(api_query(call, "by"), api_query(call, "from"), api_query(call, "to"),
                                  kk_wall_ms(call->app->clock), &query, err);

    if (rc)
        return rc == KK_BAD_INPUT ? api_refuse(call, 400, "query/from", err->msg) : rc;
    api_begin(call, 200);
    kk_jw_key_str(&call->answer, "by", kk_sv_of(stats_by_name(query.by)));
    put_day(&call->answer, "from", query.from_day);
    put_day(&call->answer, "to", query.to_day);
    kk_jw_key(&call->answer, "items");
    kk_jw_open(&call->answer, '[');
    rc = stats_each(call->app, &query, stat_row, &counts, err);
    kk_jw_close(&call->answer, ']');
    return rc ? rc : api_end(call);
}
