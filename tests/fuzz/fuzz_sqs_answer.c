/* What SQS, or whoever stands in for it, answers: messages and the outcome of a batch. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "adapters/aws/sqs.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct queue_msg msgs[SQS_BATCH_MAX];
    struct kk_sv answer = {(const char *)data, size};
    struct sqs sqs = {.name = "tasks"};
    bool has_failed[SQS_BATCH_MAX];
    size_t count = 0;

    if (sqs_read_messages(answer, msgs, SQS_BATCH_MAX, &count, NULL) == KK_OK) {
        KK_ASSERT(count <= SQS_BATCH_MAX);
        for (size_t i = 0; i < count; i++) {
            KK_ASSERT(msgs[i].handle[0] && strlen(msgs[i].handle) < QUEUE_HANDLE_BYTES);
            KK_ASSERT(msgs[i].body_len <= QUEUE_BODY_MAX_BYTES && msgs[i].body[msgs[i].body_len] == '\0');
            KK_ASSERT(msgs[i].receive_count > 0);
        }
    }
    sqs_read_batch(answer, "fuzz", SQS_BATCH_MAX, has_failed, NULL);
    if (sqs_read_address(&sqs, answer, NULL) == KK_OK)
        KK_ASSERT(sqs.address[0]);
    return 0;
}
