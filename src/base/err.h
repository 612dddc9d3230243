/* base/err.h: what went wrong, for a caller (code) and for a person (msg). */
#ifndef KK_BASE_ERR_H
#define KK_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define KK_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

// clang-format off
#define KK_CODES(X) /* code, name on the wire, may a retry help? */              \
    X(KK_OK,          "ok",          false)                                       \
    X(KK_BAD_INPUT,   "bad_input",   false) /* what was given is malformed */      \
    X(KK_NOT_FOUND,   "not_found",   false)                                       \
    X(KK_CONFLICT,    "conflict",    false) /* somebody else was first */          \
    X(KK_MISMATCH,    "mismatch",    false) /* a reply has not the known shape */  \
    X(KK_DENIED,      "denied",      false) /* the other side refuses us */        \
    X(KK_TOO_NEW,     "too_new",     false) /* a newer binary wrote this */        \
    X(KK_CORRUPT,     "corrupt",     false) /* stored data is damaged */           \
    X(KK_LIMITED,     "limited",     true)                                        \
    X(KK_TIMEOUT,     "timeout",     true)                                        \
    X(KK_UNAVAILABLE, "unavailable", true)                                        \
    X(KK_BUSY,        "busy",        true)  /* locked by another process */        \
    X(KK_FULL,        "full",        true)  /* no space on the disk */             \
    X(KK_NO_MEMORY,   "no_memory",   true)
// clang-format on

#define X(code, name, retry) code,
enum kk_code { KK_CODES(X) KK_CODE_COUNT };
#undef X

#define KK_ERR_MSG_BYTES 256

struct kk_err {
    enum kk_code code;
    char msg[KK_ERR_MSG_BYTES]; /* one sentence; no newline, no token, no cookie */
};

/* Set err (NULL is fine) and return code, so that failing is one statement. Control bytes become spaces; what is too
 * long is cut at a whole UTF-8 character. */
enum kk_code kk_fail(struct kk_err *err, enum kk_code code, const char *fmt, ...) KK_PRINTF(3, 4);
/* Put what this layer did in front of msg ("start crawl of seller x: " + msg). Keeps and returns code. */
enum kk_code kk_while(struct kk_err *err, enum kk_code code, const char *fmt, ...) KK_PRINTF(3, 4);

const char *kk_code_name(enum kk_code code);
bool kk_code_may_retry(enum kk_code code);

#endif
