/* app/alarm.h: facts → alerts → the outbox (M3). An alert that was raised is in the outbox with the row that says so,
 * in one transaction, so that no fault of the network loses it. */
#ifndef KK_APP_ALARM_H
#define KK_APP_ALARM_H

#include "app/measure.h"
#include "core/alert.h"
#include "ports/alerts.h"
#include "ports/store.h"

struct alarm; /* what one process remembers between two looks; lost with it */
enum kk_code alarm_create(struct app *app, struct alarm **ret_alarm, struct kk_err *err);
void alarm_destroy(struct alarm *alarm); /* NULL is fine */
/* One look, when it is time. Of several janitors on one store only one looks. */
void alarm_turn(struct app *app);
/* A message that says it is only a test, to every notifier. *ret_count: their number; ret_id: the dedup key of its rows
 * in the outbox. */
enum kk_code alarm_test(struct app *app, char ret_id[OUTBOX_KEY_BYTES], size_t *ret_count, struct kk_err *err);

#endif
