/* app/work.h: limiter → queue → fetcher → archive → settle: a worker's turn. */
#ifndef KK_APP_WORK_H
#define KK_APP_WORK_H

#include "app/job.h"

/* One turn: reads answers, keeps their bodies, and in one transaction settles them, reports to the limiter, takes
 * grants and claims tasks for them; then sends. Returns how long nothing is due, in ms. is_stopping: nothing new is
 * taken. */
int64_t work_turn(struct app *app, bool is_stopping);
/* The fetcher's callback (ctx is the app). */
void work_on_fetched(void *ctx, int64_t id, struct fetch_reply *reply);

#endif
