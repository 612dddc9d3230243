/* unit/sandbox/shop.h: a visitor of the sandbox, for its tests. */
#ifndef KK_TESTS_SHOP_H
#define KK_TESTS_SHOP_H

#include "base/json.h"
#include "sandbox/sandbox.h"
#include "site/paths.h"

#include "support/check.h"

#define BROWSER "Mozilla/5.0 (Linux; Android 14) Test/1.0"

struct shop {
    struct sandbox *sandbox;
    struct sandbox_reply reply;
    struct sandbox_request request;
    char authorization[400];
    int64_t now_ms;
};

static inline void shop_open(struct shop *shop, const struct sandbox_conf *conf)
{
    struct kk_err err;

    *shop = (struct shop){.now_ms = 1700000000000};
    CHECK_OK(sandbox_create(conf, shop->now_ms, &shop->sandbox, &err), &err);
    sandbox_reply_init(&shop->reply);
    shop->request = (struct sandbox_request){.method = KK_SV("GET"), .user_agent = KK_SV(BROWSER)};
}

static inline void shop_close(struct shop *shop)
{
    sandbox_reply_done(&shop->reply);
    sandbox_destroy(shop->sandbox);
}

/* The status. */
static inline int shop_ask(struct shop *shop, const char *target)
{
    shop->request.target = kk_sv_of(target);
    sandbox_respond(shop->sandbox, &shop->request, shop->now_ms, &shop->reply);
    return shop->reply.status;
}

static inline int shop_post(struct shop *shop, const char *target)
{
    shop->request.method = KK_SV("POST");
    int status = shop_ask(shop, target);
    shop->request.method = KK_SV("GET");
    return status;
}

/* Keeps the Authorization header for what is in the last reply's cookies; false: there was no token. */
static inline bool shop_keep_token(struct shop *shop)
{
    unsigned from = 0;
    const char *cookie;

    while ((cookie = sandbox_reply_header(&shop->reply, "Set-Cookie", &from)))
        if (strncmp(cookie, "token=", 6) == 0) {
            snprintf(shop->authorization, sizeof(shop->authorization), "Bearer %.*s", (int)strcspn(cookie + 6, ";"),
                     cookie + 6);
            shop->request.authorization = kk_sv_of(shop->authorization);
            return true;
        }
    return false;
}

static inline void shop_enter(struct shop *shop)
{
    CHECK_EQ(shop_ask(shop, "/"), 200);
    CHECK(shop_keep_token(shop));
}

static inline int shop_list(struct shop *shop, const char *seller, int64_t page, int64_t size)
{
    char target[256];

    snprintf(target, sizeof(target), SITE_LIST_PATH "?sellerId=%s&pageNo=%" PRId64 "&pageSize=%" PRId64 "&order=LATEST",
             seller, page, size);
    return shop_ask(shop, target);
}

static inline int shop_detail(struct shop *shop, int64_t item_no)
{
    char target[256];

    snprintf(target, sizeof(target), SITE_DETAIL_PREFIX "%" PRId64 SITE_DETAIL_SUFFIX, item_no);
    return shop_ask(shop, target);
}

static inline int shop_options(struct shop *shop, int64_t item_no)
{
    char target[256];

    snprintf(target, sizeof(target), SITE_OPTIONS_PREFIX "%" PRId64 SITE_OPTIONS_SUFFIX, item_no);
    return shop_ask(shop, target);
}

static inline struct kk_json *shop_parse(struct kk_sv text)
{
    struct kk_json *json = NULL;
    struct kk_err err = {0};

    CHECK_OK(kk_json_parse(text, &json, &err), &err);
    return json;
}

static inline struct kk_json *shop_body(const struct shop *shop)
{
    return shop_parse(kk_buf_sv(&shop->reply.body));
}

static inline struct kk_json *shop_truth(const struct shop *shop)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(SANDBOX_BODY_MAX);
    struct kk_err err;

    CHECK_OK(sandbox_truth(shop->sandbox, NULL, &text, &err), &err);
    return shop_parse(kk_buf_sv(&text));
}

static inline int64_t shop_i64(struct kk_jv object, const char *key)
{
    int64_t number = -1;

    CHECK(kk_jv_i64(kk_jv_get(object, key), &number));
    return number;
}

static inline struct kk_sv shop_text(struct kk_jv object, const char *key)
{
    struct kk_sv text = {0};

    CHECK(kk_jv_str(kk_jv_get(object, key), &text));
    return text;
}

#endif
