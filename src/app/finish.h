/* app/finish.h: a run without open tasks ends; a complete list may prove that items are gone (R11). */
#ifndef KK_APP_FINISH_H
#define KK_APP_FINISH_H

#include "app/app.h"

/* Ends the runs that are over. True: some are left for the next turn. */
bool finish_turn(struct app *app);

#endif
