#include "cmd/demo_site.h"

#include "adapters/http/http_curl.h"
#include "base/clock.h"

#define START_MS (30 * KK_SECOND_MS)
#define ASK_MS (60 * KK_SECOND_MS)
#define STOP_MS (3 * KK_SECOND_MS)
#define ANSWER_MAX_BYTES ((size_t)256 * 1024 * 1024)

enum kk_code demo_site_start(struct demo_site *site, const char *sellers, const char *limit, const char *window,
                             const char *log, struct kk_err *err)
{
    const char *const argv[] = {"kkachi",  "sandbox", "--json",   "--with-parent", "--sellers", sellers,
                                "--limit", limit,     "--window", window,          NULL};
    KK_CLEANUP(kk_buf_done) struct kk_buf line = KK_BUF(4096);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv url;
    enum kk_code rc = child_start(&site->child, argv, log, true, err);

    if (!rc)
        rc = child_read_line(&site->child, START_MS, &line, err);
    if (!rc)
        rc = kk_json_parse(kk_buf_sv(&line), &json, err);
    if (!rc &&
        (!kk_jv_str(kk_jv_get(kk_json_root(json), "url"), &url) || !kk_sv_copy(url, site->url, sizeof(site->url))))
        rc = kk_fail(err, KK_MISMATCH, "it printed no address");
    if (!rc)
        rc = http_open(&(struct http_settings){.max_transfers = 1}, &site->http, err);
    return rc ? kk_while(err, rc, "the sandbox") : KK_OK;
}

void demo_site_stop(struct demo_site *site)
{
    http_close(site->http);
    site->http = NULL;
    child_stop(&site->child, STOP_MS);
}

struct answer {
    bool is_there;
    int http_status;
    struct kk_buf body;
    char error[160];
};

static void take_answer(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct answer *answer = ctx;

    (void)id;
    answer->is_there = true;
    answer->http_status = reply->end == FETCH_DONE ? reply->http_status : 0;
    snprintf(answer->error, sizeof(answer->error), "%s", reply->error);
    if (reply->body) {
        answer->body = *reply->body;
        *reply->body = (struct kk_buf){0};
    }
}

enum kk_code demo_site_ask(struct demo_site *site, const char *what, bool is_post, struct kk_json **ret,
                           struct kk_err *err)
{
    struct answer answer = {0};
    struct http_owner owner = {.on_done = take_answer, .ctx = &answer};
    char url[512];
    struct http_request request = {.method = is_post ? HTTP_POST : HTTP_GET,
                                   .timeout_ms = ASK_MS,
                                   .max_body_bytes = ANSWER_MAX_BYTES,
                                   .max_header_bytes = FETCH_HEADERS_MAX_BYTES};
    enum kk_code rc;

    snprintf(url, sizeof(url), "%s/__sandbox/%s", site->url, what);
    request.url = kk_sv_of(url);
    rc = http_start(site->http, &owner, 1, &request, err);
    while (!rc && !answer.is_there) {
        rc = http_wait(site->http, NULL, 0, KK_SECOND_MS, err);
        http_turn(site->http);
    }
    http_forget(site->http, &owner);
    if (!rc && answer.http_status != 200)
        rc = kk_fail(err, KK_UNAVAILABLE, "status %d %s", answer.http_status, answer.error);
    if (!rc)
        rc = kk_json_parse(kk_buf_sv(&answer.body), ret, err);
    kk_buf_done(&answer.body);
    return rc ? kk_while(err, rc, "asking the sandbox for %s", what) : KK_OK;
}
