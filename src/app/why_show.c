/* The answer to `why` as JSON. */
#include "app/show.h"
#include "app/why.h"
#include "base/json.h"
#include "core/change.h"
#include "core/trace.h"

static void show_trace(const struct app *app, struct kk_buf *json, int64_t run_id)
{
    char trace[TRACE_ID_BYTES];

    trace_id(app->installation, run_id, trace);
    kk_jw_key(json, "traceId");
    if (*trace)
        kk_jw_str(json, kk_sv_of(trace));
    else
        kk_jw_null(json);
}

static void show_wait(const struct why *why, struct kk_buf *json)
{
    kk_jw_key(json, "waits");
    kk_jw_open(json, '{');
    kk_jw_key_str(json, "reason", kk_sv_of(why_reason_name(why->wait.reason)));
    kk_jw_key_str(json, "text", kk_sv_of(why_reason_text(why->wait.reason)));
    kk_jw_key_time(json, "until", why->wait.until_ms);
    kk_jw_close(json, '}');
}

static void show_told(const struct why_told *told, struct kk_buf *json)
{
    kk_jw_open(json, '{');
    kk_jw_key_str(json, "sink", kk_sv_of(told->sink));
    kk_jw_key_bool(json, "delivered", told->told_at_ms != 0);
    kk_jw_key_time(json, "createdAt", told->created_at_ms);
    kk_jw_key_time(json, "deliveredAt", told->told_at_ms);
    kk_jw_key_time(json, "dueAt", told->told_at_ms ? 0 : told->due_at_ms);
    kk_jw_key_i64(json, "attempts", told->attempts);
    kk_jw_key_i64(json, "httpStatus", told->http_status);
    kk_jw_key_str(json, "answer", kk_sv_of(told->answer));
    kk_jw_key_str(json, "error", kk_sv_of(told->error));
    kk_jw_close(json, '}');
}

static void show_versions(const struct app *app, const struct why *why, struct kk_buf *json)
{
    kk_jw_key(json, "versions");
    kk_jw_open(json, '[');
    for (size_t i = 0; i < why->version_count; i++) {
        const struct why_version *version = &why->version[i];

        kk_jw_open(json, '{');
        kk_jw_key_i64(json, "version", version->version);
        kk_jw_key_str(json, "type", kk_sv_of(change_type_name(version->type)));
        kk_jw_key_time(json, "at", version->at_ms);
        show_key_id(json, "runId", version->run_id);
        show_trace(app, json, version->run_id);
        kk_jw_key(json, "changes");
        kk_jw_raw(json, kk_buf_sv(&version->changes_json));
        kk_jw_key(json, "deliveries");
        kk_jw_open(json, '[');
        for (size_t t = 0; t < version->told_count; t++)
            show_told(&version->told[t], json);
        kk_jw_close(json, ']');
        kk_jw_close(json, '}');
    }
    kk_jw_close(json, ']');
}

static void show_tasks(const struct why *why, struct kk_buf *json)
{
    const struct task *both[] = {&why->detail, &why->options};

    kk_jw_key(json, "tasks");
    kk_jw_open(json, '[');
    for (size_t i = 0; i < KK_COUNT(both); i++) {
        if (!both[i]->id)
            continue;
        kk_jw_open(json, '{');
        show_task(json, both[i]);
        kk_jw_close(json, '}');
    }
    kk_jw_close(json, ']');
}

static void show_item(const struct app *app, const struct why *why, struct kk_buf *json)
{
    kk_jw_key_i64(json, "itemNo", why->item_no);
    kk_jw_key_i64(json, "version", why->product.version);
    kk_jw_key_str(json, "status", kk_sv_of(why->product.version ? product_status_name(why->product.status) : ""));
    kk_jw_key_time(json, "lastCheckedAt", why->product.last_checked_at_ms);
    kk_jw_key_time(json, "lastChangedAt", why->product.last_changed_at_ms);
    kk_jw_key_time(json, "firstListedAt", why->listing.first_seen_at_ms);
    kk_jw_key_time(json, "lastListedAt", why->listing.last_seen_at_ms);
    kk_jw_key_time(json, "lastFullLookAt", why->listing.full_look_at_ms);
    kk_jw_key_i64(json, "missedLists", why->listing.missed_count);
    show_tasks(why, json);
    show_versions(app, why, json);
}

static void show_seller_runs(const struct app *app, const struct why *why, struct kk_buf *json)
{
    kk_jw_key_str(json, "state", kk_sv_of(seller_state_name(why->seller.state)));
    kk_jw_key_time(json, "nextRunAt", why->seller.next_run_at_ms);
    kk_jw_key_i64(json, "products", why->product_count);
    kk_jw_key(json, "runs");
    kk_jw_open(json, '[');
    for (size_t i = 0; i < why->run_count; i++) {
        kk_jw_open(json, '{');
        show_run(json, &why->run[i]);
        show_trace(app, json, why->run[i].id);
        kk_jw_close(json, '}');
    }
    kk_jw_close(json, ']');
}

void why_show(const struct app *app, const struct why *why, struct kk_buf *json)
{
    kk_jw_key_str(json, "sellerId", kk_sv_of(why->seller.seller_id));
    show_wait(why, json);
    if (why->item_no)
        show_item(app, why, json);
    else
        show_seller_runs(app, why, json);
}
