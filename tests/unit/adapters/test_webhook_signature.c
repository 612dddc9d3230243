#include "adapters/sink/webhook_signature.h"

#include "support/check.h"

/* The example of the Standard Webhooks libraries. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP "1614265330"
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define NOW_MS (INT64_C(1614265330) * 1000)

static struct webhook_key key_of(const char *secret)
{
    struct webhook_key key = {.len = 0};
    struct kk_err err = {0};

    CHECK_OK(webhook_key_parse(kk_sv_of(secret), &key, &err), &err);
    return key;
}

static enum kk_code check(const char *id, const char *timestamp, const char *signatures, const char *body,
                          int64_t now_ms)
{
    struct webhook_key key = key_of(SECRET);
    struct kk_err err = {0};
    enum kk_code rc = webhook_signature_check(&key, kk_sv_of(id), kk_sv_of(timestamp), kk_sv_of(signatures),
                                              kk_sv_of(body), now_ms, &err);

    CHECK_EQ(err.code, rc);
    CHECK((rc == KK_OK) == (err.msg[0] == '\0'));
    return rc;
}

static void the_published_example_comes_out(void **state)
{
    char signature[WEBHOOK_SIGNATURE_BYTES];
    struct webhook_key key = key_of(SECRET);
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(webhook_sign(&key, KK_SV(ID), 1614265330, KK_SV(BODY), signature, &err), &err);
    CHECK_STR(signature, SIGNATURE);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, BODY, NOW_MS), KK_OK);
}

static void anything_changed_is_denied(void **state)
{
    (void)state;
    CHECK_EQ(check("msg_p5jXN8AQM9LWM0D4loKWxJeK", TIMESTAMP, SIGNATURE, BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, "1614265331", SIGNATURE, BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, "{\"test\": 2432232315}", NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, "", NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE "=", BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, NOW_MS), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, "", BODY, NOW_MS), KK_DENIED);
}

static void one_of_several_signatures_is_enough(void **state)
{
    (void)state;
    CHECK_EQ(check(ID, TIMESTAMP, "v1,bm9uZQ== " SIGNATURE " v2,x", BODY, NOW_MS), KK_OK);
    CHECK_EQ(check(ID, TIMESTAMP, "a b c d e f g h i j k l m n o p " SIGNATURE, BODY, NOW_MS), KK_DENIED);
}

static void an_old_message_is_no_message(void **state)
{
    (void)state;
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, BODY, NOW_MS + WEBHOOK_TOLERANCE_MS), KK_OK);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, BODY, NOW_MS + WEBHOOK_TOLERANCE_MS + 1), KK_DENIED);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, BODY, NOW_MS - WEBHOOK_TOLERANCE_MS), KK_OK);
    CHECK_EQ(check(ID, TIMESTAMP, SIGNATURE, BODY, NOW_MS - WEBHOOK_TOLERANCE_MS - 1), KK_DENIED);
}

static void malformed_headers_are_bad_input(void **state)
{
    static const char *const timestamps[] = {
        "", "x", "-1", "1614265330.5", "99999999999999999999", "9223372036854775807"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(timestamps); i++)
        CHECK_EQ(check(ID, timestamps[i], SIGNATURE, BODY, NOW_MS), KK_BAD_INPUT);
    CHECK_EQ(check("", TIMESTAMP, SIGNATURE, BODY, NOW_MS), KK_BAD_INPUT);
}

static void a_secret_is_base64_or_the_key_itself(void **state)
{
    char coded[WEBHOOK_SIGNATURE_BYTES], plain[WEBHOOK_SIGNATURE_BYTES];
    struct webhook_key key = key_of("whsec_c2VjcmV0"); /* "secret" */

    (void)state;
    CHECK_OK(webhook_sign(&key, KK_SV("1"), 1, KK_SV("x"), coded, NULL), NULL);
    key = key_of("secret");
    CHECK_OK(webhook_sign(&key, KK_SV("1"), 1, KK_SV("x"), plain, NULL), NULL);
    CHECK_STR(coded, plain);
}

static void a_bad_secret_is_refused_and_not_repeated(void **state)
{
    static const char *const bad[] = {"", "whsec_", "whsec_!!!!"};
    struct webhook_key key;
    struct kk_err err = {0};
    char huge[WEBHOOK_KEY_BYTES + 2];

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(webhook_key_parse(kk_sv_of(bad[i]), &key, &err), KK_BAD_INPUT);
    CHECK(kk_sv_find(kk_sv_of(err.msg), KK_SV("!!!!")) == strlen(err.msg));
    memset(huge, 'x', sizeof(huge));
    CHECK_EQ(webhook_key_parse((struct kk_sv){huge, WEBHOOK_KEY_BYTES}, &key, &err), KK_OK);
    CHECK_EQ(webhook_key_parse((struct kk_sv){huge, WEBHOOK_KEY_BYTES + 1}, &key, &err), KK_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_comes_out),
        cmocka_unit_test(anything_changed_is_denied),
        cmocka_unit_test(one_of_several_signatures_is_enough),
        cmocka_unit_test(an_old_message_is_no_message),
        cmocka_unit_test(malformed_headers_are_bad_input),
        cmocka_unit_test(a_secret_is_base64_or_the_key_itself),
        cmocka_unit_test(a_bad_secret_is_refused_and_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
