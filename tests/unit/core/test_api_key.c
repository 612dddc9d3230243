#include "core/api_key.h"

#include "support/check.h"

static const unsigned char secret[API_KEY_SECRET_BYTES] = {0xab, 1, 2, 3};

static void a_key_is_found_by_its_number_and_known_by_its_whole_text(void **state)
{
    char text[API_KEY_TEXT_BYTES], other[API_KEY_TEXT_BYTES];
    struct api_key key = {.id = 42};
    int64_t id = 0;

    (void)state;
    api_key_write(42, secret, text);
    api_key_write(43, secret, other);
    CHECK(api_key_read(kk_sv_of(text), &id));
    CHECK_EQ(id, 42);
    key.hash = api_key_hash(kk_sv_of(text));
    CHECK(api_key_is(&key, kk_sv_of(text)));
    CHECK(!api_key_is(&key, kk_sv_of(other)));
    text[strlen(text) - 1] = 'f';
    CHECK(!api_key_is(&key, kk_sv_of(text)));
}

static void what_has_not_the_form_of_a_key_is_none(void **state)
{
    static const char *const bad[] = {"", "kk", "kk_", "kk_1", "kk_1_", "kk_1_ab", "kk_0_00", "xx_1_00", "kk_-1_00"};
    int64_t id = 0;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK(!api_key_read(kk_sv_of(bad[i]), &id));
}

static void a_key_lives_until_it_is_revoked_or_past_its_date(void **state)
{
    (void)state;
    CHECK(api_key_is_live(&(struct api_key){0}, 100));
    CHECK(api_key_is_live(&(struct api_key){.expires_at_ms = 101}, 100));
    CHECK(!api_key_is_live(&(struct api_key){.expires_at_ms = 100}, 100));
    CHECK(!api_key_is_live(&(struct api_key){.revoked_at_ms = 1}, 100));
}

static void roles_come_back_from_their_names_and_anyone_is_no_role(void **state)
{
    enum api_role role = API_ANYONE;

    (void)state;
    for (int i = API_VIEWER; i <= API_ADMIN; i++) {
        CHECK(api_role_parse(kk_sv_of(api_role_name((enum api_role)i)), &role));
        CHECK_EQ(role, i);
    }
    CHECK(!api_role_parse(KK_SV("anyone"), &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_by_its_number_and_known_by_its_whole_text),
        cmocka_unit_test(what_has_not_the_form_of_a_key_is_none),
        cmocka_unit_test(a_key_lives_until_it_is_revoked_or_past_its_date),
        cmocka_unit_test(roles_come_back_from_their_names_and_anyone_is_no_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
