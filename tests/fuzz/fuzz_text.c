/* Foreign bytes as text: NFC is stable and stays UTF-8, and what fits on a terminal is a start of the text. */
#include <utf8proc.h>

#include "base/assert.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool utf8proc_says_valid(const uint8_t *data, size_t size)
{
    utf8proc_int32_t c;

    for (size_t at = 0; at < size;) {
        utf8proc_ssize_t step = utf8proc_iterate(data + at, (utf8proc_ssize_t)(size - at), &c);

        if (step <= 0)
            return false;
        at += (size_t)step;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf once = KK_BUF((size_t)16 << 20);
    KK_CLEANUP(kk_buf_done) struct kk_buf twice = KK_BUF((size_t)16 << 20);
    struct kk_sv text = {(const char *)data, size};
    bool is_valid = kk_utf8_valid(text);
    int columns = kk_text_columns(text);

    KK_ASSERT(is_valid == utf8proc_says_valid(data, size));
    for (int width = 0; width <= columns && width < 100; width++) {
        struct kk_sv start = kk_text_fit(text, width);

        KK_ASSERT(kk_sv_starts(text, start) && kk_text_columns(start) <= width);
        KK_ASSERT(!is_valid || kk_utf8_valid(start));
    }

    enum kk_code rc = kk_nfc(text, &once, NULL);

    KK_ASSERT((rc == KK_OK) == is_valid);
    if (rc)
        return 0;
    KK_ASSERT(kk_utf8_valid(kk_buf_sv(&once)));
    KK_ASSERT(kk_nfc(kk_buf_sv(&once), &twice, NULL) == KK_OK && kk_sv_eq(kk_buf_sv(&once), kk_buf_sv(&twice)));
    return 0;
}
