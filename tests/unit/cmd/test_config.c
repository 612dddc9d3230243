#include "support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/config.h"
#include "cmd/nearest.h"

/* Reads text as a file named f.conf; the message of a failure, "" when there is none. */
static const char *says(const char *text)
{
    static struct kk_err err;
    struct config config;

    err = (struct kk_err){0};

    enum kk_code rc = config_read_text(&config, kk_sv_of(text), "f.conf", &err);

    config_done(&config);
    CHECK_EQ(rc, *err.msg ? KK_BAD_INPUT : KK_OK);
    return err.msg;
}

static const char *env_says(const char *variable)
{
    static struct kk_err err;
    char *text = strdup(variable), *const environment[] = {text, NULL};
    struct config config;

    err = (struct kk_err){0};
    config_load(&config, &(struct config_sources){.environment = environment}, &err);
    config_done(&config);
    free(text);
    return err.msg;
}

static void every_default_is_valid_and_as_designed(void **state)
{
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(config_load(&config, &(struct config_sources){0}, &err), &err);
    CHECK_STR(config_text(&config, CONFIG_STORE_URL), "sqlite:var/kkachi.db");
    CHECK_EQ(config_number(&config, CONFIG_LIMITER_CAPACITY), 80);
    CHECK_EQ(config_number(&config, CONFIG_LIMITER_WINDOW), 3600000);
    CHECK_EQ(config_number(&config, CONFIG_LIMITER_GAP), 1500);
    CHECK_EQ(config_number(&config, CONFIG_SITE_MAX_BODY), 16 * 1024 * 1024);
    CHECK_EQ(config_number(&config, CONFIG_SELLER_REMOVAL_MISSES), 2);
    for (int i = 0; i < CONFIG_KEY_COUNT; i++)
        CHECK_EQ(config.value[i].origin, CONFIG_FROM_DEFAULT);
    config_done(&config);
}

static void a_file_is_read_with_sections_comments_and_quotes(void **state)
{
    const char *text = "\xEF\xBB\xBF# first\r\n"
                       "site.url = http://127.0.0.1:1/  # the sandbox\r\n"
                       "\n"
                       "[limiter]\n"
                       "  gap=2s\n"
                       "  capacity = \"7\" # quoted\n"
                       "task.attempts = 5\n"
                       "[events]\n"
                       "secret = \"a # \\\"b\\\" \\\\\"";
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(config_read_text(&config, kk_sv_of(text), "f.conf", &err), &err);
    CHECK_STR(config_text(&config, CONFIG_SITE_URL), "http://127.0.0.1:1");
    CHECK_EQ(config_number(&config, CONFIG_LIMITER_GAP), 2000);
    CHECK_EQ(config_number(&config, CONFIG_LIMITER_CAPACITY), 7);
    CHECK_EQ(config_number(&config, CONFIG_TASK_ATTEMPTS), 5);
    CHECK_STR(config_text(&config, CONFIG_EVENTS_SECRET), "a # \"b\" \\");
    CHECK_STR(kk_buf_sv(&config.value[CONFIG_LIMITER_GAP].where), "f.conf:5");
    config_done(&config);
}

static void an_error_says_file_line_and_the_nearest_key(void **state)
{
    (void)state;
    CHECK_STR(says("\nsite.urk = http://h\n"), "f.conf:2: unknown key \"site.urk\"; did you mean site.url?");
    CHECK_STR(says("[limiter]\ncapcity = 3\n"),
              "f.conf:2: unknown key \"limiter.capcity\"; did you mean limiter.capacity?");
    CHECK_STR(says("capacity = 3"), "f.conf:1: unknown key \"capacity\"; did you mean limiter.capacity?");
    CHECK_STR(says("xyzzyxyzzy = 3"), "f.conf:1: unknown key \"xyzzyxyzzy\"; `kkachi config` lists them all");
    CHECK_STR(says("[limitr]\n"), "f.conf:1: unknown section [limitr]; did you mean [limiter]?");
    CHECK_STR(says("# x\n\nsite.timeout = 15\n"), "f.conf:3: site.timeout: \"15\" is not a duration; write it like "
                                                  "500ms, 90s, 10m, 1h or 2d");
    CHECK_STR(says("site.max_body = 3 pounds"),
              "f.conf:1: site.max_body: \"3 pounds\" is not a size; write it like 512B, 64KiB, 16MiB or 1GiB");
    CHECK_STR(says("task.attempts = three"), "f.conf:1: task.attempts: \"three\" is not a whole number");
    CHECK_STR(says("task.attempts = 0"), "f.conf:1: task.attempts: 0 is out of range: from 1 to 100");
    CHECK_STR(says("limiter.window = 90d"), "f.conf:1: limiter.window: 90d is out of range: from 10ms to 7d");
    CHECK_STR(says("log.level = loud"), "f.conf:1: log.level: \"loud\" is none of debug, info, warn, error");
}

