/* adapters/aws/aws_error.h: what AWS says in an error, as a code of ours and what to do. Pure. */
#ifndef KK_ADAPTERS_AWS_ERROR_H
#define KK_ADAPTERS_AWS_ERROR_H

#include "base/bytes.h"

struct aws_error {
    enum kk_code code;
    char name[64], message[200];
    char action[64];          /* "sqs:SendMessage": the right that is missing; empty: not told */
    bool is_skew, is_old_key; /* the clock is wrong; the key has ended */
};
/* body: JSON of the newer protocols, XML of S3. type: of the header x-amzn-errortype, for those that name it there. */
void aws_error_read(int http_status, struct kk_sv type, struct kk_sv body, struct aws_error *ret);
/* What a person may do about it; "": nothing special. */
const char *aws_error_advice(const struct aws_error *error);

#endif
