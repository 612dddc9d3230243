#include "base/json.h"

#include "support/check.h"

static struct kk_json *parsed(struct kk_sv text)
{
    struct kk_json *json = NULL;
    struct kk_err err;

    CHECK_OK(kk_json_parse(text, &json, &err), &err);
    return json;
}

static void values_are_found_with_their_types(void **state)
{
    KK_CLEANUP(kk_json_cleanup)
    struct kk_json *json =
        parsed(KK_SV("{\"n\":null,\"b\":true,\"i\":-7,\"r\":1.5,\"s\":\"까치\",\"a\":[1,2],\"o\":{}}"));
    struct kk_jv root = kk_json_root(json);
    int64_t i;
    double r;
    bool b;
    struct kk_sv s;

    (void)state;
    CHECK_EQ(kk_jv_type(root), KK_J_OBJ);
    CHECK_EQ(kk_jv_count(root), 7);
    CHECK(kk_jv_is(kk_jv_get(root, "n"), KK_J_NULL));
    CHECK(kk_jv_bool(kk_jv_get(root, "b"), &b) && b);
    CHECK(kk_jv_i64(kk_jv_get(root, "i"), &i));
    CHECK_EQ(i, -7);
    CHECK(kk_jv_f64(kk_jv_get(root, "i"), &r) && r >= -7 && r <= -7);
    CHECK(kk_jv_is(kk_jv_get(root, "r"), KK_J_REAL));
    CHECK(kk_jv_f64(kk_jv_get(root, "r"), &r) && r >= 1.5 && r <= 1.5);
    CHECK(!kk_jv_i64(kk_jv_get(root, "r"), &i));
    CHECK(kk_jv_str(kk_jv_get(root, "s"), &s));
    CHECK_STR(s, "까치");
    CHECK(kk_jv_is(kk_jv_get(root, "a"), KK_J_ARR));
    CHECK(kk_jv_i64(kk_jv_at(kk_jv_get(root, "a"), 1), &i));
    CHECK_EQ(i, 2);
    CHECK_EQ(kk_jv_count(kk_jv_get(root, "o")), 0);
}

static void what_is_not_there_is_none_all_the_way_down(void **state)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = parsed(KK_SV("{\"a\":[1],\"s\":\"x\"}"));
    struct kk_jv root = kk_json_root(json), none = kk_jv_get(root, "z");
    struct kk_sv s;
    int64_t i;
    double r;
    bool b;

    (void)state;
    CHECK_EQ(kk_jv_type(none), KK_J_NONE);
    CHECK(kk_jv_is(kk_jv_get(none, "z"), KK_J_NONE));
    CHECK(kk_jv_is(kk_jv_at(none, 0), KK_J_NONE));
    CHECK(kk_jv_is(kk_jv_at(kk_jv_get(root, "a"), 1), KK_J_NONE));
    CHECK(kk_jv_is(kk_jv_at(root, 0), KK_J_NONE));
    CHECK(kk_jv_is(kk_jv_get(kk_jv_get(root, "a"), "a"), KK_J_NONE));
    CHECK(kk_jv_is(kk_jv_get(kk_jv_get(root, "s"), "a"), KK_J_NONE));
    CHECK_EQ(kk_jv_count(none), 0);
    CHECK_EQ(kk_jv_count(kk_jv_get(root, "s")), 0);
    CHECK(!kk_jv_str(none, &s) && !kk_jv_i64(none, &i) && !kk_jv_f64(none, &r) && !kk_jv_bool(none, &b));
    CHECK(!kk_jv_i64(kk_jv_get(root, "s"), &i));
    CHECK(!kk_jv_str(kk_jv_get(root, "a"), &s));
}

static void whole_numbers_are_exact_in_64_bits_and_real_past_them(void **state)
{
    KK_CLEANUP(kk_json_cleanup)
    struct kk_json *json = parsed(KK_SV("[9223372036854775807,-9223372036854775808,9007199254740993,"
                                        "9223372036854775808,18446744073709551616,-9223372036854775809,1.0,1e2,-0]"));
    struct kk_jv root = kk_json_root(json);
    static const int64_t want[] = {INT64_MAX, INT64_MIN, INT64_C(9007199254740993)};
    int64_t i = 0;
    double r;

    (void)state;
    for (size_t at = 0; at < KK_COUNT(want); at++) {
        CHECK(kk_jv_i64(kk_jv_at(root, at), &i));
        CHECK_EQ(i, want[at]);
    }
    for (size_t at = KK_COUNT(want); at < 8; at++) {
        CHECK_EQ(kk_jv_type(kk_jv_at(root, at)), KK_J_REAL);
        CHECK(!kk_jv_i64(kk_jv_at(root, at), &i));
        CHECK(kk_jv_f64(kk_jv_at(root, at), &r));
    }
}

