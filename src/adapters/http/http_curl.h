/* adapters/http/http_curl.h: all HTTP that a process speaks, over one libcurl multi handle.
 *
 * One per process, loop thread only, never blocks but in http_wait(). Connections are kept and used again, HTTP/2 is
 * taken where offered, gzip and deflate are undone, TLS is verified, redirects are not followed, and a request leaves
 * at most once: libcurl's own second try is refused, because every request counts (R1). */
#ifndef KK_ADAPTERS_HTTP_CURL_H
#define KK_ADAPTERS_HTTP_CURL_H

#include "base/bytes.h"
#include "ports/fetcher.h"

#define HTTP_HEADER_LINES_MAX 32 /* of one request */

struct http;

struct http_settings {
    size_t max_transfers; /* at once, over all owners */
    const char *ca_file;  /* whom to trust instead of the system's list; NULL: the system's. Borrowed. */
};

/* Who asks. Kept until http_forget(). on_done comes exactly once for each http_start() that returned KK_OK, from
 * http_turn(); the reply is borrowed for the call, but its body may be taken by zeroing it. */
struct http_owner {
    void (*on_done)(void *ctx, int64_t id, struct fetch_reply *reply);
    void *ctx;
};

enum http_method { HTTP_GET = 1, HTTP_POST, HTTP_PUT, HTTP_DELETE };

struct http_request { /* borrowed for the call */
    enum http_method method;
    struct kk_sv url;
    struct kk_sv headers; /* "Name: value\n" … */
    struct kk_sv body;    /* of a POST or PUT */
    int64_t timeout_ms;   /* of the whole request */
    size_t max_body_bytes, max_header_bytes;
};

/* Gives *ret_http (http_close). KK_NO_MEMORY, KK_UNAVAILABLE (libcurl does not start). */
enum kk_code http_open(const struct http_settings *settings, struct http **ret_http, struct kk_err *err);
/* NULL is fine. Nothing is told any more. */
void http_close(struct http *http);

/* KK_BAD_INPUT (the address or a header), KK_BUSY (max_transfers are under way), KK_NO_MEMORY. */
enum kk_code http_start(struct http *http, const struct http_owner *owner, int64_t id,
                        const struct http_request *request, struct kk_err *err);
/* Ends what the owner has in flight; each is told FETCH_CANCELLED from the next turn. */
void http_cancel_all(struct http *http, const struct http_owner *owner);
/* Ends what the owner has in flight and tells it nothing any more; the owner may then be freed. */
void http_forget(struct http *http, const struct http_owner *owner);
/* Transfers started and not yet told. */
size_t http_in_flight(const struct http *http);

/* Moves what can move and tells what is done. An owner may start, cancel and forget while it is told. */
void http_turn(struct http *http);

struct http_fd { /* something else to wait for: readable */
    int fd;
    bool is_ready;
};
#define HTTP_FDS_MAX 8
/* Waits until a transfer can move, a descriptor is readable, http_wake() was called, or the time is over. */
enum kk_code http_wait(struct http *http, struct http_fd *fds, size_t count, int64_t timeout_ms, struct kk_err *err);
/* Ends the present or the next http_wait(). The only call that another thread may make. */
void http_wake(struct http *http);

#endif
