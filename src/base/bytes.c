#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct kk_sv kk_sv_of(const char *text)
{
    return text ? (struct kk_sv){text, strlen(text)} : (struct kk_sv){0};
}

bool kk_sv_eq(struct kk_sv a, struct kk_sv b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static unsigned char lower(char byte)
{
    unsigned char u = (unsigned char)byte;

    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u; /* not tolower(): the locale has no say */
}

bool kk_sv_eq_ci(struct kk_sv a, struct kk_sv b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int kk_sv_cmp(struct kk_sv a, struct kk_sv b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool kk_sv_starts(struct kk_sv text, struct kk_sv prefix)
{
    return text.len >= prefix.len && kk_sv_eq((struct kk_sv){text.ptr, prefix.len}, prefix);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct kk_sv kk_sv_trim(struct kk_sv text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

size_t kk_sv_find(struct kk_sv text, struct kk_sv needle)
{
    if (needle.len == 0)
        return 0;
    if (needle.len > text.len)
        return text.len;

    const char *found = memmem(text.ptr, text.len, needle.ptr, needle.len);

    return found ? (size_t)(found - text.ptr) : text.len;
}

struct kk_sv kk_sv_cut(struct kk_sv *rest, char sep)
{
    struct kk_sv before = *rest;
    const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;

    if (!at) {
        *rest = (struct kk_sv){0};
        return before;
    }
    before.len = (size_t)(at - rest->ptr);
    rest->ptr = at + 1;
    rest->len -= before.len + 1;
    return before;
}

bool kk_sv_i64(struct kk_sv text, int64_t *ret)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = is_negative;
    int64_t number = 0; /* counted below zero, because INT64_MIN has no positive twin */

    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, text.ptr[i] - '0', &number))
            return false;
    }
    if (!is_negative && number == INT64_MIN)
        return false;
    *ret = is_negative ? number : -number;
    return true;
}

bool kk_sv_copy(struct kk_sv text, char *dst, size_t dst_bytes)
{
    KK_ASSERT(dst_bytes > 0);
    dst[0] = '\0';
    if (text.len >= dst_bytes)
        return false;
    if (text.len == 0)
        return true;
    if (memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(dst, text.ptr, text.len);
    dst[text.len] = '\0';
    return true;
}

/* Makes room for bytes more and for a NUL behind them, which kk_buf_cstr() then never has to fail for. */
char *kk_buf_room(struct kk_buf *buf, size_t bytes)
{
    if (buf->failed)
        return NULL;
    if (bytes < buf->cap - buf->len) /* cap is past len whenever there is memory, and 0 == len before */
        return buf->ptr + buf->len;
    if (bytes > buf->max_bytes || buf->len > buf->max_bytes - bytes) {
        buf->failed = KK_BAD_INPUT;
        return NULL;
    }

    size_t need = buf->len + bytes + 1;
    size_t want = buf->cap < 32 ? 64 : buf->cap + buf->cap / 2;

    if (want > buf->max_bytes)
        want = buf->max_bytes + 1;
    if (want < need)
        want = need;

    char *ptr = realloc(buf->ptr, want);

    if (!ptr) {
        buf->failed = KK_NO_MEMORY;
        return NULL;
    }
    buf->ptr = ptr;
    buf->cap = want;
    return buf->ptr + buf->len;
}

void kk_buf_add(struct kk_buf *buf, struct kk_sv bytes)
{
    if (bytes.len == 0)
        return;

    char *room = kk_buf_room(buf, bytes.len);

    if (!room)
        return;
    memcpy(room, bytes.ptr, bytes.len);
    buf->len += bytes.len;
}

void kk_buf_addc(struct kk_buf *buf, char byte)
{
    char *room = kk_buf_room(buf, 1);

    if (!room)
        return;
    *room = byte;
    buf->len++;
}

void kk_buf_addf(struct kk_buf *buf, const char *fmt, ...)
{
    char small[256];
    va_list args;
    char *room;

    if (buf->failed)
        return;
    va_start(args, fmt);
    int len = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    KK_ASSERT(len >= 0); /* only a broken format of ours fails */
    if ((size_t)len < sizeof(small)) {
        kk_buf_add(buf, (struct kk_sv){small, (size_t)len});
        return;
    }
    room = kk_buf_room(buf, (size_t)len);
    if (!room)
        return;
    va_start(args, fmt);
    vsnprintf(room, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

void kk_buf_add_i64(struct kk_buf *buf, int64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    kk_buf_add(buf, (struct kk_sv){digits + at, sizeof(digits) - at});
}

void kk_buf_clear(struct kk_buf *buf)
{
    buf->len = 0;
    buf->failed = KK_OK;
}

void kk_buf_done(struct kk_buf *buf)
{
    if (!buf)
        return;
    free(buf->ptr);
    *buf = (struct kk_buf){0};
}

struct kk_sv kk_buf_sv(const struct kk_buf *buf)
{
    return (struct kk_sv){buf->ptr, buf->len};
}

const char *kk_buf_cstr(struct kk_buf *buf)
{
    if (buf->failed || !buf->ptr)
        return "";
    buf->ptr[buf->len] = '\0';
    return buf->ptr;
}

enum kk_code kk_buf_check(const struct kk_buf *buf, const char *what, struct kk_err *err)
{
    if (!buf->failed)
        return KK_OK;
    if (buf->failed == KK_BAD_INPUT)
        return kk_fail(err, KK_BAD_INPUT, "%s is longer than the %zu bytes it may have", what, buf->max_bytes);
    return kk_fail(err, buf->failed, "no memory for %s", what);
}

void kk_free_cleanup(void *ptr_to_ptr)
{
    free(*(void **)ptr_to_ptr);
}