static void what_is_no_json_is_refused_with_a_place(void **state)
{
    static const struct kk_sv bad[] = {
        {"", 0},
        {NULL, 0},
        {" ", 1},
        {"{", 1},
        {"[1,]", 4},
        {"{\"a\":1,}", 8},
        {"{a:1}", 5},
        {"{'a':1}", 7},
        {"[1] x", 5},
        {"[1][2]", 6},
        {"{}\0", 3},
        {"nul", 3},
        {"NaN", 3},
        {"[Infinity]", 10},
        {"[-Infinity]", 11},
        {"[1e999]", 7},
        {"[01]", 4},
        {"[1.]", 4},
        {"[.5]", 4},
        {"[+1]", 4},
        {"[0x1]", 5},
        {"// c\n1", 6},
        {"/**/1", 5},
        {"\"\\x\"", 4},
        {"\"\\ud800\"", 8},         /* half a pair */
        {"\"\\ude00\\ud800\"", 14}, /* a pair the wrong way round */
        {"\"a\nb\"", 5},            /* a raw control byte */
        {"\"\xFF\"", 3},
        {"\"\xC0\xAF\"", 4},
        {"\"\xED\xA0\x80\"", 5},
        {"\"\xEA\xB0\"", 4},
        {"<!DOCTYPE html>", 15},
        {"\xEF\xBB\xBF{}", 5}, /* a byte order mark has no place in JSON */
    };
    struct kk_json *json = NULL;
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        if (kk_json_parse(bad[i], &json, &err) == KK_OK)
            print_error("row %zu was taken for JSON\n", i);
        CHECK_EQ(kk_json_parse(bad[i], &json, &err), KK_MISMATCH);
        CHECK(json == NULL);
    }
    CHECK_EQ(kk_json_parse(KK_SV("[1,2,x]"), &json, &err), KK_MISMATCH);
    CHECK_STR(kk_sv_cut(&(struct kk_sv){err.msg, strlen(err.msg)}, ':'), "no JSON");
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV(" at byte 5 of 7")) < strlen(err.msg));
}

static void bytes_past_the_view_are_never_read(void **state)
{
    /* In memory of exactly its size, so that the sanitizer sees any step past its end. */
    static const char text[] = {'[', '1', ',', '2', '3', ']'};
    struct kk_json *json = NULL;

    (void)state;
    for (size_t len = 0; len <= sizeof(text); len++) {
        char *exact = malloc(len ? len : 1);

        CHECK(exact != NULL);
        memcpy(exact, text, len);

        enum kk_code rc = kk_json_parse((struct kk_sv){exact, len}, &json, NULL);

        free(exact);
        CHECK_EQ(rc, len == sizeof(text) ? KK_OK : KK_MISMATCH);
    }

    int64_t i;

    CHECK(kk_jv_i64(kk_jv_at(kk_json_root(json), 1), &i)); /* the text is gone; the values are the document's own */
    CHECK_EQ(i, 23);
    kk_json_done(json);
    kk_json_done(NULL);
}

static void a_deep_document_costs_no_stack(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(4000000);
    struct kk_json *json = NULL;
    struct kk_jv value;
    size_t depth = 1000000, reached = 0;

    (void)state;
    memset(kk_buf_room(&buf, 2 * depth), '[', depth);
    memset(buf.ptr + depth, ']', depth);
    buf.len = 2 * depth;
    CHECK_OK(kk_json_parse(kk_buf_sv(&buf), &json, NULL), NULL);
    for (value = kk_json_root(json); kk_jv_count(value) > 0; value = kk_jv_at(value, 0))
        reached++;
    CHECK_EQ(reached, depth - 1);
    kk_json_done(json);
    buf.len--;
    json = NULL;
    CHECK_EQ(kk_json_parse(kk_buf_sv(&buf), &json, NULL), KK_MISMATCH);
}

static void strings_may_hold_nul_bytes_and_escapes(void **state)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = parsed(KK_SV("[\"a\\u0000b\",\"\\ud83d\\udc26\\uAE4C\\/\"]"));
    struct kk_sv s;

    (void)state;
    CHECK(kk_jv_str(kk_jv_at(kk_json_root(json), 0), &s));
    CHECK_STR(s, KK_SV("a\0b"));
    CHECK(kk_jv_str(kk_jv_at(kk_json_root(json), 1), &s));
    CHECK_STR(s, "\xF0\x9F\x90\xA6까/");
}

static void of_two_equal_names_the_first_counts(void **state)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = parsed(KK_SV("{\"a\":1,\"a\":2}"));
    int64_t i;

    (void)state;
    CHECK(kk_jv_i64(kk_jv_get(kk_json_root(json), "a"), &i));
    CHECK_EQ(i, 1);
}

static void iterating_gives_every_member_in_order(void **state)
{
    KK_CLEANUP(kk_json_cleanup)
    struct kk_json *json = parsed(KK_SV("{\"x\":[10,[20,21],30],\"y\":{},\"z\":3}"));
    struct kk_jiter it = kk_jv_iter(kk_json_root(json));
    int64_t i = 0, sum = 0;

    (void)state;
    CHECK(kk_jiter_next(&it));
    CHECK_STR(it.key, "x");
    for (struct kk_jiter in = kk_jv_iter(it.value); kk_jiter_next(&in);)
        sum += kk_jv_i64(in.value, &i) ? i : 1;
    CHECK_EQ(sum, 41);
    CHECK(kk_jiter_next(&it));
    CHECK_STR(it.key, "y");

    struct kk_jiter empty = kk_jv_iter(it.value);

    CHECK(!kk_jiter_next(&empty));
    CHECK(kk_jiter_next(&it));
    CHECK_STR(it.key, "z");
    CHECK(kk_jv_i64(it.value, &i));
    CHECK_EQ(i, 3);

    struct kk_jiter none = kk_jv_iter(it.value);

    CHECK(!kk_jiter_next(&none));
    CHECK(!kk_jiter_next(&it));
    CHECK(!kk_jiter_next(&it));
}

