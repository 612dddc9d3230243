/* app/settle_list.h: a list page that is in, or will not come in (K6, R11). */
#ifndef KK_APP_SETTLE_LIST_H
#define KK_APP_SETTLE_LIST_H

#include "app/job.h"
#include "app/tally.h"

enum kk_code settle_list(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                         struct kk_err *err);
/* A list page of the run's present pass is over; the last of them decides whether the list is read once more. */
enum kk_code settle_list_over(struct app *app, struct run *run, const struct task *task, bool is_in,
                              struct tally *tally, int64_t now_ms, struct kk_err *err);

#endif
