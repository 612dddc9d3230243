/* Coming in, being turned away, and what the log remembers of it. */
#include <zlib.h>

#include "unit/sandbox/shop.h"

#define OTHER_BROWSER "Mozilla/5.0 (X11; Linux x86_64) Other/2.0"

static struct sandbox_conf usual(void)
{
    struct sandbox_conf conf = sandbox_conf_default();

    conf.sellers = "luxmaison:40";
    return conf;
}

static struct kk_json *get(struct shop *shop, const char *target)
{
    CHECK_EQ(shop_ask(shop, target), 200);
    return shop_body(shop);
}

/* --- the home page --- */

static const char *cookie_of(const struct shop *shop, const char *name)
{
    unsigned from = 0;
    const char *cookie;

    while ((cookie = sandbox_reply_header(&shop->reply, "Set-Cookie", &from)))
        if (kk_sv_starts(kk_sv_of(cookie), kk_sv_of(name)))
            return cookie + strlen(name);
    return NULL;
}

static void the_home_page_gives_a_browser_its_cookies(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.token_life_ms = 90000;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_ask(&shop, "/"), 200);
    CHECK(strstr(cookie_of(&shop, "token="), "; Max-Age=90; Path=/; HttpOnly"));
    CHECK(kk_sv_starts(kk_sv_of(cookie_of(&shop, "token_type=")), KK_SV("Bearer;")));
    CHECK_EQ(strcspn(cookie_of(&shop, "nid="), ";"), 36);
    CHECK_EQ(cookie_of(&shop, "nid=")[14], '4');
    CHECK(kk_sv_starts(kk_sv_of(cookie_of(&shop, "mustit_uid=")), KK_SV("1700000000000.")));
    CHECK_EQ(strcspn(cookie_of(&shop, "mustit_uid="), ";"), 20);
    shop_close(&shop);
}

static void who_is_no_browser_gets_the_page_without_cookies(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop.request.user_agent = KK_SV("curl/7.88");
    CHECK_EQ(shop_ask(&shop, "/"), 200);
    CHECK(!sandbox_reply_header(&shop.reply, "Set-Cookie", NULL));
    shop.request.user_agent = KK_SV("");
    CHECK_EQ(shop_ask(&shop, "/"), 200);
    CHECK(!sandbox_reply_header(&shop.reply, "Set-Cookie", NULL));
    shop_close(&shop);
}

static void the_home_page_has_the_form_that_was_set(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.home = HOME_HOP;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_ask(&shop, "/"), 302);
    CHECK(cookie_of(&shop, "nid=") && !cookie_of(&shop, "token="));
    CHECK_EQ(shop_ask(&shop, "/v2/m"), 200);
    CHECK(cookie_of(&shop, "token="));
    shop_close(&shop);
    conf.home = HOME_FORBIDDEN;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_ask(&shop, "/"), 403);
    shop_close(&shop);
}

static void an_expires_date_comes_in_both_spellings(void **state)
{
    struct sandbox_conf conf = usual();
    bool has_spaces = false, has_dashes = false;
    struct shop shop;

    (void)state;
    conf.home = HOME_EXPIRES;
    conf.token_life_ms = 3600000;
    shop_open(&shop, &conf);
    for (int i = 0; i < 2; i++) {
        shop_ask(&shop, "/");
        has_spaces |= strstr(cookie_of(&shop, "token="), "Expires=Tue, 14 Nov 2023 23:13:20 GMT") != NULL;
        has_dashes |= strstr(cookie_of(&shop, "token="), "Expires=Tue, 14-Nov-2023 23:13:20 GMT") != NULL;
    }
    CHECK(has_spaces && has_dashes);
    shop_close(&shop);
}

/* --- coming in --- */

