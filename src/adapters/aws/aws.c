#include "adapters/aws/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws_error.h"
#include "adapters/http/http_error.h"
#include "base/assert.h"

#define TRIES_MAX 3
#define BACKOFF_FIRST_MS INT64_C(100) /* doubles; full jitter */
#define ANSWER_HEADERS_MAX_BYTES (16 * 1024)
#define REQUEST_TEXT_MAX_BYTES (24 * 1024)
#define TRY_AGAIN_MS (5 * KK_SECOND_MS) /* no other try after so long: whoever waits has signals to hear */
#define SKEW_LEAST_MS KK_MINUTE_MS      /* less is the Date header's own coarseness and the way */

struct aws {
    struct http *http; /* for blocking calls alone */
    const struct kk_clock *clock;
    const struct kk_rng *rng;
    struct credentials keys;
    int64_t skew_ms; /* AWS's clock less ours */
};

enum kk_code aws_open(const struct kk_clock *clock, const struct kk_rng *rng, struct aws **ret_aws, struct kk_err *err)
{
    const struct http_settings settings = {.max_transfers = AWS_CALLS_MAX};
    struct aws *aws = calloc(1, sizeof(*aws));
    enum kk_code rc;

    if (!aws)
        return kk_fail(err, KK_NO_MEMORY, "no memory for AWS");
    aws->clock = clock;
    aws->rng = rng;
    rc = http_open(&settings, &aws->http, err);
    if (rc) {
        aws_close(aws);
        return rc;
    }
    *ret_aws = aws;
    return KK_OK;
}

void aws_close(struct aws *aws)
{
    if (!aws)
        return;
    http_close(aws->http);
    credentials_wipe(&aws->keys);
    free(aws);
}

void aws_reply_done(struct aws_reply *reply)
{
    kk_buf_done(&reply->body);
}

enum kk_code aws_place_set(struct aws_place *place, const char *service, struct kk_sv region, struct kk_sv endpoint,
                           struct kk_err *err)
{
    bool is_http = kk_sv_starts(endpoint, KK_SV("http://")) || kk_sv_starts(endpoint, KK_SV("https://"));

    *place = (struct aws_place){.is_s3 = strcmp(service, "s3") == 0};
    kk_sv_copy(kk_sv_of(service), place->service, sizeof(place->service));
    if (region.len)
        kk_sv_copy(region, place->region, sizeof(place->region));
    else
        credentials_region(place->region);
    if (!place->region[0])
        return kk_fail(err, KK_BAD_INPUT, "no AWS region is named: add ?region=, or set AWS_REGION");
    for (const char *c = place->region; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c))
            return kk_fail(err, KK_BAD_INPUT, "\"%s\" is no AWS region, such as ap-northeast-2", place->region);
    while (endpoint.len && endpoint.ptr[endpoint.len - 1] == '/')
        endpoint.len--;
    if (!endpoint.len)
        snprintf(place->base, sizeof(place->base), "https://%s.%s.amazonaws.com%s", service, place->region,
                 strncmp(place->region, "cn-", 3) == 0 ? ".cn" : "");
    else if (!is_http || !kk_sv_copy(endpoint, place->base, sizeof(place->base)))
        return kk_fail(err, KK_BAD_INPUT, "endpoint= is no http or https address");
    return KK_OK;
}

/* ---- one try ---- */

enum kk_code aws_start(struct aws *aws, struct http *http, const struct http_owner *owner, int64_t id,
                       const struct aws_request *request, struct kk_err *err)
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE"};
    KK_CLEANUP(kk_buf_done) struct kk_buf target = KK_BUF(REQUEST_TEXT_MAX_BYTES), url = KK_BUF(REQUEST_TEXT_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf headers = KK_BUF(REQUEST_TEXT_MAX_BYTES);
    const struct aws_place *place = request->place;
    struct sigv4_key key;
    enum kk_code rc = credentials_get(&aws->keys, aws->http, aws->clock, err);
    const struct sigv4_request to_sign = {.method = kk_sv_of(methods[request->method]),
                                          .host = http_authority(kk_sv_of(place->base)),
                                          .path = request->path.len ? request->path : KK_SV("/"),
                                          .query = request->query,
                                          .query_count = request->query_count,
                                          .headers = request->headers,
                                          .header_count = request->header_count,
                                          .body = request->body,
                                          .region = kk_sv_of(place->region),
                                          .service = kk_sv_of(place->service),
                                          .is_s3 = place->is_s3};

    if (rc)
        return rc;
    key = credentials_key(&aws->keys);
    rc = sigv4_sign(&to_sign, &key, kk_wall_ms(aws->clock) + aws->skew_ms, &target, &headers, err);
    if (rc)
        return rc;
    kk_buf_add(&url, kk_sv_of(place->base));
    kk_buf_add(&url, kk_buf_sv(&target));
    if (url.failed)
        return kk_buf_check(&url, "an address", err);

    const struct http_request wire = {.method = request->method,
                                      .url = kk_buf_sv(&url),
                                      .headers = kk_buf_sv(&headers),
                                      .body = request->body,
                                      .timeout_ms = request->timeout_ms,
                                      .max_body_bytes = request->max_body_bytes,
                                      .max_header_bytes = ANSWER_HEADERS_MAX_BYTES};

    return http_start(http, owner, id, &wire, err);
}

