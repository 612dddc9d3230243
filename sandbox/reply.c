#include "sandbox/reply.h"

#include <stdio.h>

#include "base/assert.h"

void sandbox_reply_init(struct sandbox_reply *reply)
{
    reply->status = 0;
    reply->header_count = 0;
    reply->body = KK_BUF(SANDBOX_BODY_MAX);
    reply->delay_ms = 0;
    reply->cut_at = SANDBOX_WHOLE;
    reply->is_chunked = false;
    reply->is_hang = false;
    reply->fault = FAULT_NONE;
}

void sandbox_reply_done(struct sandbox_reply *reply)
{
    kk_buf_done(&reply->body);
}

void reply_begin(struct sandbox_reply *reply)
{
    struct kk_buf body = reply->body;

    sandbox_reply_init(reply);
    if (body.max_bytes)
        reply->body = body;
    kk_buf_clear(&reply->body);
}

const char *sandbox_reply_header(const struct sandbox_reply *reply, const char *name, unsigned *from)
{
    unsigned first = 0, *at = from ? from : &first;

    while (*at < reply->header_count) {
        const struct sandbox_header *header = &reply->header[(*at)++];

        if (kk_sv_eq_ci(kk_sv_of(header->name), kk_sv_of(name)))
            return header->value;
    }
    return NULL;
}

void reply_add_header(struct sandbox_reply *reply, const char *name, const char *fmt, ...)
{
    va_list args;

    KK_ASSERT(reply->header_count < SANDBOX_HEADERS_MAX);
    struct sandbox_header *header = &reply->header[reply->header_count++];

    header->name = name;
    va_start(args, fmt);
    int len = vsnprintf(header->value, sizeof(header->value), fmt, args);
    va_end(args);
    KK_ASSERT(len >= 0 && (size_t)len < sizeof(header->value));
}

void reply_text(struct sandbox_reply *reply, int status, const char *content_type, struct kk_sv body)
{
    reply->status = status;
    reply_add_header(reply, "Content-Type", "%s", content_type);
    kk_buf_add(&reply->body, body);
}
