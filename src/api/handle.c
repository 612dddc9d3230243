/* From a request to its answer: route, key, role, body, handler, problem. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/console.h"
#include "api/meter.h"
#include "app/key.h"
#include "base/log.h"

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

enum kk_code api_refuse(struct api_call *call, int status, const char *pointer, const char *detail)
{
    kk_buf_clear(&call->answer);
    call->status = status;
    call->type = "application/problem+json";
    kk_jw_open(&call->answer, '{');
    kk_jw_key_str(&call->answer, "type", KK_SV("about:blank"));
    kk_jw_key_str(&call->answer, "title", kk_sv_of(title_of(status)));
    kk_jw_key_i64(&call->answer, "status", status);
    kk_jw_key_str(&call->answer, "detail", kk_sv_of(detail));
    if (pointer) {
        kk_jw_key(&call->answer, "errors");
        kk_jw_open(&call->answer, '[');
        kk_jw_open(&call->answer, '{');
        kk_jw_key_str(&call->answer, "pointer", kk_sv_of(pointer));
        kk_jw_key_str(&call->answer, "detail", kk_sv_of(detail));
        kk_jw_close(&call->answer, '}');
        kk_jw_close(&call->answer, ']');
    }
    kk_jw_close(&call->answer, '}');
    return KK_OK;
}

/* Our own trouble: the log has the reason, which is nothing to the asker. */
static void refuse_trouble(struct api_call *call, enum kk_code rc, const struct kk_err *err)
{
    kk_log(KK_EV_API_FAILED, KK_STR("method", call->method), KK_STR("path", call->path), KK_ERR_FIELDS(err));
    if (kk_code_may_retry(rc)) {
        api_refuse(call, 503, NULL, "the store cannot answer now; try again");
        call->retry_after_s = 2;
    } else {
        api_refuse(call, 500, NULL, "kkachi failed; its log says why");
    }
}

/* What a verb's failure is over HTTP. Only what the asker can do something about is told in its own words. */
static void refuse_failure(struct api_call *call, enum kk_code rc, const struct kk_err *err)
{
    if (rc == KK_BAD_INPUT)
        api_refuse(call, 422, NULL, err->msg);
    else if (rc == KK_NOT_FOUND)
        api_refuse(call, 404, NULL, err->msg);
    else if (rc == KK_CONFLICT)
        api_refuse(call, 409, NULL, err->msg);
    else
        refuse_trouble(call, rc, err);
}

/* ---- route ---- */

static bool cut_path(struct api_call *call)
{
    struct kk_sv rest = call->path;

    if (!kk_sv_eq(kk_sv_cut(&rest, '/'), KK_SV("")))
        return false;
    while (rest.len && call->part_count < API_PARTS_MAX)
        call->part[call->part_count++] = kk_sv_cut(&rest, '/');
    return !rest.len && call->part_count;
}

static bool fits(const struct api_call *call, const char *pattern)
{
    struct kk_sv rest = kk_sv_of(pattern);
    size_t at = 0;

    kk_sv_cut(&rest, '/');
    while (rest.len) {
        struct kk_sv part = kk_sv_cut(&rest, '/');

        if (at == call->part_count || !call->part[at].len)
            return false;
        if (part.ptr[0] != '{' && !kk_sv_eq(part, call->part[at]))
            return false;
        at++;
    }
    return at == call->part_count;
}

