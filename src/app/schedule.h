/* app/schedule.h: who is due → trigger (T1, S2). */
#ifndef KK_APP_SCHEDULE_H
#define KK_APP_SCHEDULE_H

#include "app/app.h"

/* Starts the crawls that are due. Returns how long nothing is due, in ms. */
int64_t schedule_turn(struct app *app);

#endif
