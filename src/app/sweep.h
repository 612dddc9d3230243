/* app/sweep.h: what nobody else would notice: leases that ran out, tasks gone silent, dead messages, agents whose rest
 * is over, rows grown old (K4, A6, B15 of a database that only grows). */
#ifndef KK_APP_SWEEP_H
#define KK_APP_SWEEP_H

#include "app/app.h"

void sweep_turn(struct app *app);
/* At the start of the only process of an installation: every RUNNING task belonged to a dead one (no blame), and so did
 * every grant. */
enum kk_code sweep_orphans(struct app *app, int64_t *ret_count, struct kk_err *err);

#endif
