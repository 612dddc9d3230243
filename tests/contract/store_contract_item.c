/* Items as the list shows them (R11), visits, products with their versions (R6), agents, and what is purged (B15). */
#include <stdio.h>
#include <string.h>

#include "contract/store_bench.h"

static struct kk_hash hash_of(int number)
{
    return (struct kk_hash){.byte = {(unsigned char)number, 7}};
}

static struct run pass_of(int64_t run_id, int64_t pass)
{
    return (struct run){.id = run_id, .seller_id = "lux", .list_pass = pass};
}

static struct seen_entry see(struct store_bench *bench, int64_t item_no, int hash, struct run run, int64_t now_ms)
{
    struct kk_hash list_hash = hash_of(hash);
    struct seen_entry seen;

    CHECK_OK(store_see_item(bench->store, KK_SV("lux"), item_no, &list_hash, &run, now_ms, &seen, &bench->err),
             &bench->err);
    return seen;
}

static void an_entry_is_new_then_the_same_then_changed(void **state)
{
    struct store_bench *bench = *state;
    struct seen_entry seen = see(bench, 1, 5, pass_of(1, 1), 100);

    CHECK_EQ(seen.sighting, SIGHTING_NEW);
    CHECK(seen.is_first);
    CHECK_EQ(seen.was.item_no, 0);
    seen = see(bench, 1, 5, pass_of(2, 1), 200);
    CHECK_EQ(seen.sighting, SIGHTING_SAME);
    CHECK(seen.is_first);
    CHECK_EQ(seen.was.seen_run_id, 1);
    CHECK_EQ(seen.was.last_seen_at_ms, 100);
    seen = see(bench, 1, 6, pass_of(2, 2), 300);
    CHECK_EQ(seen.sighting, SIGHTING_CHANGED);
    CHECK(seen.is_first);
    seen = see(bench, 1, 6, pass_of(2, 2), 400); /* it moved to a later page while we read */
    CHECK_EQ(seen.sighting, SIGHTING_SAME);
    CHECK(!seen.is_first);
    CHECK_EQ(seen.was.first_seen_at_ms, 100);
    CHECK_STR(seen.was.seller_id, "lux");
}

static void distinct_items_of_the_present_pass_are_counted(void **state)
{
    struct store_bench *bench = *state;
    struct run run = pass_of(3, 2);
    int64_t count = -1;

    see(bench, 1, 1, pass_of(3, 1), 1);
    see(bench, 2, 1, pass_of(3, 1), 1);
    see(bench, 2, 1, run, 2);
    see(bench, 2, 1, run, 2);
    see(bench, 3, 1, run, 2);
    CHECK_OK(store_count_seen(bench->store, &run, &count, &bench->err), &bench->err);
    CHECK_EQ(count, 2);
}

struct missing {
    int64_t item_no[16];
    size_t count;
};

static bool note_missing(void *ctx, const struct listing *listing)
{
    struct missing *missing = ctx;

    CHECK(missing->count < KK_COUNT(missing->item_no));
    missing->item_no[missing->count++] = listing->item_no;
    return true;
}

static struct missing missing_items(struct store_bench *bench, int64_t misses, int limit)
{
    struct missing missing = {.count = 0};

    CHECK_OK(store_missing_items(bench->store, KK_SV("lux"), misses, limit, note_missing, &missing, &bench->err),
             &bench->err);
    return missing;
}

/* A complete list of a run of its own that shows item 1 and not item 2. */
static struct run list_without_2(struct store_bench *bench)
{
    struct run run = bench_run(bench, "lux");
    bool is_done;

    see(bench, 1, 1, run, 10);
    CHECK_OK(store_count_missed(bench->store, &run, &bench->err), &bench->err);
    CHECK_OK(store_end_run(bench->store, run.id, RUN_COMPLETE, 10, &is_done, &bench->err), &bench->err);
    return run;
}

