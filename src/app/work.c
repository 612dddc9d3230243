/* A worker's turn: read the answers that came, keep their bodies, then one transaction that settles them, reports to
 * the limiter, takes grants and claims tasks for them; then send. Grants come before messages, so the backlog waits in
 * the queue and no message burns its visibility time here. */
#include "app/work.h"

#include <inttypes.h>
#include <string.h>

#include "app/claim.h"
#include "app/settle.h"
#include "app/work_log.h"
#include "base/log.h"
#include "ports/archive.h"
#include "ports/store.h"

#define LINGER_MS INT64_C(3)        /* answers wait so long for company in their commit */
#define RETRY_FIRST_MS INT64_C(100) /* after a failed commit; doubles */
#define RETRY_LAST_MS INT64_C(5000)
#define ALONE_FAILS_MAX 3 /* a job that fails alone so often is left to its lease */
#define IDLE_MS KK_SECOND_MS

/* ---- answers ---- */

static void collect_cookies(struct job *job, struct kk_sv headers)
{
    struct kk_sv rest = headers;

    for (;;) {
        struct kk_sv cookie = fetch_header_next(&rest, "set-cookie");

        if (!cookie.ptr)
            return;
        session_set_cookie(&job->session, cookie, job->answered_at_ms);
    }
}

/* A redirect inside the site is followed, each hop with a token of its own; anything else ends the request. */
static bool wants_hop(const struct app *app, struct job *job)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf to = KK_BUF(SITE_URL_MAX_BYTES - 1);
    struct kk_sv location = fetch_header(kk_buf_sv(&job->headers), "location");
    bool is_redirect = job->http_status == 301 || job->http_status == 302 || job->http_status == 303 ||
                       job->http_status == 307 || job->http_status == 308;
    struct kk_err err;

    if (job->end != FETCH_DONE || !is_redirect || !location.len)
        return false;
    if (job->is_issue && job->session.token[0])
        return false; /* it has what it came for */
    if (job->hop_count >= SESSION_HOPS_MAX || endpoint_redirect(&app->site, kk_sv_of(job->url), location, &to, &err) ||
        !kk_sv_copy(kk_buf_sv(&to), job->url, sizeof(job->url)))
        return false;
    job->hop_count++;
    return true;
}

void work_on_fetched(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct app *app = ctx;
    struct work *work = app->work;
    struct job *job = NULL;

    for (size_t i = 0; i < work->job_count && !job; i++)
        if (work->jobs[i].state == JOB_FLYING && work->jobs[i].id == id)
            job = &work->jobs[i];
    if (!job)
        return;
    job->state = JOB_BACK;
    job->end = reply->end;
    job->http_status = reply->http_status;
    job->latency_ms = reply->latency_ms;
    job->answered_at_ms = kk_wall_ms(app->clock);
    kk_buf_clear(&job->headers);
    kk_buf_add(&job->headers, reply->headers);
    if (reply->body) {
        size_t max_bytes = job->body.max_bytes;

        kk_buf_done(&job->body);
        job->body = *reply->body;
        job->body.max_bytes = max_bytes;
        *reply->body = (struct kk_buf){0};
    }
    kk_sv_copy(kk_sv_of(reply->error), job->error, sizeof(job->error));
    job->is_returned = reply->end == FETCH_CANCELLED;
    if (job->is_issue)
        collect_cookies(job, kk_buf_sv(&job->headers));
    job->wants_hop = wants_hop(app, job);
    work->flying--;
    if (!work->back++)
        work->oldest_back_at_ms = kk_mono_ms(app->clock);
}

/* Bodies of tasks are kept whatever they say: a failure is looked into later. The home page is not: it may hold a
 * token. */
static enum kk_code keep_bodies(struct app *app, struct kk_err *err)
{
    struct work *work = app->work;
    bool has_new = false;
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < work->job_count; i++) {
        struct job *job = &work->jobs[i];

        if (job->state != JOB_BACK || job->is_issue || job->wants_hop || job->is_kept)
            continue;
        if (job->end == FETCH_DONE && job->body.len) {
            rc = archive_put(app->archive, kk_buf_sv(&job->body), &job->archive_key, err);
            has_new = true;
        }
    }
    if (!rc && has_new)
        rc = archive_sync(app->archive, err);
    for (size_t i = 0; !rc && i < work->job_count; i++)
        work->jobs[i].is_kept |= work->jobs[i].state == JOB_BACK && !work->jobs[i].wants_hop;
    return rc;
}

