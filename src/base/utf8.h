/* base/utf8.h: one step through UTF-8, for those in base/ who walk over text. */
#ifndef KK_BASE_UTF8_H
#define KK_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the whole, valid character at p (1 to 4), or 0: over-long forms, surrogates, past U+10FFFF, cut short. */
static inline size_t kk_utf8_step(const unsigned char *p, size_t left)
{
    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < 2)
        return 0;
    if (p[0] < 0xE0)
        return (p[1] & 0xC0) == 0x80 ? 2 : 0;

    /* The second byte's range is narrower after these four lead bytes (Unicode, table 3-7). */
    unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;

    if (p[1] < low || p[1] > high || left < 3 || (p[2] & 0xC0) != 0x80)
        return 0;
    if (p[0] < 0xF0)
        return 3;
    return left >= 4 && (p[3] & 0xC0) == 0x80 ? 4 : 0;
}

#endif
