#include "adapters/sink/sink_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "adapters/disk/folder.h"
#include "contract/sink_contract.h"
#include "support/check.h"
#include "support/folder.h"

static char folder[TEST_PATH_BYTES], path[TEST_PATH_BYTES];

static void make_folder(void *ctx)
{
    (void)ctx;
    test_folder_make(folder);
    test_path(folder, "deep/events.ndjson", path);
}

static void remove_folder(void *ctx)
{
    (void)ctx;
    test_folder_remove(folder);
}

static struct sink *open_file(void *ctx)
{
    struct sink *sink = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(sink_file_open(path, &sink, &err), &err);
    return sink;
}

static void no_turn(void *ctx)
{
    (void)ctx;
}

static void read_file(void *ctx, struct kk_buf *out)
{
    (void)ctx;
    test_file_read(path, out);
}

static int64_t file_size(void)
{
    struct stat st;

    CHECK_EQ(stat(path, &st), 0);
    return st.st_size;
}

/* A disk with room for so many bytes more in this file: the write that crosses it is a short one. */
static void leave_room(int64_t bytes)
{
    struct rlimit limit;

    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)(file_size() + bytes);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void set_failing(void *ctx, bool is_failing)
{
    (void)ctx;
    leave_room(is_failing ? 10 : -1);
}

/* One sink, and what it told last. */
static struct sink *sink;
static int told_count;
static struct sink_result told;

static void on_delivered(void *ctx, struct sink *from, int64_t id, const struct sink_result *result)
{
    (void)ctx;
    (void)from;
    (void)id;
    told_count++;
    told = *result;
}

static void open_sink(void)
{
    sink = open_file(NULL);
    sink->on_delivered = on_delivered;
    told_count = 0;
}

static void reopen_sink(void)
{
    sink_close(sink);
    open_sink();
}

static int set_up(void **state)
{
    (void)state;
    make_folder(NULL);
    sink = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_close(sink);
    remove_folder(NULL);
    return 0;
}

#define LINE(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"data\":{}}"

static void start(const char *id)
{
    char body[256];
    struct kk_err err = {0};

    snprintf(body, sizeof(body), LINE("%s"), id);
    CHECK_OK(sink_start(sink, &(struct sink_event){1, kk_sv_of(id), kk_sv_of(body), ""}, &err), &err);
}

static void write_event(const char *id)
{
    int count = told_count;

    start(id);
    sink_flush(sink);
    CHECK_EQ(told_count, count + 1);
    CHECK_STR(told.error, "");
    CHECK_EQ(told.code, KK_OK);
}

static void check_file(struct kk_sv bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024 * 1024);

    test_file_read(path, &found);
    CHECK_STR(kk_buf_sv(&found), bytes);
}

static void put_file(struct kk_sv bytes)
{
    char deep[TEST_PATH_BYTES];
    struct kk_err err = {0};

    test_path(folder, "deep", deep);
    CHECK_OK(folder_make(deep, &err), &err);
    test_file_write(path, bytes);
}

static void check_refused(enum kk_code code, const char *words)
{
    struct sink *other = NULL;
    struct kk_err err = {0};

    CHECK_EQ(sink_file_open(path, &other, &err), code);
    CHECK(!other);
    if (!strstr(err.msg, words))
        CHECK_STR(err.msg, words);
}

static void an_event_that_is_there_is_not_written_again(void **state)
{
    (void)state;
    open_sink();
    write_event("1-1");
    write_event("2-1");
    write_event("1-1"); /* its mark in the outbox was lost */
    check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n"));
    reopen_sink();
    write_event("2-1"); /* the process died before the mark */
    write_event("2-2");
    check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n" LINE("2-2") "\n"));
}

static void a_whole_batch_is_known_after_a_crash(void **state)
{
    char id[32];

    (void)state;
    open_sink();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SINK_FILE_BATCH; i++) {
            snprintf(id, sizeof(id), "%d-%d", i, round);
            start(id);
        }
        sink_flush(sink);
    }
    CHECK_EQ(told_count, 3 * SINK_FILE_BATCH);

    int64_t size = file_size();

    reopen_sink();
    for (int i = 0; i < SINK_FILE_BATCH; i++) {
        snprintf(id, sizeof(id), "%d-2", i);
        write_event(id);
    }
    CHECK_EQ(file_size(), size);
}

