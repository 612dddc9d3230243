#include "contract/queue_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "support/check.h"

#define VISIBILITY_MS (1000 * world->tick_ms)
#define RECEIVES_MAX 3

static const struct queue_world *world;
static struct queue *queue, *other; /* two processes */
static struct kk_err err;

static int set_up(void **state)
{
    struct queue_rules rules = {.max_receives = RECEIVES_MAX};

    world = *state;
    rules.visibility_ms = VISIBILITY_MS;
    world->make(world->ctx);
    queue = world->open(world->ctx, &rules);
    other = world->open(world->ctx, &rules);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    queue_close(queue);
    queue_close(other);
    world->remove(world->ctx);
    return 0;
}

/* ---- short ways ---- */

static void push(const char *key, const char *body)
{
    struct queue_item item = {.dedup_key = kk_sv_of(key), .group = KK_SV("lux"), .body = kk_sv_of(body)};

    CHECK_OK(queue_push(queue, &item, 1, &err), &err);
}

/* Fails the test unless exactly count came. */
static void pull(struct queue *q, struct queue_msg *msgs, size_t max, size_t count)
{
    size_t got = 99;

    CHECK_OK(queue_pull(q, msgs, max, &got, &err), &err);
    CHECK_EQ(got, count);
}

static void pull_dead(struct queue_msg *msgs, size_t max, size_t count)
{
    size_t got = 99;

    CHECK_OK(queue_pull_dead(queue, msgs, max, &got, &err), &err);
    CHECK_EQ(got, count);
}

static void check_depth(int64_t waiting, int64_t dead)
{
    int64_t is_waiting = -1, is_dead = -1;

    CHECK_OK(queue_depth(queue, &is_waiting, &is_dead, &err), &err);
    CHECK_EQ(is_waiting, waiting);
    CHECK_EQ(is_dead, dead);
}

static void check_body(const struct queue_msg *msg, const char *body)
{
    CHECK_STR(((struct kk_sv){msg->body, msg->body_len}), body);
    CHECK_EQ(strlen(msg->body), msg->body_len);
}

static void pass(int64_t ms)
{
    world->pass(world->ctx, ms);
}

/* Receives the one message that is there until it is dead. */
static void wear_out(void)
{
    struct queue_msg msg;

    for (int i = 0; i < RECEIVES_MAX; i++) {
        pull(queue, &msg, 1, 1);
        pass(VISIBILITY_MS);
    }
    pull(queue, &msg, 1, 0);
}

/* ---- coming and going ---- */

static void a_message_comes_as_it_was_sent(void **state)
{
    struct queue_msg msg;

    (void)state;
    pull(queue, &msg, 1, 0);
    push("k1", "{\"a\":\"까치\"}");
    pull(other, &msg, 1, 1);
    check_body(&msg, "{\"a\":\"까치\"}");
    CHECK_EQ(msg.receive_count, 1);
    CHECK(msg.handle[0]);
}

static void an_acked_message_does_not_come_again(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    pull(queue, &msg, 1, 1);
    CHECK_OK(queue_ack(other, msg.handle, &err), &err);
    pass(VISIBILITY_MS);
    pull(queue, &msg, 1, 0);
    check_depth(0, 0);
    CHECK_OK(queue_ack(queue, msg.handle, &err), &err); /* twice is harmless */
}

static void a_message_in_hand_is_hidden_until_its_time_is_over(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    pull(queue, &msg, 1, 1);
    pull(other, &msg, 1, 0);
    check_depth(1, 0);
    pass(VISIBILITY_MS - world->tick_ms);
    pull(other, &msg, 1, 0);
    pass(world->tick_ms);
    pull(other, &msg, 1, 1);
    CHECK_EQ(msg.receive_count, 2);
}

static void a_late_ack_still_counts_while_nobody_else_has_the_message(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    pull(queue, &msg, 1, 1);
    pass(VISIBILITY_MS);
    CHECK_OK(queue_ack(queue, msg.handle, &err), &err);
    pull(queue, &msg, 1, 0);
}

static void an_old_handle_does_nothing_to_a_newer_receive(void **state)
{
    struct queue_msg old, msg;

    (void)state;
    if (world->has_loose_handles)
        return;
    push("k1", "a");
    pull(queue, &old, 1, 1);
    pass(VISIBILITY_MS);
    pull(other, &msg, 1, 1);
    CHECK_OK(queue_ack(queue, old.handle, &err), &err);
    check_depth(1, 0);
    CHECK_OK(queue_release(queue, old.handle, 0, &err), &err);
    pull(queue, &msg, 1, 0);
    pass(VISIBILITY_MS);
    pull(queue, &msg, 1, 1);
}

static void an_old_handle_does_nothing_to_a_later_message(void **state)
{
    struct queue_msg old, msg;

    (void)state;
    push("k1", "a");
    pull(queue, &old, 1, 1);
    CHECK_OK(queue_ack(queue, old.handle, &err), &err);
    push("k1", "b"); /* perhaps in the place that became free */
    pull(queue, &msg, 1, 1);
    CHECK_OK(queue_ack(queue, old.handle, &err), &err);
    CHECK_OK(queue_release(queue, old.handle, 0, &err), &err);
    check_depth(1, 0);
    CHECK_OK(queue_ack(queue, msg.handle, &err), &err);
    check_depth(0, 0);
}

