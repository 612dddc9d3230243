/* The queue at AWS, on an emulator: the contract, and what being elsewhere means. */
#include "adapters/queue/queue_sqs.h"

#include <stdio.h>
#include <string.h>

#include "adapters/aws/sqs.h"
#include "adapters/clock/clock_system.h"
#include "contract/moto_world.h"
#include "contract/queue_contract.h"
#include "support/check.h"

static struct aws *aws;
static struct kk_err err;
static int64_t now_ms; /* of the queues; moto's clock goes with it */
static struct kk_rng rng;

static int64_t test_ms(void *ctx)
{
    (void)ctx;
    return now_ms;
}
static const struct kk_clock clock_of_tests = {.wall_ms = test_ms, .mono_ms = test_ms};

static struct queue *open_at(const char *name, const struct queue_rules *rules)
{
    struct queue *queue = NULL;
    char url[160];

    snprintf(url, sizeof(url), "sqs://us-east-1/%s?endpoint=%s", name, moto_endpoint);
    CHECK_OK(queue_sqs_open(aws, kk_sv_of(url), rules, &clock_of_tests, &rng, &queue, &err), &err);
    return queue;
}

static const struct queue_rules usual = {.visibility_ms = 11 * KK_MINUTE_MS, .max_receives = 3};

static void make_queue(const char *name)
{
    struct queue *queue = open_at(name, &usual);

    CHECK_OK(queue_sqs_create(queue, &err), &err);
    queue_close(queue);
}

static void make(void *ctx)
{
    (void)ctx;
    moto_reset();
    now_ms = 1;
    rng = rng_system();
    aws = moto_aws();
    make_queue("tasks");
}

static struct queue *open_queue(void *ctx, const struct queue_rules *rules)
{
    (void)ctx;
    return open_at("tasks", rules);
}

static void pass(void *ctx, int64_t ms)
{
    (void)ctx;
    now_ms += ms;
    moto_pass(ms);
}

static void remove_all(void *ctx)
{
    (void)ctx;
    aws_close(aws);
    aws = NULL;
}

/* ---- in a loop ---- */

static struct http *http;
static struct queue *queue, *other;