static void two_complete_lists_without_an_item_show_that_it_is_missing(void **state)
{
    struct store_bench *bench = *state;
    struct run run;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    see(bench, 1, 1, pass_of(1000, 1), 1);
    see(bench, 2, 1, pass_of(1000, 1), 1);
    run = list_without_2(bench);
    CHECK_EQ(missing_items(bench, 2, 10).count, 0);
    CHECK_EQ(missing_items(bench, 1, 10).count, 1);
    CHECK_OK(store_count_missed(bench->other, &run, &bench->err), &bench->err); /* told twice: counts once */
    CHECK_EQ(missing_items(bench, 2, 10).count, 0);
    list_without_2(bench);
    CHECK_EQ(missing_items(bench, 2, 10).count, 1);
    CHECK_EQ(missing_items(bench, 2, 10).item_no[0], 2);

    CHECK_OK(store_mark_removed(bench->store, KK_SV("lux"), 2, &bench->err), &bench->err);
    CHECK_EQ(missing_items(bench, 2, 10).count, 0);
}

static void a_sighting_ends_the_misses(void **state)
{
    struct store_bench *bench = *state;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    see(bench, 1, 1, pass_of(1000, 1), 1);
    see(bench, 2, 1, pass_of(1000, 1), 1);
    list_without_2(bench);
    CHECK_EQ(see(bench, 2, 1, pass_of(1001, 1), 20).was.missed_count, 1);
    list_without_2(bench);
    CHECK_EQ(missing_items(bench, 2, 10).count, 0);
}

static void a_second_pass_counts_those_it_did_not_see(void **state)
{
    struct store_bench *bench = *state;
    struct run run;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    see(bench, 1, 1, run, 1);
    see(bench, 2, 1, run, 1);
    run.list_pass = 2;
    see(bench, 1, 1, run, 2);
    CHECK_OK(store_count_missed(bench->store, &run, &bench->err), &bench->err);
    CHECK_EQ(missing_items(bench, 1, 10).count, 1);
    CHECK_EQ(missing_items(bench, 1, 10).item_no[0], 2);
}

/* ---- visits ---- */

static enum kk_code get_visit(struct store_bench *bench, struct visit *visit)
{
    visit->detail_json = KK_BUF(1000);
    return store_get_visit(bench->store, KK_SV("lux"), 1, visit, &bench->err);
}

static void a_detail_waits_for_its_options(void **state)
{
    struct store_bench *bench = *state;
    struct kk_hash key = hash_of(3), later = hash_of(4);
    struct visit visit;

    CHECK_EQ(get_visit(bench, &visit), KK_NOT_FOUND);
    CHECK_OK(store_put_visit(bench->store, KK_SV("lux"), 1, 5, KK_SV("{\"a\":1}"), &key, &bench->err), &bench->err);
    CHECK_OK(store_put_visit(bench->other, KK_SV("lux"), 1, 6, KK_SV("{\"a\":2}"), &later, &bench->err), &bench->err);
    CHECK_OK(get_visit(bench, &visit), &bench->err);
    CHECK_EQ(visit.run_id, 6);
    CHECK_STR(kk_buf_sv(&visit.detail_json), "{\"a\":2}");
    CHECK(kk_hash_eq(&visit.detail_key, &later));
    kk_buf_done(&visit.detail_json);
    CHECK_OK(store_close_visit(bench->store, KK_SV("lux"), 1, true, 9, &bench->err), &bench->err);
    CHECK_EQ(get_visit(bench, &visit), KK_NOT_FOUND);
    CHECK_OK(store_close_visit(bench->store, KK_SV("lux"), 1, true, 9, &bench->err), &bench->err); /* twice: fine */
}

static void a_visit_sets_the_look_and_a_complete_one_brings_the_item_back(void **state)
{
    struct store_bench *bench = *state;
    struct seen_entry seen;

    see(bench, 1, 1, pass_of(1, 1), 1);
    CHECK_OK(store_mark_removed(bench->store, KK_SV("lux"), 1, &bench->err), &bench->err);
    CHECK_OK(store_close_visit(bench->store, KK_SV("lux"), 1, false, 50, &bench->err), &bench->err);
    seen = see(bench, 1, 1, pass_of(2, 1), 2);
    CHECK(seen.was.is_removed);
    CHECK_EQ(seen.was.full_look_at_ms, 50);
    CHECK_OK(store_close_visit(bench->store, KK_SV("lux"), 1, true, 60, &bench->err), &bench->err);
    seen = see(bench, 1, 1, pass_of(3, 1), 3);
    CHECK(!seen.was.is_removed);
    CHECK_EQ(seen.was.full_look_at_ms, 60);
}

