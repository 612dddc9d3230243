/* Reading an answer: status and transport first, then the body; all of it pure, before any transaction. */
#include <stdio.h>

#include "app/settle.h"
#include "core/backoff.h"
#include "ports/fetcher.h"

static void judge(struct job *job, enum answer answer, const char *error)
{
    job->answer = answer;
    snprintf(job->error, sizeof(job->error), "%s", error);
}

static struct answer_facts facts_of(const struct job *job)
{
    bool is_html = session_is_challenge(fetch_header(kk_buf_sv(&job->headers), "content-type"), kk_buf_sv(&job->body));

    return (struct answer_facts){.is_lost = job->end != FETCH_DONE,
                                 .is_redirect_ended = job->http_status >= 300 && job->http_status < 400,
                                 .http_status = job->http_status,
                                 .is_item = !job->is_issue && job->task.kind != TASK_LIST,
                                 .is_challenge = is_html};
}

/* The home page is HTML by right, so only an answer without a token is looked at twice. */
static void read_issue(struct job *job)
{
    struct answer_facts facts = facts_of(job);
    enum answer answer;

    if (!facts.is_lost && job->session.token[0]) {
        judge(job, ANSWER_OK, "");
        return;
    }
    facts.is_challenge = session_is_challenge(KK_SV("text/plain"), kk_buf_sv(&job->body));
    answer = answer_of(&facts);
    if (answer == ANSWER_OK || answer == ANSWER_GONE || answer == ANSWER_REJECTED)
        judge(job, ANSWER_UNAUTHORIZED, "the home page gave no token");
    else
        job->answer = answer;
}

static enum kk_code parse_body(const struct app *app, struct job *job, struct kk_err *err)
{
    struct kk_sv body = kk_buf_sv(&job->body);

    (void)app;
    switch (job->task.kind) {
    case TASK_LIST:
        return parse_list(body, &job->list, err);
    case TASK_DETAIL:
        return parse_detail(body, job->task.item_no, &job->snapshot, err);
    case TASK_OPTIONS:
        return parse_options(body, job->task.item_no, &job->snapshot, err);
    }
    return kk_fail(err, KK_BAD_INPUT, "task %lld has no kind", (long long)job->task.id);
}

static void read_task(const struct app *app, struct job *job)
{
    struct answer_facts facts = facts_of(job);
    enum answer answer = answer_of(&facts);
    struct kk_err err;
    enum kk_code rc;

    if (answer != ANSWER_OK) {
        if (!job->error[0] && !facts.is_lost)
            snprintf(job->error, sizeof(job->error), "the site answered %d", job->http_status);
        job->answer = answer;
        return;
    }
    rc = parse_body(app, job, &err);
    if (rc == KK_NO_MEMORY)
        judge(job, ANSWER_LOST, err.msg);
    else if (rc)
        judge(job, ANSWER_MISMATCH, err.msg);
    else if (job->task.kind == TASK_DETAIL &&
             !kk_sv_eq(kk_sv_of(job->snapshot.seller_id), kk_sv_of(job->task.seller_id)))
        judge(job, ANSWER_FOREIGN, "the item names another seller");
    else
        judge(job, ANSWER_OK, "");
}

void settle_read(struct app *app, struct job *job)
{
    if (job->is_returned) {
        job->answer = ANSWER_LOST;
        return;
    }
    if (!retry_after_ms(fetch_header(kk_buf_sv(&job->headers), "retry-after"), job->answered_at_ms,
                        &job->retry_after_ms))
        job->retry_after_ms = 0;
    if (job->is_issue)
        read_issue(job);
    else
        read_task(app, job);
}