static void a_released_message_comes_after_its_delay(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    pull(queue, &msg, 1, 1);
    CHECK_OK(queue_release(queue, msg.handle, 0, &err), &err);
    pull(queue, &msg, 1, 1);
    CHECK_EQ(msg.receive_count, 2);
    CHECK_OK(queue_release(queue, msg.handle, 200 * world->tick_ms, &err), &err);
    pass(199 * world->tick_ms);
    pull(queue, &msg, 1, 0);
    pass(world->tick_ms);
    pull(queue, &msg, 1, 1);
    CHECK_EQ(msg.receive_count, 3);
}

static void messages_come_in_batches_and_in_order(void **state)
{
    struct queue_msg msgs[10];
    struct queue_item items[25];
    char body[25][8];

    (void)state;
    for (size_t i = 0; i < 25; i++) {
        snprintf(body[i], sizeof(body[i]), "m%02zu", i);
        items[i] = (struct queue_item){.dedup_key = kk_sv_of(body[i]), .body = kk_sv_of(body[i])};
    }
    CHECK_OK(queue_push(queue, items, 25, &err), &err);
    check_depth(25, 0);
    for (size_t from = 0; from < 25; from += 10) {
        size_t count = from == 20 ? 5 : 10;

        pull(queue, msgs, 10, count);
        for (size_t i = 0; world->is_fifo && i < count; i++)
            check_body(&msgs[i], body[from + i]);
    }
    pull(queue, msgs, 10, 0);
}

static void what_comes_back_stands_behind_what_waits(void **state)
{
    struct queue_msg msgs[3];

    (void)state;
    push("k1", "a");
    pull(queue, msgs, 1, 1);
    push("k2", "b");
    pass(VISIBILITY_MS);
    pull(queue, msgs, 3, 2);
    if (world->is_fifo)
        check_body(&msgs[0], "b");
}

static void a_key_has_one_message_at_a_time(void **state)
{
    struct queue_msg msgs[3];

    (void)state;
    if (!world->has_dedup)
        return;
    push("k1", "a");
    push("k1", "b");
    push("k2", "c");
    pull(queue, msgs, 3, 2);
    check_body(&msgs[0], "a");
    push("k1", "d"); /* also while it is in hand */
    check_depth(2, 0);
    CHECK_OK(queue_ack(queue, msgs[0].handle, &err), &err);
    push("k1", "e");
    check_depth(2, 0);
}

static void without_a_key_each_is_a_message(void **state)
{
    (void)state;
    push("", "a");
    push("", "a");
    check_depth(2, 0);
}

static void the_largest_message_fits_and_a_larger_is_refused(void **state)
{
    struct queue_item item = {.dedup_key = KK_SV("k1")};
    char body[QUEUE_BODY_MAX_BYTES + 1];
    struct queue_msg msg;

    (void)state;
    memset(body, 'x', sizeof(body));
    item.body = (struct kk_sv){body, sizeof(body)};
    CHECK_EQ(queue_push(queue, &item, 1, &err), KK_BAD_INPUT);
    check_depth(0, 0);
    item.body.len--;
    CHECK_OK(queue_push(queue, &item, 1, &err), &err);
    pull(queue, &msg, 1, 1);
    CHECK_EQ(msg.body_len, QUEUE_BODY_MAX_BYTES);
}

/* ---- the dead ---- */

static void after_its_last_receive_a_message_is_dead(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    wear_out();
    check_depth(0, 1);
    pull_dead(&msg, 1, 1);
    check_body(&msg, "a");
    pull_dead(&msg, 1, 0); /* in hand */
    pass(VISIBILITY_MS);
    pull_dead(&msg, 1, 1); /* until it is acked */
    CHECK_OK(queue_ack_dead(queue, msg.handle, &err), &err);
    check_depth(0, 0);
    CHECK_OK(queue_ack_dead(queue, msg.handle, &err), &err);
    pass(VISIBILITY_MS);
    pull_dead(&msg, 1, 0);
}

