/* ports/fetcher.h: GET requests to the site, many at once, none blocking.
 *
 * fetcher_start() returns at once; on_fetched comes exactly once for each start that returned KK_OK, later, from the
 * loop, never from inside a start; after a cancel too. Work is named by the caller's id, not by pointer. Redirects are
 * not followed; TLS is verified; sizes and times are capped. */
#ifndef KK_PORTS_FETCHER_H
#define KK_PORTS_FETCHER_H

#include "base/bytes.h"

#define FETCH_HEADERS_MAX_BYTES (64 * 1024)

struct fetch_request { /* borrowed for the call */
    struct kk_sv url;
    struct kk_sv headers; /* "Name: value\n" … */
    int64_t timeout_ms;   /* of the whole request */
    size_t max_body_bytes;
};
enum fetch_end { FETCH_DONE = 1, FETCH_TIMED_OUT, FETCH_BROKEN, FETCH_TOO_BIG, FETCH_CANCELLED };
struct fetch_reply { /* borrowed for the call; a consumer may take the body by zeroing it */
    enum fetch_end end;
    int http_status;      /* 0 when no status line came */
    struct kk_sv headers; /* "name: value\n" …, of the last response, names in small letters */
    struct kk_buf *body;  /* decoded */
    int64_t latency_ms;
    char error[160]; /* a sentence when end is not DONE */
};
/* The first header of that name (small letters), trimmed; empty when there is none. For all of a name: cut in turn. */
struct kk_sv fetch_header(struct kk_sv headers, const char *name);
/* The next header of that name from *rest on, which moves behind it; empty ptr NULL: no more. */
struct kk_sv fetch_header_next(struct kk_sv *rest, const char *name);

struct fetcher {
    const struct fetcher_ops *ops;
    void (*on_fetched)(void *ctx, int64_t id, struct fetch_reply *reply); /* set by fetcher_on() */
    void *ctx;
};
struct fetcher_ops {
    const char *name;
    /* Required. KK_BAD_INPUT, KK_NO_MEMORY, KK_BUSY (no more at once). */
    enum kk_code (*start)(struct fetcher *f, int64_t id, const struct fetch_request *request, struct kk_err *err);
    /* Required. Ends what is in flight; each is told FETCH_CANCELLED from the loop's next turn. */
    void (*cancel_all)(struct fetcher *f);
    /* Required. Takes f; nothing is told any more. */
    void (*close)(struct fetcher *f);
};
static inline void fetcher_on(struct fetcher *f, void (*on_fetched)(void *ctx, int64_t id, struct fetch_reply *reply),
                              void *ctx)
{
    f->on_fetched = on_fetched;
    f->ctx = ctx;
}
static inline enum kk_code fetcher_start(struct fetcher *f, int64_t id, const struct fetch_request *request,
                                         struct kk_err *err)
{
    return f->ops->start(f, id, request, err);
}
static inline void fetcher_cancel_all(struct fetcher *f)
{
    f->ops->cancel_all(f);
}
static inline void fetcher_close(struct fetcher *f)
{
    if (f)
        f->ops->close(f);
}

#endif
