#include "adapters/crypto/seal.h"

#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "adapters/store/store_seal.h"
#include "adapters/store/store_sqlite.h"
#include "base/clock.h"
#include "support/check.h"
#include "support/folder.h"

static char folder[TEST_PATH_BYTES];
static struct kk_rng_seeded seed;
static struct kk_rng rng;

static int set_up(void **state)
{
    (void)state;
    rng = kk_rng_from_seed(&seed, 1);
    test_folder_make(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static struct seal key(const char *hex_byte)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(100);
    struct seal seal = {.rng = &rng};
    struct kk_err err;

    for (int i = 0; i < SEAL_KEY_BYTES; i++)
        kk_buf_add(&text, kk_sv_of(hex_byte));
    kk_buf_addc(&text, '\n');
    CHECK_OK(seal_read_key(kk_buf_sv(&text), &seal, &err), &err);
    return seal;
}

static void a_secret_opens_with_its_key_for_its_owner_only(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sealed = KK_BUF(200), again = KK_BUF(200), plain = KK_BUF(200);
    struct seal right = key("5a"), wrong = key("5b");
    struct kk_err err;

    (void)state;
    CHECK_OK(seal_close(&right, KK_SV("agent 1"), KK_SV("secret"), &sealed, &err), &err);
    CHECK_OK(seal_close(&right, KK_SV("agent 1"), KK_SV("secret"), &again, &err), &err);
    CHECK_EQ(sealed.len, 6 + SEAL_EXTRA_BYTES);
    CHECK(!kk_sv_eq(kk_buf_sv(&sealed), kk_buf_sv(&again))); /* a nonce of its own */
    CHECK_EQ(seal_open(&right, KK_SV("agent 2"), kk_buf_sv(&sealed), &plain, &err), KK_DENIED);
    CHECK_EQ(seal_open(&wrong, KK_SV("agent 1"), kk_buf_sv(&sealed), &plain, &err), KK_DENIED);
    CHECK_EQ(plain.len, 0);
    CHECK_OK(seal_open(&right, KK_SV("agent 1"), kk_buf_sv(&sealed), &plain, &err), &err);
    CHECK_STR(kk_buf_cstr(&plain), "secret");
}

static void a_secret_that_was_changed_anywhere_does_not_open(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sealed = KK_BUF(200), plain = KK_BUF(200);
    struct seal seal = key("11");
    struct kk_err err;

    (void)state;
    CHECK_OK(seal_close(&seal, KK_SV("a"), KK_SV("secret"), &sealed, &err), &err);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        CHECK_EQ(seal_open(&seal, KK_SV("a"), kk_buf_sv(&sealed), &plain, &err), KK_DENIED);
        sealed.ptr[i] ^= 1;
        CHECK_EQ(seal_open(&seal, KK_SV("a"), (struct kk_sv){sealed.ptr, i}, &plain, &err), KK_DENIED);
    }
    CHECK_EQ(plain.len, 0);
}

static void a_key_is_32_bytes_in_hex_or_base64(void **state)
{
    struct seal seal = {.rng = &rng};
    struct kk_err err;

    (void)state;
    CHECK_OK(seal_read_key(KK_SV(" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n"), &seal, &err), &err);
    CHECK_EQ(seal.key[31], 31);
    CHECK_EQ(seal_read_key(KK_SV(""), &seal, &err), KK_BAD_INPUT);
    CHECK_EQ(seal_read_key(KK_SV("abcd"), &seal, &err), KK_BAD_INPUT);
    CHECK_EQ(seal_read_key(KK_SV("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="), &seal, &err), KK_BAD_INPUT);
    CHECK_EQ(seal.key[31], 31);
}

static void a_key_file_is_made_once_for_its_owner_alone(void **state)
{
    struct seal first = {.rng = &rng}, second = {.rng = &rng};
    char path[TEST_PATH_BYTES];
    struct stat info;
    struct kk_err err;

    (void)state;
    test_path(folder, "token.key", path);
    CHECK_EQ(seal_read_key_file(path, false, &first, &err), KK_NOT_FOUND);
    CHECK_OK(seal_read_key_file(path, true, &first, &err), &err);
    CHECK_OK(seal_read_key_file(path, true, &second, &err), &err);
    CHECK(memcmp(first.key, second.key, sizeof(first.key)) == 0);
    CHECK_EQ(stat(path, &info), 0);
    CHECK_EQ(info.st_mode & 0777, 0600);
    CHECK_EQ(info.st_nlink, 1);
    CHECK_EQ(chmod(path, 0604), 0);
    CHECK_EQ(seal_read_key_file(path, true, &second, &err), KK_DENIED);
    CHECK(strstr(err.msg, "chmod 600"));
}

/* ---- in the store ---- */

static int64_t still_ms(void *ctx)
{
    (void)ctx;
    return 1000;
}
static const struct kk_clock still = {.wall_ms = still_ms, .mono_ms = still_ms};