static void without_a_proper_token_the_api_is_closed(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 400);
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    shop.request.cookie = KK_SV("nid=1; token=abc; mustit_uid=2");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 400);
    shop.request.cookie = KK_SV("nid=1; mustit_uid=2");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    shop.request.authorization = KK_SV("Bearer a.b.c");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 401);
    shop.request.authorization = kk_sv_of(shop.authorization);
    shop.request.user_agent = KK_SV(OTHER_BROWSER);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 403);
    shop.request.user_agent = KK_SV(BROWSER);
    shop.now_ms += conf.token_life_ms;
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 401);
    shop_close(&shop);
}

static void the_81st_request_gets_a_429_and_costs_the_token(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    for (int i = 1; i < 80; i++) /* the home page was the first */
        CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 200);
    CHECK_EQ(sandbox_totals(shop.sandbox).over_limit, 0);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 429);
    CHECK_EQ(sandbox_totals(shop.sandbox).over_limit, 1);
    CHECK_EQ(sandbox_totals(shop.sandbox).busiest, 81);
    shop.now_ms += conf.window_ms;
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 401);
    CHECK_EQ(sandbox_totals(shop.sandbox).dead_token_uses, 1);
    shop.request.authorization = KK_SV("");
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 200);
    shop_close(&shop);
}

static void the_limits_429_says_when_to_come_back_if_told_to(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.limit = 1;
    conf.window_ms = 10500;
    conf.retry_after = RETRY_AFTER_SECONDS;
    shop_open(&shop, &conf);
    shop_ask(&shop, "/");
    CHECK_EQ(shop_ask(&shop, "/"), 429);
    CHECK_STR(sandbox_reply_header(&shop.reply, "retry-after", NULL), "11");
    shop_close(&shop);
    conf.retry_after = RETRY_AFTER_DATE;
    shop_open(&shop, &conf);
    shop_ask(&shop, "/");
    CHECK_EQ(shop_ask(&shop, "/"), 429);
    CHECK_STR(sandbox_reply_header(&shop.reply, "Retry-After", NULL), "Tue, 14 Nov 2023 22:13:31 GMT");
    shop_close(&shop);
}

static void a_clock_that_goes_back_changes_nothing(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.limit = 2;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    shop_list(&shop, "luxmaison", 0, 1);
    shop.now_ms -= 10 * conf.window_ms;
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 429);
    struct kk_json *json = get(&shop, "/__sandbox/log");
    CHECK_EQ(shop_i64(kk_jv_at(kk_jv_get(kk_json_root(json), "log"), 2), "at"), 1700000000000);
    kk_json_done(json);
    shop_close(&shop);
}

static void other_paths_and_methods_are_refused_and_counted(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_ask(&shop, "/mustit-api/facade-api/v1/searchmini-shop-search?sellerId=luxmaison"), 404);
    CHECK_EQ(shop_ask(&shop, "/mustit-api/facade-api/v1/item//detail/top"), 404);
    CHECK_EQ(shop_ask(&shop, "/mustit-api/facade-api/v1/item/x/detail/top"), 404);
    CHECK_EQ(shop_ask(&shop, ""), 404);
    CHECK_EQ(shop_post(&shop, "/"), 405);
    CHECK_EQ(shop_detail(&shop, 1), 404);
    CHECK_EQ(sandbox_totals(shop.sandbox).requests, 7);
    CHECK_EQ(sandbox_totals(shop.sandbox).busiest, 7);
    shop_close(&shop);
}

static void the_list_moves_where_it_is_told_to(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.list_path = "/v9/list";
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 404);
    CHECK_EQ(shop_ask(&shop, "/v9/list?sellerId=luxmaison"), 200);
    shop_close(&shop);
}

