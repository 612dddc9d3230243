/* api/gzip.h: answers made smaller. */
#ifndef KK_API_GZIP_H
#define KK_API_GZIP_H

#include "base/bytes.h"

#define GZIP_LEAST_BYTES 1400 /* what fits into one packet anyway is left as it is */

/* Whether an Accept-Encoding header takes gzip. */
bool gzip_is_welcome(struct kk_sv accept_encoding);
/* Makes *text its own gzip. Nothing is changed when there is no memory for it. */
bool gzip_pack(struct kk_buf *text);

#endif
