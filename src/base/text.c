#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/assert.h"
#include "base/utf8.h"

/* Bytes of ASCII at the start of text, eight at a time. */
static size_t ascii_run(const unsigned char *p, size_t left)
{
    size_t len = 0;
    uint64_t eight;

    while (left - len >= sizeof(eight)) {
        memcpy(&eight, p + len, sizeof(eight));
        if (eight & UINT64_C(0x8080808080808080))
            break;
        len += sizeof(eight);
    }
    while (len < left && p[len] < 0x80)
        len++;
    return len;
}

bool kk_utf8_valid(struct kk_sv text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t at = 0;

    while (at < text.len) {
        size_t step = p[at] < 0x80 ? ascii_run(p + at, text.len - at) : kk_utf8_step(p + at, text.len - at);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* True for characters that are in NFC already and that join with nothing before them: U+00A0 to U+02FF (Latin, with
 * its ready-made accents), U+4E00 to U+9FFF (Chinese) and U+AC00 to U+D7A3 (Hangul syllables). p is a whole character
 * of step bytes. What is not here only takes the slow path. */
static bool is_settled(const unsigned char *p, size_t step)
{
    if (step == 2)
        return p[0] < 0xCC;
    if (step != 3)
        return false;

    unsigned c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);

    return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x4E00 && c <= 0x9FFF);
}

/* The next character: its bytes (0: none), and whether it is settled. A run of ASCII counts as one but for its last
 * byte, which an accent may follow. */
static size_t next_char(const unsigned char *p, size_t left, bool *ret_settled)
{
    size_t step = p[0] < 0x80 ? ascii_run(p, left) : kk_utf8_step(p, left);

    *ret_settled = p[0] < 0x80 || is_settled(p, step);
    return p[0] < 0x80 && step > 1 && step < left ? step - 1 : step;
}

/* Appends the NFC of a piece that nothing around it can join with. */
static enum kk_code compose(const unsigned char *p, size_t len, struct kk_buf *out, struct kk_err *err)
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t got = utf8proc_map(p, (utf8proc_ssize_t)len, &normal, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

    if (got < 0 && got != UTF8PROC_ERROR_NOMEM)
        return kk_fail(err, KK_BAD_INPUT, "the text has no Unicode form NFC: %s", utf8proc_errmsg(got));
    if (got < 0)
        return kk_fail(err, KK_NO_MEMORY, "no memory to bring %zu bytes of text into NFC", len);
    kk_buf_add(out, (struct kk_sv){(const char *)normal, (size_t)got});
    free(normal);
    return KK_OK;
}

/* A settled character begins anew: nothing before it changes with it. So only the pieces from the last settled
 * character before an unsettled one up to the next settled one need the library; one "™" in a long text costs little.
 */
enum kk_code kk_nfc(struct kk_sv text, struct kk_buf *out, struct kk_err *err)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t done = 0, piece = 0; /* what is written; where the piece under way began */
    bool is_ready = true, is_char_settled = true;
    enum kk_code rc = KK_OK;

    if (text.len == 0) /* its ptr may be NULL, which cannot be stepped from */
        return kk_buf_check(out, "a text", err);
    for (size_t at = 0, step; at < text.len; at += step) {
        step = next_char(p + at, text.len - at, &is_char_settled);
        if (step == 0)
            return kk_fail(err, KK_BAD_INPUT, "the text is no UTF-8 at byte %zu", at);
        if (is_char_settled && is_ready) {
            piece = at;
        } else if (is_char_settled) {
            kk_buf_add(out, (struct kk_sv){text.ptr + done, piece - done});
            rc = compose(p + piece, at - piece, out, err);
            if (rc)
                return rc;
            done = piece = at;
            is_ready = true;
        } else {
            is_ready = false;
        }
    }
    if (is_ready)
        piece = text.len;
    kk_buf_add(out, (struct kk_sv){text.ptr + done, piece - done});
    if (!is_ready)
        rc = compose(p + piece, text.len - piece, out, err);
    return rc ? rc : kk_buf_check(out, "a text", err);
}

/* The width and byte length of the character at p. A byte that is in no character is drawn as one replacement mark. */
static int char_columns(const unsigned char *p, size_t left, size_t *ret_step)
{
    size_t step = kk_utf8_step(p, left);
    utf8proc_int32_t c = 0xFFFD;

    *ret_step = step ? step : 1;
    if (step == 0)
        return 1;
    utf8proc_iterate(p, (utf8proc_ssize_t)step, &c);
    if (c >= 0x1160 && c <= 0x11FF) /* Hangul vowels and final consonants are drawn into the syllable they follow */
        return 0;

    int columns = utf8proc_charwidth(c);

    return columns < 0 ? 0 : columns;
}

int kk_text_columns(struct kk_sv text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    int64_t columns = 0;
    size_t step;

    for (size_t at = 0; at < text.len; at += step)
        columns += char_columns(p + at, text.len - at, &step);
    return columns > INT32_MAX ? INT32_MAX : (int)columns;
}

struct kk_sv kk_text_fit(struct kk_sv text, int columns)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    int used = 0;
    size_t step;

    for (size_t at = 0; at < text.len; at += step) {
        used += char_columns(p + at, text.len - at, &step);
        if (used > columns)
            return (struct kk_sv){text.ptr, at};
    }
    return text;
}

void kk_percent_encode(struct kk_sv text, struct kk_buf *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len && !out->failed; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
            c == '_' || c == '~') {
            kk_buf_addc(out, (char)c);
            continue;
        }

        char three[] = {'%', hex[c >> 4], hex[c & 15]};

        kk_buf_add(out, (struct kk_sv){three, sizeof(three)});
    }
}
