/* Every allocation of core/ and site/ is refused in turn, n = 1, 2, 3 … until a run gets through: the failure is said,
 * nothing leaks (the sanitizer looks), nothing half made is given out. libcrypto is spared, because base/hash.h says
 * that hashing without memory ends the process. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "core/bucket.h"
#include "core/change.h"
#include "core/task.h"
#include "site/parse.h"
#include "site/session.h"
#include "unit/site/body.h"

#define ITEM 900200001

static struct {
    bool is_armed;
    int64_t nth, seen;
} fault;

/* Called before a sanitizer has set itself up, so none may look at these. TSan cannot be kept from it, and has nothing
 * to find here: these tests are skipped under it. */
#define EARLY __attribute__((no_sanitize_address))
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define HAS_TSAN
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define HAS_TSAN
#endif

#ifndef HAS_TSAN
EARLY static bool is_refused(const void *caller)
{
    Dl_info where;

    if (!fault.is_armed || (dladdr(caller, &where) && where.dli_fname && strstr(where.dli_fname, "libcrypto")))
        return false;
    return ++fault.seen == fault.nth;
}

/* clang-format off */
void *__interceptor_malloc(size_t bytes) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t bytes) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t bytes) __attribute__((weak));
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
/* clang-format on */

EARLY void *malloc(size_t bytes)
{
    if (is_refused(__builtin_return_address(0)))
        return NULL;
    return __interceptor_malloc ? __interceptor_malloc(bytes) : __libc_malloc(bytes);
}

EARLY void *calloc(size_t count, size_t bytes)
{
    if (is_refused(__builtin_return_address(0)))
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(count, bytes) : __libc_calloc(count, bytes);
}

EARLY void *realloc(void *old, size_t bytes)
{
    if (is_refused(__builtin_return_address(0)))
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(old, bytes) : __libc_realloc(old, bytes);
}
#endif

/* Runs step with each allocation refused in turn; gives how many of them it could not do without. */
static int64_t refuse_each(enum kk_code (*step)(struct kk_sv body), struct kk_sv body)
{
    int64_t refused = 0;

#ifdef HAS_TSAN
    skip();
#endif
    for (int64_t nth = 1; nth < 10000; nth++) {
        enum kk_code rc;

        fault.nth = nth;
        fault.seen = 0;
        fault.is_armed = true;
        rc = step(body);
        fault.is_armed = false;
        /* The JSON library may do without: it asks for a smaller block in place of one it has. */
        CHECK(rc == KK_OK || (rc == KK_NO_MEMORY && fault.seen >= nth));
        refused += rc == KK_NO_MEMORY;
        if (fault.seen < nth)
            return refused;
    }
    CHECK(false);
    return 0;
}

static enum kk_code visit(struct kk_sv options_body)
{
    KK_CLEANUP(snapshot_done) struct snapshot product = {0}, options = {0}, again = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(SNAPSHOT_MAX_BYTES), changes = KK_BUF(CHANGE_MAX_BYTES);
    static struct kk_buf detail; /* read once, and then kept: it is not what is tested */
    struct kk_hash hash;
    bool was_armed = fault.is_armed;
    enum kk_code rc;

    fault.is_armed = false;
    if (!detail.ptr)
        detail = body_read("detail_hangul_decomposed");
    fault.is_armed = was_armed;
    rc = parse_detail(kk_buf_sv(&detail), ITEM, &product, NULL);
    if (!rc)
        rc = parse_options(options_body, ITEM, &options, NULL);
    if (!rc)
        rc = snapshot_take_options(&product, &options, NULL);
    if (!rc)
        rc = snapshot_hash(&product, &hash, NULL);
    if (rc)
        return rc;
    snapshot_write(&product, &json);
    rc = kk_buf_check(&json, "the product", NULL);
    if (!rc)
        rc = snapshot_read(kk_buf_sv(&json), &again, NULL);
    if (rc)
        return rc;
    again.number[SNAP_STOCK]++;
    again.image_count--;
    change_list(&product, &again, &changes);
    return kk_buf_check(&changes, "the changes", NULL);
}

static void a_visit_without_memory_says_so(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf options = body_read("options_hangul_decomposed");

    (void)state;
    CHECK(refuse_each(visit, kk_buf_sv(&options)) > 20);
}

static enum kk_code read_page(struct kk_sv body)
{
    KK_CLEANUP(list_page_done) struct list_page page = {0};

    return parse_list(body, &page, NULL);
}

static void a_list_without_memory_says_so(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf list = body_read("list_numbers_spelled_otherwise");

    (void)state;
    CHECK(refuse_each(read_page, kk_buf_sv(&list)) > 3);
}

static enum kk_code read_ticket(struct kk_sv body)
{
    struct task_ticket ticket;

    return task_ticket_read(body, &ticket, NULL);
}

static void a_message_without_memory_says_so(void **state)
{
    (void)state;
    CHECK(refuse_each(read_ticket, KK_SV("{\"v\":1,\"task_id\":12,\"serial\":3,\"seller_id\":\"magpie\"}")) > 0);
}

static enum kk_code fill_bucket(struct kk_sv body)
{
    struct bucket bucket;
    bool is_taken = true;

    (void)body;
    bucket_init(&bucket, 80);
    for (int64_t i = 0; i < 80 && is_taken; i++)
        is_taken = bucket_take(&bucket, 1000 - i);
    CHECK_EQ(bucket_left(&bucket) == 0, is_taken); /* what was refused is not out */
    bucket_done(&bucket);
    return is_taken ? KK_OK : KK_NO_MEMORY;
}

static void a_bucket_without_memory_gives_no_token(void **state)
{
    (void)state;
    CHECK(refuse_each(fill_bucket, (struct kk_sv){0}) > 2);
}

/* A token whose claims cannot be decoded is one that says nothing of its end. */
static enum kk_code read_session(struct kk_sv token)
{
    struct session session = {0};
    int64_t end_ms;

    kk_sv_copy(token, session.token, sizeof(session.token));
    end_ms = session_expires_at_ms(&session, 0);
    if (end_ms == 5000)
        return KK_OK;
    CHECK_EQ(end_ms, SESSION_TOKEN_LIFE_MS);
    return KK_NO_MEMORY;
}

static void a_token_without_memory_says_nothing_of_its_end(void **state)
{
    (void)state;
    CHECK(refuse_each(read_session, KK_SV("eyJhIjoxfQ.eyJleHAiOjV9.c2ln")) > 2); /* {"exp":5} */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visit_without_memory_says_so),
        cmocka_unit_test(a_list_without_memory_says_so),
        cmocka_unit_test(a_message_without_memory_says_so),
        cmocka_unit_test(a_bucket_without_memory_gives_no_token),
        cmocka_unit_test(a_token_without_memory_says_nothing_of_its_end),
    };

    return cmocka_run_group_tests_name("site/out_of_memory", tests, NULL, NULL);
}
