/* sandbox/late.h: wakes suspended connections when their time has come. */
#ifndef SANDBOX_LATE_H
#define SANDBOX_LATE_H

#include <stdbool.h>
#include <stdint.h>

#define LATE_MAX 8192 /* waiting at once; more are answered at once */

struct MHD_Connection;
struct late;
struct late *late_create(void); /* starts its thread; NULL: no thread to be had */
/* Suspends connection until delay_ms have passed. False: too many wait, or it is closing; nothing was done. */
bool late_add(struct late *late, struct MHD_Connection *connection, int64_t delay_ms);
/* Resumes all at once and takes no more. The thread is gone afterwards. */
void late_close(struct late *late);
bool late_is_closing(struct late *late);
void late_destroy(struct late *late); /* NULL is fine; after late_close() */

#endif
