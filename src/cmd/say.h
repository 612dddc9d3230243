/* cmd/say.h: sentences for people on standard error, and the exit status that goes with a failure. */
#ifndef KK_CMD_SAY_H
#define KK_CMD_SAY_H

#include "base/bytes.h"

/* "kkachi: <message>". Returns the exit status: 2 for bad input, 3 for a backend that cannot be reached, else 1. */
int say_failure(const struct kk_err *err);
int say_usage(const char *fmt, ...) KK_PRINTF(1, 2);  /* returns 2 */
int say_failed(const char *fmt, ...) KK_PRINTF(1, 2); /* returns 1 */
void say_note(const char *fmt, ...) KK_PRINTF(1, 2);
int say_exit_status(enum kk_code code);

#endif
