/* base/clock.h: the only way this program learns the time. Real ones are made in adapters/, virtual ones in tests. */
#ifndef KK_BASE_CLOCK_H
#define KK_BASE_CLOCK_H

#include <stdint.h>

#include "base/bytes.h"

struct kk_clock {
    int64_t (*wall_ms)(void *ctx); /* Unix time; may jump. For what is stored or shown. */
    int64_t (*mono_ms)(void *ctx); /* never goes back; from one origin for all processes until the machine restarts.
                                      For time-outs, rates and ages. */
    void *ctx;
};
static inline int64_t kk_wall_ms(const struct kk_clock *clock)
{
    return clock->wall_ms(clock->ctx);
}
static inline int64_t kk_mono_ms(const struct kk_clock *clock)
{
    return clock->mono_ms(clock->ctx);
}

#define KK_SECOND_MS INT64_C(1000)
#define KK_MINUTE_MS (60 * KK_SECOND_MS)
#define KK_HOUR_MS (60 * KK_MINUTE_MS)
#define KK_DAY_MS (24 * KK_HOUR_MS)

#define KK_ISO_BYTES 32
/* "2026-11-22T09:30:00.123Z", with a NUL. Years 0 to 9999; outside them the nearest end. */
void kk_time_iso(int64_t wall_ms, char ret_text[KK_ISO_BYTES]);
/* The civil calendar (UTC) to Unix milliseconds, without the C library's time zones. month (1 to 12, asserted) and day
 * from 1; a year past a million counts as that. */
int64_t kk_time_from_civil(int year, int month, int day, int hour, int minute, int second);

/* "500ms", "90s", "10m", "1h", "2d" and back; a bare number is refused. Also sizes: "16MiB", "64KiB", "10B", "1GiB".
 * False: not such a text, negative, or past 64 bits. */
bool kk_duration_parse(struct kk_sv text, int64_t *ret_ms);
void kk_duration_print(int64_t ms, struct kk_buf *out);
bool kk_size_parse(struct kk_sv text, int64_t *ret_bytes);
void kk_size_print(int64_t bytes, struct kk_buf *out);

#endif
