/* The queue as a person sees it: is it there, is it as it should be, and may we. */
#include <stdio.h>
#include <string.h>

#include "adapters/queue/queue_sqs_priv.h"
#include "base/json.h"

/* Asked for with a handle that fits nothing. What only a worker needs is no failure of others. */
static enum kk_code check_worker_rights(struct queue_sqs *self, struct kk_err *err)
{
    enum kk_code rc = queue_sqs_change(&self->live, "kkachi-doctor", true, 0, err);

    if (!rc)
        rc = queue_sqs_change(&self->live, "kkachi-doctor", false, 0, err);
    if (rc != KK_DENIED)
        return rc;
    return kk_while(err, KK_MISMATCH, "a worker could not work here");
}

enum kk_code queue_sqs_check(struct queue *queue, char *ret_text, size_t text_bytes, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(queue);
    struct sqs_state live, dead = {0};
    enum kk_code rc = queue_sqs_find_dead(self, &live, err);

    if (!rc && self->has_dead)
        rc = sqs_look(&self->dead, &dead, err);
    if (!rc)
        rc = check_worker_rights(self, err);
    if (rc)
        return rc;
    snprintf(ret_text, text_bytes, "%s: %lld waiting, %lld in %s", self->live.name, (long long)live.waiting,
             (long long)dead.waiting, self->has_dead ? live.dead_name : "no dead-letter queue");
    if (!self->has_dead)
        return kk_fail(err, KK_MISMATCH,
                       "%s has no dead-letter queue: a message nobody can handle would come for ever; `kkachi doctor "
                       "--create` gives it one",
                       self->live.name);
    if (live.max_receives != self->rules.max_receives)
        return kk_fail(err, KK_MISMATCH, "%s gives a message up after %lld receives, but task.attempts is %d",
                       self->live.name, (long long)live.max_receives, self->rules.max_receives);
    return KK_OK;
}

/* The dead wait fourteen days, the most there is. */
static enum kk_code create_dead(struct queue_sqs *self, struct sqs *dead, struct sqs_state *ret, struct kk_err *err)
{
    char name[SQS_NAME_BYTES + 8];
    int stem = (int)strlen(self->live.name) - (self->live.is_fifo ? 5 : 0);
    enum kk_code rc;

    snprintf(name, sizeof(name), "%.*s-dead%s", stem, self->live.name, self->live.is_fifo ? ".fifo" : "");
    rc = sqs_init(dead, self->live.aws, kk_sv_of(self->live.place.region), kk_sv_of(name),
                  kk_sv_of(self->live.place.base), err);
    if (!rc)
        rc = sqs_create(dead, KK_SV("\"MessageRetentionPeriod\":\"1209600\",\"SqsManagedSseEnabled\":\"true\""), err);
    return rc ? rc : sqs_look(dead, ret, err);
}

static void redrive_text(const struct queue_sqs *self, const char *arn, struct kk_buf *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf policy = KK_BUF(1024);

    kk_jw_open(&policy, '{');
    kk_jw_key_str(&policy, "deadLetterTargetArn", kk_sv_of(arn));
    kk_jw_key_i64(&policy, "maxReceiveCount", self->rules.max_receives);
    kk_jw_close(&policy, '}');
    kk_jw_key_str(out, "RedrivePolicy", kk_buf_sv(&policy));
}

static enum kk_code set_redrive(struct queue_sqs *self, struct kk_sv redrive, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf fields = KK_BUF(4096);
    struct aws_reply reply;
    struct sqs_call call;
    enum kk_code rc;

    kk_buf_addf(&fields, "\"Attributes\":{" KK_SV_FMT "}", KK_SV_ARG(redrive));
    rc = sqs_make(&self->live, "SetQueueAttributes", kk_buf_sv(&fields), &call, err);
    if (rc)
        return rc;
    rc = aws_call_one(self->live.aws, &call.request, &reply, err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
    return rc;
}

enum kk_code queue_sqs_create(struct queue *queue, struct kk_err *err)
{
    struct queue_sqs *self = queue_sqs_of(queue);
    KK_CLEANUP(kk_buf_done) struct kk_buf attributes = KK_BUF(4096), redrive = KK_BUF(2048);
    struct sqs_state live = {0}, dead_state;
    struct sqs dead;
    enum kk_code rc = sqs_look(&self->live, &live, err);

    if (rc && rc != KK_NOT_FOUND)
        return rc;
    if (!rc && live.dead_name[0])
        return KK_OK;
    rc = create_dead(self, &dead, &dead_state, err);
    if (rc)
        return rc;
    redrive_text(self, dead_state.arn, &redrive);
    kk_buf_addf(&attributes, "\"VisibilityTimeout\":\"%d\",\"SqsManagedSseEnabled\":\"true\"," KK_SV_FMT,
                (int)(2 * QUEUE_SQS_HIDE_MS / KK_SECOND_MS), KK_SV_ARG(kk_buf_sv(&redrive)));
    rc = sqs_create(&self->live, kk_buf_sv(&attributes), err);
    return rc ? rc : set_redrive(self, kk_buf_sv(&redrive), err); /* one that was there without it gets it too */
}