static void an_item_that_went_answers_404_or_410_and_comes_back(void **state)
{
    struct sandbox_conf conf = usual();
    int gone = 0, lost = 0;
    struct shop shop;
    char target[256];

    (void)state;
    conf.limit = 0;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    struct kk_json *truth = shop_truth(&shop);
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
        int64_t item_no = shop_i64(it.value, "itemNo");

        snprintf(target, sizeof(target), "/__sandbox/set?itemNo=%" PRId64 "&field=status&value=REMOVED", item_no);
        CHECK_EQ(shop_post(&shop, target), 200);
        int status = shop_detail(&shop, item_no);
        gone += status == 410;
        lost += status == 404;
        CHECK_EQ(shop_options(&shop, item_no), status);
        snprintf(target, sizeof(target), "/__sandbox/set?itemNo=%" PRId64 "&field=status&value=SHOWN", item_no);
        CHECK_EQ(shop_post(&shop, target), 200);
        CHECK_EQ(shop_detail(&shop, item_no), 200);
    }
    CHECK_EQ(gone + lost, 40);
    CHECK(gone > 0 && lost > 0);
    kk_json_done(truth);
    shop_close(&shop);
}

/* --- compression --- */

static void unzip(const struct shop *shop, struct kk_buf *out)
{
    z_stream stream = {.next_in = (Bytef *)shop->reply.body.ptr, .avail_in = (uInt)shop->reply.body.len};
    char *room = kk_buf_room(out, 4 << 20);

    CHECK_EQ(inflateInit2(&stream, 16 + 15), Z_OK);
    stream.next_out = (Bytef *)room;
    stream.avail_out = 4 << 20;
    CHECK_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    CHECK_EQ(stream.avail_in, 0);
    out->len += stream.total_out;
    inflateEnd(&stream);
}

/* Two sandboxes of one seed see the same requests; one visitor takes gzip. */
static void gzip_carries_the_very_same_bytes(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf plain = KK_BUF(8 << 20);
    struct sandbox_conf conf = usual();
    struct shop a, b;

    (void)state;
    conf.limit = 0;
    shop_open(&a, &conf);
    shop_open(&b, &conf);
    shop_enter(&a);
    shop_enter(&b);
    b.request.accept_encoding = KK_SV("deflate, gzip");
    struct kk_json *truth = shop_truth(&a);
    for (int round = 0; round < 2; round++)
        for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
            for (int part = 0; part < 3; part++) {
                int64_t item_no = shop_i64(it.value, "itemNo");
                struct shop *both[] = {&a, &b};

                for (int s = 0; s < 2; s++)
                    CHECK_EQ(part == 0   ? shop_detail(both[s], item_no)
                             : part == 1 ? shop_options(both[s], item_no)
                                         : shop_list(both[s], "luxmaison", 0, 1 + item_no % 40),
                             200);
                CHECK_STR(sandbox_reply_header(&b.reply, "Content-Encoding", NULL), "gzip");
                kk_buf_clear(&plain);
                unzip(&b, &plain);
                CHECK_STR(kk_buf_sv(&plain), kk_buf_sv(&a.reply.body));
            }
        }
    kk_json_done(truth);
    shop_close(&a);
    shop_close(&b);
}

static void gzip_can_be_switched_off(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    conf.has_gzip = false;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    shop.request.accept_encoding = KK_SV("gzip");
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 20), 200);
    CHECK(!sandbox_reply_header(&shop.reply, "Content-Encoding", NULL));
    shop_close(&shop);
}

/* --- moving by itself --- */

static void the_world_moves_by_itself_whenever_it_is_looked_at(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop a, b;

    (void)state;
    conf.limit = 0;
    conf.moves_per_minute = 6;
    shop_open(&a, &conf);
    shop_open(&b, &conf);
    for (int i = 0; i < 60; i++) { /* one is asked every second, the other once a minute */
        a.now_ms += 1000;
        shop_ask(&a, "/");
    }
    b.now_ms += 60000;
    shop_ask(&b, "/");
    CHECK_EQ(sandbox_last_change(a.sandbox), 6);
    struct kk_json *left = get(&a, "/__sandbox/changes");
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1 << 20);
    kk_buf_add(&text, kk_buf_sv(&a.reply.body));
    struct kk_json *right = get(&b, "/__sandbox/changes");
    CHECK_STR(kk_buf_sv(&b.reply.body), kk_buf_sv(&text));
    CHECK_EQ(shop_i64(kk_jv_at(kk_jv_get(kk_json_root(left), "changes"), 0), "at"), 1700000010000);
    kk_json_done(left);
    kk_json_done(right);
    shop_close(&a);
    shop_close(&b);
}

