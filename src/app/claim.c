#include "app/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/manage.h"
#include "app/settle.h"
#include "base/log.h"
#include "ports/store.h"

#define AGENTS_STALE_MS KK_SECOND_MS
#define AGENTS_MAX 100000
#define PAUSED_MS (KK_SECOND_MS / 2) /* a pause and its end are seen within 2 s everywhere */
#define EARLY_MS KK_SECOND_MS        /* the relay's commit is on its way */
#define EARLY_HERE_MS INT64_C(200)   /* the same, of a message that stays in this hand */

/* ---- who may be asked for ---- */

struct agent_ids {
    int64_t *id;
    size_t count, cap;
    bool is_short; /* no memory */
};

static bool note_agent(void *ctx, const struct agent *agent)
{
    struct agent_ids *ids = ctx;

    if (agent->state == AGENT_DISABLED)
        return true;
    if (ids->count == ids->cap) {
        size_t cap = ids->cap ? 2 * ids->cap : 64;
        int64_t *grown = realloc(ids->id, cap * sizeof(*grown));

        ids->is_short = !grown;
        if (!grown)
            return false;
        ids->id = grown;
        ids->cap = cap;
    }
    ids->id[ids->count++] = agent->id;
    return ids->count < AGENTS_MAX;
}

static enum kk_code look_up_agents(struct app *app, int64_t mono_ms, struct kk_err *err)
{
    struct work *work = app->work;
    struct agent_ids ids = {0};
    enum kk_code rc;

    if (work->agents_at_ms && mono_ms - work->agents_at_ms < AGENTS_STALE_MS)
        return KK_OK;
    rc = store_each_agent(app->store, note_agent, &ids, err);
    if (!rc && ids.is_short)
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for %zu agents", ids.cap);
    if (rc) {
        free(ids.id);
        return rc;
    }
    free(work->agent_ids);
    work->agent_ids = ids.id;
    work->agent_count = ids.count;
    work->agents_at_ms = mono_ms;
    return KK_OK;
}

/* ---- inside the transaction ---- */

static bool has_hops(const struct work *work)
{
    for (size_t i = 0; i < work->job_count; i++)
        if (work->jobs[i].state == JOB_BACK && work->jobs[i].wants_hop)
            return true;
    return false;
}

/* What stopped since the first request left stops its redirects too (R2, R9). *ret_why NULL: nothing did. */
static enum kk_code why_no_hop(struct app *app, const struct job *job, bool is_paused, const char **ret_why,
                               struct kk_err *err)
{
    struct agent agent;
    struct seller seller = {.state = SELLER_ACTIVE};
    enum kk_code rc = store_get_agent(app->store, job->agent.id, &agent, err);

    if (!rc && !job->is_issue)
        rc = store_get_seller(app->store, kk_sv_of(job->task.seller_id), &seller, err);
    if (rc && rc != KK_NOT_FOUND)
        return rc;
    *ret_why = is_paused                       ? "all is paused: a redirect was not followed"
               : rc                            ? "its agent or seller is gone: a redirect was not followed"
               : agent.state == AGENT_DISABLED ? "its agent rests: a redirect was not followed"
               : seller.state != SELLER_ACTIVE ? "its seller is stopped: a redirect was not followed"
                                               : NULL;
    return KK_OK;
}

/* The task goes back without blame. */
static void give_hop_up(struct job *job, const char *why)
{
    job->wants_hop = false;
    job->is_returned = true;
    job->is_kept = true;
    snprintf(job->error, sizeof(job->error), "%s", why);
}

/* Each redirect hop is a request of its own (design.md section 5). Without a token for it the redirect ends here. */
static enum kk_code ask_hops(struct app *app, struct batch *b, bool is_paused, struct kk_err *err)
{
    struct work *work = app->work;

    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        const char *why = NULL;
        enum kk_code rc;

        if (job->state != JOB_BACK || !job->wants_hop)
            continue;
        rc = why_no_hop(app, job, is_paused, &why, err);
        if (rc)
            return rc;
        if (why) {
            give_hop_up(job, why);
            continue;
        }
        rc = limiter_again(app->limiter, &job->grant, err);
        if (rc == KK_LIMITED) {
            job->wants_hop = false;
            snprintf(job->error, sizeof(job->error), "a redirect was not followed: the agent's budget is used up");
        } else if (rc) {
            b->was_limiter = true;
            return rc;
        } else {
            b->started[b->started_count++] = i;
        }
    }
    return KK_OK;
}

