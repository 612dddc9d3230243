/* /__sandbox/…: moving the world, breaking it, and looking behind the scenes. None of it is logged or limited. */
#include "sandbox/inside.h"

#include "base/clock.h"
#include "base/json.h"
#include "sandbox/query.h"
#include "sandbox/truth.h"

#define VALUE_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct control {
    struct sandbox *sandbox;
    const struct visit *visit;
    struct kk_buf *out; /* the body of a success */
};

/* --- parameters --- */

static enum kk_code take_number(const struct control *control, const char *name, int64_t fallback, int64_t *ret,
                                struct kk_err *err)
{
    if (query_number(control->visit->query, name, fallback, ret))
        return KK_OK;
    return kk_fail(err, KK_BAD_INPUT, "'%s' is no whole number", name);
}

static enum kk_code need_text(const struct control *control, const char *name, struct kk_buf *ret, struct kk_err *err)
{
    if (query_text(control->visit->query, name, ret))
        return KK_OK;
    return kk_fail(err, KK_BAD_INPUT, "'%s' is missing or not properly percent-encoded", name);
}

/* --- what can be asked --- */

static enum kk_code post_move(const struct control *control, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf kinds = KK_BUF(1024), seller = KK_BUF(256);
    int64_t before = sandbox_last_change(control->sandbox), seed, distinct, made = 0;
    struct sandbox_order order = {0};
    enum kk_code rc;

    /* Without a seed each order is another one, and still the same in the next run. */
    if ((rc = take_number(control, "count", 1, &order.count, err)) ||
        (rc = take_number(control, "seed", (int64_t)control->sandbox->world->orders, &seed, err)) ||
        (rc = take_number(control, "distinct", 0, &distinct, err)))
        return rc;
    order.seed = (uint64_t)seed;
    order.is_distinct = distinct != 0;
    if (query_text(control->visit->query, "kinds", &kinds))
        order.kinds = kk_buf_cstr(&kinds);
    if (query_text(control->visit->query, "sellerId", &seller))
        order.seller_id = kk_buf_cstr(&seller);
    rc = sandbox_move(control->sandbox, &order, control->visit->now_ms, &made, err);
    if (rc)
        return rc;
    kk_jw_open(control->out, '{');
    kk_jw_key_i64(control->out, "made", made);
    kk_jw_key_i64(control->out, "before", before);
    kk_jw_key_i64(control->out, "last", sandbox_last_change(control->sandbox));
    kk_jw_close(control->out, '}');
    return KK_OK;
}

static enum kk_code post_set(const struct control *control, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf field = KK_BUF(256), value = KK_BUF(VALUE_MAX_BYTES);
    int64_t before = sandbox_last_change(control->sandbox), item_no;
    enum kk_code rc;

    if ((rc = take_number(control, "itemNo", 0, &item_no, err)) || (rc = need_text(control, "field", &field, err)) ||
        (rc = need_text(control, "value", &value, err)))
        return rc;
    rc = sandbox_set(control->sandbox, item_no, kk_buf_sv(&field), kk_buf_sv(&value), control->visit->now_ms, err);
    if (rc)
        return rc;
    kk_jw_open(control->out, '{');
    kk_jw_key_bool(control->out, "changed", sandbox_last_change(control->sandbox) > before);
    kk_jw_key_i64(control->out, "last", sandbox_last_change(control->sandbox));
    kk_jw_close(control->out, '}');
    return KK_OK;
}

static enum kk_code get_faults(const struct control *control, struct kk_err *err)
{
    (void)err;
    kk_jw_open(control->out, '{');
    kk_jw_key(control->out, "faults");
    faults_write(&control->sandbox->faults, control->out);
    kk_jw_close(control->out, '}');
    return KK_OK;
}

