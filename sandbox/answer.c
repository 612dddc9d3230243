#include "sandbox/inside.h"

#include <stdio.h>

#include "base/clock.h"
#include "sandbox/move.h"
#include "sandbox/query.h"
#include "sandbox/token.h"

#define JSON_TYPE "application/json;charset=UTF-8"
#define HTML_TYPE "text/html; charset=utf-8"
#define GZIP_LEAST 256 /* bytes; below it compression costs more than it saves */
#define ID_LIFE_S 31536000

/* --- refusals --- */

/* The real site's error bodies are unknown; nobody may rely on this one. */
void answer_refusal(int status, const char *code, struct sandbox_reply *reply)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"code\":\"%s\",\"message\":\"요청을 처리할 수 없습니다.\"}", code);
    reply_text(reply, status, JSON_TYPE, kk_sv_of(body));
}

/* The token that saw a 429 is dead from here on (A5). */
void answer_limited(struct sandbox *sandbox, const struct visit *visit, enum sandbox_retry_after form, int64_t wait_ms,
                    struct sandbox_reply *reply)
{
    int64_t seconds = (wait_ms + KK_SECOND_MS - 1) / KK_SECOND_MS;
    char date[TOKEN_DATE_BYTES];

    gate_kill(sandbox->gate, visit->agent, visit->token);
    answer_refusal(429, "TOO_MANY_REQUESTS", reply);
    if (form == RETRY_AFTER_SECONDS)
        reply_add_header(reply, "Retry-After", "%" PRId64, seconds);
    if (form != RETRY_AFTER_DATE)
        return;
    /* A date has whole seconds: round it up, so that who obeys it is not early. */
    token_date(visit->now_ms + wait_ms + KK_SECOND_MS - 1, DATE_SPACES, date);
    reply_add_header(reply, "Retry-After", "%s", date);
}

/* --- the home page --- */

static void home_page(struct sandbox_reply *reply)
{
    reply_text(reply, 200, HTML_TYPE,
               KK_SV("<!doctype html><html lang=\"ko\"><head><meta charset=\"utf-8\"><title>명품 쇼핑 (sandbox)</title>"
                     "</head><body><main id=\"app\"></main></body></html>"));
}

/* expires: Expires instead of Max-Age, in one of its two spellings. */
static void set_cookie(const struct visit *visit, bool expires, const char *name, const char *value, int64_t life_s,
                       struct sandbox_reply *reply)
{
    char date[TOKEN_DATE_BYTES];

    if (expires) {
        token_date(visit->now_ms + life_s * KK_SECOND_MS, visit->number % 2 ? DATE_SPACES : DATE_DASHES, date);
        reply_add_header(reply, "Set-Cookie", "%s=%s; Path=/; Expires=%s; HttpOnly", name, value, date);
    } else
        reply_add_header(reply, "Set-Cookie", "%s=%s; Max-Age=%" PRId64 "; Path=/; HttpOnly", name, value, life_s);
}

static void set_ids(const struct visit *visit, bool expires, struct sandbox_reply *reply)
{
    char nid[TOKEN_NID_BYTES], uid[64];

    token_nid(visit->dice, nid);
    snprintf(uid, sizeof(uid), "%" PRId64 ".%06u", visit->now_ms, (unsigned)(visit->dice % 1000000));
    set_cookie(visit, expires, "nid", nid, ID_LIFE_S, reply);
    set_cookie(visit, expires, "mustit_uid", uid, ID_LIFE_S, reply);
}

static void set_token(struct sandbox *sandbox, const struct visit *visit, bool expires, struct sandbox_reply *reply)
{
    int64_t life_s = (sandbox->conf.token_life_ms + KK_SECOND_MS - 1) / KK_SECOND_MS;
    char token[GATE_TOKEN_BYTES];

    gate_issue(sandbox->gate, visit->agent, visit->now_ms, token);
    set_cookie(visit, expires, "token", token, life_s, reply);
    set_cookie(visit, expires, "token_type", "Bearer", life_s, reply);
}

static enum sandbox_home home_form(const struct sandbox *sandbox, const struct visit *visit)
{
    if (visit->fault == FAULT_HOME_NO_COOKIE || !kk_sv_starts(visit->request->user_agent, KK_SV("Mozilla/")))
        return HOME_NO_COOKIE;
    if (visit->fault == FAULT_HOME_EXPIRES)
        return HOME_EXPIRES;
    if (visit->fault == FAULT_HOME_403)
        return HOME_FORBIDDEN;
    return visit->fault == FAULT_HOME_HOP ? HOME_HOP : sandbox->conf.home;
}

