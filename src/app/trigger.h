/* app/trigger.h: seller → run, first task and outbox row, in one transaction (T2). */
#ifndef KK_APP_TRIGGER_H
#define KK_APP_TRIGGER_H

#include "app/app.h"

/* Starts a crawl of an ACTIVE seller. A run that is still open is returned as it is, *ret_created false (idempotent).
 * KK_NOT_FOUND: no such seller. KK_CONFLICT: it is paused or disabled, and the sentence says which. */
enum kk_code trigger_crawl(struct app *app, struct kk_sv seller_id, enum run_trigger by, struct run *ret_run,
                           bool *ret_created, struct kk_err *err);

#endif
