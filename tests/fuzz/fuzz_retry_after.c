/* A foreign Retry-After: within its bounds, and a date that is read is read the same in its first form. */
#include "base/assert.h"
#include "base/clock.h"
#include "core/backoff.h"

#define NOW_MS INT64_C(1771891200000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* at_ms as "Day, 24 Feb 2026 00:00:00 GMT". */
static void write_date(int64_t at_ms, char *ret, size_t ret_bytes)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[KK_ISO_BYTES]; /* 2026-02-24T00:00:00.000Z */
    int month;

    kk_time_iso(at_ms, iso);
    month = (iso[5] - '0') * 10 + (iso[6] - '0');
    snprintf(ret, ret_bytes, "Day, %.2s %.3s %.4s %.8s GMT", iso + 8, months + 3 * (month - 1), iso, iso + 11);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kk_sv header = {(const char *)data, size};
    int64_t wait_ms = -1, at_ms, again_ms;
    char text[64];

    if (retry_after_ms(header, NOW_MS, &wait_ms))
        KK_ASSERT(wait_ms >= 0 && wait_ms <= RETRY_AFTER_MAX_MS);
    else
        KK_ASSERT(wait_ms == -1);
    if (!http_date_ms(header, &at_ms))
        return 0;
    KK_ASSERT(at_ms % 1000 == 0 && at_ms <= kk_time_from_civil(10000, 1, 1, 0, 0, 0));
    if (at_ms == kk_time_from_civil(10000, 1, 1, 0, 0, 0)) /* the leap second at the end of the calendar */
        return 0;
    write_date(at_ms, text, sizeof(text));
    KK_ASSERT(http_date_ms(kk_sv_of(text), &again_ms) && again_ms == at_ms);
    return 0;
}
