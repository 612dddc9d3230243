#include "site/session.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"

#define JWT_LIFE_MAX_MS (400 * KK_DAY_MS)

/* The claims of a token that looks like a JWT (three parts, base64url), as JSON; false: it is none. The signature is
 * not ours to check: the token is only sent back to where it came from. */
static bool jwt_claims(struct kk_sv token, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf standard = KK_BUF(AGENT_TOKEN_BYTES + 3);
    struct kk_sv claims;

    kk_sv_cut(&token, '.');
    claims = kk_sv_cut(&token, '.');
    if (claims.len == 0 || token.len == 0)
        return false;
    for (size_t i = 0; i < claims.len; i++)
        kk_buf_addc(&standard, claims.ptr[i] == '-' ? '+' : claims.ptr[i] == '_' ? '/' : claims.ptr[i]);
    while (standard.len % 4 != 0 && !standard.failed)
        kk_buf_addc(&standard, '=');
    return !standard.failed && kk_base64_decode(kk_buf_sv(&standard), out);
}

/* When a JWT says it ends; 0: it does not, or it is none. */
static int64_t jwt_ends_at_ms(struct kk_sv token)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf claims = KK_BUF(AGENT_TOKEN_BYTES);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    int64_t seconds;

    if (!jwt_claims(token, &claims) || kk_json_parse(kk_buf_sv(&claims), &json, NULL))
        return 0;
    if (!kk_jv_i64(kk_jv_get(kk_json_root(json), "exp"), &seconds) || seconds <= 0)
        return 0;
    return seconds < INT64_MAX / 1000 ? seconds * 1000 : INT64_MAX;
}

int64_t session_expires_at_ms(const struct session *session, int64_t now_ms)
{
    int64_t end_ms = session->expires_at_ms ? session->expires_at_ms : jwt_ends_at_ms(kk_sv_of(session->token));

    /* A token that says it is over already would be renewed for ever; the two clocks differ, so it gets its usual life.
     */
    if (end_ms <= now_ms)
        return now_ms + SESSION_TOKEN_LIFE_MS;
    return end_ms < now_ms + JWT_LIFE_MAX_MS ? end_ms : now_ms + JWT_LIFE_MAX_MS;
}

static void add_header(struct kk_buf *out, struct kk_sv name, const char *before, const char *value)
{
    kk_buf_add(out, name);
    kk_buf_add(out, KK_SV(": "));
    kk_buf_add(out, kk_sv_of(before));
    kk_buf_add(out, kk_sv_of(value));
    kk_buf_addc(out, '\n');
}

void session_headers(const struct agent *agent, bool for_home, struct kk_buf *out)
{
    add_header(out, KK_SV("User-Agent"), "", agent->user_agent);
    if (for_home) {
        add_header(out, KK_SV("Accept"), "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        add_header(out, KK_SV("Accept-Language"), "", "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7");
        return;
    }
    add_header(out, KK_SV("Accept"), "", "*/*");
    add_header(out, KK_SV("Accept-Language"), "", "ko-KR,ko;q=0.9");
    if (agent->token[0])
        add_header(out, KK_SV("Authorization"), "Bearer ", agent->token); /* as a cookie it is answered by 400 */
    if (!agent->nid[0] || !agent->mustit_uid[0])
        return;
    kk_buf_add(out, KK_SV("Cookie: nid="));
    kk_buf_add(out, kk_sv_of(agent->nid));
    kk_buf_add(out, KK_SV("; mustit_uid="));
    kk_buf_add(out, kk_sv_of(agent->mustit_uid));
    kk_buf_addc(out, '\n');
}