static void allow(struct api_call *call, const char *method)
{
    size_t len = strlen(call->allow);

    snprintf(call->allow + len, sizeof(call->allow) - len, "%s%s%s", len ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool find_route(struct api_call *call)
{
    struct kk_sv method = kk_sv_eq(call->method, KK_SV("HEAD")) ? KK_SV("GET") : call->method;

    if (cut_path(call)) {
        for (const struct api_route *route = api_routes; route->method; route++) {
            if (!fits(call, route->path))
                continue;
            allow(call, route->method);
            if (kk_sv_eq(method, kk_sv_of(route->method)))
                call->route = route;
        }
    }
    if (call->route) {
        call->allow[0] = '\0';
        return true;
    }
    if (!call->allow[0]) {
        api_refuse(call, 404, NULL, "there is nothing at this path");
        return false;
    }
    allow(call, "OPTIONS");
    if (kk_sv_eq(call->method, KK_SV("OPTIONS")))
        call->status = 204;
    else
        api_refuse(call, 405, NULL, "this path does not know this method; the header Allow names those it does");
    return false;
}

/* ---- key ---- */

static struct kk_sv key_of(const struct api_call *call)
{
    struct kk_sv bearer = KK_SV("Bearer ");

    if (call->api_key.len)
        return kk_sv_trim(call->api_key);
    if (call->authorization.len > bearer.len &&
        kk_sv_eq_ci((struct kk_sv){call->authorization.ptr, bearer.len}, bearer))
        return kk_sv_trim((struct kk_sv){call->authorization.ptr + bearer.len, call->authorization.len - bearer.len});
    return (struct kk_sv){0};
}

static bool may(struct api_call *call)
{
    struct kk_sv text = key_of(call);
    struct kk_err err = {0};
    enum kk_code rc;

    if (call->route->role == API_ANYONE)
        return true;
    rc = text.len ? key_check(call->app, text, &call->key, &err) : console_key(call, &err);
    if (rc == KK_NOT_FOUND)
        api_refuse(call, 401, NULL, "a key is needed: Authorization: Bearer KEY, or X-API-Key: KEY");
    else if (rc == KK_DENIED)
        api_refuse(call, 401, NULL, err.msg);
    else if (rc)
        refuse_failure(call, rc, &err);
    else if (call->key.role < call->route->role) {
        char detail[96];

        snprintf(detail, sizeof(detail), "this needs a key of the role %s or above", api_role_name(call->route->role));
        api_refuse(call, 403, NULL, detail);
        rc = KK_DENIED;
    }
    snprintf(call->who, sizeof(call->who), "key %" PRId64 " (%s)", call->key.id, call->key.name);
    return !rc;
}

/* Who has a good key is counted by it, or one client behind a load balancer would spend what is all the others'. */
static bool is_too_fast(struct api_call *call)
{
    uint64_t who = call->key.id ? UINT64_C(1) << 32 | (uint64_t)call->key.id << 33 : call->client;
    int wait_s = 0;

    if (!call->meter || !who || meter_take(call->meter, who, kk_mono_ms(call->app->clock), call->rate, &wait_s))
        return false;
    api_refuse(call, 429, NULL, "these are too many requests a second; Retry-After says when to go on");
    call->retry_after_s = wait_s;
    return true;
}

/* ---- body ---- */

static bool is_json(struct kk_sv type)
{
    return kk_sv_eq_ci(kk_sv_trim(kk_sv_cut(&type, ';')), KK_SV("application/json"));
}

static bool read_body(struct api_call *call)
{
    struct kk_err err = {0};

    if (!call->body.len)
        return true;
    if (!is_json(call->content_type)) {
        api_refuse(call, 415, NULL, "a body here is JSON: Content-Type: application/json");
        return false;
    }
    if (kk_json_parse(call->body, &call->json, &err) || !kk_jv_is(kk_json_root(call->json), KK_J_OBJ)) {
        api_refuse(call, 400, "#", "the body is not one JSON object");
        return false;
    }
    return true;
}

void api_handle(struct api_call *call)
{
    struct kk_err err = {0};
    bool is_allowed;
    enum kk_code rc;

    if (console_answer(call))
        return;
    call->type = "application/json";
    if (!find_route(call))
        return;
    is_allowed = may(call);
    if (is_too_fast(call) || !is_allowed || !read_body(call) || !api_check(call))
        return;
    call->app->who = call->key.id ? call->who : NULL;
    rc = call->route->handle(call, &err);
    call->app->who = NULL;
    call->has_written = !rc && call->status < 300 && strcmp(call->route->method, "GET") != 0;
    if (rc)
        refuse_failure(call, rc, &err);
    if (call->answer.failed)
        api_refuse(call, 500, NULL, "no memory for the answer");
}

void api_call_done(struct api_call *call)
{
    kk_json_done(call->json);
    kk_buf_done(&call->answer);
}
