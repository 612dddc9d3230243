/* The OpenAPI document, from the tables of api/table.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/table.h"
#include "base/json.h"

static void put_ref(struct kk_buf *out, const char *where, struct kk_sv name)
{
    char text[96];

    snprintf(text, sizeof(text), "#/components/%s/" KK_SV_FMT, where, KK_SV_ARG(name));
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "$ref", kk_sv_of(text));
    kk_jw_close(out, '}');
}

static void put_words(struct kk_buf *out, const char *words)
{
    struct kk_sv rest = kk_sv_of(words);

    kk_jw_key(out, "enum");
    kk_jw_open(out, '[');
    while (rest.len)
        kk_jw_str(out, kk_sv_cut(&rest, ' '));
    kk_jw_close(out, ']');
}

/* ---- what is taken ---- */

static void put_kind(struct kk_buf *out, const struct api_kind *kind)
{
    static const char *const types[] = {[API_TEXT] = "string", [API_WHOLE] = "integer", [API_FLAG] = "boolean"};

    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", kk_sv_of(types[kind->form]));
    if (kind->form == API_WHOLE) {
        kk_jw_key_str(out, "format", KK_SV("int64"));
        kk_jw_key_i64(out, "minimum", kind->min);
        kk_jw_key_i64(out, "maximum", kind->max);
    }
    if (kind->values) {
        put_words(out, kind->values);
    } else if (kind->form == API_TEXT) {
        kk_jw_key_i64(out, "minLength", kind->min);
        kk_jw_key_i64(out, "maxLength", kind->max);
        if (kind->pattern)
            kk_jw_key_str(out, "pattern", kk_sv_of(kind->pattern));
    }
    kk_jw_close(out, '}');
}

static void put_parameter(struct kk_buf *out, const struct api_take *take, const char *in)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "name", take->name);
    kk_jw_key_str(out, "in", kk_sv_of(in));
    kk_jw_key_bool(out, "required", take->is_needed);
    kk_jw_key_str(out, "description", kk_sv_of(take->kind->meaning));
    kk_jw_key(out, "schema");
    put_kind(out, take->kind);
    kk_jw_close(out, '}');
}

static bool has_body(const struct api_route *route)
{
    return route->method[0] == 'P';
}

static void put_parameters(struct kk_buf *out, const struct api_route *route)
{
    struct kk_sv rest = kk_sv_of(route->path);
    struct api_take take;

    kk_jw_key(out, "parameters");
    kk_jw_open(out, '[');
    while (rest.len) {
        struct kk_sv part = kk_sv_cut(&rest, '/');

        if (!part.len || part.ptr[0] != '{')
            continue;
        part = (struct kk_sv){part.ptr + 1, part.len - 2};
        put_parameter(out, &(struct api_take){.name = part, .kind = api_kind_of(part), .is_needed = true}, "path");
    }
    rest = kk_sv_of(route->takes);
    while (api_take_next(&rest, &take))
        if (take.is_header || !has_body(route))
            put_parameter(out, &take, take.is_header ? "header" : "query");
    kk_jw_close(out, ']');
}

static void put_needed(struct kk_buf *out, const struct api_route *route, bool *ret_any)
{
    struct kk_sv rest = kk_sv_of(route->takes);
    struct api_take take;

    *ret_any = false;
    while (api_take_next(&rest, &take)) {
        if (!take.is_needed || take.is_header)
            continue;
        if (!*ret_any) {
            kk_jw_key(out, "required");
            kk_jw_open(out, '[');
        }
        *ret_any = true;
        kk_jw_str(out, take.name);
    }
    if (*ret_any)
        kk_jw_close(out, ']');
}

