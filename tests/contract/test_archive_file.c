#include "adapters/archive/archive_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "adapters/disk/folder.h"
#include "base/clock.h"
#include "base/rng.h"
#include "contract/archive_contract.h"
#include "support/check.h"
#include "support/folder.h"
#include "support/vfs_disk.h"

static int64_t still_ms(void *ctx)
{
    (void)ctx;
    return 1700000000000;
}
static const struct kk_clock still = {.wall_ms = still_ms, .mono_ms = still_ms};

static char folder[TEST_PATH_BYTES], place[TEST_PATH_BYTES];

static void make_folder(void *ctx)
{
    (void)ctx;
    test_folder_make(folder);
    test_path(folder, "deep/archive", place);
}

static void remove_folder(void *ctx)
{
    (void)ctx;
    test_folder_remove(folder);
}

static struct archive *open_folder(void *ctx)
{
    struct archive *archive = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(archive_file_open(place, NULL, &still, &archive, &err), &err);
    return archive;
}

static int set_up_folder(void **state)
{
    (void)state;
    make_folder(NULL);
    return 0;
}

static int tear_down_folder(void **state)
{
    (void)state;
    remove_folder(NULL);
    return 0;
}

/* On a real disk: what people do to files. */

static void check_refused(enum kk_code code, const char *words)
{
    struct archive *archive = NULL;
    struct kk_err err = {0};

    CHECK_EQ(archive_file_open(place, NULL, &still, &archive, &err), code);
    CHECK(!archive);
    if (!strstr(err.msg, words))
        CHECK_STR(err.msg, words);
}

static void a_file_in_the_folders_place_is_told(void **state)
{
    char deep[TEST_PATH_BYTES];

    (void)state;
    test_path(folder, "deep", deep);
    test_file_write(deep, KK_SV("not a folder"));
    check_refused(KK_BAD_INPUT, "deep cannot be made: Not a directory");
}

static void a_folder_in_the_files_place_is_told(void **state)
{
    char path[TEST_PATH_BYTES];
    struct kk_err err = {0};

    (void)state;
    test_path(place, "archive.db", path);
    CHECK_OK(folder_make(path, &err), &err);
    check_refused(KK_UNAVAILABLE, "archive.db is a folder; archive.url names the database file");
}

static void a_file_of_something_else_is_told(void **state)
{
    char path[TEST_PATH_BYTES];
    struct archive *archive;

    (void)state;
    archive = open_folder(NULL);
    archive_close(archive);
    test_path(place, "archive.db", path);
    test_file_write(path, KK_SV("These are the notes of somebody, and they are longer than a database's first page "
                                "header of one hundred bytes, so that it is read."));
    check_refused(KK_CORRUPT, "archive.db is not a kkachi database");
}

static void change_with_sql(const char *sql)
{
    char path[TEST_PATH_BYTES];
    sqlite3 *db = NULL;

    test_path(place, "archive.db", path);
    CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_newer_archive_is_left_alone(void **state)
{
    (void)state;
    archive_close(open_folder(NULL));
    change_with_sql("PRAGMA user_version = 2");
    check_refused(KK_TOO_NEW, "archive.db was written by a newer kkachi (schema 2, this one knows 1)");
}

static void check_damaged(struct archive *archive, const struct kk_hash *key)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024);
    struct kk_err err = {0};

    CHECK_EQ(archive_get(archive, key, &found, &err), KK_CORRUPT);
    CHECK(strstr(err.msg, "is damaged"));
    CHECK_EQ(found.len, 0);
}

