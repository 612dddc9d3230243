#include "core/task.h"

#include <string.h>

#include "support/check.h"

static void a_refused_move_changes_nothing_and_says_why(void **state)
{
    (void)state;
    for (int from = TASK_NONE; from < TASK_STATE_COUNT; from++)
        for (int on = 0; on < TASK_EVENT_COUNT; on++) {
            struct task task = {.id = 7, .state = (enum task_state)from, .serial = 3, .attempt = 2}, was = task;
            struct kk_err err = {0};
            enum kk_code rc = task_move(&task, (enum task_event)on, &err);

            CHECK_EQ(rc == KK_OK, task_next((enum task_state)from, (enum task_event)on) != TASK_NONE);
            if (rc == KK_OK) {
                was.state = task.state;
                CHECK_EQ(task.state, task_next((enum task_state)from, (enum task_event)on));
            } else {
                CHECK_EQ(rc, KK_CONFLICT);
                CHECK(strstr(err.msg, task_state_name((enum task_state)from)) != NULL);
            }
            CHECK_EQ(memcmp(&was, &task, sizeof(task)), 0);
        }
}

static void a_task_is_over_when_it_succeeded_or_is_a_dead_letter(void **state)
{
    (void)state;
    for (int s = TASK_NONE; s < TASK_STATE_COUNT; s++) {
        CHECK_EQ(task_is_over(&(struct task){.state = (enum task_state)s}), s == TASK_SUCCESS);
        CHECK_EQ(task_is_over(&(struct task){.state = (enum task_state)s, .is_dead = true}),
                 s == TASK_SUCCESS || s == TASK_FAILED);
    }
}

static void every_kind_is_read_back(void **state)
{
    enum task_kind kind;

    (void)state;
    for (int k = TASK_LIST; k <= TASK_OPTIONS; k++) {
        CHECK(task_kind_parse(kk_sv_of(task_kind_name((enum task_kind)k)), &kind));
        CHECK_EQ(kind, k);
    }
    CHECK(!task_kind_parse(KK_SV("List"), &kind));
}

static void a_message_is_read_back(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(TASK_MESSAGE_MAX_BYTES);
    struct task task = {.id = INT64_MAX, .serial = INT64_MAX};
    struct task_ticket ticket;
    struct kk_err err;

    (void)state;
    memset(task.seller_id, 'x', SELLER_ID_BYTES - 1);
    task_message(&task, &out);
    CHECK_EQ(out.failed, KK_OK);
    CHECK_OK(task_ticket_read(kk_buf_sv(&out), &ticket, &err), &err);
    CHECK_EQ(ticket.task_id, INT64_MAX);
    CHECK_EQ(ticket.serial, INT64_MAX);
    CHECK_STR(ticket.seller_id, task.seller_id);
}

static void what_is_not_exactly_ours_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "null",
        "{\"v\":1}",
        "{\"v\":2,\"task_id\":1,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":0,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":-1,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":0,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":01,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":x,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":x,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":99999999999999999999,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"series\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a b\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a\"",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a\"} ",
        " {\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a\"}",
        "{\"v\":1,\"task_id\":1,\"serial\":1,\"seller_id\":\"a\",\"x\":1}",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct task_ticket ticket = {.task_id = 42};

        CHECK_EQ(task_ticket_read(kk_sv_of(bad[i]), &ticket, NULL), KK_BAD_INPUT);
        CHECK_EQ(ticket.task_id, 42);
    }
}

static void a_message_longer_than_any_of_ours_is_refused_unread(void **state)
{
    char text[TASK_MESSAGE_MAX_BYTES + 1];
    struct task_ticket ticket;

    (void)state;
    memset(text, '{', sizeof(text));
    CHECK_EQ(task_ticket_read((struct kk_sv){text, sizeof(text)}, &ticket, NULL), KK_BAD_INPUT);
}

static void each_life_of_a_task_has_its_own_dedup_key(void **state)
{
    char key[64];

    (void)state;
    task_dedup_key(&(struct task){.id = 12, .serial = 3}, key, sizeof(key));
    CHECK_STR(key, "t12.3");
    task_dedup_key(&(struct task){.id = INT64_MAX, .serial = INT64_MAX}, key, sizeof(key));
    CHECK_STR(key, "t9223372036854775807.9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_move_changes_nothing_and_says_why),
        cmocka_unit_test(a_task_is_over_when_it_succeeded_or_is_a_dead_letter),
        cmocka_unit_test(every_kind_is_read_back),
        cmocka_unit_test(a_message_is_read_back),
        cmocka_unit_test(what_is_not_exactly_ours_is_refused),
        cmocka_unit_test(a_message_longer_than_any_of_ours_is_refused_unread),
        cmocka_unit_test(each_life_of_a_task_has_its_own_dedup_key),
    };

    return cmocka_run_group_tests_name("core/task", tests, NULL, NULL);
}
