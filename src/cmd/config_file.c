/* Reading settings from files and from the environment.
 *
 * A file is lines of `section.key = value`, or `[section]` and then `key = value`. '#' begins a comment, at the start
 * of a line or after a blank. A value in double quotes may hold blanks at its ends and '#'; \" and \\ stand for
 * themselves there. A key stands once in a file, but for lists, which grow. docs/adr/0007-configuration.md says why the
 * reader is our own. */
#include "cmd/config_priv.h"

#include <fcntl.h>

#include "cmd/nearest.h"

#define SECRET_FILE_MAX_BYTES (64 * 1024)
#define WHERE_BYTES 512
/* The end of a long path says less than its beginning, but the message has room for one of them only. */
#define CLIPPED_PATH(path) KK_SV_ARG(kk_text_fit(kk_sv_of(path), 100))

/* Read by others than the configuration: where its file is, and what the project's own tests are told. */
static const char *const foreign_variables[] = {"KKACHI_CONFIG", "KKACHI_BIN"};
#define TEST_PREFIX "KKACHI_TEST_"

static void close_cleanup(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum kk_code read_whole(const char *path, size_t max_bytes, struct kk_buf *ret, struct kk_err *err)
{
    KK_CLEANUP(close_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return kk_fail(err, errno == ENOENT ? KK_NOT_FOUND : KK_BAD_INPUT, "%.150s: %s", path, strerror(errno));
    ret->max_bytes = max_bytes;
    for (;;) {
        char *room = kk_buf_room(ret, 4096);
        ssize_t got = room ? read(fd, room, 4096) : 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kk_fail(err, KK_BAD_INPUT, "%.150s: %s", path, strerror(errno));
        if (!room && ret->failed == KK_BAD_INPUT)
            return kk_fail(err, KK_BAD_INPUT, "%.150s is longer than %zu bytes", path, max_bytes);
        if (!room)
            return kk_buf_check(ret, path, err);
        if (got == 0)
            return KK_OK;
        ret->len += (size_t)got;
    }
}

/* ---- lines ---- */

struct reader {
    struct config *config;
    const char *name;
    int line;
    char section[32];
    int seen_at[CONFIG_KEY_COUNT]; /* the line that gave the key; 0: none yet */
    char where[WHERE_BYTES];
};

static enum kk_code fail_line(const struct reader *r, const char *what, struct kk_err *err)
{
    return kk_fail(err, KK_BAD_INPUT, "%s: %s", r->where, what);
}

/* What follows a value may only be a comment. */
static bool is_end(struct kk_sv text)
{
    text = kk_sv_trim(text);
    return text.len == 0 || text.ptr[0] == '#';
}

static enum kk_code read_quoted(const struct reader *r, struct kk_sv text, struct kk_buf *out, struct kk_err *err)
{
    size_t i = 1;

    for (; i < text.len && text.ptr[i] != '"'; i++) {
        if (text.ptr[i] == '\\') {
            i++;
            if (i == text.len || (text.ptr[i] != '"' && text.ptr[i] != '\\'))
                return fail_line(r, "in quotes, a backslash stands only before another or before a quote", err);
        }
        kk_buf_addc(out, text.ptr[i]);
    }
    if (i >= text.len)
        return fail_line(r, "the value's closing quote is missing", err);
    if (!is_end((struct kk_sv){text.ptr + i + 1, text.len - i - 1}))
        return fail_line(r, "there is something after the value's closing quote", err);
    return KK_OK;
}

static enum kk_code read_value(const struct reader *r, struct kk_sv text, struct kk_buf *out, struct kk_err *err)
{
    text = kk_sv_trim(text);
    if (text.len > 0 && text.ptr[0] == '"')
        return read_quoted(r, text, out, err);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '#' && (i == 0 || text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t')) {
            text.len = i;
            break;
        }
    }
    kk_buf_add(out, kk_sv_trim(text));
    return KK_OK;
}

static enum kk_code read_section(struct reader *r, struct kk_sv line, struct kk_err *err)
{
    struct kk_sv rest = {line.ptr + 1, line.len - 1};
    struct kk_sv name = kk_sv_trim(kk_sv_cut(&rest, ']'));

    if (!rest.ptr)
        return fail_line(r, "a section's name ends with ']'", err);
    if (!is_end(rest))
        return fail_line(r, "there is something after the section's ']'", err);
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct kk_sv key = kk_sv_of(config_row((enum config_key)i)->key);

        if (kk_sv_eq(kk_sv_cut(&key, '.'), name))
            return kk_sv_copy(name, r->section, sizeof(r->section)) ? KK_OK : fail_line(r, "a section too long", err);
    }

    struct nearest nearest = {0};
    char sections[CONFIG_KEY_COUNT][32];

    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct kk_sv key = kk_sv_of(config_row((enum config_key)i)->key);

        kk_sv_copy(kk_sv_cut(&key, '.'), sections[i], sizeof(sections[i]));
        nearest_try(&nearest, name, sections[i]);
    }
    if (nearest.name)
        return kk_fail(err, KK_BAD_INPUT, "%s: unknown section [" KK_SV_FMT "]; did you mean [%s]?", r->where,
                       CLIPPED(name), nearest.name);
    return kk_fail(err, KK_BAD_INPUT, "%s: unknown section [" KK_SV_FMT "]; `kkachi config` lists them all", r->where,
                   CLIPPED(name));
}