/* "Sat, 28 Nov 2026 04:21:22 GMT"; 0: not such a date. */
static int64_t date_ms(struct kk_sv text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char copy[40], month[4] = "";
    int day, year, hour, minute, second;
    const char *at;

    if (!kk_sv_copy(text, copy, sizeof(copy)) ||
        sscanf(copy, "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, month, &year, &hour, &minute, &second) != 6)
        return 0;
    at = strlen(month) == 3 ? strstr(months, month) : NULL;
    return at ? kk_time_from_civil(year, (int)(at - months) / 3 + 1, day, hour, minute, second) : 0;
}

/* A wrong clock is noticed in a refusal and made good from the answer's own date; so the next try is right. */
static void correct_clock(struct aws *aws, const struct fetch_reply *from)
{
    int64_t theirs_ms = date_ms(fetch_header(from->headers, "date"));
    int64_t skew_ms = theirs_ms ? theirs_ms - kk_wall_ms(aws->clock) : 0;

    aws->skew_ms = skew_ms > SKEW_LEAST_MS || skew_ms < -SKEW_LEAST_MS ? skew_ms : 0;
}

void aws_read(struct aws *aws, const struct aws_place *place, const char *what, struct fetch_reply *from,
              struct aws_reply *ret)
{
    struct aws_error error;
    const char *advice;

    *ret = (struct aws_reply){.http_status = from->http_status};
    if (from->end != FETCH_DONE) {
        ret->code = from->end == FETCH_TIMED_OUT ? KK_TIMEOUT : KK_UNAVAILABLE;
        kk_fail(&ret->err, ret->code, "%s: %s: %s", what, place->base, from->error);
        return;
    }
    aws_error_read(from->http_status, fetch_header(from->headers, "x-amzn-errortype"), kk_buf_sv(from->body), &error);
    ret->code = error.code;
    memcpy(ret->aws_code, error.name, sizeof(ret->aws_code));
    if (!ret->code) {
        ret->body = *from->body;
        *from->body = (struct kk_buf){.max_bytes = ret->body.max_bytes};
        return;
    }
    if (error.is_skew) {
        correct_clock(aws, from);
        ret->code = KK_BUSY;
    }
    if (error.is_old_key) {
        aws->keys.look_at_ms = 0;
        aws->keys.from = NULL;
        ret->code = KK_BUSY;
    }
    if (*error.action) {
        kk_fail(&ret->err, ret->code, "%s: the role lacks the right %s: add it to its policy", what, error.action);
        return;
    }
    advice = aws_error_advice(&error);
    kk_fail(&ret->err, ret->code, "%s: %s (%d)%s%.150s", what, *error.name ? error.name : "refused", from->http_status,
            *advice || *error.message ? ": " : "", *advice ? advice : error.message);
}

/* ---- many, until they have ended ---- */

struct round {
    struct aws *aws;
    const struct aws_request *requests;
    struct aws_reply *replies;
    size_t flying;
};

static void on_done(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct round *round = ctx;

    round->flying--;
    aws_reply_done(&round->replies[id]);
    aws_read(round->aws, round->requests[id].place, round->requests[id].what, reply, &round->replies[id]);
}

/* Waits until less than room calls are under way. */
static void wait_for(struct round *round, size_t room)
{
    while (round->flying >= room) { /* each call has a time-out of its own */
        if (http_wait(round->aws->http, NULL, 0, KK_SECOND_MS, NULL))
            return;
        http_turn(round->aws->http);
    }
}

static void try_each(struct round *round, size_t count, bool is_first)
{
    const struct http_owner owner = {.on_done = on_done, .ctx = round};

    for (size_t i = 0; i < count; i++) {
        struct aws_reply *reply = &round->replies[i];

        if (!is_first && !kk_code_may_retry(reply->code))
            continue;
        wait_for(round, AWS_CALLS_MAX);
        reply->code = aws_start(round->aws, round->aws->http, &owner, (int64_t)i, &round->requests[i], &reply->err);
        round->flying += reply->code == KK_OK;
    }
    wait_for(round, 1);
    http_forget(round->aws->http, &owner); /* nothing is left, but after a failed wait */
}

void aws_call(struct aws *aws, const struct aws_request *requests, struct aws_reply *replies, size_t count)
{
    struct round round = {.aws = aws, .requests = requests, .replies = replies};
    int64_t until_ms = kk_mono_ms(aws->clock) + TRY_AGAIN_MS;

    for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
        bool is_over = true;

        try_each(&round, count, attempt == 0);
        for (size_t i = 0; i < count; i++)
            is_over &= !kk_code_may_retry(replies[i].code);
        if (is_over || kk_mono_ms(aws->clock) >= until_ms)
            return;
        if (attempt + 1 < TRIES_MAX)
            http_wait(aws->http, NULL, 0, (int64_t)kk_rng_below(aws->rng, (uint64_t)(BACKOFF_FIRST_MS << attempt)) + 1,
                      NULL);
    }
}

enum kk_code aws_call_one(struct aws *aws, const struct aws_request *request, struct aws_reply *ret_reply,
                          struct kk_err *err)
{
    *ret_reply = (struct aws_reply){0};
    aws_call(aws, request, ret_reply, 1);
    return ret_reply->code ? kk_fail(err, ret_reply->code, "%s", ret_reply->err.msg) : KK_OK;
}

int64_t aws_skew_ms(const struct aws *aws)
{
    return aws->skew_ms;
}

struct kk_sv aws_xml_next(struct kk_sv *rest, const char *tag)
{
    char open[40], close[40];
    size_t from, len;

    snprintf(open, sizeof(open), "<%.32s>", tag);
    snprintf(close, sizeof(close), "</%.32s>", tag);
    from = kk_sv_find(*rest, kk_sv_of(open));
    if (from == rest->len) {
        *rest = (struct kk_sv){0};
        return (struct kk_sv){0};
    }
    from += strlen(open);

    struct kk_sv inside = {rest->ptr + from, rest->len - from};

    len = kk_sv_find(inside, kk_sv_of(close));
    *rest = (struct kk_sv){inside.ptr + len, inside.len - len};
    return (struct kk_sv){inside.ptr, len};
}
