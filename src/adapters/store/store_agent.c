/* Agents (A1, A2): what changes rarely and is long (agent), and what changes with each request (agent_use). */
#include "adapters/store/store_sql.h"

#include <inttypes.h>
#include <string.h>

#include "adapters/crypto/seal.h"

#define SECRET_MAX_BYTES (AGENT_TOKEN_BYTES + 2 * AGENT_ID_COOKIE_BYTES)

#define COLUMNS                                                                                               \
    "a.id, a.name, a.user_agent, a.state, a.token, a.nid, a.mustit_uid, a.token_issued_at_ms, "               \
    "a.token_expires_at_ms, a.disabled_until_ms, a.created_at_ms, a.reason, u.ban_streak, u.refused_streak, " \
    "u.success_count, u.failure_count, u.limited_count, u.request_count, u.last_used_at_ms, a.sealed"
#define FROM " FROM agent a JOIN agent_use u ON u.agent_id = a.id "

static const struct db_sql add_agent = {
    "INSERT INTO agent (name, user_agent, state, token, nid, mustit_uid, token_issued_at_ms, token_expires_at_ms, "
    "disabled_until_ms, created_at_ms, reason, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"};
static const struct db_sql add_use = {
    "INSERT INTO agent_use (ban_streak, refused_streak, success_count, failure_count, limited_count, request_count, "
    "last_used_at_ms, agent_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
static const struct db_sql get_agent = {"SELECT " COLUMNS FROM "WHERE a.id = ?"};
static const struct db_sql each_agent = {"SELECT " COLUMNS FROM "ORDER BY a.id"};
static const struct db_sql put_agent = {
    "UPDATE agent SET name = ?, user_agent = ?, state = ?, token = ?, nid = ?, mustit_uid = ?, "
    "token_issued_at_ms = ?, token_expires_at_ms = ?, disabled_until_ms = ?, created_at_ms = ?, reason = ?, "
    "sealed = ? WHERE id = ?"};
static const struct db_sql add_move = {
    "INSERT INTO agent_move (agent_id, at_ms, from_state, to_state, event, cause) VALUES (?, ?, ?, ?, ?, ?)"};
static const struct db_sql each_move = {"SELECT at_ms, from_state, to_state, event, cause FROM agent_move "
                                        "WHERE agent_id = ? ORDER BY id DESC LIMIT ?"};
static const struct db_sql put_use = {
    "UPDATE agent_use SET ban_streak = ?, refused_streak = ?, success_count = ?, failure_count = ?, "
    "limited_count = ?, request_count = ?, last_used_at_ms = ? WHERE agent_id = ?"};

/* ---- secrets ---- */

/* Whose secret it is: a sealed text that was moved to another agent's row does not open there. */
static void name_owner(int64_t agent_id, struct kk_buf *out)
{
    kk_buf_add(out, KK_SV("agent "));
    kk_buf_add_i64(out, agent_id);
}

static bool has_secret(const struct agent *agent)
{
    return agent->token[0] || agent->nid[0] || agent->mustit_uid[0];
}

/* Token, nid and mustit_uid, a line each; a cookie's value holds no line's end. */
static enum kk_code close_secret(const struct seal *seal, const struct agent *agent, struct kk_buf *out,
                                 struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf plain = KK_BUF(SECRET_MAX_BYTES), owner = KK_BUF(64);
    enum kk_code rc;

    kk_buf_addf(&plain, "%s\n%s\n%s", agent->token, agent->nid, agent->mustit_uid);
    name_owner(agent->id, &owner);
    rc = kk_buf_check(&plain, "an agent's token", err);
    if (!rc)
        rc = kk_buf_check(&owner, "an agent's token", err);
    if (!rc)
        rc = seal_close(seal, kk_buf_sv(&owner), kk_buf_sv(&plain), out, err);
    if (plain.ptr)
        explicit_bzero(plain.ptr, plain.cap);
    return rc;
}

/* What does not open is as good as no token: the agent asks for a new one. */
static void open_secret(const struct seal *seal, struct kk_sv sealed, struct agent *agent)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf plain = KK_BUF(SECRET_MAX_BYTES), owner = KK_BUF(64);
    struct kk_sv rest;

    if (!sealed.len)
        return;
    agent->is_shut = true;
    name_owner(agent->id, &owner);
    if (!seal || owner.failed || seal_open(seal, kk_buf_sv(&owner), sealed, &plain, NULL))
        return;
    rest = kk_buf_sv(&plain);
    agent->is_shut = !kk_sv_copy(kk_sv_cut(&rest, '\n'), agent->token, sizeof(agent->token)) ||
                     !kk_sv_copy(kk_sv_cut(&rest, '\n'), agent->nid, sizeof(agent->nid)) ||
                     !kk_sv_copy(rest, agent->mustit_uid, sizeof(agent->mustit_uid));
    explicit_bzero(plain.ptr, plain.cap);
}

