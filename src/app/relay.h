/* app/relay.h: outbox → queue (T3), fair between sellers. */
#ifndef KK_APP_RELAY_H
#define KK_APP_RELAY_H

#include "app/app.h"

/* Publishes what is due. Returns how long nothing is due, in ms. */
int64_t relay_turn(struct app *app);

#endif
