/* What of RFC 6265 a guest token needs: a value, and when it ends. Domain and Path are not looked at, since only the
 * site's own host is ever asked. */
#include "site/session.h"

#include "base/clock.h"
#include "core/backoff.h"

#define COOKIE_LIFE_MAX_MS (400 * KK_DAY_MS) /* as browsers have it; keeps every sum within 64 bits */

/* A value goes back out in a header, so it is of the bytes that RFC 6265 allows and nothing else; it was cut at ';'. */
static bool is_value(struct kk_sv value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];

        if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == '\\')
            return false;
    }
    return value.len > 0;
}

static struct kk_sv unquote(struct kk_sv value)
{
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return (struct kk_sv){value.ptr + 1, value.len - 2};
    return value;
}

/* When the attributes say the cookie ends, and at least 1; 0: they do not say. Max-Age wins over Expires. */
static int64_t ends_at_ms(struct kk_sv attributes, int64_t now_ms)
{
    int64_t by_age_ms = 0, by_date_ms = 0, seconds, date_ms;

    while (attributes.len > 0) {
        struct kk_sv value = kk_sv_cut(&attributes, ';');
        struct kk_sv name = kk_sv_trim(kk_sv_cut(&value, '='));

        value = kk_sv_trim(value);
        if (kk_sv_eq_ci(name, KK_SV("Max-Age")) && kk_sv_i64(value, &seconds)) {
            seconds = seconds < COOKIE_LIFE_MAX_MS / 1000 ? seconds : COOKIE_LIFE_MAX_MS / 1000;
            by_age_ms = seconds > 0 ? now_ms + seconds * 1000 : 1;
        } else if (kk_sv_eq_ci(name, KK_SV("Expires")) && http_date_ms(value, &date_ms)) {
            date_ms = date_ms < now_ms + COOKIE_LIFE_MAX_MS ? date_ms : now_ms + COOKIE_LIFE_MAX_MS;
            by_date_ms = date_ms > 0 ? date_ms : 1; /* 1970 is how a cookie is deleted */
        }
    }
    return by_age_ms ? by_age_ms : by_date_ms;
}

void session_set_cookie(struct session *session, struct kk_sv set_cookie, int64_t now_ms)
{
    struct kk_sv rest = set_cookie;
    struct kk_sv value = kk_sv_cut(&rest, ';');
    struct kk_sv name = kk_sv_trim(kk_sv_cut(&value, '='));
    int64_t end_ms = ends_at_ms(rest, now_ms);
    bool is_token = kk_sv_eq(name, KK_SV("token"));

    value = unquote(kk_sv_trim(value));
    if (!is_value(value) || (end_ms != 0 && end_ms <= now_ms))
        return;
    if (is_token && value.len < sizeof(session->token)) {
        kk_sv_copy(value, session->token, sizeof(session->token));
        session->expires_at_ms = end_ms;
    } else if (kk_sv_eq(name, KK_SV("nid")) && value.len < sizeof(session->nid)) {
        kk_sv_copy(value, session->nid, sizeof(session->nid));
    } else if (kk_sv_eq(name, KK_SV("mustit_uid")) && value.len < sizeof(session->mustit_uid)) {
        kk_sv_copy(value, session->mustit_uid, sizeof(session->mustit_uid));
    }
}
