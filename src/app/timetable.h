/* app/timetable.h: a scheduler elsewhere (ports/timetable.h) is told of sellers through the outbox, and mended where it
 * differs (S3, T1). Without one (app->has_timetable false) nothing of this happens. */
#ifndef KK_APP_TIMETABLE_H
#define KK_APP_TIMETABLE_H

#include "app/app.h"

#define TIMETABLE_TOPIC "schedule"

/* Inside the transaction that changes the seller: a promise to tell. */
enum kk_code timetable_note(struct app *app, const struct seller *seller, struct kk_err *err);
/* The relay's: tells what is due, and starts at once whoever is due already. Returns how long nothing is due, in ms. */
int64_t timetable_turn(struct app *app);
/* The janitor's: compares some sellers a minute, and once an hour looks for entries of nobody. */
int64_t timetable_sweep(struct app *app);

#endif
