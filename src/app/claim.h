/* app/claim.h: from grants to requests: who may send, which task it sends, and the sending. */
#ifndef KK_APP_CLAIM_H
#define KK_APP_CLAIM_H

#include "app/job.h"

#define IDLE_ASK_MS INT64_C(250) /* an empty queue is looked at again; a message of this process ends the wait */

/* Inside the transaction: reports, redirect hops, grants, messages, claims. may_take false: reports and hops only, and
 * grants that wait for messages go back. is_time false: no new grants. */
enum kk_code claim_ask(struct app *app, struct batch *batch, bool may_take, bool is_time, struct kk_err *err);
/* So long may a grant wait for a message; then there is still time to use it. */
int64_t claim_patience_ms(const struct app *app);
/* The job's grant has waited so long for a message that it must be used or given back now. */
bool claim_is_old(const struct app *app, const struct job *job, int64_t mono_ms);
/* There is nothing to pull, as far as can be told without asking a queue that is elsewhere. */
bool claim_is_queue_empty(struct app *app);
/* After it: sends what was claimed. */
void claim_after_commit(struct app *app, struct batch *batch);

#endif
