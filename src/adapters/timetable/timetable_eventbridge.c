/* https://docs.aws.amazon.com/scheduler/latest/APIReference/ : a schedule puts an event on our bus, where a rule calls
 * the API (deploy/aws/schedule.yaml); a schedule cannot call an address itself. */
#include "adapters/timetable/timetable_eventbridge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws.h"
#include "adapters/aws/aws_url.h"
#include "base/assert.h"
#include "base/hash.h"
#include "base/json.h"

#define CALL_TIMEOUT_MS (5 * KK_SECOND_MS)
#define ANSWER_MAX_BYTES (512 * 1024)
#define BODY_MAX_BYTES 8192
#define ARN_BYTES 512
#define PAGES_MAX 10001 /* of 100 entries: a million, the most that a group may have */
#define STEM_MAX 40     /* of a seller's id, in a name that people can read */

struct timetable_eventbridge {
    struct timetable base;
    struct aws *aws; /* kept */
    struct aws_place place;
    const struct kk_clock *clock;
    char group[TIMETABLE_NAME_BYTES], bus[ARN_BYTES], role[ARN_BYTES];
};
static const struct timetable_ops eventbridge_ops;

static struct timetable_eventbridge *self_of(struct timetable *t)
{
    KK_ASSERT(t && t->ops == &eventbridge_ops);
    return (struct timetable_eventbridge *)t;
}

/* A name has at most 64 letters, digits, '-', '_' and '.', which is less than a seller's id may have: the hash tells
 * those apart that would be one. */
static void eventbridge_name(struct timetable *t, const struct seller *seller, char ret[TIMETABLE_NAME_BYTES])
{
    struct kk_hash hash = kk_sha256(kk_sv_of(seller->seller_id));
    int len = snprintf(ret, TIMETABLE_NAME_BYTES, "%.*s-", STEM_MAX, seller->seller_id);

    (void)t;
    for (int i = 0; i < len; i++)
        if (ret[i] == '@')
            ret[i] = '_';
    for (int i = 0; i < 8; i++)
        snprintf(ret + len + 2 * i, 3, "%02x", hash.byte[i]);
}

/* ---- one call ---- */

struct call {
    struct aws_request request;
    struct sigv4_pair header, query[3];
    char path[100], what[160], group[TIMETABLE_NAME_BYTES];
    struct kk_buf body;
};

static void call_done(struct call *call)
{
    kk_buf_done(&call->body);
}

static void make_call(const struct timetable_eventbridge *self, enum http_method method, const char *path,
                      const char *what, struct call *call)
{
    snprintf(call->path, sizeof(call->path), "%s", path);
    snprintf(call->what, sizeof(call->what), "%s in group %s", what, self->group);
    call->header = (struct sigv4_pair){KK_SV("content-type"), KK_SV("application/json")};
    call->request = (struct aws_request){.place = &self->place,
                                         .method = method,
                                         .path = kk_sv_of(call->path),
                                         .query = call->query,
                                         .headers = &call->header,
                                         .header_count = 1,
                                         .body = kk_buf_sv(&call->body),
                                         .timeout_ms = CALL_TIMEOUT_MS,
                                         .max_body_bytes = ANSWER_MAX_BYTES,
                                         .what = call->what};
}

/* What names one schedule in a path; the group then stands in the query. */
static void make_call_for(const struct timetable_eventbridge *self, enum http_method method, const char *name,
                          const char *what, struct call *call)
{
    char path[100];

    snprintf(path, sizeof(path), "/schedules/%.64s", name);
    make_call(self, method, path, what, call);
    if (method == HTTP_POST || method == HTTP_PUT)
        return;
    call->query[0] = (struct sigv4_pair){KK_SV("groupName"), kk_sv_of(self->group)};
    call->request.query_count = 1;
}

/* ---- what a seller's schedule says ---- */

static const char *state_of(const struct seller *seller)
{
    return seller->state == SELLER_ACTIVE ? "ENABLED" : "DISABLED";
}

static void print_expression(const struct seller *seller, char ret[64])
{
    snprintf(ret, 64, "rate(%" PRId64 " %s%s)", seller->period_count,
             seller->period_unit == PERIOD_HOUR ? "hour" : "day", seller->period_count == 1 ? "" : "s");
}

static void print_input(const struct seller *seller, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "sellerId", kk_sv_of(seller->seller_id));
    kk_jw_close(out, '}');
}

