/* support/check.h: checks over cmocka that print both values. A test file includes this and nothing of cmocka's. */
#ifndef KK_TESTS_CHECK_H
#define KK_TESTS_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"

#define CHECK(cond) ((cond) ? (void)0 : kk_check_failed(__FILE__, __LINE__, #cond))
/* Any integers, enums and booleans; the actual value first. */
#define CHECK_EQ(actual, expected) \
    kk_check_eq(__FILE__, __LINE__, #actual, #expected, (long long)(actual), (long long)(expected))
/* C strings and views, mixed as they come. */
#define CHECK_STR(actual, expected) \
    kk_check_str(__FILE__, __LINE__, #actual, kk_check_view(actual), kk_check_view(expected))
/* A call that must succeed, and the address of the error it was given: CHECK_OK(store_open(…, &err), &err). */
#define CHECK_OK(call, err_ptr) kk_check_ok(__FILE__, __LINE__, #call, (call), (err_ptr))

// clang-format off
#define kk_check_view(text) \
    _Generic((text), struct kk_sv: kk_check_as_is, char *: kk_sv_of, const char *: kk_sv_of)(text)
// clang-format on

static inline struct kk_sv kk_check_as_is(struct kk_sv text)
{
    return text;
}

_Noreturn static inline void kk_check_stop(const char *file, int line)
{
    _fail(file, line); /* leaves the test by a jump, as cmocka's own assertions do */
    __builtin_unreachable();
}

static inline void kk_check_failed(const char *file, int line, const char *cond)
{
    print_error("not so: %s\n", cond);
    kk_check_stop(file, line);
}

static inline void kk_check_eq(const char *file, int line, const char *actual_text, const char *expected_text,
                               long long actual, long long expected)
{
    if (actual == expected)
        return;
    print_error("%s is %lld, not %lld (%s)\n", actual_text, actual, expected, expected_text);
    kk_check_stop(file, line);
}

static inline void kk_check_str(const char *file, int line, const char *actual_text, struct kk_sv actual,
                                struct kk_sv expected)
{
    if (kk_sv_eq(actual, expected))
        return;
    print_error("%s is %zu bytes \"" KK_SV_FMT "\", not %zu bytes \"" KK_SV_FMT "\"\n", actual_text, actual.len,
                KK_SV_ARG(actual), expected.len, KK_SV_ARG(expected));
    kk_check_stop(file, line);
}

static inline void kk_check_ok(const char *file, int line, const char *call, enum kk_code rc, const struct kk_err *err)
{
    if (rc == KK_OK)
        return;
    print_error("%s failed: %s: %s\n", call, kk_code_name(rc), err ? err->msg : "(no message asked for)");
    kk_check_stop(file, line);
}

#endif
