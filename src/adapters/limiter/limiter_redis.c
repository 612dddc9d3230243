/* The limiter in Redis: a turn is one run of token_bucket.lua. What the script decides counts at once, whatever becomes
 * of the store's transaction; the record of the grant commits with it, before the request leaves. */
#include "adapters/limiter/limiter_redis.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/limiter/limiter_script.h"
#include "adapters/store/store_sql.h"
#include "base/assert.h"
#include "base/log.h"

#define ROUNDS_MAX 6 /* compare memories, give the list of agents, ask again after a connection that broke */
#define AGENTS_AT_ONCE 1000
#define NEVER_MS INT64_C(9000000000000000) /* the script's end of time: its numbers are exact up to there */

static const struct limiter_ops redis_limiter_ops;

static struct limiter_redis *self_of(struct limiter *l)
{
    KK_ASSERT(l->ops == &redis_limiter_ops);
    return (struct limiter_redis *)l;
}

/* ---- asking ---- */

struct question {
    void (*say)(struct limiter_redis *self, const void *what); /* begins it and adds its words */
    enum kk_code (*list)(struct limiter_redis *self, const void *what, struct kk_err *err); /* NULL: needs no list */
    const void *what;
};

static bool is_status(const struct script_reply *reply, const char *status)
{
    return kk_sv_eq(reply->status, kk_sv_of(status));
}

static bool is_checked(const struct limiter_redis *self)
{
    return strcmp(self->checked_run, redis_server(self->redis)->run_id) == 0;
}

/* A server we do not know is believed once it was compared with the store. The node of a cluster that was dialled may
 * not be the one that has the pool. */
static enum kk_code meet(struct limiter_redis *self, struct kk_err *err)
{
    enum kk_code rc = redis_connect(self->redis, err);

    if (!rc && !is_checked(self))
        rc = redis_seek(self->redis, self->pool_key, err);
    return rc || is_checked(self) ? rc : limiter_restore(self, false, err);
}

/* *ret_done: the answer is what was asked for; else it is to be asked again. */
static enum kk_code ask_round(struct limiter_redis *self, const struct question *question, struct script_reply *ret,
                              bool *ret_done, struct kk_err *err)
{
    enum kk_code rc = meet(self, err);

    *ret_done = false;
    if (rc)
        return rc;
    question->say(self, question->what);
    rc = script_ask(self, ret, err);
    if (rc)
        return rc;
    if (is_status(ret, "ARM"))
        return limiter_restore(self, true, err);
    if (is_status(ret, "SET") && question->list)
        return question->list(self, question->what, err);
    *ret_done = true;
    return KK_OK;
}

static enum kk_code ask(struct limiter_redis *self, const struct question *question, struct script_reply *ret,
                        struct kk_err *err)
{
    bool is_done = false, was_broken = false;
    enum kk_code rc = KK_OK;

    for (int round = 0; !rc && !is_done && round < ROUNDS_MAX; round++) {
        bool was_connected = redis_is_connected(self->redis);

        rc = ask_round(self, question, ret, &is_done, err);
        /* An idle connection may be gone without our knowing; a new one is tried once. */
        if (rc == KK_UNAVAILABLE && was_connected && !redis_is_connected(self->redis) && !was_broken) {
            was_broken = true;
            rc = KK_OK;
        }
    }
    if (!rc && !is_done)
        rc = kk_fail(err, KK_UNAVAILABLE, "Redis forgets what it was told at once; is its memory too small?");
    if (!rc && self->has_failed)
        kk_log(KK_EV_LIMITER_BACK, KK_CSTR("limiter", "redis"));
    self->has_failed = rc != KK_OK;
    /* What failed is one thing to the caller: nothing was granted, and later it may be. */
    return rc == KK_TIMEOUT ? KK_UNAVAILABLE : rc;
}

/* ---- a turn ---- */

struct turn {
    const struct limiter_ask *ask;
    size_t want;
    char digest[33];
};

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The list of agents goes to the server once, under this name. */
static enum kk_code name_list(const struct limiter_ask *ask, char ret_digest[33], struct kk_err *err)
{
    int64_t *ids = malloc((ask->agent_count + 1) * sizeof(*ids));
    struct kk_hash hash;

    if (!ids)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter's agents");
    memcpy(ids, ask->agent_ids, ask->agent_count * sizeof(*ids));
    qsort(ids, ask->agent_count, sizeof(*ids), compare_ids);
    hash = kk_sha256((struct kk_sv){(const char *)ids, ask->agent_count * sizeof(*ids)});
    free(ids);
    for (size_t i = 0; i < 16; i++)
        snprintf(ret_digest + 2 * i, 3, "%02x", hash.byte[i]);
    return KK_OK;
}

