#include "api/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL 3               /* most of what there is to gain, at a third of the default's time */
#define GZIP_WINDOW (15 + 16) /* the largest window; 16: with gzip's own header */

/* Whether a list such as "gzip, br;q=0.5" names it; ";q=0" is a no. */
bool gzip_is_welcome(struct kk_sv list)
{
    while (list.len) {
        struct kk_sv rest = kk_sv_cut(&list, ','), name = kk_sv_trim(kk_sv_cut(&rest, ';'));

        if (kk_sv_eq_ci(name, KK_SV("gzip")))
            return !kk_sv_eq(kk_sv_trim(rest), KK_SV("q=0"));
    }
    return false;
}

bool gzip_pack(struct kk_buf *text)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf packed = KK_BUF(text->max_bytes + GZIP_LEAST_BYTES);
    z_stream stream = {.next_in = (Bytef *)text->ptr, .avail_in = (uInt)text->len};
    bool is_done;

    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    stream.avail_out = (uInt)deflateBound(&stream, text->len);
    stream.next_out = (Bytef *)kk_buf_room(&packed, stream.avail_out);
    is_done = stream.next_out && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    packed.len = is_done ? stream.total_out : 0;
    deflateEnd(&stream);
    if (!is_done)
        return false;
    kk_buf_clear(text);
    kk_buf_add(text, kk_buf_sv(&packed));
    return !text->failed;
}