static struct store *open_store(void)
{
    char path[TEST_PATH_BYTES];
    struct store *store = NULL;
    struct kk_err err;
    int from, to;

    test_path(folder, "kkachi.db", path);
    CHECK_OK(store_sqlite_open(path, NULL, &still, &store, &err), &err);
    CHECK_OK(store_migrate(store, &from, &to, &err), &err);
    return store;
}

static struct agent add_agent(struct store *store)
{
    struct agent agent = {.name = "one",
                          .user_agent = "Mozilla/5.0 (X)",
                          .state = AGENT_ACTIVE,
                          .token = "thetokenofone",
                          .nid = "thenidofone",
                          .mustit_uid = "theuidofone"};
    struct kk_err err;

    CHECK_OK(store_add_agent(store, &agent, &err), &err);
    return agent;
}

/* In the database or its log. */
static bool is_on_disk(const char *text)
{
    static const char *const names[] = {"kkachi.db", "kkachi.db-wal"};
    bool is_there = false;

    for (size_t i = 0; i < KK_COUNT(names); i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf bytes = KK_BUF(16 << 20);
        char path[TEST_PATH_BYTES];

        test_path(folder, names[i], path);
        if (access(path, F_OK))
            continue;
        test_file_read(path, &bytes);
        is_there |= kk_sv_find(kk_buf_sv(&bytes), kk_sv_of(text)) < bytes.len;
    }
    return is_there;
}

static void a_sealed_token_is_read_with_the_key_and_kept_without_it(void **state)
{
    struct seal seal = key("5a"), other = key("00");
    struct store *store = open_store();
    struct agent agent;
    struct kk_err err;

    (void)state;
    CHECK_EQ(store_check_seal(store, &seal, &err), KK_NOT_FOUND);
    CHECK_OK(store_use_seal(store, &seal, &err), &err);
    agent = add_agent(store);
    store_close(store);
    CHECK(is_on_disk("Mozilla/5.0 (X)") && !is_on_disk("thetokenofone") && !is_on_disk("thenidofone"));

    store = open_store(); /* a command: no key */
    CHECK_OK(store_get_agent(store, agent.id, &agent, &err), &err);
    CHECK_STR(agent.token, "");
    CHECK(agent.is_shut);
    kk_sv_copy(KK_SV("renamed"), agent.name, sizeof(agent.name));
    CHECK_OK(store_put_agent(store, &agent, &err), &err);
    CHECK_EQ(store_use_seal(store, &other, &err), KK_DENIED);
    CHECK(strstr(err.msg, "another key"));
    store_close(store);

    store = open_store();
    CHECK_OK(store_use_seal(store, &seal, &err), &err);
    CHECK_OK(store_get_agent(store, agent.id, &agent, &err), &err);
    CHECK_STR(agent.name, "renamed");
    CHECK_STR(agent.token, "thetokenofone");
    CHECK_STR(agent.nid, "thenidofone");
    CHECK_STR(agent.mustit_uid, "theuidofone");
    agent_drop_token(&agent);
    CHECK_OK(store_put_agent(store, &agent, &err), &err);
    CHECK_OK(store_get_agent(store, agent.id, &agent, &err), &err);
    CHECK(!agent.token[0] && !agent.is_shut);
    store_close(store);
}

static void what_stood_in_plain_text_is_sealed_and_forgetting_frees_the_store_of_its_key(void **state)
{
    struct seal seal = key("5a"), other = key("00");
    struct store *store = open_store();
    struct agent agent = add_agent(store);
    int64_t count = 0;
    struct kk_err err;

    (void)state;
    store_close(store);
    CHECK(is_on_disk("thetokenofone"));
    store = open_store();
    CHECK_OK(store_use_seal(store, &seal, &err), &err);
    CHECK_OK(store_get_agent(store, agent.id, &agent, &err), &err);
    CHECK_STR(agent.token, "thetokenofone");
    store_close(store);
    CHECK(!is_on_disk("thetokenofone"));

    store = open_store();
    CHECK_OK(store_forget_tokens(store, &count, &err), &err);
    CHECK_EQ(count, 1);
    CHECK_OK(store_use_seal(store, &other, &err), &err);
    CHECK_OK(store_get_agent(store, agent.id, &agent, &err), &err);
    CHECK(!agent.token[0] && !agent.is_shut && agent.state == AGENT_ACTIVE);
    store_close(store);
}

int main(void)
{
#define SEAL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SEAL_TEST(a_secret_opens_with_its_key_for_its_owner_only),
        SEAL_TEST(a_secret_that_was_changed_anywhere_does_not_open),
        SEAL_TEST(a_key_is_32_bytes_in_hex_or_base64),
        SEAL_TEST(a_key_file_is_made_once_for_its_owner_alone),
        SEAL_TEST(a_sealed_token_is_read_with_the_key_and_kept_without_it),
        SEAL_TEST(what_stood_in_plain_text_is_sealed_and_forgetting_frees_the_store_of_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
