/* One setting: its row in the table, and whether a value is fit for it. */
#include "cmd/config_priv.h"

#include "base/assert.h"
#include "base/log.h"
#include "cmd/nearest.h"

static const struct config_row rows[] = {
#define X(name, key, type, value, min, max, secrecy, meaning) \
    [CONFIG_##name] = {key, CONFIG_##type, value, min, max, CONFIG_##secrecy, meaning},
    CONFIG_KEYS(X)
#undef X
};

const struct config_row *config_row(enum config_key key)
{
    KK_ASSERT((unsigned)key < CONFIG_KEY_COUNT);
    return &rows[key];
}

bool config_find(struct kk_sv key, enum config_key *ret)
{
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (kk_sv_eq(key, kk_sv_of(rows[i].key))) {
            *ret = (enum config_key)i;
            return true;
        }
    }
    return false;
}

const char *config_nearest(struct kk_sv key)
{
    struct nearest nearest = {0};
    struct kk_sv section = key, last = section;

    for (int i = 0; i < CONFIG_KEY_COUNT; i++)
        nearest_try(&nearest, key, rows[i].key);
    if (nearest.name)
        return nearest.name;
    while (section.len > 0) /* the right word in the wrong section, or in none */
        last = kk_sv_cut(&section, '.');
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct kk_sv rest = kk_sv_of(rows[i].key);

        kk_sv_cut(&rest, '.');
        if (kk_sv_eq(rest, last))
            return rows[i].key;
    }
    return NULL;
}