/* ---- rows ---- */

/* The caller looks at q for a bad column. The sealed secret itself stands where q is. */
static struct kk_sv read_agent(struct db_stmt *q, const struct seal *seal, struct agent *ret)
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

    struct kk_sv sealed = db_get_sv(q);

    open_secret(seal, sealed, ret);
    return sealed;
}

static void put_rare(struct db_stmt *q, const struct agent *agent, bool is_plain)
{
    db_put_cstr(q, agent->name);
    db_put_cstr(q, agent->user_agent);
    db_put_cstr(q, agent_state_name(agent->state));
    db_put_cstr(q, is_plain ? agent->token : "");
    db_put_cstr(q, is_plain ? agent->nid : "");
    db_put_cstr(q, is_plain ? agent->mustit_uid : "");
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

/* kept: the sealed secret, where it is to stay as it is. */
static enum kk_code write_rare(struct store *store, const struct agent *agent, struct kk_sv kept, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sealed = KK_BUF(SECRET_MAX_BYTES + SEAL_EXTRA_BYTES);
    struct db_stmt *q;
    enum kk_code rc = KK_OK;

    if (!kept.len && store->seal && has_secret(agent)) {
        rc = close_secret(store->seal, agent, &sealed, err);
        kept = kk_buf_sv(&sealed);
    }
    if (rc)
        return rc;
    q = db_use(store->db, &put_agent);
    put_rare(q, agent, !store->seal);
    if (kept.len)
        db_put_blob(q, kept);
    else
        db_put_null(q);
    db_put_int(q, agent->id);
    rc = db_run(q, NULL, err);
    return rc == KK_CONFLICT ? kk_fail(err, rc, "an agent named %s is there already", agent->name) : rc;
}

static enum kk_code add_inside(struct store *store, struct agent *agent, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_agent);
    enum kk_code rc;

    put_rare(q, agent, !store->seal);
    rc = db_run(q, NULL, err);
    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "an agent named %s is there already", agent->name);
    if (rc)
        return rc;
    agent->id = store->db->ops->last_id(store->db);
    rc = write_use(store, &add_use, agent, err);
    return rc || !store->seal || !has_secret(agent) ? rc : write_rare(store, agent, (struct kk_sv){0}, err);
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
    read_agent(q, store->seal, ret);
    rc = db_row_check(q, "agent", err);
    db_done(q);
    return rc;
}

/* ---- changes ---- */

static bool is_same_secret(const struct agent *a, const struct agent *b)
{
    return strcmp(a->token, b->token) == 0 && strcmp(a->nid, b->nid) == 0 &&
           strcmp(a->mustit_uid, b->mustit_uid) == 0 && a->is_shut == b->is_shut;
}

static bool is_same_rare(const struct agent *a, const struct agent *b)
{
    return a->state == b->state && a->token_issued_at_ms == b->token_issued_at_ms &&
           a->token_expires_at_ms == b->token_expires_at_ms && a->disabled_until_ms == b->disabled_until_ms &&
           a->created_at_ms == b->created_at_ms && strcmp(a->name, b->name) == 0 &&
           strcmp(a->user_agent, b->user_agent) == 0 && strcmp(a->reason, b->reason) == 0 && is_same_secret(a, b);
}

