/* app/job.h: what a worker has in hand: grants, claimed tasks, transfers, and answers not yet committed.
 *
 * A job is one request. It is FREE, FLYING (the fetcher has it) or BACK (its end is known and waits for the commit);
 * where the queue is elsewhere also READY before: it has a grant, and waits for a message that was asked for.
 * What a BACK job means is committed in one transaction for the whole batch (settle.h); until that commit the job
 * stays, so a full disk or a locked database costs time but no request. */
#ifndef KK_APP_JOB_H
#define KK_APP_JOB_H

#include "app/batch.h"
#include "core/answer.h"
#include "core/snapshot.h"
#include "ports/fetcher.h"
#include "site/parse.h"
#include "site/session.h"

enum job_state { JOB_FREE, JOB_READY, JOB_FLYING, JOB_BACK };

struct job {
    int64_t id; /* of the transfer; another for each use of the slot */
    enum job_state state;
    bool is_issue;    /* asks the home page for a token; has no task */
    bool was_sent;    /* false: the request never left */
    bool is_returned; /* the process stops, or the grant grew old: the task goes back without blame */
    struct task task;
    char handle[QUEUE_HANDLE_BYTES]; /* of the task's message */
    struct limiter_grant grant;
    int64_t granted_at_ms;        /* monotonic */
    struct agent agent;           /* as it was when the request was made */
    struct session session;       /* cookies of an issue, over all its hops */
    char url[SITE_URL_MAX_BYTES]; /* of the present hop */
    int64_t page_size;
    int hop_count;
    bool wants_hop; /* a redirect to follow waits for the limiter */

    /* the answer */
    enum fetch_end end;
    int http_status;
    struct kk_buf headers, body;
    int64_t answered_at_ms, latency_ms, retry_after_ms;
    enum answer answer;
    char error[TASK_ERROR_BYTES];
    bool is_read; /* answer and what the body held are set */
    bool is_kept; /* the body is durable in the archive, or there is none to keep */
    struct kk_hash archive_key;
    struct list_page list;    /* of a list */
    struct snapshot snapshot; /* of a detail, or the options alone */
};

struct work {
    struct batch *batch;
    struct job *jobs;
    size_t job_count; /* slots: worker.inflight */
    int64_t last_id;
    size_t ready, flying, back;
    struct queue_here here;         /* of a queue that is elsewhere, as this turn found it; else zeroed */
    struct limiter_report *reports; /* for the next ask; at most two for each slot */
    size_t report_count, report_max;
    char (*acks)[QUEUE_HANDLE_BYTES]; /* messages to ack once their commit is in */
    size_t ack_count, ack_max;
    int64_t *agent_ids; /* who may be asked for grants; looked up again when stale */
    size_t agent_count;
    int64_t agents_at_ms;      /* monotonic; 0: look them up */
    int64_t ask_at_ms;         /* monotonic: not worth asking for grants before */
    int64_t idle_at_ms;        /* ask_at_ms as an empty queue set it: a message ends that wait */
    int64_t limiter_at_ms;     /* monotonic: the limiter failed; not before */
    int64_t issue_at_ms;       /* monotonic: no token issue before */
    int64_t retry_at_ms;       /* monotonic: the last commit failed; not before */
    int fail_count;            /* commits that failed in a row */
    size_t batch_max;          /* 1 after failures, so that one bad job cannot hold up the others */
    int64_t oldest_back_at_ms; /* monotonic: since when the oldest BACK job waits */
};

enum kk_code work_create(struct app *app, struct work **ret_work, struct kk_err *err);
void work_destroy(struct work *work); /* NULL is fine */
bool work_is_idle(const struct work *work);

void job_clear(struct job *job); /* FREE again; keeps its headers' memory */
/* Tells the limiter with the next ask that the job's grant was never used. */
void job_give_back(struct work *work, const struct job *job);
/* A committed transaction is done with the message: it is acked, at once or with the next one. */
void work_ack(struct app *app, const char *handle);

#endif