/* ---- products ---- */

static struct product product_of(int64_t item_no, int64_t version, const char *seller_id)
{
    struct product product = {.item_no = item_no,
                              .status = PRODUCT_ON_SALE,
                              .version = version,
                              .hash = hash_of((int)version),
                              .first_seen_at_ms = 10,
                              .last_changed_at_ms = 20 + version,
                              .last_checked_at_ms = 30,
                              .snapshot_json = KK_BUF(1000),
                              .detail_key = hash_of(100),
                              .options_key = hash_of(101)};

    kk_sv_copy(kk_sv_of(seller_id), product.seller_id, sizeof(product.seller_id));
    kk_buf_addf(&product.snapshot_json, "{\"v\":%d}", (int)version);
    return product;
}

static enum kk_code put_version(struct store_bench *bench, struct store *store, int64_t item_no, int64_t version,
                                const char *seller_id)
{
    struct product product = product_of(item_no, version, seller_id);
    enum kk_code rc = store_put_version(store, &product, version == 1 ? CHANGE_CREATED : CHANGE_CHANGED, 7,
                                        KK_SV("[{\"field\":\"stock\"}]"), &bench->err);

    product_done(&product);
    return rc;
}

static void a_product_comes_back_whole(void **state)
{
    struct store_bench *bench = *state;
    struct product got = {.snapshot_json = KK_BUF(1000)};

    CHECK_EQ(store_get_product(bench->store, 1, &got, &bench->err), KK_NOT_FOUND);
    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_OK(put_version(bench, bench->store, 1, 2, "lux"), &bench->err);
    CHECK_OK(store_get_product(bench->other, 1, &got, &bench->err), &bench->err);
    CHECK_EQ(got.item_no, 1);
    CHECK_STR(got.seller_id, "lux");
    CHECK_EQ(got.status, PRODUCT_ON_SALE);
    CHECK_EQ(got.version, 2);
    CHECK_EQ(got.hash.byte[0], 2);
    CHECK_EQ(got.first_seen_at_ms, 10);
    CHECK_EQ(got.last_changed_at_ms, 22);
    CHECK_EQ(got.last_checked_at_ms, 30);
    CHECK_EQ(got.detail_key.byte[0], 100);
    CHECK_EQ(got.options_key.byte[0], 101);
    CHECK_STR(kk_buf_sv(&got.snapshot_json), "{\"v\":2}");
    product_done(&got);
}

struct versions {
    int64_t id[16], item_no[16], version[16];
    size_t count;
    char changes[64], seller_id[64];
    enum change_type type;
};

static bool note_version(void *ctx, const struct product_version *version)
{
    struct versions *versions = ctx;

    CHECK(versions->count < KK_COUNT(versions->id));
    versions->id[versions->count] = version->id;
    versions->item_no[versions->count] = version->item_no;
    versions->version[versions->count++] = version->version;
    versions->type = version->type;
    CHECK(kk_sv_copy(version->changes_json, versions->changes, sizeof(versions->changes)));
    CHECK(kk_sv_copy(kk_sv_of(version->seller_id), versions->seller_id, sizeof(versions->seller_id)));
    CHECK_EQ(version->at_ms, 20 + version->version);
    CHECK_EQ(version->hash.byte[0], version->version);
    CHECK_EQ(version->detail_key.byte[0], 100);
    CHECK_EQ(version->options_key.byte[0], 101);
    return true;
}

static struct versions versions_of(struct store_bench *bench, struct version_query query)
{
    struct versions versions = {.count = 0};

    CHECK_OK(store_each_version(bench->store, &query, note_version, &versions, &bench->err), &bench->err);
    return versions;
}

static void versions_have_no_gap_and_no_twin(void **state)
{
    struct store_bench *bench = *state;

    CHECK_EQ(put_version(bench, bench->store, 1, 2, "lux"), KK_CONFLICT);
    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_EQ(put_version(bench, bench->other, 1, 1, "lux"), KK_CONFLICT);
    CHECK_EQ(put_version(bench, bench->other, 1, 3, "lux"), KK_CONFLICT);
    CHECK_OK(put_version(bench, bench->other, 1, 2, "lux"), &bench->err);
    CHECK_EQ(put_version(bench, bench->store, 1, 2, "lux"), KK_CONFLICT);
    CHECK_EQ(versions_of(bench, (struct version_query){.item_no = 1}).count, 2);
}

