/* base/bytes.h: borrowed views and owned buffers, with a ceiling on each. */
#ifndef KK_BASE_BYTES_H
#define KK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KK_CLEANUP(fn) __attribute__((cleanup(fn)))
#define KK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct kk_sv { /* borrowed: not NUL-terminated, valid while its owner is */
    const char *ptr;
    size_t len;
};
#define KK_SV(literal) ((struct kk_sv){"" literal, sizeof(literal) - 1})
#define KK_SV_FMT "%.*s" /* with KK_SV_ARG */
#define KK_SV_ARG(sv) (int)(sv).len, (sv).ptr

struct kk_sv kk_sv_of(const char *text); /* NULL is the empty view */
bool kk_sv_eq(struct kk_sv a, struct kk_sv b);
bool kk_sv_eq_ci(struct kk_sv a, struct kk_sv b); /* ASCII letters only */
int kk_sv_cmp(struct kk_sv a, struct kk_sv b);    /* by bytes, as memcmp, shorter first */
bool kk_sv_starts(struct kk_sv text, struct kk_sv prefix);
struct kk_sv kk_sv_trim(struct kk_sv text); /* spaces and tabs, both ends */
/* Where needle begins in text, or text.len. An empty needle is at 0. */
size_t kk_sv_find(struct kk_sv text, struct kk_sv needle);
/* Cuts *rest at the first sep: returns what is before it and leaves what is after. Without a sep all of it. */
struct kk_sv kk_sv_cut(struct kk_sv *rest, char sep);
/* Decimal, an optional '-', nothing else around it. False: not such a number, or past 64 bits. */
bool kk_sv_i64(struct kk_sv text, int64_t *ret);
/* Copies into a fixed array and ends it with NUL. False, and an empty dst, when it does not fit or holds a NUL. */
bool kk_sv_copy(struct kk_sv text, char *dst, size_t dst_bytes);

struct kk_buf { /* owned: kk_buf_done() frees; a zeroed one is valid, empty, and refuses to grow */
    char *ptr;
    size_t len, cap, max_bytes;
    enum kk_code failed; /* sticky: KK_NO_MEMORY, or KK_BAD_INPUT past max_bytes */
};
#define KK_BUF(max) ((struct kk_buf){.max_bytes = (max)})

/* Appends do nothing after a failure, so a run of them needs one check of ->failed at its end. */
void kk_buf_add(struct kk_buf *buf, struct kk_sv bytes);
void kk_buf_addc(struct kk_buf *buf, char byte);
void kk_buf_addf(struct kk_buf *buf, const char *fmt, ...) KK_PRINTF(2, 3);
void kk_buf_add_i64(struct kk_buf *buf, int64_t number); /* decimal; much cheaper than addf */
/* Room for bytes more at ->ptr + ->len, for a caller that writes there and then adds to ->len. NULL: failed. */
char *kk_buf_room(struct kk_buf *buf, size_t bytes);
void kk_buf_clear(struct kk_buf *buf); /* empty again, keeps memory and ceiling, forgets the failure */
void kk_buf_done(struct kk_buf *buf);  /* NULL is fine */
struct kk_sv kk_buf_sv(const struct kk_buf *buf);
/* Text for a C API: adds a NUL that is not counted in len. "" after a failure. */
const char *kk_buf_cstr(struct kk_buf *buf);
/* KK_OK, or the sticky failure with a sentence about what. */
enum kk_code kk_buf_check(const struct kk_buf *buf, const char *what, struct kk_err *err);

void kk_free_cleanup(void *ptr_to_ptr); /* for KK_CLEANUP on a malloc'd pointer */

#endif
