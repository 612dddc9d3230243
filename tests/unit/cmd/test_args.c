#include "support/check.h"

#include <stdlib.h>

#include "cmd/args.h"

static const struct command list[] = {
    {.words = "seller add",
     .synopsis = "SELLER --period PERIOD",
     .traits = COMMAND_JSON,
     .args_min = 1,
     .args_max = 1,
     .options = {{"period", "PERIOD", "how often"}, {"quiet", NULL, "say nothing"}}},
    {.words = "seller list", .synopsis = "", .traits = COMMAND_JSON | COMMAND_LIMIT},
    {.words = "pause", .synopsis = ""},
    {.words = "version", .synopsis = "", .traits = COMMAND_NO_CONFIG},
    {.words = "secret", .synopsis = "", .traits = COMMAND_HIDDEN},
    {.words = NULL},
};

#define WORDS_MAX 16

struct typed { /* words of a command line, in memory of their own: the parser cuts them */
    char text[512];
    char *word[WORDS_MAX];
    int count;
};

/* One word a blank; '_' stands for a blank inside a word. */
static void type(struct typed *typed, const char *line)
{
    char *at = typed->text;

    snprintf(typed->text, sizeof(typed->text), "%s", line);
    typed->count = 0;
    while (*at && typed->count < WORDS_MAX) {
        typed->word[typed->count++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
}

static const char *no_command(const char *line)
{
    static struct kk_err err;
    struct typed typed;
    int words;

    type(&typed, line);
    err = (struct kk_err){0};
    CHECK(args_command(list, typed.count, typed.word, &words, &err) == NULL);
    return err.msg;
}

static void a_command_is_found_by_its_words(void **state)
{
    struct typed typed;
    struct kk_err err = {0};
    int words = 0;

    (void)state;
    type(&typed, "seller list --json");
    CHECK(args_command(list, typed.count, typed.word, &words, &err) == &list[1]);
    CHECK_EQ(words, 2);
    type(&typed, "pause");
    CHECK(args_command(list, typed.count, typed.word, &words, &err) == &list[2]);
    CHECK_EQ(words, 1);
}

static void an_unknown_command_names_the_nearest(void **state)
{
    (void)state;
    CHECK_STR(no_command("puase"), "there is no command \"puase\"; did you mean `kkachi pause`?");
    CHECK_STR(no_command("xyzzyxyzzy"), "there is no command \"xyzzyxyzzy\"; `kkachi help` lists them");
    CHECK_STR(no_command("seller lsit"), "seller has no \"lsit\"; did you mean `kkachi seller list`?");
    CHECK_STR(no_command("seller frobnicate"), "seller has no \"frobnicate\", but: add, list");
    CHECK_STR(no_command("seller"), "seller needs one of: add, list");
    CHECK_STR(no_command("secre"), "there is no command \"secre\"; `kkachi help` lists them");
}

/* Reads line for list[at]; the message, "" when it was fine. */
static const char *says(size_t at, const char *line)
{
    static struct kk_err err;
    struct call call = {0};
    struct typed typed;

    type(&typed, line);
    err = (struct kk_err){0};
    args_read(&list[at], typed.count, typed.word, &call, &err);
    call_done(&call);
    return err.msg;
}

static void options_names_and_settings_are_read(void **state)
{
    struct call call = {0};
    struct typed typed;
    struct kk_err err = {0};

    (void)state;
    type(&typed, "lux --period=6h --quiet --json --set site.rate=3 --site.url http://h --limiter.gap=1s --config f");
    CHECK_OK(args_read(&list[0], typed.count, typed.word, &call, &err), &err);
    CHECK_EQ(call.arg_count, 1);
    CHECK_STR(call.arg[0], "lux");
    CHECK_STR(call_option(&call, "period"), "6h");
    CHECK(call_option(&call, "quiet") != NULL);
    CHECK(call.is_json);
    CHECK_STR(call.config_file, "f");
    CHECK_EQ(call.flag_count, 3);
    CHECK_STR(call.flag[0].key, "site.rate");
    CHECK_STR(call.flag[0].value, "3");
    CHECK_STR(call.flag[1].key, "site.url");
    CHECK_STR(call.flag[1].value, "http://h");
    CHECK_STR(call.flag[2].value, "1s");
    call_done(&call);
}

static void after_two_dashes_nothing_is_an_option(void **state)
{
    struct call call = {0};
    struct typed typed;
    struct kk_err err = {0};

    (void)state;
    type(&typed, "-- --period");
    CHECK_OK(args_read(&list[0], typed.count, typed.word, &call, &err), &err);
    CHECK_STR(call.arg[0], "--period");
    call_done(&call);
}

static void wrong_usage_is_told_in_a_sentence(void **state)
{
    (void)state;
    CHECK_STR(says(0, ""), "something is missing: kkachi seller add SELLER --period PERIOD");
    CHECK_STR(says(0, "a b"), "seller add does not know what to do with \"b\"; see `kkachi seller add --help`");
    CHECK_STR(says(0, "a --perod 6h"), "seller add has no option --perod; did you mean --period?");
    CHECK_STR(says(0, "a --jsn"), "seller add has no option --jsn; did you mean --json?");
    CHECK_STR(says(2, "--json"), "pause has no option --json; see `kkachi pause --help`");
    CHECK_STR(says(0, "a --period"), "--period needs a value");
    CHECK_STR(says(0, "a --period 1h --period 2h"), "--period is given twice");
    CHECK_STR(says(0, "a --quiet=yes"), "--quiet takes no value");
    CHECK_STR(says(0, "a --set site.rate"), "--set takes key=value, not \"site.rate\"");
    CHECK_STR(says(0, "a -x"), "seller add has no option -x; see `kkachi seller add --help`");
    CHECK_STR(says(1, "--limit 0"), "--limit: \"0\" is not a number above 0");
    CHECK_STR(says(3, "--site.url x"), "version has no option --site.url; see `kkachi version --help`");
}

static void help_is_given_even_where_something_is_missing(void **state)
{
    (void)state;
    CHECK_STR(says(0, "--help"), "");
    CHECK_STR(says(0, "-h"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_found_by_its_words),
        cmocka_unit_test(an_unknown_command_names_the_nearest),
        cmocka_unit_test(options_names_and_settings_are_read),
        cmocka_unit_test(after_two_dashes_nothing_is_an_option),
        cmocka_unit_test(wrong_usage_is_told_in_a_sentence),
        cmocka_unit_test(help_is_given_even_where_something_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
