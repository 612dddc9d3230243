/* adapters/http/http_transfer.h: one request and what comes back, over one easy handle that is used again and again.
 * For http_curl.c, which decides when. */
#ifndef KK_ADAPTERS_HTTP_TRANSFER_H
#define KK_ADAPTERS_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "adapters/http/http_curl.h"
#include "adapters/http/http_error.h"
#include "base/bytes.h"
#include "ports/fetcher.h"

enum transfer_state { TRANSFER_IDLE = 1, TRANSFER_RUNNING, TRANSFER_FINISHED };

struct transfer {
    unsigned magic;
    enum transfer_state state;
    CURL *easy;
    const struct http_owner *owner;
    int64_t id;
    int64_t give_up_at_ms; /* monotonic: should have ended long before */
    struct transfer *next; /* in the idle list or in the finished queue */

    struct kk_buf url, request_headers, request_body;
    struct curl_slist lines[HTTP_HEADER_LINES_MAX + 1]; /* views into request_headers; one more for "Expect:" */
    size_t max_header_bytes;
    enum http_method set_method; /* what the handle is set to: only what differs is set anew */
    long set_timeout_ms;

    struct kk_buf headers, body;
    size_t header_bytes;       /* of all responses, the interim ones too */
    bool is_head_over;         /* what comes as a header now is a trailer */
    enum http_too_big too_big; /* 0: neither */
    bool was_sent;
    enum fetch_end end; /* set when FINISHED; the outcome says more of FETCH_BROKEN */
    CURLcode outcome;
};

/* Gives *ret_transfer (transfer_destroy). ca_file NULL: the system's. KK_NO_MEMORY, KK_UNAVAILABLE. */
enum kk_code transfer_create(const char *ca_file, struct transfer **ret_transfer, struct kk_err *err);
void transfer_destroy(struct transfer *transfer); /* NULL is fine */
/* Makes it ready to be added to the multi handle. KK_BAD_INPUT, KK_NO_MEMORY. */
enum kk_code transfer_set(struct transfer *transfer, const struct http_request *request, struct kk_err *err);
/* Fills *ret from a FINISHED one; it borrows the transfer. */
void transfer_reply(struct transfer *transfer, struct fetch_reply *ret);
/* Idle again: what was large is given back. */
void transfer_rest(struct transfer *transfer);
/* The transfer of an easy handle. */
struct transfer *transfer_of(CURL *easy);

#endif
