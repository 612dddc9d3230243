/* base/assert.h: assertions are for our own bugs and stay in release builds; foreign bytes are never asserted. */
#ifndef KK_BASE_ASSERT_H
#define KK_BASE_ASSERT_H

/* Prints file, line and expr to standard error and aborts. */
_Noreturn void kk_panic(const char *file, int line, const char *expr);

#define KK_ASSERT(cond) ((cond) ? (void)0 : kk_panic(__FILE__, __LINE__, #cond))
#define KK_UNREACHABLE() kk_panic(__FILE__, __LINE__, "unreachable")

#endif
