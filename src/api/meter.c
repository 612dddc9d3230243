#include "api/meter.h"

#define NEAR 8 /* places where an asker may stand; the one that was silent for longest makes room */

static size_t place_of(struct meter *meter, uint64_t who)
{
    size_t first = (size_t)((who * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % METER_PLACES, best = first;

    for (size_t i = 0; i < NEAR; i++) {
        size_t at = (first + i) % METER_PLACES;

        if (meter->place[at].who == who)
            return at;
        if (meter->place[at].at_ms < meter->place[best].at_ms)
            best = at;
    }
    meter->place[best].who = 0;
    return best;
}

bool meter_take(struct meter *meter, uint64_t who, int64_t now_ms, int64_t rate, int *ret_wait_s)
{
    size_t at = place_of(meter, who);
    int64_t most = 2 * rate * 1000, passed_ms = now_ms - meter->place[at].at_ms, left = most;

    if (!rate)
        return true;
    if (meter->place[at].who == who && passed_ms < 2000) /* in two seconds the bucket is full again */
        left = meter->place[at].milli_left + passed_ms * rate;
    left = left < most ? left : most;
    meter->place[at].who = who;
    meter->place[at].at_ms = now_ms;
    meter->place[at].milli_left = left >= 1000 ? left - 1000 : left;
    *ret_wait_s = 1;
    return left >= 1000;
}
