#include "sandbox/inside.h"

#include <string.h>

#define HTML_TYPE "text/html; charset=UTF-8"

/* --- instead of an answer --- */

static void answer_challenge(const struct visit *visit, int status, struct sandbox_reply *reply)
{
    static const char *const titles[] = {"Just a moment...", "Human Verification"};
    KK_CLEANUP(kk_buf_done) struct kk_buf page = KK_BUF(1024);

    kk_buf_addf(&page,
                "<!DOCTYPE html><html><head><title>%s</title></head><body><noscript>Enable JavaScript and cookies to "
                "continue</noscript><form id=\"challenge-form\" action=\"/\" method=\"POST\"></form></body></html>",
                titles[visit->dice % KK_COUNT(titles)]);
    reply_text(reply, status, HTML_TYPE, kk_buf_sv(&page));
}

static void answer_off_host(struct sandbox_reply *reply)
{
    reply_text(reply, 302, HTML_TYPE, KK_SV(""));
    reply_add_header(reply, "Location", "https://www.mustit.invalid/");
}

/* A longer address than any of ours has no room in the header: it is sent elsewhere. */
static void answer_hop(const struct visit *visit, struct sandbox_reply *reply)
{
    struct kk_sv target = visit->request->target;

    if (target.len >= SANDBOX_HEADER_BYTES) {
        answer_off_host(reply);
        return;
    }
    reply_text(reply, 302, HTML_TYPE, KK_SV(""));
    reply_add_header(reply, "Location", KK_SV_FMT, KK_SV_ARG(target));
}

static void answer_void_token(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    gate_revoke(sandbox->gate, visit->token);
    answer_refusal(401, "TOKEN_EXPIRED", reply);
}

bool odd_instead(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    switch (visit->fault) {
    case FAULT_429:
        answer_limited(sandbox, visit, RETRY_AFTER_NONE, 0, reply);
        return true;
    case FAULT_429_RETRY_AFTER:
        answer_limited(sandbox, visit, visit->dice & 1 ? RETRY_AFTER_SECONDS : RETRY_AFTER_DATE,
                       sandbox->conf.fault_retry_after_ms, reply);
        return true;
    case FAULT_400:
        answer_refusal(400, "BAD_REQUEST", reply);
        return true;
    case FAULT_401:
        answer_void_token(sandbox, visit, reply);
        return true;
    case FAULT_403:
        answer_refusal(403, "FORBIDDEN", reply);
        return true;
    case FAULT_404:
        answer_refusal(404, "NO_SUCH_ITEM", reply);
        return true;
    case FAULT_500:
        answer_refusal(500, "INTERNAL", reply);
        return true;
    case FAULT_503:
        answer_refusal(503, "UNAVAILABLE", reply);
        return true;
    case FAULT_HANG:
        reply->is_hang = true;
        reply->delay_ms = sandbox->conf.hang_ms;
        return true;
    case FAULT_CHALLENGE:
        answer_challenge(visit, 200, reply);
        return true;
    case FAULT_CHALLENGE_403:
        answer_challenge(visit, 403, reply);
        return true;
    case FAULT_EMPTY:
        reply_text(reply, 200, "application/json;charset=UTF-8", KK_SV(""));
        return true;
    case FAULT_OFF_HOST:
        answer_off_host(reply);
        return true;
    case FAULT_HOP:
        answer_hop(visit, reply);
        return true;
    case FAULT_SLOW:
    case FAULT_CUT:
    case FAULT_SHORT:
    case FAULT_GARBLE:
    case FAULT_HUGE:
    case FAULT_WRONG_SHAPE:
    case FAULT_FOREIGN:
    case FAULT_INSERT:
    case FAULT_HOME_NO_COOKIE:
    case FAULT_HOME_EXPIRES:
    case FAULT_HOME_403:
    case FAULT_HOME_HOP:
    case FAULT_NONE:
        break;
    }
    return false;
}

/* --- to an answer --- */

/* Each of these leaves text that no JSON reader may take. */
static void garble(const struct visit *visit, struct sandbox_reply *reply)
{
    struct kk_sv accept = visit->request->accept_encoding;
    bool takes_gzip = kk_sv_find(accept, KK_SV("gzip")) < accept.len;

    switch (reply->body.len < 8 ? 0 : visit->dice % (takes_gzip ? 5 : 4)) {
    case 0: /* a bracket is gone */
        reply->body.ptr[0] = ' ';
        break;
    case 1: /* bytes that are no UTF-8 */
        memcpy(reply->body.ptr + reply->body.len / 2, "\xC3\x28", 2);
        break;
    case 2:
        kk_buf_add(&reply->body, KK_SV("}<!-- -->"));
        break;
    case 3: /* a number that is none, in front */
        memcpy(reply->body.ptr, "NaN", 3);
        break;
    default: /* says gzip and is not */
        reply_add_header(reply, "Content-Encoding", "gzip");
    }
}

static void pad(struct kk_buf *body, size_t bytes)
{
    char *room = body->len < bytes ? kk_buf_room(body, bytes - body->len) : NULL;

    if (!room)
        return;
    memset(room, ' ', bytes - body->len);
    body->len = bytes;
}

void odd_after(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    bool is_json = visit->kind != LOG_HOME && reply->status == 200 && reply->body.len >= 2;

    if (visit->fault == FAULT_SLOW)
        reply->delay_ms = sandbox->conf.slow_ms / 2 + (int64_t)(visit->dice % 1000) * sandbox->conf.slow_ms / 1000;
    if (visit->fault == FAULT_CUT && reply->body.len > 0) {
        reply->cut_at = (size_t)(visit->dice % reply->body.len);
        reply->is_chunked = visit->number % 2 == 0;
    }
    if (visit->fault == FAULT_SHORT && is_json)
        reply->body.len /= 2;
    if (visit->fault == FAULT_GARBLE && is_json)
        garble(visit, reply);
    if (visit->fault == FAULT_HUGE)
        pad(&reply->body, (size_t)sandbox->conf.huge_bytes);
}
