/* app/settle.h: what an answer means for its task, its agent, its run and its product, inside one transaction. */
#ifndef KK_APP_SETTLE_H
#define KK_APP_SETTLE_H

#include "app/work.h"

#define TASK_LAPSES_MAX 10 /* a task whose worker died so often is given up */

/* Counts of one transaction, kept by run until its end, so that a batch updates each run once. */
#define TALLY_RUNS_MAX 64
struct tally {
    struct {
        int64_t run_id;
        struct run_counts add;
    } run[TALLY_RUNS_MAX];
    size_t run_count;
};
/* The counts of run_id to add to. Writes all out first when there is no room. */
enum kk_code tally_of(struct app *app, struct tally *tally, int64_t run_id, struct run_counts **ret,
                      struct kk_err *err);
enum kk_code tally_write(struct app *app, struct tally *tally, struct kk_err *err);

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
};
enum kk_code settle_failure(struct app *app, struct task task, const struct task_failure *failure, struct tally *tally,
                            int64_t now_ms, bool *ret_done, struct kk_err *err);
/* RUNNING → TIMEOUT → RETRY. is_blameless: it costs no attempt (its process died or stopped). */
enum kk_code settle_timeout(struct app *app, struct task task, const char *cause, bool is_blameless,
                            struct tally *tally, int64_t now_ms, bool *ret_done, struct kk_err *err);
/* A task of a run is made (its row, its outbox row, the run's counts). *ret_made false: one is under way. */
enum kk_code settle_make_task(struct app *app, const struct task *parent, enum task_kind kind, int64_t page,
                              int64_t item_no, int rank, struct tally *tally, int64_t now_ms, bool *ret_made,
                              struct kk_err *err);

/* settle_list.c */
enum kk_code settle_list(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                         struct kk_err *err);
/* A list page of the run's present pass is over; the last of them decides whether the list is read once more. */
enum kk_code settle_list_over(struct app *app, struct run *run, const struct task *task, bool is_in,
                              struct tally *tally, int64_t now_ms, struct kk_err *err);

#endif
