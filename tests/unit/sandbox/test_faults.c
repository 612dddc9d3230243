/* Every fault, as a visitor meets it. */
#include "sandbox/faults.h"

#include "unit/sandbox/shop.h"

static struct sandbox_conf quiet(void)
{
    struct sandbox_conf conf = sandbox_conf_default();

    conf.sellers = "luxmaison:40";
    conf.limit = 0;
    conf.huge_bytes = 2 * 1024 * 1024;
    return conf;
}

static int64_t first_item(const struct shop *shop, bool needs_options)
{
    struct kk_json *truth = shop_truth(shop);
    int64_t item_no = 0;

    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); item_no == 0 && kk_jiter_next(&it);)
        if (!needs_options || kk_jv_count(kk_jv_get(it.value, "options")) > 1)
            item_no = shop_i64(it.value, "itemNo");
    kk_json_done(truth);
    return item_no;
}

static void fault_on(struct shop *shop, const char *name, const char *path)
{
    char target[256];

    snprintf(target, sizeof(target), "/__sandbox/fault?name=%s&path=%s", name, path);
    CHECK_EQ(shop_post(shop, target), 200);
}

static void fault_off(struct shop *shop)
{
    CHECK_EQ(shop_post(shop, "/__sandbox/fault?name=all&rate=0"), 200);
}

static bool is_json(const struct shop *shop)
{
    struct kk_json *json = NULL;
    bool is_ok = kk_json_parse(kk_buf_sv(&shop->reply.body), &json, NULL) == KK_OK;

    kk_json_done(json);
    return is_ok;
}

static bool body_has(const struct shop *shop, const char *text)
{
    struct kk_sv body = kk_buf_sv(&shop->reply.body);

    return kk_sv_find(body, kk_sv_of(text)) < body.len;
}

static void statuses_come_as_asked_for(void **state)
{
    static const struct {
        const char *name;
        int status;
    } faults[] = {{"400", 400}, {"403", 403},           {"404", 404},     {"500", 500},
                  {"503", 503}, {"challenge_403", 403}, {"off_host", 302}};
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    int64_t item_no = first_item(&shop, true);
    for (size_t i = 0; i < KK_COUNT(faults); i++) {
        fault_on(&shop, faults[i].name, "detail");
        CHECK_EQ(shop_detail(&shop, item_no), faults[i].status);
        CHECK_STR(fault_name(shop.reply.fault), faults[i].name);
        CHECK_EQ(shop_options(&shop, item_no), 200);
        CHECK_EQ(shop.reply.fault, FAULT_NONE);
        fault_off(&shop);
        CHECK_EQ(shop_detail(&shop, item_no), 200);
    }
    shop_close(&shop);
}

static void a_429_kills_the_token_and_its_next_use_is_a_violation(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_post(&shop, "/__sandbox/fault?name=429&count=1"), 200);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 429);
    CHECK(!sandbox_reply_header(&shop.reply, "Retry-After", NULL));
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 0);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 401);
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 1);
    shop_enter(&shop); /* still carries the dead token: one more */
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 2);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 2);
    shop_close(&shop);
}

static void retry_after_comes_in_seconds_and_as_a_date(void **state)
{
    struct sandbox_conf conf = quiet();
    int seconds = 0, dates = 0;
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    fault_on(&shop, "429_retry_after", "home");
    for (int i = 0; i < 40; i++) {
        CHECK_EQ(shop_ask(&shop, "/"), 429);
        const char *value = sandbox_reply_header(&shop.reply, "Retry-After", NULL);

        CHECK(value != NULL);
        seconds += strcmp(value, "5") == 0;
        dates += strcmp(value, "Tue, 14 Nov 2023 22:13:25 GMT") == 0;
    }
    CHECK(seconds > 0 && dates > 0);
    CHECK_EQ(seconds + dates, 40);
    shop_close(&shop);
}

static void a_401_makes_the_token_void_for_good(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "401", "list");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 401);
    fault_off(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 401);
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 0); /* a 401 is no 429 */
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    shop_close(&shop);
}

static void slow_and_hang_are_told_and_not_waited_for(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "slow", "list");
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
        CHECK(is_json(&shop));
        CHECK(shop.reply.delay_ms >= conf.slow_ms / 2 && shop.reply.delay_ms <= conf.slow_ms * 3 / 2);
    }
    fault_off(&shop);
    fault_on(&shop, "hang", "list");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 0);
    CHECK(shop.reply.is_hang);
    CHECK_EQ(shop.reply.delay_ms, conf.hang_ms);
    fault_off(&shop);
    shop_list(&shop, "luxmaison", 0, 20);
    CHECK(!shop.reply.is_hang && shop.reply.delay_ms == 0);
    shop_close(&shop);
}

