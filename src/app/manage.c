#include "app/manage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/audit.h"
#include "app/show.h"
#include "app/tally.h"
#include "app/timetable.h"
#include "base/json.h"
#include "base/log.h"
#include "ports/limiter.h"
#include "ports/store.h"

#define PAUSE_KEY "pause"
#define PAUSE_MAX_BYTES 4096
#define NAMES_TRIED_MAX 100000
#define FULL_LOOK_DEFAULT_MS (7 * KK_DAY_MS)

/* Every verb here is one transaction: begun, and ended by how it went. */
static enum kk_code end(struct app *app, enum kk_code rc, struct kk_err *err)
{
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

/* ---- sellers ---- */

static enum kk_code note_seller(struct app *app, const char *what, const struct seller *before,
                                const struct seller *after, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf was = KK_BUF(AUDIT_JSON_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is = KK_BUF(AUDIT_JSON_MAX_BYTES);

    if (before)
        show_seller(&was, before);
    show_seller(&is, after);
    return audit_note(app, what, after->seller_id, &was, &is, err);
}

static enum kk_code add_seller(struct app *app, struct seller *seller, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc;

    seller->state = SELLER_ACTIVE;
    seller->mode = seller->mode ? seller->mode : CRAWL_FULL;
    seller->full_every_ms = seller->full_every_ms ? seller->full_every_ms : FULL_LOOK_DEFAULT_MS;
    seller->next_run_at_ms = now_ms;
    seller->created_at_ms = seller->updated_at_ms = now_ms;
    seller->revision = 1;
    rc = store_add_seller(app->store, seller, err);
    if (rc == KK_CONFLICT)
        return kk_fail(err, rc, "seller %s is registered already; change it with `kkachi seller set %s …`",
                       seller->seller_id, seller->seller_id);
    if (!rc)
        rc = timetable_note(app, seller, err);
    return rc ? rc : note_seller(app, "seller.add", NULL, seller, err);
}

enum kk_code manage_add_seller(struct app *app, struct seller *seller, struct kk_err *err)
{
    enum kk_code rc = seller_id_check(kk_sv_of(seller->seller_id), err);

    if (!rc)
        rc = store_begin(app->store, err);
    return rc ? rc : end(app, add_seller(app, seller, err), err);
}

static void apply_change(struct seller *seller, const struct seller_change *change, int64_t now_ms)
{
    bool is_back = change->state == SELLER_ACTIVE && seller->state != SELLER_ACTIVE;

    if (change->name)
        kk_sv_copy(kk_sv_of(change->name), seller->name, sizeof(seller->name));
    if (change->period_count) {
        seller->period_count = change->period_count;
        seller->period_unit = change->period_unit;
    }
    if (change->mode)
        seller->mode = change->mode;
    if (change->full_every_ms)
        seller->full_every_ms = change->full_every_ms;
    if (change->state)
        seller->state = change->state;
    if (change->period_count || is_back)
        seller->next_run_at_ms = seller_next_run_at_ms(seller, now_ms);
    seller->updated_at_ms = now_ms;
}

static enum kk_code change_seller(struct app *app, struct kk_sv seller_id, const struct seller_change *change,
                                  struct seller *ret, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    int64_t count = 0;
    struct seller was;
    enum kk_code rc = store_get_seller(app->store, seller_id, ret, err);

    if (rc == KK_NOT_FOUND)
        return kk_fail(err, rc, "no seller " KK_SV_FMT " is registered; `kkachi seller list` shows who is",
                       KK_SV_ARG(seller_id));
    if (rc)
        return rc;
    if (change->expected_revision && change->expected_revision != ret->revision)
        return kk_fail(err, KK_CONFLICT, "seller %s was changed by somebody else meanwhile", ret->seller_id);
    was = *ret;
    apply_change(ret, change, now_ms);
    rc = store_put_seller(app->store, ret, err);
    /* While it was not ACTIVE its messages were dropped unread (R9): they are promised again. */
    if (!rc && was.state != SELLER_ACTIVE && ret->state == SELLER_ACTIVE)
        rc = store_promise_seller_again(app->store, seller_id, now_ms, &count, err);
    if (!rc)
        rc = timetable_note(app, ret, err);
    return rc ? rc : note_seller(app, "seller.change", &was, ret, err);
}

enum kk_code manage_change_seller(struct app *app, struct kk_sv seller_id, const struct seller_change *change,
                                  struct seller *ret, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = end(app, change_seller(app, seller_id, change, ret, err), err);
    app->task_outbox_woken |= !rc;
    return rc;
}

/* ---- agents ---- */

static enum kk_code note_agent(struct app *app, const char *what, const struct agent *before, const struct agent *after,
                               struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf was = KK_BUF(AUDIT_JSON_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is = KK_BUF(AUDIT_JSON_MAX_BYTES);

    if (before)
        show_agent(&was, before);
    show_agent(&is, after);
    return audit_note(app, what, after->name, &was, &is, err);
}

struct agent_search {
    struct kk_sv user_agent, name;
    bool has_user_agent, has_name;
    int64_t count;
};

static bool compare_agent(void *ctx, const struct agent *agent)
{
    struct agent_search *search = ctx;

    search->has_user_agent |= agent_user_agent_is_alike(kk_sv_of(agent->user_agent), search->user_agent);
    search->has_name |= kk_sv_eq(kk_sv_of(agent->name), search->name);
    search->count++;
    return true;
}

static enum kk_code name_agent(struct app *app, struct kk_sv name, struct agent *agent, struct kk_err *err)
{
    struct agent_search search = {.user_agent = kk_sv_of(agent->user_agent), .name = name};
    enum kk_code rc = store_each_agent(app->store, compare_agent, &search, err);

    if (rc)
        return rc;
    if (search.has_user_agent)
        return kk_fail(err, KK_CONFLICT,
                       "that user agent is in the pool already, if for upper and lower case or blanks");
    if (search.has_name && name.len)
        return kk_fail(err, KK_CONFLICT, "an agent of the name " KK_SV_FMT " is in the pool already", KK_SV_ARG(name));
    if (name.len)
        return kk_sv_copy(name, agent->name, sizeof(agent->name))
                   ? KK_OK
                   : kk_fail(err, KK_BAD_INPUT, "an agent's name has at most %d bytes", AGENT_NAME_BYTES - 1);
    for (int64_t n = search.count + 1; n < search.count + NAMES_TRIED_MAX; n++) {
        snprintf(agent->name, sizeof(agent->name), "agent-%" PRId64, n);
        search = (struct agent_search){.name = kk_sv_of(agent->name), .user_agent = KK_SV("-"), .count = search.count};
        int64_t count = search.count;

        rc = store_each_agent(app->store, compare_agent, &search, err);
        search.count = count;
        if (rc || !search.has_name)
            return rc;
    }
    return kk_fail(err, KK_CONFLICT, "no free name was found; give one with --name");
}

static enum kk_code add_agent(struct app *app, struct kk_sv user_agent, struct kk_sv name, struct agent *agent,
                              struct kk_err *err)
{
    enum kk_code rc = agent_user_agent_check(user_agent, err);

    if (rc)
        return rc;
    kk_sv_copy(user_agent, agent->user_agent, sizeof(agent->user_agent));
    rc = name_agent(app, name, agent, err);
    if (rc)
        return rc;
    agent->state = AGENT_IDLE;
    agent->created_at_ms = kk_wall_ms(app->clock);
    rc = store_add_agent(app->store, agent, err);
    return rc ? rc : note_agent(app, "agent.add", NULL, agent, err);
}

enum kk_code manage_add_agent(struct app *app, struct kk_sv user_agent, struct kk_sv name, struct agent *ret,
                              struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    *ret = (struct agent){0};
    return end(app, add_agent(app, user_agent, name, ret, err), err);
}

static enum kk_code enable_agent(struct app *app, int64_t agent_id, bool is_enabled, struct kk_err *err)
{
    struct agent agent, was;
    enum kk_code rc = store_get_agent(app->store, agent_id, &agent, err);

    if (rc)
        return rc;
    was = agent;
    if (is_enabled)
        agent_enabled(&agent);
    else
        agent_disabled(&agent);
    rc = store_put_agent(app->store, &agent, err);
    if (!rc && is_enabled)
        rc = limiter_unhold(app->limiter, agent_id, err);
    return rc ? rc : note_agent(app, is_enabled ? "agent.enable" : "agent.disable", &was, &agent, err);
}

enum kk_code manage_enable_agent(struct app *app, int64_t agent_id, bool is_enabled, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    return rc ? rc : end(app, enable_agent(app, agent_id, is_enabled, err), err);
}

/* ---- dead letters ---- */

/* The task needs an open run to be counted in; without one it gets a run of its own, which proves nothing about the
 * seller's list. */
static enum kk_code find_home(struct app *app, const struct task *task, int64_t now_ms, struct run *ret_run,
                              struct kk_err *err)
{
    enum kk_code rc = store_get_open_run(app->store, kk_sv_of(task->seller_id), ret_run, err);

    if (rc != KK_NOT_FOUND)
        return rc;
    *ret_run = (struct run){.trigger = RUN_BY_PERSON, .state = RUN_OPEN, .started_at_ms = now_ms, .item_count = -1};
    kk_sv_copy(kk_sv_of(task->seller_id), ret_run->seller_id, sizeof(ret_run->seller_id));
    return store_add_run(app->store, ret_run, err);
}

static enum kk_code note_retry(struct app *app, const struct task *before, const struct task *after, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf was = KK_BUF(AUDIT_JSON_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is = KK_BUF(AUDIT_JSON_MAX_BYTES);
    char target[32];

    show_task(&was, before);
    show_task(&is, after);
    snprintf(target, sizeof(target), "%" PRId64, after->id);
    return audit_note(app, "task.retry", target, &was, &is, err);
}

static enum kk_code retry_task(struct app *app, int64_t task_id, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    struct tally tally = {.run_count = 0};
    struct run_counts *add = NULL;
    bool is_done = false;
    struct task task, was;
    struct run run;
    enum kk_code rc = store_get_task(app->store, task_id, &task, err);

    if (rc)
        return rc;
    if (!task.is_dead)
        return kk_fail(err, KK_CONFLICT, "task %" PRId64 " is %s, no dead letter", task_id,
                       task_state_name(task.state));
    was = task;
    rc = find_home(app, &task, now_ms, &run, err);
    if (!rc)
        rc = task_move(&task, TASK_ON_SPARED, err);
    if (rc)
        return rc;
    task.run_id = run.id;
    task.is_dead = false;
    task.attempt = task.lapse_count = 0;
    task.ended_at_ms = 0;
    task.next_attempt_at_ms = now_ms;
    rc = store_put_task(app->store, &task, TASK_FAILED, now_ms, &is_done, err);
    if (!rc && !is_done)
        rc = kk_fail(err, KK_CONFLICT, "task %" PRId64 " was moved by somebody else meanwhile", task_id);
    if (!rc)
        rc = tally_of(app, &tally, run.id, &add, err);
    if (rc)
        return rc;
    add->task_count++;
    add->open_count++;
    if (task.kind == TASK_LIST && run.list_pass) {
        run.list_open++;
        run.list_failed -= run.list_failed > 0;
        rc = store_put_run_list(app->store, &run, err);
    }
    if (!rc)
        rc = note_retry(app, &was, &task, err);
    return rc ? rc : tally_write(app, &tally, err);
}

enum kk_code manage_retry_task(struct app *app, int64_t task_id, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = end(app, retry_task(app, task_id, err), err);
    app->task_outbox_woken |= !rc;
    return rc;
}

#define RETRY_MAX 256

struct dead_ids {
    int64_t id[RETRY_MAX];
    size_t count;
};

static bool note_dead(void *ctx, const struct task *task)
{
    struct dead_ids *ids = ctx;

    ids->id[ids->count++] = task->id;
    return ids->count < RETRY_MAX;
}

enum kk_code manage_retry_dead(struct app *app, struct kk_sv seller_id, int64_t *ret_count, struct kk_err *err)
{
    struct task_query query = {.seller_id = seller_id, .dead_only = true, .limit = RETRY_MAX};
    struct dead_ids ids;
    enum kk_code rc = KK_OK;

    *ret_count = 0;
    do {
        ids.count = 0;
        rc = store_each_task(app->store, &query, note_dead, &ids, err);
        for (size_t i = 0; !rc && i < ids.count; i++) {
            rc = manage_retry_task(app, ids.id[i], err);
            query.after_id = ids.id[i];
            *ret_count += !rc;
        }
    } while (!rc && ids.count == RETRY_MAX);
    return rc;
}

/* ---- stop all ---- */

static enum kk_code put_pause(struct app *app, const struct pause *pause, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(PAUSE_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf was_json = KK_BUF(PAUSE_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is_json = KK_BUF(PAUSE_MAX_BYTES);
    struct pause was;
    enum kk_code rc;

    kk_jw_open(&json, '{');
    kk_jw_key_bool(&json, "paused", pause->is_paused);
    kk_jw_key_str(&json, "who", kk_sv_of(pause->who));
    kk_jw_key_str(&json, "why", kk_sv_of(pause->why));
    kk_jw_key_i64(&json, "at_ms", pause->at_ms);
    kk_jw_close(&json, '}');
    rc = kk_buf_check(&json, "the reason", err);
    if (!rc)
        rc = manage_get_pause(app, &was, err);
    if (!rc)
        rc = store_put_setting(app->store, PAUSE_KEY, kk_buf_sv(&json), err);
    if (rc)
        return rc;
    show_pause(&was_json, &was);
    show_pause(&is_json, pause);
    return audit_note(app, pause->is_paused ? "pause" : "resume", "site", &was_json, &is_json, err);
}

enum kk_code manage_pause(struct app *app, bool is_paused, const char *who, const char *why, struct kk_err *err)
{
    struct pause pause = {.is_paused = is_paused, .at_ms = kk_wall_ms(app->clock)};
    enum kk_code rc;

    kk_sv_copy(kk_sv_of(who), pause.who, sizeof(pause.who));
    if (!kk_sv_copy(kk_sv_of(why), pause.why, sizeof(pause.why)))
        return kk_fail(err, KK_BAD_INPUT, "the reason is longer than %zu bytes", sizeof(pause.why) - 1);
    rc = store_begin(app->store, err);
    if (!rc)
        rc = end(app, put_pause(app, &pause, err), err);
    if (!rc)
        kk_log(is_paused ? KK_EV_CRAWLING_PAUSED : KK_EV_CRAWLING_RESUMED, KK_CSTR("who", who), KK_CSTR("why", why));
    return rc;
}

enum kk_code manage_get_pause(struct app *app, struct pause *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(PAUSE_MAX_BYTES);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv who = {0}, why = {0};
    enum kk_code rc;

    *ret = (struct pause){0};
    rc = store_get_setting(app->store, PAUSE_KEY, &text, err);
    if (rc)
        return rc == KK_NOT_FOUND ? KK_OK : rc;
    rc = kk_json_parse(kk_buf_sv(&text), &json, err);
    if (rc)
        return rc;
    struct kk_jv root = kk_json_root(json);

    kk_jv_bool(kk_jv_get(root, "paused"), &ret->is_paused);
    kk_jv_i64(kk_jv_get(root, "at_ms"), &ret->at_ms);
    kk_jv_str(kk_jv_get(root, "who"), &who);
    kk_jv_str(kk_jv_get(root, "why"), &why);
    kk_sv_copy(who, ret->who, sizeof(ret->who));
    kk_sv_copy(why, ret->why, sizeof(ret->why));
    return KK_OK;
}