/* --- behind the scenes --- */

static void the_log_has_a_line_for_every_request_of_the_site(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    shop.now_ms += 5;
    shop_list(&shop, "luxmaison", 0, 20);
    shop_post(&shop, "/__sandbox/fault?name=500&count=1");
    shop_list(&shop, "luxmaison", 1, 20);
    struct kk_json *json = get(&shop, "/__sandbox/log");
    struct kk_jv lines = kk_jv_get(kk_json_root(json), "log"), second = kk_jv_at(lines, 1), third = kk_jv_at(lines, 2);
    CHECK_EQ(kk_jv_count(lines), 3);
    CHECK(kk_jv_is(kk_jv_get(kk_jv_at(lines, 0), "token"), KK_J_NULL));
    CHECK_EQ(shop_i64(second, "n"), 2);
    CHECK_EQ(shop_i64(second, "at"), 1700000000005);
    CHECK_EQ(shop_i64(second, "status"), 200);
    CHECK_STR(shop_text(second, "agent"), BROWSER);
    CHECK_STR(shop_text(second, "path"), SITE_LIST_PATH "?sellerId=luxmaison&pageNo=0&pageSize=20&order=LATEST");
    CHECK_EQ(shop_text(second, "token").len, 8);
    CHECK_STR(shop_text(third, "token"), shop_text(second, "token"));
    CHECK_STR(shop_text(third, "fault"), "500");
    CHECK(kk_jv_is(kk_jv_get(second, "fault"), KK_J_NONE));
    kk_json_done(json);
    json = get(&shop, "/__sandbox/log?after=1&limit=1");
    CHECK_EQ(kk_jv_count(kk_jv_get(kk_json_root(json), "log")), 1);
    CHECK_EQ(shop_i64(kk_jv_at(kk_jv_get(kk_json_root(json), "log"), 0), "n"), 2);
    CHECK_EQ(shop_i64(kk_json_root(json), "last"), 3);
    kk_json_done(json);
    shop_close(&shop);
}

static void the_stats_count_by_path_status_and_agent(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    shop_list(&shop, "luxmaison", 0, 20);
    shop_list(&shop, "luxmaison", 0, 20);
    shop.request.user_agent = KK_SV(OTHER_BROWSER);
    shop_list(&shop, "luxmaison", 0, 20);
    struct kk_json *json = get(&shop, "/__sandbox/stats");
    struct kk_jv root = kk_json_root(json), by_path = kk_jv_get(root, "byPath"), agents = kk_jv_get(root, "agents");
    CHECK_EQ(shop_i64(root, "requests"), 4);
    CHECK_EQ(shop_i64(root, "limit"), 80);
    CHECK_EQ(shop_i64(root, "windowMs"), 3600000);
    CHECK_EQ(shop_i64(root, "busiest"), 3);
    CHECK_EQ(shop_i64(root, "items"), 40);
    CHECK_EQ(shop_i64(kk_jv_get(by_path, "home"), "200"), 1);
    CHECK_EQ(shop_i64(kk_jv_get(by_path, "list"), "200"), 2);
    CHECK_EQ(shop_i64(kk_jv_get(by_path, "list"), "403"), 1);
    CHECK_EQ(kk_jv_count(agents), 2);
    CHECK_EQ(shop_i64(kk_jv_at(agents, 0), "requests"), 3);
    CHECK_EQ(shop_i64(kk_jv_get(root, "violations"), "overLimit"), 0);
    kk_json_done(json);
    shop_close(&shop);
}

