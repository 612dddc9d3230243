#include "core/change.h"

#include <string.h>

#include "support/check.h"

static struct change_event changed(void)
{
    return (struct change_event){
        .item_no = 117757690,
        .version = 4,
        .type = CHANGE_CHANGED,
        .seller_id = "luxmaison",
        .at_ms = INT64_C(1795339800123),
        .hash = kk_sha256(KK_SV("now")),
        .previous_hash = kk_sha256(KK_SV("before")),
        .changes_json = KK_SV("[{\"field\":\"sellingPrice\",\"from\":545600,\"to\":529000}]"),
        .product_json = KK_SV("{\"itemNo\":117757690}"),
    };
}

/* design.md section 7, to the letter. */
static void an_event_is_one_cloudevents_object(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(65536), expected = KK_BUF(65536);
    struct change_event event = changed();
    char hash[KK_HASH_TEXT_BYTES], previous[KK_HASH_TEXT_BYTES];

    (void)state;
    kk_hash_text(&event.hash, hash);
    kk_hash_text(&event.previous_hash, previous);
    kk_buf_addf(&expected,
                "{\"specversion\":\"1.0\",\"id\":\"117757690-4\",\"source\":\"kkachi/mustit\","
                "\"type\":\"kkachi.product.changed\",\"subject\":\"117757690\",\"time\":\"2026-11-22T09:30:00.123Z\","
                "\"datacontenttype\":\"application/json\",\"data\":{\"sellerId\":\"luxmaison\",\"itemNo\":117757690,"
                "\"version\":4,\"hash\":\"%s\",\"previousHash\":\"%s\","
                "\"changes\":[{\"field\":\"sellingPrice\",\"from\":545600,\"to\":529000}],"
                "\"product\":{\"itemNo\":117757690}}}",
                hash, previous);
    change_event_write(&event, &out);
    CHECK_STR(kk_buf_sv(&out), kk_buf_sv(&expected));
}

static void a_first_version_has_no_hash_before_it(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(65536);
    struct change_event event = changed();

    (void)state;
    event.type = CHANGE_CREATED;
    event.version = 1;
    event.previous_hash = (struct kk_hash){0};
    change_event_write(&event, &out);
    CHECK(strstr(kk_buf_cstr(&out), "\"previousHash\":null,") != NULL);
    CHECK(strstr(kk_buf_cstr(&out), "\"id\":\"117757690-1\"") != NULL);
}

static void every_type_is_read_back(void **state)
{
    enum change_type type;

    (void)state;
    for (int t = CHANGE_CREATED; t <= CHANGE_RETURNED; t++) {
        CHECK(change_type_parse(kk_sv_of(change_type_name((enum change_type)t)), &type));
        CHECK_EQ(type, t);
    }
    CHECK(!change_type_parse(KK_SV("kkachi.product"), &type));
    CHECK_STR(change_type_name(CHANGE_RETURNED), "kkachi.product.returned");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_cloudevents_object),
        cmocka_unit_test(a_first_version_has_no_hash_before_it),
        cmocka_unit_test(every_type_is_read_back),
    };

    return cmocka_run_group_tests_name("core/event", tests, NULL, NULL);
}
