#include "adapters/store/store_mysql.h"

#include <stdio.h>
#include <string.h>

#include "adapters/store/store_sql.h"

#define USUAL_DIR "var"
#define EXAMPLE "mysql://USER@HOST:3306/DATABASE?tls=required"

/* ---- the address ---- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* False: too long, a % without two hex digits, or a zero byte. */
static bool decode(struct kk_sv text, char *dst, size_t dst_bytes)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int byte = (unsigned char)text.ptr[i];

        if (byte == '%') {
            int high = i + 2 < text.len ? hex_of(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_of(text.ptr[i + 2]) : -1;

            byte = high < 0 || low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (!byte || len + 1 >= dst_bytes)
            return false;
        dst[len++] = (char)byte;
    }
    dst[len] = '\0';
    return true;
}

static enum kk_code fail_part(const char *part, struct kk_err *err)
{
    return kk_fail(err, KK_BAD_INPUT, "the %s is missing, too long or wrongly written; as in " EXAMPLE, part);
}

/* The last '@' ends the user: a password may hold one, although it should be written %40. */
static enum kk_code read_user(struct kk_sv *authority, struct mysql_url *ret, struct kk_err *err)
{
    size_t at = authority->len;
    struct kk_sv name, password;

    for (size_t i = 0; i < authority->len; i++)
        if (authority->ptr[i] == '@')
            at = i;
    if (at == authority->len)
        return fail_part("user", err);
    password = (struct kk_sv){authority->ptr, at};
    *authority = (struct kk_sv){authority->ptr + at + 1, authority->len - at - 1};
    name = kk_sv_cut(&password, ':');
    if (!name.len || !decode(name, ret->user, sizeof(ret->user)))
        return fail_part("user", err);
    return decode(password, ret->password, sizeof(ret->password)) ? KK_OK : fail_part("password", err);
}

/* "host", "host:3306", "[::1]:3306" */
static enum kk_code read_host(struct kk_sv text, struct mysql_url *ret, struct kk_err *err)
{
    struct kk_sv host, port = text;
    int64_t number = 0;

    if (text.len && text.ptr[0] == '[') {
        host = kk_sv_cut(&port, ']');
        host = (struct kk_sv){host.ptr + 1, host.len - 1};
        if (!port.ptr || (port.len && port.ptr[0] != ':'))
            return fail_part("host", err);
        if (port.len)
            port = (struct kk_sv){port.ptr + 1, port.len - 1};
    } else {
        host = kk_sv_cut(&port, ':');
    }
    if (!host.len || !decode(host, ret->host, sizeof(ret->host)))
        return fail_part("host", err);
    if (port.len && (!kk_sv_i64(port, &number) || number < 1 || number > 65535))
        return kk_fail(err, KK_BAD_INPUT, "the port is no number from 1 to 65535");
    ret->port = (int)number;
    return KK_OK;
}

static enum kk_code read_option(struct kk_sv name, struct kk_sv value, struct mysql_url *ret, struct kk_err *err)
{
    const struct {
        const char *name;
        char *to;
    } texts[] = {{"socket", ret->socket}, {"ca", ret->ca}, {"dir", ret->dir}};

    if (kk_sv_eq(name, KK_SV("tls"))) {
        ret->tls = kk_sv_eq(value, KK_SV("required"));
        if (ret->tls || kk_sv_eq(value, KK_SV("off")))
            return KK_OK;
        return kk_fail(err, KK_BAD_INPUT, "tls is \"required\" or \"off\"");
    }
    for (size_t i = 0; i < KK_COUNT(texts); i++) {
        if (!kk_sv_eq(name, kk_sv_of(texts[i].name)))
            continue;
        return value.len && decode(value, texts[i].to, MYSQL_URL_PART_BYTES) ? KK_OK : fail_part(texts[i].name, err);
    }
    return kk_fail(err, KK_BAD_INPUT, "there is no option \"%.*s\"; there are: tls, ca, socket, dir",
                   name.len < 40 ? (int)name.len : 40, name.ptr);
}

enum kk_code mysql_url_parse(struct kk_sv url, struct mysql_url *ret, struct kk_err *err)
{
    size_t at = kk_sv_find(url, KK_SV("://"));
    struct mysql_url parsed = {.dir = USUAL_DIR};
    struct kk_sv query, database, authority;
    enum kk_code rc;

    if (at == url.len)
        return fail_part("// behind the scheme", err);
    query = (struct kk_sv){url.ptr + at + 3, url.len - at - 3};
    database = kk_sv_cut(&query, '?');
    authority = kk_sv_cut(&database, '/');
    rc = read_user(&authority, &parsed, err);
    if (!rc)
        rc = read_host(authority, &parsed, err);
    if (!rc && (!database.len || !decode(database, parsed.database, sizeof(parsed.database)) ||
                strpbrk(parsed.database, "/`\"'\\.")))
        rc = fail_part("database", err);
    while (!rc && query.len) {
        struct kk_sv value = kk_sv_cut(&query, '&'), name = kk_sv_cut(&value, '=');

        rc = read_option(name, value, &parsed, err);
    }
    if (!rc)
        *ret = parsed;
    explicit_bzero(parsed.password, sizeof(parsed.password));
    return rc;
}

/* ---- the store ---- */

enum kk_code store_mysql_open(const struct mysql_url *url, struct kk_sv password, const struct kk_clock *clock,
                              const struct kk_rng *rng, struct store **ret_store, struct kk_err *err)
{
    char apart[MYSQL_URL_PART_BYTES];
    const struct db_mysql_options options = {
        .host = url->host,
        .user = url->user,
        .password = url->password[0] ? url->password : apart,
        .database = url->database,
        .socket = url->socket,
        .ca = url->ca,
        .port = url->port,
        .tls = url->tls,
        .rng = rng,
    };
    struct db *db = NULL;
    enum kk_code rc;

    if (!kk_sv_copy(password, apart, sizeof(apart)))
        return kk_fail(err, KK_BAD_INPUT, "store.password is longer than %zu bytes", sizeof(apart) - 1);
    rc = db_mysql_open(&options, &db, err);
    explicit_bzero(apart, sizeof(apart));
    return rc ? rc : store_create(db, clock, ret_store, err);
}

enum kk_code store_mysql_look(struct store *store, struct db_mysql_facts *ret, struct kk_err *err)
{
    if (strcmp(store->db->ops->name, "mysql") != 0)
        return kk_fail(err, KK_NOT_FOUND, "the store is no MySQL");
    return db_mysql_look(store->db, ret, err);
}