static int set_up(void **state)
{
    const struct http_settings settings = {.max_transfers = 20};

    (void)state;
    make(NULL);
    CHECK_OK(http_open(&settings, &http, &err), &err);
    queue = open_at("tasks", &usual);
    other = open_at("tasks", &usual);
    CHECK_OK(queue_sqs_join_loop(queue, http, 40, 0, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    queue_close(queue);
    queue_close(other);
    http_close(http);
    remove_all(NULL);
    return 0;
}

/* Until nothing is under way. */
static void turn(void)
{
    for (int i = 0; i < 200 && http_in_flight(http); i++) {
        CHECK_OK(http_wait(http, NULL, 0, 100, &err), &err);
        http_turn(http);
    }
    CHECK_EQ(http_in_flight(http), 0);
}

static void ask(size_t max)
{
    CHECK_OK(queue_ask(queue, max, &err), &err); /* the first one asks where the queue is */
    turn();
    CHECK_OK(queue_ask(queue, max, &err), &err);
    turn();
}

static void push_many(struct queue *to, int count)
{
    struct queue_item items[64];
    char body[64][16];

    CHECK(count <= 64);
    for (int i = 0; i < count; i++) {
        snprintf(body[i], sizeof(body[i]), "m%02d", i);
        items[i] = (struct queue_item){.dedup_key = kk_sv_of(body[i]),
                                       .group = KK_SV("lux"),
                                       .body = kk_sv_of(body[i]),
                                       .trace_id = KK_SV("0af7651916cd43dd8448eb211c80319c")};
    }
    CHECK_OK(queue_push(to, items, (size_t)count, &err), &err);
}

static size_t here(void)
{
    struct queue_here here;

    queue_look(queue, &here);
    return here.count;
}

static void check_depth(int64_t waiting, int64_t dead)
{
    int64_t is_waiting = -1, is_dead = -1;

    CHECK_OK(queue_depth(other, &is_waiting, &is_dead, &err), &err);
    CHECK_EQ(is_waiting, waiting);
    CHECK_EQ(is_dead, dead);
}

static void what_is_asked_for_comes_and_no_more(void **state)
{
    struct queue_msg msgs[25];
    size_t count = 0;

    (void)state;
    push_many(other, 30);
    ask(13);
    CHECK_EQ(here(), 13);
    CHECK_OK(queue_ask(queue, 13, &err), &err);
    CHECK_EQ(http_in_flight(http), 0); /* it has them */
    CHECK_OK(queue_pull(queue, msgs, 25, &count, &err), &err);
    CHECK_EQ(count, 13);
    CHECK_EQ(here(), 0);
}

static void acks_go_out_together_after_a_little_while(void **state)
{
    struct queue_msg msgs[10];
    struct queue_here look;
    size_t count = 0;

    (void)state;
    push_many(other, 4);
    ask(10);
    CHECK_OK(queue_pull(queue, msgs, 10, &count, &err), &err);
    CHECK_EQ(count, 4);
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(queue_ack(queue, msgs[i].handle, &err), &err);
    CHECK_OK(queue_flush(queue, &err), &err);
    CHECK_EQ(http_in_flight(http), 0);
    queue_look(queue, &look);
    CHECK_EQ(look.wait_ms, 500);
    pass(NULL, 500);
    CHECK_OK(queue_flush(queue, &err), &err);
    CHECK_EQ(http_in_flight(http), 1);
    turn();
    check_depth(1, 0);
}

static void what_is_in_hand_stays_hidden_while_work_goes_on(void **state)
{
    struct queue_msg msg;
    size_t count = 0;

    (void)state;
    push_many(other, 1);
    ask(1);
    CHECK_OK(queue_pull(queue, &msg, 1, &count, &err), &err);
    for (int i = 0; i < 10; i++) { /* seven minutes */
        pass(NULL, 40 * KK_SECOND_MS);
        CHECK_OK(queue_flush(queue, &err), &err);
        turn();
        CHECK_OK(queue_pull(other, &msg, 1, &count, &err), &err);
        CHECK_EQ(count, 0);
    }
    for (int i = 0; i < 12; i++) { /* but not for ever */
        pass(NULL, 40 * KK_SECOND_MS);
        CHECK_OK(queue_flush(queue, &err), &err);
        turn();
    }
    CHECK_OK(queue_pull(other, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_EQ(msg.receive_count, 2);
}

static void a_message_whose_process_died_comes_again_in_a_minute(void **state)
{
    struct queue_msg msg;
    size_t count = 0;

    (void)state;
    push_many(other, 1);
    ask(1);
    pass(NULL, KK_MINUTE_MS + KK_SECOND_MS);
    CHECK_OK(queue_pull(other, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
}

static void what_is_given_back_stays_in_this_hand(void **state)
{
    struct queue_msg msg;
    struct queue_here look;
    size_t count = 0;

    (void)state;
    push_many(other, 1);
    ask(1);
    CHECK_OK(queue_pull(queue, &msg, 1, &count, &err), &err);
    CHECK_OK(queue_release(queue, msg.handle, 100, &err), &err);
    queue_look(queue, &look);
    CHECK_EQ(look.count, 0);
    CHECK(look.is_more_coming);
    CHECK_EQ(look.wait_ms, 100);
    pass(NULL, 100);
    CHECK_OK(queue_pull(queue, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_EQ(msg.receive_count, 1); /* it cost no receive */
}

static void at_the_end_acks_are_said_and_the_rest_is_given_back(void **state)
{
    struct queue_msg msgs[4];
    size_t count = 0;

    (void)state;
    push_many(other, 4);
    ask(4);
    CHECK_OK(queue_pull(queue, msgs, 1, &count, &err), &err);
    CHECK_OK(queue_ack(queue, msgs[0].handle, &err), &err);
    queue_close(queue);
    queue = NULL;
    check_depth(3, 0);
    CHECK_OK(queue_pull(other, msgs, 4, &count, &err), &err);
    CHECK_EQ(count, 3);
    queue = open_at("tasks", &usual);
}

static void trouble_is_told_once_and_then_there_is_quiet(void **state)
{
    struct kk_err told = {0};

    (void)state;
    queue_close(queue);
    queue = open_at("nowhere", &usual);
    CHECK_OK(queue_sqs_join_loop(queue, http, 40, 0, &err), &err);
    CHECK_OK(queue_ask(queue, 1, &err), &err);
    turn();
    CHECK_EQ(queue_flush(queue, &told), KK_NOT_FOUND);
    CHECK(kk_sv_find(kk_sv_of(told.msg), KK_SV("there is no such queue")) < strlen(told.msg));
    CHECK_OK(queue_flush(queue, &err), &err);
    CHECK_OK(queue_ask(queue, 1, &err), &err);
    CHECK_EQ(http_in_flight(http), 0);
    pass(NULL, 2 * KK_SECOND_MS);
    CHECK_OK(queue_ask(queue, 1, &err), &err);
    CHECK_EQ(http_in_flight(http), 1);
    turn();
}

/* ---- FIFO ---- */

static void a_fifo_queue_keeps_the_order_and_drops_a_key_it_has_seen(void **state)
{
    struct queue *fifo;
    struct queue_msg msgs[10];
    size_t count = 0;

    (void)state;
    make_queue("tasks.fifo");
    fifo = open_at("tasks.fifo", &usual);
    push_many(fifo, 25);
    push_many(fifo, 25);
    for (int from = 0; from < 25; from += 10) {
        CHECK_OK(queue_pull(fifo, msgs, 10, &count, &err), &err);
        CHECK_EQ(count, from == 20 ? 5 : 10);
        for (size_t i = 0; i < count; i++) {
            char body[8];

            snprintf(body, sizeof(body), "m%02zu", (size_t)from + i);
            CHECK_STR(((struct kk_sv){msgs[i].body, msgs[i].body_len}), body);
            CHECK_OK(queue_ack(fifo, msgs[i].handle, &err), &err);
        }
    }
    CHECK_OK(queue_pull(fifo, msgs, 10, &count, &err), &err);
    CHECK_EQ(count, 0);
    queue_close(fifo);
}

/* ---- what others put there ---- */

static void a_message_that_is_too_long_comes_cut(void **state)
{
    static char body[100000];
    struct sqs sqs;
    struct sqs_send item = {.body = {body, sizeof(body)}};
    struct sqs_call call;
    struct aws_reply reply;
    struct queue_msg msg;
    size_t count = 0;

    (void)state;
    memset(body, '"', sizeof(body)); /* escaped, it is twice as long */
    CHECK_OK(sqs_init(&sqs, aws, KK_SV("us-east-1"), KK_SV("tasks"), kk_sv_of(moto_endpoint), &err), &err);
    CHECK_OK(sqs_find(&sqs, &err), &err);
    CHECK_OK(sqs_make_send(&sqs, &item, 1, &call, &err), &err);
    CHECK_OK(aws_call_one(aws, &call.request, &reply, &err), &err);
    aws_reply_done(&reply);
    sqs_call_done(&call);
    CHECK_OK(queue_pull(other, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_EQ(msg.body_len, QUEUE_BODY_MAX_BYTES);
    CHECK_OK(queue_ack(other, msg.handle, &err), &err);
    check_depth(0, 0);
}

/* ---- for a person ---- */

static void a_missing_queue_is_named_and_can_be_made(void **state)
{
    struct queue *late;
    char text[200];

    (void)state;
    late = open_at("late", &usual);
    CHECK_EQ(queue_sqs_check(late, text, sizeof(text), &err), KK_NOT_FOUND);
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV("late")) < strlen(err.msg));
    CHECK_OK(queue_sqs_create(late, &err), &err);
    CHECK_OK(queue_sqs_check(late, text, sizeof(text), &err), &err);
    CHECK_STR(text, "late: 0 waiting, 0 in late-dead");
    CHECK_OK(queue_sqs_create(late, &err), &err); /* twice is harmless */
    queue_close(late);
}

static void a_queue_that_was_made_by_hand_gets_its_dead_letter_queue(void **state)
{
    struct queue *plain;
    struct sqs sqs;
    char text[200];

    (void)state;
    CHECK_OK(sqs_init(&sqs, aws, KK_SV("us-east-1"), KK_SV("plain"), kk_sv_of(moto_endpoint), &err), &err);
    CHECK_OK(sqs_create(&sqs, (struct kk_sv){0}, &err), &err);
    plain = open_at("plain", &usual);
    CHECK_EQ(queue_sqs_check(plain, text, sizeof(text), &err), KK_MISMATCH);
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV("no dead-letter queue")) < strlen(err.msg));
    CHECK_OK(queue_sqs_create(plain, &err), &err);
    CHECK_OK(queue_sqs_check(plain, text, sizeof(text), &err), &err);
    queue_close(plain);
}

static void other_attempts_than_ours_are_told(void **state)
{
    const struct queue_rules five = {.visibility_ms = KK_MINUTE_MS, .max_receives = 5};
    struct queue *q;
    char text[200];

    (void)state;
    q = open_at("tasks", &five);
    CHECK_EQ(queue_sqs_check(q, text, sizeof(text), &err), KK_MISMATCH);
    CHECK_STR(err.msg, "tasks gives a message up after 3 receives, but task.attempts is 5");
    queue_close(q);
}

static void a_bad_address_is_refused(void **state)
{
    static const char *const bad[] = {"sqs:tasks",
                                      "sqs://us-east-1",
                                      "sqs://us-east-1/a b",
                                      "sqs://US/tasks",
                                      "sqs://us-east-1/tasks?colour=red",
                                      "sqs://us-east-1/tasks?endpoint=ftp://x",
                                      "sqs://us-east-1/.fifo"};
    struct queue *q = NULL;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(queue_sqs_open(aws, kk_sv_of(bad[i]), &usual, &clock_of_tests, &rng, &q, &err), KK_BAD_INPUT);
}

int main(void)
{
    static const struct queue_world contract = {.make = make,
                                                .open = open_queue,
                                                .pass = pass,
                                                .remove = remove_all,
                                                .has_loose_handles = true,
                                                .tick_ms = KK_SECOND_MS};
#define SQS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SQS_TEST(what_is_asked_for_comes_and_no_more),
        SQS_TEST(acks_go_out_together_after_a_little_while),
        SQS_TEST(what_is_in_hand_stays_hidden_while_work_goes_on),
        SQS_TEST(a_message_whose_process_died_comes_again_in_a_minute),
        SQS_TEST(what_is_given_back_stays_in_this_hand),
        SQS_TEST(at_the_end_acks_are_said_and_the_rest_is_given_back),
        SQS_TEST(trouble_is_told_once_and_then_there_is_quiet),
        SQS_TEST(a_fifo_queue_keeps_the_order_and_drops_a_key_it_has_seen),
        SQS_TEST(a_message_that_is_too_long_comes_cut),
        SQS_TEST(a_missing_queue_is_named_and_can_be_made),
        SQS_TEST(a_queue_that_was_made_by_hand_gets_its_dead_letter_queue),
        SQS_TEST(other_attempts_than_ours_are_told),
        SQS_TEST(a_bad_address_is_refused),
    };
    int failed;

    if (!moto_start("the queue on SQS"))
        return 0;
    failed = queue_contract_run("queue_sqs", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
    moto_stop();
    return failed;
}