static void cut_ends_inside_the_body_with_and_without_a_length(void **state)
{
    struct sandbox_conf conf = quiet();
    bool chunked = false, counted = false;
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "cut", "list");
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
        CHECK(is_json(&shop)); /* the body is whole; the wire is cut */
        CHECK(shop.reply.cut_at < shop.reply.body.len);
        chunked |= shop.reply.is_chunked;
        counted |= !shop.reply.is_chunked;
    }
    CHECK(chunked && counted);
    shop_close(&shop);
}

static void broken_bodies_are_never_json(void **state)
{
    static const char *const names[] = {"garble", "short", "empty200", "challenge"};
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    struct kk_json *truth = shop_truth(&shop);
    for (size_t n = 0; n < KK_COUNT(names); n++) {
        fault_on(&shop, names[n], "");
        for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
            CHECK_EQ(shop_detail(&shop, shop_i64(it.value, "itemNo")), 200);
            CHECK(!is_json(&shop));
            CHECK_EQ(shop_options(&shop, shop_i64(it.value, "itemNo")), 200);
            CHECK(!is_json(&shop));
            CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
            CHECK(!is_json(&shop));
        }
        fault_off(&shop);
    }
    kk_json_done(truth);
    shop_close(&shop);
}

static void garble_may_say_gzip_where_gzip_was_asked_for(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;
    int false_gzip = 0;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    shop.request.accept_encoding = KK_SV("gzip, deflate");
    fault_on(&shop, "garble", "list");
    for (int i = 0; i < 40; i++) {
        shop_list(&shop, "luxmaison", 0, 20);
        if (!sandbox_reply_header(&shop.reply, "Content-Encoding", NULL))
            continue;
        false_gzip++;
        CHECK_EQ(shop.reply.body.ptr[0], '{');
    }
    CHECK(false_gzip > 0 && false_gzip < 40);
    shop_close(&shop);
}

static void a_challenge_is_a_page_of_html(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "challenge", "");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    CHECK(body_has(&shop, "<title>"));
    CHECK(kk_sv_starts(kk_sv_of(sandbox_reply_header(&shop.reply, "Content-Type", NULL)), KK_SV("text/html")));
    shop_close(&shop);
}

static void a_huge_body_is_as_large_as_was_said(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "huge", "list");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    CHECK_EQ(shop.reply.body.len, conf.huge_bytes);
    shop_close(&shop);
}

/* Whether a reader that asks for what it needs would find it: what design.md calls required. */
static bool list_is_whole(struct kk_jv root)
{
    if (!kk_jv_is(kk_jv_get(root, "items"), KK_J_ARR) || kk_jv_is(kk_jv_get(root, "count"), KK_J_NONE))
        return false;
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(root, "items")); kk_jiter_next(&it);)
        if (kk_jv_is(kk_jv_get(it.value, "itemNo"), KK_J_NONE))
            return false;
    return true;
}

static bool detail_is_whole(struct kk_jv root)
{
    static const char *const needed[] = {"sellerId", "itemNo", "itemName", "normalPrice", "sellingPrice"};

    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(root, "moduleList")); kk_jiter_next(&it);) {
        if (!kk_sv_eq(shop_text(it.value, "type"), KK_SV("ProductInfoModule")))
            continue;
        for (size_t i = 0; i < KK_COUNT(needed); i++) {
            enum kk_jtype type = kk_jv_type(kk_jv_get(kk_jv_get(it.value, "data"), needed[i]));

            if (type == KK_J_NONE || type == KK_J_OBJ)
                return false;
        }
        return true;
    }
    return false;
}

static bool options_are_whole(struct kk_jv root)
{
    if (!kk_jv_is(root, KK_J_ARR))
        return false;
    for (struct kk_jiter it = kk_jv_iter(root); kk_jiter_next(&it);) {
        enum kk_jtype stock = kk_jv_type(kk_jv_get(it.value, "stock"));

        if (kk_jv_is(kk_jv_get(it.value, "optionNo"), KK_J_NONE) || stock == KK_J_NONE || stock == KK_J_OBJ)
            return false;
    }
    return true;
}

static void check_whole(struct shop *shop, bool (*is_whole)(struct kk_jv root), bool expected)
{
    CHECK_EQ(shop->reply.status, 200);
    struct kk_json *json = shop_body(shop);

    CHECK_EQ(is_whole(kk_json_root(json)), expected);
    kk_json_done(json);
}