static void write_target(const struct timetable_eventbridge *self, const struct seller *seller, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf input = KK_BUF(256);

    print_input(seller, &input);
    kk_jw_key(out, "Target");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "Arn", kk_sv_of(self->bus));
    kk_jw_key_str(out, "RoleArn", kk_sv_of(self->role));
    kk_jw_key_str(out, "Input", kk_buf_sv(&input));
    kk_jw_key(out, "EventBridgeParameters");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "DetailType", KK_SV("kkachi.seller.due"));
    kk_jw_key_str(out, "Source", KK_SV("kkachi"));
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

/* AWS refuses a beginning that is over for five minutes. */
static void write_schedule(const struct timetable_eventbridge *self, const struct seller *seller, struct kk_buf *out)
{
    int64_t now_ms = kk_wall_ms(self->clock);
    int64_t start_ms = seller->next_run_at_ms > now_ms ? seller->next_run_at_ms : now_ms;
    char expression[64];

    print_expression(seller, expression);
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "GroupName", kk_sv_of(self->group));
    kk_jw_key_str(out, "ScheduleExpression", kk_sv_of(expression));
    kk_jw_key_i64(out, "StartDate", start_ms / KK_SECOND_MS);
    kk_jw_key_str(out, "State", kk_sv_of(state_of(seller)));
    kk_jw_key_str(out, "Description", KK_SV("kept by kkachi"));
    kk_jw_key(out, "FlexibleTimeWindow");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "Mode", KK_SV("OFF"));
    kk_jw_close(out, '}');
    write_target(self, seller, out);
    kk_jw_close(out, '}');
}

static bool says(struct kk_jv object, const char *key, const char *value)
{
    struct kk_sv text = {0};

    return kk_jv_str(kk_jv_get(object, key), &text) && kk_sv_eq(text, kk_sv_of(value));
}

static enum kk_code compare(const struct timetable_eventbridge *self, const struct seller *seller, struct kk_sv answer,
                            struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    KK_CLEANUP(kk_buf_done) struct kk_buf input = KK_BUF(256);
    char expression[64];
    struct kk_jv root, target;

    if (kk_json_parse(answer, &json, err))
        return KK_MISMATCH;
    root = kk_json_root(json);
    target = kk_jv_get(root, "Target");
    print_expression(seller, expression);
    print_input(seller, &input);
    if (!says(root, "ScheduleExpression", expression))
        return kk_fail(err, KK_MISMATCH, "its period is not %s", expression);
    if (!says(root, "State", state_of(seller)))
        return kk_fail(err, KK_MISMATCH, "it is not %s", state_of(seller));
    if (!says(target, "Arn", self->bus) || !says(target, "RoleArn", self->role) ||
        !says(target, "Input", kk_buf_cstr(&input)))
        return kk_fail(err, KK_MISMATCH, "it does not call for this seller");
    return KK_OK;
}

/* ---- many at once ---- */

struct calls {
    struct call call[TIMETABLE_BATCH_MAX];
    struct aws_request request[TIMETABLE_BATCH_MAX];
    struct aws_reply reply[TIMETABLE_BATCH_MAX];
    size_t of[TIMETABLE_BATCH_MAX], count; /* of: which seller */
};

static void add_call(struct timetable_eventbridge *self, struct calls *calls, const struct seller *seller, size_t of,
                     enum http_method method, const char *what)
{
    struct call *call = &calls->call[calls->count];
    char name[TIMETABLE_NAME_BYTES];

    *call = (struct call){.body = KK_BUF(BODY_MAX_BYTES)};
    eventbridge_name(&self->base, seller, name);
    if (method == HTTP_POST || method == HTTP_PUT)
        write_schedule(self, seller, &call->body);
    make_call_for(self, method, name, what, call);
    calls->request[calls->count] = call->request;
    calls->of[calls->count++] = of;
}

static void note_result(struct timetable_result *ret, const struct aws_reply *reply)
{
    ret->code = reply->code;
    snprintf(ret->error, sizeof(ret->error), "%.199s", reply->code ? reply->err.msg : "");
}

static void end_calls(struct calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        aws_reply_done(&calls->reply[i]);
        call_done(&calls->call[i]);
    }
    free(calls);
}

static void fail_all(struct timetable_result *ret, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ret[i].code = KK_NO_MEMORY;
        snprintf(ret[i].error, sizeof(ret[i].error), "no memory to call EventBridge");
    }
}

/* What is changed and not there is made, unless the whole group is missing: then that says so. */
static void make_missing(struct timetable_eventbridge *self, const struct seller *sellers, size_t count,
                         struct timetable_result *ret)
{
    struct calls *calls = calloc(1, sizeof(*calls));

