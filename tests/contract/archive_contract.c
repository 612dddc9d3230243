#include "contract/archive_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "support/check.h"

static const struct archive_world *world;
static struct archive *archive;

static int set_up(void **state)
{
    world = *state;
    world->make(world->ctx);
    archive = world->open(world->ctx);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    archive_close(archive);
    archive = NULL;
    world->remove(world->ctx);
    return 0;
}

static void reopen(void)
{
    archive_close(archive);
    archive = world->open(world->ctx);
}

static struct kk_hash put(struct kk_sv body)
{
    struct kk_err err = {0};
    struct kk_hash key = {0};

    CHECK_OK(archive_put(archive, body, &key, &err), &err);
    return key;
}

static void sync_all(void)
{
    struct kk_err err = {0};

    CHECK_OK(archive_sync(archive, &err), &err);
}

static void check_there(struct archive *a, struct kk_hash key, struct kk_sv body)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(32 * 1024 * 1024);
    struct kk_err err = {0};

    CHECK_OK(archive_get(a, &key, &found, &err), &err);
    CHECK_EQ(found.len, body.len);
    CHECK(kk_sv_eq(kk_buf_sv(&found), body));
}

static int64_t count_bodies(void)
{
    struct kk_err err = {0};
    int64_t count = -1, bytes = -1;

    CHECK_OK(archive_size(archive, &count, &bytes, &err), &err);
    CHECK(bytes >= 0);
    return count;
}

/* Text of its own for each number. */
static void make_body(struct kk_buf *out, uint64_t number, size_t len)
{
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, number);

    kk_buf_clear(out);
    while (out->len < len)
        kk_buf_addf(out, "{\"itemNo\":%" PRIu64 ",\"까치\":%" PRIu64 "}", number, kk_rng_next(&rng) % 10000);
    out->len = len;
}

static void a_body_comes_back_by_its_hash(void **state)
{
    struct kk_hash want = kk_sha256(KK_SV("{\"a\":1}"));
    struct kk_hash key;

    (void)state;
    key = put(KK_SV("{\"a\":1}"));
    sync_all();
    CHECK(kk_hash_eq(&key, &want));
    check_there(archive, key, KK_SV("{\"a\":1}"));
    reopen();
    check_there(archive, key, KK_SV("{\"a\":1}"));
}

static void bytes_are_bytes(void **state)
{
    static const char all[] = "\0\xff\xfe\r\n\0end";
    struct kk_sv body = {all, sizeof(all)};
    struct kk_hash key;

    (void)state;
    key = put(body);
    sync_all();
    check_there(archive, key, body);
}

static void an_empty_body_is_a_body(void **state)
{
    struct kk_hash key, other;

    (void)state;
    key = put((struct kk_sv){0});
    other = put(KK_SV("beside it"));
    sync_all();
    check_there(archive, key, KK_SV(""));
    check_there(archive, other, KK_SV("beside it"));
}

static void the_same_body_is_stored_once(void **state)
{
    struct kk_hash first, second, third, beside;

    (void)state;
    first = put(KK_SV("same"));
    second = put(KK_SV("same"));
    put(KK_SV("other"));
    sync_all();
    third = put(KK_SV("same"));
    beside = put(KK_SV("beside one that is known"));
    sync_all();
    CHECK(kk_hash_eq(&first, &second) && kk_hash_eq(&first, &third));
    CHECK_EQ(count_bodies(), 3);
    check_there(archive, first, KK_SV("same"));
    check_there(archive, beside, KK_SV("beside one that is known"));
    reopen();
    put(KK_SV("other"));
    sync_all();
    CHECK_EQ(count_bodies(), 3);
}

static void what_was_not_put_is_not_there(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024);
    struct kk_hash key = kk_sha256(KK_SV("never"));
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(archive_get(archive, &key, &found, &err), KK_NOT_FOUND);
    CHECK(err.msg[0]);
    CHECK_EQ(found.len, 0);
    CHECK_EQ(count_bodies(), 0);
}

static void what_was_not_synced_is_gone_after_a_close(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(1024);
    struct kk_hash key, kept;

    (void)state;
    kept = put(KK_SV("synced"));
    sync_all();
    key = put(KK_SV("not synced"));
    reopen();
    CHECK_EQ(archive_get(archive, &key, &found, NULL), KK_NOT_FOUND);
    check_there(archive, kept, KK_SV("synced"));
    put(KK_SV("not synced"));
    sync_all();
    check_there(archive, key, KK_SV("not synced"));
}

static void a_sync_of_nothing_is_fine(void **state)
{
    (void)state;
    sync_all();
    sync_all();
    put(KK_SV("x"));
    sync_all();
    put(KK_SV("x"));
    sync_all();
    CHECK_EQ(count_bodies(), 1);
}

