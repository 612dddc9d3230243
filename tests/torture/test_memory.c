/* Every allocation of base/, core/, site/ and the configuration fails in turn: what needed it says KK_NO_MEMORY with a
 * sentence, leaks nothing and changes nothing; what comes out all the same is what comes out with memory. */
#include "torture/torture.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/config.h"
#include "core/bucket.h"
#include "core/change.h"
#include "core/task.h"
#include "site/endpoint.h"
#include "site/parse.h"
#include "site/session.h"
#include "unit/site/body.h"

#define ITEM_NO 900200001
#define TOLD_MAX ((size_t)4 << 20)

/* What a work reads and what it tells; with_memory is what it tells when nothing fails. */
struct bench {
    enum kk_code (*work)(struct bench *bench, struct kk_buf *told, struct kk_err *err);
    struct kk_buf list, detail, options, snapshot, with_memory;
};

static enum kk_code work_once(void *ctx, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf told = KK_BUF(TOLD_MAX);
    struct bench *bench = ctx;
    enum kk_code rc = bench->work(bench, &told, err);

    if (rc)
        return rc;
    rc = kk_buf_check(&told, "what it tells", err);
    if (rc)
        return rc;
    fail_spare(true);
    if (!bench->with_memory.len)
        kk_buf_add(&bench->with_memory, kk_buf_sv(&told));
    CHECK_STR(kk_buf_sv(&told), kk_buf_sv(&bench->with_memory));
    fail_spare(false);
    return KK_OK;
}

static void torture_work(const char *name, enum kk_code (*work)(struct bench *, struct kk_buf *, struct kk_err *))
{
    static const struct fail_plan only_count = {.kinds = FAIL_MEMORY};
    struct bench bench = {.work = work};
    struct torture torture = {.name = name, .kinds = FAIL_MEMORY, .ctx = &bench, .work = work_once};
    struct kk_buf *all[] = {&bench.list, &bench.detail, &bench.options, &bench.snapshot, &bench.with_memory};
    struct kk_err err;

    for (size_t i = 0; i < KK_COUNT(all); i++)
        *all[i] = KK_BUF(TOLD_MAX);
    CHECK(body_append("tests/data/list.json", &bench.list) && body_append("tests/data/detail.json", &bench.detail) &&
          body_append("tests/data/options.json", &bench.options));
    fail_arm(&only_count);
    CHECK_OK(work_once(&bench, &err), &err);
    fail_disarm();
    CHECK(torture_holds(&torture));
    for (size_t i = 0; i < KK_COUNT(all); i++)
        kk_buf_done(all[i]);
}

/* ---- base ---- */

static enum kk_code walk_json(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    enum kk_code rc = kk_json_parse(kk_buf_sv(&bench->list), &json, err);
    struct kk_sv text;

    if (rc)
        return rc;
    for (struct kk_jiter it = kk_jv_iter(kk_jv_at(kk_jv_get(kk_json_root(json), "items"), 0)); kk_jiter_next(&it);)
        if (kk_jv_str(it.value, &text))
            kk_jw_str(told, text);
    kk_jw_f64(told, 2.5, 3);
    return KK_OK;
}

static enum kk_code bring_text_into_nfc(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    (void)bench;
    return kk_nfc(KK_SV("\xE1\x84\x82\xE1\x85\xB5\xE1\x84\x90\xE1\x85\xB3 e\xCC\x81"), told, err);
}

static enum kk_code hash_and_sign(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    char text[KK_HASH_TEXT_BYTES];
    struct kk_hash hash = kk_sha256(kk_buf_sv(&bench->detail));

    (void)err;
    kk_hash_text(&hash, text);
    kk_buf_add(told, kk_sv_of(text));
    hash = kk_hmac_sha256(KK_SV("key"), kk_buf_sv(&bench->detail));
    kk_hash_text(&hash, text);
    kk_buf_add(told, kk_sv_of(text));
    kk_base64(KK_SV("abcde"), told);
    return KK_OK;
}

/* ---- core ---- */

static enum kk_code read_visit(struct bench *bench, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(snapshot_done) struct snapshot options = {0};
    enum kk_code rc = parse_detail(kk_buf_sv(&bench->detail), ITEM_NO, ret, err);

    if (!rc)
        rc = parse_options(kk_buf_sv(&bench->options), ITEM_NO, &options, err);
    return rc ? rc : snapshot_take_options(ret, &options, err);
}

static enum kk_code make_a_version(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    KK_CLEANUP(snapshot_done) struct snapshot before = {0}, after = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(SNAPSHOT_MAX_BYTES), changes = KK_BUF(CHANGE_MAX_BYTES);
    struct change_event event = {.item_no = ITEM_NO, .version = 2, .type = CHANGE_CHANGED, .seller_id = "luxmaison"};
    enum kk_code rc = read_visit(bench, &before, err);

    if (rc)
        return rc;
    snapshot_write(&before, &json);
    rc = kk_buf_check(&json, "a snapshot", err);
    if (!rc)
        rc = snapshot_read(kk_buf_sv(&json), &after, err);
    if (!rc)
        rc = snapshot_set_text(&after, SNAP_NAME, KK_SV("새 가방"), err);
    if (!rc)
        rc = snapshot_add_image(&after, KK_SV("https://i.example/new.jpeg"), err);
    if (!rc)
        rc = snapshot_hash(&after, &event.hash, err);
    if (rc)
        return rc;
    after.option[0].stock++;
    CHECK_EQ(change_type_of(&before, &after), CHANGE_CHANGED);
    change_list(&before, &after, &changes);
    event.changes_json = kk_buf_sv(&changes);
    event.product_json = kk_buf_sv(&json);
    rc = kk_buf_check(&changes, "the changes", err);
    if (!rc)
        change_event_write(&event, told);
    return rc;
}

