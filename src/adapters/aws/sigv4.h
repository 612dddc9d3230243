/* adapters/aws/sigv4.h: AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 *
 * Path and query come in decoded, and the target that goes over the wire comes out of the same call, so that what is
 * signed and what is sent cannot differ. Pure: no clock and no I/O. */
#ifndef KK_ADAPTERS_AWS_SIGV4_H
#define KK_ADAPTERS_AWS_SIGV4_H

#include "base/bytes.h"

#define SIGV4_PAIRS_MAX 12

struct sigv4_pair {
    struct kk_sv name, value;
};
struct sigv4_key { /* borrowed; token empty: a key that lasts */
    struct kk_sv access_key, secret, token;
};
struct sigv4_request { /* borrowed */
    struct kk_sv method, host, path;
    const struct sigv4_pair *query;
    size_t query_count;
    const struct sigv4_pair *headers; /* what is signed besides host, date, token: names in small letters */
    size_t header_count;
    struct kk_sv body;
    struct kk_sv region, service;
    bool is_s3; /* the path is encoded once, and the body's hash is a header */
};

/* Adds the target ("/path?query") and the header lines ("name: value\n", but for host) to what the buffers hold.
 * KK_BAD_INPUT (too many pairs, a line break in a value), KK_NO_MEMORY. */
enum kk_code sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, int64_t wall_ms,
                        struct kk_buf *ret_target, struct kk_buf *ret_headers, struct kk_err *err);

#endif
