#include "sandbox/sandbox.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "sandbox/inside.h"
#include "sandbox/move.h"
#include "sandbox/truth.h"
#include "site/paths.h"

#define ADVANCE_MAX 100000 /* moves made up for in one call, after a long silence */

struct sandbox_conf sandbox_conf_default(void)
{
    return (struct sandbox_conf){
        .seed = 1,
        .sellers = "luxmaison:120,casaverde:501,atelierno9:37,seoulcloset:1,emptyshop:0",
        .limit = 80,
        .window_ms = KK_HOUR_MS,
        .token_life_ms = 2 * KK_HOUR_MS,
        .page_max = 1000,
        .faults = "",
        .list_path = SITE_LIST_PATH,
        .retry_after = RETRY_AFTER_NONE,
        .fault_retry_after_ms = 5 * KK_SECOND_MS,
        .slow_ms = 2 * KK_SECOND_MS,
        .hang_ms = KK_MINUTE_MS,
        .huge_bytes = INT64_C(17) * 1024 * 1024,
        .cache_bytes = INT64_C(96) * 1024 * 1024,
        .has_noise = true,
        .has_gzip = true,
    };
}

static enum kk_code check_range(const char *what, int64_t value, int64_t least, int64_t most, struct kk_err *err)
{
    if (value >= least && value <= most)
        return KK_OK;
    return kk_fail(err, KK_BAD_INPUT, "%s is %" PRId64 ", and must be from %" PRId64 " to %" PRId64, what, value, least,
                   most);
}

static enum kk_code check_conf(const struct sandbox_conf *conf, struct kk_err *err)
{
    const struct {
        const char *what;
        int64_t value, least, most;
    } ranges[] = {
        {"the limit", conf->limit, 0, SANDBOX_LIMIT_MAX},
        {"the window (ms)", conf->window_ms, 1, 365 * KK_DAY_MS},
        {"the token's life (ms)", conf->token_life_ms, 1, 365 * KK_DAY_MS},
        {"the largest page", conf->page_max, 1, 1000},
        {"big-every", conf->big_every, 0, INT64_MAX},
        {"the moves per minute", conf->moves_per_minute, 0, 60000},
        {"the delay of slow (ms)", conf->slow_ms, 0, KK_HOUR_MS},
        {"the delay of hang (ms)", conf->hang_ms, 0, KK_DAY_MS},
        {"the Retry-After of a fault (ms)", conf->fault_retry_after_ms, 0, KK_DAY_MS},
        {"the size of huge (bytes)", conf->huge_bytes, 1, (int64_t)SANDBOX_BODY_MAX / 2},
        {"the cache (bytes)", conf->cache_bytes, 0, INT64_C(1) << 40},
    };

    for (size_t i = 0; i < KK_COUNT(ranges); i++) {
        enum kk_code rc = check_range(ranges[i].what, ranges[i].value, ranges[i].least, ranges[i].most, err);
        if (rc)
            return rc;
    }
    if (conf->list_path[0] != '/')
        return kk_fail(err, KK_BAD_INPUT, "the list's path '%.100s' does not begin with '/'", conf->list_path);
    return KK_OK;
}

static enum kk_code build(struct sandbox *sandbox, struct kk_err *err)
{
    const struct sandbox_conf *conf = &sandbox->conf;
    struct gate_conf gate = {conf->limit, conf->window_ms, conf->token_life_ms, conf->seed};
    enum kk_code rc = check_conf(conf, err);

    if (rc)
        return rc;
    if (!kk_sv_copy(kk_sv_of(conf->list_path), sandbox->list_path, sizeof(sandbox->list_path)))
        return kk_fail(err, KK_BAD_INPUT, "the list's path is longer than %d bytes", LOG_TARGET_BYTES - 1);
    rc = faults_parse(&sandbox->faults, kk_sv_of(conf->faults), err);
    if (rc)
        return rc;
    rc = world_create(conf->seed, conf->replay_dir ? "replayed:0" : conf->sellers, conf->big_every, &sandbox->world,
                      err);
    if (rc)
        return rc;
    if (conf->replay_dir) {
        rc = replay_open(conf->replay_dir, &sandbox->replay, err);
        if (rc)
            return rc;
    }
    sandbox->gate = gate_create(&gate);
    sandbox->bodies = body_store_create(sandbox->world, conf->seed, (size_t)conf->cache_bytes, !conf->has_noise);
    return KK_OK;
}

enum kk_code sandbox_create(const struct sandbox_conf *conf, int64_t now_ms, struct sandbox **ret_sandbox,
                            struct kk_err *err)
{
    struct sandbox *sandbox = memory_new(1, sizeof(*sandbox));

    sandbox->conf = *conf;
    sandbox->now_ms = sandbox->started_at_ms = now_ms;
    enum kk_code rc = build(sandbox, err);
    if (rc) {
        sandbox_destroy(sandbox);
        return rc;
    }
    *ret_sandbox = sandbox;
    return KK_OK;
}

void sandbox_destroy(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    body_store_destroy(sandbox->bodies);
    gate_destroy(sandbox->gate);
    replay_close(sandbox->replay);
    world_destroy(sandbox->world);
    log_done(&sandbox->log);
    free(sandbox);
}

/* --- moving --- */

void sandbox_advance(struct sandbox *sandbox, int64_t now_ms)
{
    int64_t rate = sandbox->conf.moves_per_minute;

    for (int i = 0; rate > 0 && i < ADVANCE_MAX; i++) {
        int64_t due_ms = sandbox->started_at_ms + (sandbox->own_moves + 1) * KK_MINUTE_MS / rate;
        struct move_order order = {.count = 1, .seed = (uint64_t)sandbox->own_moves};

        if (due_ms > now_ms)
            return;
        sandbox->own_moves++;
        world_move(sandbox->world, &order, due_ms);
    }
}

