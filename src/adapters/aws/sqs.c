#include "adapters/aws/sqs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"

#define CALL_TIMEOUT_MS (5 * KK_SECOND_MS)
#define SMALL_ANSWER_MAX_BYTES (256 * 1024)
#define FIFO_END ".fifo"

enum kk_code sqs_init(struct sqs *q, struct aws *aws, struct kk_sv region, struct kk_sv name, struct kk_sv endpoint,
                      struct kk_err *err)
{
    struct kk_sv end = KK_SV(FIFO_END);

    *q = (struct sqs){.aws = aws};
    if (!kk_sv_copy(name, q->name, sizeof(q->name)) || !q->name[0])
        return kk_fail(err, KK_BAD_INPUT, "a queue's name has 1 to %d letters, as in sqs://ap-northeast-2/kkachi-tasks",
                       SQS_NAME_BYTES - 1);
    q->is_fifo = name.len > end.len && kk_sv_eq((struct kk_sv){name.ptr + name.len - end.len, end.len}, end);
    for (size_t i = 0; i < name.len - (q->is_fifo ? end.len : 0); i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", name.ptr[i]))
            return kk_fail(err, KK_BAD_INPUT,
                           "a queue's name has letters, digits, '-' and '_' alone, and perhaps .fifo");
    return aws_place_set(&q->place, "sqs", region, endpoint, err);
}

/* ---- calls ---- */

void sqs_call_done(struct sqs_call *call)
{
    kk_buf_done(&call->body);
}

/* Opens the body's object; close() ends it. */
static void open_call(const struct sqs *q, const char *action, struct sqs_call *call)
{
    *call = (struct sqs_call){.body = KK_BUF(SQS_BATCH_BODY_MAX_BYTES + SMALL_ANSWER_MAX_BYTES)};
    snprintf(call->target, sizeof(call->target), "AmazonSQS.%.40s", action);
    snprintf(call->what, sizeof(call->what), "queue %s: %.40s", q->name, action);
    kk_jw_open(&call->body, '{');
    if (q->address[0])
        kk_jw_key_str(&call->body, "QueueUrl", kk_sv_of(q->address));
}

static enum kk_code close_call(const struct sqs *q, struct sqs_call *call, struct kk_err *err)
{
    enum kk_code rc;

    kk_jw_close(&call->body, '}');
    rc = kk_buf_check(&call->body, call->what, err);
    if (rc) {
        sqs_call_done(call);
        return rc;
    }
    call->header[0] = (struct sigv4_pair){KK_SV("content-type"), KK_SV("application/x-amz-json-1.0")};
    call->header[1] = (struct sigv4_pair){KK_SV("x-amz-target"), kk_sv_of(call->target)};
    call->request = (struct aws_request){.place = &q->place,
                                         .method = HTTP_POST,
                                         .headers = call->header,
                                         .header_count = KK_COUNT(call->header),
                                         .body = kk_buf_sv(&call->body),
                                         .timeout_ms = CALL_TIMEOUT_MS,
                                         .max_body_bytes = SMALL_ANSWER_MAX_BYTES,
                                         .what = call->what};
    return KK_OK;
}

enum kk_code sqs_make(const struct sqs *q, const char *action, struct kk_sv fields, struct sqs_call *ret,
                      struct kk_err *err)
{
    open_call(q, action, ret);
    if (fields.len && q->address[0])
        kk_buf_addc(&ret->body, ',');
    kk_buf_add(&ret->body, fields);
    return close_call(q, ret, err);
}

static void add_attribute(struct kk_buf *body, const char *name, struct kk_sv value)
{
    if (!value.len)
        return;
    kk_jw_key(body, name);
    kk_jw_open(body, '{');
    kk_jw_key_str(body, "DataType", KK_SV("String"));
    kk_jw_key_str(body, "StringValue", value);
    kk_jw_close(body, '}');
}

static void open_entry(struct kk_buf *body, size_t at)
{
    char id[8];

    snprintf(id, sizeof(id), "%zu", at);
    kk_jw_open(body, '{');
    kk_jw_key_str(body, "Id", kk_sv_of(id));
}

enum kk_code sqs_make_send(const struct sqs *q, const struct sqs_send *items, size_t count, struct sqs_call *ret,
                           struct kk_err *err)
{
    KK_ASSERT(count > 0 && count <= SQS_BATCH_MAX);
    open_call(q, "SendMessageBatch", ret);
    kk_jw_key(&ret->body, "Entries");
    kk_jw_open(&ret->body, '[');
    for (size_t i = 0; i < count; i++) {
        open_entry(&ret->body, i);
        kk_jw_key_str(&ret->body, "MessageBody", items[i].body);
        kk_jw_key(&ret->body, "MessageAttributes");
        kk_jw_open(&ret->body, '{');
        add_attribute(&ret->body, "content_type", items[i].content_type);
        add_attribute(&ret->body, "trace_id", items[i].trace_id);
        kk_jw_close(&ret->body, '}');
        if (q->is_fifo) {
            kk_jw_key_str(&ret->body, "MessageGroupId", items[i].group);
            kk_jw_key_str(&ret->body, "MessageDeduplicationId", items[i].dedup_key);
        }
        kk_jw_close(&ret->body, '}');
    }
    kk_jw_close(&ret->body, ']');
    return close_call(q, ret, err);
}

static int64_t seconds(int64_t ms) /* what is asked for lasts at least so long */
{
    return (ms + KK_SECOND_MS - 1) / KK_SECOND_MS;
}

enum kk_code sqs_make_receive(const struct sqs *q, size_t max, int64_t hide_ms, int64_t wait_ms, struct sqs_call *ret,
                              struct kk_err *err)
{
    enum kk_code rc;