static void commas_come_where_they_are_due(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(1000);

    (void)state;
    kk_jw_open(&out, '{');
    kk_jw_key_str(&out, "s", KK_SV("x{["));
    kk_jw_key_i64(&out, "i", -5);
    kk_jw_key_bool(&out, "b", false);
    kk_jw_key_time(&out, "t", 1);
    kk_jw_key_time(&out, "never", 0);
    kk_jw_key(&out, "a");
    kk_jw_open(&out, '[');
    kk_jw_open(&out, '[');
    kk_jw_close(&out, ']');
    kk_jw_open(&out, '{');
    kk_jw_close(&out, '}');
    kk_jw_null(&out);
    kk_jw_bool(&out, true);
    kk_jw_f64(&out, 1.25, 1);
    kk_jw_f64(&out, NAN, 1);
    kk_jw_f64(&out, -INFINITY, 1);
    kk_jw_str(&out, KK_SV(","));
    kk_jw_raw(&out, KK_SV("{\"raw\":1}\n"));
    kk_jw_i64(&out, 2);
    kk_jw_close(&out, ']');
    kk_jw_close(&out, '}');
    CHECK_STR(kk_buf_sv(&out), "{\"s\":\"x{[\",\"i\":-5,\"b\":false,\"t\":\"1970-01-01T00:00:00.001Z\",\"never\":null,"
                               "\"a\":[[],{},null,true,1.2,null,null,\",\",{\"raw\":1},2]}");
}

static void each_line_of_a_file_starts_without_a_comma(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(1000);

    (void)state;
    for (int i = 0; i < 2; i++) {
        kk_jw_open(&out, '{');
        kk_jw_close(&out, '}');
        kk_buf_addc(&out, '\n');
    }
    kk_buf_add(&out, KK_SV("data: "));
    kk_jw_i64(&out, 1);
    CHECK_STR(kk_buf_sv(&out), "{}\n{}\ndata: 1");
}

static void strings_are_escaped_as_little_as_json_allows(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(1000);

    (void)state;
    kk_jw_str(&out, KK_SV("\"\\/\b\f\n\r\t\x01\x1f\x7f\0 까\xF0\x9F\x90\xA6"));
    CHECK_STR(kk_buf_sv(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000 까\xF0\x9F\x90\xA6\"");
}

static void broken_text_becomes_replacement_characters(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(1000);

    (void)state;
    kk_jw_str(&out, KK_SV("a\xFF"
                          "b\xEA\xB0"));
    CHECK_STR(kk_buf_sv(&out), "\"a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void any_bytes_written_are_read_back_as_a_string(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(10000);
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
        char bytes[64];
        struct kk_err err;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            bytes[i] = (char)(seed >> 56);
        }
        kk_buf_clear(&out);
        kk_jw_str(&out, (struct kk_sv){bytes, (size_t)round % sizeof(bytes)});
        CHECK_OK(kk_json_parse(kk_buf_sv(&out), &json, &err), &err);
        CHECK(kk_jv_is(kk_json_root(json), KK_J_STR));
    }
}

static void a_buffer_that_is_full_stays_failed_through_a_whole_document(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(10);

    (void)state;
    kk_jw_open(&out, '{');
    kk_jw_key_str(&out, "key", KK_SV("a value past the ceiling"));
    kk_jw_close(&out, '}');
    CHECK_EQ(out.failed, KK_BAD_INPUT);
    CHECK(out.len <= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_with_their_types),
        cmocka_unit_test(what_is_not_there_is_none_all_the_way_down),
        cmocka_unit_test(whole_numbers_are_exact_in_64_bits_and_real_past_them),
        cmocka_unit_test(what_is_no_json_is_refused_with_a_place),
        cmocka_unit_test(bytes_past_the_view_are_never_read),
        cmocka_unit_test(a_deep_document_costs_no_stack),
        cmocka_unit_test(strings_may_hold_nul_bytes_and_escapes),
        cmocka_unit_test(of_two_equal_names_the_first_counts),
        cmocka_unit_test(iterating_gives_every_member_in_order),
        cmocka_unit_test(commas_come_where_they_are_due),
        cmocka_unit_test(each_line_of_a_file_starts_without_a_comma),
        cmocka_unit_test(strings_are_escaped_as_little_as_json_allows),
        cmocka_unit_test(broken_text_becomes_replacement_characters),
        cmocka_unit_test(any_bytes_written_are_read_back_as_a_string),
        cmocka_unit_test(a_buffer_that_is_full_stays_failed_through_a_whole_document),
    };

    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
