/* adapters/aws/sqs.h: one SQS queue by name, and its calls in the JSON protocol
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/).
 *
 * A call is put together, sent by aws_call() or aws_start(), and what came is read. Reading trusts nothing. */
#ifndef KK_ADAPTERS_AWS_SQS_H
#define KK_ADAPTERS_AWS_SQS_H

#include "adapters/aws/aws.h"
#include "ports/queue.h"

#define SQS_BATCH_MAX 10 /* entries, and messages of one receive */
#define SQS_NAME_BYTES 81
#define SQS_ADDRESS_BYTES 512
#define SQS_ANSWER_MAX_BYTES (16 * 1024 * 1024) /* ten messages of the largest size, escaped */
#define SQS_BATCH_BODY_MAX_BYTES (1024 * 1024)  /* what one request may carry */

struct sqs {
    struct aws *aws; /* kept */
    struct aws_place place;
    char name[SQS_NAME_BYTES];
    char address[SQS_ADDRESS_BYTES]; /* its QueueUrl; empty: not asked for yet */
    bool is_fifo;
};
/* KK_BAD_INPUT: no such name may be. endpoint empty: AWS's own. */
enum kk_code sqs_init(struct sqs *q, struct aws *aws, struct kk_sv region, struct kk_sv name, struct kk_sv endpoint,
                      struct kk_err *err);
/* Its address, asked for once. Blocks. KK_NOT_FOUND: no such queue. */
enum kk_code sqs_find(struct sqs *q, struct kk_err *err);
/* Takes its address from the answer to GetQueueUrl. */
enum kk_code sqs_read_address(struct sqs *q, struct kk_sv answer, struct kk_err *err);

struct sqs_call { /* sqs_call_done(); stays where it was made */
    struct aws_request request;
    struct sigv4_pair header[2];
    char target[64], what[160];
    struct kk_buf body;
};
void sqs_call_done(struct sqs_call *call);

struct sqs_send {                              /* borrowed */
    struct kk_sv body, content_type, trace_id; /* the last two as attributes, where not empty */
    struct kk_sv group, dedup_key;             /* of a FIFO queue */
};
struct sqs_handle {
    char text[QUEUE_HANDLE_BYTES];
    int64_t hide_ms; /* for sqs_make_hide() */
};
/* Each puts a call together; q has its address. At most SQS_BATCH_MAX entries. KK_NO_MEMORY, KK_BAD_INPUT (larger than
 * a request may be). */
enum kk_code sqs_make_send(const struct sqs *q, const struct sqs_send *items, size_t count, struct sqs_call *ret,
                           struct kk_err *err);
enum kk_code sqs_make_receive(const struct sqs *q, size_t max, int64_t hide_ms, int64_t wait_ms, struct sqs_call *ret,
                              struct kk_err *err);
enum kk_code sqs_make_delete(const struct sqs *q, const struct sqs_handle *handles, size_t count, struct sqs_call *ret,
                             struct kk_err *err);
enum kk_code sqs_make_hide(const struct sqs *q, const struct sqs_handle *handles, size_t count, struct sqs_call *ret,
                           struct kk_err *err);
/* fields: JSON members after "QueueUrl", or empty. */
enum kk_code sqs_make(const struct sqs *q, const char *action, struct kk_sv fields, struct sqs_call *ret,
                      struct kk_err *err);

/* Up to max messages of an answer. What is too long is cut: it is none of ours, and its reader will say so. One without
 * a handle is left out. KK_MISMATCH: no answer of SQS. */
enum kk_code sqs_read_messages(struct kk_sv answer, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                               struct kk_err *err);
/* Each entry of a batch that failed: its place among those sent. A handle that fits nothing any more is no failure.
 * KK_OK: none failed. */
enum kk_code sqs_read_batch(struct kk_sv answer, const char *what, size_t count, bool *ret_failed, struct kk_err *err);

struct sqs_state {
    int64_t waiting;                /* visible, hidden and delayed; about */
    char arn[256];                  /* of the queue */
    char dead_name[SQS_NAME_BYTES]; /* of its dead-letter queue; empty: it has none */
    int64_t max_receives, hide_ms;
};
/* Blocks. */
enum kk_code sqs_look(struct sqs *q, struct sqs_state *ret, struct kk_err *err);
/* Makes the queue where it is missing; attributes: a JSON object's members. Blocks. */
enum kk_code sqs_create(struct sqs *q, struct kk_sv attributes, struct kk_err *err);

#endif
