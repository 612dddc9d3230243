#include "contract/fetcher_contract.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

#define TURNS_MAX 20000
#define MANY 1000
#define AT_ONCE 64

/* One test's view: the fetcher, and what was told. */
struct view {
    const struct fetcher_world *world;
    struct fetcher *fetcher;
    int told[MANY]; /* by id */
    int told_count;
    bool is_starting;
    int left_to_start; /* started one by one from on_fetched */
    int next_id;
    bool takes_bodies;
    struct kk_buf body, headers, taken;
    struct fetch_reply last; /* headers and body copied */
};

static void start_page(struct view *view, int64_t id, enum page page);

static void on_fetched(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct view *view = ctx;

    CHECK(!view->is_starting);
    CHECK(id >= 0 && id < MANY);
    view->told[id]++;
    view->told_count++;
    view->last = *reply;
    kk_buf_clear(&view->body);
    kk_buf_add(&view->body, kk_buf_sv(reply->body));
    kk_buf_clear(&view->headers);
    kk_buf_add(&view->headers, reply->headers);
    if (view->takes_bodies) {
        kk_buf_done(&view->taken);
        view->taken = *reply->body;
        *reply->body = (struct kk_buf){0};
    }
    if (view->left_to_start > 0) {
        view->left_to_start--;
        start_page(view, view->next_id++, PAGE_PLAIN);
    }
}

static enum kk_code start(struct view *view, int64_t id, const struct fetch_request *request, struct kk_err *err)
{
    view->is_starting = true;

    enum kk_code rc = fetcher_start(view->fetcher, id, request, err);

    view->is_starting = false;
    return rc;
}

static void start_with(struct view *view, int64_t id, enum page page, const char *headers, int64_t timeout_ms,
                       size_t max_body_bytes)
{
    struct fetch_request request = {
        .url = kk_sv_of(view->world->url(view->world->ctx, page)),
        .headers = kk_sv_of(headers),
        .timeout_ms = timeout_ms,
        .max_body_bytes = max_body_bytes,
    };
    struct kk_err err = {0};

    CHECK_OK(start(view, id, &request, &err), &err);
}

static void start_page(struct view *view, int64_t id, enum page page)
{
    start_with(view, id, page, "Accept: */*\n", 10000, 1024 * 1024);
}

static void turn_until(struct view *view, int count)
{
    for (int turns = 0; view->told_count < count; turns++) {
        CHECK(turns < TURNS_MAX);
        view->world->turn(view->world->ctx);
    }
}

static void fetch(struct view *view, enum page page)
{
    start_page(view, 0, page);
    turn_until(view, 1);
    CHECK_EQ(view->told[0], 1);
}

static int set_up(void **state)
{
    static struct view view;
    const struct fetcher_world *world = *state;

    view = (struct view){.world = world, .body = KK_BUF(1 << 20), .headers = KK_BUF(1 << 20)};
    view.fetcher = world->open(world->ctx);
    fetcher_on(view.fetcher, on_fetched, &view);
    *state = &view;
    return 0;
}

static int tear_down(void **state)
{
    struct view *view = *state;

    fetcher_close(view->fetcher);
    view->world->close(view->world->ctx);
    kk_buf_done(&view->body);
    kk_buf_done(&view->headers);
    kk_buf_done(&view->taken);
    return 0;
}

static void an_answer_comes_with_status_headers_and_body(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_PLAIN);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_EQ(view->last.http_status, 200);
    CHECK_STR(kk_buf_sv(&view->body), PAGE_BODY);
    CHECK_STR(fetch_header(kk_buf_sv(&view->headers), "content-type"), "text/plain");
    CHECK(view->last.latency_ms >= 0);
    CHECK_STR(view->last.error, "");
}

static void an_empty_body_is_an_answer(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_EMPTY);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_EQ(view->body.len, 0);
}

static void every_cookie_line_is_kept(void **state)
{
    struct view *view = *state;
    struct kk_sv rest;

    fetch(view, PAGE_COOKIES);
    rest = kk_buf_sv(&view->headers);
    CHECK_STR(fetch_header_next(&rest, "set-cookie"), "a=1; Path=/");
    CHECK_STR(fetch_header_next(&rest, "set-cookie"), "b=2");
    CHECK(!fetch_header_next(&rest, "set-cookie").ptr);
}

static void a_404_is_an_answer_like_any_other(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_MISSING);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_EQ(view->last.http_status, 404);
    CHECK_STR(kk_buf_sv(&view->body), "gone");
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_REDIRECT);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_EQ(view->last.http_status, 302);
    CHECK(fetch_header(kk_buf_sv(&view->headers), "location").len > 0);
}