static enum kk_code spend_a_bucket(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    struct bucket bucket;
    int64_t taken = 0;

    (void)bench;
    bucket_init(&bucket, 40);
    for (int64_t at = 1; at <= 40; at++)
        taken += bucket_take(&bucket, 2 * at);
    CHECK_EQ(bucket_left(&bucket), 40 - taken);
    bucket_move(&bucket, 4, 9);
    kk_buf_add_i64(told, taken);
    bucket_done(&bucket);
    return taken == 40 ? KK_OK : kk_fail(err, KK_NO_MEMORY, "only %lld tokens fitted", (long long)taken);
}

static enum kk_code carry_a_message(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    struct task task = {.id = 42, .serial = 7, .seller_id = "luxmaison"};
    struct task_ticket ticket = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(TASK_MESSAGE_MAX_BYTES);
    enum kk_code rc;

    (void)bench;
    task_message(&task, &body);
    rc = kk_buf_check(&body, "a message", err);
    if (!rc)
        rc = task_ticket_read(kk_buf_sv(&body), &ticket, err);
    kk_buf_add_i64(told, ticket.serial);
    return rc;
}

/* ---- site ---- */

static enum kk_code read_a_list(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    KK_CLEANUP(list_page_done) struct list_page page = {0};
    enum kk_code rc = parse_list(kk_buf_sv(&bench->list), &page, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < page.entry_count; i++) {
        char text[KK_HASH_TEXT_BYTES];

        kk_hash_text(&page.entry[i].hash, text);
        kk_buf_add(told, kk_sv_of(text));
    }
    return KK_OK;
}

/* Requests and cookies have no memory of their own but the buffer they are given. */
static enum kk_code speak_as_a_guest(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    struct agent agent = {.user_agent = "Mozilla/5.0 (test)"};
    struct session session = {0};
    struct site site = {.base_url = KK_SV("https://m.example"), .list_path = KK_SV("/list"), .page_size = 500};
    struct task task = {.kind = TASK_LIST, .seller_id = "luxmaison", .page = 1};

    (void)bench;
    (void)err;
    session_set_cookie(&session, KK_SV("token=aa.eyJleHAiOjE3NjQwMDAwMDB9.cc; Path=/"), 0);
    CHECK(session_expires_at_ms(&session, 0) > 0);
    kk_sv_copy(kk_sv_of(session.token), agent.token, sizeof(agent.token));
    session_headers(&agent, false, told);
    endpoint_url(&site, &task, 0, told);
    return KK_OK;
}

/* ---- configuration ---- */

static enum kk_code read_settings(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    struct config config = {0};
    enum kk_code rc = config_read_text(&config,
                                       KK_SV("# a file\n[site]\nurl = http://127.0.0.1:9\nrate = 5\n"
                                             "[events]\nurl = file:a, https://b.example/hook\nsecret = whsec_AAAA\n"),
                                       "kkachi.conf", err);

    (void)bench;
    if (!rc)
        for (int key = 0; key < CONFIG_KEY_COUNT; key++)
            config_show(&config, (enum config_key)key, told);
    config_done(&config);
    return rc;
}

/* ---- logs ---- */

static int64_t still(void *ctx)
{
    (void)ctx;
    return 1000;
}

static void count_line(void *ctx, struct kk_sv line)
{
    CHECK(line.len > 2 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '\n');
    CHECK(kk_sv_find(line, KK_SV("\"event\":\"task.died\"")) < line.len);
    ++*(int *)ctx;
}

static enum kk_code log_a_line(struct bench *bench, struct kk_buf *told, struct kk_err *err)
{
    struct kk_clock clock = {still, still, NULL};
    int lines = 0;

    (void)bench;
    (void)err;
    kk_log_open(&clock, KK_INFO, count_line, &lines);
    kk_log(KK_EV_TASK_DIED, KK_NUM("task_id", 1), KK_CSTR("seller_id", "luxmaison"));
    kk_log_close();
    CHECK_EQ(lines, 1); /* without memory for the fields the line still comes */
    kk_buf_add(told, KK_SV("told"));
    return KK_OK;
}

#define TORTURES(X)        \
    X(walk_json)           \
    X(bring_text_into_nfc) \
    X(hash_and_sign)       \
    X(make_a_version)      \
    X(spend_a_bucket) X(carry_a_message) X(read_a_list) X(speak_as_a_guest) X(read_settings) X(log_a_line)

#define X(work)                                             \
    static void memory_may_end_when_we_##work(void **state) \
    {                                                       \
        (void)state;                                        \
        torture_work(#work, work);                          \
    }
TORTURES(X)
#undef X

int main(void)
{
    const struct CMUnitTest tests[] = {
#define X(work) cmocka_unit_test_teardown(memory_may_end_when_we_##work, torture_relax),
        TORTURES(X)
#undef X
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
