#include "app/settle.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/settle_list.h"
#include "app/visit.h"
#include "base/log.h"
#include "core/backoff.h"
#include "ports/store.h"

/* What is counted of an answer (M1). */
static enum kk_code count_answer(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                                 bool is_late, struct kk_err *err)
{
    struct stat_counts *stat = NULL;
    enum kk_code rc;

    if (job->is_returned)
        return KK_OK;
    rc = tally_stat_of(app, tally, job->is_issue ? NULL : &job->task, job->agent.id, now_ms, &stat, err);
    if (rc)
        return rc;
    stat_count_answer(stat, job->answer, (int64_t)job->body.len, job->latency_ms);
    if (is_late)
        stat_count_late(stat, job->answer);
    return KK_OK;
}

/* One more of what became of a task, not of an answer: a retry, a time-out, a death. */
static enum kk_code count_fate(struct app *app, const struct task *task, int64_t agent_id, enum stat_field field,
                               struct tally *tally, int64_t now_ms, struct kk_err *err)
{
    struct stat_counts *stat = NULL;
    enum kk_code rc = tally_stat_of(app, tally, task, agent_id, now_ms, &stat, err);

    if (!rc)
        stat->at[field]++;
    return rc;
}

/* A task is over: its run has one open task less. */
static enum kk_code count_over(struct app *app, const struct task *task, struct tally *tally, struct kk_err *err)
{
    struct run_counts *add = NULL;
    enum kk_code rc = tally_of(app, tally, task->run_id, &add, err);

    if (rc)
        return rc;
    add->open_count--;
    if (task->is_dead)
        add->dead_count++;
    else
        add->success_count++;
    return KK_OK;
}

/* What else ends with a dead task: a list page its pass, options their visit. */
static enum kk_code bury(struct app *app, const struct task *task, struct tally *tally, int64_t now_ms,
                         struct kk_err *err)
{
    struct run run;
    enum kk_code rc = KK_OK;

    switch (task->kind) {
    case TASK_LIST:
        rc = store_get_run(app->store, task->run_id, &run, err);
        if (!rc)
            rc = settle_list_over(app, &run, task, false, tally, now_ms, err);
        return rc;
    case TASK_OPTIONS:
        return visit_finish_without_options(app, task, tally, now_ms, err);
    case TASK_DETAIL:
        return KK_OK;
    }
    return rc;
}

enum kk_code settle_failure(struct app *app, struct task task, const struct task_failure *failure, struct tally *tally,
                            int64_t now_ms, bool *ret_done, struct kk_err *err)
{
    struct run_counts *add = NULL;
    enum kk_code rc;

    task.attempt += !failure->is_blameless;
    task.lapse_count += failure->is_blameless;
    task.http_status = failure->http_status;
    task.lease_until_ms = 0;
    snprintf(task.error, sizeof(task.error), "%s", failure->error);
    rc = task_move(&task, TASK_ON_BROKE, err);
    if (rc)
        return rc;
    if (failure->may_retry) {
        int64_t wait_ms = backoff_ms(failure->is_blameless ? 1 : task.attempt, app->limits.task_backoff_ms,
                                     app->limits.task_backoff_max_ms, kk_rng_next(app->rng));

        rc = task_move(&task, TASK_ON_SPARED, err);
        if (rc)
            return rc;
        task.next_attempt_at_ms = now_ms + (wait_ms > failure->retry_after_ms ? wait_ms : failure->retry_after_ms);
    } else {
        task.is_dead = true;
        task.ended_at_ms = now_ms;
    }
    rc = store_put_task(app->store, &task, TASK_RUNNING, now_ms, ret_done, err);
    if (rc || !*ret_done)
        return rc;

    struct attempt attempt = {.task_id = task.id,
                              .run_id = task.run_id,
                              .agent_id = failure->agent_id,
                              .at_ms = now_ms,
                              .attempt = task.attempt,
                              .cause = failure->cause,
                              .http_status = failure->http_status,
                              .error = kk_sv_of(task.error)};

    if (failure->archive_key)
        attempt.archive_key = *failure->archive_key;
    rc = store_add_attempt(app->store, &attempt, err);
    if (!rc)
        rc = count_fate(app, &task, failure->agent_id, failure->may_retry ? STAT_RETRY : STAT_DEAD, tally, now_ms, err);
    if (!rc)
        rc = tally_of(app, tally, task.run_id, &add, err);
    if (rc)
        return rc;
    if (failure->may_retry) {
        add->retry_count++;
        return KK_OK;
    }
    rc = count_over(app, &task, tally, err);
    return rc ? rc : bury(app, &task, tally, now_ms, err);
}

