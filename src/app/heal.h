/* app/heal.h: sellers for which the site only fails get rest, and go on after it (X4). */
#ifndef KK_APP_HEAL_H
#define KK_APP_HEAL_H

#include "app/app.h"

#define HEAL_WHO "kkachi, self-healing" /* in the audit */

/* The janitor's: pauses whom core/rest.h says, wakes who has rested. */
void heal_turn(struct app *app);

#endif
