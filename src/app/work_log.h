/* app/work_log.h: what the log says of an answer, once its commit is in. */
#ifndef KK_APP_WORK_LOG_H
#define KK_APP_WORK_LOG_H

#include "app/job.h"

void work_log_job(const struct app *app, const struct job *job, bool is_lost);

#endif