static void read_answers(struct app *app)
{
    struct work *work = app->work;

    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];

        if (job->state == JOB_BACK && !job->wants_hop && !job->is_read) {
            settle_read(app, job);
            job->is_read = true;
        }
    }
}

/* ---- the transaction ---- */

static enum kk_code settle_batch(struct app *app, struct batch *batch, struct kk_err *err)
{
    struct work *work = app->work;
    struct tally tally = {.run_count = 0};
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < work->job_count && batch->settled_count < work->batch_max; i++) {
        struct job *job = &work->jobs[i];
        struct settled settled = {0};

        if (job->state != JOB_BACK || job->wants_hop || !job->is_read || !job->is_kept)
            continue;
        rc = settle_job(app, job, &tally, batch->now_ms, &settled, err);
        batch->reports[batch->report_count++] = (struct limiter_report){.grant_id = job->grant.id,
                                                                        .agent_id = job->grant.agent_id,
                                                                        .was_sent = job->was_sent,
                                                                        .hold_ms = settled.hold_ms};
        batch->is_lost[batch->settled_count] = settled.is_lost;
        batch->settled[batch->settled_count++] = i;
    }
    return rc ? rc : tally_write(app, &tally, err);
}

/* Not before the limiter or the queue is likely to have something. An answer frees its agent, but fills no queue. */
static bool is_time_to_ask(const struct work *work, const struct batch *batch)
{
    return batch->mono_ms >= work->ask_at_ms || (batch->settled_count && work->ask_at_ms != work->idle_at_ms);
}

static enum kk_code run_batch(struct app *app, struct batch *batch, bool may_take, struct kk_err *err)
{
    struct work *work = app->work;
    enum kk_code rc = KK_OK;

    /* Of a queue in the store: with the data beside them. Elsewhere they went out after the commit. */
    for (size_t i = 0; !rc && i < work->ack_count; i++)
        rc = queue_ack(app->queue, work->acks[i], err);
    memcpy(batch->reports, work->reports, work->report_count * sizeof(*work->reports));
    batch->report_count = work->report_count;
    if (!rc)
        rc = settle_batch(app, batch, err);
    /* What a remote limiter is told counts at once, also when this transaction rolls back. Were it told of a 429 that
     * is not committed yet, another worker could send the token. */
    batch->ripe_count = app->limiter->ops->joins_store ? batch->report_count : work->report_count;
    if (!rc && batch->mono_ms >= work->limiter_at_ms)
        rc = claim_ask(app, batch, may_take, is_time_to_ask(work, batch), err);
    return rc;
}

static void forget_agents(struct work *work)
{
    work->agents_at_ms = 0;
}

/* All but the first told_count, of which the limiter knows. */
static void keep_reports(struct work *work, const struct batch *batch, size_t told_count)
{
    work->report_count = batch->report_count - told_count;
    memcpy(work->reports, batch->reports + told_count, work->report_count * sizeof(*work->reports));
}

/* A remote limiter's grants outlive the transaction that rolled back. Nothing left for them, so they go back; but for
 * those whose token should have been dropped: they stay unreported, so that the next grant says so again. */
static void return_grants(const struct app *app, struct batch *batch)
{
    struct work *work = app->work;

    if (app->limiter->ops->joins_store || !batch->was_asked)
        return;
    work->report_count = 0; /* told, and not taken back */
    for (size_t i = 0; i < batch->grant_count; i++)
        if (!batch->grants[i].is_after_silence)
            work->reports[work->report_count++] =
                (struct limiter_report){.grant_id = batch->grants[i].id, .agent_id = batch->grants[i].agent_id};
}

/* Messages of a queue elsewhere that were pulled for nothing stay in hand. */
static void keep_messages(struct app *app, const struct batch *batch)
{
    for (size_t i = 0; i < batch->msg_count && !app->queue->ops->joins_store; i++)
        queue_release(app->queue, batch->msgs[i].handle, 0, NULL);
}