static void a_damaged_body_is_never_given(void **state)
{
    static const char *const damages[] = {
        "UPDATE block SET zstd = zeroblob(length(zstd))",
        "UPDATE block SET zstd = substr(zstd, 1, length(zstd) - 3)",
        "UPDATE block SET raw_bytes = raw_bytes + 1",
        "UPDATE block SET raw_bytes = -1",
        "UPDATE block SET raw_bytes = 1 << 40",
        "UPDATE body SET at = at + 1",
        "UPDATE body SET bytes = bytes - 1",
        "UPDATE body SET at = -1",
        "UPDATE body SET bytes = 1 << 40",
        "UPDATE body SET at = 9223372036854775807",
        "UPDATE body SET block_id = 99",
        "DELETE FROM block",
    };
    struct archive *archive;
    struct kk_hash key;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(damages); i++) {
        struct kk_err err = {0};
        char body[64];

        snprintf(body, sizeof(body), "the body of case %zu", i);
        archive = open_folder(NULL);
        CHECK_OK(archive_put(archive, kk_sv_of(body), &key, &err), &err);
        CHECK_OK(archive_sync(archive, &err), &err);
        change_with_sql(damages[i]);
        check_damaged(archive, &key);
        archive_close(archive);
        change_with_sql("DELETE FROM block; DELETE FROM body");
    }
}

static void a_block_that_is_another_now_is_read_anew(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024);
    struct archive *reader, *writer;
    struct kk_hash first, second;
    struct kk_err err = {0};

    (void)state;
    reader = open_folder(NULL);
    CHECK_OK(archive_put(reader, KK_SV("first!"), &first, &err), &err);
    CHECK_OK(archive_sync(reader, &err), &err);
    CHECK_OK(archive_get(reader, &first, &found, &err), &err);
    change_with_sql("DELETE FROM block; DELETE FROM body");
    writer = open_folder(NULL);
    CHECK_OK(archive_put(writer, KK_SV("SECOND"), &second, &err), &err);
    CHECK_OK(archive_sync(writer, &err), &err);
    kk_buf_clear(&found);
    CHECK_OK(archive_get(reader, &second, &found, &err), &err); /* the same block id as the first had */
    CHECK_STR(kk_buf_sv(&found), "SECOND");
    archive_close(reader);
    archive_close(writer);
}

/* On a disk in memory: what disks do to files. */

static struct vfs_disk *disk;
static struct {
    enum vfs_call call;
    int64_t left; /* until the call that fails; 0: none does */
    int code;
} fault;

static int at_call(void *ctx, int owner, enum vfs_call call, bool is_after)
{
    (void)ctx;
    (void)owner;
    if (is_after || fault.left == 0 || call != fault.call)
        return 0;
    return --fault.left == 0 ? fault.code : 0;
}

static int set_up_disk(void **state)
{
    static const struct vfs_hooks hooks = {.at = at_call};

    (void)state;
    fault.left = 0;
    disk = vfs_disk_create("archive-test", &hooks, true);
    vfs_disk_own(disk, 1);
    return 0;
}

static int tear_down_disk(void **state)
{
    (void)state;
    vfs_disk_destroy(disk);
    return 0;
}

static enum kk_code try_open(struct archive **ret, struct kk_err *err)
{
    return archive_file_open("/a", "archive-test", &still, ret, err);
}

static struct archive *open_disk(void)
{
    struct archive *archive = NULL;
    struct kk_err err = {0};

    CHECK_OK(try_open(&archive, &err), &err);
    return archive;
}

#define BATCH 64

static void make_body(int number, struct kk_buf *out)
{
    kk_buf_clear(out);
    kk_buf_addf(out, "{\"itemNo\":%d,\"filler\":\"", number);
    for (int i = 0; i < 400; i++)
        kk_buf_addf(out, "%d,", number * 7919 * (i + 1));
}

/* Puts BATCH bodies; the first failure, or sync's. */
static enum kk_code put_batch(struct archive *archive, struct kk_hash keys[BATCH], struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024 * 1024);

    for (int i = 0; i < BATCH; i++) {
        make_body(i, &body);
        if (archive_put(archive, kk_buf_sv(&body), &keys[i], err))
            break;
    }
    return archive_sync(archive, err);
}

static void check_batch(struct archive *archive, struct kk_hash keys[BATCH])
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024 * 1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024 * 1024);
    struct kk_err err = {0};

    for (int i = 0; i < BATCH; i++) {
        make_body(i, &body);
        kk_buf_clear(&found);
        CHECK_OK(archive_get(archive, &keys[i], &found, &err), &err);
        CHECK_STR(kk_buf_sv(&found), kk_buf_sv(&body));
    }
}