static void a_wrong_shape_is_json_that_lacks_what_is_needed(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    conf.sellers = "luxmaison:40,emptyshop:0";
    shop_open(&shop, &conf);
    shop_enter(&shop);
    struct kk_json *truth = shop_truth(&shop);
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
            int64_t item_no = shop_i64(it.value, "itemNo");

            shop_detail(&shop, item_no);
            check_whole(&shop, detail_is_whole, !is_wrong);
            shop_options(&shop, item_no);
            check_whole(&shop, options_are_whole, !is_wrong);
            shop_list(&shop, "luxmaison", 0, 20);
            check_whole(&shop, list_is_whole, !is_wrong);
            shop_list(&shop, "emptyshop", 0, 20);
            check_whole(&shop, list_is_whole, !is_wrong);
        }
        fault_on(&shop, "wrong_shape", "");
    }
    kk_json_done(truth);
    shop_close(&shop);
}

static void a_foreign_detail_names_another_seller(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    int64_t item_no = first_item(&shop, false);
    shop_detail(&shop, item_no);
    CHECK(body_has(&shop, "\"sellerId\":\"luxmaison\""));
    fault_on(&shop, "foreign", "");
    CHECK_EQ(shop_detail(&shop, item_no), 200);
    struct kk_json *json = shop_body(&shop);
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(json), "moduleList")); kk_jiter_next(&it);)
        if (kk_sv_eq(shop_text(it.value, "type"), KK_SV("ProductInfoModule")))
            CHECK_STR(shop_text(kk_jv_get(it.value, "data"), "sellerId"), "another.shop");
    kk_json_done(json);
    shop_close(&shop);
}

static void an_insert_shifts_the_pages_that_follow(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    conf.has_noise = false;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_post(&shop, "/__sandbox/fault?name=insert&count=1"), 200);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 10), 200);
    struct kk_json *first = shop_body(&shop);
    CHECK_EQ(sandbox_last_change(shop.sandbox), 1);
    CHECK_EQ(shop_list(&shop, "luxmaison", 1, 10), 200);
    struct kk_json *second = shop_body(&shop);
    CHECK_EQ(shop_i64(kk_json_root(first), "count"), 40);
    CHECK_EQ(shop_i64(kk_json_root(second), "count"), 41);
    CHECK_EQ(shop_i64(kk_jv_at(kk_jv_get(kk_json_root(first), "items"), 9), "itemNo"),
             shop_i64(kk_jv_at(kk_jv_get(kk_json_root(second), "items"), 0), "itemNo"));
    kk_json_done(first);
    kk_json_done(second);
    shop_close(&shop);
}

static void a_fault_ends_by_count_and_by_time(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_post(&shop, "/__sandbox/fault?name=500&count=2"), 200);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 500);
    CHECK_EQ(shop_ask(&shop, "/"), 500);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    CHECK_EQ(shop_post(&shop, "/__sandbox/fault?name=503&for=10s"), 200);
    shop.now_ms += 9999;
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 503);
    shop.now_ms += 1;
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    shop_close(&shop);
}

static void a_rate_is_kept_about(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;
    int hits = 0;

    (void)state;
    conf.faults = "500=0.25,503=0";
    shop_open(&shop, &conf);
    for (int i = 0; i < 4000; i++)
        hits += shop_ask(&shop, "/") == 500;
    CHECK(hits > 850 && hits < 1150);
    shop_close(&shop);
}

static void rates_and_names_are_read_strictly(void **state)
{
    static const char *const good[] = {"0", "1", "0.5", "0.000001", "1.0", "0.1234567"};
    static const uint32_t ppm[] = {0, 1000000, 500000, 1, 1000000, 123456};
    static const char *const bad[] = {"", ".5", "1.", "2", "1.1", "-0", "0.x", "1e-3", " 0.5"};
    struct faults faults = {0};
    uint32_t rate = 7;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(good); i++) {
        CHECK(fault_rate_parse(kk_sv_of(good[i]), &rate));
        CHECK_EQ(rate, ppm[i]);
    }
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK(!fault_rate_parse(kk_sv_of(bad[i]), &rate));
    CHECK_EQ(faults_parse(&faults, KK_SV("429=0.1,slow=1"), NULL), KK_OK);
    CHECK_EQ(faults.rule[FAULT_429].rate_ppm, 100000);
    CHECK_EQ(faults.rule[FAULT_SLOW].rate_ppm, 1000000);
    CHECK_EQ(faults_parse(&faults, KK_SV("storm=0.1"), NULL), KK_BAD_INPUT);
    CHECK_EQ(faults_parse(&faults, KK_SV("429"), NULL), KK_BAD_INPUT);
}