static void say_turn(struct limiter_redis *self, const void *what)
{
    const struct turn *turn = what;

    script_begin(self, "turn");
    script_add(self, kk_sv_of(self->client));
    script_add_int(self, self->attempt);
    script_add_int(self, self->is_unanswered);
    script_add_int(self, (int64_t)turn->want);
    script_add(self, kk_sv_of(turn->digest));
    for (size_t i = 0; i < turn->ask->report_count; i++) {
        const struct limiter_report *report = &turn->ask->reports[i];

        script_add_int(self, report->agent_id);
        script_add_int(self, report->grant_id);
        script_add_int(self, report->was_sent);
        script_add_int(self, report->hold_ms < NEVER_MS ? report->hold_ms : NEVER_MS);
    }
    self->is_unanswered = true; /* until an answer has come */
}

static enum kk_code list_agents(struct limiter_redis *self, const void *what, struct kk_err *err)
{
    const struct turn *turn = what;
    const struct limiter_ask *ask = turn->ask;
    struct script_reply reply;
    enum kk_code rc = KK_OK;

    for (size_t from = 0; !rc && from < ask->agent_count; from += AGENTS_AT_ONCE) {
        script_begin(self, "list");
        script_add(self, kk_sv_of(turn->digest));
        script_add(self, kk_sv_of(self->client));
        script_add_int(self, from + AGENTS_AT_ONCE >= ask->agent_count);
        for (size_t i = from; i < ask->agent_count && i < from + AGENTS_AT_ONCE; i++)
            script_add_int(self, ask->agent_ids[i]);
        rc = script_ask(self, &reply, err);
    }
    return rc;
}

static enum kk_code read_grants(struct limiter_redis *self, const struct turn *turn, const struct script_reply *reply,
                                struct limiter_grant *ret_grants, size_t *ret_count, struct kk_err *err)
{
    size_t count = (reply->count - 1) / 4;
    enum kk_code rc = script_check(reply, reply->count, err);

    if (!rc && (count > turn->want || reply->count != 1 + 4 * count))
        rc = kk_fail(err, KK_MISMATCH, "the limiter's script gave other grants than it was asked for");
    for (size_t i = 0; !rc && i < count; i++) {
        ret_grants[i] = (struct limiter_grant){.agent_id = script_int(reply, 1 + 4 * i),
                                               .id = script_int(reply, 2 + 4 * i),
                                               .tokens_left = script_int(reply, 3 + 4 * i),
                                               .is_after_silence = script_int(reply, 4 + 4 * i) != 0};
        rc = limiter_record(self, &ret_grants[i], reply->now_ms, err);
    }
    *ret_count = rc ? 0 : count;
    return rc;
}

static enum kk_code turn_inside(struct limiter_redis *self, const struct turn *turn, struct limiter_grant *ret_grants,
                                size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err)
{
    const struct question question = {.say = say_turn, .list = list_agents, .what = turn};
    struct script_reply reply;
    enum kk_code rc = ask(self, &question, &reply, err);

    if (!rc)
        rc = script_check(&reply, 1, err);
    if (rc)
        return rc;
    self->is_unanswered = false;
    self->attempt++;
    *ret_wait_ms = script_int(&reply, 0) < 0 ? INT64_MAX : script_int(&reply, 0);
    return read_grants(self, turn, &reply, ret_grants, ret_count, err);
}

static enum kk_code redis_turn(struct limiter *l, const struct limiter_ask *ask, struct limiter_grant *ret_grants,
                               size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err)
{
    struct limiter_redis *self = self_of(l);
    struct turn turn = {.ask = ask, .want = ask->agent_count ? ask->want : 0};
    struct db *db = store_db(self->store);
    size_t count = 0;
    int64_t wait_ms = 0;
    enum kk_code rc = turn.want ? name_list(ask, turn.digest, err) : KK_OK;

    if (!rc)
        rc = db_begin(db, err);
    if (!rc)
        rc = db_end(db, turn_inside(self, &turn, ret_grants, &count, &wait_ms, err), err);
    if (rc)
        return kk_while(err, rc, "ask the limiter");
    *ret_count = count;
    *ret_wait_ms = ask->want && !ask->agent_count ? INT64_MAX : wait_ms;
    return KK_OK;
}

/* ---- the other calls ---- */

static void say_again(struct limiter_redis *self, const void *what)
{
    const struct limiter_grant *grant = what;

    script_begin(self, "again");
    script_add_int(self, grant->agent_id);
    script_add_int(self, grant->id);
}

static enum kk_code again_inside(struct limiter_redis *self, const struct limiter_grant *grant, bool *ret_refused,
                                 struct kk_err *err)
{
    const struct question question = {.say = say_again, .what = grant};
    struct script_reply reply;
    enum kk_code rc = ask(self, &question, &reply, err);