/* The commit is in: what it settled is over, what it claimed may be sent. */
static void after_commit(struct app *app, struct batch *batch)
{
    struct work *work = app->work;

    work->ack_count = 0;
    for (size_t i = 0; i < batch->settled_count; i++) {
        struct job *job = &work->jobs[batch->settled[i]];

        work_log_job(app, job, batch->is_lost[i]);
        if (job->handle[0])
            work_ack(app, job->handle);
        if (answer_rule(job->answer)->agent != AGENT_PLEASED || job->is_issue)
            forget_agents(work);
        job_clear(job);
        work->back--;
    }
    if (batch->settled_count) {
        app->task_outbox_woken = true;
        app->event_outbox_woken = true;
        app->runs_woken = true;
        if (work->ask_at_ms != work->idle_at_ms)
            work->ask_at_ms = 0;
    }
    work->oldest_back_at_ms = batch->mono_ms;
    work->fail_count = 0;
    work->batch_max = (size_t)app->limits.worker_batch;
    keep_reports(work, batch, batch->was_asked ? batch->ripe_count : 0);
    claim_after_commit(app, batch);
    /* A remote limiter hears of these agents only with the next question; until then it says that they are busy. */
    if (batch->settled_count && batch->ripe_count < batch->report_count && work->ask_at_ms != work->idle_at_ms)
        work->ask_at_ms = 0;
}

/* One bad job must not hold up the others: after a failure they are settled one by one, and one that fails alone again
 * and again is dropped; its lease brings the task back. */
static void after_failure(struct app *app, struct batch *batch, const struct kk_err *err)
{
    struct work *work = app->work;
    int64_t wait_ms = RETRY_FIRST_MS << (work->fail_count < 6 ? work->fail_count : 6);

    if (batch->was_limiter) {
        kk_log(KK_EV_LIMITER_FAILED, KK_ERR_FIELDS(err));
        work->limiter_at_ms = batch->mono_ms + KK_SECOND_MS;
        return;
    }
    kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "commit answers"), KK_ERR_FIELDS(err));
    return_grants(app, batch);
    keep_messages(app, batch);
    work->fail_count++;
    work->retry_at_ms = batch->mono_ms + (wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS);
    if (work->batch_max == 1 && batch->settled_count == 1 && work->fail_count > ALONE_FAILS_MAX &&
        !kk_code_may_retry(err->code)) {
        struct job *job = &work->jobs[batch->settled[0]];

        work_log_job(app, job, true);
        job_clear(job);
        work->back--;
        work->fail_count = 0;
    }
    work->batch_max = 1;
}

static bool is_waiting_for_messages(const struct work *work)
{
    return work->ready && !work->here.count && work->here.is_more_coming;
}

/* When the first of the grants that wait for messages must go back. */
static int64_t oldest_grant_at(const struct app *app)
{
    const struct work *work = app->work;
    int64_t at_ms = INT64_MAX;

    for (size_t i = 0; i < work->job_count; i++)
        if (work->jobs[i].state == JOB_READY && work->jobs[i].granted_at_ms < at_ms)
            at_ms = work->jobs[i].granted_at_ms;
    return at_ms == INT64_MAX ? at_ms : at_ms + claim_patience_ms(app);
}

static bool is_worth_a_commit(const struct app *app, bool may_take, int64_t mono_ms)
{
    const struct work *work = app->work;
    size_t free_slots = work->job_count - work->ready - work->flying - work->back;

    if (work->back &&
        (work->back >= work->batch_max || work->flying == 0 || mono_ms - work->oldest_back_at_ms >= LINGER_MS))
        return true;
    if (!work->back && work->ack_count + work->report_count && !work->flying)
        return true;
    if (mono_ms < work->limiter_at_ms)
        return false;
    if (work->ready && (work->here.count || !work->here.is_more_coming || mono_ms >= oldest_grant_at(app)))
        return true;
    return may_take && free_slots && !work->back && !is_waiting_for_messages(work) && mono_ms >= work->ask_at_ms;
}