static void put_body(struct kk_buf *out, const struct api_route *route)
{
    struct kk_sv rest = kk_sv_of(route->takes);
    struct api_take take;
    bool is_needed;
    char name[64];

    kk_jw_key(out, "requestBody");
    kk_jw_open(out, '{');
    kk_jw_key(out, "content");
    kk_jw_open(out, '{');
    kk_jw_key(out, "application/json");
    kk_jw_open(out, '{');
    kk_jw_key(out, "schema");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", KK_SV("object"));
    kk_jw_key_bool(out, "additionalProperties", false);
    put_needed(out, route, &is_needed);
    kk_jw_key(out, "properties");
    kk_jw_open(out, '{');
    while (api_take_next(&rest, &take)) {
        if (take.is_header)
            continue;
        kk_sv_copy(take.name, name, sizeof(name));
        kk_jw_key(out, name);
        put_kind(out, take.kind);
    }
    for (int i = 0; i < 4; i++)
        kk_jw_close(out, '}');
    kk_jw_key_bool(out, "required", is_needed);
    kk_jw_close(out, '}');
}

/* ---- what is given ---- */

static void put_single(struct kk_buf *out, struct kk_sv type, bool may_be_null)
{
    static const struct {
        const char *word, *type, *format;
    } plain[] = {{"text", "string", NULL},
                 {"int", "integer", "int64"},
                 {"bool", "boolean", NULL},
                 {"time", "string", "date-time"},
                 {"Object", "object", NULL}};

    if (kk_sv_eq(type, KK_SV("any"))) {
        kk_jw_raw(out, KK_SV("{}"));
        return;
    }
    for (size_t i = 0; i < KK_COUNT(plain); i++) {
        if (!kk_sv_eq(type, kk_sv_of(plain[i].word)))
            continue;
        kk_jw_open(out, '{');
        kk_jw_key(out, "type");
        kk_jw_open(out, '[');
        kk_jw_str(out, kk_sv_of(plain[i].type));
        if (may_be_null)
            kk_jw_str(out, KK_SV("null"));
        kk_jw_close(out, ']');
        if (plain[i].format)
            kk_jw_key_str(out, "format", kk_sv_of(plain[i].format));
        kk_jw_close(out, '}');
        return;
    }
    put_ref(out, "schemas", type);
}

static void put_type(struct kk_buf *out, struct kk_sv type, bool may_be_null)
{
    if (type.ptr[0] != '[') {
        put_single(out, type, may_be_null);
        return;
    }
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", KK_SV("array"));
    kk_jw_key(out, "items");
    put_single(out, (struct kk_sv){type.ptr + 1, type.len - 2}, false);
    kk_jw_close(out, '}');
}

struct member {
    struct kk_sv name, type;
    bool may_be_null, may_be_absent;
};

static bool next_member(struct kk_sv *rest, struct member *ret)
{
    struct kk_sv text;

    if (!rest->len)
        return false;
    text = kk_sv_cut(rest, ' ');
    *ret = (struct member){.may_be_absent = text.ptr[text.len - 1] == '*'};
    text.len -= ret->may_be_absent;
    ret->may_be_null = text.ptr[text.len - 1] == '?';
    text.len -= ret->may_be_null;
    ret->name = kk_sv_cut(&text, ':');
    ret->type = text.len ? text : KK_SV("text");
    return true;
}

static void put_members(struct kk_buf *out, const char *members)
{
    struct kk_sv rest = kk_sv_of(members);
    struct member member;
    char name[64];

    kk_jw_key_str(out, "type", KK_SV("object"));
    kk_jw_key_bool(out, "additionalProperties", false);
    kk_jw_key(out, "required");
    kk_jw_open(out, '[');
    while (next_member(&rest, &member))
        if (!member.may_be_absent)
            kk_jw_str(out, member.name);
    kk_jw_close(out, ']');
    kk_jw_key(out, "properties");
    kk_jw_open(out, '{');
    rest = kk_sv_of(members);
    while (next_member(&rest, &member)) {
        kk_sv_copy(member.name, name, sizeof(name));
        kk_jw_key(out, name);
        put_type(out, member.type, member.may_be_null);
    }
    kk_jw_close(out, '}');
}