    if (rc)
        return rc;
    *ret_refused = !is_status(&reply, "OK");
    if (*ret_refused) {
        kk_fail(err, KK_LIMITED, is_status(&reply, "EMPTY") ? "the agent's bucket is empty" : "the grant is over");
        return KK_OK;
    }
    return limiter_record(self, grant, reply.now_ms, err);
}

static enum kk_code redis_again(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err)
{
    struct limiter_redis *self = self_of(l);
    struct db *db = store_db(self->store);
    bool is_refused = false;
    enum kk_code rc = db_begin(db, err);

    if (!rc)
        rc = db_end(db, again_inside(self, grant, &is_refused, err), err);
    if (rc)
        return kk_while(err, rc, "ask the limiter for a hop");
    return is_refused ? KK_LIMITED : KK_OK;
}

struct looked {
    const int64_t *agent_ids;
    size_t count;
};

static void say_look(struct limiter_redis *self, const void *what)
{
    const struct looked *looked = what;

    script_begin(self, "look");
    for (size_t i = 0; i < looked->count; i++)
        script_add_int(self, looked->agent_ids[i]);
}

/* The script's time as the wall clock's; 0 is none. */
static int64_t wall_of(int64_t at_ms, int64_t to_wall_ms)
{
    return at_ms == 0 ? 0 : at_ms >= NEVER_MS ? INT64_MAX : at_ms + to_wall_ms;
}

static enum kk_code look_at_some(struct limiter_redis *self, const struct looked *looked, struct limiter_agent *ret,
                                 struct kk_err *err)
{
    const struct question question = {.say = say_look, .what = looked};
    struct script_reply reply;
    int64_t to_wall_ms;
    enum kk_code rc = ask(self, &question, &reply, err);

    if (!rc)
        rc = script_check(&reply, 4 * looked->count, err);
    if (rc)
        return rc;
    to_wall_ms = kk_wall_ms(self->clock) - reply.now_ms;
    for (size_t i = 0; i < looked->count; i++)
        ret[i] = (struct limiter_agent){.agent_id = looked->agent_ids[i],
                                        .tokens_left = script_int(&reply, 4 * i),
                                        .free_at_ms = wall_of(script_int(&reply, 4 * i + 1), to_wall_ms),
                                        .held_until_ms = wall_of(script_int(&reply, 4 * i + 2), to_wall_ms),
                                        .is_busy = script_int(&reply, 4 * i + 3) != 0};
    return KK_OK;
}

static enum kk_code redis_look(struct limiter *l, const int64_t *agent_ids, size_t count, struct limiter_agent *ret,
                               struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    for (size_t from = 0; !rc && from < count; from += AGENTS_AT_ONCE) {
        size_t some = count - from < AGENTS_AT_ONCE ? count - from : AGENTS_AT_ONCE;
        struct looked looked = {agent_ids + from, some};

        rc = look_at_some(self_of(l), &looked, ret + from, err);
    }
    return rc ? kk_while(err, rc, "look at the limiter") : KK_OK;
}

static void say_unhold(struct limiter_redis *self, const void *what)
{
    script_begin(self, "unhold");
    script_add_int(self, *(const int64_t *)what);
}

static enum kk_code redis_unhold(struct limiter *l, int64_t agent_id, struct kk_err *err)
{
    const struct question question = {.say = say_unhold, .what = &agent_id};
    struct script_reply reply;
    enum kk_code rc = ask(self_of(l), &question, &reply, err);

    return rc ? kk_while(err, rc, "end a hold") : KK_OK;
}

static void limiter_redis_close(struct limiter *l)
{
    struct limiter_redis *self = self_of(l);

    redis_close(self->redis);
    script_words_done(&self->words);
    free(self);
}

static const struct limiter_ops redis_limiter_ops = {
    .name = "redis",
    .turn = redis_turn,
    .again = redis_again,
    .look = redis_look,
    .unhold = redis_unhold,
    .close = limiter_redis_close,
};

enum kk_code limiter_redis_open(struct store *store, const struct limiter_redis_options *options,
                                struct limiter **ret_limiter, struct kk_err *err)
{
    struct limiter_redis *self = calloc(1, sizeof(*self));
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the limiter");
    *self = (struct limiter_redis){.base = {.ops = &redis_limiter_ops},
                                   .store = store,
                                   .rules = *options->rules,
                                   .clock = options->clock,
                                   .test_clock = options->test_clock,
                                   .rng = options->rng};
    snprintf(self->pool_key, sizeof(self->pool_key), "{%s}:pool", options->redis->prefix);
    snprintf(self->client, sizeof(self->client), "%016llx", (unsigned long long)kk_rng_next(options->rng));
    rc = script_sha(self->sha, err);
    if (!rc)
        rc = redis_open(options->redis, &self->redis, err);
    if (rc) {
        free(self);
        return rc;
    }
    *ret_limiter = &self->base;
    return KK_OK;
}
