/* sandbox/noise.h: everything in an answer that differs without anything having changed: counters, spellings of
 * numbers, Unicode forms, null against "", sizes in image addresses. A crawler that counts any of it is wrong. */
#ifndef SANDBOX_NOISE_H
#define SANDBOX_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct noise {
    uint64_t state;
    bool is_plain;  /* no noise: every counter is 0, every spelling the usual one */
    bool is_nfd;    /* texts come decomposed */
    bool is_varied; /* numbers are spelled in several ways */
    struct kk_buf scratch;
};
void noise_init(struct noise *noise, uint64_t seed, bool is_plain);
void noise_done(struct noise *noise);

uint64_t noise_below(struct noise *noise, uint64_t bound); /* 0 when plain */
bool noise_is(struct noise *noise, uint64_t one_in);       /* false when plain */

/* Members of an object. */
void noise_number(struct noise *noise, struct kk_buf *out, const char *key, int64_t number);
void noise_text(struct noise *noise, struct kk_buf *out, const char *key, const char *text);
void noise_optional(struct noise *noise, struct kk_buf *out, const char *key, const char *text); /* may be left out */
void noise_money(struct noise *noise, struct kk_buf *out, const char *key, int64_t won);         /* "545,600" */
void noise_counter(struct noise *noise, struct kk_buf *out, const char *key, uint64_t bound);
void noise_flag(struct noise *noise, struct kk_buf *out, const char *key);
/* A string: address with a size tail. */
void noise_image(struct noise *noise, struct kk_buf *out, const char *url, int width, int height);

/* Appends text with its Hangul syllables and accented letters taken apart (NFD of what the world's words use). */
void noise_decompose(struct kk_sv text, struct kk_buf *out);

#endif