static void the_home_page_fails_in_its_own_ways(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    fault_on(&shop, "home_no_cookie", "");
    CHECK_EQ(shop_ask(&shop, "/"), 200);
    CHECK(!sandbox_reply_header(&shop.reply, "Set-Cookie", NULL));
    fault_off(&shop);
    fault_on(&shop, "home_403", "");
    CHECK_EQ(shop_ask(&shop, "/"), 403);
    fault_off(&shop);
    fault_on(&shop, "home_expires", "");
    CHECK_EQ(shop_ask(&shop, "/"), 200);
    CHECK(strstr(sandbox_reply_header(&shop.reply, "Set-Cookie", NULL), "Expires="));
    CHECK(!strstr(sandbox_reply_header(&shop.reply, "Set-Cookie", NULL), "Max-Age"));
    CHECK(shop_keep_token(&shop));
    fault_off(&shop);
    fault_on(&shop, "home_hop", "");
    CHECK_EQ(shop_ask(&shop, "/"), 302);
    CHECK(!shop_keep_token(&shop));
    CHECK_EQ(shop_ask(&shop, sandbox_reply_header(&shop.reply, "Location", NULL)), 200);
    CHECK(shop_keep_token(&shop));
    shop_close(&shop);
}

static void a_hop_leads_to_where_it_came_from(void **state)
{
    struct sandbox_conf conf = quiet();
    struct shop shop;
    char where[SANDBOX_HEADER_BYTES];

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    fault_on(&shop, "hop", "detail");
    CHECK_EQ(shop_detail(&shop, first_item(&shop, true)), 302);
    snprintf(where, sizeof(where), "%s", sandbox_reply_header(&shop.reply, "Location", NULL));
    CHECK_EQ(shop_ask(&shop, where), 302);
    CHECK_STR(sandbox_reply_header(&shop.reply, "Location", NULL), where);
    fault_off(&shop);
    CHECK_EQ(shop_ask(&shop, where), 200);
    shop_close(&shop);
}

static void a_fault_cannot_be_put_where_it_has_no_meaning(void **state)
{
    static const char *const bad[] = {
        "name=foreign&path=list", "name=home_403&path=detail", "name=storm",        "rate=1",
        "name=429&rate=2",        "name=429&path=moon",        "name=429&for=soon", "name=429&count=x"};
    struct sandbox_conf conf = quiet();
    struct shop shop;
    char target[256];

    (void)state;
    shop_open(&shop, &conf);
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        snprintf(target, sizeof(target), "/__sandbox/fault?%s", bad[i]);
        CHECK_EQ(shop_post(&shop, target), 400);
        CHECK(body_has(&shop, "{\"error\":\""));
    }
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_come_as_asked_for),
        cmocka_unit_test(a_429_kills_the_token_and_its_next_use_is_a_violation),
        cmocka_unit_test(retry_after_comes_in_seconds_and_as_a_date),
        cmocka_unit_test(a_401_makes_the_token_void_for_good),
        cmocka_unit_test(slow_and_hang_are_told_and_not_waited_for),
        cmocka_unit_test(cut_ends_inside_the_body_with_and_without_a_length),
        cmocka_unit_test(broken_bodies_are_never_json),
        cmocka_unit_test(garble_may_say_gzip_where_gzip_was_asked_for),
        cmocka_unit_test(a_challenge_is_a_page_of_html),
        cmocka_unit_test(a_huge_body_is_as_large_as_was_said),
        cmocka_unit_test(a_wrong_shape_is_json_that_lacks_what_is_needed),
        cmocka_unit_test(a_foreign_detail_names_another_seller),
        cmocka_unit_test(an_insert_shifts_the_pages_that_follow),
        cmocka_unit_test(a_fault_ends_by_count_and_by_time),
        cmocka_unit_test(a_rate_is_kept_about),
        cmocka_unit_test(rates_and_names_are_read_strictly),
        cmocka_unit_test(the_home_page_fails_in_its_own_ways),
        cmocka_unit_test(a_hop_leads_to_where_it_came_from),
        cmocka_unit_test(a_fault_cannot_be_put_where_it_has_no_meaning),
    };

    return cmocka_run_group_tests_name("sandbox/faults", tests, NULL, NULL);
}