static void the_headers_of_a_request_are_its_own(void **state)
{
    struct view *view = *state;
    struct kk_sv body;

    start_with(view, 0, PAGE_ECHO, "User-Agent: Magpie/1\nAuthorization: Bearer first\n", 10000, 1024 * 1024);
    turn_until(view, 1);
    body = kk_buf_sv(&view->body);
    CHECK(kk_sv_find(body, KK_SV("User-Agent: Magpie/1")) < body.len);
    CHECK(kk_sv_find(body, KK_SV("Authorization: Bearer first")) < body.len);

    start_with(view, 1, PAGE_ECHO, "User-Agent: Magpie/2\n", 10000, 1024 * 1024); /* nothing is left of the first */
    turn_until(view, 2);
    body = kk_buf_sv(&view->body);
    CHECK(kk_sv_find(body, KK_SV("User-Agent: Magpie/2")) < body.len);
    CHECK(kk_sv_find(body, KK_SV("Bearer")) == body.len);
}

static void a_site_that_does_not_answer_times_out(void **state)
{
    struct view *view = *state;

    start_with(view, 0, PAGE_STALLED, "", 150, 1024);
    turn_until(view, 1);
    CHECK_EQ(view->last.end, FETCH_TIMED_OUT);
    CHECK_EQ(view->last.http_status, 0);
    CHECK_STR(view->last.error, "no answer within 150ms");
}

static void an_answer_that_stops_half_way_times_out(void **state)
{
    struct view *view = *state;

    start_with(view, 0, PAGE_HALF_STALL, "", 150, 1024);
    turn_until(view, 1);
    CHECK_EQ(view->last.end, FETCH_TIMED_OUT);
    CHECK_STR(view->last.error, "the answer was not complete within 150ms");
}

static void a_body_cut_short_is_no_answer(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_CUT);
    CHECK_EQ(view->last.end, FETCH_BROKEN);
    CHECK_STR(view->last.error, "the body was cut short");
}

static void a_connection_that_ends_is_no_answer(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_ENDED);
    CHECK_EQ(view->last.end, FETCH_BROKEN);
    CHECK_EQ(view->last.http_status, 0);
    CHECK(view->last.error[0]);
}

static void a_body_over_its_cap_is_not_kept(void **state)
{
    struct view *view = *state;

    start_with(view, 0, PAGE_HUGE, "", 10000, 64 * 1024);
    turn_until(view, 1);
    CHECK_EQ(view->last.end, FETCH_TOO_BIG);
    CHECK(view->body.len <= 64 * 1024);
    CHECK_STR(view->last.error, "the body is over 64KiB");
}

static void a_body_at_its_cap_is_whole(void **state)
{
    struct view *view = *state;

    start_with(view, 0, PAGE_HUGE, "", 10000, PAGE_HUGE_BYTES);
    turn_until(view, 1);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_EQ(view->body.len, PAGE_HUGE_BYTES);
}

static void a_site_that_refuses_is_told(void **state)
{
    struct view *view = *state;

    fetch(view, PAGE_REFUSED);
    CHECK_EQ(view->last.end, FETCH_BROKEN);
    CHECK_EQ(view->last.http_status, 0);
    CHECK(kk_sv_starts(kk_sv_of(view->last.error), KK_SV("could not connect to ")));
    CHECK(kk_sv_find(kk_sv_of(view->last.error), KK_SV("(connection refused)")) < strlen(view->last.error));
}

static void a_thousand_requests_are_each_told_once(void **state)
{
    struct view *view = *state;

    view->left_to_start = MANY - AT_ONCE;
    view->next_id = AT_ONCE;
    for (int id = 0; id < AT_ONCE; id++)
        start_page(view, id, PAGE_PLAIN);
    turn_until(view, MANY);
    for (int turns = 0; turns < 3; turns++)
        view->world->turn(view->world->ctx);
    for (int id = 0; id < MANY; id++)
        CHECK_EQ(view->told[id], 1);
}

static void what_is_cancelled_is_told_once_and_later(void **state)
{
    struct view *view = *state;

    for (int id = 0; id < 10; id++)
        start_page(view, id, PAGE_STALLED);
    view->world->turn(view->world->ctx);
    view->is_starting = true; /* on_fetched checks that it is not called from inside */
    fetcher_cancel_all(view->fetcher);
    fetcher_cancel_all(view->fetcher);
    view->is_starting = false;
    turn_until(view, 10);
    view->world->turn(view->world->ctx);
    for (int id = 0; id < 10; id++)
        CHECK_EQ(view->told[id], 1);
    CHECK_EQ(view->last.end, FETCH_CANCELLED);
}

