/* ports/sink.h: where change events go (D4): a file, a webhook, a queue. Delivery is at least once.
 *
 * sink_start() hands an event over and returns at once; sink_flush() pushes along what was handed over (a file writes
 * and syncs; a webhook does nothing). on_delivered comes exactly once for each start that returned KK_OK: from flush or
 * later from the loop, never from inside start. The caller keeps the order of one item's events: it starts the next
 * only when the one before was delivered, unless is_sequence says that the sink itself keeps what it is given in order,
 * all or a beginning of it. */
#ifndef KK_PORTS_SINK_H
#define KK_PORTS_SINK_H

#include <stdio.h>

#include "base/bytes.h"

struct sink_event { /* borrowed for the call */
    int64_t id;
    struct kk_sv event_id, body;
    const char *traceparent; /* core/trace.h; "": it belongs to no crawl */
};
struct sink_result {
    enum kk_code code; /* KK_OK: it is there for good */
    int http_status;
    int64_t retry_after_ms; /* 0: not said */
    char error[160];
    char answer[160]; /* what the other side said, its beginning; for `kkachi why` */
};
struct sink {
    const struct sink_ops *ops;
    char name[64];       /* names its outbox rows: "file", "webhook-1a2b3c4d"; stays the same over restarts */
    size_t inflight_max; /* events it takes at once; 0: it does not say */
    bool is_sequence;
    bool is_notifier; /* it gets alerts, and no events */
    void (*on_delivered)(void *ctx, struct sink *sink, int64_t id, const struct sink_result *result);
    void *ctx;
};
struct sink_ops {
    const char *kind; /* "file", "webhook" */
    /* Required. Borrows all. KK_BUSY: no more at once; try after some were delivered. */
    enum kk_code (*start)(struct sink *s, const struct sink_event *event, struct kk_err *err);
    /* Required. */
    void (*flush)(struct sink *s);
    /* Required. Takes s; nothing is told any more. */
    void (*close)(struct sink *s);
};
/* The topic of its outbox rows. */
static inline void sink_topic(const struct sink *s, char *ret, size_t ret_bytes)
{
    snprintf(ret, ret_bytes, "%s:%s", s->is_notifier ? "notify" : "event", s->name);
}
static inline enum kk_code sink_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    return s->ops->start(s, event, err);
}
static inline void sink_flush(struct sink *s)
{
    s->ops->flush(s);
}
static inline void sink_close(struct sink *s)
{
    if (s)
        s->ops->close(s);
}

#endif
