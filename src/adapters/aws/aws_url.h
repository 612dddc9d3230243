/* adapters/aws/aws_url.h: what the addresses of AWS's backends say ("sqs://REGION/QUEUE?endpoint=…"). Pure. */
#ifndef KK_ADAPTERS_AWS_URL_H
#define KK_ADAPTERS_AWS_URL_H

#include "base/bytes.h"

#define AWS_URL_PARAMETERS_MAX 8

struct aws_url { /* views into the address */
    struct kk_sv host, path;
    struct {
        struct kk_sv name, value;
    } parameter[AWS_URL_PARAMETERS_MAX];
    size_t parameter_count;
};
/* known: names of parameters that may be there, ends with NULL. KK_BAD_INPUT names the one that may not. */
enum kk_code aws_url_parse(struct kk_sv url, const char *const *known, struct aws_url *ret, struct kk_err *err);
struct kk_sv aws_url_get(const struct aws_url *url, const char *name); /* empty: not there */

#endif
