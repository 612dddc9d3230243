/* app/deliver.h: outbox → sinks (D4): the magpie brings the news. At least once, in version order for each item (R7).
 */
#ifndef KK_APP_DELIVER_H
#define KK_APP_DELIVER_H

#include "app/app.h"
#include "ports/sink.h"

enum kk_code deliver_create(struct app *app, struct deliver **ret_deliver, struct kk_err *err);
void deliver_destroy(struct deliver *deliver); /* NULL is fine */
/* Hands over what is due and commits what was delivered. Returns how long nothing is due, in ms. */
int64_t deliver_turn(struct app *app, bool is_stopping);
bool deliver_is_idle(const struct deliver *deliver);
/* The sinks' callback (ctx is the app). */
void deliver_on_delivered(void *ctx, struct sink *sink, int64_t id, const struct sink_result *result);

#endif
