/* Foreign bytes into the JSON reader, and what it read through the writer and back: the same document must come out. */
#include "base/assert.h"
#include "base/json.h"
#include "base/text.h"

#define DEPTH_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bounded here by depth; the reader itself needs no bound. */
static bool copy(struct kk_jv value, int depth, struct kk_buf *out)
{
    struct kk_sv text;
    int64_t integer;
    double real;
    bool is;

    if (depth > DEPTH_MAX)
        return false;
    switch (kk_jv_type(value)) {
    case KK_J_NONE:
        KK_UNREACHABLE();
    case KK_J_NULL:
        kk_jw_null(out);
        return true;
    case KK_J_BOOL:
        KK_ASSERT(kk_jv_bool(value, &is));
        kk_jw_bool(out, is);
        return true;
    case KK_J_INT:
        KK_ASSERT(kk_jv_i64(value, &integer));
        kk_jw_i64(out, integer);
        return true;
    case KK_J_REAL:
        KK_ASSERT(kk_jv_f64(value, &real) && isfinite(real));
        kk_jw_f64(out, 0.5, 1); /* a place for it: how many digits a real keeps is its writer's choice */
        return true;
    case KK_J_STR:
        KK_ASSERT(kk_jv_str(value, &text) && kk_utf8_valid(text));
        kk_jw_str(out, text);
        return true;
    case KK_J_ARR:
    case KK_J_OBJ:
        break;
    }

    bool is_object = kk_jv_is(value, KK_J_OBJ), is_whole = true;
    size_t count = 0;

    kk_jw_open(out, is_object ? '{' : '[');
    for (struct kk_jiter it = kk_jv_iter(value); is_whole && kk_jiter_next(&it); count++) {
        if (is_object) {
            KK_ASSERT(kk_utf8_valid(it.key));
            kk_jw_str(out, it.key);
            kk_buf_addc(out, ':');
        }
        is_whole = copy(it.value, depth + 1, out);
    }
    KK_ASSERT(!is_whole || count == kk_jv_count(value));
    kk_jw_close(out, is_object ? '}' : ']');
    return is_whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    KK_CLEANUP(kk_json_cleanup) struct kk_json *again = NULL;
    KK_CLEANUP(kk_buf_done) struct kk_buf first = KK_BUF((size_t)16 << 20);
    KK_CLEANUP(kk_buf_done) struct kk_buf second = KK_BUF((size_t)16 << 20);
    struct kk_err err = {0};

    if (kk_json_parse((struct kk_sv){(const char *)data, size}, &json, &err)) {
        KK_ASSERT(err.code == KK_MISMATCH && err.msg[0]);
        return 0;
    }
    KK_ASSERT(kk_utf8_valid((struct kk_sv){(const char *)data, size}));
    if (!copy(kk_json_root(json), 0, &first) || first.failed)
        return 0;
    KK_ASSERT(kk_json_parse(kk_buf_sv(&first), &again, &err) == KK_OK);
    KK_ASSERT(copy(kk_json_root(again), 0, &second) && kk_sv_eq(kk_buf_sv(&first), kk_buf_sv(&second)));
    return 0;
}