enum kk_code settle_timeout(struct app *app, struct task task, const char *cause, bool is_blameless,
                            struct tally *tally, int64_t now_ms, bool *ret_done, struct kk_err *err)
{
    struct run_counts *add = NULL;
    struct attempt attempt = {.task_id = task.id, .run_id = task.run_id, .at_ms = now_ms, .cause = cause};
    enum kk_code rc;

    task.lapse_count++;
    task.attempt += is_blameless ? 0 : 1;
    task.lease_until_ms = 0;
    snprintf(task.error, sizeof(task.error), "%s", cause);
    rc = task_move(&task, TASK_ON_EXPIRED, err);
    if (!rc)
        rc = task_move(&task, TASK_ON_SPARED, err);
    if (rc)
        return rc;
    task.next_attempt_at_ms = now_ms;
    if (!is_blameless)
        task.next_attempt_at_ms += backoff_ms(task.attempt, app->limits.task_backoff_ms,
                                              app->limits.task_backoff_max_ms, kk_rng_next(app->rng));
    rc = store_put_task(app->store, &task, TASK_RUNNING, now_ms, ret_done, err);
    if (rc || !*ret_done)
        return rc;
    attempt.attempt = task.attempt;
    attempt.error = kk_sv_of(task.error);
    rc = store_add_attempt(app->store, &attempt, err);
    if (!rc)
        rc = count_fate(app, &task, 0, STAT_TIMEOUT, tally, now_ms, err);
    if (!rc)
        rc = count_fate(app, &task, 0, STAT_RETRY, tally, now_ms, err);
    if (!rc)
        rc = tally_of(app, tally, task.run_id, &add, err);
    if (!rc)
        add->retry_count++;
    return rc;
}

/* RUNNING → SUCCESS, guarded, before anything else of the job is written: whoever lost its lease writes nothing. */
static enum kk_code finish_task(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                                bool *ret_done, struct kk_err *err)
{
    struct task task = job->task;
    enum kk_code rc = task_move(&task, TASK_ON_FINISHED, err);

    if (rc)
        return rc;
    task.attempt++;
    task.http_status = job->http_status;
    task.error[0] = '\0';
    task.lease_until_ms = 0;
    task.ended_at_ms = now_ms;
    rc = store_put_task(app->store, &task, TASK_RUNNING, now_ms, ret_done, err);
    if (rc || !*ret_done)
        return rc;
    return count_over(app, &task, tally, err);
}

static enum kk_code settle_success(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                                   bool *ret_done, struct kk_err *err)
{
    enum kk_code rc = finish_task(app, job, tally, now_ms, ret_done, err);

    if (rc || !*ret_done)
        return rc;
    if (job->answer != ANSWER_OK)
        return visit_abandon(app, &job->task, now_ms, err);
    switch (job->task.kind) {
    case TASK_LIST:
        return settle_list(app, job, tally, now_ms, err);
    case TASK_DETAIL:
        return visit_open(app, job, tally, now_ms, err);
    case TASK_OPTIONS:
        return visit_finish(app, job, tally, now_ms, err);
    }
    return KK_OK;
}

/* A void token is its agent's trouble: a site that voids all of them at once would use up a task's attempts before one
 * agent had a new token. Refused with a new one, the task counts it. */
static bool may_retry(const struct app *app, const struct job *job, bool is_renewal)
{
    if (is_renewal)
        return job->task.lapse_count + 1 < TASK_LAPSES_MAX;
    return answer_may_retry(job->answer, job->task.attempt + 1, app->limits.task_attempts);
}

