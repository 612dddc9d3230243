#include "support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cmd/lock.h"

static char dir[] = "/tmp/kk-lock-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/" LOCK_FILE, dir);
    unlink(path);
    return rmdir(dir);
}

static void a_second_up_is_refused_and_told_who_is_first(void **state)
{
    struct lock first, second;
    struct kk_err err = {0};
    char expected[64];

    (void)state;
    CHECK(!lock_is_held(dir, NULL, 0));
    CHECK_OK(lock_take(dir, "up", false, &first, &err), &err);
    CHECK(first.is_alone);
    CHECK(lock_is_held(dir, NULL, 0));
    CHECK_EQ(lock_take(dir, "up", false, &second, &err), KK_CONFLICT);
    snprintf(expected, sizeof(expected), "`kkachi up`, pid %d runs on the folder", (int)getpid());
    CHECK(strstr(err.msg, expected));
    CHECK_EQ(second.fd, -1);
    lock_give(&first);
    CHECK(!lock_is_held(dir, NULL, 0));
}

static void some_roles_share_the_folder_with_each_other_and_not_with_up(void **state)
{
    struct lock first, second, up;
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(lock_take(dir, "run", true, &first, &err), &err);
    CHECK(first.is_alone); /* it may put right what a crash left */
    lock_share(&first);
    CHECK(!first.is_alone);
    CHECK_OK(lock_take(dir, "run", true, &second, &err), &err);
    CHECK(!second.is_alone);
    CHECK_EQ(lock_take(dir, "up", false, &up, &err), KK_CONFLICT);
    lock_give(&first);
    CHECK_EQ(lock_take(dir, "up", false, &up, &err), KK_CONFLICT);
    lock_give(&second);
    CHECK_OK(lock_take(dir, "up", false, &up, &err), &err);
    lock_give(&up);
}

static void the_lock_of_a_process_that_was_killed_is_free(void **state)
{
    int ready[2];
    char byte;
    struct lock lock;
    struct kk_err err = {0};

    (void)state;
    CHECK(pipe(ready) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (lock_take(dir, "up", false, &lock, &err) || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK_EQ(lock_take(dir, "up", false, &lock, &err), KK_CONFLICT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK_OK(lock_take(dir, "up", false, &lock, &err), &err);
    lock_give(&lock);
    close(ready[0]);
    close(ready[1]);
}

static void a_folder_that_is_not_there_is_an_error_with_its_name(void **state)
{
    struct lock lock;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(lock_take("/nonexistent", "up", false, &lock, &err), KK_DENIED);
    CHECK_STR(err.msg, "/nonexistent/kkachi.lock: No such file or directory");
    CHECK(!lock_is_held("/nonexistent", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_up_is_refused_and_told_who_is_first),
        cmocka_unit_test(some_roles_share_the_folder_with_each_other_and_not_with_up),
        cmocka_unit_test(the_lock_of_a_process_that_was_killed_is_free),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error_with_its_name),
    };

    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