static enum kk_code post_fault(const struct control *control, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf name = KK_BUF(256), rate = KK_BUF(64), span = KK_BUF(64), paths = KK_BUF(256);
    struct sandbox_fault fault = {.rate_ppm = FAULT_ALWAYS};
    enum kk_code rc;

    if ((rc = need_text(control, "name", &name, err)) || (rc = take_number(control, "count", -1, &fault.count, err)))
        return rc;
    if (query_text(control->visit->query, "rate", &rate) && !fault_rate_parse(kk_buf_sv(&rate), &fault.rate_ppm))
        return kk_fail(err, KK_BAD_INPUT, "'rate' is from 0 to 1, such as 0.1");
    if (query_text(control->visit->query, "for", &span) && !kk_duration_parse(kk_buf_sv(&span), &fault.for_ms))
        return kk_fail(err, KK_BAD_INPUT, "'for' is a time such as 500ms, 30s or 10m");
    if (query_text(control->visit->query, "path", &paths))
        fault.paths = kk_buf_sv(&paths);
    fault.name = kk_buf_sv(&name);
    rc = sandbox_fault(control->sandbox, &fault, control->visit->now_ms, err);
    return rc ? rc : get_faults(control, err);
}

static enum kk_code get_changes(const struct control *control, struct kk_err *err)
{
    int64_t after;
    enum kk_code rc = take_number(control, "after", 0, &after, err);

    if (rc == KK_OK)
        sandbox_changes(control->sandbox, after, control->out);
    return rc;
}

static enum kk_code get_truth(const struct control *control, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf seller = KK_BUF(256);
    bool has_seller = query_text(control->visit->query, "sellerId", &seller);
    int64_t item_no;
    enum kk_code rc = take_number(control, "itemNo", 0, &item_no, err);

    if (rc)
        return rc;
    if (item_no)
        return sandbox_truth_item(control->sandbox, item_no, control->out, err);
    return sandbox_truth(control->sandbox, has_seller ? kk_buf_cstr(&seller) : NULL, control->out, err);
}

static enum kk_code get_stats(const struct control *control, struct kk_err *err)
{
    (void)err;
    sandbox_stats(control->sandbox, control->out);
    return KK_OK;
}

static enum kk_code get_log(const struct control *control, struct kk_err *err)
{
    int64_t after, limit;
    enum kk_code rc;

    if ((rc = take_number(control, "after", 0, &after, err)) ||
        (rc = take_number(control, "limit", INT64_MAX, &limit, err)))
        return rc;
    sandbox_log(control->sandbox, after, limit, control->out);
    return KK_OK;
}

static const struct {
    const char *method, *name;
    enum kk_code (*handle)(const struct control *control, struct kk_err *err);
} routes[] = {
    {"POST", "move", post_move},   {"POST", "set", post_set},       {"POST", "fault", post_fault},
    {"GET", "faults", get_faults}, {"GET", "changes", get_changes}, {"GET", "truth", get_truth},
    {"GET", "stats", get_stats},   {"GET", "log", get_log},
};

static void refuse(struct sandbox_reply *reply, int status, const char *sentence)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(4096);

    kk_jw_open(&body, '{');
    kk_jw_key_str(&body, "error", kk_sv_of(sentence));
    kk_jw_close(&body, '}');
    kk_buf_clear(&reply->body);
    reply_text(reply, status, "application/json", kk_buf_sv(&body));
}

void control_respond(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    struct kk_sv name = visit->path;
    struct control control = {sandbox, visit, &reply->body};
    struct kk_err err = {0};
    size_t r = 0;

    name.ptr += sizeof(CONTROL_PREFIX) - 1;
    name.len -= sizeof(CONTROL_PREFIX) - 1;
    while (r < KK_COUNT(routes) && !kk_sv_eq(name, kk_sv_of(routes[r].name)))
        r++;
    if (r == KK_COUNT(routes)) {
        refuse(reply, 404, "known: POST move, set, fault; GET faults, changes, truth, stats, log");
        return;
    }
    if (!kk_sv_eq(visit->request->method, kk_sv_of(routes[r].method))) {
        refuse(reply, 405, routes[r].method[0] == 'P' ? "this one is asked with POST" : "this one is asked with GET");
        return;
    }
    enum kk_code rc = routes[r].handle(&control, &err);
    if (rc)
        refuse(reply, rc == KK_NOT_FOUND ? 404 : 400, err.msg);
    else if (reply->body.failed)
        refuse(reply, 500, "that is too much for one answer; ask for one seller, or for less of the log");
    else
        reply_text(reply, 200, "application/json", KK_SV("\n"));
}
