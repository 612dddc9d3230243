/* api/meter.h: how fast one asker may ask: a bucket each, of the askers that came last. Server's thread only. */
#ifndef KK_API_METER_H
#define KK_API_METER_H

#include <stdbool.h>
#include <stdint.h>

#define METER_PLACES 512 /* askers that are remembered; one that is forgotten begins with a full bucket */

struct meter {
    struct {
        uint64_t who; /* 0: free */
        int64_t at_ms, milli_left;
    } place[METER_PLACES];
};

/* Takes one of rate a second (with twice that at once) for who, which is not 0. rate 0: always. False: not now, and
 * *ret_wait_s says in how many seconds. */
bool meter_take(struct meter *meter, uint64_t who, int64_t now_ms, int64_t rate, int *ret_wait_s);

#endif
