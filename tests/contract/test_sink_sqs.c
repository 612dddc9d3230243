/* Events into a queue at AWS, on an emulator: the contract, and what a queue means. */
#include "adapters/sink/sink_sqs.h"

#include <stdio.h>
#include <string.h>

#include "adapters/aws/sqs.h"
#include "contract/moto_world.h"
#include "contract/sink_contract.h"
#include "support/check.h"

static struct aws *aws;
static struct http *http;
static struct sqs reader; /* the team's own program */
static struct kk_err err;
static struct kk_buf arrived;

static struct sink *open_at(const char *name)
{
    struct sink *sink = NULL;
    char url[160];

    snprintf(url, sizeof(url), "sqs://us-east-1/%s?endpoint=%s", name, moto_endpoint);
    CHECK_OK(sink_sqs_open(aws, http, kk_sv_of(url), &sink, &err), &err);
    return sink;
}

static void make_queue(const char *name)
{
    CHECK_OK(sqs_init(&reader, aws, KK_SV("us-east-1"), kk_sv_of(name), kk_sv_of(moto_endpoint), &err), &err);
    CHECK_OK(sqs_create(&reader, (struct kk_sv){0}, &err), &err);
}

static void make(void *ctx)
{
    (void)ctx;
    moto_reset();
    aws = moto_aws();
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 20}, &http, &err), &err);
    arrived = KK_BUF(64 * 1024 * 1024);
    make_queue("changes");
}

static struct sink *open_sink(void *ctx)
{
    (void)ctx;
    return open_at("changes");
}

static void remove_all(void *ctx)
{
    (void)ctx;
    http_close(http);
    aws_close(aws);
    kk_buf_done(&arrived);
}

static void turn(void *ctx)
{
    (void)ctx;
    CHECK_OK(http_wait(http, NULL, 0, 20, &err), &err);
    http_turn(http);
}

/* Receives until nothing more comes. */
static void copy_arrived(void *ctx, struct kk_buf *out)
{
    static struct queue_msg msgs[SQS_BATCH_MAX];
    size_t count = 1;

    (void)ctx;
    while (count > 0) {
        struct sqs_call call;
        struct aws_reply reply;

        CHECK_OK(sqs_make_receive(&reader, SQS_BATCH_MAX, KK_HOUR_MS, 0, &call, &err), &err);
        CHECK_OK(aws_call_one(aws, &call.request, &reply, &err), &err);
        CHECK_OK(sqs_read_messages(kk_buf_sv(&reply.body), msgs, SQS_BATCH_MAX, &count, &err), &err);
        aws_reply_done(&reply);
        sqs_call_done(&call);
        for (size_t i = 0; i < count; i++)
            kk_buf_addf(&arrived, "%s\n", msgs[i].body);
    }
    kk_buf_add(out, kk_buf_sv(&arrived));
}

/* A queue that is gone takes nothing. */
static void set_failing(void *ctx, bool is_failing)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf before = KK_BUF(1024 * 1024);
    struct sqs_call call;
    struct aws_reply reply;

    (void)ctx;
    if (!is_failing) {
        reader.address[0] = '\0';
        CHECK_OK(sqs_create(&reader, (struct kk_sv){0}, &err), &err);
        return;
    }
    copy_arrived(NULL, &before); /* it would go with the queue */
    CHECK_OK(sqs_make(&reader, "DeleteQueue", (struct kk_sv){0}, &call, &err), &err);
    CHECK_OK(aws_call_one(aws, &call.request, &reply, &err), &err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
}

/* ---- what a queue means ---- */

static struct sink_result told;
static int told_count;

static void on_delivered(void *ctx, struct sink *sink, int64_t id, const struct sink_result *result)
{
    (void)ctx, (void)sink, (void)id;
    told = *result;
    told_count++;
}

static void deliver(struct sink *sink, int count)
{
    for (int i = 0; told_count < count && i < 500; i++) {
        sink_flush(sink);
        turn(NULL);
    }
    CHECK_EQ(told_count, count);
}

static struct sink *use(const char *name)
{
    struct sink *sink = open_at(name);

    sink->on_delivered = on_delivered;
    told_count = 0;
    return sink;
}

static void large_events_go_in_smaller_batches(void **state)
{
    static char body[400000];
    struct sink *sink;

    (void)state;
    make(NULL);
    sink = use("changes");
    memset(body, 'x', sizeof(body));
    for (int i = 0; i < 5; i++)
        CHECK_OK(sink_start(sink, &(struct sink_event){i, KK_SV("1-1"), (struct kk_sv){body, sizeof(body)}, ""}, &err),
                 &err);
    deliver(sink, 5);
    CHECK_EQ(told.code, KK_OK);
    CHECK_EQ(sink_start(sink, &(struct sink_event){9, KK_SV("1-1"), (struct kk_sv){body, 2000000}, ""}, &err),
             KK_BAD_INPUT);
    sink_close(sink);
    remove_all(NULL);
}

static void a_fifo_queue_drops_an_event_that_comes_twice(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf all = KK_BUF(4096);
    struct sink *sink;

    (void)state;
    make(NULL);
    make_queue("changes.fifo");
    sink = use("changes.fifo");
    for (int i = 0; i < 2; i++) {
        CHECK_OK(sink_start(sink, &(struct sink_event){i, KK_SV("7-1"), KK_SV("one"), ""}, &err), &err);
        deliver(sink, i + 1);
    }
    CHECK_OK(sink_start(sink, &(struct sink_event){3, KK_SV("7-2"), KK_SV("two"), ""}, &err), &err);
    deliver(sink, 3);
    copy_arrived(NULL, &all);
    CHECK_STR(kk_buf_sv(&all), "one\ntwo\n");
    sink_close(sink);
    remove_all(NULL);
}

static void a_missing_queue_is_told_and_can_be_made(void **state)
{
    struct sink *sink;
    char text[100];

    (void)state;
    make(NULL);
    sink = use("late");
    CHECK_OK(sink_start(sink, &(struct sink_event){1, KK_SV("7-1"), KK_SV("one"), ""}, &err), &err);
    deliver(sink, 1);
    CHECK_EQ(told.code, KK_NOT_FOUND);
    CHECK(strstr(told.error, "there is no such queue"));
    CHECK_EQ(sink_sqs_check(sink, text, sizeof(text), &err), KK_NOT_FOUND);
    CHECK_OK(sink_sqs_create(sink, &err), &err);
    CHECK_OK(sink_start(sink, &(struct sink_event){1, KK_SV("7-1"), KK_SV("one"), ""}, &err), &err);
    deliver(sink, 2);
    CHECK_EQ(told.code, KK_OK);
    CHECK_OK(sink_sqs_check(sink, text, sizeof(text), &err), &err);
    CHECK_STR(text, "late: 1 waiting");
    sink_close(sink);
    remove_all(NULL);
}

int main(void)
{
    static const struct sink_world contract = {.make = make,
                                               .open = open_sink,
                                               .remove = remove_all,
                                               .turn = turn,
                                               .arrived = copy_arrived,
                                               .set_failing = set_failing};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_events_go_in_smaller_batches),
        cmocka_unit_test(a_fifo_queue_drops_an_event_that_comes_twice),
        cmocka_unit_test(a_missing_queue_is_told_and_can_be_made),
    };
    int failed;

    if (!moto_start("events to SQS"))
        return 0;
    failed = sink_contract_run("sink_sqs", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
    moto_stop();
    return failed;
}
