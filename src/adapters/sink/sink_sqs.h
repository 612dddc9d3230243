/* adapters/sink/sink_sqs.h: change events as messages of an SQS queue (events.url "sqs://REGION/QUEUE?endpoint=…"). */
#ifndef KK_ADAPTERS_SINK_SINK_SQS_H
#define KK_ADAPTERS_SINK_SINK_SQS_H

#include "base/bytes.h"

#define SINK_SQS_CALLS_MAX 8 /* at once */

struct aws;
struct http;
struct sink;

/* Keeps aws and http, in whose loop the caller lives; asks nothing of AWS yet. In a FIFO queue an item is a group, and
 * an event's id its deduplication id. Gives *ret_sink (sink_close). KK_BAD_INPUT (the address), KK_NO_MEMORY. */
enum kk_code sink_sqs_open(struct aws *aws, struct http *http, struct kk_sv url, struct sink **ret_sink,
                           struct kk_err *err);

/* For a person: is the queue there. Blocks. Writes a sentence. */
enum kk_code sink_sqs_check(struct sink *sink, char *ret_text, size_t text_bytes, struct kk_err *err);
/* Makes the queue where it is missing. Blocks. */
enum kk_code sink_sqs_create(struct sink *sink, struct kk_err *err);

#endif
