#include "cmd/left.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

#define BIG INT64_C(9999)

void left_print(int64_t ms, char ret[LEFT_BYTES])
{
    int64_t days = ms / KK_DAY_MS < BIG ? ms / KK_DAY_MS : BIG;

    if (ms < 0)
        snprintf(ret, LEFT_BYTES, "?");
    else if (ms < 90 * KK_SECOND_MS)
        snprintf(ret, LEFT_BYTES, "%" PRId64 " s", (ms + 999) / KK_SECOND_MS);
    else if (ms < 90 * KK_MINUTE_MS)
        snprintf(ret, LEFT_BYTES, "%" PRId64 " min", (ms + KK_MINUTE_MS / 2) / KK_MINUTE_MS);
    else if (ms < KK_DAY_MS)
        snprintf(ret, LEFT_BYTES, "%" PRId64 " h %" PRId64 " min", ms / KK_HOUR_MS, ms % KK_HOUR_MS / KK_MINUTE_MS);
    else
        snprintf(ret, LEFT_BYTES, "%" PRId64 " d %" PRId64 " h", days, ms % KK_DAY_MS / KK_HOUR_MS);
}