static int64_t count_bodies(struct archive *archive)
{
    int64_t count = -1, bytes = -1;
    struct kk_err err = {0};

    CHECK_OK(archive_size(archive, &count, &bytes, &err), &err);
    return count;
}

static void a_batch_waits_for_the_disk_once(void **state)
{
    struct archive *archive = open_disk();
    struct kk_hash keys[BATCH];
    struct kk_err err = {0};
    int64_t syncs;

    (void)state;
    CHECK_OK(archive_put(archive, KK_SV("the first commit also makes the log"), &keys[0], &err), &err);
    CHECK_OK(archive_sync(archive, &err), &err);
    syncs = vfs_disk_syncs(disk);
    CHECK_OK(put_batch(archive, keys, &err), &err);
    CHECK_EQ(vfs_disk_syncs(disk), syncs + 1);
    archive_close(archive);
}

static void known_bodies_write_nothing(void **state)
{
    struct archive *archive = open_disk();
    struct kk_hash keys[BATCH];
    struct kk_err err = {0};
    int64_t writes, syncs;

    (void)state;
    CHECK_OK(put_batch(archive, keys, &err), &err);
    writes = vfs_disk_writes(disk);
    syncs = vfs_disk_syncs(disk);
    CHECK_OK(put_batch(archive, keys, &err), &err);
    CHECK_EQ(vfs_disk_writes(disk), writes);
    CHECK_EQ(vfs_disk_syncs(disk), syncs);
    archive_close(archive);
}

/* The n-th call of a kind fails, n = 1, 2, 3 … until a batch gets through: each time all of it is there or nothing. */
static void fail_each(enum vfs_call call, int code, enum kk_code want)
{
    struct archive *archive = NULL;
    int failures = 0;

    for (int64_t n = 1;; n++) {
        struct kk_hash keys[BATCH];
        struct kk_err err = {0};
        enum kk_code rc;

        CHECK(n < 2000);
        set_up_disk(NULL);
        fault.call = call;
        fault.code = code;
        fault.left = n;
        rc = try_open(&archive, &err);
        if (!rc)
            rc = put_batch(archive, keys, &err);
        if (rc) {
            failures++;
            CHECK_EQ(rc, want);
            CHECK(err.msg[0]);
        }
        bool has_failed = fault.left == 0;

        fault.left = 0;
        if (archive && rc)
            CHECK_EQ(count_bodies(archive), 0);
        archive_close(archive);
        archive = open_disk(); /* whatever happened, it works again */
        CHECK_EQ(count_bodies(archive), rc ? 0 : BATCH);
        CHECK_OK(put_batch(archive, keys, &err), &err);
        CHECK_EQ(count_bodies(archive), BATCH);
        check_batch(archive, keys);
        archive_close(archive);
        archive = NULL;
        tear_down_disk(NULL);
        if (!has_failed)
            break;
    }
    CHECK(failures > 0);
}

static void a_full_disk_keeps_nothing_half(void **state)
{
    (void)state;
    fail_each(VFS_WRITE, SQLITE_FULL, KK_FULL);
}

static void a_sync_that_fails_keeps_nothing_half(void **state)
{
    (void)state;
    fail_each(VFS_SYNC, SQLITE_IOERR_FSYNC, KK_UNAVAILABLE);
}

static void a_put_after_a_failed_put_is_refused_until_the_sync(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf large = KK_BUF(1024 * 1024);
    struct archive *archive = open_disk();
    struct kk_err err = {0};
    struct kk_hash key;

    (void)state;
    CHECK_OK(archive_put(archive, KK_SV("collected"), &key, &err), &err);
    for (int i = 0; large.len < 600 * 1024; i++) /* is written at once, for it would not fit */
        kk_buf_addf(&large, "%d ", i * 7919);
    fault.call = VFS_LOCK;
    fault.code = SQLITE_IOERR_LOCK;
    fault.left = 1;
    CHECK(archive_put(archive, kk_buf_sv(&large), &key, &err) != KK_OK);
    CHECK_EQ(fault.left, 0);
    CHECK(archive_put(archive, KK_SV("another"), &key, &err) != KK_OK);
    CHECK(archive_sync(archive, &err) != KK_OK);
    CHECK(err.msg[0]);
    CHECK_EQ(count_bodies(archive), 0);

    CHECK_OK(archive_put(archive, KK_SV("collected"), &key, &err), &err);
    CHECK_OK(archive_sync(archive, &err), &err);
    CHECK_EQ(count_bodies(archive), 1);
    archive_close(archive);
}