static enum kk_code write_move(struct store *store, const struct agent *agent, const struct agent_step *step,
                               const char *event, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_move);

    db_put_int(q, agent->id);
    db_put_int(q, kk_wall_ms(store->clock));
    db_put_cstr(q, agent_state_name(step->from));
    db_put_cstr(q, agent_state_name(step->to));
    db_put_cstr(q, event);
    db_put_cstr(q, step->to == AGENT_DISABLED ? agent->reason : "");
    return db_run(q, NULL, err);
}

/* The trail is of this agent as it was read; a change that left none is kept all the same. */
static enum kk_code write_moves(struct store *store, const struct agent *was, const struct agent *agent,
                                struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    if (agent->trail_count == 0 && agent->state != was->state)
        return write_move(store, agent, &(struct agent_step){.from = was->state, .to = agent->state}, "", err);
    for (int i = 0; !rc && i < agent->trail_count; i++)
        rc = write_move(store, agent, &agent->trail[i], agent_event_name(agent->trail[i].on), err);
    return rc;
}

/* *ret_sealed is a copy (kk_buf_done). */
static enum kk_code read_was(struct store *store, int64_t agent_id, struct agent *ret, struct kk_buf *ret_sealed,
                             struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_agent);
    enum kk_code rc;

    db_put_int(q, agent_id);
    if (!db_row(q, &rc, err))
        return rc ? rc : kk_fail(err, KK_NOT_FOUND, "there is no agent %" PRId64, agent_id);
    kk_buf_add(ret_sealed, read_agent(q, store->seal, ret));
    rc = db_row_check(q, "agent", err);
    db_done(q);
    return rc ? rc : kk_buf_check(ret_sealed, "an agent's token", err);
}

/* Most requests change nothing that is rare; then nothing of it is written. */
static enum kk_code put_inside(struct store *store, const struct agent *agent, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf sealed = KK_BUF(SECRET_MAX_BYTES + SEAL_EXTRA_BYTES);
    struct agent was = {0};
    enum kk_code rc = read_was(store, agent->id, &was, &sealed, err);

    if (rc)
        return rc == KK_NOT_FOUND ? KK_OK : rc;
    if (!is_same_rare(&was, agent))
        rc = write_rare(store, agent, is_same_secret(&was, agent) ? kk_buf_sv(&sealed) : (struct kk_sv){0}, err);
    if (!rc)
        rc = write_moves(store, &was, agent, err);
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

        read_agent(q, store->seal, &agent);
        rc = db_row_check(q, "agent", err);
        if (rc || !row(ctx, &agent)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_each_agent_move(struct store *store, int64_t agent_id, int limit,
                                   bool (*row)(void *ctx, const struct agent_move *move), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &each_move);
    enum kk_code rc;

    db_put_int(q, agent_id);
    db_put_int(q, limit);
    while (db_row(q, &rc, err)) {
        struct agent_move move = {.agent_id = agent_id, .at_ms = db_get_int(q)};

        if (!agent_state_parse(db_get_sv(q), &move.from) || !agent_state_parse(db_get_sv(q), &move.to))
            db_bad(q, "a state");
        db_get_copy(q, move.event, sizeof(move.event));
        db_get_copy(q, move.cause, sizeof(move.cause));
        rc = db_row_check(q, "agent_move", err);
        if (rc || !row(ctx, &move)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_seal_agent(struct store *store, int64_t agent_id, const struct seal *seal, struct kk_err *err)
{
    struct agent agent = {0};
    const struct seal *before = store->seal;
    enum kk_code rc = store_get_agent(store, agent_id, &agent, err);

    store->seal = seal;
    if (!rc)
        rc = write_rare(store, &agent, (struct kk_sv){0}, err);
    store->seal = before;
    return rc;
}
