/* yyjson reads: in one pass, without recursion, into one block (its figures are in docs/adr). A document is yyjson's
 * own under our name, and a value is its value, so this wrapper costs no memory and no copy. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <yyjson.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/utf8.h"

/* Far past any reply (their own cap is smaller); it bounds what a stored or configured document may cost. */
#define JSON_MAX_BYTES ((size_t)256 << 20)

enum kk_code kk_json_parse(struct kk_sv text, struct kk_json **ret_json, struct kk_err *err)
{
    yyjson_read_err why = {0};
    yyjson_doc *doc;

    if (text.len == 0)
        return kk_fail(err, KK_MISMATCH, "no JSON: there are no bytes");
    if (text.len > JSON_MAX_BYTES)
        return kk_fail(err, KK_MISMATCH, "no JSON: %zu bytes are more than %zu", text.len, JSON_MAX_BYTES);

    /* Strict RFC 8259 is the default. Without the in-situ flag the text is copied and not written to. */
    doc = yyjson_read_opts((char *)(uintptr_t)text.ptr, text.len, YYJSON_READ_NOFLAG, NULL, &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return kk_fail(err, KK_NO_MEMORY, "no memory for %zu bytes of JSON", text.len);
    if (!doc)
        return kk_fail(err, KK_MISMATCH, "no JSON: %s at byte %zu of %zu", why.msg, why.pos, text.len);
    *ret_json = (struct kk_json *)doc;
    return KK_OK;
}

void kk_json_done(struct kk_json *json)
{
    yyjson_doc_free((yyjson_doc *)json);
}

void kk_json_cleanup(struct kk_json **ptr_to_json)
{
    kk_json_done(*ptr_to_json);
}

struct kk_jv kk_json_root(const struct kk_json *json)
{
    return (struct kk_jv){yyjson_doc_get_root((yyjson_doc *)(uintptr_t)json)};
}

enum kk_jtype kk_jv_type(struct kk_jv value)
{
    switch (yyjson_get_type(value.node)) {
    case YYJSON_TYPE_NULL:
        return KK_J_NULL;
    case YYJSON_TYPE_BOOL:
        return KK_J_BOOL;
    case YYJSON_TYPE_NUM: /* an integer past 64 signed bits is a real, so that KK_J_INT always has its kk_jv_i64() */
        if (yyjson_is_real(value.node) || (yyjson_is_uint(value.node) && yyjson_get_uint(value.node) > INT64_MAX))
            return KK_J_REAL;
        return KK_J_INT;
    case YYJSON_TYPE_STR:
        return KK_J_STR;
    case YYJSON_TYPE_ARR:
        return KK_J_ARR;
    case YYJSON_TYPE_OBJ:
        return KK_J_OBJ;
    default:
        return KK_J_NONE;
    }
}

struct kk_jv kk_jv_get(struct kk_jv object, const char *key)
{
    return (struct kk_jv){yyjson_obj_getn(object.node, key, strlen(key))};
}

struct kk_jv kk_jv_at(struct kk_jv array, size_t index)
{
    return (struct kk_jv){yyjson_arr_get(array.node, index)};
}

size_t kk_jv_count(struct kk_jv container)
{
    return yyjson_is_ctn(container.node) ? unsafe_yyjson_get_len(container.node) : 0;
}

bool kk_jv_i64(struct kk_jv value, int64_t *ret)
{
    if (!kk_jv_is(value, KK_J_INT))
        return false;
    *ret = yyjson_get_sint(value.node);
    return true;
}

bool kk_jv_f64(struct kk_jv value, double *ret)
{
    if (!yyjson_is_num(value.node))
        return false;
    *ret = yyjson_get_num(value.node);
    return true;
}

bool kk_jv_bool(struct kk_jv value, bool *ret)
{
    if (!yyjson_is_bool(value.node))
        return false;
    *ret = yyjson_get_bool(value.node);
    return true;
}

bool kk_jv_str(struct kk_jv value, struct kk_sv *ret)
{
    if (!yyjson_is_str(value.node))
        return false;
    *ret = (struct kk_sv){yyjson_get_str(value.node), yyjson_get_len(value.node)};
    return true;
}

struct kk_jiter kk_jv_iter(struct kk_jv container)
{
    struct kk_jiter iter = {.left = kk_jv_count(container), .is_object = yyjson_is_obj(container.node)};