static void a_large_body_on_a_full_disk_is_lost_with_its_batch(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf large = KK_BUF(8 * 1024 * 1024);
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, 1);
    struct archive *archive = open_disk();
    struct kk_err err = {0};
    struct kk_hash key;

    (void)state;
    while (large.len < 6 * 1024 * 1024) /* more than the database's cache holds, so that it is written at once */
        kk_buf_addf(&large, "%016" PRIx64, kk_rng_next(&rng));
    CHECK_OK(archive_put(archive, KK_SV("before"), &key, &err), &err);
    fault.call = VFS_WRITE;
    fault.code = SQLITE_FULL;
    fault.left = 1;
    CHECK_EQ(archive_put(archive, kk_buf_sv(&large), &key, &err), KK_FULL);
    CHECK(strstr(err.msg, "no space left on the disk of /a/archive.db"));
    CHECK_EQ(archive_sync(archive, &err), KK_FULL);
    CHECK_EQ(count_bodies(archive), 0);

    CHECK_OK(archive_put(archive, KK_SV("after"), &key, &err), &err);
    CHECK_OK(archive_sync(archive, &err), &err);
    archive_close(archive);
    archive = open_disk();
    CHECK_EQ(count_bodies(archive), 1);
    archive_close(archive);
}

static void what_was_synced_survives_a_power_cut(void **state)
{
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, 20261122);
    struct kk_hash keys[BATCH];
    struct kk_err err = {0};

    (void)state;
    for (int round = 0; round < 50; round++) {
        struct archive *archive = open_disk();
        struct kk_hash other;

        CHECK_OK(put_batch(archive, keys, &err), &err);
        for (int i = 0; i < round % 5; i++) {
            char body[32];

            snprintf(body, sizeof(body), "round %d body %d", round, i);
            CHECK_OK(archive_put(archive, kk_sv_of(body), &other, &err), &err);
        }
        if (round % 2)
            archive_sync(archive, NULL);
        vfs_disk_kill(disk, 1);
        archive_close(archive);
        vfs_disk_bury(disk, 1);
        vfs_disk_power_cut(disk, &rng);
        vfs_disk_own(disk, 1);
        archive = open_disk();
        check_batch(archive, keys);
        archive_close(archive);
    }
}

int main(void)
{
    const struct archive_world contract = {.make = make_folder, .open = open_folder, .remove = remove_folder};
    const struct CMUnitTest on_files[] = {
        cmocka_unit_test_setup_teardown(a_file_in_the_folders_place_is_told, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(a_folder_in_the_files_place_is_told, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(a_file_of_something_else_is_told, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(a_newer_archive_is_left_alone, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(a_damaged_body_is_never_given, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(a_block_that_is_another_now_is_read_anew, set_up_folder, tear_down_folder),
    };
    const struct CMUnitTest on_disk[] = {
        cmocka_unit_test_setup_teardown(a_batch_waits_for_the_disk_once, set_up_disk, tear_down_disk),
        cmocka_unit_test_setup_teardown(known_bodies_write_nothing, set_up_disk, tear_down_disk),
        cmocka_unit_test(a_full_disk_keeps_nothing_half),
        cmocka_unit_test(a_sync_that_fails_keeps_nothing_half),
        cmocka_unit_test_setup_teardown(a_put_after_a_failed_put_is_refused_until_the_sync, set_up_disk,
                                        tear_down_disk),
        cmocka_unit_test_setup_teardown(a_large_body_on_a_full_disk_is_lost_with_its_batch, set_up_disk,
                                        tear_down_disk),
        cmocka_unit_test_setup_teardown(what_was_synced_survives_a_power_cut, set_up_disk, tear_down_disk),
    };

    return archive_contract_run("archive_file", &contract) + cmocka_run_group_tests(on_files, NULL, NULL) +
           cmocka_run_group_tests(on_disk, NULL, NULL);
}
