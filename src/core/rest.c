#include "core/rest.h"

bool rest_is_needed(const struct rest_rules *rules, int64_t failures)
{
    return rules->rest_ms > 0 && failures >= rules->failures;
}

void rest_begin(struct rest *rest, const struct rest_rules *rules, int64_t now_ms)
{
    int64_t last_ms = rest->until_ms - rest->since_ms, length_ms = rules->rest_ms;

    /* Soon: before as much time went by in work as it had rested. */
    if (last_ms > 0 && now_ms - rest->until_ms <= last_ms)
        length_ms = last_ms < rules->most_ms / 2 ? 2 * last_ms : rules->most_ms;
    rest->is_resting = true;
    rest->since_ms = now_ms;
    rest->until_ms = now_ms + length_ms;
}
