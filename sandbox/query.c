#include "sandbox/query.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(struct kk_sv text, struct kk_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            kk_buf_addc(out, text.ptr[i] == '+' ? ' ' : text.ptr[i]);
            continue;
        }

        int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;

        if (high < 0 || low < 0)
            return false;
        kk_buf_addc(out, (char)(high * 16 + low));
        i += 2;
    }
    return !out->failed;
}

static bool find(struct kk_sv query, const char *name, struct kk_sv *ret)
{
    while (query.len > 0) {
        struct kk_sv value = kk_sv_cut(&query, '&'), key = kk_sv_cut(&value, '=');

        if (kk_sv_eq(key, kk_sv_of(name))) {
            *ret = value;
            return true;
        }
    }
    return false;
}

bool query_text(struct kk_sv query, const char *name, struct kk_buf *out)
{
    struct kk_sv value;

    kk_buf_clear(out);
    return find(query, name, &value) && decode(value, out);
}

bool query_number(struct kk_sv query, const char *name, int64_t fallback, int64_t *ret)
{
    struct kk_sv value;

    *ret = fallback;
    return !find(query, name, &value) || kk_sv_i64(value, ret);
}