    KK_ASSERT(max > 0 && max <= SQS_BATCH_MAX);
    open_call(q, "ReceiveMessage", ret);
    kk_jw_key_i64(&ret->body, "MaxNumberOfMessages", (int64_t)max);
    kk_jw_key_i64(&ret->body, "VisibilityTimeout", seconds(hide_ms));
    kk_jw_key_i64(&ret->body, "WaitTimeSeconds", wait_ms / KK_SECOND_MS);
    kk_jw_key(&ret->body, "MessageSystemAttributeNames");
    kk_jw_open(&ret->body, '[');
    kk_jw_str(&ret->body, KK_SV("ApproximateReceiveCount"));
    kk_jw_close(&ret->body, ']');
    rc = close_call(q, ret, err);
    ret->request.timeout_ms += wait_ms;
    ret->request.max_body_bytes = SQS_ANSWER_MAX_BYTES;
    return rc;
}

static enum kk_code make_handles(const struct sqs *q, const char *action, const struct sqs_handle *handles,
                                 size_t count, bool has_time, struct sqs_call *ret, struct kk_err *err)
{
    KK_ASSERT(count > 0 && count <= SQS_BATCH_MAX);
    open_call(q, action, ret);
    kk_jw_key(&ret->body, "Entries");
    kk_jw_open(&ret->body, '[');
    for (size_t i = 0; i < count; i++) {
        open_entry(&ret->body, i);
        kk_jw_key_str(&ret->body, "ReceiptHandle", kk_sv_of(handles[i].text));
        if (has_time)
            kk_jw_key_i64(&ret->body, "VisibilityTimeout", seconds(handles[i].hide_ms));
        kk_jw_close(&ret->body, '}');
    }
    kk_jw_close(&ret->body, ']');
    return close_call(q, ret, err);
}

enum kk_code sqs_make_delete(const struct sqs *q, const struct sqs_handle *handles, size_t count, struct sqs_call *ret,
                             struct kk_err *err)
{
    return make_handles(q, "DeleteMessageBatch", handles, count, false, ret, err);
}

enum kk_code sqs_make_hide(const struct sqs *q, const struct sqs_handle *handles, size_t count, struct sqs_call *ret,
                           struct kk_err *err)
{
    return make_handles(q, "ChangeMessageVisibilityBatch", handles, count, true, ret, err);
}

/* ---- answers ---- */

static size_t cut(struct kk_sv from, char *to, size_t max_len)
{
    size_t len = from.len < max_len ? from.len : max_len;

    if (len)
        memcpy(to, from.ptr, len);
    to[len] = '\0';
    return len;
}

static bool read_message(struct kk_jv from, struct queue_msg *ret)
{
    struct kk_sv handle = {0}, body = {0}, count = {0};
    int64_t receive_count = 0;

    if (!kk_jv_str(kk_jv_get(from, "ReceiptHandle"), &handle) || !handle.len ||
        !kk_sv_copy(handle, ret->handle, sizeof(ret->handle)))
        return false;
    kk_jv_str(kk_jv_get(from, "Body"), &body);
    kk_jv_str(kk_jv_get(kk_jv_get(from, "Attributes"), "ApproximateReceiveCount"), &count);
    ret->body_len = cut(body, ret->body, QUEUE_BODY_MAX_BYTES);
    ret->receive_count =
        kk_sv_i64(count, &receive_count) && receive_count > 0 && receive_count < 1000000 ? (int)receive_count : 1;
    return true;
}

enum kk_code sqs_read_messages(struct kk_sv answer, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                               struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_jiter it;
    size_t count = 0;
    enum kk_code rc = kk_json_parse(answer, &json, err);

    if (!rc && !kk_jv_is(kk_json_root(json), KK_J_OBJ))
        rc = kk_fail(err, KK_MISMATCH, "it is no object");
    if (rc)
        return kk_while(err, rc, "what the queue answered");
    it = kk_jv_iter(kk_jv_get(kk_json_root(json), "Messages")); /* not there: none came */
    while (count < max && kk_jiter_next(&it))
        count += read_message(it.value, &ret_msgs[count]);
    *ret_count = count;
    return KK_OK;
}

static bool fits_nothing(struct kk_sv code)
{
    static const char *const codes[] = {"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue",
                                        "AWS.SimpleQueueService.MessageNotInflight"};

    for (size_t i = 0; i < KK_COUNT(codes); i++)
        if (kk_sv_eq(code, kk_sv_of(codes[i])))
            return true;
    return false;
}

static int clip(struct kk_sv text, int max)
{
    return text.len < (size_t)max ? (int)text.len : max;
}

enum kk_code sqs_read_batch(struct kk_sv answer, const char *what, size_t count, bool *ret_failed, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_jiter it;
    enum kk_code rc = kk_json_parse(answer, &json, err);

    memset(ret_failed, 0, count * sizeof(*ret_failed));
    if (rc)
        return kk_while(err, rc, "%s", what);
    it = kk_jv_iter(kk_jv_get(kk_json_root(json), "Failed"));
    while (kk_jiter_next(&it)) {
        struct kk_sv id = {0}, code = {0}, message = {0};
        bool is_ours = false;
        int64_t at = -1;

        kk_jv_str(kk_jv_get(it.value, "Id"), &id);
        kk_jv_str(kk_jv_get(it.value, "Code"), &code);
        kk_jv_str(kk_jv_get(it.value, "Message"), &message);
        kk_jv_bool(kk_jv_get(it.value, "SenderFault"), &is_ours);
        if (fits_nothing(code))
            continue;
        if (kk_sv_i64(id, &at) && at >= 0 && (size_t)at < count)
            ret_failed[at] = true;
        rc = kk_fail(err, is_ours ? KK_BAD_INPUT : KK_UNAVAILABLE, "%s: %.*s %.*s", what, clip(code, 60), code.ptr,
                     clip(message, 120), message.ptr);
    }
    return rc;
}

enum kk_code sqs_read_address(struct sqs *q, struct kk_sv answer, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv address = {0};
    enum kk_code rc = kk_json_parse(answer, &json, err);

    if (!rc && (!kk_jv_str(kk_jv_get(kk_json_root(json), "QueueUrl"), &address) || !address.len ||
                !kk_sv_copy(address, q->address, sizeof(q->address))))
        rc = kk_fail(err, KK_MISMATCH, "it tells no address");
    return rc ? kk_while(err, rc, "queue %s", q->name) : KK_OK;
}

/* ---- blocking calls ---- */

/* Takes call. Adds the answer to *ret. */
static enum kk_code call_now(struct sqs *q, struct sqs_call *call, struct kk_buf *ret, struct kk_err *err)
{
    struct aws_reply reply;
    enum kk_code rc = aws_call_one(q->aws, &call->request, &reply, err);

