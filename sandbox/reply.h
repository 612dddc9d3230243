/* sandbox/reply.h: how a reply is put together; what its reader sees of it is in sandbox.h. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include "sandbox/sandbox.h"

/* A reply that was made before, or none yet, is empty again and keeps its room. */
void reply_begin(struct sandbox_reply *reply);
/* Names are literals. A header more than SANDBOX_HEADERS_MAX, or one that is too long, is a bug of ours. */
void reply_add_header(struct sandbox_reply *reply, const char *name, const char *fmt, ...) KK_PRINTF(3, 4);
void reply_text(struct sandbox_reply *reply, int status, const char *content_type, struct kk_sv body);

#endif
