/* adapters/sink/recent.h: the ids of the last events that were delivered; the oldest give way. */
#ifndef KK_ADAPTERS_RECENT_H
#define KK_ADAPTERS_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define RECENT_MAX 2048
#define RECENT_ID_BYTES 64 /* a longer id is not remembered, and so may be delivered twice */

struct recent { /* zeroed: none */
    uint64_t hash[RECENT_MAX];
    char id[RECENT_MAX][RECENT_ID_BYTES];
    size_t count; /* ever added */
};
void recent_add(struct recent *recent, struct kk_sv id);
bool recent_has(const struct recent *recent, struct kk_sv id);

#endif
