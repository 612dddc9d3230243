#include "api/console.h"
#include "api/gzip.h"

#include <stdio.h>

#include "api/console_session.h"
#include "app/key.h"

#define COOKIE "kkachi_session"

/* Nothing but what this server itself sends, and nobody frames it. */
#define POLICY                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " \
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* ---- files ---- */

static void answer_file(struct api_call *call, const struct console_file *file)
{
    bool is_gzip = file->gzip && gzip_is_welcome(call->accept_encoding);

    call->type = file->type;
    call->policy = POLICY;
    call->cache = file->is_named_by_content ? "public, max-age=31536000, immutable" : "no-cache";
    call->varies = true;
    snprintf(call->etag, sizeof(call->etag), "%s", file->etag);
    if (kk_sv_eq(kk_sv_trim(call->if_none_match), kk_sv_of(file->etag))) {
        call->status = 304;
        return;
    }
    call->status = 200;
    call->encoding = is_gzip ? "gzip" : NULL;
    kk_buf_add(&call->answer,
               is_gzip ? (struct kk_sv){file->gzip, file->gzip_bytes} : (struct kk_sv){file->plain, file->plain_bytes});
}

bool console_answer(struct api_call *call)
{
    if (!kk_sv_eq(call->method, KK_SV("GET")) && !kk_sv_eq(call->method, KK_SV("HEAD")))
        return false;
    for (const struct console_file *file = console_files; file->path; file++) {
        if (kk_sv_eq(call->path, kk_sv_of(file->path))) {
            answer_file(call, file);
            return true;
        }
    }
    return false;
}

/* ---- sessions ---- */

/* The text of our cookie among all that the browser sent. */
static struct kk_sv cookie_of(const struct api_call *call)
{
    struct kk_sv rest = call->cookie;

    while (rest.len) {
        struct kk_sv pair = kk_sv_trim(kk_sv_cut(&rest, ';')), name = kk_sv_cut(&pair, '=');

        if (kk_sv_eq(name, KK_SV(COOKIE)))
            return pair;
    }
    return (struct kk_sv){0};
}

static bool is_write(const struct api_call *call)
{
    return !kk_sv_eq(call->method, KK_SV("GET")) && !kk_sv_eq(call->method, KK_SV("HEAD"));
}

enum kk_code console_key(struct api_call *call, struct kk_err *err)
{
    struct kk_sv text = cookie_of(call);
    int64_t key_id = call->sessions ? session_find(call->sessions, text, kk_mono_ms(call->app->clock)) : 0;
    enum kk_code rc;

    if (!key_id)
        return kk_fail(err, KK_NOT_FOUND, "nobody is logged in");
    if (is_write(call) && !session_csrf_is(text, call->csrf))
        return kk_fail(err, KK_DENIED, "a write with a session's cookie needs its token in X-CSRF-Token");
    rc = key_check_id(call->app, key_id, &call->key, err);
    if (rc == KK_DENIED)
        session_close(call->sessions, text);
    return rc;
}

/* Behind a proxy that ends TLS, the cookie is for TLS alone. */
static void set_cookie(struct api_call *call, const char *text, int64_t age_ms)
{
    snprintf(call->set_cookie, sizeof(call->set_cookie), COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
             text, (int)(age_ms / KK_SECOND_MS),
             kk_sv_eq_ci(kk_sv_trim(call->forwarded_proto), KK_SV("https")) ? "; Secure" : "");
}

/* What the key may ask, so that the page offers no more than that. */
static void put_routes(struct api_call *call)
{
    kk_jw_key(&call->answer, "routes");
    kk_jw_open(&call->answer, '[');
    for (const struct api_route *route = api_routes; route->method; route++) {
        char text[128];

        if (route->role > call->key.role)
            continue;
        snprintf(text, sizeof(text), "%s %s", route->method, route->path);
        kk_jw_str(&call->answer, kk_sv_of(text));
    }
    kk_jw_close(&call->answer, ']');
}

static enum kk_code answer_session(struct api_call *call, struct kk_sv text)
{
    char csrf[SESSION_TEXT_BYTES];

    session_csrf(text, csrf);
    api_begin(call, 200);
    kk_jw_key_str(&call->answer, "version", KK_SV(KK_VERSION));
    kk_jw_key(&call->answer, "session");
    if (!call->key.id) {
        kk_jw_null(&call->answer);
        return api_end(call);
    }
    kk_jw_open(&call->answer, '{');
    kk_jw_key_i64(&call->answer, "keyId", call->key.id);
    kk_jw_key_str(&call->answer, "name", kk_sv_of(call->key.name));
    kk_jw_key_str(&call->answer, "role", kk_sv_of(api_role_name(call->key.role)));
    kk_jw_key_str(&call->answer, "csrf", kk_sv_of(csrf));
    put_routes(call);
    kk_jw_close(&call->answer, '}');
    return api_end(call);
}

enum kk_code console_login(struct api_call *call, struct kk_err *err)
{
    char text[SESSION_TEXT_BYTES];
    enum kk_code rc = key_check(call->app, kk_sv_trim(api_text(call, "key")), &call->key, err);

    if (rc == KK_DENIED)
        return api_refuse(call, 401, "#/key", err->msg);
    if (rc)
        return rc;
    session_close(call->sessions, cookie_of(call));
    session_open(call->sessions, call->key.id, call->app->rng, kk_mono_ms(call->app->clock), text);
    set_cookie(call, text, SESSION_LIFE_MS);
    return answer_session(call, kk_sv_of(text));
}

/* Nobody logged in is an answer, not a failure: the page asks before it knows. */
enum kk_code console_show_session(struct api_call *call, struct kk_err *err)
{
    enum kk_code rc = console_key(call, err);

    if (rc && rc != KK_NOT_FOUND && rc != KK_DENIED)
        return rc;
    return answer_session(call, cookie_of(call));
}

enum kk_code console_logout(struct api_call *call, struct kk_err *err)
{
    enum kk_code rc = console_key(call, err);

    if (rc == KK_DENIED)
        return api_refuse(call, 403, NULL, err->msg);
    if (rc && rc != KK_NOT_FOUND)
        return rc;
    session_close(call->sessions, cookie_of(call));
    set_cookie(call, "", 0);
    call->key = (struct api_key){0};
    return answer_session(call, KK_SV(""));
}