/* A free slot that this batch has not used yet. */
static struct job *next_slot(struct work *work, size_t *from)
{
    while (*from < work->job_count && work->jobs[*from].state != JOB_FREE)
        ++*from;
    return *from < work->job_count ? &work->jobs[(*from)++] : NULL;
}

int64_t claim_patience_ms(const struct app *app)
{
    return app->limits.limiter_grant_ttl_ms / 4 * 3;
}

bool claim_is_old(const struct app *app, const struct job *job, int64_t mono_ms)
{
    return mono_ms >= job->granted_at_ms + claim_patience_ms(app);
}

static void leave_unused(struct batch *b, const struct limiter_grant *grant, int64_t hold_ms)
{
    b->unused[b->unused_count++] =
        (struct limiter_report){.grant_id = grant->id, .agent_id = grant->agent_id, .hold_ms = hold_ms};
}

/* Nobody knows what the agent's last request was told: its token is not sent again (R2). */
static enum kk_code forget_token(struct app *app, struct agent *agent, struct kk_err *err)
{
    if (!agent->token[0])
        return KK_OK;
    agent_drop_token(agent);
    return store_put_agent(app->store, agent, err);
}

static enum kk_code sort_grants(struct app *app, struct batch *b, struct kk_err *err)
{
    struct work *work = app->work;
    size_t from = 0;

    for (size_t i = 0; i < b->grant_count; i++) {
        struct job *job = next_slot(work, &from);
        enum kk_code rc;

        KK_ASSERT(job); /* no more grants than free slots were asked for */
        job_clear(job); /* a transaction that rolled back may have left something */
        rc = store_get_agent(app->store, b->grants[i].agent_id, &job->agent, err);
        if (!rc && b->grants[i].is_after_silence)
            rc = forget_token(app, &job->agent, err);
        if (rc && rc != KK_NOT_FOUND)
            return rc;
        job->grant = b->grants[i];
        job->granted_at_ms = b->mono_ms;
        if (rc || job->agent.state == AGENT_DISABLED)
            leave_unused(b, &b->grants[i], 0);
        else if (agent_needs_token(&job->agent, &app->limits.agent, b->now_ms))
            b->needy[b->needy_count++] = (size_t)(job - work->jobs);
        else
            b->ready[b->ready_count++] = (size_t)(job - work->jobs);
    }
    return KK_OK;
}

/* A task that used up its tries by lost leases ends here, without a request: K2 has no shorter way from TIMEOUT. */
static bool is_worn_out(const struct app *app, const struct task *task)
{
    return task->attempt >= app->limits.task_attempts || task->lapse_count >= TASK_LAPSES_MAX;
}

static enum kk_code give_up(struct app *app, const struct task *task, int64_t now_ms, struct kk_err *err)
{
    struct tally tally = {.run_count = 0};
    struct task_failure failure = {.cause = "lease", .error = "its lease ran out again and again"};
    bool is_done;
    enum kk_code rc = settle_failure(app, *task, &failure, &tally, now_ms, &is_done, err);

    return rc ? rc : tally_write(app, &tally, err);
}

/* *ret_job: a slot that has a grant; taken when the claim is won. */
static enum kk_code claim_message(struct app *app, struct batch *b, const struct queue_msg *msg, struct job *job,
                                  bool *ret_taken, struct kk_err *err)
{
    struct kk_sv body = {msg->body, msg->body_len};
    struct task_ticket ticket;
    enum claim claim = CLAIM_STALE;
    enum kk_code rc;

    *ret_taken = false;
    if (task_ticket_read(body, &ticket, NULL)) {
        kk_log(KK_EV_MESSAGE_BAD, KK_NUM("message_bytes", msg->body_len));
        return queue_ack(app->queue, msg->handle, err);
    }
    rc = store_claim_task(app->store, &ticket, b->now_ms, b->now_ms + app->limits.task_lease_ms, &claim, &job->task,
                          err);
    if (rc)
        return rc;
    switch (claim) {
    case CLAIM_EARLY:
        return queue_release(app->queue, msg->handle, app->queue->ops->joins_store ? EARLY_MS : EARLY_HERE_MS, err);
    case CLAIM_STALE:
    case CLAIM_HELD: /* of no use whatever becomes of this transaction */
        return queue_ack(app->queue, msg->handle, err);
    case CLAIM_WON:
        break;
    }
    if (is_worn_out(app, &job->task)) {
        memcpy(b->drops[b->drop_count++], msg->handle, QUEUE_HANDLE_BYTES);
        return give_up(app, &job->task, b->now_ms, err);
    }
    memcpy(job->handle, msg->handle, sizeof(job->handle));
    job->is_issue = false;
    *ret_taken = true;
    return KK_OK;
}

