#include "app/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"

void job_clear(struct job *job)
{
    struct kk_buf headers = job->headers;
    size_t body_max = job->body.max_bytes;

    list_page_done(&job->list);
    snapshot_done(&job->snapshot);
    kk_buf_done(&job->body);
    kk_buf_clear(&headers);
    memset(job, 0, sizeof(*job));
    job->headers = headers;
    job->body = KK_BUF(body_max);
}

enum kk_code work_create(struct app *app, struct work **ret_work, struct kk_err *err)
{
    struct work *work = calloc(1, sizeof(*work));
    size_t slots = (size_t)app->limits.worker_inflight;

    if (work) {
        work->job_count = slots;
        work->batch_max = (size_t)app->limits.worker_batch;
        work->report_max = 2 * slots;
        work->ack_max = 4 * slots;
        work->jobs = calloc(slots, sizeof(*work->jobs));
        work->reports = calloc(work->report_max, sizeof(*work->reports));
        work->acks = calloc(work->ack_max, sizeof(*work->acks));
    }
    if (!work || !work->jobs || !work->reports || !work->acks || batch_create(slots, &work->batch, err)) {
        work_destroy(work);
        return kk_fail(err, KK_NO_MEMORY, "no memory for %zu transfers", slots);
    }
    for (size_t i = 0; i < slots; i++) {
        work->jobs[i].headers = KK_BUF(FETCH_HEADERS_MAX_BYTES);
        work->jobs[i].body = KK_BUF((size_t)app->limits.site_max_body_bytes);
    }
    *ret_work = work;
    return KK_OK;
}

void work_destroy(struct work *work)
{
    if (!work)
        return;
    for (size_t i = 0; work->jobs && i < work->job_count; i++) {
        job_clear(&work->jobs[i]);
        kk_buf_done(&work->jobs[i].headers);
    }
    free(work->jobs);
    free(work->reports);
    free(work->acks);
    free(work->agent_ids);
    batch_destroy(work->batch);
    free(work);
}

bool work_is_idle(const struct work *work)
{
    return work->ready == 0 && work->flying == 0 && work->back == 0 && work->ack_count == 0 && work->report_count == 0;
}

void job_give_back(struct work *work, const struct job *job)
{
    KK_ASSERT(work->report_count < work->report_max);
    work->reports[work->report_count++] =
        (struct limiter_report){.grant_id = job->grant.id, .agent_id = job->grant.agent_id};
}

void work_ack(struct app *app, const char *handle)
{
    struct work *work = app->work;
    struct kk_err err;

    if (app->queue->ops->joins_store) {
        memcpy(work->acks[work->ack_count++], handle, QUEUE_HANDLE_BYTES);
        return;
    }
    if (queue_ack(app->queue, handle, &err)) /* it comes again, and is acked then */
        kk_log(KK_EV_QUEUE_FAILED, KK_CSTR("while", "ack a message"), KK_ERR_FIELDS(&err));
}
