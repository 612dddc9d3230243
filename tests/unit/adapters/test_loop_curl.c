#include "adapters/loop/loop_curl.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "adapters/clock/clock_system.h"
#include "adapters/fetcher/fetcher_curl.h"
#include "adapters/http/http_curl.h"
#include "ports/fetcher.h"
#include "support/check.h"
#include "support/folder.h"
#include "support/httpd.h"

#define LONG_MS 20000 /* a wait that should end before */

static char folder[TEST_PATH_BYTES], wake_path[TEST_PATH_BYTES];
static struct http *http;
static struct loop *loop;
static struct kk_clock timer;

static void open_loop(const char *path)
{
    struct kk_err err = {0};

    CHECK_OK(loop_open(http, path, &loop, &err), &err);
}

static int set_up(void **state)
{
    struct kk_err err = {0};

    (void)state;
    timer = clock_system();
    test_folder_make(folder);
    test_path(folder, "wake", wake_path);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 4}, &http, &err), &err);
    loop = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_close(loop);
    http_close(http);
    test_folder_remove(folder);
    return 0;
}

static int64_t wait_ms(int64_t timeout_ms)
{
    int64_t begin = kk_mono_ms(&timer);
    struct kk_err err = {0};

    CHECK_OK(loop_wait(loop, timeout_ms, &err), &err);
    return kk_mono_ms(&timer) - begin;
}

static void a_wait_takes_its_time(void **state)
{
    int64_t took_ms;

    (void)state;
    open_loop(NULL);
    took_ms = wait_ms(50);
    CHECK(took_ms >= 49 && took_ms < LONG_MS);
    CHECK(wait_ms(0) < LONG_MS);
    CHECK(!loop_is_stopping(loop));
    CHECK(!loop_take_wake(loop));
}

static void the_first_signal_stops_and_the_second_cuts(void **state)
{
    (void)state;
    open_loop(NULL);
    kill(getpid(), SIGTERM);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_is_stopping(loop));
    CHECK(!loop_is_cut(loop));
    kill(getpid(), SIGINT);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_is_cut(loop));
    kill(getpid(), SIGINT);
    wait_ms(LONG_MS);
    CHECK(wait_ms(50) >= 49); /* what was taken does not end every wait from now on */
}

static void word_from_another_process_ends_the_wait(void **state)
{
    pid_t child;
    int status;

    (void)state;
    open_loop(wake_path);
    child = fork();
    if (child == 0) {
        usleep(20000);
        loop_wake_path(wake_path);
        _exit(0);
    }
    CHECK(child > 0);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
    CHECK(!loop_take_wake(loop));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(wait_ms(50) >= 49);
}

static void word_that_came_before_the_wait_is_not_lost(void **state)
{
    (void)state;
    open_loop(wake_path);
    loop_wake_path(wake_path);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
}

static void many_words_are_one(void **state)
{
    (void)state;
    open_loop(wake_path);
    for (int i = 0; i < 2000; i++)
        loop_wake_path(wake_path); /* more than the socket holds: nobody waits for us */
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
    for (int i = 0; i < 20 && wait_ms(50) < 49; i++)
        ;
    CHECK(wait_ms(50) >= 49);
}

static void *wake_later(void *arg)
{
    usleep(20000);
    loop_wake(arg);
    return NULL;
}

static void a_thread_of_ours_ends_the_wait(void **state)
{
    pthread_t thread;

    (void)state;
    open_loop(NULL);
    CHECK_EQ(pthread_create(&thread, NULL, wake_later, loop), 0);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
    pthread_join(thread, NULL);
}

static void nobody_there_is_no_failure(void **state)
{
    char path[TEST_PATH_BYTES];

    (void)state;
    loop_wake_path(wake_path);
    loop_wake_path("/nowhere/at/all");
    loop_wake_path("");
    test_path(folder, "a-file", path);
    test_file_write(path, KK_SV("x"));
    loop_wake_path(path);
}

static void a_socket_that_a_crash_left_is_replaced(void **state)
{
    pid_t child;
    int status;

    (void)state;
    child = fork();
    if (child == 0) {
        open_loop(wake_path);
        _exit(0); /* without closing */
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(access(wake_path, F_OK), 0);
    open_loop(wake_path);
    loop_wake_path(wake_path);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
}

static void the_socket_is_private_and_goes_at_the_end(void **state)
{
    struct stat st;

    (void)state;
    open_loop(wake_path);
    CHECK_EQ(stat(wake_path, &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    loop_close(loop);
    loop = NULL;
    CHECK(stat(wake_path, &st) != 0);
}

static void a_long_path_is_no_obstacle(void **state)
{
    char deep[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    char name[150];

    (void)state;
    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    test_path(folder, name, deep);
    CHECK_EQ(mkdir(deep, 0700), 0);
    test_path(deep, "wake", path);
    open_loop(path);
    loop_wake_path(path);
    CHECK(wait_ms(LONG_MS) < LONG_MS);
    CHECK(loop_take_wake(loop));
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct kk_err err = {0};

    (void)state;
    test_path(folder, "not-there/wake", wake_path);
    CHECK(loop_open(http, wake_path, &loop, &err) != KK_OK);
    CHECK(!loop);
    CHECK(strstr(err.msg, "not-there/wake cannot be made"));
}

static void signals_are_given_back(void **state)
{
    sigset_t stops, mask;

    (void)state;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &stops, NULL);
    open_loop(NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CHECK(sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT));
    loop_close(loop);
    loop = NULL;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CHECK(!sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGINT));
}

static bool answer(void *ctx, struct httpd_conn *conn, const struct httpd_call *call)
{
    (void)ctx;
    (void)call;
    return httpd_reply(conn, 200, "", KK_SV("here"));
}

static void on_fetched(void *ctx, int64_t id, struct fetch_reply *reply)
{
    (void)id;
    *(int *)ctx = reply->http_status;
}

static void what_was_fetched_is_told_in_the_wait(void **state)
{
    struct httpd *httpd = httpd_start(answer, NULL);
    struct fetch_request request = {.timeout_ms = 10000, .max_body_bytes = 1024};
    struct fetcher *fetcher = NULL;
    char url[HTTPD_URL_BYTES];
    struct kk_err err = {0};
    int status = 0;

    (void)state;
    open_loop(wake_path);
    httpd_url(httpd, "/", url);
    request.url = kk_sv_of(url);
    CHECK_OK(fetcher_curl_open(http, &fetcher, &err), &err);
    fetcher_on(fetcher, on_fetched, &status);
    CHECK_OK(fetcher_start(fetcher, 1, &request, &err), &err);
    for (int i = 0; i < 1000 && status == 0; i++)
        wait_ms(1000);
    CHECK_EQ(status, 200);
    fetcher_close(fetcher);
    httpd_stop(httpd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wait_takes_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_signal_stops_and_the_second_cuts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(word_from_another_process_ends_the_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(word_that_came_before_the_wait_is_not_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_words_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thread_of_ours_ends_the_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there_is_no_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_that_a_crash_left_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_socket_is_private_and_goes_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_path_is_no_obstacle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_are_given_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_fetched_is_told_in_the_wait, set_up, tear_down),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
