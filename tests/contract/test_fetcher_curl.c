#include "adapters/fetcher/fetcher_curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_curl.h"
#include "contract/fetcher_contract.h"
#include "support/check.h"
#include "support/httpd.h"
#include "support/httpsd.h"

#define TRANSFERS_MAX 64
#define BOMB_BYTES (64 * 1024 * 1024)

/* A bit stream as deflate wants it: the lowest bit of each byte first. */
static void add_bits(struct kk_buf *out, unsigned *pending, unsigned *pending_count, unsigned bits, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        *pending |= (bits >> i & 1u) << *pending_count;
        if (++*pending_count == 8) {
            kk_buf_addc(out, (char)*pending);
            *pending = *pending_count = 0;
        }
    }
}

/* Raw deflate of len zero bytes, one byte for about 160: a literal 0, then "repeat the last byte 258 times". */
static void add_bomb(struct kk_buf *out, size_t len)
{
    unsigned pending = 0, pending_count = 0;

    add_bits(out, &pending, &pending_count, 1 | 1 << 1, 3); /* the last block, with the fixed codes */
    add_bits(out, &pending, &pending_count, 0x0C, 8);       /* literal 0: 00110000, highest bit first */
    for (size_t made = 1; made + 258 <= len; made += 258) {
        add_bits(out, &pending, &pending_count, 0xA3, 8); /* length 258: 11000101, highest bit first */
        add_bits(out, &pending, &pending_count, 0, 5);    /* distance 1 */
    }
    add_bits(out, &pending, &pending_count, 0, 7); /* end of block */
    add_bits(out, &pending, &pending_count, 0, 7); /* to a whole byte */
}

static bool reply_bomb(struct httpd_conn *conn)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf bomb = KK_BUF(BOMB_BYTES / 100);

    add_bomb(&bomb, BOMB_BYTES);
    return httpd_reply(conn, 200, "Content-Encoding: deflate\r\n", kk_buf_sv(&bomb));
}

static bool reply_huge(struct httpd_conn *conn)
{
    char *huge = calloc(1, PAGE_HUGE_BYTES);
    bool is_sent = huge && httpd_reply(conn, 200, "", (struct kk_sv){huge, PAGE_HUGE_BYTES});

    free(huge);
    return is_sent;
}

