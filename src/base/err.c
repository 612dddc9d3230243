#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"

/* The length of text without a character that was cut in two at its end. Bytes that were broken before stay. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t start = len;

    for (int back = 0; back < 3 && start > 0; back++) {
        unsigned char byte = (unsigned char)text[--start];

        if (byte >= 0xC0) /* a lead byte: keep its character only if it is all here */
            return kk_utf8_step((const unsigned char *)text + start, len - start) ? len : start;
        if (byte < 0x80)
            return len;
    }
    return len;
}

static void keep(struct kk_err *err, enum kk_code code, const char *text, size_t len)
{
    bool is_cut = len >= sizeof(err->msg);

    if (is_cut)
        len = whole_characters(text, sizeof(err->msg) - 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        err->msg[i] = byte < 0x20 || byte == 0x7F ? ' ' : text[i];
    }
    err->msg[len] = '\0';
    err->code = code;
}

enum kk_code kk_fail(struct kk_err *err, enum kk_code code, const char *fmt, ...)
{
    char text[2 * KK_ERR_MSG_BYTES]; /* apart from err->msg, which may be among the arguments */
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    keep(err, code, text, len < 0 ? 0 : strlen(text));
    return code;
}

enum kk_code kk_while(struct kk_err *err, enum kk_code code, const char *fmt, ...)
{
    char text[2 * KK_ERR_MSG_BYTES];
    va_list args;

    if (!err)
        return code;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    size_t used = len < 0 ? 0 : strlen(text);

    if (err->msg[0])
        snprintf(text + used, sizeof(text) - used, ": %s", err->msg);
    keep(err, code, text, strlen(text));
    return code;
}

static const struct {
    const char *name;
    bool may_retry;
} codes[KK_CODE_COUNT] = {
#define X(code, name, retry) [code] = {name, retry},
    KK_CODES(X)
#undef X
};

const char *kk_code_name(enum kk_code code)
{
    KK_ASSERT(code < KK_CODE_COUNT);
    return codes[code].name;
}

bool kk_code_may_retry(enum kk_code code)
{
    KK_ASSERT(code < KK_CODE_COUNT);
    return codes[code].may_retry;
}
