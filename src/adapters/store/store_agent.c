/* Agents (A1, A2): what changes rarely and is long (agent), and what changes with each request (agent_use). */
#include "adapters/store/store_sql.h"

#include <inttypes.h>

#define COLUMNS                                                                                               \
    "a.id, a.name, a.user_agent, a.state, a.token, a.nid, a.mustit_uid, a.token_issued_at_ms, "               \
    "a.token_expires_at_ms, a.disabled_until_ms, a.created_at_ms, a.reason, u.ban_streak, u.refused_streak, " \
    "u.success_count, u.failure_count, u.limited_count, u.request_count, u.last_used_at_ms"
#define FROM " FROM agent a JOIN agent_use u ON u.agent_id = a.id "

static const struct db_sql add_agent = {
    "INSERT INTO agent (name, user_agent, state, token, nid, mustit_uid, token_issued_at_ms, token_expires_at_ms, "
    "disabled_until_ms, created_at_ms, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql add_use = {
    "INSERT INTO agent_use (ban_streak, refused_streak, success_count, failure_count, limited_count, request_count, "
    "last_used_at_ms, agent_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_agent = {"SELECT " COLUMNS FROM "WHERE a.id = ?"};
static const struct db_sql each_agent = {"SELECT " COLUMNS FROM "ORDER BY a.id"};
/* Most requests change nothing here; then nothing is written. */
static const struct db_sql put_agent = {
    "UPDATE agent SET name = ?, user_agent = ?, state = ?, token = ?, nid = ?, mustit_uid = ?, "
    "token_issued_at_ms = ?, token_expires_at_ms = ?, disabled_until_ms = ?, created_at_ms = ?, reason = ? "
    "WHERE id = ? AND NOT (name = ? AND user_agent = ? AND state = ? AND token = ? AND nid = ? AND mustit_uid = ? "
    "AND token_issued_at_ms = ? AND token_expires_at_ms = ? AND disabled_until_ms = ? AND created_at_ms = ? "
    "AND reason = ?)"};
static const struct db_sql put_use = {
    "UPDATE agent_use SET ban_streak = ?, refused_streak = ?, success_count = ?, failure_count = ?, "
    "limited_count = ?, request_count = ?, last_used_at_ms = ? WHERE agent_id = ?"};

static void read_agent(struct db_stmt *q, struct agent *ret)
{
    *ret = (struct agent){.id = db_get_int(q)};
    db_get_copy(q, ret->name, sizeof(ret->name));
    db_get_copy(q, ret->user_agent, sizeof(ret->user_agent));
    if (!agent_state_parse(db_get_sv(q), &ret->state))
        db_bad(q, "a state");
    db_get_copy(q, ret->token, sizeof(ret->token));
    db_get_copy(q, ret->nid, sizeof(ret->nid));
    db_get_copy(q, ret->mustit_uid, sizeof(ret->mustit_uid));
    ret->token_issued_at_ms = db_get_int(q);
    ret->token_expires_at_ms = db_get_int(q);
    ret->disabled_until_ms = db_get_int(q);
    ret->created_at_ms = db_get_int(q);
    db_get_copy(q, ret->reason, sizeof(ret->reason));
    ret->ban_streak = (int)db_get_int(q);
    ret->refused_streak = (int)db_get_int(q);
    ret->success_count = db_get_int(q);
    ret->failure_count = db_get_int(q);
    ret->limited_count = db_get_int(q);
    ret->request_count = db_get_int(q);
    ret->last_used_at_ms = db_get_int(q);
}

static void put_rare(struct db_stmt *q, const struct agent *agent)
{
    db_put_cstr(q, agent->name);
    db_put_cstr(q, agent->user_agent);
    db_put_cstr(q, agent_state_name(agent->state));
    db_put_cstr(q, agent->token);
    db_put_cstr(q, agent->nid);
    db_put_cstr(q, agent->mustit_uid);
    db_put_int(q, agent->token_issued_at_ms);
    db_put_int(q, agent->token_expires_at_ms);
    db_put_int(q, agent->disabled_until_ms);
    db_put_int(q, agent->created_at_ms);
    db_put_cstr(q, agent->reason);
}

static enum kk_code write_use(struct store *store, const struct db_sql *sql, const struct agent *agent,
                              struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, sql);

    db_put_int(q, agent->ban_streak);
    db_put_int(q, agent->refused_streak);
    db_put_int(q, agent->success_count);
    db_put_int(q, agent->failure_count);
    db_put_int(q, agent->limited_count);
    db_put_int(q, agent->request_count);
    db_put_int(q, agent->last_used_at_ms);
    db_put_int(q, agent->id);
    return db_run(q, NULL, err);
}

static enum kk_code add_inside(struct store *store, struct agent *agent, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_agent);
    enum kk_code rc;

    put_rare(q, agent);
    rc = db_run(q, NULL, err);
    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "an agent named %s is there already", agent->name);
    if (rc)
        return rc;
    agent->id = store->db->ops->last_id(store->db);
    return write_use(store, &add_use, agent, err);
}

enum kk_code store_add_agent(struct store *store, struct agent *agent, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, add_inside(store, agent, err), err);
}

enum kk_code store_get_agent(struct store *store, int64_t agent_id, struct agent *ret, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_agent);
    enum kk_code rc;

    db_put_int(q, agent_id);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "there is no agent %" PRId64, agent_id);
    read_agent(q, ret);
    rc = db_row_check(q, "agent", err);
    db_done(q);
    return rc;
}

static enum kk_code put_inside(struct store *store, const struct agent *agent, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_agent);
    enum kk_code rc;

    put_rare(q, agent);
    db_put_int(q, agent->id);
    put_rare(q, agent);
    rc = db_run(q, NULL, err);
    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "an agent named %s is there already", agent->name);
    return rc ? rc : write_use(store, &put_use, agent, err);
}

enum kk_code store_put_agent(struct store *store, const struct agent *agent, struct kk_err *err)
{
    enum kk_code rc = db_begin(store->db, err);

    return rc ? rc : db_end(store->db, put_inside(store, agent, err), err);
}

enum kk_code store_each_agent(struct store *store, bool (*row)(void *ctx, const struct agent *agent), void *ctx,
                              struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_agent);
    enum kk_code rc;

    while (db_row(q, &rc, err)) {
        struct agent agent;

        read_agent(q, &agent);
        rc = db_row_check(q, "agent", err);
        if (rc || !row(ctx, &agent)) {
            db_done(q);
            break;
        }
    }
    return rc;
}