    if (!rc) {
        kk_buf_add(ret, kk_buf_sv(&reply.body));
        rc = kk_buf_check(ret, call->what, err);
    }
    aws_reply_done(&reply);
    sqs_call_done(call);
    return rc;
}

enum kk_code sqs_find(struct sqs *q, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(256), answer = KK_BUF(SMALL_ANSWER_MAX_BYTES);
    struct sqs_call call;
    enum kk_code rc;

    if (q->address[0])
        return KK_OK;
    kk_jw_key_str(&fields, "QueueName", kk_sv_of(q->name));
    rc = sqs_make(q, "GetQueueUrl", kk_buf_sv(&fields), &call, err);
    if (!rc)
        rc = call_now(q, &call, &answer, err);
    return rc ? rc : sqs_read_address(q, kk_buf_sv(&answer), err);
}

/* SQS tells numbers as text. */
static int64_t number_of(struct kk_jv attributes, const char *name)
{
    struct kk_sv text = {0};
    int64_t number = 0;

    kk_jv_str(kk_jv_get(attributes, name), &text);
    return kk_sv_i64(text, &number) ? number : 0;
}

/* {"deadLetterTargetArn":"arn:aws:sqs:…:name","maxReceiveCount":3}, as text in text */
static void read_redrive(struct kk_sv text, struct sqs_state *ret)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv arn = {0}, part = {0}, count = {0};
    struct kk_jv receives;