    if (!calls) {
        fail_all(ret, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (ret[i].code == KK_NOT_FOUND)
            add_call(self, calls, &sellers[i], i, HTTP_POST, "make a schedule");
    aws_call(self->aws, calls->request, calls->reply, calls->count);
    for (size_t i = 0; i < calls->count; i++) {
        note_result(&ret[calls->of[i]], &calls->reply[i]);
        if (calls->reply[i].code == KK_CONFLICT) /* another process was first, perhaps with what was before */
            ret[calls->of[i]].code = KK_BUSY;
    }
    end_calls(calls);
}

static void eventbridge_put(struct timetable *t, const struct seller *sellers, size_t count,
                            struct timetable_result *ret)
{
    struct timetable_eventbridge *self = self_of(t);
    struct calls *calls = calloc(1, sizeof(*calls));
    bool is_any_missing = false;

    KK_ASSERT(count <= TIMETABLE_BATCH_MAX);
    if (!calls) {
        fail_all(ret, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_call(self, calls, &sellers[i], i, sellers[i].state == SELLER_DISABLED ? HTTP_DELETE : HTTP_PUT,
                 "change a schedule");
    aws_call(self->aws, calls->request, calls->reply, calls->count);
    for (size_t i = 0; i < count; i++) {
        note_result(&ret[i], &calls->reply[i]);
        if (sellers[i].state == SELLER_DISABLED && ret[i].code == KK_NOT_FOUND)
            ret[i].code = KK_OK;
        is_any_missing |= ret[i].code == KK_NOT_FOUND;
    }
    end_calls(calls);
    if (is_any_missing)
        make_missing(self, sellers, count, ret);
}

static void eventbridge_look(struct timetable *t, const struct seller *sellers, size_t count,
                             struct timetable_result *ret)
{
    struct timetable_eventbridge *self = self_of(t);
    struct calls *calls = calloc(1, sizeof(*calls));

    KK_ASSERT(count <= TIMETABLE_BATCH_MAX);
    if (!calls) {
        fail_all(ret, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_call(self, calls, &sellers[i], i, HTTP_GET, "look at a schedule");
    aws_call(self->aws, calls->request, calls->reply, calls->count);
    for (size_t i = 0; i < count; i++) {
        bool should_be = sellers[i].state != SELLER_DISABLED;
        struct kk_err err = {0};

        note_result(&ret[i], &calls->reply[i]);
        if (ret[i].code == KK_NOT_FOUND)
            ret[i].code = should_be ? KK_MISMATCH : KK_OK;
        else if (!ret[i].code && !should_be)
            ret[i].code = KK_MISMATCH;
        else if (!ret[i].code) {
            ret[i].code = compare(self, &sellers[i], kk_buf_sv(&calls->reply[i].body), &err);
            snprintf(ret[i].error, sizeof(ret[i].error), "%.199s", ret[i].code ? err.msg : "");
        }
    }
    end_calls(calls);
}

/* ---- all that are there ---- */

static enum kk_code read_page(struct kk_sv answer, bool (*name)(void *ctx, const char *name), void *ctx,
                              char ret_token[4096], bool *ret_over, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv token = {0};
    struct kk_jiter it;
    enum kk_code rc = kk_json_parse(answer, &json, err);

    if (rc)
        return kk_while(err, rc, "the list of schedules");
    it = kk_jv_iter(kk_jv_get(kk_json_root(json), "Schedules"));
    while (!*ret_over && kk_jiter_next(&it)) {
        struct kk_sv text = {0};
        char one[TIMETABLE_NAME_BYTES];

        if (kk_jv_str(kk_jv_get(it.value, "Name"), &text) && kk_sv_copy(text, one, sizeof(one)))
            *ret_over = !name(ctx, one);
    }
    kk_jv_str(kk_jv_get(kk_json_root(json), "NextToken"), &token);
    *ret_over |= !token.len || !kk_sv_copy(token, ret_token, 4096);
    return KK_OK;
}

static enum kk_code eventbridge_each(struct timetable *t, bool (*name)(void *ctx, const char *name), void *ctx,
                                     struct kk_err *err)
{
    struct timetable_eventbridge *self = self_of(t);
    char token[4096] = "";
    bool is_over = false;
    enum kk_code rc = KK_OK;

    for (int page = 0; !rc && !is_over && page < PAGES_MAX; page++) {
        struct call call = {.body = KK_BUF(1)};
        struct aws_reply reply;

        make_call(self, HTTP_GET, "/schedules", "list schedules", &call);
        call.query[call.request.query_count++] = (struct sigv4_pair){KK_SV("ScheduleGroup"), kk_sv_of(self->group)};
        call.query[call.request.query_count++] = (struct sigv4_pair){KK_SV("MaxResults"), KK_SV("100")};
        if (token[0])
            call.query[call.request.query_count++] = (struct sigv4_pair){KK_SV("NextToken"), kk_sv_of(token)};
        rc = aws_call_one(self->aws, &call.request, &reply, err);
        if (!rc)
            rc = read_page(kk_buf_sv(&reply.body), name, ctx, token, &is_over, err);
        aws_reply_done(&reply);
        call_done(&call);
    }
    return rc;
}

static enum kk_code eventbridge_drop(struct timetable *t, const char *name, struct kk_err *err)
{
    struct timetable_eventbridge *self = self_of(t);
    struct call call = {.body = KK_BUF(1)};
    struct aws_reply reply;
    enum kk_code rc;

    make_call_for(self, HTTP_DELETE, name, "remove a schedule", &call);
    rc = aws_call_one(self->aws, &call.request, &reply, err);
    aws_reply_done(&reply);
    call_done(&call);
    return rc == KK_NOT_FOUND ? KK_OK : rc;
}

static void eventbridge_close(struct timetable *t)
{
    free(self_of(t));
}

static const struct timetable_ops eventbridge_ops = {
    .name = "eventbridge",
    .put = eventbridge_put,
    .look = eventbridge_look,
    .name_of = eventbridge_name,
    .each = eventbridge_each,
    .drop = eventbridge_drop,
    .close = eventbridge_close,
};

static bool is_arn(struct kk_sv text)
{
    return kk_sv_starts(text, KK_SV("arn:"));
}

static enum kk_code read_url(struct timetable_eventbridge *self, const struct aws_url *url, struct kk_err *err)
{
    struct kk_sv bus = aws_url_get(url, "bus"), role = aws_url_get(url, "role");

    if (!url->path.len || !kk_sv_copy(url->path, self->group, sizeof(self->group)) || strchr(self->group, '/'))
        return kk_fail(err, KK_BAD_INPUT, "it names no schedule group, as in eventbridge://ap-northeast-2/kkachi");
    if (!is_arn(bus) || !kk_sv_copy(bus, self->bus, sizeof(self->bus)))
        return kk_fail(err, KK_BAD_INPUT, "bus= must be the ARN of the event bus that schedules tell");
    if (!is_arn(role) || !kk_sv_copy(role, self->role, sizeof(self->role)))
        return kk_fail(err, KK_BAD_INPUT, "role= must be the ARN of the role that schedules act as");
    return aws_place_set(&self->place, "scheduler", url->host, aws_url_get(url, "endpoint"), err);
}

enum kk_code timetable_eventbridge_open(struct aws *aws, struct kk_sv url, const struct kk_clock *clock,
                                        struct timetable **ret_timetable, struct kk_err *err)
{
    static const char *const known[] = {"bus", "role", "endpoint", NULL};
    struct timetable_eventbridge *self = calloc(1, sizeof(*self));
    struct aws_url parts;
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for EventBridge");
    self->base.ops = &eventbridge_ops;
    self->aws = aws;
    self->clock = clock;
    rc = aws_url_parse(url, known, &parts, err);
    if (!rc)
        rc = read_url(self, &parts, err);
    if (rc) {
        free(self);
        return rc;
    }
    *ret_timetable = &self->base;
    return KK_OK;
}

/* ---- for a person ---- */

static bool count_name(void *ctx, const char *name)
{
    (void)name;
    ++*(long long *)ctx;
    return true;
}

static enum kk_code call_group(struct timetable_eventbridge *self, enum http_method method, struct kk_err *err)
{
    struct call call = {.body = KK_BUF(16)};
    struct aws_reply reply;
    char path[100];
    enum kk_code rc;

    snprintf(path, sizeof(path), "/schedule-groups/%.64s", self->group);
    if (method == HTTP_POST)
        kk_buf_add(&call.body, KK_SV("{}"));
    make_call(self, method, path, method == HTTP_POST ? "make the group" : "look at the group", &call);
    rc = aws_call_one(self->aws, &call.request, &reply, err);
    aws_reply_done(&reply);
    call_done(&call);
    return rc;
}

enum kk_code timetable_eventbridge_check(struct timetable *timetable, char *ret_text, size_t text_bytes,
                                         struct kk_err *err)
{
    struct timetable_eventbridge *self = self_of(timetable);
    long long count = 0;
    enum kk_code rc = call_group(self, HTTP_GET, err);

    if (!rc)
        rc = eventbridge_each(timetable, count_name, &count, err);
    if (!rc)
        snprintf(ret_text, text_bytes, "group %s at EventBridge: %lld schedules", self->group, count);
    return rc;
}

enum kk_code timetable_eventbridge_create(struct timetable *timetable, struct kk_err *err)
{
    enum kk_code rc = call_group(self_of(timetable), HTTP_POST, err);

    return rc == KK_CONFLICT ? KK_OK : rc;
}