static void a_conflict_writes_nothing_and_the_transaction_goes_on(void **state)
{
    struct store_bench *bench = *state;
    struct product got = {.snapshot_json = KK_BUF(1000)};

    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK_EQ(put_version(bench, bench->store, 1, 1, "other"), KK_CONFLICT);
    CHECK_OK(put_version(bench, bench->store, 2, 1, "lux"), &bench->err);
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    CHECK_OK(store_get_product(bench->other, 1, &got, &bench->err), &bench->err);
    CHECK_STR(got.seller_id, "lux");
    CHECK_OK(store_get_product(bench->other, 2, &got, &bench->err), &bench->err);
    product_done(&got);
}

static void versions_are_listed_by_what_is_asked(void **state)
{
    struct store_bench *bench = *state;
    struct versions all, page;

    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_OK(put_version(bench, bench->store, 2, 1, "other"), &bench->err);
    CHECK_OK(put_version(bench, bench->store, 1, 2, "lux"), &bench->err);
    all = versions_of(bench, (struct version_query){.limit = 0});
    CHECK_EQ(all.count, 3);
    CHECK(all.id[0] < all.id[1] && all.id[1] < all.id[2]);
    CHECK_EQ(all.type, CHANGE_CHANGED);
    CHECK_STR(all.changes, "[{\"field\":\"stock\"}]");
    CHECK_EQ(versions_of(bench, (struct version_query){.seller_id = KK_SV("other")}).item_no[0], 2);
    CHECK_EQ(versions_of(bench, (struct version_query){.seller_id = KK_SV("other")}).count, 1);
    page = versions_of(bench, (struct version_query){.after_id = all.id[0], .limit = 1});
    CHECK_EQ(page.count, 1);
    CHECK_EQ(page.id[0], all.id[1]);
    page = versions_of(bench, (struct version_query){.item_no = 1, .newest_first = true, .limit = 1});
    CHECK_EQ(page.version[0], 2);
}

static void a_visit_without_news_moves_the_check_and_the_seller(void **state)
{
    struct store_bench *bench = *state;
    struct product got = {.snapshot_json = KK_BUF(1000)};
    int64_t count = -1;

    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_OK(store_touch_product(bench->store, 1, KK_SV("lux"), 99, &bench->err), &bench->err);
    CHECK_OK(store_get_product(bench->store, 1, &got, &bench->err), &bench->err);
    CHECK_EQ(got.last_checked_at_ms, 99);
    CHECK_EQ(got.version, 1);
    CHECK_OK(store_touch_product(bench->store, 1, KK_SV("other"), 100, &bench->err), &bench->err);
    CHECK_OK(store_get_product(bench->store, 1, &got, &bench->err), &bench->err);
    CHECK_STR(got.seller_id, "other");
    CHECK_EQ(got.last_checked_at_ms, 100);
    CHECK_OK(store_count_products(bench->store, KK_SV("lux"), &count, &bench->err), &bench->err);
    CHECK_EQ(count, 0);
    CHECK_OK(store_count_products(bench->store, KK_SV(""), &count, &bench->err), &bench->err);
    CHECK_EQ(count, 1);
    product_done(&got);
}

static bool note_product(void *ctx, const struct product *product)
{
    struct missing *items = ctx;

    CHECK(items->count < KK_COUNT(items->item_no));
    CHECK(product->snapshot_json.len > 0);
    items->item_no[items->count++] = product->item_no;
    return true;
}

static struct missing products(struct store_bench *bench, struct product_query query)
{
    struct missing items = {.count = 0};

    CHECK_OK(store_each_product(bench->store, &query, note_product, &items, &bench->err), &bench->err);
    return items;
}

