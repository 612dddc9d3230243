/* cmd/child.h: this program again, as a process of its own that ends when this one does. */
#ifndef KK_CMD_CHILD_H
#define KK_CMD_CHILD_H

#include <sys/types.h>

#include "base/bytes.h"

struct child {
    pid_t pid;  /* 0: none */
    int out_fd; /* reads what it prints; -1: that goes to the log */
};
/* Starts `kkachi ARGV[1] …` in the working directory; ARGV ends with NULL. What it says goes to the file log; with
 * is_heard its standard output comes through out_fd instead. KK_UNAVAILABLE, KK_DENIED. */
enum kk_code child_start(struct child *child, const char *const *argv, const char *log, bool is_heard,
                         struct kk_err *err);
/* The first line it prints, without its end. KK_TIMEOUT, KK_UNAVAILABLE: it ended before that. */
enum kk_code child_read_line(struct child *child, int64_t timeout_ms, struct kk_buf *ret_line, struct kk_err *err);
bool child_is_running(struct child *child);
/* Asks it to end, waits, and ends it by force after that. None is fine. */
void child_stop(struct child *child, int64_t timeout_ms);

#endif
