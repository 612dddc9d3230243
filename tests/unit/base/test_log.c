#include "base/log.h"

#include "base/json.h"
#include "support/check.h"

static int64_t fixed(void *ctx)
{
    (void)ctx;
    return INT64_C(1795339800123);
}
static const struct kk_clock fixed_clock = {fixed, fixed, NULL};

static void into_buf(void *ctx, struct kk_sv line)
{
    kk_buf_add(ctx, line);
}

static void a_line_is_one_json_object(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(4096);

    (void)state;
    kk_log_open(&fixed_clock, KK_INFO, into_buf, &out);
    kk_log(KK_EV_RUN_STARTED, KK_NUM("run_id", 7), KK_CSTR("seller_id", "luxmaison"));
    kk_log_close();
    CHECK_STR(kk_buf_sv(&out), "{\"at\":\"2026-11-22T09:30:00.123Z\",\"level\":\"info\",\"event\":\"run.started\","
                               "\"run_id\":7,\"seller_id\":\"luxmaison\"}\n");
}

static void foreign_text_can_neither_end_a_line_nor_a_string(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(4096);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv back;

    (void)state;
    kk_log_open(&fixed_clock, KK_DEBUG, into_buf, &out);
    kk_log(KK_EV_MESSAGE_BAD, KK_STR("error", KK_SV("a\"}\n{\"event\":\"x\x1b\xff\0z")));
    kk_log_close();
    CHECK_EQ(kk_sv_find(kk_buf_sv(&out), KK_SV("\n")), out.len - 1);
    CHECK_EQ(kk_sv_find(kk_buf_sv(&out), KK_SV("\x1b")), out.len);
    CHECK_OK(kk_json_parse((struct kk_sv){out.ptr, out.len - 1}, &json, NULL), NULL);
    CHECK(kk_jv_str(kk_jv_get(kk_json_root(json), "error"), &back));
    CHECK_STR(back, KK_SV("a\"}\n{\"event\":\"x\x1b\xEF\xBF\xBD\0z"));
}

static void what_is_below_the_level_is_not_written(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(4096);

    (void)state;
    kk_log_open(&fixed_clock, KK_WARN, into_buf, &out);
    kk_log(KK_EV_RUN_STARTED, KK_NUM("run_id", 7));
    kk_log(KK_EV_TASK_ENDED, KK_NUM("run_id", 7));
    CHECK_EQ(out.len, 0);
    kk_log(KK_EV_RUN_INCOMPLETE, KK_NUM("run_id", 7));
    CHECK(out.len > 0);
    kk_log_close();
}

static void nothing_is_written_before_open_and_after_close(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(4096);

    (void)state;
    kk_log(KK_EV_STORE_FAILED, KK_NUM("n", 1));
    kk_log_open(&fixed_clock, KK_DEBUG, into_buf, &out);
    kk_log_close();
    kk_log(KK_EV_STORE_FAILED, KK_NUM("n", 1));
    CHECK_EQ(out.len, 0);
}

static void a_line_that_would_be_too_long_says_so_instead(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(100000);
    static char huge[50000];

    (void)state;
    memset(huge, 'x', sizeof(huge));
    kk_log_open(&fixed_clock, KK_DEBUG, into_buf, &out);
    kk_log(KK_EV_MESSAGE_BAD, KK_STR("error", ((struct kk_sv){huge, sizeof(huge)})));
    kk_log_close();
    CHECK_STR(kk_buf_sv(&out), "{\"at\":\"2026-11-22T09:30:00.123Z\",\"level\":\"warn\",\"event\":\"message.bad\","
                               "\"is_cut\":true}\n");
}

static void a_failure_is_logged_as_code_and_sentence(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(4096);
    struct kk_err err;

    (void)state;
    kk_fail(&err, KK_BUSY, "database is locked");
    kk_log_open(&fixed_clock, KK_DEBUG, into_buf, &out);
    kk_log(KK_EV_STORE_FAILED, KK_ERR_FIELDS(&err));
    kk_log_close();
    CHECK(kk_sv_find(kk_buf_sv(&out), KK_SV("\"error_code\":\"busy\",\"error\":\"database is locked\"}")) < out.len);
}

static bool is_name(const char *name)
{
    size_t dots = 0;

    for (; *name; name++) {
        dots += *name == '.';
        if (*name != '.' && *name != '_' && (*name < 'a' || *name > 'z'))
            return false;
    }
    return dots == 1;
}

static void every_event_has_a_name_of_its_own_and_a_meaning(void **state)
{
    (void)state;
    for (int a = 0; a < KK_EV_COUNT; a++) {
        CHECK(is_name(kk_event_name((enum kk_event)a)));
        CHECK(strlen(kk_event_meaning((enum kk_event)a)) > 10);
        CHECK(kk_event_level((enum kk_event)a) <= KK_ERROR);
        for (int b = 0; b < a; b++)
            CHECK(strcmp(kk_event_name((enum kk_event)a), kk_event_name((enum kk_event)b)) != 0);
    }
    CHECK_EQ(kk_event_level(KK_EV_STORE_FAILED), KK_ERROR);
}

static void levels_are_read_by_name(void **state)
{
    enum kk_level level = KK_ERROR;

    (void)state;
    CHECK(kk_level_parse(KK_SV("debug"), &level));
    CHECK_EQ(level, KK_DEBUG);
    CHECK(kk_level_parse(KK_SV("warn"), &level));
    CHECK_EQ(level, KK_WARN);
    CHECK(!kk_level_parse(KK_SV("WARN"), &level));
    CHECK(!kk_level_parse(KK_SV(""), &level));
    CHECK_EQ(level, KK_WARN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_before_open_and_after_close),
        cmocka_unit_test(a_line_is_one_json_object),
        cmocka_unit_test(foreign_text_can_neither_end_a_line_nor_a_string),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(a_line_that_would_be_too_long_says_so_instead),
        cmocka_unit_test(a_failure_is_logged_as_code_and_sentence),
        cmocka_unit_test(every_event_has_a_name_of_its_own_and_a_meaning),
        cmocka_unit_test(levels_are_read_by_name),
    };

    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
