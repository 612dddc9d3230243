/* cmd/logline.h: log lines on standard error: JSON for programs, a short line for people at a terminal. */
#ifndef KK_CMD_LOGLINE_H
#define KK_CMD_LOGLINE_H

#include <stdio.h>

#include "base/bytes.h"

/* Writers for kk_log_open(); ctx is the stream. */
void logline_json(void *ctx, struct kk_sv line);
void logline_human(void *ctx, struct kk_sv line);

#endif