/* What page size the run found the site to serve. */
static enum kk_code page_size_of(struct app *app, struct job *job, struct kk_err *err)
{
    struct run run;
    enum kk_code rc = KK_OK;

    job->page_size = app->site.page_size;
    if (job->task.kind != TASK_LIST || job->task.page == 0)
        return KK_OK;
    rc = store_get_run(app->store, job->task.run_id, &run, err);
    if (!rc && run.page_size > 0)
        job->page_size = run.page_size;
    return rc == KK_NOT_FOUND ? KK_OK : rc;
}

/* Grants that waited for messages take part in this batch again, with their agents as they are now. */
static enum kk_code join_waiting(struct app *app, struct batch *b, bool may_take, struct kk_err *err)
{
    struct work *work = app->work;

    for (size_t i = 0; work->ready && i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        enum kk_code rc = KK_OK;

        if (job->state != JOB_READY)
            continue;
        if (may_take && !claim_is_old(app, job, b->mono_ms))
            rc = store_get_agent(app->store, job->grant.agent_id, &job->agent, err);
        if (rc && rc != KK_NOT_FOUND)
            return rc;
        if (!rc && may_take && !claim_is_old(app, job, b->mono_ms) && job->agent.state != AGENT_DISABLED &&
            !agent_needs_token(&job->agent, &app->limits.agent, b->now_ms)) {
            b->ready[b->ready_count++] = i;
            continue;
        }
        leave_unused(b, &job->grant, 0);
        b->freed[b->freed_count++] = i;
    }
    return KK_OK;
}

/* Where the queue is elsewhere, what was asked for may still come; a grant that is new may ask. */
static void let_wait(struct app *app, struct batch *b, size_t at)
{
    struct work *work = app->work;
    struct job *job = &work->jobs[at];
    bool is_old = job->state == JOB_READY;

    if (!app->queue->ops->joins_store && (!is_old || work->here.is_more_coming || b->msg_count)) {
        b->waiting[b->waiting_count++] = at;
        return;
    }
    leave_unused(b, &job->grant, 0);
    if (!is_old)
        return;
    b->freed[b->freed_count++] = at;
    b->is_queue_empty = true; /* it let the receive wait, and nothing came */
}

static enum kk_code claim_tasks(struct app *app, struct batch *b, struct kk_err *err)
{
    size_t used = 0;
    enum kk_code rc = KK_OK;

    if (b->ready_count) {
        rc = queue_pull(app->queue, b->msgs, b->ready_count, &b->msg_count, err);
        b->is_queue_empty = app->queue->ops->joins_store && b->msg_count < b->ready_count;
    }
    for (size_t i = 0; !rc && i < b->msg_count; i++) {
        struct job *job = &app->work->jobs[b->ready[used]];
        bool is_taken;

        rc = claim_message(app, b, &b->msgs[i], job, &is_taken, err);
        if (!rc && is_taken)
            rc = page_size_of(app, job, err);
        if (!rc && is_taken)
            b->started[b->started_count++] = b->ready[used++];
    }
    for (; !rc && used < b->ready_count; used++)
        let_wait(app, b, b->ready[used]);
    return rc;
}

/* A queue that is elsewhere is not asked how much is in it: each time would cost, and the store knows. */
static enum kk_code has_messages(struct app *app, bool *ret, struct kk_err *err)
{
    int64_t waiting = 0, dead = 0;
    enum kk_code rc;

    if (!app->queue->ops->joins_store)
        return store_has_published(app->store, ret, err);
    rc = queue_depth(app->queue, &waiting, &dead, err);
    *ret = waiting > 0;
    return rc;
}

