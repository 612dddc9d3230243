/* What a process opens, keeps and tells, each call for memory, to SQLite or to the disk failing in turn: an opening
 * that fails leaves nothing behind, a body that was said to be kept is kept, an event that was said to be delivered is
 * in the file as one whole line, and never twice. */
#include "torture/torture.h"

#include <stdio.h>
#include <string.h>

#include "adapters/archive/archive_file.h"
#include "adapters/clock/clock_system.h"
#include "adapters/sink/sink_file.h"
#include "cmd/config.h"
#include "cmd/wire.h"
#include "ports/archive.h"
#include "ports/sink.h"
#include "ports/store.h"
#include "support/folder.h"

static void torture_all(const char *name, enum kk_code (*work)(void *ctx, struct kk_err *err),
                        void (*check)(void *ctx, enum kk_code rc), void *ctx)
{
    static const unsigned kinds[] = {FAIL_MEMORY, FAIL_SQLITE_MEMORY, FAIL_SQLITE, FAIL_FILE};

    for (size_t i = 0; i < KK_COUNT(kinds); i++) {
        struct torture torture = {.name = name, .kinds = kinds[i], .ctx = ctx, .work = work, .check = check};

        CHECK(torture_holds(&torture));
    }
}

/* ---- opening ---- */

struct opening {
    char folder[TEST_PATH_BYTES];
    struct config config;
};

static enum kk_code load_config(struct opening *opening, struct kk_err *err)
{
    char value[4][TEST_PATH_BYTES + 64];
    static const char *const keys[] = {"store.url", "archive.url", "events.url", "events.secret"};
    struct config_flag flags[KK_COUNT(keys)];
    struct config_sources sources = {.flags = flags, .flag_count = KK_COUNT(flags)};

    snprintf(value[0], sizeof(value[0]), "sqlite:%s/var/kkachi.db", opening->folder);
    snprintf(value[1], sizeof(value[1]), "file:%s/var/archive", opening->folder);
    snprintf(value[2], sizeof(value[2]), "file:%s/var/events.ndjson,https://hook.example/in", opening->folder);
    snprintf(value[3], sizeof(value[3]), "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3");
    for (size_t i = 0; i < KK_COUNT(keys); i++)
        flags[i] = (struct config_flag){.key = keys[i], .value = value[i]};
    return config_load(&opening->config, &sources, err);
}

static enum kk_code open_all(void *ctx, struct kk_err *err)
{
    struct opening *opening = ctx;
    struct wire wire = {0};
    enum kk_code rc;

    fail_spare(true);
    test_folder_make(opening->folder);
    CHECK_OK(load_config(opening, err), err);
    fail_spare(false);
    rc = wire_open(&wire, &opening->config, WIRE_ALL, err);
    wire_close(&wire);
    return rc;
}

/* What a failed opening left in the folder does not stand in the way of the next. */
static void open_again(void *ctx, enum kk_code rc)
{
    struct opening *opening = ctx;
    struct wire wire = {0};
    struct kk_err err;

    (void)rc;
    CHECK_OK(wire_open(&wire, &opening->config, WIRE_ALL, &err), &err);
    CHECK_OK(store_check(wire.app.store, &err), &err);
    wire_close(&wire);
    config_done(&opening->config);
    test_folder_remove(opening->folder);
}

static void an_opening_that_fails_leaves_nothing_behind(void **state)
{
    struct opening opening = {0};

    (void)state;
    torture_all("open all", open_all, open_again, &opening);
}

/* ---- the archive ---- */

#define BODY_COUNT 6
#define BODY_MAX 700000 /* past what is stored alone */

struct keeping {
    char folder[TEST_PATH_BYTES];
    struct kk_clock clock;
    struct kk_buf body[BODY_COUNT];
    struct kk_hash key[BODY_COUNT];
    bool is_kept[BODY_COUNT];
};

static enum kk_code keep_two(struct keeping *keeping, struct archive *archive, size_t from, struct kk_err *err)
{
    enum kk_code rc = archive_put(archive, kk_buf_sv(&keeping->body[from]), &keeping->key[from], err);

    if (!rc)
        rc = archive_put(archive, kk_buf_sv(&keeping->body[from + 1]), &keeping->key[from + 1], err);
    if (rc) {
        archive_sync(archive, NULL); /* its failure has been told */
        return rc;
    }
    rc = archive_sync(archive, err);
    keeping->is_kept[from] = keeping->is_kept[from + 1] = !rc;
    return rc;
}

/* A failed batch does not spoil the next. */
static enum kk_code keep_bodies(void *ctx, struct kk_err *err)
{
    struct keeping *keeping = ctx;
    KK_CLEANUP(kk_buf_done) struct kk_buf back = KK_BUF(BODY_MAX);
    struct archive *archive = NULL;
    struct kk_err first = {0};
    enum kk_code rc;

    fail_spare(true);
    test_folder_make(keeping->folder);
    memset(keeping->is_kept, 0, sizeof(keeping->is_kept));
    fail_spare(false);
    rc = archive_file_open(keeping->folder, NULL, &keeping->clock, &archive, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < BODY_COUNT; i += 2) {
        enum kk_code end = keep_two(keeping, archive, i, &first);

        if (end && !rc) {
            rc = end;
            *err = first;
        }
    }
    if (!rc)
        rc = archive_get(archive, &keeping->key[0], &back, err);
    archive_close(archive);
    return rc;
}

