#include "app/work_log.h"

#include "base/log.h"

/* trace: the text of trace_id(), at hand where it is used. */
#define TASK_FIELDS(job)                                                                               \
    KK_NUM("task_id", (job)->task.id), KK_CSTR("seller_id", (job)->task.seller_id),                    \
        KK_CSTR("endpoint", task_kind_name((job)->task.kind)), KK_NUM("item_no", (job)->task.item_no), \
        KK_NUM("attempt", (job)->task.attempt + 1), KK_NUM("http_status", (job)->http_status),         \
        KK_NUM("latency_ms", (job)->latency_ms), KK_CSTR("agent", (job)->agent.name), KK_CSTR("trace_id", trace)

static void log_agent(const struct job *job)
{
    struct kk_field fields[] = {KK_CSTR("agent", job->agent.name),
                                KK_NUM("http_status", job->http_status),
                                KK_CSTR("error", job->error),
                                {.key = NULL}};

    switch (job->answer) {
    case ANSWER_LIMITED:
        kk_log_write(KK_EV_AGENT_LIMITED, fields);
        break;
    case ANSWER_CHALLENGE:
        kk_log_write(KK_EV_AGENT_BLOCKED, fields);
        break;
    case ANSWER_UNAUTHORIZED:
        kk_log_write(KK_EV_TOKEN_REFUSED, fields);
        break;
    case ANSWER_OK:
        if (job->is_issue)
            kk_log_write(KK_EV_AGENT_READY, fields);
        break;
    case ANSWER_MISMATCH:
    case ANSWER_GONE:
    case ANSWER_FOREIGN:
    case ANSWER_SERVER_ERROR:
    case ANSWER_LOST:
    case ANSWER_REDIRECTED:
    case ANSWER_REJECTED:
        if (job->is_issue) /* it has no task that would tell of it */
            kk_log_write(KK_EV_TOKEN_REFUSED, fields);
        break;
    case ANSWER_COUNT:
        break;
    }
}

static void log_failure(const struct app *app, const struct job *job)
{
    char trace[TRACE_ID_BYTES];
    bool may_retry = answer_may_retry(job->answer, job->task.attempt + 1, app->limits.task_attempts);

    trace_id(app->installation, job->task.run_id, trace);
    if (job->answer == ANSWER_MISMATCH)
        kk_log(KK_EV_SCHEMA_MISMATCH, TASK_FIELDS(job), KK_CSTR("error", job->error));
    kk_log(may_retry ? KK_EV_TASK_RETRIED : KK_EV_TASK_DIED, TASK_FIELDS(job),
           KK_CSTR("cause", answer_rule(job->answer)->name), KK_CSTR("error", job->error));
}

void work_log_job(const struct app *app, const struct job *job, bool is_lost)
{
    char trace[TRACE_ID_BYTES];

    if (!job->is_returned)
        log_agent(job);
    if (job->is_issue)
        return;
    trace_id(app->installation, job->task.run_id, trace);
    if (is_lost)
        kk_log(KK_EV_TASK_LOST, TASK_FIELDS(job));
    else if (job->is_returned)
        kk_log(KK_EV_TASK_RETRIED, TASK_FIELDS(job), KK_CSTR("cause", "returned"), KK_CSTR("error", job->error));
    else if (answer_rule(job->answer)->task != TASK_SUCCEEDS)
        log_failure(app, job);
    else if (job->answer == ANSWER_GONE)
        kk_log(KK_EV_ITEM_GONE, TASK_FIELDS(job));
    else if (job->answer == ANSWER_FOREIGN)
        kk_log(KK_EV_ITEM_FOREIGN, TASK_FIELDS(job), KK_CSTR("named", job->snapshot.seller_id));
    else
        kk_log(KK_EV_TASK_ENDED, TASK_FIELDS(job));
}
