/* The demo's verdict must be able to be no. */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/clock/clock_system.h"
#include "adapters/store/store_sqlite.h"
#include "cmd/demo_check.h"
#include "ports/store.h"

static bool same(const char *a, const char *b)
{
    struct kk_json *json_a = NULL, *json_b = NULL;
    struct kk_err err = {0};

    CHECK_OK(kk_json_parse(kk_sv_of(a), &json_a, &err), &err);
    CHECK_OK(kk_json_parse(kk_sv_of(b), &json_b, &err), &err);

    bool is_same = demo_json_same(kk_json_root(json_a), kk_json_root(json_b));

    kk_json_done(json_a);
    kk_json_done(json_b);
    return is_same;
}

static void values_are_the_same_in_any_order_of_members_and_in_no_other_way(void **state)
{
    (void)state;
    CHECK(same("{\"a\":1,\"b\":[1,2,{\"c\":null}]}", "{\"b\":[1,2,{\"c\":null}],\"a\":1}"));
    CHECK(!same("{\"a\":1}", "{\"a\":2}"));
    CHECK(!same("{\"a\":1}", "{\"a\":\"1\"}"));
    CHECK(!same("{\"a\":1}", "{\"a\":1,\"b\":1}"));
    CHECK(!same("{\"a\":1,\"b\":1}", "{\"a\":1}"));
    CHECK(!same("[1,2]", "[2,1]"));
    CHECK(!same("[1]", "[1,2]"));
    CHECK(!same("{\"a\":null}", "{\"b\":null}"));
    CHECK(same("[true,false,1.5,\"가\"]", "[true,false,1.5,\"가\"]"));
    CHECK(!same("true", "false"));
    CHECK(!same("1.5", "1.6"));
}

static void what_is_too_deep_is_not_the_same(void **state)
{
    char deep[202];

    (void)state;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[200] = '\0';
    CHECK(!same(deep, deep));
}

/* ---- against a store ---- */

static struct kk_clock clock_now;

struct place {
    char dir[32], database[48], events[48];
    struct store *store;
};