static void find_bodies(void *ctx, enum kk_code rc)
{
    struct keeping *keeping = ctx;
    struct archive *archive = NULL;
    struct kk_err err;

    CHECK_OK(archive_file_open(keeping->folder, NULL, &keeping->clock, &archive, &err), &err);
    for (size_t i = 0; i < BODY_COUNT; i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf back = KK_BUF(BODY_MAX);

        CHECK(rc || keeping->is_kept[i]);
        if (!keeping->is_kept[i])
            CHECK_OK(archive_put(archive, kk_buf_sv(&keeping->body[i]), &keeping->key[i], &err), &err);
        CHECK_OK(archive_sync(archive, &err), &err);
        CHECK_OK(archive_get(archive, &keeping->key[i], &back, &err), &err);
        CHECK_STR(kk_buf_sv(&back), kk_buf_sv(&keeping->body[i]));
    }
    archive_close(archive);
    test_folder_remove(keeping->folder);
}

static void a_body_that_is_said_to_be_kept_is_kept(void **state)
{
    struct keeping keeping = {.clock = clock_system()};

    (void)state;
    for (size_t i = 0; i < BODY_COUNT; i++) {
        keeping.body[i] = KK_BUF(BODY_MAX);
        while (keeping.body[i].len < (i == 3 ? BODY_MAX - 100 : 3000 * (i + 1)))
            kk_buf_addf(&keeping.body[i], "{\"itemNo\":%zu,\"at\":%zu}", i, keeping.body[i].len);
    }
    torture_all("keep bodies", keep_bodies, find_bodies, &keeping);
    for (size_t i = 0; i < BODY_COUNT; i++)
        kk_buf_done(&keeping.body[i]);
}

/* ---- the events' file ---- */

#define EVENT_COUNT 6

struct telling {
    char folder[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    bool is_delivered[EVENT_COUNT];
    size_t answers;
    struct kk_err why;
};

static void note_delivery(void *ctx, struct sink *sink, int64_t id, const struct sink_result *result)
{
    struct telling *telling = ctx;

    (void)sink;
    telling->answers++;
    if (!result->code)
        telling->is_delivered[id - 1] = true;
    else
        kk_fail(&telling->why, result->code, "%s", result->error);
}

static enum kk_code start(struct sink *sink, size_t at, struct kk_err *err)
{
    char id[32], body[64];

    snprintf(id, sizeof(id), "90010000%zu-1", at);
    snprintf(body, sizeof(body), "{\"specversion\":\"1.0\",\"id\":\"%s\"}", id);
    return sink_start(sink, &(struct sink_event){(int64_t)at + 1, kk_sv_of(id), kk_sv_of(body), ""}, err);
}

/* As the relay does: what is not delivered is handed over again, in order. */
static enum kk_code tell_rest(struct telling *telling, struct sink *sink, size_t upto, struct kk_err *err)
{
    size_t before = telling->answers, started = 0;
    enum kk_code rc = KK_OK;

    telling->why = (struct kk_err){0};
    for (size_t i = 0; !rc && i < upto; i++) {
        if (telling->is_delivered[i])
            continue;
        rc = start(sink, i, err);
        started += !rc;
    }
    sink_flush(sink);
    CHECK_EQ(telling->answers - before, started); /* each is answered once */
    if (!rc && telling->why.code)
        rc = kk_fail(err, telling->why.code, "%s", telling->why.msg);
    return rc;
}

static enum kk_code tell_events(void *ctx, struct kk_err *err)
{
    struct telling *telling = ctx;
    struct sink *sink = NULL;
    enum kk_code rc, end;

    fail_spare(true);
    memset(telling, 0, sizeof(*telling));
    test_folder_make(telling->folder);
    test_path(telling->folder, "events.ndjson", telling->path);
    fail_spare(false);
    rc = sink_file_open(telling->path, &sink, err);
    if (rc)
        return rc;
    sink->on_delivered = note_delivery;
    sink->ctx = telling;
    rc = tell_rest(telling, sink, EVENT_COUNT / 2, err);
    end = tell_rest(telling, sink, EVENT_COUNT, rc ? NULL : err);
    sink_close(sink);
    return rc ? rc : end;
}

static void find_events(void *ctx, enum kk_code rc)
{
    struct telling *telling = ctx;
    KK_CLEANUP(kk_buf_done) struct kk_buf file = KK_BUF((size_t)4 << 20);
    struct sink *sink = NULL;
    struct kk_err err;
    struct kk_sv rest;

    for (size_t i = 0; i < EVENT_COUNT; i++)
        CHECK(rc || telling->is_delivered[i]);
    CHECK_OK(sink_file_open(telling->path, &sink, &err), &err);
    sink->on_delivered = note_delivery;
    sink->ctx = telling;
    CHECK_OK(tell_rest(telling, sink, EVENT_COUNT, &err), &err);
    sink_close(sink);
    test_file_read(telling->path, &file);
    rest = kk_buf_sv(&file);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        char line[64];

        snprintf(line, sizeof(line), "{\"specversion\":\"1.0\",\"id\":\"90010000%zu-1\"}", i);
        CHECK_STR(kk_sv_cut(&rest, '\n'), line);
    }
    CHECK_EQ(rest.len, 0);
    test_folder_remove(telling->folder);
}

static void an_event_that_is_said_to_be_delivered_is_one_line(void **state)
{
    struct telling telling = {0};

    (void)state;
    torture_all("tell events", tell_events, find_events, &telling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_opening_that_fails_leaves_nothing_behind, torture_relax),
        cmocka_unit_test_teardown(a_body_that_is_said_to_be_kept_is_kept, torture_relax),
        cmocka_unit_test_teardown(an_event_that_is_said_to_be_delivered_is_one_line, torture_relax),
    };

    fail_sqlite_apart();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