void answer_home(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    enum sandbox_home form = home_form(sandbox, visit);

    if (visit->kind == LOG_HOP && form == HOME_HOP)
        form = HOME_PLAIN;
    switch (form) {
    case HOME_FORBIDDEN:
        answer_refusal(403, "FORBIDDEN", reply);
        return;
    case HOME_NO_COOKIE:
        home_page(reply);
        return;
    case HOME_HOP: /* some cookies here, the token there */
        reply_text(reply, 302, HTML_TYPE, KK_SV(""));
        reply_add_header(reply, "Location", "%s", HOME_HOP_PATH);
        set_ids(visit, false, reply);
        return;
    case HOME_PLAIN:
    case HOME_EXPIRES:
        home_page(reply);
        set_ids(visit, form == HOME_EXPIRES, reply);
        set_token(sandbox, visit, form == HOME_EXPIRES, reply);
    }
}

/* --- the three endpoints --- */

static bool wants_gzip(const struct sandbox *sandbox, const struct visit *visit)
{
    bool needs_plain = visit->fault == FAULT_GARBLE || visit->fault == FAULT_HUGE || visit->fault == FAULT_SHORT;
    struct kk_sv accept = visit->request->accept_encoding;

    return sandbox->conf.has_gzip && !needs_plain && kk_sv_find(accept, KK_SV("gzip")) < accept.len;
}

static void begin_json(struct sandbox_reply *reply, bool is_gzip)
{
    reply->status = 200;
    reply_add_header(reply, "Content-Type", "%s", JSON_TYPE);
    if (is_gzip)
        reply_add_header(reply, "Content-Encoding", "gzip");
}

static void answer_recorded(struct sandbox *sandbox, const struct visit *visit, struct kk_sv body,
                            struct sandbox_reply *reply)
{
    bool is_gzip = wants_gzip(sandbox, visit) && body.len >= GZIP_LEAST;

    begin_json(reply, is_gzip);
    if (is_gzip)
        body_compress(sandbox->bodies, body, &reply->body);
    else
        kk_buf_add(&reply->body, body);
}

static struct body_ask ask_of(const struct sandbox *sandbox, const struct visit *visit)
{
    struct body_ask ask = {.number = visit->number, .is_gzip = wants_gzip(sandbox, visit)};

    if (visit->fault == FAULT_WRONG_SHAPE)
        ask.damage = (enum render_damage)(DAMAGE_NONE + 1 + visit->dice % (DAMAGE_COUNT - 1));
    return ask;
}

static void answer_list(struct sandbox *sandbox, struct visit *visit, struct sandbox_reply *reply)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf name = KK_BUF(256);
    struct world_seller nobody = {.name = ""}, *seller;
    struct body_ask ask = ask_of(sandbox, visit);
    int64_t number, size;
    struct kk_sv body;

    if (!query_text(visit->query, "sellerId", &name) || name.len == 0 ||
        !query_number(visit->query, "pageNo", 0, &number) || number < 0 ||
        !query_number(visit->query, "pageSize", 20, &size) || size < 1) {
        answer_refusal(400, "BAD_PARAMETER", reply);
        return;
    }
    if (sandbox->replay) {
        if (number == 0 && replay_list(sandbox->replay, kk_buf_sv(&name), &body))
            answer_recorded(sandbox, visit, body, reply);
        else
            answer_refusal(404, "NOT_RECORDED", reply);
        return;
    }
    seller = world_seller(sandbox->world, kk_buf_sv(&name));

    struct render_page page = {seller ? seller : &nobody, number,
                               size < sandbox->conf.page_max ? size : sandbox->conf.page_max};

    begin_json(reply, ask.is_gzip);
    if (seller)
        body_list(sandbox->bodies, &ask, &page, &reply->body);
    else
        body_list_once(sandbox->bodies, &ask, &page, &reply->body);
    if (seller && visit->fault == FAULT_INSERT)
        world_move_new(sandbox->world, seller, visit->now_ms);
}

static void answer_item(struct sandbox *sandbox, const struct visit *visit, struct sandbox_reply *reply)
{
    bool is_detail = visit->kind == LOG_DETAIL;
    const struct world_item *item = world_item(sandbox->world, visit->item_no);
    struct body_ask ask = ask_of(sandbox, visit);
    struct kk_sv body;

    if (sandbox->replay) {
        if (replay_item(sandbox->replay, is_detail ? REPLAY_DETAIL : REPLAY_OPTIONS, visit->item_no, &body))
            answer_recorded(sandbox, visit, body, reply);
        else
            answer_refusal(404, "NOT_RECORDED", reply);
        return;
    }
    if (!item || item->is_gone) {
        answer_refusal(item && item->dice % 4 == 0 ? 410 : 404, "NO_SUCH_ITEM", reply);
        return;
    }
    if (visit->fault == FAULT_FOREIGN)
        ask.seller_as = "another.shop";
    begin_json(reply, ask.is_gzip);
    if (is_detail)
        body_detail(sandbox->bodies, &ask, item, &reply->body);
    else
        body_options(sandbox->bodies, &ask, item, &reply->body);
}

void answer_api(struct sandbox *sandbox, struct visit *visit, struct sandbox_reply *reply)
{
    if (visit->kind == LOG_LIST)
        answer_list(sandbox, visit, reply);
    else
        answer_item(sandbox, visit, reply);
}