static void a_fetcher_works_on_after_a_cancel(void **state)
{
    struct view *view = *state;

    start_page(view, 1, PAGE_STALLED);
    fetcher_cancel_all(view->fetcher);
    turn_until(view, 1);
    start_page(view, 0, PAGE_PLAIN);
    turn_until(view, 2);
    CHECK_EQ(view->last.end, FETCH_DONE);
    CHECK_STR(kk_buf_sv(&view->body), PAGE_BODY);
}

static void a_body_may_be_taken(void **state)
{
    struct view *view = *state;

    view->takes_bodies = true;
    fetch(view, PAGE_PLAIN);
    CHECK_STR(kk_buf_sv(&view->taken), PAGE_BODY);
    start_page(view, 1, PAGE_MISSING);
    turn_until(view, 2);
    CHECK_STR(kk_buf_sv(&view->taken), "gone");
}

static void closing_tells_nothing_more(void **state)
{
    struct view *view = *state;
    const struct fetcher_world *world = view->world;

    for (int id = 0; id < 5; id++)
        start_page(view, id, PAGE_STALLED);
    world->turn(world->ctx);
    fetcher_cancel_all(view->fetcher);
    fetcher_close(view->fetcher);
    view->fetcher = NULL;
    world->turn(world->ctx);
    CHECK_EQ(view->told_count, 0);
}

static void what_is_no_address_is_refused_at_once(void **state)
{
    static const char *bad[] = {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a b/", "http://a/\nX: y"};
    struct view *view = *state;
    struct kk_err err = {0};

    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct fetch_request request = {.url = kk_sv_of(bad[i]), .timeout_ms = 1000, .max_body_bytes = 10};

        CHECK_EQ(start(view, 0, &request, &err), KK_BAD_INPUT);
        CHECK(err.msg[0]);
    }
    view->world->turn(view->world->ctx);
    CHECK_EQ(view->told_count, 0);
}

static void a_header_cannot_smuggle_another(void **state)
{
    static const char *bad[] = {"A: b\r\nC: d\n", "No colon\n", "A: b\x01\n"};
    struct view *view = *state;
    struct kk_err err = {0};

    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct fetch_request request = {.url = kk_sv_of(view->world->url(view->world->ctx, PAGE_PLAIN)),
                                        .headers = kk_sv_of(bad[i]),
                                        .timeout_ms = 1000,
                                        .max_body_bytes = 10};

        CHECK_EQ(start(view, 0, &request, &err), KK_BAD_INPUT);
    }
}

int fetcher_contract_run(const char *name, const struct fetcher_world *world)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_with_status_headers_and_body),
        cmocka_unit_test(an_empty_body_is_an_answer),
        cmocka_unit_test(every_cookie_line_is_kept),
        cmocka_unit_test(a_404_is_an_answer_like_any_other),
        cmocka_unit_test(a_redirect_is_told_and_not_followed),
        cmocka_unit_test(the_headers_of_a_request_are_its_own),
        cmocka_unit_test(a_site_that_does_not_answer_times_out),
        cmocka_unit_test(an_answer_that_stops_half_way_times_out),
        cmocka_unit_test(a_body_cut_short_is_no_answer),
        cmocka_unit_test(a_connection_that_ends_is_no_answer),
        cmocka_unit_test(a_body_over_its_cap_is_not_kept),
        cmocka_unit_test(a_body_at_its_cap_is_whole),
        cmocka_unit_test(a_site_that_refuses_is_told),
        cmocka_unit_test(a_thousand_requests_are_each_told_once),
        cmocka_unit_test(what_is_cancelled_is_told_once_and_later),
        cmocka_unit_test(a_fetcher_works_on_after_a_cancel),
        cmocka_unit_test(a_body_may_be_taken),
        cmocka_unit_test(closing_tells_nothing_more),
        cmocka_unit_test(what_is_no_address_is_refused_at_once),
        cmocka_unit_test(a_header_cannot_smuggle_another),
    };

    for (size_t i = 0; i < KK_COUNT(tests); i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
        tests[i].initial_state = (void *)world;
    }
    return _cmocka_run_group_tests(name, tests, KK_COUNT(tests), NULL, NULL);
}
