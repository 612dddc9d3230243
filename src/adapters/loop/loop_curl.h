/* adapters/loop/loop_curl.h: what a process waits for: transfers, signals, and word from another process of ours.
 * (docs/adr/0002-event-loop.md) Loop thread only, but for loop_wake(). */
#ifndef KK_ADAPTERS_LOOP_CURL_H
#define KK_ADAPTERS_LOOP_CURL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct http;
struct loop;

/* Takes SIGTERM and SIGINT out of this thread and of those it starts from now on, and ignores SIGPIPE: call it before
 * threads are made. Keeps http. wake_path: where loop_wake_path() of another process finds us; what is there is
 * replaced. NULL: nowhere. Gives *ret_loop (loop_close). KK_DENIED, KK_UNAVAILABLE, KK_NO_MEMORY. */
enum kk_code loop_open(struct http *http, const char *wake_path, struct loop **ret_loop, struct kk_err *err);
/* NULL is fine. Removes the socket and gives the signals back. */
void loop_close(struct loop *loop);

/* Waits until there is something to do, at most timeout_ms, and does it: tells what was fetched or delivered, takes
 * signals and wakings. A wake that came since the last wait ends it at once. */
enum kk_code loop_wait(struct loop *loop, int64_t timeout_ms, struct kk_err *err);
/* A signal asked for a stop: begin nothing new. A second one: end at once. */
bool loop_is_stopping(const struct loop *loop);
bool loop_is_cut(const struct loop *loop);
/* Since the last asking, somebody else committed something: whoever looks into the store should look now. */
bool loop_take_wake(struct loop *loop);

/* From any thread of this process. */
void loop_wake(struct loop *loop);
/* From any process of ours. Nobody there: nothing happens. */
void loop_wake_path(const char *path);

#endif
