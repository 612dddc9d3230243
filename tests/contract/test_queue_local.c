/* The queue in the store: the contract, and what being in the store means. */
#include "adapters/queue/queue_local.h"

#include "contract/local_world.h"
#include "contract/queue_contract.h"
#include "support/check.h"

static struct store *last_store;

static void make(void *ctx)
{
    (void)ctx;
    local_make();
}

static struct queue *open_queue(void *ctx, const struct queue_rules *rules)
{
    struct queue *queue = NULL;
    struct kk_err err = {0};

    (void)ctx;
    last_store = local_store();
    CHECK_OK(queue_local_open(last_store, rules, &local_clock, &queue, &err), &err);
    return queue;
}

static void remove_all(void *ctx)
{
    (void)ctx;
    local_remove();
}

static const struct queue_rules rules = {.visibility_ms = 1000, .max_receives = 1};
static struct kk_err err;

static int set_up(void **state)
{
    make(NULL);
    *state = open_queue(NULL, &rules);
    return 0;
}

static int tear_down(void **state)
{
    queue_close(*state);
    remove_all(NULL);
    return 0;
}

static void push(struct queue *queue)
{
    struct queue_item item = {.dedup_key = KK_SV("k"), .body = KK_SV("a")};

    CHECK_OK(queue_push(queue, &item, 1, &err), &err);
}

static int64_t waiting(struct queue *queue)
{
    int64_t is_waiting, is_dead;

    CHECK_OK(queue_depth(queue, &is_waiting, &is_dead, &err), &err);
    return is_waiting;
}

static void it_joins_the_stores_transaction(void **state)
{
    struct queue *queue = *state;
    struct queue_msg msg;
    size_t count;

    CHECK_OK(store_begin(last_store, &err), &err);
    push(queue);
    CHECK_EQ(waiting(queue), 1);
    store_rollback(last_store);
    CHECK_EQ(waiting(queue), 0);

    push(queue);
    CHECK_OK(store_begin(last_store, &err), &err);
    CHECK_OK(queue_pull(queue, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_OK(queue_ack(queue, msg.handle, &err), &err);
    store_rollback(last_store);
    CHECK_OK(queue_pull(queue, &msg, 1, &count, &err), &err); /* it was never received */
    CHECK_EQ(count, 1);
    CHECK_EQ(msg.receive_count, 1);
}

static void it_outlives_its_process(void **state)
{
    struct queue_msg msg;
    size_t count;

    push(*state);
    queue_close(*state);
    local_close_stores();
    *state = open_queue(NULL, &rules);
    CHECK_OK(queue_pull(*state, &msg, 1, &count, &err), &err);
    CHECK_EQ(count, 1);
}

static void a_strange_handle_is_refused(void **state)
{
    CHECK_EQ(queue_ack(*state, "", &err), KK_BAD_INPUT);
    CHECK_EQ(queue_ack(*state, "1", &err), KK_BAD_INPUT);
    CHECK_EQ(queue_ack(*state, "1.2.3", &err), KK_BAD_INPUT);
    CHECK_EQ(queue_release(*state, "x.1", 0, &err), KK_BAD_INPUT);
    CHECK_OK(queue_ack(*state, "4711.1", &err), &err);
}

static void old_dead_messages_are_purged(void **state)
{
    struct queue *queue = *state;
    struct retention retention = {.events_before_ms = local_wall_ms + 5000};
    struct queue_msg msg;
    int64_t count = 0, is_waiting, is_dead;
    size_t got;

    push(queue);
    CHECK_OK(queue_pull(queue, &msg, 1, &got, &err), &err);
    local_pass(NULL, 1000);
    CHECK_OK(queue_pull(queue, &msg, 1, &got, &err), &err); /* finds it worn out */
    push(queue);
    CHECK_OK(queue_depth(queue, &is_waiting, &is_dead, &err), &err);
    CHECK_EQ(is_dead, 1);
    CHECK_OK(store_purge(last_store, &retention, 10, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_EQ(waiting(queue), 1);
}

int main(void)
{
    static const struct queue_world contract = {.make = make,
                                                .open = open_queue,
                                                .pass = local_pass,
                                                .remove = remove_all,
                                                .has_dedup = true,
                                                .tick_ms = 1,
                                                .is_fifo = true};
#define LOCAL_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOCAL_TEST(it_joins_the_stores_transaction),
        LOCAL_TEST(it_outlives_its_process),
        LOCAL_TEST(a_strange_handle_is_refused),
        LOCAL_TEST(old_dead_messages_are_purged),
    };

    return queue_contract_run("queue_local", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