static int64_t until_next(const struct app *app, bool may_take, int64_t mono_ms)
{
    const struct work *work = app->work;
    int64_t wait_ms = IDLE_MS;
    int64_t at_ms = work->ask_at_ms > work->limiter_at_ms ? work->ask_at_ms : work->limiter_at_ms;

    if (work->retry_at_ms > mono_ms)
        return work->retry_at_ms - mono_ms;
    if (work->back)
        return work->oldest_back_at_ms + LINGER_MS > mono_ms ? work->oldest_back_at_ms + LINGER_MS - mono_ms : 1;
    if (work->here.wait_ms < wait_ms && !app->queue->ops->joins_store)
        wait_ms = work->here.wait_ms;
    if (work->ready && oldest_grant_at(app) - mono_ms < wait_ms)
        wait_ms = oldest_grant_at(app) - mono_ms;
    if (may_take && work->job_count > work->flying && !is_waiting_for_messages(work) && at_ms - mono_ms < wait_ms)
        wait_ms = at_ms - mono_ms;
    return wait_ms > 0 ? wait_ms : 0;
}

/* What a lease that ran out has taken away need not be committed any more: a full disk must not keep it for ever. */
static void drop_overdue(struct app *app)
{
    struct work *work = app->work;
    int64_t now_ms = kk_wall_ms(app->clock);

    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];

        if (job->state == JOB_BACK && !job->is_issue && job->task.lease_until_ms < now_ms) {
            work_log_job(app, job, true);
            if (!job->was_sent) /* else what its answer did to the agent is not committed: silence tells of it (R2) */
                job_give_back(work, job);
            job_clear(job);
            work->back--;
        }
    }
}

/* An idle worker looks at the queue before it takes grants that it would only give back. */
static bool is_still_empty(struct app *app, int64_t mono_ms)
{
    struct work *work = app->work;

    if (work->ready || !work->idle_at_ms || work->idle_at_ms != work->ask_at_ms || mono_ms < work->ask_at_ms)
        return false;
    if (!claim_is_queue_empty(app))
        return false;
    work->ask_at_ms = work->idle_at_ms = mono_ms + IDLE_ASK_MS;
    return true;
}

/* What acks and time have brought to a queue that is elsewhere, and what it has brought here. */
static void look_at_queue(struct app *app)
{
    struct kk_err err = {0};

    if (app->queue->ops->joins_store)
        return;
    if (queue_flush(app->queue, &err))
        kk_log(KK_EV_QUEUE_FAILED, KK_CSTR("while", "receive and delete messages"), KK_ERR_FIELDS(&err));
    queue_look(app->queue, &app->work->here);
}

int64_t work_turn(struct app *app, bool is_stopping)
{
    struct work *work = app->work;
    struct batch *batch = work->batch;
    struct kk_err err = {0};
    int64_t mono_ms = kk_mono_ms(app->clock);
    bool may_take = !is_stopping;
    enum kk_code rc;

    look_at_queue(app);
    if (app->queue_woken) {
        app->queue_woken = false;
        work->ask_at_ms = work->idle_at_ms == work->ask_at_ms ? 0 : work->ask_at_ms;
    }
    if (may_take && !work->back && is_still_empty(app, mono_ms))
        return until_next(app, may_take, mono_ms);
    if (mono_ms < work->retry_at_ms || !is_worth_a_commit(app, may_take, mono_ms))
        return until_next(app, may_take, mono_ms);
    rc = keep_bodies(app, &err);
    if (rc) {
        kk_log(KK_EV_ARCHIVE_FAILED, KK_ERR_FIELDS(&err));
        work->retry_at_ms = mono_ms + KK_SECOND_MS;
        drop_overdue(app);
        return until_next(app, may_take, mono_ms);
    }
    read_answers(app);
    batch_reset(batch, kk_wall_ms(app->clock), mono_ms);
    batch->issue_at_ms = work->issue_at_ms;
    rc = store_begin(app->store, &err);
    if (!rc) {
        rc = run_batch(app, batch, may_take, &err);
        if (!rc)
            rc = store_commit(app->store, &err);
        else
            store_rollback(app->store);
    }
    if (!rc)
        after_commit(app, batch);
    else
        after_failure(app, batch, &err);
    drop_overdue(app);
    look_at_queue(app);
    return until_next(app, may_take, kk_mono_ms(app->clock));
}
