#include "sandbox/log.h"

#include "base/json.h"

#include "support/check.h"

static void old_lines_go_and_the_counts_stay_exact(void **state)
{
    struct gate_conf conf = {.limit = 0, .window_ms = 1000, .token_life_ms = 1000};
    struct gate *gate = gate_create(&conf);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1 << 20);
    struct log_line line = {.agent = gate_agent(gate, KK_SV("a")), .token = -1, .status = 200, .fault = FAULT_NONE};
    static struct log lines;
    struct kk_json *json = NULL;
    int64_t number = 0;

    (void)state;
    for (int64_t i = 1; i <= LOG_MAX + 5; i++) {
        line.at_ms = i;
        line.path = i % 2 ? LOG_LIST : LOG_DETAIL;
        log_add(&lines, &line);
    }
    CHECK_EQ(lines.last, LOG_MAX + 5);
    CHECK_EQ(lines.by_status[LOG_LIST][200], LOG_MAX / 2 + 3);
    CHECK_EQ(lines.by_status[LOG_DETAIL][200], LOG_MAX / 2 + 2);
    log_write(&lines, gate, 0, 1, &text);
    CHECK_EQ(kk_json_parse(kk_buf_sv(&text), &json, NULL), KK_OK);
    CHECK(kk_jv_i64(kk_jv_get(kk_jv_at(kk_jv_get(kk_json_root(json), "log"), 0), "n"), &number));
    CHECK_EQ(number, 6);
    CHECK(kk_jv_i64(kk_jv_get(kk_jv_at(kk_jv_get(kk_json_root(json), "log"), 0), "at"), &number));
    CHECK_EQ(number, 6);
    CHECK(kk_jv_i64(kk_jv_get(kk_json_root(json), "first"), &number));
    CHECK_EQ(number, 6);
    kk_json_done(json);
    log_done(&lines);
    gate_destroy(gate);
}

static void the_fullest_second_is_found(void **state)
{
    static struct log lines;
    struct log_line line = {.agent = -1, .token = -1, .status = 200, .fault = FAULT_NONE};

    (void)state;
    for (int i = 0; i < 5; i++) {
        line.at_ms = 1999;
        log_add(&lines, &line);
    }
    for (int i = 0; i < 4; i++) {
        line.at_ms = 2000 + i;
        log_add(&lines, &line);
    }
    CHECK_EQ(lines.peak_second, 5);
    CHECK_EQ(lines.first_at_ms, 1999);
    CHECK_EQ(lines.last_at_ms, 2003);
    log_done(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_lines_go_and_the_counts_stay_exact),
        cmocka_unit_test(the_fullest_second_is_found),
    };

    return cmocka_run_group_tests_name("sandbox/log", tests, NULL, NULL);
}
