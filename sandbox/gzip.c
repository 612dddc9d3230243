#include "sandbox/gzip.h"

#include <zlib.h>

#include <stdlib.h>

#include "base/assert.h"
#include "sandbox/memory.h"

#define STORED_MAX 65535u /* bytes in a stored block: RFC 1951, 3.2.4 */
#define HEADER_BYTES 10
#define FLUSH_BYTES 64 /* what a flush may add to deflateBound() */

struct gzip {
    z_stream stream;
};

struct gzip *gzip_create(void)
{
    struct gzip *gzip = memory_new(1, sizeof(*gzip));
    int rc = deflateInit2(&gzip->stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);

    KK_ASSERT(rc == Z_OK && "zlib could not begin");
    return gzip;
}

void gzip_destroy(struct gzip *gzip)
{
    if (!gzip)
        return;
    deflateEnd(&gzip->stream);
    free(gzip);
}

static void add_header(struct kk_buf *out)
{
    static const char header[HEADER_BYTES] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 4, 3}; /* 4: fastest; 3: Unix */

    kk_buf_add(out, (struct kk_sv){header, sizeof(header)});
}

void gzip_front_make(struct gzip *gzip, struct kk_sv plain, struct gzip_front *ret_front)
{
    size_t room = HEADER_BYTES + deflateBound(&gzip->stream, plain.len) + FLUSH_BYTES;
    struct gzip_front front = {.bytes = KK_BUF(room), .plain_bytes = plain.len};

    KK_ASSERT(plain.len <= UINT32_MAX);
    add_header(&front.bytes);

    char *bytes = kk_buf_room(&front.bytes, room - HEADER_BYTES);

    KK_ASSERT(bytes);
    deflateReset(&gzip->stream);
    gzip->stream.next_in = (z_const Bytef *)plain.ptr;
    gzip->stream.avail_in = (uInt)plain.len;
    gzip->stream.next_out = (Bytef *)bytes;
    gzip->stream.avail_out = (uInt)(room - HEADER_BYTES);
    int rc = deflate(&gzip->stream, Z_SYNC_FLUSH);
    KK_ASSERT(rc == Z_OK && gzip->stream.avail_in == 0 && gzip->stream.avail_out > 0);
    front.bytes.len += room - HEADER_BYTES - gzip->stream.avail_out;
    front.crc = (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)plain.ptr, (uInt)plain.len);
    gzip_front_done(ret_front);
    *ret_front = front;
}

void gzip_front_done(struct gzip_front *front)
{
    kk_buf_done(&front->bytes);
    *front = (struct gzip_front){0};
}

static void add_le(struct kk_buf *out, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        kk_buf_addc(out, (char)(number >> (8 * i) & 0xFF));
}

static void add_stored(struct kk_buf *out, struct kk_sv text, bool is_last)
{
    kk_buf_addc(out, is_last ? 1 : 0);
    add_le(out, (uint32_t)text.len, 2);
    add_le(out, ~(uint32_t)text.len, 2);
    kk_buf_add(out, text);
}

void gzip_join(const struct gzip_front *front, struct kk_sv tail, struct kk_buf *out)
{
    uint32_t crc = tail.len ? (uint32_t)crc32(front->crc, (const Bytef *)tail.ptr, (uInt)tail.len) : front->crc;
    size_t left = tail.len;

    kk_buf_add(out, kk_buf_sv(&front->bytes));
    while (left > STORED_MAX) {
        add_stored(out, (struct kk_sv){tail.ptr + (tail.len - left), STORED_MAX}, false);
        left -= STORED_MAX;
    }
    add_stored(out, (struct kk_sv){tail.ptr + (tail.len - left), left}, true);
    add_le(out, crc, 4);
    add_le(out, (uint32_t)(front->plain_bytes + tail.len), 4);
}