static void batches_of_any_size_come_back_whole(void **state)
{
    static const size_t batch_sizes[] = {1, 3, 64, 300};
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024 * 1024);
    struct kk_hash keys[368];
    uint64_t number = 0;

    (void)state;
    for (size_t b = 0; b < KK_COUNT(batch_sizes); b++) {
        for (size_t i = 0; i < batch_sizes[b]; i++, number++) {
            make_body(&body, number, 100 + number * 37 % 20000);
            keys[number] = put(kk_buf_sv(&body));
        }
        sync_all();
    }
    CHECK_EQ(number, KK_COUNT(keys));
    reopen();
    CHECK_EQ(count_bodies(), (long long)number);
    for (uint64_t i = 0; i < number; i++) {
        uint64_t at = i * 211 % number; /* in an order of its own: 211 is a prime */

        make_body(&body, at, 100 + at * 37 % 20000);
        check_there(archive, keys[at], kk_buf_sv(&body));
    }
}

static void many_small_bodies_are_one_batch(void **state)
{
    enum { COUNT = 5000 };
    struct kk_hash *keys = calloc(COUNT, sizeof(*keys));
    char text[32];

    (void)state;
    CHECK(keys);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "[%d]", i);
        keys[i] = put(kk_sv_of(text));
    }
    sync_all();
    CHECK_EQ(count_bodies(), COUNT);
    for (int i = 0; i < COUNT; i += 97) {
        snprintf(text, sizeof(text), "[%d]", i);
        check_there(archive, keys[i], kk_sv_of(text));
    }
    free(keys);
}

static void a_large_body_stands_among_small_ones(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf large = KK_BUF(32 * 1024 * 1024);
    struct kk_hash before, key, again, after;

    (void)state;
    make_body(&large, 7, 16 * 1024 * 1024);
    before = put(KK_SV("before"));
    key = put(kk_buf_sv(&large));
    again = put(kk_buf_sv(&large));
    after = put(KK_SV("after"));
    sync_all();
    CHECK(kk_hash_eq(&key, &again));
    CHECK_EQ(count_bodies(), 3);
    check_there(archive, key, kk_buf_sv(&large));
    check_there(archive, before, KK_SV("before"));
    check_there(archive, after, KK_SV("after"));
}

static void a_large_body_that_was_not_synced_is_gone(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf large = KK_BUF(32 * 1024 * 1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf found = KK_BUF(32 * 1024 * 1024);
    struct kk_hash key;

    (void)state;
    make_body(&large, 7, 3 * 1024 * 1024);
    key = put(kk_buf_sv(&large));
    reopen();
    CHECK_EQ(archive_get(archive, &key, &found, NULL), KK_NOT_FOUND);
    CHECK_EQ(count_bodies(), 0);
}

static void a_reader_with_a_ceiling_is_told(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf small = KK_BUF(4);
    struct kk_err err = {0};
    struct kk_hash key;

    (void)state;
    key = put(KK_SV("12345"));
    sync_all();
    CHECK_EQ(archive_get(archive, &key, &small, &err), KK_BAD_INPUT);
    CHECK(err.msg[0]);
}

static void two_may_use_one_place(void **state)
{
    struct kk_err err = {0};
    struct archive *other;
    struct kk_hash ours, theirs, shared;

    (void)state;
    other = world->open(world->ctx);
    ours = put(KK_SV("ours"));
    put(KK_SV("shared"));
    CHECK_OK(archive_put(other, KK_SV("theirs"), &theirs, &err), &err);
    CHECK_OK(archive_put(other, KK_SV("shared"), &shared, &err), &err);
    sync_all();
    CHECK_OK(archive_sync(other, &err), &err);
    CHECK_EQ(count_bodies(), 3);
    check_there(archive, theirs, KK_SV("theirs"));
    check_there(other, ours, KK_SV("ours"));
    check_there(archive, shared, KK_SV("shared"));
    archive_close(other);
}

int archive_contract_run(const char *name, const struct archive_world *contract)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_back_by_its_hash),
        cmocka_unit_test(bytes_are_bytes),
        cmocka_unit_test(an_empty_body_is_a_body),
        cmocka_unit_test(the_same_body_is_stored_once),
        cmocka_unit_test(what_was_not_put_is_not_there),
        cmocka_unit_test(what_was_not_synced_is_gone_after_a_close),
        cmocka_unit_test(a_sync_of_nothing_is_fine),
        cmocka_unit_test(batches_of_any_size_come_back_whole),
        cmocka_unit_test(many_small_bodies_are_one_batch),
        cmocka_unit_test(a_large_body_stands_among_small_ones),
        cmocka_unit_test(a_large_body_that_was_not_synced_is_gone),
        cmocka_unit_test(a_reader_with_a_ceiling_is_told),
        cmocka_unit_test(two_may_use_one_place),
    };

    for (size_t i = 0; i < KK_COUNT(tests); i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
        tests[i].initial_state = (void *)contract;
    }
    return _cmocka_run_group_tests(name, tests, KK_COUNT(tests), NULL, NULL);
}
