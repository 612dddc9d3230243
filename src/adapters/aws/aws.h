/* adapters/aws/aws.h: signed calls to AWS's services: what a process needs once (credentials, the clock's difference)
 * and one call after another. Loop thread only.
 *
 * aws_call() blocks until its calls have ended, in parallel, over connections of its own; aws_start() puts one call
 * among the process's transfers and returns. What AWS says in an error becomes a code of ours and a sentence about what
 * to do. */
#ifndef KK_ADAPTERS_AWS_H
#define KK_ADAPTERS_AWS_H

#include "adapters/aws/credentials.h"
#include "adapters/http/http_curl.h"
#include "base/clock.h"
#include "base/rng.h"

#define AWS_CALLS_MAX 32 /* in parallel in one aws_call() */

struct aws;

struct aws_place { /* where a service is; fill with aws_place_set() */
    char service[24], region[AWS_REGION_BYTES];
    char base[256]; /* "https://sqs.ap-northeast-2.amazonaws.com" */
    bool is_s3;
};
struct aws_request { /* borrowed */
    const struct aws_place *place;
    enum http_method method;
    struct kk_sv path; /* decoded; empty: "/" */
    const struct sigv4_pair *query, *headers;
    size_t query_count, header_count;
    struct kk_sv body;
    int64_t timeout_ms;    /* of one try */
    size_t max_body_bytes; /* of the answer */
    const char *what;      /* "write to bucket x": begins the sentence of a failure */
};
struct aws_reply { /* aws_reply_done() */
    enum kk_code code;
    int http_status;
    char aws_code[64]; /* "NoSuchBucket"; empty: none */
    struct kk_buf body;
    struct kk_err err; /* when code is not KK_OK */
};
void aws_reply_done(struct aws_reply *reply);

/* Keeps clock and rng. Gives *ret_aws (aws_close). KK_NO_MEMORY, KK_UNAVAILABLE. */
enum kk_code aws_open(const struct kk_clock *clock, const struct kk_rng *rng, struct aws **ret_aws, struct kk_err *err);
void aws_close(struct aws *aws); /* NULL is fine */

/* region empty: AWS_REGION or the profile's. endpoint empty: AWS's own. KK_BAD_INPUT: no region, or a bad endpoint. */
enum kk_code aws_place_set(struct aws_place *place, const char *service, struct kk_sv region, struct kk_sv endpoint,
                           struct kk_err *err);

/* Any number of calls, at most AWS_CALLS_MAX at a time, each up to three times where another try may help. The replies
 * (zeroed before) are given. */
void aws_call(struct aws *aws, const struct aws_request *requests, struct aws_reply *replies, size_t count);
/* One call. Gives *ret_reply also when it fails; its code is returned. */
enum kk_code aws_call_one(struct aws *aws, const struct aws_request *request, struct aws_reply *ret_reply,
                          struct kk_err *err);

/* Signs and starts one call among the transfers of http; its end is told to the owner, who has it read by aws_read().
 */
enum kk_code aws_start(struct aws *aws, struct http *http, const struct http_owner *owner, int64_t id,
                       const struct aws_request *request, struct kk_err *err);
/* What an answer means. Takes the body out of it. */
void aws_read(struct aws *aws, const struct aws_place *place, const char *what, struct fetch_reply *from,
              struct aws_reply *ret);

/* AWS's clock less ours, as an answer told it that was refused for it; 0: about the same, or never told. */
int64_t aws_skew_ms(const struct aws *aws);

/* The text between <tag> and </tag> from *rest on, which moves behind it; ptr NULL: no more. Entities stay. */
struct kk_sv aws_xml_next(struct kk_sv *rest, const char *tag);

#endif
