#include "base/assert.h"

#include <sys/wait.h>

#include "support/check.h"

/* Runs die() in a process of its own and gives what it said on standard error and how it ended. */
static int last_words(void (*die)(void), char *ret_text, size_t text_bytes)
{
    int ends[2], status = 0;
    size_t used = 0;

    CHECK_EQ(pipe(ends), 0);

    pid_t child = fork();

    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        die();
        _exit(0);
    }
    CHECK(child > 0);
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && used < text_bytes - 1; used += (size_t)(got > 0 ? got : 0))
        got = read(ends[0], ret_text + used, text_bytes - 1 - used);
    ret_text[used] = '\0';
    close(ends[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void assert_a_lie(void)
{
    int two = 2;

    KK_ASSERT(two == 3);
}

static void reach_the_unreachable(void)
{
    KK_UNREACHABLE();
}

static void assert_a_truth(void)
{
    int two = 2;

    KK_ASSERT(two == 2);
}

static void a_bug_of_ours_ends_the_process_and_says_where(void **state)
{
    char text[1000];
    int status = last_words(assert_a_lie, text, sizeof(text));

    (void)state;
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(kk_sv_starts(kk_sv_of(text), KK_SV("kkachi: bug at ")));
    CHECK(strstr(text, "test_assert.c:") != NULL);
    CHECK(strstr(text, ": two == 3\n") != NULL);
}

static void a_place_that_cannot_be_reached_is_a_bug_too(void **state)
{
    char text[1000];
    int status = last_words(reach_the_unreachable, text, sizeof(text));

    (void)state;
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, ": unreachable\n") != NULL);
}

static void what_holds_is_passed_in_silence(void **state)
{
    char text[1000];

    (void)state;
    CHECK_EQ(last_words(assert_a_truth, text, sizeof(text)), 0);
    CHECK_STR(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bug_of_ours_ends_the_process_and_says_where),
        cmocka_unit_test(a_place_that_cannot_be_reached_is_a_bug_too),
        cmocka_unit_test(what_holds_is_passed_in_silence),
    };

    return cmocka_run_group_tests_name("base/assert", tests, NULL, NULL);
}
