/* sandbox/log.h: every request, in order, and counts that stay exact when old lines are dropped. */
#ifndef SANDBOX_LOG_H
#define SANDBOX_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "sandbox/faults.h"
#include "sandbox/gate.h"

#define LOG_MAX 200000 /* lines kept */
#define LOG_TARGET_BYTES 128
#define LOG_STATUSES 600 /* a status is an index; 0: no answer was given */

enum log_path { LOG_HOME, LOG_HOP, LOG_LIST, LOG_DETAIL, LOG_OPTIONS, LOG_OTHER, LOG_PATH_COUNT };
const char *log_path_name(enum log_path path);

struct log_line {
    int64_t number, at_ms, token; /* number: 1 on the first request; token: -1 without */
    int agent;                    /* -1: none could be made */
    int status;
    enum fault fault;
    enum log_path path;
    bool is_over_limit, is_dead_token;
    char target[LOG_TARGET_BYTES]; /* path and query, cut where too long */
};

struct log { /* a zeroed one is empty */
    struct log_line *line;
    size_t cap;
    int64_t last; /* number of the last line; kept are the last LOG_MAX */
    int64_t by_status[LOG_PATH_COUNT][LOG_STATUSES];
    int64_t first_at_ms, last_at_ms;
    int64_t second, in_second, peak_second; /* requests in the second now, and in the fullest one */
};
void log_add(struct log *log, const struct log_line *line); /* copies and numbers it */
void log_done(struct log *log);

/* {"log":[{"n","agent","token","at","path","status"[,"fault"][,"violation"]}],"last":N,"first":N}; token is a short
 * hash or null. At most limit lines. */
void log_write(const struct log *log, const struct gate *gate, int64_t after, int64_t limit, struct kk_buf *out);
/* The members "requests", "firstAt", "lastAt", "perSecond", "peakPerSecond" and "byPath". */
void log_write_counts(const struct log *log, struct kk_buf *out);

#endif
