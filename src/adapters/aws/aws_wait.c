#include "adapters/aws/aws_wait.h"

struct waiting {
    bool is_over;
    int status;
    enum fetch_end end;
    struct kk_buf *body;
    char error[160];
};

static void on_done(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct waiting *waiting = ctx;

    (void)id;
    waiting->is_over = true;
    waiting->status = reply->http_status;
    waiting->end = reply->end;
    kk_buf_add(waiting->body, kk_buf_sv(reply->body));
    kk_sv_copy(kk_sv_of(reply->error), waiting->error, sizeof(waiting->error));
}

enum kk_code aws_wait(struct http *http, const struct http_request *request, int *ret_status, struct kk_buf *ret_body,
                      struct kk_err *err)
{
    struct waiting waiting = {.body = ret_body};
    const struct http_owner owner = {.on_done = on_done, .ctx = &waiting};
    enum kk_code rc = http_start(http, &owner, 1, request, err);

    while (!rc && !waiting.is_over) { /* http gives up on what takes longer than its time */
        rc = http_wait(http, NULL, 0, request->timeout_ms, err);
        http_turn(http);
    }
    if (rc) {
        http_forget(http, &owner);
        return rc;
    }
    if (waiting.end != FETCH_DONE)
        return kk_fail(err, waiting.end == FETCH_TIMED_OUT ? KK_TIMEOUT : KK_UNAVAILABLE, "%s", waiting.error);
    *ret_status = waiting.status;
    return kk_buf_check(ret_body, "an answer", err);
}