bool claim_is_queue_empty(struct app *app)
{
    bool has_some = false;

    return !app->work->here.count && has_messages(app, &has_some, NULL) == KK_OK && !has_some;
}

/* A token is asked for only while there is work, and one at a time: issues are rate-sensitive themselves. */
static enum kk_code claim_issues(struct app *app, struct batch *b, struct kk_err *err)
{
    bool has_work = b->msg_count > 0;
    enum kk_code rc;

    if (b->needy_count && !has_work && (!b->ready_count || !app->queue->ops->joins_store)) {
        rc = has_messages(app, &has_work, err);
        if (rc)
            return rc;
        b->is_queue_empty |= !has_work && !b->ready_count;
    }
    for (size_t i = 0; i < b->needy_count; i++) {
        struct job *job = &app->work->jobs[b->needy[i]];

        if (has_work && b->mono_ms >= b->issue_at_ms) {
            job->is_issue = true;
            if (job->agent.is_shut)
                kk_log(KK_EV_TOKEN_SHUT, KK_CSTR("agent", job->agent.name));
            b->issue_at_ms = b->mono_ms + app->limits.agent_issue_gap_ms;
            b->started[b->started_count++] = b->needy[i];
        } else {
            leave_unused(b, &job->grant, has_work ? b->issue_at_ms - b->mono_ms : 0);
        }
    }
    return KK_OK;
}

static enum kk_code ask_limiter(struct app *app, struct batch *b, size_t want, struct kk_err *err)
{
    struct limiter_ask ask = {.reports = b->reports,
                              .report_count = b->ripe_count,
                              .agent_ids = app->work->agent_ids,
                              .agent_count = app->work->agent_count,
                              .want = want};
    int64_t wait_ms = 0;
    enum kk_code rc;

    if (!want && !b->ripe_count) {
        b->was_asked = true;
        return KK_OK;
    }
    rc = limiter_turn(app->limiter, &ask, b->grants, &b->grant_count, &wait_ms, err);
    if (want)
        b->wait_ms = wait_ms;
    b->was_limiter = rc != KK_OK;
    b->was_asked = !rc;
    return rc;
}

/* `kkachi pause` stops every worker: none takes a grant until `resume`. */
static enum kk_code look_at_pause(struct app *app, struct batch *b, bool *ret_paused, struct kk_err *err)
{
    struct pause pause;
    enum kk_code rc = manage_get_pause(app, &pause, err);

    *ret_paused = pause.is_paused;
    if (pause.is_paused)
        b->wait_ms = PAUSED_MS;
    return rc;
}

/* While grants wait for messages and none is here, more of them would only wait too. Slots that this batch settles are
 * still in use until its commit. */
static size_t grants_to_want(const struct work *work)
{
    return work->ready && !work->here.count ? 0 : work->job_count - work->ready - work->flying - work->back;
}

enum kk_code claim_ask(struct app *app, struct batch *b, bool may_take, bool is_time, struct kk_err *err)
{
    struct work *work = app->work;
    bool is_paused = false;
    size_t want = 0;
    enum kk_code rc = KK_OK;

    b->was_take = may_take && is_time;
    if (b->was_take || work->ready || has_hops(work))
        rc = look_at_pause(app, b, &is_paused, err);
    may_take = may_take && !is_paused;
    if (!rc && may_take && is_time)
        rc = look_up_agents(app, b->mono_ms, err);
    if (!rc)
        rc = ask_hops(app, b, is_paused, err);
    if (may_take && is_time)
        want = grants_to_want(work);
    if (!rc)
        rc = ask_limiter(app, b, want, err);
    if (!rc)
        rc = join_waiting(app, b, may_take, err);
    if (!rc && want)
        rc = sort_grants(app, b, err);
    if (!rc)
        rc = claim_tasks(app, b, err);
    return rc || !want ? rc : claim_issues(app, b, err);
}

/* ---- after the commit ---- */