static void a_malformed_line_is_named(void **state)
{
    (void)state;
    CHECK_STR(says("site.url"),
              "f.conf:1: expected `section.key = value`, `[section]` or a comment that begins with '#'");
    CHECK_STR(says("[site"), "f.conf:1: a section's name ends with ']'");
    CHECK_STR(says("[site] url"), "f.conf:1: there is something after the section's ']'");
    CHECK_STR(says("site.url = \"http://h"), "f.conf:1: the value's closing quote is missing");
    CHECK_STR(says("site.url = \"http://h\" x"), "f.conf:1: there is something after the value's closing quote");
    CHECK_STR(says("site.url = \"\\n\""),
              "f.conf:1: in quotes, a backslash stands only before another or before a quote");
    CHECK_STR(says("site.url = http://\xFF"), "f.conf:1: the line is not UTF-8 text");
    CHECK_STR(says("site.rate = 1\nsite.rate = 2"), "f.conf:2: site.rate is set twice; the first is in line 1");
}

static void urls_are_checked_by_what_they_are_for(void **state)
{
    (void)state;
    CHECK_STR(says("site.url = m.web.mustit.co.kr"),
              "f.conf:1: site.url is not a URL; it begins with a scheme, as in https://m.web.mustit.co.kr");
    CHECK_STR(says("site.url = ftp://h"), "f.conf:1: site.url does not begin with https:// or http://");
    CHECK_STR(says("site.url = http://"), "f.conf:1: site.url: \"http://\" names no host");
    CHECK_STR(says("site.url = http://h/x"), "f.conf:1: site.url is the scheme, host and port alone, as in "
                                             "https://m.web.mustit.co.kr; found '/'");
    CHECK_STR(says("site.list_path = list"), "f.conf:1: site.list_path: \"list\" does not begin with '/'");
    CHECK_STR(says("api.listen = 8620"),
              "f.conf:1: api.listen: \"8620\" is not an address and port, as in 127.0.0.1:8620");
    CHECK_STR(says("events.url = file:a,,\nevents.url = file:a"),
              "f.conf:2: events.url names the same destination twice");
    CHECK_STR(says("events.url = ,"), "f.conf:1: events.url is empty; name at least one destination");
}

static void a_list_grows_in_one_place_and_is_replaced_by_the_next(void **state)
{
    char variable[] = "KKACHI_EVENTS_URL=file:c";
    char *const environment[] = {variable, NULL};
    const struct config_flag flags[] = {{"events.url", "file:d"}, {"events.url", "file:e"}};
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(config_read_text(&config, KK_SV("events.url = file:a\nevents.url = file:b"), "f", &err), &err);
    CHECK_STR(config_text(&config, CONFIG_EVENTS_URL), "file:a,file:b");
    config_done(&config);

    CHECK_OK(config_load(&config, &(struct config_sources){.environment = environment}, &err), &err);
    CHECK_STR(config_text(&config, CONFIG_EVENTS_URL), "file:c");
    config_done(&config);

    CHECK_OK(
        config_load(&config,
                    &(struct config_sources){.environment = environment, .flags = flags, .flag_count = KK_COUNT(flags)},
                    &err),
        &err);
    CHECK_STR(config_text(&config, CONFIG_EVENTS_URL), "file:d,file:e");
    config_done(&config);
}

static void flags_win_over_the_environment_and_that_over_the_file(void **state)
{
    char path[] = "/tmp/kk-config-XXXXXX", named[64], other[] = "KKACHI_SITE_TIMEOUT=3s";
    int fd = mkstemp(path);
    const struct config_flag flags[] = {{"site.rate", "3"}};
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK(fd >= 0);
    CHECK(write(fd, "site.rate=1\nsite.timeout=1s\nsite.inflight=1\n", 44) == 44);
    close(fd);
    snprintf(named, sizeof(named), "KKACHI_CONFIG=%s", path);
    CHECK_OK(config_load(&config,
                         &(struct config_sources){.environment = (char *const[]){named, other, NULL},
                                                  .flags = flags,
                                                  .flag_count = KK_COUNT(flags)},
                         &err),
             &err);
    CHECK_EQ(config_number(&config, CONFIG_SITE_RATE), 3);
    CHECK_EQ(config_number(&config, CONFIG_SITE_TIMEOUT), 3000);
    CHECK_EQ(config_number(&config, CONFIG_SITE_INFLIGHT), 1);
    CHECK_STR(kk_buf_sv(&config.value[CONFIG_SITE_RATE].where), "--site.rate");
    CHECK_STR(kk_buf_sv(&config.value[CONFIG_SITE_TIMEOUT].where), "KKACHI_SITE_TIMEOUT");
    config_done(&config);
    unlink(path);
}

static void the_environment_is_checked_like_a_file(void **state)
{
    (void)state;
    CHECK_STR(env_says("KKACHI_SITE_TIMEOT=3s"),
              "environment: unknown variable KKACHI_SITE_TIMEOT; did you mean KKACHI_SITE_TIMEOUT?");
    CHECK_STR(env_says("KKACHI_SITE_TIMEOUT=x"), "KKACHI_SITE_TIMEOUT: site.timeout: \"x\" is not a duration; write it "
                                                 "like 500ms, 90s, 10m, 1h or 2d");
    CHECK_STR(env_says("KKACHI_CONFIG="), "");
    CHECK_STR(env_says("KKACHI_BIN=/x"), "");
    CHECK_STR(env_says("KKACHI_TEST_KILLS=50"), "");
    CHECK_STR(env_says("OTHER=1"), "");
}

