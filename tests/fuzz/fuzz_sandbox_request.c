/* Foreign requests to a small sandbox, the site's pages and its controls: a line each for method, target, user agent,
 * authorization, cookie and accept-encoding, then the next request. Whatever is asked, the answer is one a server can
 * send, and what is said in JSON is JSON. Every input begins with a new world, so that it fails again by itself. */
#include "base/assert.h"
#include "base/json.h"
#include "sandbox/sandbox.h"

#define REQUESTS_MAX 16
#define BODY_MAX_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sandbox *make_world(void)
{
    struct sandbox_conf conf = sandbox_conf_default();
    struct sandbox *sandbox = NULL;
    struct kk_err err;

    conf.sellers = "luxmaison:3,emptyshop:0";
    conf.limit = 8;
    conf.window_ms = 1000;
    conf.cache_bytes = 1 << 20;
    conf.huge_bytes = 1 << 20;
    conf.moves_per_minute = 60;
    KK_ASSERT(sandbox_create(&conf, 1000, &sandbox, &err) == KK_OK);
    return sandbox;
}

static void check_reply(const struct sandbox_request *request, const struct sandbox_reply *reply)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    bool is_control = kk_sv_starts(request->target, KK_SV("/__sandbox/"));

    KK_ASSERT(reply->is_hang ? reply->status == 0 : reply->status >= 200 && reply->status < 600);
    KK_ASSERT(reply->header_count <= SANDBOX_HEADERS_MAX && reply->delay_ms >= 0 && !reply->body.failed);
    KK_ASSERT(reply->body.len < BODY_MAX_BYTES && (reply->cut_at == SANDBOX_WHOLE || reply->cut_at <= reply->body.len));
    for (unsigned i = 0; i < reply->header_count; i++) { /* nobody writes headers of our own */
        KK_ASSERT(memchr(reply->header[i].value, '\0', SANDBOX_HEADER_BYTES));
        KK_ASSERT(!strpbrk(reply->header[i].value, "\r\n"));
    }
    if (is_control)
        KK_ASSERT(kk_json_parse(kk_buf_sv(&reply->body), &json, NULL) == KK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv rest = {(const char *)data, size};
    struct sandbox *sandbox = make_world();
    struct sandbox_reply reply;

    sandbox_reply_init(&reply);
    for (int i = 0; i < REQUESTS_MAX && rest.len > 0; i++) {
        struct sandbox_request request = {0};

        request.method = kk_sv_cut(&rest, '\n');
        request.target = kk_sv_cut(&rest, '\n');
        request.user_agent = kk_sv_cut(&rest, '\n');
        request.authorization = kk_sv_cut(&rest, '\n');
        request.cookie = kk_sv_cut(&rest, '\n');
        request.accept_encoding = kk_sv_cut(&rest, '\n');
        sandbox_respond(sandbox, &request, 2000 + 200 * i, &reply);
        check_reply(&request, &reply);
    }
    sandbox_reply_done(&reply);
    sandbox_destroy(sandbox);
    return 0;
}