static void an_id_is_found_however_the_line_is_written(void **state)
{
    (void)state;
    put_file(KK_SV("{ \"data\": {\"id\": \"9-9\"}, \"id\" : \"3\\u002d1\" }\nnot JSON at all\n[1]\n"
                   "{\"specversion\":\"1.0\",\"id\":\"4\\u002d1\"}\n"
                   "{\"specversion\":\"1.0\",\"id\":\"5-1\n"));
    open_sink();

    int64_t size = file_size();

    write_event("3-1");
    write_event("4-1");
    CHECK_EQ(file_size(), size);
    write_event("9-9");
    write_event("5-1");
    CHECK_EQ(file_size(), size + 2 * (int64_t)sizeof(LINE("9-9")));
}

static void a_torn_last_line_is_cut_off(void **state)
{
    static const char torn[] = LINE("2-1");

    (void)state;
    for (size_t len = 1; len < sizeof(torn); len++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf bytes = KK_BUF(1024);

        kk_buf_add(&bytes, KK_SV(LINE("1-1") "\n"));
        kk_buf_add(&bytes, (struct kk_sv){torn, len});
        put_file(kk_buf_sv(&bytes));
        open_sink();
        check_file(KK_SV(LINE("1-1") "\n"));
        write_event("2-1");
        check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n"));
        sink_close(sink);
        sink = NULL;
    }
}

static void a_file_of_one_torn_line_begins_anew(void **state)
{
    (void)state;
    put_file(KK_SV("{\"specv"));
    open_sink();
    CHECK_EQ(file_size(), 0);
    write_event("1-1");
    check_file(KK_SV(LINE("1-1") "\n"));
}

static void pages_that_a_power_cut_lost_are_cut_off(void **state)
{
    (void)state;
    put_file(
        KK_SV(LINE("1-1") "\n" LINE("2-1") "\n{\"specversion\":\"1.0\",\"id\":\"3-1\",\0\0\0\0\0\n" LINE("4-1") "\n"));
    open_sink();
    check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n"));
    write_event("4-1"); /* was behind the hole, and so was never told to be there */
    check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n" LINE("4-1") "\n"));
    sink_close(sink);
    sink = NULL;
    put_file(KK_SV("\0\0\0\0\0\0\0\0"));
    open_sink();
    CHECK_EQ(file_size(), 0);
}

static void a_file_that_is_not_ours_is_left_alone(void **state)
{
    (void)state;
    put_file(KK_SV("SQLite format 3\0and more"));
    check_refused(KK_CORRUPT, "holds something else than events: name another file in events.url");
    check_file(KK_SV("SQLite format 3\0and more"));
    put_file(KK_SV("{\"a\":1}\nwords without an end"));
    check_refused(KK_CORRUPT, "is no event of ours: end it with a newline");
    check_file(KK_SV("{\"a\":1}\nwords without an end"));
}

static void a_full_disk_leaves_no_half_line(void **state)
{
    (void)state;
    open_sink();
    write_event("1-1");
    for (int64_t room = 0; room < 80; room += 7) {
        leave_room(room);
        start("2-1");
        start("3-1");
        sink_flush(sink);
        leave_room(-1);
        CHECK_EQ(told.code, KK_FULL);
        CHECK(strstr(told.error, "events.ndjson cannot be written: File too large"));
        check_file(KK_SV(LINE("1-1") "\n"));
    }
    write_event("2-1");
    check_file(KK_SV(LINE("1-1") "\n" LINE("2-1") "\n"));
}

static void a_file_that_was_moved_away_is_begun_anew(void **state)
{
    char moved[TEST_PATH_BYTES];

    (void)state;
    open_sink();
    write_event("1-1");
    test_path(folder, "deep/events.1", moved);
    CHECK_EQ(rename(path, moved), 0);
    write_event("2-1");
    check_file(KK_SV(LINE("2-1") "\n"));
    CHECK_EQ(rename(path, moved), 0);
    put_file(KK_SV("")); /* as logrotate's create does */
    write_event("3-1");
    check_file(KK_SV(LINE("3-1") "\n"));
    write_event("2-1"); /* it was delivered, wherever the file went */
    check_file(KK_SV(LINE("3-1") "\n"));
}

