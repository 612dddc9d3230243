/* adapters/aws/aws_wait.h: one HTTP request and the wait for its end, over a multi handle that nobody else uses. */
#ifndef KK_ADAPTERS_AWS_WAIT_H
#define KK_ADAPTERS_AWS_WAIT_H

#include "adapters/http/http_curl.h"

/* Blocks until the answer is there or the request's time is over. Adds the body to *ret_body. KK_UNAVAILABLE,
 * KK_TIMEOUT: no answer, with a sentence. */
enum kk_code aws_wait(struct http *http, const struct http_request *request, int *ret_status, struct kk_buf *ret_body,
                      struct kk_err *err);

#endif