static enum kk_code read_pair(struct reader *r, struct kk_sv line, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf full = KK_BUF(256);
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(CONFIG_VALUE_MAX_BYTES);
    struct kk_sv rest = line, name = kk_sv_trim(kk_sv_cut(&rest, '='));
    enum config_key key;
    enum kk_code rc;

    if (!rest.ptr)
        return fail_line(r, "expected `section.key = value`, `[section]` or a comment that begins with '#'", err);
    if (r->section[0] && name.len > 0 && !memchr(name.ptr, '.', name.len))
        kk_buf_addf(&full, "%s.", r->section);
    kk_buf_add(&full, name);
    rc = kk_buf_check(&full, r->where, err);
    if (rc)
        return rc;
    if (!config_find(kk_buf_sv(&full), &key))
        return config_unknown(kk_buf_sv(&full), r->where, err);
    if (r->seen_at[key] && config_row(key)->type != CONFIG_URLS)
        return kk_fail(err, KK_BAD_INPUT, "%s: %s is set twice; the first is in line %d", r->where,
                       config_row(key)->key, r->seen_at[key]);
    r->seen_at[key] = r->line;
    rc = read_value(r, rest, &value, err);
    if (!rc)
        rc = kk_buf_check(&value, r->where, err);
    return rc ? rc : config_set(r->config, key, kk_buf_sv(&value), CONFIG_FROM_FILE, r->where, err);
}

static enum kk_code read_line(struct reader *r, struct kk_sv line, struct kk_err *err)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (!kk_utf8_valid(line) || (line.len > 0 && memchr(line.ptr, '\0', line.len)))
        return fail_line(r, "the line is not UTF-8 text", err);
    line = kk_sv_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return KK_OK;
    return line.ptr[0] == '[' ? read_section(r, line, err) : read_pair(r, line, err);
}

enum kk_code config_parse(struct config *config, struct kk_sv text, const char *name, struct kk_err *err)
{
    struct reader r = {.config = config, .name = name};
    enum kk_code rc = KK_OK;

    if (kk_sv_starts(text, KK_SV("\xEF\xBB\xBF"))) { /* an editor's byte order mark */
        text.ptr += 3;
        text.len -= 3;
    }
    while (text.len > 0 && !rc) {
        r.line++;
        snprintf(r.where, sizeof(r.where), KK_SV_FMT ":%d", CLIPPED_PATH(name), r.line);
        rc = read_line(&r, kk_sv_cut(&text, '\n'), err);
    }
    return rc;
}

/* ---- which file ---- */

static const char *variable(char *const *environment, const char *name)
{
    size_t len = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    return NULL;
}

static enum kk_code read_file(struct config *config, const char *path, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(CONFIG_FILE_MAX_BYTES);
    enum kk_code rc = read_whole(path, CONFIG_FILE_MAX_BYTES, &text, err);

    if (rc)
        return rc;
    kk_buf_add(&config->file, kk_sv_of(path));
    kk_buf_cstr(&config->file);
    return config_parse(config, kk_buf_sv(&text), path, err);
}

