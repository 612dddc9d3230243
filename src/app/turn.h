/* app/turn.h: one turn of a process: each of its roles does what is due. */
#ifndef KK_APP_TURN_H
#define KK_APP_TURN_H

#include "app/app.h"

enum app_role { ROLE_SCHEDULER = 1, ROLE_RELAY = 2, ROLE_WORKER = 4, ROLE_JANITOR = 8 };
#define ROLES_ALL (ROLE_SCHEDULER | ROLE_RELAY | ROLE_WORKER | ROLE_JANITOR)

struct app_timer {                                    /* zeroed at the start of a process */
    int64_t schedule_at_ms, sweep_at_ms, relay_at_ms; /* monotonic */
    int64_t timetable_at_ms, timetable_sweep_at_ms;
};
/* Takes what is in flight and its callbacks in hand: sets app->work, app->deliver as roles need, and the fetcher's and
 * sinks' callbacks. app_stop() frees them; nothing must call back after it. */
enum kk_code app_start(struct app *app, unsigned roles, struct kk_err *err);
void app_stop(struct app *app);
/* Puts back what a dead process of this installation had in hand. Only where no other process works on the store. */
enum kk_code app_recover(struct app *app, int64_t *ret_count, struct kk_err *err);
/* Returns how long nothing will be due, in ms (0: call again at once), unless a transfer ends or a wake comes.
 * is_stopping: nothing new is begun; *ret_idle true when nothing is in flight any more. */
int64_t app_turn(struct app *app, unsigned roles, struct app_timer *timer, bool is_stopping, bool *ret_idle);
/* Something outside was committed (another process said so): outboxes and sellers are looked at in the next turn. */
void app_wake(struct app *app, struct app_timer *timer);

#endif