static void products_are_listed_by_number(void **state)
{
    struct store_bench *bench = *state;

    CHECK_OK(put_version(bench, bench->store, 30, 1, "lux"), &bench->err);
    CHECK_OK(put_version(bench, bench->store, 10, 1, "lux"), &bench->err);
    CHECK_OK(put_version(bench, bench->store, 20, 1, "other"), &bench->err);
    CHECK_EQ(products(bench, (struct product_query){.limit = 0}).count, 3);
    CHECK_EQ(products(bench, (struct product_query){.limit = 0}).item_no[0], 10);
    CHECK_EQ(products(bench, (struct product_query){.limit = 1, .after_item_no = 10}).item_no[0], 20);
    CHECK_EQ(products(bench, (struct product_query){.seller_id = KK_SV("lux")}).count, 2);
    CHECK_EQ(products(bench, (struct product_query){.seller_id = KK_SV("lux")}).item_no[1], 30);
    CHECK_EQ(products(bench, (struct product_query){.status = PRODUCT_REMOVED}).count, 0);
    CHECK_EQ(products(bench, (struct product_query){.status = PRODUCT_ON_SALE}).count, 3);
}

/* ---- agents ---- */

static struct agent whole_agent(void)
{
    return (struct agent){.name = "first",
                          .user_agent = "Mozilla/5.0 (X)",
                          .state = AGENT_DISABLED,
                          .token = "t",
                          .nid = "n",
                          .mustit_uid = "u",
                          .token_issued_at_ms = 1,
                          .token_expires_at_ms = 2,
                          .disabled_until_ms = INT64_MAX,
                          .ban_streak = 3,
                          .refused_streak = 4,
                          .success_count = 5,
                          .failure_count = 6,
                          .limited_count = 7,
                          .request_count = 8,
                          .created_at_ms = 9,
                          .last_used_at_ms = 10,
                          .reason = "429"};
}

static void check_agent(struct store *store, const struct agent *want)
{
    struct kk_err err = {0};
    struct agent got;

    CHECK_OK(store_get_agent(store, want->id, &got, &err), &err);
    CHECK_EQ(got.id, want->id);
    CHECK_STR(got.name, want->name);
    CHECK_STR(got.user_agent, want->user_agent);
    CHECK_EQ(got.state, want->state);
    CHECK_STR(got.token, want->token);
    CHECK_STR(got.nid, want->nid);
    CHECK_STR(got.mustit_uid, want->mustit_uid);
    CHECK_EQ(got.token_issued_at_ms, want->token_issued_at_ms);
    CHECK_EQ(got.token_expires_at_ms, want->token_expires_at_ms);
    CHECK_EQ(got.disabled_until_ms, want->disabled_until_ms);
    CHECK_EQ(got.ban_streak, want->ban_streak);
    CHECK_EQ(got.refused_streak, want->refused_streak);
    CHECK_EQ(got.success_count, want->success_count);
    CHECK_EQ(got.failure_count, want->failure_count);
    CHECK_EQ(got.limited_count, want->limited_count);
    CHECK_EQ(got.request_count, want->request_count);
    CHECK_EQ(got.created_at_ms, want->created_at_ms);
    CHECK_EQ(got.last_used_at_ms, want->last_used_at_ms);
    CHECK_STR(got.reason, want->reason);
}

static void an_agent_comes_back_whole(void **state)
{
    struct store_bench *bench = *state;
    struct agent agent = whole_agent();

    CHECK_OK(store_add_agent(bench->store, &agent, &bench->err), &bench->err);
    check_agent(bench->other, &agent);
    agent.request_count++; /* as most requests do: only the counters */
    agent.last_used_at_ms = 11;
    CHECK_OK(store_put_agent(bench->store, &agent, &bench->err), &bench->err);
    check_agent(bench->other, &agent);
    agent.state = AGENT_RECOVERED;
    agent.token[0] = '\0';
    agent.reason[0] = '\0';
    agent.disabled_until_ms = 0;
    CHECK_OK(store_put_agent(bench->store, &agent, &bench->err), &bench->err);
    check_agent(bench->other, &agent);
}

static bool print_move(void *ctx, const struct agent_move *move)
{
    kk_buf_addf(ctx, "%s>%s %s %s;", agent_state_name(move->from), agent_state_name(move->to), move->event,
                move->cause);
    return true;
}