static enum kk_code settle_task(struct app *app, const struct job *job, bool is_renewal, struct tally *tally,
                                int64_t now_ms, bool *ret_done, struct kk_err *err)
{
    const struct answer_rule *rule = answer_rule(job->answer);
    struct run_counts *add = NULL;
    enum kk_code rc;

    if (job->is_returned)
        return settle_timeout(app, job->task, job->error, true, tally, now_ms, ret_done, err);
    rc = tally_of(app, tally, job->task.run_id, &add, err);
    if (rc)
        return rc;
    add->request_count++;
    if (rule->task == TASK_SUCCEEDS)
        return settle_success(app, job, tally, now_ms, ret_done, err);

    struct task_failure failure = {.cause = rule->name,
                                   .error = job->error,
                                   .http_status = job->http_status,
                                   .agent_id = job->agent.id,
                                   .retry_after_ms = job->retry_after_ms,
                                   .archive_key = kk_hash_is_zero(&job->archive_key) ? NULL : &job->archive_key,
                                   .may_retry = may_retry(app, job, is_renewal),
                                   .is_blameless = is_renewal};

    return settle_failure(app, job->task, &failure, tally, now_ms, ret_done, err);
}

static void move_agent(const struct app *app, const struct job *job, struct agent *agent, int64_t now_ms)
{
    const struct answer_rule *rule = answer_rule(job->answer);

    if (job->is_issue && job->answer == ANSWER_OK) {
        agent_got_token(agent, kk_sv_of(job->session.token), kk_sv_of(job->session.nid),
                        kk_sv_of(job->session.mustit_uid), session_expires_at_ms(&job->session, now_ms), now_ms);
        agent->success_count++;
        return;
    }
    agent->success_count += rule->task == TASK_SUCCEEDS;
    agent->failure_count += rule->task != TASK_SUCCEEDS;
    agent->limited_count += job->answer == ANSWER_LIMITED;
    switch (rule->agent) {
    case AGENT_PLEASED:
        agent_succeeded(agent);
        break;
    case AGENT_UNMOVED:
        break;
    case AGENT_BAN:
        agent_banned(agent, &app->limits.agent, job->retry_after_ms, rule->meaning, now_ms);
        break;
    case AGENT_REFUSE:
        agent_refused(agent, &app->limits.agent, job->error[0] ? job->error : rule->meaning, now_ms);
        break;
    }
}

/* How long the limiter keeps the agent out: a ban's rest, or after trouble at the token's issue a short while, so that
 * an ailing home page does not eat the agent's budget. */
static int64_t hold_of(const struct app *app, const struct job *job, const struct agent *agent, int64_t now_ms)
{
    if (agent->state == AGENT_DISABLED)
        return agent->disabled_until_ms > now_ms ? agent->disabled_until_ms - now_ms : 0;
    if (job->is_issue && job->answer != ANSWER_OK && !job->is_returned)
        return job->retry_after_ms > app->limits.task_backoff_ms ? job->retry_after_ms : app->limits.task_backoff_ms;
    /* A Retry-After without a ban (503) holds the agent and costs nothing. */
    return job->is_returned ? 0 : job->retry_after_ms;
}

/* *ret_renewal: its token was refused, and it may ask for a new one. */
static enum kk_code settle_agent(struct app *app, const struct job *job, int64_t now_ms, int64_t *ret_hold_ms,
                                 bool *ret_renewal, struct kk_err *err)
{
    struct agent agent;
    enum kk_code rc = store_get_agent(app->store, job->agent.id, &agent, err);

    if (rc)
        return rc == KK_NOT_FOUND ? KK_OK : rc;
    if (job->was_sent) {
        agent.request_count++;
        agent.last_used_at_ms = job->answered_at_ms;
    }
    if (!job->is_returned)
        move_agent(app, job, &agent, now_ms);
    agent_bucket_is(&agent, job->grant.tokens_left == 0);
    *ret_hold_ms = hold_of(app, job, &agent, now_ms);
    *ret_renewal =
        !job->is_returned && answer_rule(job->answer)->agent == AGENT_REFUSE && agent.state != AGENT_DISABLED;
    return store_put_agent(app->store, &agent, err);
}

enum kk_code settle_job(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                        struct settled *ret, struct kk_err *err)
{
    bool is_done = true, is_renewal = false;
    enum kk_code rc;

    rc = settle_agent(app, job, now_ms, &ret->hold_ms, &is_renewal, err);
    if (!rc && !job->is_issue)
        rc = settle_task(app, job, is_renewal, tally, now_ms, &is_done, err);
    if (!rc)
        rc = count_answer(app, job, tally, now_ms, !is_done, err);
    ret->is_lost = !is_done;
    return rc ? kk_while(err, rc, "task %" PRId64 " (%s %s)", job->task.id, job->task.seller_id,
                         job->is_issue ? "token" : task_kind_name(job->task.kind))
              : KK_OK;
}
