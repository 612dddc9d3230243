/* core/rest.h: a seller for which the site only fails gets rest (X4): its requests stop, and begin again by themselves.
 */
#ifndef KK_CORE_REST_H
#define KK_CORE_REST_H

#include "base/clock.h"
#include "core/seller.h"

#define REST_LOOK_MS (15 * KK_MINUTE_MS) /* failures that are older say nothing of today's site */

struct rest_rules {
    int64_t failures; /* 5xx, time-outs and lost connections in a row, within REST_LOOK_MS */
    int64_t rest_ms,
        most_ms; /* the first rest, 0: never; a further one is twice as long as the one before, up to most */
};
struct rest { /* zeroed: never rested */
    char seller_id[SELLER_ID_BYTES];
    bool is_resting;
    int64_t since_ms, until_ms;
    int64_t revision; /* the seller's, by our pause: whoever changed it since is obeyed */
};
/* failures: those in a row since the last success; the site's mood with this seller. */
bool rest_is_needed(const struct rest_rules *rules, int64_t failures);
/* Begins at now_ms; a rest that follows soon after one is twice as long, later the first length again. */
void rest_begin(struct rest *rest, const struct rest_rules *rules, int64_t now_ms);

#endif