static void an_agents_moves_are_kept_with_their_causes(void **state)
{
    static const struct agent_rules rules = {.cooldown_ms = 1000, .cooldown_max_ms = 2000};
    KK_CLEANUP(kk_buf_done) struct kk_buf moves = KK_BUF(4096);
    struct store_bench *bench = *state;
    struct agent agent = {.name = "mover", .user_agent = "Mozilla/5.0 (Y)", .state = AGENT_IDLE};

    CHECK_OK(store_add_agent(bench->store, &agent, &bench->err), &bench->err);
    agent_got_token(&agent, KK_SV("t"), KK_SV("n"), KK_SV("u"), 5000, 1000);
    agent_bucket_is(&agent, true);
    CHECK_OK(store_put_agent(bench->store, &agent, &bench->err), &bench->err);
    CHECK_OK(store_get_agent(bench->store, agent.id, &agent, &bench->err), &bench->err);
    agent_succeeded(&agent); /* no move, no row */
    CHECK_OK(store_put_agent(bench->store, &agent, &bench->err), &bench->err);
    agent_banned(&agent, &rules, 0, "429", 1000);
    CHECK_OK(store_put_agent(bench->store, &agent, &bench->err), &bench->err);
    CHECK_OK(store_each_agent_move(bench->other, agent.id, 10, print_move, &moves, &bench->err), &bench->err);
    CHECK_STR(kk_buf_cstr(&moves), "RATE_LIMITED>DISABLED BANNED 429;ACTIVE>RATE_LIMITED EMPTIED ;"
                                   "IDLE>ACTIVE GOT_TOKEN ;");
    kk_buf_clear(&moves);
    CHECK_OK(store_each_agent_move(bench->other, agent.id, 1, print_move, &moves, &bench->err), &bench->err);
    CHECK_STR(kk_buf_cstr(&moves), "RATE_LIMITED>DISABLED BANNED 429;");
}

static bool count_agent(void *ctx, const struct agent *agent)
{
    int64_t *last_id = ctx;

    CHECK(agent->id > *last_id);
    *last_id = agent->id;
    return true;
}

static void agents_have_a_name_each(void **state)
{
    struct store_bench *bench = *state;
    struct agent first = whole_agent(), second = whole_agent();
    int64_t last_id = 0;

    CHECK_OK(store_add_agent(bench->store, &first, &bench->err), &bench->err);
    CHECK_EQ(store_add_agent(bench->other, &second, &bench->err), KK_CONFLICT);
    CHECK_STR(bench->err.msg, "an agent named first is there already");
    kk_sv_copy(KK_SV("second"), second.name, sizeof(second.name));
    CHECK_OK(store_add_agent(bench->other, &second, &bench->err), &bench->err);
    CHECK_OK(store_each_agent(bench->store, count_agent, &last_id, &bench->err), &bench->err);
    CHECK_EQ(last_id, second.id);
    kk_sv_copy(KK_SV("first"), second.name, sizeof(second.name));
    CHECK_EQ(store_put_agent(bench->store, &second, &bench->err), KK_CONFLICT);
    CHECK_EQ(store_get_agent(bench->store, 4711, &second, &bench->err), KK_NOT_FOUND);
}

/* ---- purge ---- */

static void some_old_rows(struct store_bench *bench, int count)
{
    struct outbox_row row = {.topic = "event:file", .body = KK_SV("b")};
    struct attempt attempt = {.task_id = 1, .cause = "lost"};

    for (int i = 0; i < count; i++) {
        snprintf(row.key, sizeof(row.key), "%d", i);
        snprintf(row.dedup_key, sizeof(row.dedup_key), "%d-1", i);
        CHECK_OK(store_add_outbox(bench->store, &row, &bench->err), &bench->err);
        CHECK_OK(store_event_published(bench->store, i + 1, 100 + i, &(struct event_answer){.http_status = 200},
                                       &bench->err),
                 &bench->err);
        attempt.at_ms = 100 + i;
        CHECK_OK(store_add_attempt(bench->store, &attempt, &bench->err), &bench->err);
    }
}

static int64_t purge(struct store_bench *bench, int64_t before_ms, int limit)
{
    struct retention retention = {
        .events_before_ms = before_ms, .attempts_before_ms = before_ms, .runs_before_ms = before_ms};
    int64_t count = -1;

    CHECK_OK(store_purge(bench->store, &retention, limit, &count, &bench->err), &bench->err);
    return count;
}