static bool reply_many_headers(struct httpd_conn *conn)
{
    httpd_send(conn, KK_SV("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 20000; i++)
        if (!httpd_send(conn, KK_SV("X-Padding: 0123456789\r\n")))
            return false;
    return httpd_send(conn, KK_SV("Content-Length: 0\r\n\r\n"));
}

static bool answer_raw(struct httpd_conn *conn, struct kk_sv path)
{
    static const struct {
        const char *path, *bytes;
        bool stays_open;
    } rows[] = {
        {"/cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie:b=2\r\nContent-Length: 0\r\n\r\n", true},
        {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", false},
        {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", false},
        {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false},
        {"/interim",
         "HTTP/1.1 103 Early\r\nLink: <early>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Late: yes\r\n\r\nok",
         true},
        {"/trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: late=1\r\n\r\n",
         true},
        {"/folded", "HTTP/1.1 200 OK\r\nX-A: one\r\n set-cookie: forged=1\r\nContent-Length: 2\r\n\r\nok", true},
        {"/no-colon", "HTTP/1.1 200 OK\r\nwords and no more\r\nContent-Length: 2\r\n\r\nok", true},
        {"/bad-gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", true},
        {"/odd-coding", "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 4\r\n\r\nnope", true},
        {"/until-close", "HTTP/1.1 200 OK\r\n\r\nall there is", false},
    };

    for (size_t i = 0; i < KK_COUNT(rows); i++)
        if (kk_sv_eq(path, kk_sv_of(rows[i].path)))
            return httpd_send(conn, kk_sv_of(rows[i].bytes)) && rows[i].stays_open;
    return httpd_reply(conn, 404, "", KK_SV("gone"));
}

static bool answer(void *ctx, struct httpd_conn *conn, const struct httpd_call *call)
{
    (void)ctx;
    if (kk_sv_eq(call->path, KK_SV("/plain")))
        return httpd_reply(conn, 200, "Content-Type: text/plain\r\n", KK_SV(PAGE_BODY));
    if (kk_sv_eq(call->path, KK_SV("/empty")))
        return httpd_reply(conn, 200, "", KK_SV(""));
    if (kk_sv_eq(call->path, KK_SV("/redirect")))
        return httpd_reply(conn, 302, "Location: /plain\r\n", KK_SV(""));
    if (kk_sv_eq(call->path, KK_SV("/echo")))
        return httpd_reply(conn, 200, "", call->headers);
    if (kk_sv_eq(call->path, KK_SV("/huge")))
        return reply_huge(conn);
    if (kk_sv_eq(call->path, KK_SV("/bomb")))
        return reply_bomb(conn);
    if (kk_sv_eq(call->path, KK_SV("/many-headers")))
        return reply_many_headers(conn);
    if (kk_sv_eq(call->path, KK_SV("/gzip")))
        return httpd_reply(conn, 200, "Content-Encoding: gzip\r\n",
                           KK_SV("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x7a\xb5\xb3\xe7\xcd\xce\x19\x4a\x56"
                                 "\x86\xb5\x00\xa7\x41\xf3\xe3\x0c\x00\x00\x00"));
    if (kk_sv_eq(call->path, KK_SV("/once"))) /* a kept connection that ends just when it is used again */
        return call->nth_on_connection == 1 && httpd_reply(conn, 200, "", KK_SV("first"));
    if (kk_sv_eq(call->path, KK_SV("/half"))) {
        httpd_send(conn, KK_SV("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nh"));
        httpd_stall(conn);
        return false;
    }
    if (kk_sv_starts(call->path, KK_SV("/stalled"))) {
        httpd_stall(conn);
        return false;
    }
    if (kk_sv_eq(call->path, KK_SV("/ended")))
        return false;
    return answer_raw(conn, call->path);
}

/* The world: a server, and all HTTP of this process. */
static struct {
    struct httpd *httpd;
    struct http *http;
    char url[HTTPD_URL_BYTES];
} world;

static struct fetcher *open_fetcher(void *ctx)
{
    struct fetcher *fetcher = NULL;
    struct kk_err err = {0};

    (void)ctx;
    world.httpd = httpd_start(answer, NULL);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = TRANSFERS_MAX}, &world.http, &err), &err);
    CHECK_OK(fetcher_curl_open(world.http, &fetcher, &err), &err);
    return fetcher;
}

static void close_world(void *ctx)
{
    (void)ctx;
    http_close(world.http);
    httpd_stop(world.httpd);
}

static const char *url_of(void *ctx, enum page page)
{
    static const char *paths[] = {
        [PAGE_PLAIN] = "/plain",     [PAGE_EMPTY] = "/empty",       [PAGE_COOKIES] = "/cookies",
        [PAGE_MISSING] = "/missing", [PAGE_REDIRECT] = "/redirect", [PAGE_ECHO] = "/echo",
        [PAGE_STALLED] = "/stalled", [PAGE_HALF_STALL] = "/half",   [PAGE_CUT] = "/cut",
        [PAGE_ENDED] = "/ended",     [PAGE_HUGE] = "/huge",         [PAGE_REFUSED] = "/",
    };

    (void)ctx;
    if (page == PAGE_REFUSED)
        snprintf(world.url, sizeof(world.url), "http://127.0.0.1:%d/", httpd_free_port());
    else
        httpd_url(world.httpd, paths[page], world.url);
    return world.url;
}

static void turn(void *ctx)
{
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(http_wait(world.http, NULL, 0, 20, &err), &err);
    http_turn(world.http);
}

/* What only this adapter can be asked: how it takes what a server on the wire can do. */

struct told {
    int count;
    enum fetch_end end;
    int http_status;
    char error[160];
    struct kk_buf body, headers;
};

static void on_fetched(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct told *told = ctx;

    (void)id;
    told->count++;
    told->end = reply->end;
    told->http_status = reply->http_status;
    memcpy(told->error, reply->error, sizeof(told->error));
    kk_buf_clear(&told->body);
    kk_buf_add(&told->body, kk_buf_sv(reply->body));
    kk_buf_clear(&told->headers);
    kk_buf_add(&told->headers, reply->headers);
}

static struct fetcher *fetcher;
static struct told told;

static int set_up(void **state)
{
    (void)state;
    fetcher = open_fetcher(NULL);
    told = (struct told){.body = KK_BUF(1 << 20), .headers = KK_BUF(1 << 20)};
    fetcher_on(fetcher, on_fetched, &told);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fetcher_close(fetcher);
    close_world(NULL);
    kk_buf_done(&told.body);
    kk_buf_done(&told.headers);
    return 0;
}

static void fetch_url(const char *url, int64_t timeout_ms)
{
    struct fetch_request request = {.url = kk_sv_of(url), .timeout_ms = timeout_ms, .max_body_bytes = 1024 * 1024};
    struct kk_err err = {0};
    int want = told.count + 1;

    CHECK_OK(fetcher_start(fetcher, 1, &request, &err), &err);
    for (int turns = 0; told.count < want; turns++) {
        CHECK(turns < 2000);
        turn(NULL);
    }
}

static void fetch(const char *path)
{
    char url[HTTPD_URL_BYTES];

    httpd_url(world.httpd, path, url);
    fetch_url(url, 10000);
}

static void check_answer(const char *path, const char *body)
{
    fetch(path);
    CHECK_STR(told.error, "");
    CHECK_EQ(told.end, FETCH_DONE);
    CHECK_EQ(told.http_status, 200);
    CHECK_STR(kk_buf_sv(&told.body), body);
}

static void check_failure(const char *path, enum fetch_end end, const char *error)
{
    fetch(path);
    CHECK_EQ(told.end, end);
    CHECK_STR(told.error, error);
}

static void compression_is_undone(void **state)
{
    (void)state;
    check_answer("/gzip", PAGE_BODY);
}

static void a_bomb_bursts_at_the_cap(void **state)
{
    (void)state;
    check_failure("/bomb", FETCH_TOO_BIG, "the body is over 1MiB");
    CHECK(told.body.len <= 1024 * 1024);
}

static void broken_compression_is_told(void **state)
{
    (void)state;
    check_failure("/bad-gzip", FETCH_BROKEN, "the body could not be decompressed");
    check_failure("/odd-coding", FETCH_BROKEN, "the body could not be decompressed");
}

static void a_chunk_cut_short_is_no_answer(void **state)
{
    (void)state;
    check_failure("/cut-chunk", FETCH_BROKEN, "the body was cut short");
}

static void what_is_not_http_is_told(void **state)
{
    (void)state;
    check_failure("/garbage", FETCH_BROKEN, "the answer is not HTTP");
}

static void headers_have_a_ceiling(void **state)
{
    (void)state;
    check_failure("/many-headers", FETCH_TOO_BIG, "the headers are over 64KiB");
}

static void a_body_may_end_with_the_connection(void **state)
{
    (void)state;
    check_answer("/until-close", "all there is");
}

static void an_interim_answer_is_not_the_answer(void **state)
{
    (void)state;
    check_answer("/interim", "ok");
    CHECK_STR(fetch_header(kk_buf_sv(&told.headers), "x-late"), "yes");
    CHECK(!fetch_header(kk_buf_sv(&told.headers), "link").ptr);
}

static void a_trailer_is_no_header(void **state)
{
    (void)state;
    check_answer("/trailers", "ok");
    CHECK(!fetch_header(kk_buf_sv(&told.headers), "set-cookie").ptr);
}

static void a_folded_line_forges_no_header(void **state)
{
    (void)state;
    check_answer("/folded", "ok");
    CHECK_STR(kk_buf_sv(&told.headers), "x-a: one\ncontent-length: 2\n");
    check_failure("/no-colon", FETCH_BROKEN, "the answer is not HTTP");
}

static void a_request_leaves_once_only(void **state)
{
    (void)state;
    check_answer("/once", "first");
    check_failure("/once", FETCH_BROKEN, "the connection ended without an answer"); /* on the connection kept */
    CHECK_EQ(httpd_call_count(world.httpd), 2);
}

static void one_connection_serves_many_requests(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        check_answer("/plain", PAGE_BODY);
    CHECK_EQ(httpd_conn_count(world.httpd), 1);
}

static void more_than_may_be_at_once_are_refused(void **state)
{
    char url[HTTPD_URL_BYTES];
    struct fetch_request request = {.timeout_ms = 10000, .max_body_bytes = 1024};
    struct kk_err err = {0};

    (void)state;
    httpd_url(world.httpd, "/stalled", url);
    request.url = kk_sv_of(url);
    for (int i = 0; i < TRANSFERS_MAX; i++)
        CHECK_OK(fetcher_start(fetcher, i, &request, &err), &err);
    CHECK_EQ(fetcher_start(fetcher, TRANSFERS_MAX, &request, &err), KK_BUSY);
    CHECK_STR(err.msg, "64 transfers are under way, as many as may be");
    fetcher_cancel_all(fetcher);
    turn(NULL);
    CHECK_EQ(told.count, TRANSFERS_MAX);
    CHECK_EQ(http_in_flight(world.http), 0);
    check_answer("/plain", PAGE_BODY);
}

static void an_error_names_the_host_and_no_secret(void **state)
{
    char url[HTTPD_URL_BYTES];

    (void)state;
    snprintf(url, sizeof(url), "http://user:pass@127.0.0.1:%d/stalled?token=hidden", httpd_free_port());
    fetch_url(url, 10000);
    CHECK_EQ(told.end, FETCH_BROKEN);
    CHECK(kk_sv_starts(kk_sv_of(told.error), KK_SV("could not connect to 127.0.0.1:")));
    CHECK(!strstr(told.error, "pass"));
    CHECK(!strstr(told.error, "hidden"));
}

/* TLS */

static void reopen_trusting(const char *ca_file)
{
    struct kk_err err = {0};

    fetcher_close(fetcher);
    http_close(world.http);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 4, .ca_file = ca_file}, &world.http, &err), &err);
    CHECK_OK(fetcher_curl_open(world.http, &fetcher, &err), &err);
    fetcher_on(fetcher, on_fetched, &told);
}