    if (iter.left > 0)
        iter.next = unsafe_yyjson_get_first(container.node);
    return iter;
}

bool kk_jiter_next(struct kk_jiter *iter)
{
    yyjson_val *node = iter->next;

    if (iter->left == 0)
        return false;
    if (iter->is_object) { /* a key is a string value; its value lies behind it */
        iter->key = (struct kk_sv){yyjson_get_str(node), yyjson_get_len(node)};
        node++;
    }
    iter->value.node = node;
    iter->left--;
    iter->next = iter->left > 0 ? unsafe_yyjson_get_next(node) : NULL;
    return true;
}

/* Writing ------------------------------------------------------------------------------------------------------- */

/* After a value comes a comma. After an opening bracket, a colon or a comma, at the start of the buffer and at the
 * start of a line (NDJSON) or after a blank there is none due; no JSON value ends in one of those bytes. */
static void comma(struct kk_buf *out)
{
    if (out->len == 0)
        return;
    switch (out->ptr[out->len - 1]) {
    case '{':
    case '[':
    case ':':
    case ',':
    case '\n':
    case ' ':
        return;
    default:
        kk_buf_addc(out, ',');
    }
}

void kk_jw_open(struct kk_buf *out, char bracket)
{
    KK_ASSERT(bracket == '{' || bracket == '[');
    comma(out);
    kk_buf_addc(out, bracket);
}

void kk_jw_close(struct kk_buf *out, char bracket)
{
    KK_ASSERT(bracket == '}' || bracket == ']');
    kk_buf_addc(out, bracket);
}

/* What a byte is inside a string: plain, to be written as an escape, or part of a longer character. */
enum { PLAIN, ESCAPE, LONG };
#define ROW(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
static const unsigned char byte_class[256] = {
    ROW(ESCAPE), ROW(ESCAPE), ROW(PLAIN), ROW(PLAIN), ROW(PLAIN), ROW(PLAIN), ROW(PLAIN), ROW(PLAIN),
    ROW(LONG),   ROW(LONG),   ROW(LONG),  ROW(LONG),  ROW(LONG),  ROW(LONG),  ROW(LONG),  ROW(LONG),
};
#undef ROW

static void escape(struct kk_buf *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    if (byte >= 0x20 || letters[byte]) {
        char two[] = {'\\', byte >= 0x20 ? (char)byte : letters[byte]};

        kk_buf_add(out, (struct kk_sv){two, sizeof(two)});
        return;
    }

    char six[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};

    kk_buf_add(out, (struct kk_sv){six, sizeof(six)});
}

/* The length of the longest start of text that may stand in a string as it is. */
static size_t plain_run(const unsigned char *p, size_t left)
{
    size_t len = 0;

    while (len < left) {
        size_t step = 1;

        if (byte_class[p[len]] == LONG)
            step = kk_utf8_step(p + len, left - len);
        else if (byte_class[p[len]] == ESCAPE || p[len] == '"' || p[len] == '\\')
            break;
        if (step == 0)
            break;
        len += step;
    }
    return len;
}

void kk_jw_str(struct kk_buf *out, struct kk_sv text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t left = text.len;

    comma(out);
    kk_buf_addc(out, '"');
    while (left > 0 && !out->failed) {
        size_t run = plain_run(p, left);

        kk_buf_add(out, (struct kk_sv){(const char *)p, run});
        p += run;
        left -= run;
        if (left == 0)
            break;
        if (*p < 0x80)
            escape(out, *p);
        else
            kk_buf_add(out, KK_SV("\xEF\xBF\xBD")); /* U+FFFD for each byte that is in no character */
        p++;
        left--;
    }
    kk_buf_addc(out, '"');
}

void kk_jw_key(struct kk_buf *out, const char *key)
{
    kk_jw_str(out, kk_sv_of(key));
    kk_buf_addc(out, ':');
}

void kk_jw_i64(struct kk_buf *out, int64_t number)
{
    comma(out);
    kk_buf_add_i64(out, number);
}

void kk_jw_f64(struct kk_buf *out, double number, int decimals)
{
    KK_ASSERT(decimals >= 0 && decimals <= 17);
    comma(out);
    if (isfinite(number))
        kk_buf_addf(out, "%.*f", decimals, number);
    else
        kk_buf_add(out, KK_SV("null"));
}

void kk_jw_bool(struct kk_buf *out, bool value)
{
    comma(out);
    kk_buf_add(out, value ? KK_SV("true") : KK_SV("false"));
}

void kk_jw_null(struct kk_buf *out)
{
    comma(out);
    kk_buf_add(out, KK_SV("null"));
}

void kk_jw_raw(struct kk_buf *out, struct kk_sv json)
{
    while (json.len > 0 && strchr(" \t\r\n", json.ptr[json.len - 1])) /* or the next comma would not be seen as due */
        json.len--;
    comma(out);
    kk_buf_add(out, json);
}

void kk_jw_key_str(struct kk_buf *out, const char *key, struct kk_sv text)
{
    kk_jw_key(out, key);
    kk_jw_str(out, text);
}

void kk_jw_key_i64(struct kk_buf *out, const char *key, int64_t number)
{
    kk_jw_key(out, key);
    kk_jw_i64(out, number);
}

void kk_jw_key_bool(struct kk_buf *out, const char *key, bool value)
{
    kk_jw_key(out, key);
    kk_jw_bool(out, value);
}

void kk_jw_key_time(struct kk_buf *out, const char *key, int64_t wall_ms)
{
    char text[KK_ISO_BYTES];

    kk_jw_key(out, key);
    if (wall_ms == 0) {
        kk_jw_null(out);
        return;
    }
    kk_time_iso(wall_ms, text);
    kk_jw_str(out, kk_sv_of(text));
}
