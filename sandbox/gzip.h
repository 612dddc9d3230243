/* sandbox/gzip.h: gzip whose front was compressed once and whose end is new each time. A deflate stream that was
 * flushed ends on a byte, so stored blocks can follow it; and a CRC goes on from where it stood. */
#ifndef SANDBOX_GZIP_H
#define SANDBOX_GZIP_H

#include <stdint.h>

#include "base/bytes.h"

struct gzip; /* the compressor, at level 1 */
struct gzip *gzip_create(void);
void gzip_destroy(struct gzip *gzip); /* NULL is fine */

struct gzip_front { /* a zeroed one is empty; gzip_front_done() */
    struct kk_buf bytes;
    uint32_t crc;
    size_t plain_bytes;
};
void gzip_front_make(struct gzip *gzip, struct kk_sv plain, struct gzip_front *ret_front);
void gzip_front_done(struct gzip_front *front);
/* Appends the whole gzip file: front, then tail as it is. */
void gzip_join(const struct gzip_front *front, struct kk_sv tail, struct kk_buf *out);

#endif