static void put_shapes(struct kk_buf *out)
{
    kk_jw_key(out, "schemas");
    kk_jw_open(out, '{');
    for (const struct api_shape *shape = api_shapes; shape->name; shape++) {
        kk_jw_key(out, shape->name);
        kk_jw_open(out, '{');
        if (shape->members[0] == '|') {
            kk_jw_key_str(out, "type", KK_SV("string"));
            put_words(out, shape->members + 1);
        } else {
            put_members(out, shape->members);
        }
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, '}');
}

/* A page of them: {"items":[…],"cursor":…}. */
static void put_page(struct kk_buf *out, struct kk_sv list)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", KK_SV("object"));
    kk_jw_key(out, "required");
    kk_jw_raw(out, KK_SV("[\"items\",\"cursor\"]"));
    kk_jw_key(out, "properties");
    kk_jw_open(out, '{');
    kk_jw_key(out, "items");
    put_type(out, list, false);
    kk_jw_key(out, "cursor");
    kk_jw_raw(out,
              KK_SV("{\"type\":[\"string\",\"null\"],\"description\":\"of the next page; null: this is the last\"}"));
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static void put_answer(struct kk_buf *out, const struct api_route *route)
{
    struct kk_sv what = kk_sv_of(route->gives), status = kk_sv_cut(&what, ' ');
    bool is_text = kk_sv_starts(what, KK_SV("text/"));
    char key[32];

    kk_sv_copy(status, key, sizeof(key));
    kk_jw_key(out, key);
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "description", kk_sv_of(route->meaning));
    kk_jw_key(out, "content");
    kk_jw_open(out, '{');
    kk_sv_copy(is_text ? what : KK_SV("application/json"), key, sizeof(key));
    kk_jw_key(out, key);
    kk_jw_open(out, '{');
    kk_jw_key(out, "schema");
    if (is_text)
        put_type(out, KK_SV("text"), false);
    else if (what.ptr[0] == '[')
        put_page(out, what);
    else
        put_type(out, what, false);
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static void put_problem(struct kk_buf *out, const char *status, const char *meaning)
{
    kk_jw_key(out, status);
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "description", kk_sv_of(meaning));
    kk_jw_key(out, "content");
    kk_jw_open(out, '{');
    kk_jw_key(out, "application/problem+json");
    kk_jw_open(out, '{');
    kk_jw_key(out, "schema");
    put_ref(out, "schemas", KK_SV("Problem"));
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static bool says(const char *words, const char *word)
{
    struct kk_sv rest = kk_sv_of(words);

    while (rest.len)
        if (kk_sv_eq(kk_sv_cut(&rest, ' '), kk_sv_of(word)))
            return true;
    return false;
}

static void put_problems(struct kk_buf *out, const struct api_route *route)
{
    bool has_path = strchr(route->path, '{') != NULL;
    const struct {
        const char *status;
        bool is_possible;
        const char *meaning;
    } problems[] = {{"400", true, "a parameter, a header or the form of the body is wrong; errors names it"},
                    {"401", route->role != API_ANYONE, "a key is needed, or this one is not known or no longer good"},
                    {"403", route->role > API_VIEWER, "the key's role may not do this"},
                    {"404", has_path, "there is no such thing"},
                    {"409", false, "what is stored stands against it"},
                    {"412", false, "it was changed meanwhile; its ETag tells"},
                    {"413", has_body(route), "the body is longer than 64 KiB"},
                    {"415", has_body(route), "the body is not application/json"},
                    {"422", has_body(route), "a member of the body is wrong; errors names it"},
                    {"429", true, "too many requests; Retry-After says when to come back"},
                    {"500", true, "kkachi failed; its log says why"},
                    {"503", true, "it cannot answer now; Retry-After says when to come back"}};

    for (size_t i = 0; i < KK_COUNT(problems); i++)
        if (problems[i].is_possible || says(route->fails, problems[i].status))
            put_problem(out, problems[i].status, problems[i].meaning);
}

