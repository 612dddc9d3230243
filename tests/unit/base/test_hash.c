#include "base/hash.h"

#include "support/check.h"

static void the_published_sha256_vectors_come_out(void **state)
{
    static const struct {
        struct kk_sv bytes;
        const char *text;
    } rows[] = {
        {{"", 0}, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{"abc", 3}, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
         "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {{NULL, 0}, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };
    char text[KK_HASH_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < KK_COUNT(rows); i++) {
        struct kk_hash hash = kk_sha256(rows[i].bytes);

        kk_hash_text(&hash, text);
        CHECK_STR(text, rows[i].text);
    }
}

static void a_million_letters_hash_as_published(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(1000000);
    char text[KK_HASH_TEXT_BYTES];

    (void)state;
    memset(kk_buf_room(&buf, 1000000), 'a', 1000000);
    buf.len = 1000000;

    struct kk_hash hash = kk_sha256(kk_buf_sv(&buf));

    kk_hash_text(&hash, text);
    CHECK_STR(text, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void the_published_hmac_vectors_come_out(void **state)
{
    char text[KK_HASH_TEXT_BYTES];
    struct kk_hash hash = kk_hmac_sha256(KK_SV("Jefe"), KK_SV("what do ya want for nothing?")); /* RFC 4231, case 2 */

    (void)state;
    kk_hash_text(&hash, text);
    CHECK_STR(text, "sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hash = kk_hmac_sha256((struct kk_sv){0}, (struct kk_sv){0});
    kk_hash_text(&hash, text);
    CHECK_STR(text, "sha256:b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");

    char long_key[131]; /* RFC 4231, case 6: longer than a block, so it is hashed first */

    memset(long_key, 0xaa, sizeof(long_key));
    hash = kk_hmac_sha256((struct kk_sv){long_key, sizeof(long_key)},
                          KK_SV("Test Using Larger Than Block-Size Key - Hash Key First"));
    kk_hash_text(&hash, text);
    CHECK_STR(text, "sha256:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void a_hash_is_read_back_from_its_text_and_nothing_else(void **state)
{
    struct kk_hash hash = kk_sha256(KK_SV("abc")), back, kept;
    char text[KK_HASH_TEXT_BYTES];

    (void)state;
    kk_hash_text(&hash, text);
    CHECK(kk_hash_parse(kk_sv_of(text), &back));
    CHECK(kk_hash_eq(&hash, &back));
    kept = back;
    CHECK(!kk_hash_parse(kk_sv_of(text + 1), &back));
    CHECK(!kk_hash_parse((struct kk_sv){text, strlen(text) - 1}, &back));
    CHECK(!kk_hash_parse((struct kk_sv){0}, &back));
    text[10] = 'A';
    CHECK(!kk_hash_parse(kk_sv_of(text), &back));
    text[10] = 'g';
    CHECK(!kk_hash_parse(kk_sv_of(text), &back));
    CHECK(kk_hash_eq(&kept, &back));
}

static void only_the_zeroed_hash_is_zero(void **state)
{
    struct kk_hash hash = {{0}};

    (void)state;
    CHECK(kk_hash_is_zero(&hash));
    hash.byte[31] = 1;
    CHECK(!kk_hash_is_zero(&hash));
}

static void base64_gives_the_vectors_of_rfc_4648(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);

    (void)state;
    for (size_t i = 0; i < KK_COUNT(rows); i++) {
        kk_buf_clear(&buf);
        kk_base64(kk_sv_of(rows[i][0]), &buf);
        CHECK_STR(kk_buf_sv(&buf), rows[i][1]);
        kk_buf_clear(&buf);
        CHECK(kk_base64_decode(kk_sv_of(rows[i][1]), &buf));
        CHECK_STR(kk_buf_sv(&buf), rows[i][0]);
    }
}

static void base64_that_is_not_exactly_that_is_refused_whole(void **state)
{
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",    "Zg===", "=Zg=", "Z===",     "====",
        "Zh==", "Zm9=", "Zm9v\n", "Zm 9",  "Zm-_", "Zg==Zg==", "Zm9vZ!==",
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);

    (void)state;
    kk_buf_add(&buf, KK_SV("kept"));
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        CHECK(!kk_base64_decode(kk_sv_of(bad[i]), &buf));
        CHECK_STR(kk_buf_sv(&buf), "kept");
    }
}

static void base64_stops_at_the_buffers_ceiling(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(3);

    (void)state;
    kk_base64(KK_SV("foo"), &buf);
    CHECK_EQ(buf.failed, KK_BAD_INPUT);
    kk_buf_clear(&buf);
    CHECK(!kk_base64_decode(KK_SV("Zm9vYmFy"), &buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_sha256_vectors_come_out),
        cmocka_unit_test(a_million_letters_hash_as_published),
        cmocka_unit_test(the_published_hmac_vectors_come_out),
        cmocka_unit_test(a_hash_is_read_back_from_its_text_and_nothing_else),
        cmocka_unit_test(only_the_zeroed_hash_is_zero),
        cmocka_unit_test(base64_gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(base64_that_is_not_exactly_that_is_refused_whole),
        cmocka_unit_test(base64_stops_at_the_buffers_ceiling),
    };

    return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
