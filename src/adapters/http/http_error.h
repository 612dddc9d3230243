/* adapters/http/http_error.h: what libcurl says of a transfer that failed, as our end and a sentence for people. */
#ifndef KK_ADAPTERS_HTTP_ERROR_H
#define KK_ADAPTERS_HTTP_ERROR_H

#include <curl/curl.h>

#include "base/bytes.h"
#include "ports/fetcher.h"

enum http_too_big { HTTP_HEAD_TOO_BIG = 1, HTTP_BODY_TOO_BIG };

struct http_failure { /* borrowed for the call */
    CURL *easy;
    CURLcode outcome;
    struct kk_sv url;
    int64_t timeout_ms;
    size_t max_body_bytes, max_header_bytes;
    enum http_too_big too_big; /* 0: neither */
    bool was_sent;
};
/* Names the host and port at most: an address can carry secrets in its path, query and user. */
enum fetch_end http_error_text(const struct http_failure *failure, char *ret_text, size_t text_bytes);
/* "host:port" of an address, without user and password. */
struct kk_sv http_authority(struct kk_sv url);

#endif
