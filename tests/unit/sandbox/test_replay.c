#include "sandbox/replay.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "unit/sandbox/shop.h"

/* Invented, of the recorded shape. */
#define LIST                                                                                          \
    "{\"count\":2,\"indexName\":\"x\",\"groupResult\":{},\"items\":[{\"itemNo\":77,\"imageUrlList\":" \
    "[\"https://image.mustit.co.kr/lib/upload/product/dalmaison/2026/01/0a.jpeg/_dims_/resize/300x300\"]}]}"
#define LIST_OF_NOBODY "{\"count\":0,\"items\":[]}"
#define DETAIL                                                                                             \
    "{\"moduleList\":[{\"type\":\"VerticalMargin\",\"data\":{}},{\"type\":\"ProductInfoModule\",\"data\":" \
    "{\"sellerId\":\"dalmaison\",\"itemNo\":77}}],\"bottom\":{}}"
#define OPTIONS "[{\"optionNo\":4134224619,\"itemNo\":\"78\",\"color\":\"\",\"size\":\"\",\"stock\":1}]"

static char folder[64];

static void file_name(char *path, size_t bytes, const char *name)
{
    snprintf(path, bytes, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    file_name(path, sizeof(path), name);
    file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_EQ(fclose(file), 0);
}

static void drop(const char *name)
{
    char path[256];

    file_name(path, sizeof(path), name);
    unlink(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/replay-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    static const char *const names[] = {"mini_shop.json", "detail.json", "option.json", "odd.json", "notes.txt"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(names); i++)
        drop(names[i]);
    return rmdir(folder);
}

static void bodies_are_served_for_their_own_seller_and_item(void **state)
{
    struct sandbox_conf conf = sandbox_conf_default();
    struct shop shop;

    (void)state;
    put("mini_shop.json", LIST);
    put("detail.json", DETAIL);
    put("option.json", OPTIONS);
    put("notes.txt", "not for serving");
    conf.replay_dir = folder;
    shop_open(&shop, &conf);
    CHECK_EQ(shop_list(&shop, "dalmaison", 0, 500), 400); /* the gate is as ever */
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "dalmaison", 0, 500), 200);
    CHECK_STR(kk_buf_sv(&shop.reply.body), LIST);
    CHECK_EQ(shop_detail(&shop, 77), 200);
    CHECK_STR(kk_buf_sv(&shop.reply.body), DETAIL);
    CHECK_EQ(shop_options(&shop, 78), 200);
    CHECK_STR(kk_buf_sv(&shop.reply.body), OPTIONS);
    CHECK_EQ(shop_list(&shop, "dalmaison", 1, 500), 404);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 500), 404);
    CHECK_EQ(shop_detail(&shop, 78), 404);
    CHECK_EQ(shop_options(&shop, 77), 404);
    shop_close(&shop);
}

static void a_list_that_names_nobody_is_the_one_recorded_shops(void **state)
{
    struct replay *replay = NULL;
    struct kk_sv body;
    struct kk_err err;

    (void)state;
    put("mini_shop.json", LIST_OF_NOBODY);
    put("detail.json", DETAIL);
    CHECK_OK(replay_open(folder, &replay, &err), &err);
    CHECK(replay_list(replay, KK_SV("dalmaison"), &body));
    CHECK_STR(body, LIST_OF_NOBODY);
    replay_close(replay);
}

static void what_is_no_answer_is_refused_by_name(void **state)
{
    static const char *const bad[] = {
        "", "{", "{}", "[]", "[{\"itemNo\":1}]", "{\"items\":[]}", "3", "{\"moduleList\":[]}"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        struct replay *replay = NULL;
        struct kk_err err = {0};

        put("odd.json", bad[i]);
        CHECK_EQ(replay_open(folder, &replay, &err), KK_BAD_INPUT);
        CHECK(!replay && strstr(err.msg, "odd.json"));
    }
    drop("odd.json");
}

static void a_folder_without_anything_to_serve_is_refused(void **state)
{
    struct replay *replay = NULL;
    struct kk_err err = {0};

    (void)state;
    drop("mini_shop.json");
    drop("detail.json");
    drop("option.json");
    CHECK_EQ(replay_open(folder, &replay, &err), KK_NOT_FOUND);
    CHECK_EQ(replay_open("/nowhere/at/all", &replay, &err), KK_NOT_FOUND);
    CHECK(strstr(err.msg, "/nowhere/at/all"));
}

/* The real recordings, where they are at hand. */
static void the_captured_answers_can_be_served(void **state)
{
    struct replay *replay = NULL;
    struct kk_sv body;
    struct stat there;
    struct kk_err err;

    (void)state;
    if (stat("../shared/reference/captures", &there))
        skip();
    CHECK_OK(replay_open("../shared/reference/captures", &replay, &err), &err);
    CHECK(replay_list(replay, KK_SV("dmont"), &body));
    CHECK(body.len > 1000);
    replay_close(replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_served_for_their_own_seller_and_item),
        cmocka_unit_test(a_list_that_names_nobody_is_the_one_recorded_shops),
        cmocka_unit_test(what_is_no_answer_is_refused_by_name),
        cmocka_unit_test(a_folder_without_anything_to_serve_is_refused),
        cmocka_unit_test(the_captured_answers_can_be_served),
    };

    return cmocka_run_group_tests_name("sandbox/replay", tests, make_folder, drop_folder);
}