static void a_file_that_was_emptied_goes_on(void **state)
{
    (void)state;
    open_sink();
    write_event("1-1");
    CHECK_EQ(truncate(path, 0), 0); /* as logrotate's copytruncate does */
    write_event("2-1");
    check_file(KK_SV(LINE("2-1") "\n"));
}

static void one_file_has_one_writer(void **state)
{
    (void)state;
    open_sink();
    check_refused(KK_BUSY, "events.ndjson is being written by another process");
    write_event("1-1");
}

static void what_is_no_regular_file_is_refused(void **state)
{
    (void)state;
    put_file(KK_SV(""));
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(mkfifo(path, 0600), 0);
    check_refused(KK_BAD_INPUT, "is no regular file; events.url names one");
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(mkdir(path, 0700), 0);
    check_refused(KK_BAD_INPUT, "events.ndjson cannot be opened: Is a directory");
}

static void an_event_is_one_line(void **state)
{
    struct kk_err err = {0};

    (void)state;
    open_sink();
    CHECK_EQ(sink_start(sink, &(struct sink_event){1, KK_SV("1-1"), KK_SV("{\n}"), ""}, &err), KK_BAD_INPUT);
    CHECK_EQ(sink_start(sink, &(struct sink_event){1, KK_SV("1-1"), KK_SV(""), ""}, &err), KK_BAD_INPUT);
    sink_flush(sink);
    CHECK_EQ(told_count, 0);
    CHECK_EQ(file_size(), 0);
}

static void memory_for_lines_has_a_ceiling(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(2 * 1024 * 1024);
    struct kk_err err = {0};
    enum kk_code rc = KK_OK;
    char id[32];
    int count = 0;

    (void)state;
    open_sink();
    kk_buf_add(&body, KK_SV("{"));
    while (body.len < 1024 * 1024)
        kk_buf_add(&body, KK_SV("0123456789abcdef"));
    while (count < 100 && rc == KK_OK) {
        snprintf(id, sizeof(id), "%d-1", count++);
        rc = sink_start(sink, &(struct sink_event){count, kk_sv_of(id), kk_buf_sv(&body), ""}, &err);
    }
    CHECK_EQ(rc, KK_BUSY);
    CHECK_EQ(count, 16);
    sink_flush(sink);
    CHECK_EQ(told_count, 15);
    CHECK_EQ(file_size(), 15 * (int64_t)(body.len + 1));
}

static void a_long_tail_is_read_over_chunks(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(256 * 1024);
    char id[32];
    struct kk_err err = {0};

    (void)state;
    open_sink();
    for (int i = 0; i < 40; i++) { /* lines of 0 to 195 KB: shorter and longer than what is read at once */
        snprintf(id, sizeof(id), "%d-1", i);
        kk_buf_clear(&body);
        kk_buf_addf(&body, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"data\":\"", id);
        for (int k = 0; k < i * 500; k++)
            kk_buf_add(&body, KK_SV("0123456789"));
        kk_buf_add(&body, KK_SV("\"}"));
        CHECK_OK(sink_start(sink, &(struct sink_event){i, kk_sv_of(id), kk_buf_sv(&body), ""}, &err), &err);
    }
    sink_flush(sink);
    CHECK_EQ(told_count, 40);

    int64_t size = file_size();

    reopen_sink();
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "%d-1", i);
        write_event(id);
    }
    CHECK_EQ(file_size(), size);
}

int main(void)
{
    const struct sink_world contract = {.make = make_folder,
                                        .open = open_file,
                                        .remove = remove_folder,
                                        .turn = no_turn,
                                        .arrived = read_file,
                                        .set_failing = set_failing};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_that_is_there_is_not_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_whole_batch_is_known_after_a_crash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_is_found_however_the_line_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_last_line_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_one_torn_line_begins_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_that_a_power_cut_lost_are_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_ours_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_half_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_moved_away_is_begun_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_emptied_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_has_one_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_is_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_for_lines_has_a_ceiling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_tail_is_read_over_chunks, set_up, tear_down),
    };

    signal(SIGXFSZ, SIG_IGN); /* the limit that stands for a full disk must fail the write, not the process */
    return sink_contract_run("sink_file", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
