/* app/settle.h: what an answer means for its task, its agent, its run and its product, inside one transaction. */
#ifndef KK_APP_SETTLE_H
#define KK_APP_SETTLE_H

#include "app/job.h"
#include "app/tally.h"

#define TASK_LAPSES_MAX 10 /* a task whose worker died, or whose agents' tokens were void, so often is given up */

/* Reads a BACK job's answer without touching the store: judges it, and parses the body. Once for each job. */
void settle_read(struct app *app, struct job *job);
struct settled {
    int64_t hold_ms; /* the agent rests so long from now */
    bool is_lost;    /* the lease was over and the task is another's: nothing was written for it */
};
/* Inside a transaction; may be repeated after a rollback, so it changes nothing in the job. */
enum kk_code settle_job(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                        struct settled *ret, struct kk_err *err);
/* RUNNING → FAILED → RETRY or dead; for attempts that failed without an answer as well. cause as in the log. */
struct task_failure {
    const char *cause;
    const char *error;
    int http_status;
    int64_t agent_id, retry_after_ms;
    const struct kk_hash *archive_key; /* NULL: no body */
    bool may_retry;
    bool is_blameless; /* it costs no attempt */
};
enum kk_code settle_failure(struct app *app, struct task task, const struct task_failure *failure, struct tally *tally,
                            int64_t now_ms, bool *ret_done, struct kk_err *err);
/* RUNNING → TIMEOUT → RETRY. is_blameless: it costs no attempt (its process died or stopped). */
enum kk_code settle_timeout(struct app *app, struct task task, const char *cause, bool is_blameless,
                            struct tally *tally, int64_t now_ms, bool *ret_done, struct kk_err *err);
#endif