void config_env_name(enum config_key key, char ret[CONFIG_ENV_BYTES])
{
    size_t at = (size_t)snprintf(ret, CONFIG_ENV_BYTES, "KKACHI_%s", config_row(key)->key);

    KK_ASSERT(at < CONFIG_ENV_BYTES);
    for (char *c = ret; *c; c++) {
        if (*c == '.')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

void config_print_number(const struct config_row *row, int64_t number, struct kk_buf *out)
{
    if (row->type == CONFIG_DURATION)
        kk_duration_print(number, out);
    else if (row->type == CONFIG_SIZE)
        kk_size_print(number, out);
    else
        kk_buf_add_i64(out, number);
}

struct kk_sv config_next_url(struct kk_sv *rest)
{
    while (rest->ptr) {
        struct kk_sv url = kk_sv_trim(kk_sv_cut(rest, ','));

        if (url.len > 0)
            return url;
    }
    return (struct kk_sv){0};
}

/* ---- one value ---- */

static enum kk_code fail_number(const struct config_row *row, struct kk_sv text, struct kk_err *err)
{
    switch (row->type) {
    case CONFIG_DURATION:
        return kk_fail(err, KK_BAD_INPUT,
                       "%s: \"" KK_SV_FMT "\" is not a duration; write it like 500ms, 90s, 10m, 1h or 2d", row->key,
                       CLIPPED(text));
    case CONFIG_SIZE:
        return kk_fail(err, KK_BAD_INPUT,
                       "%s: \"" KK_SV_FMT "\" is not a size; write it like 512B, 64KiB, 16MiB or 1GiB", row->key,
                       CLIPPED(text));
    case CONFIG_LEVEL:
        return kk_fail(err, KK_BAD_INPUT, "%s: \"" KK_SV_FMT "\" is none of debug, info, warn, error", row->key,
                       CLIPPED(text));
    case CONFIG_INT:
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_URL:
    case CONFIG_URLS:
        break;
    }
    return kk_fail(err, KK_BAD_INPUT, "%s: \"" KK_SV_FMT "\" is not a whole number", row->key, CLIPPED(text));
}

static enum kk_code fail_range(const struct config_row *row, int64_t number, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(256);

    config_print_number(row, number, &text);
    kk_buf_add(&text, KK_SV(" is out of range: from "));
    config_print_number(row, row->min, &text);
    kk_buf_add(&text, KK_SV(" to "));
    config_print_number(row, row->max, &text);
    return kk_fail(err, KK_BAD_INPUT, "%s: %s", row->key, kk_buf_cstr(&text));
}

/* text ends with a NUL. */
static enum kk_code check_number(const struct config_row *row, struct kk_sv text, int64_t *ret, struct kk_err *err)
{
    enum kk_level level = KK_INFO;
    bool is_ok = false;

    if (row->type == CONFIG_DURATION)
        is_ok = kk_duration_parse(text, ret);
    else if (row->type == CONFIG_SIZE)
        is_ok = kk_size_parse(text, ret);
    else if (row->type == CONFIG_INT)
        is_ok = kk_sv_i64(text, ret);
    else if (row->type == CONFIG_LEVEL && kk_level_parse(text, &level)) {
        *ret = (int64_t)level;
        return KK_OK;
    }
    if (!is_ok)
        return fail_number(row, text, err);
    return *ret < row->min || *ret > row->max ? fail_range(row, *ret, err) : KK_OK;
}

static bool is_blank_or_control(char byte)
{
    return (unsigned char)byte <= ' ' || byte == 0x7F;
}

static enum kk_code check_url(const struct config_row *row, struct kk_sv url, struct kk_err *err)
{
    size_t scheme = 0;

    while (scheme < url.len && (isalnum((unsigned char)url.ptr[scheme]) || url.ptr[scheme] == '+'))
        scheme++;
    if (scheme == 0 || scheme == url.len || url.ptr[scheme] != ':')
        return kk_fail(err, KK_BAD_INPUT, "%s is not a URL; it begins with a scheme, as in %s", row->key, row->value);
    for (size_t i = 0; i < url.len; i++)
        if (is_blank_or_control(url.ptr[i]))
            return kk_fail(err, KK_BAD_INPUT, "%s: a URL holds no blanks; write %%20 for one", row->key);
    return KK_OK;
}

static enum kk_code check_urls(const struct config_row *row, struct kk_sv urls, struct kk_err *err)
{
    struct kk_sv rest = urls, url;
    int count = 0;

    while ((url = config_next_url(&rest)).ptr) {
        struct kk_sv others = rest, other;
        enum kk_code rc = check_url(row, url, err);

        if (rc)
            return rc;
        while ((other = config_next_url(&others)).ptr)
            if (kk_sv_eq(url, other))
                return kk_fail(err, KK_BAD_INPUT, "%s names the same destination twice", row->key);
        if (++count > CONFIG_URLS_MAX)
            return kk_fail(err, KK_BAD_INPUT, "%s: at most %d destinations", row->key, CONFIG_URLS_MAX);
    }
    return count ? KK_OK : kk_fail(err, KK_BAD_INPUT, "%s is empty; name at least one destination", row->key);
}

/* The site is asked for paths of our own, so its URL ends with the port. */
static enum kk_code check_site(struct kk_sv url, struct kk_err *err)
{
    struct kk_sv rest;

    if (kk_sv_starts(url, KK_SV("https://")))
        rest = (struct kk_sv){url.ptr + 8, url.len - 8};
    else if (kk_sv_starts(url, KK_SV("http://")))
        rest = (struct kk_sv){url.ptr + 7, url.len - 7};
    else
        return kk_fail(err, KK_BAD_INPUT, "site.url does not begin with https:// or http://");
    if (rest.len == 0 || rest.ptr[0] == ':' || rest.ptr[0] == '/')
        return kk_fail(err, KK_BAD_INPUT, "site.url: \"" KK_SV_FMT "\" names no host", CLIPPED(url));
    for (size_t i = 0; i < rest.len; i++)
        if (strchr("/?#@", rest.ptr[i]))
            return kk_fail(err, KK_BAD_INPUT,
                           "site.url is the scheme, host and port alone, as in https://m.web.mustit.co.kr; found '%c'",
                           rest.ptr[i]);
    return KK_OK;
}

static enum kk_code check_listen(struct kk_sv text, struct kk_err *err)
{
    size_t colon = text.len;
    int64_t port = -1;

    if (kk_sv_eq(text, KK_SV("off")))
        return KK_OK;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon > 1 && kk_sv_i64((struct kk_sv){text.ptr + colon, text.len - colon}, &port) && port >= 0 && port <= 65535)
        return KK_OK;
    return kk_fail(err, KK_BAD_INPUT, "api.listen: \"" KK_SV_FMT "\" is not an address and port, as in 127.0.0.1:8620",
                   CLIPPED(text));
}

static enum kk_code check_path(const struct config_row *row, struct kk_sv path, struct kk_err *err)
{
    if (path.len == 0 || path.ptr[0] != '/')
        return kk_fail(err, KK_BAD_INPUT, "%s: \"" KK_SV_FMT "\" does not begin with '/'", row->key, CLIPPED(path));
    for (size_t i = 0; i < path.len; i++)
        if (is_blank_or_control(path.ptr[i]) || strchr("?#", path.ptr[i]))
            return kk_fail(err, KK_BAD_INPUT, "%s is a path: no blanks, '?' or '#'", row->key);
    return KK_OK;
}

static enum kk_code check_text(enum config_key key, struct kk_sv text, struct kk_err *err)
{
    if (key == CONFIG_API_LISTEN)
        return check_listen(text, err);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ')
            return kk_fail(err, KK_BAD_INPUT, "%s holds a control character", config_row(key)->key);
    return KK_OK;
}

static enum kk_code check_value(enum config_key key, struct kk_sv text, int64_t *ret_number, struct kk_err *err)
{
    const struct config_row *row = config_row(key);

    *ret_number = 0;
    if (!kk_utf8_valid(text) || (text.len && memchr(text.ptr, '\0', text.len)))
        return kk_fail(err, KK_BAD_INPUT, "%s is not UTF-8 text", row->key);
    switch (row->type) {
    case CONFIG_TEXT:
        return check_text(key, text, err);
    case CONFIG_PATH:
        return check_path(row, text, err);
    case CONFIG_URL: {
        enum kk_code rc = check_url(row, text, err);

        return !rc && key == CONFIG_SITE_URL ? check_site(text, err) : rc;
    }
    case CONFIG_URLS:
        return check_urls(row, text, err);
    case CONFIG_DURATION:
    case CONFIG_SIZE:
    case CONFIG_INT:
    case CONFIG_LEVEL:
        break;
    }
    return check_number(row, text, ret_number, err);
}

/* A list that is given again in the same place (file, flags) grows; else the later value wins. */
enum kk_code config_set(struct config *config, enum config_key key, struct kk_sv text, enum config_origin origin,
                        const char *where, struct kk_err *err)
{
    struct config_value *value = &config->value[key];
    KK_CLEANUP(kk_buf_done) struct kk_buf joined = KK_BUF(CONFIG_VALUE_MAX_BYTES);
    int64_t number;
    enum kk_code rc;

    if (rows[key].type == CONFIG_URLS && value->origin == origin && origin != CONFIG_FROM_DEFAULT) {
        kk_buf_add(&joined, kk_buf_sv(&value->text));
        kk_buf_addc(&joined, ',');
    }
    if (key == CONFIG_SITE_URL && text.len > 1 && text.ptr[text.len - 1] == '/' && text.ptr[text.len - 2] != '/')
        text.len--;
    kk_buf_add(&joined, text);
    kk_buf_cstr(&joined);
    rc = kk_buf_check(&joined, rows[key].key, err);
    if (!rc)
        rc = check_value(key, kk_buf_sv(&joined), &number, err);
    if (rc)
        return *where ? kk_while(err, rc, "%s", where) : rc;

    kk_buf_clear(&value->where);
    value->where.max_bytes = CONFIG_VALUE_MAX_BYTES;
    kk_buf_add(&value->where, kk_sv_of(where));
    kk_buf_cstr(&value->where);
    kk_buf_done(&value->text);
    value->text = joined;
    joined = (struct kk_buf){0};
    value->number = number;
    value->origin = origin;
    return kk_buf_check(&value->where, "where a value came from", err);
}

enum kk_code config_unknown(struct kk_sv key, const char *where, struct kk_err *err)
{
    const char *nearest = config_nearest(key);

    if (nearest)
        return kk_fail(err, KK_BAD_INPUT, "%s: unknown key \"" KK_SV_FMT "\"; did you mean %s?", where, CLIPPED(key),
                       nearest);
    return kk_fail(err, KK_BAD_INPUT, "%s: unknown key \"" KK_SV_FMT "\"; `kkachi config` lists them all", where,
                   CLIPPED(key));
}
