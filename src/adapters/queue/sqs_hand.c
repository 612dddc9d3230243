#include "adapters/queue/sqs_hand.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct held {
    bool is_there, is_out;
    int64_t since_ms, here_at_ms, hidden_until_ms;
    int64_t order; /* of arrival */
    struct queue_msg msg;
};
struct sqs_hand {
    struct sqs_hand_rules rules;
    struct held *held;
    size_t count;
    int64_t last_order;
};

enum kk_code sqs_hand_create(const struct sqs_hand_rules *rules, struct sqs_hand **ret_hand, struct kk_err *err)
{
    struct sqs_hand *hand = calloc(1, sizeof(*hand));

    KK_ASSERT(rules->max > 0 && rules->hide_ms > 0 && rules->hide_max_ms >= rules->hide_ms);
    if (hand)
        hand->held = calloc(rules->max, sizeof(*hand->held));
    if (!hand || !hand->held) {
        free(hand);
        return kk_fail(err, KK_NO_MEMORY, "no memory for %zu messages", rules->max);
    }
    hand->rules = *rules;
    *ret_hand = hand;
    return KK_OK;
}

void sqs_hand_destroy(struct sqs_hand *hand)
{
    if (hand)
        free(hand->held);
    free(hand);
}

size_t sqs_hand_room(const struct sqs_hand *hand)
{
    return hand->rules.max - hand->count;
}

static void drop(struct sqs_hand *hand, struct held *held)
{
    held->is_there = false;
    hand->count--;
}

static struct held *find(struct sqs_hand *hand, const char *handle)
{
    for (size_t i = 0; i < hand->rules.max; i++)
        if (hand->held[i].is_there && strcmp(hand->held[i].msg.handle, handle) == 0)
            return &hand->held[i];
    return NULL;
}

void sqs_hand_add(struct sqs_hand *hand, const struct queue_msg *msg, int64_t since_ms)
{
    struct held *to = hand->held;

    KK_ASSERT(hand->count < hand->rules.max);
    while (to->is_there)
        to++;
    *to = (struct held){.is_there = true,
                        .since_ms = since_ms,
                        .here_at_ms = since_ms,
                        .hidden_until_ms = since_ms + hand->rules.hide_ms,
                        .order = ++hand->last_order,
                        .msg = *msg};
    hand->count++;
}

static struct held *first_here(struct sqs_hand *hand, int64_t now_ms)
{
    struct held *first = NULL;

    for (size_t i = 0; i < hand->rules.max; i++) {
        struct held *held = &hand->held[i];

        if (held->is_there && !held->is_out && held->here_at_ms <= now_ms && (!first || held->order < first->order))
            first = held;
    }
    return first;
}

size_t sqs_hand_pull(struct sqs_hand *hand, struct queue_msg *ret_msgs, size_t max, int64_t now_ms)
{
    struct held *held;
    size_t count = 0;

    while (count < max && (held = first_here(hand, now_ms))) {
        held->is_out = true;
        ret_msgs[count++] = held->msg;
    }
    return count;
}

bool sqs_hand_keep(struct sqs_hand *hand, const char *handle, int64_t at_ms)
{
    struct held *held = find(hand, handle);

    if (!held)
        return false;
    held->is_out = false;
    held->here_at_ms = at_ms;
    return true;
}

bool sqs_hand_drop(struct sqs_hand *hand, const char *handle)
{
    struct held *held = find(hand, handle);

    if (held)
        drop(hand, held);
    return held != NULL;
}

size_t sqs_hand_here(const struct sqs_hand *hand, int64_t now_ms, int64_t *ret_next_at_ms)
{
    size_t count = 0;

    *ret_next_at_ms = INT64_MAX;
    for (size_t i = 0; i < hand->rules.max; i++) {
        const struct held *held = &hand->held[i];

        if (!held->is_there || held->is_out)
            continue;
        if (held->here_at_ms <= now_ms)
            count++;
        else if (held->here_at_ms < *ret_next_at_ms)
            *ret_next_at_ms = held->here_at_ms;
    }
    return count;
}

/* Half of the time is left when it is made longer, so that one lost answer does no harm. */
size_t sqs_hand_due(struct sqs_hand *hand, int64_t now_ms, char (*ret_handles)[QUEUE_HANDLE_BYTES], size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < hand->rules.max && count < max; i++) {
        struct held *held = &hand->held[i];

        if (!held->is_there || now_ms < held->hidden_until_ms - hand->rules.hide_ms / 2)
            continue;
        if (now_ms + hand->rules.hide_ms > held->since_ms + hand->rules.hide_max_ms) {
            if (now_ms >= held->hidden_until_ms) /* somebody else may have it */
                drop(hand, held);
            continue;
        }
        held->hidden_until_ms = now_ms + hand->rules.hide_ms;
        memcpy(ret_handles[count++], held->msg.handle, QUEUE_HANDLE_BYTES);
    }
    return count;
}

bool sqs_hand_take_back(struct sqs_hand *hand, char ret_handle[QUEUE_HANDLE_BYTES])
{
    struct held *held = first_here(hand, INT64_MAX);

    if (!held)
        return false;
    memcpy(ret_handle, held->msg.handle, QUEUE_HANDLE_BYTES);
    drop(hand, held);
    return true;
}