static void old_rows_go_within_the_limit_and_young_ones_stay(void **state)
{
    struct store_bench *bench = *state;
    struct outbox_row unpublished = {
        .topic = "event:file", .key = "x", .dedup_key = "x-1", .not_before_ms = 1, .body = KK_SV("b")};

    some_old_rows(bench, 5);
    CHECK_OK(store_add_outbox(bench->store, &unpublished, &bench->err), &bench->err);
    CHECK_EQ(purge(bench, 100, 100), 0);
    CHECK_EQ(purge(bench, 103, 4), 4);
    CHECK_EQ(purge(bench, 103, 4), 2);
    CHECK_EQ(purge(bench, 103, 4), 0);
    CHECK_EQ(purge(bench, 1000, 100), 4);
    CHECK_EQ(bench_outbox_count(bench->store, "event:file"), 1); /* however old, it was never told */
}

static void runs_go_but_the_last_and_the_open_one(void **state)
{
    struct store_bench *bench = *state;
    struct seller seller;
    struct run first, last, got;
    struct task task;
    bool is_done;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "open", SELLER_ACTIVE);
    first = bench_run(bench, "lux");
    CHECK_OK(store_end_run(bench->store, first.id, RUN_COMPLETE, 10, &is_done, &bench->err), &bench->err);
    last = bench_run(bench, "lux");
    CHECK_OK(store_end_run(bench->store, last.id, RUN_COMPLETE, 20, &is_done, &bench->err), &bench->err);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &seller, &bench->err), &bench->err);
    seller.last_run_id = last.id;
    CHECK_OK(store_seller_started(bench->store, &seller, &bench->err), &bench->err);
    bench_run(bench, "open");
    task = bench_task(bench, "lux", 1, 0);
    CHECK_OK(put_version(bench, bench->store, 1, 1, "lux"), &bench->err);
    CHECK_EQ(purge(bench, INT64_MAX, 100), 1);
    CHECK_EQ(store_get_run(bench->store, first.id, &got, &bench->err), KK_NOT_FOUND);
    CHECK_OK(store_get_run(bench->store, last.id, &got, &bench->err), &bench->err);
    CHECK_OK(store_get_open_run(bench->store, KK_SV("open"), &got, &bench->err), &bench->err);
    CHECK_EQ(bench_get(bench, task.id).state, TASK_WAITING);
    CHECK_EQ(versions_of(bench, (struct version_query){.item_no = 1}).count, 1);
}

static void a_runs_number_is_never_used_twice(void **state)
{
    struct store_bench *bench = *state;
    struct run run;
    int64_t last_id;
    bool is_done;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    last_id = run.id;
    CHECK_OK(store_end_run(bench->store, run.id, RUN_COMPLETE, 10, &is_done, &bench->err), &bench->err);
    CHECK_EQ(purge(bench, INT64_MAX, 100), 1);
    CHECK(bench_run(bench, "lux").id > last_id); /* listings remember runs by their numbers */
}

int store_item_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_entry_is_new_then_the_same_then_changed),
        STORE_TEST(distinct_items_of_the_present_pass_are_counted),
        STORE_TEST(two_complete_lists_without_an_item_show_that_it_is_missing),
        STORE_TEST(a_sighting_ends_the_misses),
        STORE_TEST(a_second_pass_counts_those_it_did_not_see),
        STORE_TEST(a_detail_waits_for_its_options),
        STORE_TEST(a_visit_sets_the_look_and_a_complete_one_brings_the_item_back),
        STORE_TEST(a_product_comes_back_whole),
        STORE_TEST(versions_have_no_gap_and_no_twin),
        STORE_TEST(a_conflict_writes_nothing_and_the_transaction_goes_on),
        STORE_TEST(versions_are_listed_by_what_is_asked),
        STORE_TEST(a_visit_without_news_moves_the_check_and_the_seller),
        STORE_TEST(products_are_listed_by_number),
        STORE_TEST(an_agent_comes_back_whole),
        STORE_TEST(an_agents_moves_are_kept_with_their_causes),
        STORE_TEST(agents_have_a_name_each),
        STORE_TEST(old_rows_go_within_the_limit_and_young_ones_stay),
        STORE_TEST(runs_go_but_the_last_and_the_open_one),
        STORE_TEST(a_runs_number_is_never_used_twice),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