static int open_place(void **state)
{
    static struct place place;
    int from, to;
    struct kk_err err = {0};

    snprintf(place.dir, sizeof(place.dir), "/tmp/kk-demo-check-XXXXXX");
    if (!mkdtemp(place.dir))
        return -1;
    snprintf(place.database, sizeof(place.database), "%s/k.db", place.dir);
    snprintf(place.events, sizeof(place.events), "%s/e.ndjson", place.dir);
    clock_now = clock_system();
    CHECK_OK(store_sqlite_open(place.database, NULL, &clock_now, &place.store, &err), &err);
    CHECK_OK(store_migrate(place.store, &from, &to, &err), &err);
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[64];

    store_close(place->store);
    for (size_t i = 0; i < KK_COUNT(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", place->database, ends[i]);
        unlink(path);
    }
    unlink(place->events);
    return rmdir(place->dir);
}

static void put_version(struct store *store, int64_t item_no, int64_t version, enum change_type type)
{
    struct product product = {
        .item_no = item_no, .seller_id = "lux", .status = PRODUCT_ON_SALE, .version = version, .last_changed_at_ms = 1};
    char json[64];
    struct kk_err err = {0};

    snprintf(json, sizeof(json), "{\"itemNo\":%" PRId64 ",\"name\":\"v%" PRId64 "\"}", item_no, version);
    product.snapshot_json = KK_BUF(64);
    kk_buf_add(&product.snapshot_json, kk_sv_of(json));
    product.hash = kk_sha256(kk_sv_of(json));
    CHECK_OK(store_put_version(store, &product, type, 0, KK_SV("[]"), &err), &err);
    product_done(&product);
}

static void put_events(const struct place *place, const char *lines)
{
    FILE *out = fopen(place->events, "we");

    CHECK(out && fputs(lines, out) >= 0 && fclose(out) == 0);
}

#define EVENT(item, version, type)                                                                     \
    "{\"id\":\"" item "-" version "\",\"type\":\"kkachi.product." type "\",\"data\":{\"itemNo\":" item \
    ",\"version\":" version "}}\n"

static struct demo_result check(const struct place *place, const char *net)
{
    struct demo_result result = {0};
    struct kk_json *changes = NULL;
    struct kk_err err = {0};

    CHECK_OK(kk_json_parse(kk_sv_of(net), &changes, &err), &err);
    CHECK_OK(demo_check_changes(place->store, changes, place->events, 1, 1, &result, &err), &err);
    kk_json_done(changes);
    return result;
}

static void changes_agree_only_item_by_item(void **state)
{
    const struct place *place = *state;
    struct demo_result result;

    put_version(place->store, 7, 1, CHANGE_CREATED);
    put_version(place->store, 7, 2, CHANGE_CHANGED);
    put_version(place->store, 8, 1, CHANGE_CREATED);
    put_events(place, EVENT("7", "1", "created") EVENT("8", "1", "created") EVENT("7", "2", "changed"));

    result = check(place, "{\"net\":[{\"itemNo\":8,\"type\":\"created\"},{\"itemNo\":7,\"type\":\"changed\"}]}");
    CHECK(result.is_same);
    CHECK_EQ(result.made.of[0], 2);
    CHECK_EQ(result.version_count, 3);
    CHECK_EQ(result.event_count, 3);
    CHECK(demo_is_good(&result));

    result = check(place, "{\"net\":[{\"itemNo\":9,\"type\":\"created\"},{\"itemNo\":7,\"type\":\"changed\"}]}");
    CHECK(!result.is_same); /* as many, and others */
    CHECK_EQ(result.made.of[0], result.found.of[0]);
    CHECK(!demo_is_good(&result));

    result = check(place, "{\"net\":[{\"itemNo\":7,\"type\":\"changed\"}]}");
    CHECK(!result.is_same);
}

static void an_event_that_comes_twice_or_never_is_noticed(void **state)
{
    const char *net = "{\"net\":[{\"itemNo\":8,\"type\":\"created\"},{\"itemNo\":7,\"type\":\"changed\"}]}";
    const struct place *place = *state;
    struct demo_result result;

    put_events(place, EVENT("7", "1", "created") EVENT("8", "1", "created") EVENT("7", "2", "changed")
                          EVENT("7", "2", "changed"));
    result = check(place, net);
    CHECK_EQ(result.repeated_event_count, 1);
    CHECK(!demo_is_good(&result));

    put_events(place, EVENT("7", "1", "created") EVENT("8", "1", "created"));
    result = check(place, net);
    CHECK(!result.is_same);
    CHECK(!demo_is_good(&result));
}

static void products_are_held_against_the_truth_one_by_one(void **state)
{
    const struct place *place = *state;
    struct demo_result result = {0};
    struct kk_json *truth = NULL;
    struct kk_err err = {0};

    CHECK_OK(kk_json_parse(KK_SV("{\"items\":[{\"name\":\"v2\",\"itemNo\":7},{\"itemNo\":8,\"name\":\"other\"},"
                                 "{\"itemNo\":9,\"name\":\"v1\"}]}"),
                           &truth, &err),
             &err);
    CHECK_OK(demo_check_products(place->store, truth, &result, &err), &err);
    kk_json_done(truth);
    CHECK_EQ(result.product_count, 3);
    CHECK_EQ(result.equal_count, 1);
    CHECK_EQ(result.surplus_count, 0);

    CHECK_OK(kk_json_parse(KK_SV("{\"items\":[{\"name\":\"v2\",\"itemNo\":7}]}"), &truth, &err), &err);
    CHECK_OK(demo_check_products(place->store, truth, &result, &err), &err);
    kk_json_done(truth);
    CHECK_EQ(result.equal_count, 1);
    CHECK_EQ(result.surplus_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_same_in_any_order_of_members_and_in_no_other_way),
        cmocka_unit_test(what_is_too_deep_is_not_the_same),
        cmocka_unit_test(changes_agree_only_item_by_item),
        cmocka_unit_test(an_event_that_comes_twice_or_never_is_noticed),
        cmocka_unit_test(products_are_held_against_the_truth_one_by_one),
    };

    return cmocka_run_group_tests(tests, open_place, close_place);
}
