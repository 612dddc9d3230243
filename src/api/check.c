/* A request held against its route's row, before a handler sees it. */
#include <stdio.h>

#include "api/call.h"
#include "api/table.h"

#define POINTER_BYTES 96

static bool refuse_field(struct api_call *call, int status, const char *place, struct kk_sv name, const char *detail)
{
    char pointer[POINTER_BYTES];

    snprintf(pointer, sizeof(pointer), "%s/%.*s", place, (int)(name.len < 64 ? name.len : 64), name.ptr);
    api_refuse(call, status, pointer, detail);
    return false;
}

/* What stands in the path is an address: one that cannot be is not found. */
static bool check_path(struct api_call *call)
{
    struct kk_sv rest = kk_sv_of(call->route->path);

    kk_sv_cut(&rest, '/');
    for (size_t at = 0; rest.len; at++) {
        struct kk_sv part = kk_sv_cut(&rest, '/');
        const struct api_kind *kind;

        if (part.ptr[0] != '{')
            continue;
        kind = api_kind_of((struct kk_sv){part.ptr + 1, part.len - 2});
        if (!kind || api_kind_fits(kind, call->part[at]))
            continue;
        api_refuse(call, 404, NULL,
                   kind->form == API_WHOLE ? "there is nothing of that number" : "no seller has such an id");
        return false;
    }
    return true;
}

static struct kk_sv header_of(const struct api_call *call, struct kk_sv name)
{
    return kk_sv_eq(name, KK_SV("If-Match"))          ? call->if_match
           : kk_sv_eq(name, KK_SV("Idempotency-Key")) ? call->idempotency_key
           : kk_sv_eq(name, KK_SV("Last-Event-ID"))   ? call->last_event_id
                                                      : (struct kk_sv){0};
}

static bool has_body(const struct api_call *call)
{
    return call->route->method[0] == 'P'; /* POST, PATCH */
}

/* ---- names that are not known here ---- */

static bool takes(const struct api_call *call, struct kk_sv name)
{
    struct kk_sv rest = kk_sv_of(call->route->takes);
    struct api_take take;

    while (api_take_next(&rest, &take))
        if (!take.is_header && kk_sv_eq(take.name, name))
            return true;
    return false;
}

struct seen {
    struct api_call *call;
    bool is_good;
};

static bool look_at_parameter(void *ctx, struct kk_sv name)
{
    struct seen *seen = ctx;

    if (!has_body(seen->call) && takes(seen->call, name))
        return true;
    seen->is_good = refuse_field(seen->call, 400, "query", name, "there is no such parameter here");
    return false;
}

static bool check_names(struct api_call *call)
{
    struct seen seen = {.call = call, .is_good = true};
    struct kk_jv root = call->json ? kk_json_root(call->json) : (struct kk_jv){0};

    if (call->each_query)
        call->each_query(call->query_ctx, look_at_parameter, &seen);
    for (struct kk_jiter it = kk_jv_iter(root); seen.is_good && call->route->takes && kk_jiter_next(&it);)
        if (!takes(call, it.key))
            seen.is_good = refuse_field(call, 422, "#", it.key, "there is no such member here");
    return seen.is_good;
}

/* ---- values ---- */

static bool check_member(struct api_call *call, const struct api_take *take)
{
    char name[64];
    struct kk_jv value;
    struct kk_sv text;
    int64_t number;
    bool is_good = false, flag;

    kk_sv_copy(take->name, name, sizeof(name));
    value = call->json ? kk_jv_get(kk_json_root(call->json), name) : (struct kk_jv){0};
    if (kk_jv_is(value, KK_J_NONE))
        return !take->is_needed || refuse_field(call, 422, "#", take->name, "it is needed");
    switch (take->kind->form) {
    case API_TEXT:
        is_good = kk_jv_str(value, &text) && api_kind_fits(take->kind, text);
        break;
    case API_WHOLE:
        is_good = kk_jv_i64(value, &number) && number >= take->kind->min && number <= take->kind->max;
        break;
    case API_FLAG:
        is_good = kk_jv_bool(value, &flag);
        break;
    }
    return is_good || refuse_field(call, 422, "#", take->name, take->kind->meaning);
}

static bool check_value(struct api_call *call, const struct api_take *take)
{
    char name[64];
    struct kk_sv text;

    if (take->is_header) {
        text = kk_sv_trim(header_of(call, take->name));
        return !text.ptr || api_kind_fits(take->kind, text) ||
               refuse_field(call, 400, "header", take->name, take->kind->meaning);
    }
    if (has_body(call))
        return check_member(call, take);
    kk_sv_copy(take->name, name, sizeof(name));
    text = call->query(call->query_ctx, name);
    if (!text.ptr)
        return !take->is_needed || refuse_field(call, 400, "query", take->name, "it is needed");
    return api_kind_fits(take->kind, text) || refuse_field(call, 400, "query", take->name, take->kind->meaning);
}

bool api_check(struct api_call *call)
{
    struct kk_sv rest = kk_sv_of(call->route->takes);
    struct api_take take;

    if (!check_path(call) || !check_names(call))
        return false;
    while (api_take_next(&rest, &take))
        if (!check_value(call, &take))
            return false;
    return true;
}
