#include <stdio.h>

#include "adapters/redis/redis.h"

#define TIMEOUT_MS 1000

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* %XX is one byte: a password may hold any sign. False: malformed, or too long. */
static bool decode(struct kk_sv text, char *ret, size_t ret_bytes)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            if (i + 2 >= text.len || hex(text.ptr[i + 1]) < 0 || hex(text.ptr[i + 2]) < 0)
                return false;
            c = (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
            i += 2;
        }
        if (c == '\0' || len + 1 >= ret_bytes)
            return false;
        ret[len++] = c;
    }
    ret[len] = '\0';
    return true;
}

static bool read_login(struct kk_sv text, struct redis_settings *ret)
{
    struct kk_sv user = kk_sv_cut(&text, ':');

    return decode(user, ret->user, sizeof(ret->user)) && decode(text, ret->password, sizeof(ret->password));
}

/* "host:port", "[::1]:port" */
static bool read_host(struct kk_sv text, struct redis_settings *ret)
{
    struct kk_sv host;
    int64_t port = 6379;

    if (text.len && text.ptr[0] == '[') {
        text = (struct kk_sv){text.ptr + 1, text.len - 1};
        host = kk_sv_cut(&text, ']');
        if (text.len && text.ptr[0] == ':')
            text = (struct kk_sv){text.ptr + 1, text.len - 1};
    } else {
        host = kk_sv_cut(&text, ':');
    }
    if (text.len && !kk_sv_i64(text, &port))
        return false;
    snprintf(ret->port, sizeof(ret->port), "%d", (int)(port & 0xffff));
    return host.len && port > 0 && port < 65536 && kk_sv_copy(host, ret->host, sizeof(ret->host));
}

static bool is_plain(const char *name)
{
    for (; *name; name++)
        if (!((*name | 32) >= 'a' && (*name | 32) <= 'z') && !(*name >= '0' && *name <= '9') && !strchr("-_.", *name))
            return false;
    return true;
}

static bool read_options(struct kk_sv text, struct redis_settings *ret)
{
    while (text.len) {
        struct kk_sv value = kk_sv_cut(&text, '&'), name = kk_sv_cut(&value, '=');

        if (kk_sv_eq(name, KK_SV("ca")) && value.len) {
            if (!decode(value, ret->ca_path, sizeof(ret->ca_path)))
                return false;
        } else if (kk_sv_eq(name, KK_SV("prefix")) && value.len) {
            if (!decode(value, ret->prefix, sizeof(ret->prefix)) || !is_plain(ret->prefix))
                return false;
        } else {
            return false;
        }
    }
    return true;
}

enum kk_code redis_read_url(struct kk_sv url, struct redis_settings *ret, struct kk_err *err)
{
    struct redis_settings settings = {.prefix = "kkachi", .timeout_ms = TIMEOUT_MS};
    struct kk_sv rest = url, scheme = kk_sv_cut(&rest, ':'), path, place;
    size_t at;

    settings.is_tls = kk_sv_eq(scheme, KK_SV("rediss"));
    if (!kk_sv_starts(rest, KK_SV("//")))
        return kk_fail(err, KK_BAD_INPUT, "write it as in redis://user:password@host:6379/0");
    rest = (struct kk_sv){rest.ptr + 2, rest.len - 2};
    for (at = rest.len; at > 0 && rest.ptr[at - 1] != '@';)
        at--;
    if (at && !read_login((struct kk_sv){rest.ptr, at - 1}, &settings))
        return kk_fail(err, KK_BAD_INPUT,
                       "its user or password is malformed: signs such as %% and : are written %%25, "
                       "%%3A");
    rest = (struct kk_sv){rest.ptr + at, rest.len - at};
    path = kk_sv_cut(&rest, '?');
    place = kk_sv_cut(&path, '/');
    if (!read_host(place, &settings))
        return kk_fail(err, KK_BAD_INPUT, "it has no valid host and port, as in redis://host:6379/0");
    if (path.len && (!kk_sv_i64(path, &settings.db) || settings.db < 0 || settings.db > 65535))
        return kk_fail(err, KK_BAD_INPUT, "behind the host stands the database's number, as in redis://host:6379/0");
    if (!read_options(rest, &settings))
        return kk_fail(err, KK_BAD_INPUT, "behind the '?' may stand ca=FILE and prefix=NAME, joined by '&'");
    *ret = settings;
    return KK_OK;
}