static void fetch_https(const struct httpsd *httpsd)
{
    char url[HTTPD_URL_BYTES];

    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", httpsd_port(httpsd));
    fetch_url(url, 10000);
}

static void a_certificate_of_nobody_is_refused(void **state)
{
    struct httpsd *httpsd = httpsd_start("IP:127.0.0.1");

    (void)state;
    fetch_https(httpsd);
    CHECK_EQ(told.end, FETCH_BROKEN);
    CHECK(kk_sv_starts(kk_sv_of(told.error), KK_SV("the certificate of 127.0.0.1:")));
    CHECK_EQ(httpsd_call_count(httpsd), 0);

    reopen_trusting(httpsd_ca_file(httpsd)); /* the same server, trusted: the refusal was for the right reason */
    fetch_https(httpsd);
    CHECK_EQ(told.end, FETCH_DONE);
    CHECK_STR(kk_buf_sv(&told.body), "secret");
    httpsd_stop(httpsd);
}

static void a_certificate_of_another_host_is_refused(void **state)
{
    struct httpsd *httpsd = httpsd_start("DNS:elsewhere.example");

    (void)state;
    reopen_trusting(httpsd_ca_file(httpsd));
    fetch_https(httpsd);
    CHECK_EQ(told.end, FETCH_BROKEN);
    CHECK(kk_sv_starts(kk_sv_of(told.error), KK_SV("the certificate of 127.0.0.1:")));
    CHECK_EQ(httpsd_call_count(httpsd), 0);
    httpsd_stop(httpsd);
}

static void a_server_without_tls_is_told(void **state)
{
    char url[HTTPD_URL_BYTES];

    (void)state;
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/garbage", httpd_port(world.httpd));
    fetch_url(url, 500);
    CHECK(told.end != FETCH_DONE);
    CHECK(kk_sv_find(kk_sv_of(told.error), KK_SV("127.0.0.1:")) < strlen(told.error));
}

int main(void)
{
    const struct fetcher_world contract = {
        .open = open_fetcher, .close = close_world, .url = url_of, .turn = turn, .ctx = NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compression_is_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bomb_bursts_at_the_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_compression_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chunk_cut_short_is_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_http_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_have_a_ceiling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_may_end_with_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interim_answer_is_not_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trailer_is_no_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folded_line_forges_no_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_leaves_once_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_connection_serves_many_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_may_be_at_once_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_names_the_host_and_no_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_of_nobody_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_of_another_host_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_without_tls_is_told, set_up, tear_down),
    };

    setenv("no_proxy", "127.0.0.1", 1); /* libcurl obeys the machine's proxy settings; these tests stay on loopback */
    return fetcher_contract_run("fetcher_curl", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
