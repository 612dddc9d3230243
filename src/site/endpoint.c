#include "site/endpoint.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/text.h"
#include "site/paths.h"

static struct kk_sv cut_off(struct kk_sv text, size_t bytes)
{
    return (struct kk_sv){text.ptr + bytes, text.len - bytes};
}

enum kk_code endpoint_path(const struct site *site, enum task_kind kind, int64_t item_no, char *ret, size_t ret_bytes,
                           struct kk_err *err)
{
    const char *prefix = kind == TASK_DETAIL ? SITE_DETAIL_PREFIX : SITE_OPTIONS_PREFIX;
    const char *suffix = kind == TASK_DETAIL ? SITE_DETAIL_SUFFIX : SITE_OPTIONS_SUFFIX;

    if (kind == TASK_LIST) {
        if (site->list_path.len == 0 || !kk_sv_copy(site->list_path, ret, ret_bytes))
            return kk_fail(err, KK_BAD_INPUT, "the list's path must have 1 to %zu characters", ret_bytes - 1);
        return KK_OK;
    }
    KK_ASSERT(kind == TASK_DETAIL || kind == TASK_OPTIONS);
    if (item_no <= 0)
        return kk_fail(err, KK_BAD_INPUT, "%" PRId64 " is no item number", item_no);

    int len = snprintf(ret, ret_bytes, "%s%" PRId64 "%s", prefix, item_no, suffix);

    KK_ASSERT(len > 0 && (size_t)len < ret_bytes);
    return KK_OK;
}

void endpoint_url(const struct site *site, const struct task *task, int64_t page_size, struct kk_buf *out)
{
    kk_buf_add(out, site->base_url);
    kk_buf_add(out, kk_sv_of(task->endpoint));
    if (task->kind != TASK_LIST)
        return;
    kk_buf_add(out, KK_SV("?sellerId="));
    kk_percent_encode(kk_sv_of(task->seller_id), out);
    kk_buf_add(out, KK_SV("&pageNo="));
    kk_buf_add_i64(out, task->page);
    kk_buf_add(out, KK_SV("&pageSize="));
    kk_buf_add_i64(out, page_size > 0 ? page_size : site->page_size);
    kk_buf_add(out, KK_SV("&order=LATEST"));
}

/* scheme://host:port and what follows; views into the address. */
struct address {
    struct kk_sv scheme, host, port, rest;
};

static bool split_authority(struct kk_sv authority, struct address *ret)
{
    size_t colon = authority.len;

    if (authority.len == 0) /* a name and password before an '@' count as host here, and so never match one */
        return false;
    while (colon > 0 && authority.ptr[colon - 1] >= '0' && authority.ptr[colon - 1] <= '9')
        colon--;
    if (colon > 0 && authority.ptr[colon - 1] == ':') {
        ret->port = cut_off(authority, colon);
        authority.len = colon - 1;
    }
    ret->host = authority;
    if (ret->port.len == 0)
        ret->port = kk_sv_eq_ci(ret->scheme, KK_SV("https")) ? KK_SV("443") : KK_SV("80");
    return true;
}

/* url begins with "//" when scheme is given. */
static bool split(struct kk_sv url, struct kk_sv scheme, struct address *ret)
{
    size_t colon = kk_sv_find(url, KK_SV("://")), end = 0;

    *ret = (struct address){.scheme = scheme};
    if (scheme.len == 0) {
        if (colon == url.len)
            return false;
        ret->scheme = (struct kk_sv){url.ptr, colon};
        url = cut_off(url, colon + 1);
    }
    url = cut_off(url, 2);
    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?' && url.ptr[end] != '#')
        end++;
    ret->rest = cut_off(url, end);
    return split_authority((struct kk_sv){url.ptr, end}, ret);
}

/* "https:…": letters, then a colon before anything else. */
static bool has_scheme(struct kk_sv location)
{
    size_t i = 0;

    while (i < location.len &&
           ((location.ptr[i] >= 'a' && location.ptr[i] <= 'z') || (location.ptr[i] >= 'A' && location.ptr[i] <= 'Z')))
        i++;
    return i > 0 && i < location.len && location.ptr[i] == ':';
}

/* Bytes that would let two programs read one address in two ways. */
static bool is_clean(struct kk_sv location)
{
    for (size_t i = 0; i < location.len; i++)
        if (location.ptr[i] == '\\' || (unsigned char)location.ptr[i] <= ' ' || location.ptr[i] == 0x7F)
            return false;
    return true;
}

/* Adds text up to a fragment; bytes past ASCII are encoded, what is encoded already is left alone. */
static void add_path(struct kk_buf *out, struct kk_sv text)
{
    text = kk_sv_cut(&text, '#');
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x80)
            kk_buf_addc(out, text.ptr[i]);
        else
            kk_percent_encode((struct kk_sv){text.ptr + i, 1}, out);
    }
}

/* Where a relative location begins in from: behind its path for "?…", else behind the path's last slash. */
static struct kk_sv base_of(struct kk_sv from, struct kk_sv location)
{
    struct kk_sv path = kk_sv_cut(&from, '#');

    path = kk_sv_cut(&path, '?');
    while (location.ptr[0] != '?' && path.len > 0 && path.ptr[path.len - 1] != '/')
        path.len--;
    return path.len > 0 ? path : KK_SV("/");
}

enum kk_code endpoint_redirect(const struct site *site, struct kk_sv from_url, struct kk_sv location,
                               struct kk_buf *ret_url, struct kk_err *err)
{
    struct address home, from, to = {0};
    bool is_absolute, is_known;

    location = kk_sv_trim(location);
    is_absolute = has_scheme(location);
    if (location.len == 0 || location.len > SITE_URL_MAX_BYTES || !is_clean(location) || location.ptr[0] == '#')
        return kk_fail(err, KK_DENIED, "the site redirects to no address");
    if (!split(site->base_url, (struct kk_sv){0}, &home) || !split(from_url, (struct kk_sv){0}, &from))
        return kk_fail(err, KK_DENIED, "a redirect has no address to start from");

    if (is_absolute || kk_sv_starts(location, KK_SV("//"))) {
        is_known = split(location, is_absolute ? (struct kk_sv){0} : home.scheme, &to);
        if (!is_known || !kk_sv_eq_ci(to.scheme, home.scheme) || !kk_sv_eq_ci(to.host, home.host) ||
            !kk_sv_eq(to.port, home.port))
            return kk_fail(err, KK_DENIED, "the site redirects to another site");
        kk_buf_add(ret_url, site->base_url);
        if (to.rest.len == 0 || to.rest.ptr[0] != '/')
            kk_buf_addc(ret_url, '/');
        add_path(ret_url, to.rest);
    } else {
        kk_buf_add(ret_url, site->base_url);
        if (location.ptr[0] != '/')
            add_path(ret_url, base_of(from.rest, location));
        add_path(ret_url, location);
    }
    return kk_buf_check(ret_url, "the address of a redirect", err);
}