enum kk_code sandbox_move(struct sandbox *sandbox, const struct sandbox_order *order, int64_t now_ms, int64_t *ret_made,
                          struct kk_err *err)
{
    struct move_order move = {.count = order->count, .seed = order->seed, .is_distinct = order->is_distinct};
    enum kk_code rc;

    if (order->count < 0 || order->count > MOVE_COUNT_MAX)
        return kk_fail(err, KK_BAD_INPUT, "count is from 0 to %d", MOVE_COUNT_MAX);
    rc = move_kinds_parse(kk_sv_of(order->kinds), &move.kinds, err);
    if (rc)
        return rc;
    if (order->seller_id) {
        move.seller = world_seller(sandbox->world, kk_sv_of(order->seller_id));
        if (!move.seller)
            return kk_fail(err, KK_NOT_FOUND, "there is no seller '%.60s'", order->seller_id);
    }
    *ret_made = world_move(sandbox->world, &move, now_ms);
    return KK_OK;
}

enum kk_code sandbox_set(struct sandbox *sandbox, int64_t item_no, struct kk_sv field, struct kk_sv value,
                         int64_t now_ms, struct kk_err *err)
{
    return world_move_set(sandbox->world, item_no, field, value, now_ms, err);
}

enum kk_code sandbox_fault(struct sandbox *sandbox, const struct sandbox_fault *fault, int64_t now_ms,
                           struct kk_err *err)
{
    struct fault_rule rule = {
        .rate_ppm = fault->rate_ppm, .left = fault->count, .until_ms = fault->for_ms > 0 ? now_ms + fault->for_ms : 0};
    enum kk_code rc = fault_paths_parse(fault->paths, &rule.paths, err);

    return rc ? rc : faults_set(&sandbox->faults, fault->name, &rule, err);
}

/* --- behind the scenes --- */

enum kk_code sandbox_truth(const struct sandbox *sandbox, const char *seller_id, struct kk_buf *out, struct kk_err *err)
{
    const struct world_seller *seller = seller_id ? world_seller(sandbox->world, kk_sv_of(seller_id)) : NULL;

    if (seller_id && !seller)
        return kk_fail(err, KK_NOT_FOUND, "there is no seller '%.60s'", seller_id);
    truth_all(sandbox->world, seller, out);
    return KK_OK;
}

enum kk_code sandbox_truth_item(const struct sandbox *sandbox, int64_t item_no, struct kk_buf *out, struct kk_err *err)
{
    const struct world_item *item = world_item(sandbox->world, item_no);

    if (!item)
        return kk_fail(err, KK_NOT_FOUND, "there is no item %" PRId64, item_no);
    truth_item(sandbox->world, item, out);
    return KK_OK;
}

void sandbox_changes(const struct sandbox *sandbox, int64_t after, struct kk_buf *out)
{
    truth_changes(sandbox->world, after, out);
}

int64_t sandbox_last_change(const struct sandbox *sandbox)
{
    return sandbox->world->history.last;
}

void sandbox_log(const struct sandbox *sandbox, int64_t after, int64_t limit, struct kk_buf *out)
{
    log_write(&sandbox->log, sandbox->gate, after, limit, out);
}

struct sandbox_totals sandbox_totals(const struct sandbox *sandbox)
{
    struct sandbox_totals totals = {.requests = sandbox->log.last};

    for (int a = 0; a < gate_agent_count(sandbox->gate); a++) {
        const struct gate_agent *agent = gate_agent_at(sandbox->gate, a);

        totals.over_limit += agent->refused;
        totals.dead_token_uses += agent->dead_token_uses;
        if (agent->busiest > totals.busiest)
            totals.busiest = agent->busiest;
    }
    return totals;
}

static void write_agent(const struct gate_agent *agent, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "agent", kk_sv_of(agent->user_agent));
    kk_jw_key_i64(out, "requests", agent->requests);
    kk_jw_key_i64(out, "busiest", agent->busiest);
    kk_jw_key_i64(out, "busiestAt", agent->busiest_end_ms);
    kk_jw_key_bool(out, "busiestIsFloor", agent->is_busiest_floor);
    kk_jw_key_i64(out, "overLimit", agent->refused);
    kk_jw_key_i64(out, "deadToken", agent->dead_token_uses);
    kk_jw_close(out, '}');
}

void sandbox_stats(const struct sandbox *sandbox, struct kk_buf *out)
{
    struct sandbox_totals totals = sandbox_totals(sandbox);
    size_t shown = sandbox->world->shown_count;

    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "limit", sandbox->conf.limit);
    kk_jw_key_i64(out, "windowMs", sandbox->conf.window_ms);
    kk_jw_key_i64(out, "busiest", totals.busiest);
    kk_jw_key(out, "violations");
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "overLimit", totals.over_limit);
    kk_jw_key_i64(out, "deadToken", totals.dead_token_uses);
    kk_jw_close(out, '}');
    log_write_counts(&sandbox->log, out);
    kk_jw_key(out, "agents");
    kk_jw_open(out, '[');
    for (int a = 0; a < gate_agent_count(sandbox->gate); a++)
        write_agent(gate_agent_at(sandbox->gate, a), out);
    kk_jw_close(out, ']');
    kk_jw_key_i64(out, "items", (int64_t)shown);
    kk_jw_key_i64(out, "lastChange", sandbox->world->history.last);
    kk_jw_key(out, "faults");
    faults_write(&sandbox->faults, out);
    kk_jw_close(out, '}');
}