static void a_file_that_was_named_must_be_there(void **state)
{
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(config_load(&config, &(struct config_sources){.file = "/nonexistent/k.conf"}, &err), KK_BAD_INPUT);
    CHECK_STR(err.msg, "configuration: /nonexistent/k.conf: No such file or directory");
    config_done(&config);

    const char *const candidates[] = {"/nonexistent/a.conf", NULL};

    CHECK_OK(config_load(&config, &(struct config_sources){.candidates = candidates}, &err), &err);
    CHECK_EQ(config.file.len, 0);
    config_done(&config);
}

static void a_secret_is_read_from_a_file_and_never_shown(void **state)
{
    char path[] = "/tmp/kk-secret-XXXXXX", variable[64];
    int fd = mkstemp(path);
    KK_CLEANUP(kk_buf_done) struct kk_buf shown = KK_BUF(1024);
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK(fd >= 0 && write(fd, "hush\n", 5) == 5);
    close(fd);
    snprintf(variable, sizeof(variable), "KKACHI_EVENTS_SECRET_FILE=%s", path);
    CHECK_OK(config_load(&config, &(struct config_sources){.environment = (char *const[]){variable, NULL}}, &err),
             &err);
    CHECK_STR(config_text(&config, CONFIG_EVENTS_SECRET), "hush");
    config_show(&config, CONFIG_EVENTS_SECRET, &shown);
    CHECK_STR(kk_buf_sv(&shown), "***");
    config_done(&config);
    unlink(path);
    CHECK_STR(says("events.secret = \"hu\tsh\""), "f.conf:1: events.secret holds a control character");
}

static void passwords_in_urls_are_masked(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"mysql://user:p@ss@host:3306/db?tls=required", "mysql://user:***@host:3306/db?tls=required"},
        {"https://h/hook?token=abc&x=1&api_key=z", "https://h/hook?token=***&x=1&api_key=***"},
        {"sqlite:var/kkachi.db", "sqlite:var/kkachi.db"},
        {"redis://host:6379/0", "redis://host:6379/0"},
        {"https://user@h:1/p@th:x", "https://user@h:1/p@th:x"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf shown = KK_BUF(1024);

        config_mask_url(kk_sv_of(cases[i].url), &shown);
        CHECK_STR(kk_buf_sv(&shown), cases[i].shown);
    }
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    const struct config_flag flags[] = {{"task.backoff", "1h"}};
    struct config config;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(config_load(&config, &(struct config_sources){.flags = flags, .flag_count = 1}, &err), KK_BAD_INPUT);
    CHECK_STR(err.msg, "--task.backoff: task.backoff (1h) must not be more than task.backoff_max (10m)");
    config_done(&config);
}

static void a_value_past_its_ceiling_is_refused(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1 << 20);

    (void)state;
    kk_buf_add(&text, KK_SV("events.secret = "));
    for (int i = 0; i < CONFIG_VALUE_MAX_BYTES + 1; i++)
        kk_buf_addc(&text, 'x');
    CHECK(strstr(says(kk_buf_cstr(&text)), "f.conf:1"));
}

static void edits_are_counted_by_letter(void **state)
{
    (void)state;
    CHECK_EQ(edit_distance(KK_SV("seller"), KK_SV("seller")), 0);
    CHECK_EQ(edit_distance(KK_SV("selelr"), KK_SV("seller")), 1);
    CHECK_EQ(edit_distance(KK_SV("seler"), KK_SV("seller")), 1);
    CHECK_EQ(edit_distance(KK_SV("sellers"), KK_SV("seller")), 1);
    CHECK_EQ(edit_distance(KK_SV("kitten"), KK_SV("sitting")), 3);
    CHECK_EQ(edit_distance(KK_SV(""), KK_SV("abc")), 3);
    CHECK_EQ(edit_distance((struct kk_sv){0}, (struct kk_sv){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_valid_and_as_designed),
        cmocka_unit_test(a_file_is_read_with_sections_comments_and_quotes),
        cmocka_unit_test(an_error_says_file_line_and_the_nearest_key),
        cmocka_unit_test(a_malformed_line_is_named),
        cmocka_unit_test(urls_are_checked_by_what_they_are_for),
        cmocka_unit_test(a_list_grows_in_one_place_and_is_replaced_by_the_next),
        cmocka_unit_test(flags_win_over_the_environment_and_that_over_the_file),
        cmocka_unit_test(the_environment_is_checked_like_a_file),
        cmocka_unit_test(a_file_that_was_named_must_be_there),
        cmocka_unit_test(a_secret_is_read_from_a_file_and_never_shown),
        cmocka_unit_test(passwords_in_urls_are_masked),
        cmocka_unit_test(settings_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_value_past_its_ceiling_is_refused),
        cmocka_unit_test(edits_are_counted_by_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