enum kk_code config_read_files(struct config *config, const struct config_sources *from, struct kk_err *err)
{
    const char *named = from->file ? from->file : variable(from->environment, "KKACHI_CONFIG");
    enum kk_code rc;

    if (named && *named) { /* a file that was asked for by name must be there */
        rc = read_file(config, named, err);
        return rc ? kk_while(err, KK_BAD_INPUT, "configuration") : KK_OK;
    }
    for (const char *const *path = from->candidates; path && *path; path++) {
        rc = read_file(config, *path, err);
        if (rc != KK_NOT_FOUND)
            return rc ? kk_while(err, KK_BAD_INPUT, "configuration") : KK_OK;
    }
    return KK_OK;
}

/* ---- the environment ---- */

static bool is_foreign(struct kk_sv name)
{
    for (size_t i = 0; i < KK_COUNT(foreign_variables); i++)
        if (kk_sv_eq(name, kk_sv_of(foreign_variables[i])))
            return true;
    return kk_sv_starts(name, KK_SV(TEST_PREFIX));
}

static enum kk_code unknown_variable(struct kk_sv name, struct kk_err *err)
{
    char names[CONFIG_KEY_COUNT][CONFIG_ENV_BYTES];
    struct nearest nearest = {0};

    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        config_env_name((enum config_key)i, names[i]);
        nearest_try(&nearest, name, names[i]);
    }
    return kk_fail(err, KK_BAD_INPUT, "environment: unknown variable " KK_SV_FMT "; %s%s%s", CLIPPED(name),
                   nearest.name ? "did you mean " : "`kkachi config` lists the keys", nearest.name ? nearest.name : "",
                   nearest.name ? "?" : "");
}

/* ret_is_file: the variable names a file that holds the value. */
static bool find_variable(struct kk_sv name, enum config_key *ret, bool *ret_is_file)
{
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        char own[CONFIG_ENV_BYTES];
        size_t len;

        config_env_name((enum config_key)i, own);
        len = strlen(own);
        if (!kk_sv_starts(name, kk_sv_of(own)))
            continue;
        struct kk_sv rest = {name.ptr + len, name.len - len};

        *ret = (enum config_key)i;
        *ret_is_file = kk_sv_eq(rest, KK_SV("_FILE"));
        if (rest.len == 0 || *ret_is_file)
            return true;
    }
    return false;
}

static enum kk_code read_variable(struct config *config, struct kk_sv name, const char *text, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf content = KK_BUF(SECRET_FILE_MAX_BYTES);
    struct kk_sv value = kk_sv_of(text);
    char where[CONFIG_ENV_BYTES + 8];
    enum config_key key;
    bool is_file;

    if (!find_variable(name, &key, &is_file))
        return unknown_variable(name, err);
    snprintf(where, sizeof(where), "%.*s", (int)name.len, name.ptr);
    if (config->value[key].origin == CONFIG_FROM_ENVIRONMENT)
        return kk_fail(err, KK_BAD_INPUT, "environment: both %s and %s are set", config->value[key].where.ptr, where);
    if (is_file) {
        enum kk_code rc = read_whole(text, SECRET_FILE_MAX_BYTES, &content, err);

        if (rc)
            return kk_while(err, KK_BAD_INPUT, "%s", where);
        value = kk_buf_sv(&content);
        while (value.len > 0 && (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r'))
            value.len--;
    }
    return config_set(config, key, value, CONFIG_FROM_ENVIRONMENT, where, err);
}

enum kk_code config_read_environment(struct config *config, char *const *environment, struct kk_err *err)
{
    for (; environment && *environment; environment++) {
        struct kk_sv rest = kk_sv_of(*environment), name = kk_sv_cut(&rest, '=');

        if (!rest.ptr || !kk_sv_starts(name, KK_SV("KKACHI_")) || is_foreign(name))
            continue;

        enum kk_code rc = read_variable(config, name, rest.ptr, err);

        if (rc)
            return rc;
    }
    return KK_OK;
}
