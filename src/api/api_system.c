/* The whole: its health, its pause, its keys, and who changed what. */
#include "api/call.h"
#include "app/key.h"
#include "app/manage.h"
#include "app/metrics.h"
#include "app/show.h"
#include "ports/alerts.h"
#include "ports/ledger.h"
#include "ports/store.h"

enum kk_code api_health(struct api_call *call, struct kk_err *err)
{
    (void)err;
    api_begin(call, 200);
    kk_jw_key_str(&call->answer, "status", KK_SV("ok"));
    return api_end(call);
}

enum kk_code api_openapi(struct api_call *call, struct kk_err *err)
{
    (void)err;
    call->status = 200;
    openapi_write(false, &call->answer);
    return KK_OK;
}

enum kk_code api_ready(struct api_call *call, struct kk_err *err)
{
    int64_t due_at_ms = 0;
    enum kk_code rc = store_next_due(call->app->store, &due_at_ms, err);

    return rc ? rc : api_health(call, err);
}

enum kk_code api_metrics(struct api_call *call, struct kk_err *err)
{
    bool is_open = kk_sv_find(call->accept, KK_SV("application/openmetrics-text")) < call->accept.len;
    enum metrics_format format = is_open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
    struct measure measure;
    enum kk_code rc = measure_take(call->app, &measure, err);

    if (rc)
        return rc;
    call->status = 200;
    call->type = metrics_content_type(format);
    metrics_write(&measure, format, &call->answer);
    return KK_OK;
}

/* There are few, and always the same: one page. */
enum kk_code api_list_alerts(struct api_call *call, struct kk_err *err)
{
    struct alert alerts[ALERT_COUNT];
    enum kk_code rc = store_get_alerts(call->app->store, alerts, err);

    if (rc)
        return rc;
    api_begin(call, 200);
    kk_jw_key(&call->answer, "items");
    kk_jw_open(&call->answer, '[');
    for (int i = 0; i < ALERT_COUNT; i++) {
        kk_jw_open(&call->answer, '{');
        show_alert(&call->answer, &alerts[i]);
        kk_jw_close(&call->answer, '}');
    }
    kk_jw_close(&call->answer, ']');
    kk_jw_key(&call->answer, "cursor");
    kk_jw_null(&call->answer);
    return api_end(call);
}

static enum kk_code set_pause(struct api_call *call, bool is_paused, const char *why, struct kk_err *err)
{
    struct pause pause;
    char who[sizeof(pause.who)];
    enum kk_code rc;

    snprintf(who, sizeof(who), "%.60s", call->who);
    rc = manage_pause(call->app, is_paused, who, why, err);
    if (!rc)
        rc = manage_get_pause(call->app, &pause, err);
    if (rc)
        return rc;
    api_begin(call, 200);
    show_pause(&call->answer, &pause);
    return api_end(call);
}

enum kk_code api_pause(struct api_call *call, struct kk_err *err)
{
    char why[sizeof(((struct pause *)0)->why)];

    kk_sv_copy(api_text(call, "why"), why, sizeof(why));
    return set_pause(call, true, why, err);
}

enum kk_code api_resume(struct api_call *call, struct kk_err *err)
{
    return set_pause(call, false, "", err);
}

static bool key_row(void *ctx, const struct api_key *key)
{
    struct api_page *page = ctx;

    if (key->id <= page->after)
        return true;
    if (!api_page_item(page))
        return false;
    show_api_key(&page->call->answer, key);
    api_page_close(page, key->id, "");
    return true;
}

enum kk_code api_list_keys(struct api_call *call, struct kk_err *err)
{
    struct api_page page;
    enum kk_code rc;

    if (!api_page_begin(&page, call, "keys"))
        return KK_OK;
    rc = store_each_key(call->app->store, key_row, &page, err);
    return rc ? rc : api_page_end(&page);
}

enum kk_code api_revoke_key(struct api_call *call, struct kk_err *err)
{
    struct api_key key;
    int64_t id;
    enum kk_code rc;

    if (!api_path_id(call, 2, &id))
        return KK_OK;
    rc = key_revoke(call->app, id, &key, err);
    if (rc)
        return rc;
    api_begin(call, 200);
    show_api_key(&call->answer, &key);
    return api_end(call);
}

static bool audit_row(void *ctx, const struct audit *audit)
{
    struct api_page *page = ctx;

    if (!api_page_item(page))
        return false;
    show_audit(&page->call->answer, audit);
    api_page_close(page, audit->id, "");
    return true;
}

enum kk_code api_list_audit(struct api_call *call, struct kk_err *err)
{
    struct api_page page;
    enum kk_code rc;

    if (!api_page_begin(&page, call, "audit"))
        return KK_OK;
    rc = store_each_audit(call->app->store, page.after, (int)page.limit + 1, audit_row, &page, err);
    return rc ? rc : api_page_end(&page);
}
