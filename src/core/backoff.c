#include "core/backoff.h"

#include "base/assert.h"

int64_t backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint64_t roll)
{
    int64_t most_ms = base_ms;

    KK_ASSERT(attempt >= 1 && base_ms >= 0 && cap_ms >= 0);
    for (int i = 1; i < attempt && most_ms > 0 && most_ms < cap_ms; i++)
        most_ms = most_ms > cap_ms / 2 ? cap_ms : most_ms * 2;
    if (most_ms > cap_ms)
        most_ms = cap_ms;
    /* 64 random bits over at most a day of milliseconds: the modulo's bias is below one in 2^37. */
    return (int64_t)(roll % ((uint64_t)most_ms + 1));
}

bool retry_after_ms(struct kk_sv header, int64_t now_ms, int64_t *ret_ms)
{
    struct kk_sv text = kk_sv_trim(header);
    bool is_digits = text.len > 0;
    int64_t number, at_ms;

    for (size_t i = 0; i < text.len && is_digits; i++)
        is_digits = text.ptr[i] >= '0' && text.ptr[i] <= '9';
    if (is_digits) {
        bool is_long = !kk_sv_i64(text, &number) || number > RETRY_AFTER_MAX_MS / 1000;

        *ret_ms = is_long ? RETRY_AFTER_MAX_MS : number * 1000;
        return true;
    }
    if (!http_date_ms(text, &at_ms))
        return false;
    if (at_ms <= now_ms)
        *ret_ms = 0;
    else
        *ret_ms = at_ms - now_ms < RETRY_AFTER_MAX_MS ? at_ms - now_ms : RETRY_AFTER_MAX_MS;
    return true;
}
