/* Foreign requests to the API's handlers, apart from the library that frames them: a line each for method, target, key
 * (a role's first letter: a good one), content type, If-Match, Idempotency-Key, Last-Event-ID; the rest is the body.
 * Whatever is asked, the answer is one of ours: JSON, a problem that names its own status, never a failure. Each input
 * meets the same store: what it writes is rolled back. */
#include "api/call.h"
#include "app/key.h"
#include "base/assert.h"
#include "base/json.h"
#include "ports/store.h"
#include "support/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig *rig;
static char keys[API_ADMIN + 1][API_KEY_TEXT_BYTES];

static void make_world(void)
{
    struct kk_err err;

    if (rig)
        return;
    rig = rig_open();
    for (int64_t item = 101; item <= 105; item++)
        rig_add_item(rig, item, 1000 * item);
    rig_crawl(rig);
    for (int role = API_VIEWER; role <= API_ADMIN; role++) {
        struct api_key key;

        KK_ASSERT(!key_create(&rig->app, KK_SV("fuzz"), (enum api_role)role, 0, &key, keys[role], &err));
    }
}

static struct kk_sv key_for(struct kk_sv text)
{
    for (int role = API_VIEWER; role <= API_ADMIN; role++)
        if (text.len == 1 && text.ptr[0] == api_role_name((enum api_role)role)[0])
            return kk_sv_of(keys[role]);
    return text;
}

/* "a=1&b": the value of a name; a name without '=' has an empty one. */
static struct kk_sv query_of(void *ctx, const char *name)
{
    struct kk_sv rest = *(const struct kk_sv *)ctx;

    while (rest.len) {
        struct kk_sv value = kk_sv_cut(&rest, '&'), key = kk_sv_cut(&value, '=');

        if (kk_sv_eq(key, kk_sv_of(name)))
            return value.ptr ? value : KK_SV("");
    }
    return (struct kk_sv){0};
}

static void each_query(void *ctx, bool (*visit)(void *visit_ctx, struct kk_sv name), void *visit_ctx)
{
    struct kk_sv rest = *(const struct kk_sv *)ctx;

    while (rest.len) {
        struct kk_sv value = kk_sv_cut(&rest, '&');

        if (!visit(visit_ctx, kk_sv_cut(&value, '=')))
            return;
    }
}

static void check_answer(const struct api_call *call)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    int64_t status = 0;

    KK_ASSERT(call->status >= 200 && call->status < 500 && !call->answer.failed);
    KK_ASSERT(!strpbrk(call->etag, "\r\n") && !strpbrk(call->allow, "\r\n"));
    if (call->status == 204 || call->is_stream || kk_sv_eq(kk_sv_of(call->type), KK_SV("text/plain; version=0.0.4")))
        return;
    if (!kk_sv_starts(kk_sv_of(call->type), KK_SV("application/")))
        return;
    KK_ASSERT(!kk_json_parse(kk_buf_sv(&call->answer), &json, NULL));
    if (call->status < 400)
        return;
    KK_ASSERT(kk_jv_i64(kk_jv_get(kk_json_root(json), "status"), &status) && status == call->status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv rest = {(const char *)data, size}, query;
    struct api_call call = {.query = query_of, .each_query = each_query, .answer = KK_BUF(API_ANSWER_MAX_BYTES)};

    make_world();
    call.app = &rig->app;
    call.method = kk_sv_cut(&rest, '\n');
    query = kk_sv_cut(&rest, '\n');
    call.path = kk_sv_cut(&query, '?');
    call.query_ctx = &query;
    call.api_key = key_for(kk_sv_cut(&rest, '\n'));
    call.content_type = kk_sv_cut(&rest, '\n');
    call.if_match = kk_sv_cut(&rest, '\n');
    call.idempotency_key = kk_sv_cut(&rest, '\n');
    call.last_event_id = kk_sv_cut(&rest, '\n');
    call.body = rest;
    if (!call.if_match.len) /* a header that is not there */
        call.if_match = (struct kk_sv){0};
    if (!call.idempotency_key.len)
        call.idempotency_key = (struct kk_sv){0};
    if (!call.last_event_id.len)
        call.last_event_id = (struct kk_sv){0};
    KK_ASSERT(!store_begin(rig->app.store, NULL));
    api_handle(&call);
    check_answer(&call);
    api_call_done(&call);
    store_rollback(rig->app.store);
    return 0;
}
