/* app/claim.h: from grants to requests: who may send, which task it sends, and the sending. */
#ifndef KK_APP_CLAIM_H
#define KK_APP_CLAIM_H

#include "app/job.h"

#define IDLE_ASK_MS INT64_C(250) /* an empty queue is looked at again; a message of this process ends the wait */

/* Inside the transaction: reports, redirect hops, grants, messages, claims. may_take false: reports and hops only. */
enum kk_code claim_ask(struct app *app, struct batch *batch, bool may_take, struct kk_err *err);
/* After it: sends what was claimed. */
void claim_after_commit(struct app *app, struct batch *batch);

#endif