/* ---- the whole ---- */

static void put_route(struct kk_buf *out, const struct api_route *route)
{
    char method[16] = "", id[128];
    size_t len = 0;

    for (size_t i = 0; route->method[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)(route->method[i] | 0x20);
    for (const char *c = route->path; *c && len < sizeof(id) - 16; c++)
        id[len++] = strchr("/{}.", *c) ? '_' : *c;
    id[len] = '\0';
    kk_jw_key(out, method);
    kk_jw_open(out, '{');
    kk_buf_addf(out, "\"operationId\":\"%s%s\"", method, id);
    kk_jw_key_str(out, "summary", kk_sv_of(route->meaning));
    kk_jw_key_str(out, "x-role", kk_sv_of(route->role == API_ANYONE ? "anyone" : api_role_name(route->role)));
    kk_jw_key(out, "security");
    kk_jw_raw(out, route->role == API_ANYONE ? KK_SV("[]") : KK_SV("[{\"bearer\":[]},{\"header\":[]}]"));
    put_parameters(out, route);
    if (has_body(route) && route->takes)
        put_body(out, route);
    kk_jw_key(out, "responses");
    kk_jw_open(out, '{');
    put_answer(out, route);
    put_problems(out, route);
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

/* Methods of one path stand together. */
static void put_paths(struct kk_buf *out)
{
    const char *last = "";

    kk_jw_key(out, "paths");
    kk_jw_open(out, '{');
    for (const struct api_route *route = api_routes; route->method; route++) {
        if (!route->gives)
            continue;
        if (strcmp(last, route->path) != 0) {
            if (*last)
                kk_jw_close(out, '}');
            kk_jw_key(out, route->path);
            kk_jw_open(out, '{');
        }
        last = route->path;
        put_route(out, route);
    }
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static void write_document(struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "openapi", KK_SV("3.1.0"));
    kk_jw_key(out, "info");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "title", KK_SV("kkachi"));
    kk_jw_key_str(out, "version", KK_SV(KK_VERSION));
    kk_jw_key_str(out, "description",
                  KK_SV("Watches the products of chosen MustIt sellers and tells what changed. A key is needed "
                        "(`kkachi key create`); each operation's x-role is the least role that may call it: viewer, "
                        "trigger, operator, admin, each of which may do what those before it may."));
    kk_jw_close(out, '}');
    put_paths(out);
    kk_jw_key(out, "components");
    kk_jw_open(out, '{');
    put_shapes(out);
    kk_jw_key(out, "securitySchemes");
    kk_jw_raw(out, KK_SV("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                         "\"header\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"}}"));
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
}

static void put_line(struct kk_buf *out, int depth)
{
    kk_buf_addc(out, '\n');
    for (int i = 0; i < depth; i++)
        kk_buf_addc(out, ' ');
}

static void make_pretty(struct kk_sv json, struct kk_buf *out)
{
    bool is_text = false;
    int depth = 0;

    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        bool is_open = !is_text && (c == '{' || c == '['), is_close = !is_text && (c == '}' || c == ']');

        if (c == '"' && (!is_text || json.ptr[i - 1] != '\\'))
            is_text = !is_text;
        if (is_close)
            put_line(out, --depth);
        kk_buf_addc(out, c);
        if (is_open)
            put_line(out, ++depth);
        else if (!is_text && c == ',')
            put_line(out, depth);
        else if (!is_text && c == ':')
            kk_buf_addc(out, ' ');
    }
    kk_buf_addc(out, '\n');
}

void openapi_write(bool is_pretty, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(OPENAPI_MAX_BYTES);

    if (!is_pretty) {
        write_document(out);
        return;
    }
    write_document(&json);
    make_pretty(kk_buf_sv(&json), out);
}