    if (!text.len || kk_json_parse(text, &json, NULL))
        return;
    kk_jv_str(kk_jv_get(kk_json_root(json), "deadLetterTargetArn"), &arn);
    while (arn.len)
        part = kk_sv_cut(&arn, ':');
    kk_sv_copy(part, ret->dead_name, sizeof(ret->dead_name));
    receives = kk_jv_get(kk_json_root(json), "maxReceiveCount");
    if (kk_jv_str(receives, &count)) /* some tools write it so */
        kk_sv_i64(count, &ret->max_receives);
    else
        kk_jv_i64(receives, &ret->max_receives);
}

enum kk_code sqs_look(struct sqs *q, struct sqs_state *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf answer = KK_BUF(SMALL_ANSWER_MAX_BYTES);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv text = {0};
    struct kk_jv attributes;
    struct sqs_call call;
    enum kk_code rc = sqs_find(q, err);

    if (!rc)
        rc = sqs_make(q, "GetQueueAttributes", KK_SV("\"AttributeNames\":[\"All\"]"), &call, err);
    if (!rc)
        rc = call_now(q, &call, &answer, err);
    if (!rc)
        rc = kk_json_parse(kk_buf_sv(&answer), &json, err);
    if (rc)
        return rc;
    *ret = (struct sqs_state){0};
    attributes = kk_jv_get(kk_json_root(json), "Attributes");
    ret->waiting = number_of(attributes, "ApproximateNumberOfMessages") +
                   number_of(attributes, "ApproximateNumberOfMessagesNotVisible") +
                   number_of(attributes, "ApproximateNumberOfMessagesDelayed");
    ret->hide_ms = number_of(attributes, "VisibilityTimeout") * KK_SECOND_MS;
    if (kk_jv_str(kk_jv_get(attributes, "QueueArn"), &text))
        kk_sv_copy(text, ret->arn, sizeof(ret->arn));
    text = (struct kk_sv){0};
    kk_jv_str(kk_jv_get(attributes, "RedrivePolicy"), &text);
    read_redrive(text, ret);
    return KK_OK;
}

enum kk_code sqs_create(struct sqs *q, struct kk_sv attributes, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(4096), answer = KK_BUF(SMALL_ANSWER_MAX_BYTES);
    struct sqs_call call;
    enum kk_code rc = sqs_find(q, err);

    if (rc != KK_NOT_FOUND)
        return rc;
    kk_jw_key_str(&fields, "QueueName", kk_sv_of(q->name));
    kk_buf_addf(&fields, ",\"Attributes\":{%s" KK_SV_FMT "}",
                !q->is_fifo      ? ""
                : attributes.len ? "\"FifoQueue\":\"true\","
                                 : "\"FifoQueue\":\"true\"",
                KK_SV_ARG(attributes));
    rc = kk_buf_check(&fields, "a queue's attributes", err);
    if (!rc)
        rc = sqs_make(q, "CreateQueue", kk_buf_sv(&fields), &call, err);
    if (!rc)
        rc = call_now(q, &call, &answer, err);
    return rc ? rc : sqs_find(q, err);
}
