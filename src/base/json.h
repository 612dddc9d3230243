/* base/json.h: reading JSON (yyjson stays behind this) and writing it.
 *
 * A reader trusts nothing: more than 256 MiB, broken UTF-8, or trailing bytes are KK_MISMATCH; nothing here
 * recurses, so a deep document costs no stack. Values are borrowed from their document. */
#ifndef KK_BASE_JSON_H
#define KK_BASE_JSON_H

#include <stdbool.h>

#include "base/bytes.h"

struct kk_json; /* one parsed document */
struct kk_jv {  /* a value in it, or none; every function takes none and answers none or false */
    void *node;
};
enum kk_jtype { KK_J_NONE, KK_J_NULL, KK_J_BOOL, KK_J_INT, KK_J_REAL, KK_J_STR, KK_J_ARR, KK_J_OBJ };

/* Borrows text for the call. Gives *ret_json (kk_json_done). KK_MISMATCH, KK_NO_MEMORY. */
enum kk_code kk_json_parse(struct kk_sv text, struct kk_json **ret_json, struct kk_err *err);
void kk_json_done(struct kk_json *json);            /* NULL is fine */
void kk_json_cleanup(struct kk_json **ptr_to_json); /* for KK_CLEANUP */
struct kk_jv kk_json_root(const struct kk_json *json);

enum kk_jtype kk_jv_type(struct kk_jv value);
static inline bool kk_jv_is(struct kk_jv value, enum kk_jtype type)
{
    return kk_jv_type(value) == type;
}
struct kk_jv kk_jv_get(struct kk_jv object, const char *key); /* the first of that name */
struct kk_jv kk_jv_at(struct kk_jv array, size_t index);
size_t kk_jv_count(struct kk_jv container);
/* True and *ret when the value is a JSON integer that fits 64 signed bits. */
bool kk_jv_i64(struct kk_jv value, int64_t *ret);
bool kk_jv_f64(struct kk_jv value, double *ret); /* integers too */
bool kk_jv_bool(struct kk_jv value, bool *ret);
bool kk_jv_str(struct kk_jv value, struct kk_sv *ret); /* may hold NUL bytes; valid UTF-8 */

struct kk_jiter { /* for (it = kk_jv_iter(v); kk_jiter_next(&it);) … it.value, and it.key in an object */
    struct kk_jv value;
    struct kk_sv key;
    void *next;
    size_t left;
    bool is_object;
};
struct kk_jiter kk_jv_iter(struct kk_jv container); /* not a container: an iteration without a turn */
bool kk_jiter_next(struct kk_jiter *iter);

/* Writing. A comma is put where one is due, seen from the byte before, so there is no state to carry. */
void kk_jw_open(struct kk_buf *out, char bracket);  /* '{' or '[' */
void kk_jw_close(struct kk_buf *out, char bracket); /* '}' or ']' */
void kk_jw_key(struct kk_buf *out, const char *key);
void kk_jw_str(struct kk_buf *out, struct kk_sv text); /* broken UTF-8 becomes U+FFFD */
void kk_jw_i64(struct kk_buf *out, int64_t number);
void kk_jw_f64(struct kk_buf *out, double number, int decimals); /* not finite: null */
void kk_jw_bool(struct kk_buf *out, bool value);
void kk_jw_null(struct kk_buf *out);
void kk_jw_raw(struct kk_buf *out, struct kk_sv json); /* already JSON */
/* key and value in one call, for objects */
void kk_jw_key_str(struct kk_buf *out, const char *key, struct kk_sv text);
void kk_jw_key_i64(struct kk_buf *out, const char *key, int64_t number);
void kk_jw_key_bool(struct kk_buf *out, const char *key, bool value);
/* Unix milliseconds as ISO text; 0 is null. */
void kk_jw_key_time(struct kk_buf *out, const char *key, int64_t wall_ms);

#endif