static enum kk_code send(struct app *app, struct job *job, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf headers = KK_BUF(16 * 1024);
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(SITE_URL_MAX_BYTES - 1);
    struct fetch_request request = {.timeout_ms = app->limits.site_timeout_ms,
                                    .max_body_bytes = (size_t)app->limits.site_max_body_bytes};
    enum kk_code rc;

    if (job->hop_count)
        kk_buf_add(&url, kk_sv_of(job->url));
    else if (job->is_issue)
        kk_buf_addf(&url, KK_SV_FMT "/", KK_SV_ARG(app->site.base_url));
    else
        endpoint_url(&app->site, &job->task, job->page_size, &url);
    session_headers(&job->agent, job->is_issue, &headers);
    rc = kk_buf_check(&url, "the address", err);
    if (!rc)
        rc = kk_buf_check(&headers, "the request's headers", err);
    if (rc)
        return rc;
    kk_sv_copy(kk_buf_sv(&url), job->url, sizeof(job->url));
    request.url = kk_buf_sv(&url);
    request.headers = kk_buf_sv(&headers);
    return fetcher_start(app->fetcher, job->id, &request, err);
}

/* A request that never left is BACK at once: its grant returns to the bucket and its task to the queue. */
static void take_back(struct app *app, struct job *job, const char *why)
{
    job->state = JOB_BACK;
    job->is_returned = true;
    job->is_kept = true;
    job->was_sent = job->hop_count > 0;
    job->wants_hop = false;
    snprintf(job->error, sizeof(job->error), "%s", why);
    if (!app->work->back++)
        app->work->oldest_back_at_ms = kk_mono_ms(app->clock);
}

static void start(struct app *app, const struct batch *b, struct job *job)
{
    struct work *work = app->work;
    bool is_hop = job->state == JOB_BACK;
    int64_t granted_at_ms = is_hop ? b->mono_ms : job->granted_at_ms;
    struct kk_err err = {0};
    enum kk_code rc = KK_OK;

    work->ready -= job->state == JOB_READY;
    if (is_hop) {
        work->back--;
        job->is_kept = false;
        job->is_read = false;
        job->wants_hop = false;
        kk_buf_clear(&job->body);
    }
    job->id = ++work->last_id;
    /* A late sender would break the promise of the bucket. */
    if (kk_mono_ms(app->clock) - granted_at_ms >= app->limits.limiter_grant_ttl_ms) {
        take_back(app, job, "the grant grew old before the request could leave");
        return;
    }
    rc = send(app, job, &err);
    if (rc) {
        kk_log(KK_EV_FETCH_FAILED, KK_NUM("task_id", job->task.id), KK_CSTR("seller_id", job->task.seller_id),
               KK_ERR_FIELDS(&err));
        take_back(app, job, err.msg);
        return;
    }
    job->state = JOB_FLYING;
    job->was_sent = true;
    work->flying++;
}

/* What waits for messages lets them come. */
static void ask_queue(struct app *app, const struct batch *b)
{
    struct work *work = app->work;
    struct kk_err err = {0};

    for (size_t i = 0; i < b->freed_count; i++) {
        job_clear(&work->jobs[b->freed[i]]);
        work->ready--;
    }
    for (size_t i = 0; i < b->waiting_count; i++) {
        work->ready += work->jobs[b->waiting[i]].state != JOB_READY;
        work->jobs[b->waiting[i]].state = JOB_READY;
    }
    if (b->waiting_count && queue_ask(app->queue, work->ready, &err))
        kk_log(KK_EV_QUEUE_FAILED, KK_CSTR("while", "ask for messages"), KK_ERR_FIELDS(&err));
}

void claim_after_commit(struct app *app, struct batch *b)
{
    struct work *work = app->work;

    for (size_t i = 0; i < b->drop_count; i++)
        work_ack(app, b->drops[i]);
    for (size_t i = 0; i < b->unused_count; i++)
        work->reports[work->report_count++] = b->unused[i];
    for (size_t i = 0; i < b->started_count; i++)
        start(app, b, &work->jobs[b->started[i]]);
    ask_queue(app, b);
    work->issue_at_ms = b->issue_at_ms;
    if (!b->was_take && !b->is_queue_empty) {
        return;
    } else if (b->is_queue_empty) {
        work->ask_at_ms = work->idle_at_ms = b->mono_ms + IDLE_ASK_MS;
    } else if (b->wait_ms) {
        work->ask_at_ms = b->mono_ms + (b->wait_ms < KK_SECOND_MS ? b->wait_ms : KK_SECOND_MS);
    } else {
        work->ask_at_ms = 0;
    }
}
