#include "sandbox/noise.h"

#include "base/json.h"
#include "sandbox/dice.h"

#define SCRATCH_MAX_BYTES ((size_t)16 * 1024 * 1024)

void noise_init(struct noise *noise, uint64_t seed, bool is_plain)
{
    *noise = (struct noise){.state = seed, .is_plain = is_plain, .scratch = KK_BUF(SCRATCH_MAX_BYTES)};
    noise->is_nfd = noise_is(noise, 4);
    noise->is_varied = noise_is(noise, 3);
}

void noise_done(struct noise *noise)
{
    kk_buf_done(&noise->scratch);
}

uint64_t noise_below(struct noise *noise, uint64_t bound)
{
    if (noise->is_plain)
        return 0;
    noise->state = dice_mix(noise->state, 0);
    return noise->state % bound;
}

bool noise_is(struct noise *noise, uint64_t one_in)
{
    return !noise->is_plain && noise_below(noise, one_in) == 0;
}

/* --- Unicode --- */

static void add_code(uint32_t code, struct kk_buf *out)
{
    kk_buf_addc(out, (char)(0xE0 | (code >> 12)));
    kk_buf_addc(out, (char)(0x80 | ((code >> 6) & 0x3F)));
    kk_buf_addc(out, (char)(0x80 | (code & 0x3F)));
}

/* Hangul by arithmetic: Unicode 15, section 3.12. */
static void add_syllable(uint32_t code, struct kk_buf *out)
{
    uint32_t index = code - 0xAC00;

    add_code(0x1100 + index / 588, out);
    add_code(0x1161 + index % 588 / 28, out);
    if (index % 28)
        add_code(0x11A7 + index % 28, out);
}

static const struct {
    const char *whole, *apart;
} letters[] = {
    {"é", "e\xCC\x81"}, {"É", "E\xCC\x81"}, {"è", "e\xCC\x80"}, {"È", "E\xCC\x80"},
    {"â", "a\xCC\x82"}, {"Â", "A\xCC\x82"}, {"ö", "o\xCC\x88"}, {"ü", "u\xCC\x88"},
};

/* Two bytes of UTF-8. */
static void add_letter(struct kk_sv letter, struct kk_buf *out)
{
    for (size_t i = 0; i < KK_COUNT(letters); i++)
        if (kk_sv_eq(letter, kk_sv_of(letters[i].whole))) {
            kk_buf_add(out, kk_sv_of(letters[i].apart));
            return;
        }
    kk_buf_add(out, letter);
}

void noise_decompose(struct kk_sv text, struct kk_buf *out)
{
    for (size_t i = 0; i < text.len;) {
        const unsigned char *byte = (const unsigned char *)text.ptr + i;
        size_t left = text.len - i;

        if (byte[0] >= 0xE0 && byte[0] < 0xF0 && left >= 3) {
            uint32_t code = (byte[0] & 0x0Fu) << 12 | (byte[1] & 0x3Fu) << 6 | (byte[2] & 0x3Fu);

            if (code >= 0xAC00 && code <= 0xD7A3)
                add_syllable(code, out);
            else
                kk_buf_add(out, (struct kk_sv){text.ptr + i, 3});
            i += 3;
        } else if (byte[0] >= 0xC0 && byte[0] < 0xE0 && left >= 2) {
            add_letter((struct kk_sv){text.ptr + i, 2}, out);
            i += 2;
        } else {
            kk_buf_addc(out, text.ptr[i]);
            i++;
        }
    }
}

/* --- members --- */

static void write_text(struct noise *noise, struct kk_buf *out, const char *text)
{
    if (!noise->is_nfd) {
        kk_jw_str(out, kk_sv_of(text));
        return;
    }
    kk_buf_clear(&noise->scratch);
    noise_decompose(kk_sv_of(text), &noise->scratch);
    kk_jw_str(out, kk_buf_sv(&noise->scratch));
}

void noise_text(struct noise *noise, struct kk_buf *out, const char *key, const char *text)
{
    kk_jw_key(out, key);
    if (text[0] == '\0' && noise_is(noise, 2))
        kk_jw_null(out);
    else
        write_text(noise, out, text);
}

void noise_optional(struct noise *noise, struct kk_buf *out, const char *key, const char *text)
{
    if (text[0] == '\0' && (noise->is_plain || noise_is(noise, 2)))
        return;
    noise_text(noise, out, key, text);
}

static void add_commas(int64_t number, struct kk_buf *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, number);

    for (int i = 0; i < len; i++) {
        kk_buf_addc(out, digits[i]);
        if ((len - i) % 3 == 1 && i + 1 < len)
            kk_buf_addc(out, ',');
    }
}

static void write_number_text(struct noise *noise, struct kk_buf *out, int64_t number, bool has_commas)
{
    kk_buf_clear(&noise->scratch);
    if (has_commas)
        add_commas(number, &noise->scratch);
    else
        kk_buf_add_i64(&noise->scratch, number);
    kk_jw_str(out, kk_buf_sv(&noise->scratch));
}

void noise_number(struct noise *noise, struct kk_buf *out, const char *key, int64_t number)
{
    kk_jw_key(out, key);
    if (noise->is_varied && noise_is(noise, 2))
        write_number_text(noise, out, number, noise_is(noise, 2));
    else
        kk_jw_i64(out, number);
}

void noise_money(struct noise *noise, struct kk_buf *out, const char *key, int64_t won)
{
    kk_jw_key(out, key);
    if (noise->is_varied && noise_is(noise, 3))
        kk_jw_i64(out, won);
    else
        write_number_text(noise, out, won, !(noise->is_varied && noise_is(noise, 2)));
}

void noise_counter(struct noise *noise, struct kk_buf *out, const char *key, uint64_t bound)
{
    kk_jw_key_i64(out, key, (int64_t)noise_below(noise, bound));
}

void noise_flag(struct noise *noise, struct kk_buf *out, const char *key)
{
    kk_jw_key_bool(out, key, noise_is(noise, 2));
}

void noise_image(struct noise *noise, struct kk_buf *out, const char *url, int width, int height)
{
    /* Other sizes of the same picture; enough of them that no two answers of a busy day are the same bytes. */
    int more = (int)noise_below(noise, 1200);

    kk_buf_clear(&noise->scratch);
    kk_buf_add(&noise->scratch, kk_sv_of(url));
    kk_buf_addf(&noise->scratch, "/_dims_/resize/%dx%d/extent/%dx%d", width + more, width + more, width + more,
                height + more);
    kk_jw_str(out, kk_buf_sv(&noise->scratch));
}