static void moves_and_sets_answer_with_their_numbers(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_post(&shop, "/__sandbox/move?count=7&seed=3&kinds=price,stock&distinct=1"), 200);
    struct kk_json *json = shop_body(&shop);
    CHECK_EQ(shop_i64(kk_json_root(json), "made"), 7);
    CHECK_EQ(shop_i64(kk_json_root(json), "before"), 0);
    CHECK_EQ(shop_i64(kk_json_root(json), "last"), 7);
    kk_json_done(json);
    json = get(&shop, "/__sandbox/changes?after=5");
    CHECK_EQ(kk_jv_count(kk_jv_get(kk_json_root(json), "changes")), 2);
    CHECK_EQ(shop_i64(kk_jv_at(kk_jv_get(kk_json_root(json), "changes"), 0), "seq"), 6);
    kk_json_done(json);
    CHECK_EQ(shop_post(&shop, "/__sandbox/move?count=-1"), 400);
    CHECK_EQ(shop_post(&shop, "/__sandbox/move?kinds=earthquake"), 400);
    CHECK_EQ(shop_post(&shop, "/__sandbox/move?sellerId=nobody"), 404);
    CHECK_EQ(shop_post(&shop, "/__sandbox/set?itemNo=1&field=name&value=x"), 404);
    CHECK_EQ(shop_post(&shop, "/__sandbox/set?itemNo=1&field=name"), 400);
    shop_close(&shop);
}

static void controls_are_strict_and_leave_no_trace_in_the_log(void **state)
{
    struct sandbox_conf conf = usual();
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/nothing"), 404);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/move"), 405);
    CHECK_EQ(shop_post(&shop, "/__sandbox/stats"), 405);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/truth?sellerId=nobody"), 404);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/truth?itemNo=x"), 400);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/changes?after=9223372036854775807"), 200);
    CHECK_EQ(shop_ask(&shop, "/__sandbox/log?after=-5"), 200);
    CHECK_EQ(sandbox_totals(shop.sandbox).requests, 0);
    shop_close(&shop);
}

static void a_bad_setting_is_refused_with_a_sentence(void **state)
{
    struct sandbox_conf bad[8];
    struct sandbox *sandbox = NULL;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        bad[i] = sandbox_conf_default();
    bad[0].limit = -1;
    bad[1].window_ms = 0;
    bad[2].page_max = 0;
    bad[3].list_path = "list";
    bad[4].faults = "storm=1";
    bad[5].sellers = "";
    bad[6].moves_per_minute = 60001;
    bad[7].token_life_ms = 0;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct kk_err err = {0};

        CHECK_EQ(sandbox_create(&bad[i], 0, &sandbox, &err), KK_BAD_INPUT);
        CHECK(err.msg[0] != '\0' && !sandbox);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_home_page_gives_a_browser_its_cookies),
        cmocka_unit_test(who_is_no_browser_gets_the_page_without_cookies),
        cmocka_unit_test(the_home_page_has_the_form_that_was_set),
        cmocka_unit_test(an_expires_date_comes_in_both_spellings),
        cmocka_unit_test(without_a_proper_token_the_api_is_closed),
        cmocka_unit_test(the_81st_request_gets_a_429_and_costs_the_token),
        cmocka_unit_test(the_limits_429_says_when_to_come_back_if_told_to),
        cmocka_unit_test(a_clock_that_goes_back_changes_nothing),
        cmocka_unit_test(other_paths_and_methods_are_refused_and_counted),
        cmocka_unit_test(the_list_moves_where_it_is_told_to),
        cmocka_unit_test(an_item_that_went_answers_404_or_410_and_comes_back),
        cmocka_unit_test(gzip_carries_the_very_same_bytes),
        cmocka_unit_test(gzip_can_be_switched_off),
        cmocka_unit_test(the_world_moves_by_itself_whenever_it_is_looked_at),
        cmocka_unit_test(the_log_has_a_line_for_every_request_of_the_site),
        cmocka_unit_test(the_stats_count_by_path_status_and_agent),
        cmocka_unit_test(moves_and_sets_answer_with_their_numbers),
        cmocka_unit_test(controls_are_strict_and_leave_no_trace_in_the_log),
        cmocka_unit_test(a_bad_setting_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests_name("sandbox/respond", tests, NULL, NULL);
}