static void the_dead_do_not_stand_in_the_way_of_the_living(void **state)
{
    struct queue_msg msgs[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        push((char[2]){(char)('a' + i), '\0'}, "worn");
    for (int i = 0; i < RECEIVES_MAX; i++) {
        pull(queue, msgs, 4, 4);
        pass(VISIBILITY_MS);
    }
    push("k", "fresh");
    pull(queue, msgs, 1, 1);
    check_body(&msgs[0], "fresh");
    check_depth(1, 4);
}

static void the_key_of_a_dead_message_is_free(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    wear_out();
    push("k1", "b");
    check_depth(1, 1);
    pull(queue, &msg, 1, 1);
    check_body(&msg, "b");
    CHECK_OK(queue_ack_dead(queue, msg.handle, &err), &err); /* it is alive */
    check_depth(1, 1);
}

static void an_ack_for_its_last_receive_comes_in_time(void **state)
{
    struct queue_msg msg;

    (void)state;
    push("k1", "a");
    for (int i = 0; i < RECEIVES_MAX; i++) {
        pull(queue, &msg, 1, 1);
        if (i + 1 < RECEIVES_MAX)
            pass(VISIBILITY_MS);
    }
    CHECK_OK(queue_ack(queue, msg.handle, &err), &err);
    pass(VISIBILITY_MS);
    pull(queue, &msg, 1, 0);
    check_depth(0, 0);
}

/* ---- any order of things ---- */

#define KEYS 8

struct model { /* what the queue must know of one key's message */
    bool is_there, is_dead;
    int receives;
    int64_t visible_at_ms;
    char handle[QUEUE_HANDLE_BYTES];
};

static void model_pull(struct model *model, int64_t now_ms)
{
    struct queue_msg msgs[KEYS];
    bool came[KEYS] = {false};
    size_t count = 0;

    CHECK_OK(queue_pull(queue, msgs, KEYS, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        int key = msgs[i].body[0] - '0';

        CHECK(key >= 0 && key < KEYS && model[key].is_there && !model[key].is_dead);
        CHECK(model[key].visible_at_ms <= now_ms);
        CHECK_EQ(msgs[i].receive_count, ++model[key].receives);
        CHECK(model[key].receives <= RECEIVES_MAX);
        model[key].visible_at_ms = now_ms + VISIBILITY_MS;
        memcpy(model[key].handle, msgs[i].handle, sizeof(model[key].handle));
        came[key] = true;
    }
    for (int key = 0; key < KEYS; key++) {
        if (came[key] || !model[key].is_there || model[key].is_dead || model[key].visible_at_ms > now_ms)
            continue;
        CHECK_EQ(model[key].receives, RECEIVES_MAX); /* else it was passed over */
        model[key].is_dead = true;
    }
}

static void model_push(struct model *model, int key, int64_t now_ms)
{
    char text[2] = {(char)('0' + key), '\0'};

    if (model[key].is_there && !model[key].is_dead) {
        if (world->has_dedup)
            push(text, text);
        return;
    }
    if (model[key].is_dead)
        return; /* two of a key, one of them dead, is another test's matter */
    push(text, text);
    model[key] = (struct model){.is_there = true, .visible_at_ms = now_ms};
}

static void whatever_happens_no_message_is_lost_or_comes_too_early(void **state)
{
    const uint64_t seed = 20261122;
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, seed);
    struct model model[KEYS] = {{.is_there = false}};
    int64_t now_ms = 0;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int step = 0; step < 400; step++) {
        int key = (int)kk_rng_below(&rng, KEYS);
        int64_t ms = (int64_t)kk_rng_below(&rng, 600) * world->tick_ms;

        switch (kk_rng_below(&rng, 5)) {
        case 0:
            model_push(model, key, now_ms);
            break;
        case 1:
            model_pull(model, now_ms);
            break;
        case 2:
            if (model[key].handle[0] && !model[key].is_dead) {
                CHECK_OK(queue_ack(other, model[key].handle, &err), &err);
                model[key] = (struct model){.is_there = false};
            }
            break;
        case 3:
            if (model[key].handle[0] && !model[key].is_dead) {
                CHECK_OK(queue_release(other, model[key].handle, ms, &err), &err);
                model[key].visible_at_ms = now_ms + ms;
            }
            break;
        default:
            pass(ms);
            now_ms += ms;
        }
    }
}

int queue_contract_run(const char *name, const struct queue_world *contract)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_as_it_was_sent),
        cmocka_unit_test(an_acked_message_does_not_come_again),
        cmocka_unit_test(a_message_in_hand_is_hidden_until_its_time_is_over),
        cmocka_unit_test(a_late_ack_still_counts_while_nobody_else_has_the_message),
        cmocka_unit_test(an_old_handle_does_nothing_to_a_newer_receive),
        cmocka_unit_test(an_old_handle_does_nothing_to_a_later_message),
        cmocka_unit_test(a_released_message_comes_after_its_delay),
        cmocka_unit_test(messages_come_in_batches_and_in_order),
        cmocka_unit_test(what_comes_back_stands_behind_what_waits),
        cmocka_unit_test(a_key_has_one_message_at_a_time),
        cmocka_unit_test(without_a_key_each_is_a_message),
        cmocka_unit_test(the_largest_message_fits_and_a_larger_is_refused),
        cmocka_unit_test(after_its_last_receive_a_message_is_dead),
        cmocka_unit_test(the_dead_do_not_stand_in_the_way_of_the_living),
        cmocka_unit_test(the_key_of_a_dead_message_is_free),
        cmocka_unit_test(an_ack_for_its_last_receive_comes_in_time),
        cmocka_unit_test(whatever_happens_no_message_is_lost_or_comes_too_early),
    };

    for (size_t i = 0; i < KK_COUNT(tests); i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
        tests[i].initial_state = (void *)contract;
    }
    return _cmocka_run_group_tests(name, tests, KK_COUNT(tests), NULL, NULL);
}
