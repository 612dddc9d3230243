#include "sandbox/token.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "sandbox/dice.h"

static void add_part(struct kk_buf *out, struct kk_sv bytes)
{
    size_t from = out->len;

    kk_base64(bytes, out);
    while (out->len > from && out->ptr[out->len - 1] == '=')
        out->len--;
    for (size_t i = from; i < out->len; i++) {
        if (out->ptr[i] == '+')
            out->ptr[i] = '-';
        else if (out->ptr[i] == '/')
            out->ptr[i] = '_';
    }
}

void token_write(uint64_t seed, int64_t number, int64_t issued_at_ms, int64_t expires_at_ms, char *ret, size_t bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(bytes);
    char claims[160];
    uint64_t signature[4];

    snprintf(claims, sizeof(claims), "{\"sub\":\"guest\",\"jti\":%" PRId64 ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}",
             number, issued_at_ms / 1000, expires_at_ms / 1000);
    for (uint64_t i = 0; i < 4; i++)
        signature[i] = dice_mix(dice_mix(seed, (uint64_t)number), i);
    add_part(&text, KK_SV("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    kk_buf_addc(&text, '.');
    add_part(&text, kk_sv_of(claims));
    kk_buf_addc(&text, '.');
    add_part(&text, (struct kk_sv){(const char *)signature, sizeof(signature)});

    bool fits = !text.failed && kk_sv_copy(kk_buf_sv(&text), ret, bytes);

    KK_ASSERT(fits);
}

void token_nid(uint64_t dice, char ret_nid[TOKEN_NID_BYTES])
{
    uint64_t high = dice_mix(dice, 1), low = dice_mix(dice, 2);

    snprintf(ret_nid, TOKEN_NID_BYTES, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(high >> 32),
             (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF), (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
             low & UINT64_C(0xFFFFFFFFFFFF));
}

void token_date(int64_t wall_ms, enum date_form form, char ret_text[TOKEN_DATE_BYTES])
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970 began on a Thursday */
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char iso[KK_ISO_BYTES]; /* 2026-02-24T00:00:00.000Z */
    char dash = form == DATE_DASHES ? '-' : ' ';

    kk_time_iso(wall_ms, iso);
    unsigned month = (unsigned)(iso[5] - '0') * 10 + (unsigned)(iso[6] - '0');
    size_t day = (size_t)((wall_ms >= 0 ? wall_ms / KK_DAY_MS : 0) % 7);
    snprintf(ret_text, TOKEN_DATE_BYTES, "%.3s, %.2s%c%.3s%c%.4s %.8s GMT", days[day], iso + 8, dash,
             months[(month - 1) % 12], dash, iso, iso + 11);
}
