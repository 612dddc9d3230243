/* app/visit.h: one look at an item, its detail then its options; at its end what was seen is compared once with what
 * was known, and a difference becomes a version and an event in the outbox (D2-D4, R6, R7). */
#ifndef KK_APP_VISIT_H
#define KK_APP_VISIT_H

#include "app/job.h"
#include "app/tally.h"

/* The detail is in: it waits for the options. */
enum kk_code visit_open(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                        struct kk_err *err);
/* The options are in. */
enum kk_code visit_finish(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                          struct kk_err *err);
/* The options will not come: closes with those known before; a new item waits until it has been complete once. */
enum kk_code visit_finish_without_options(struct app *app, const struct task *task, struct tally *tally, int64_t now_ms,
                                          struct kk_err *err);
/* The site does not show the item any more, or it is not ours: closes without a snapshot. */
enum kk_code visit_abandon(struct app *app, const struct task *task, int64_t now_ms, struct kk_err *err);
/* R11: the item was missing from enough complete lists. */
enum kk_code visit_remove(struct app *app, const struct run *run, int64_t item_no, struct tally *tally, int64_t now_ms,
                          struct kk_err *err);

#endif
