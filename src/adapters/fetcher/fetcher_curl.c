#include "adapters/fetcher/fetcher_curl.h"

#include <stdlib.h>

#include "adapters/http/http_curl.h"
#include "base/assert.h"
#include "ports/fetcher.h"

struct fetcher_curl {
    struct fetcher base;
    struct http *http; /* kept */
    struct http_owner owner;
};
static const struct fetcher_ops curl_ops;

static struct fetcher_curl *self_of(struct fetcher *f)
{
    KK_ASSERT(f && f->ops == &curl_ops);
    return (struct fetcher_curl *)f;
}

static void on_done(void *ctx, int64_t id, struct fetch_reply *reply)
{
    struct fetcher_curl *self = self_of(ctx);

    KK_ASSERT(self->base.on_fetched);
    self->base.on_fetched(self->base.ctx, id, reply);
}

static enum kk_code curl_start(struct fetcher *f, int64_t id, const struct fetch_request *request, struct kk_err *err)
{
    struct fetcher_curl *self = self_of(f);
    struct http_request get = {
        .method = HTTP_GET,
        .url = request->url,
        .headers = request->headers,
        .timeout_ms = request->timeout_ms,
        .max_body_bytes = request->max_body_bytes,
        .max_header_bytes = FETCH_HEADERS_MAX_BYTES,
    };

    return http_start(self->http, &self->owner, id, &get, err);
}

static void curl_cancel_all(struct fetcher *f)
{
    struct fetcher_curl *self = self_of(f);

    http_cancel_all(self->http, &self->owner);
}

static void curl_close(struct fetcher *f)
{
    struct fetcher_curl *self = self_of(f);

    http_forget(self->http, &self->owner);
    free(self);
}

static const struct fetcher_ops curl_ops = {
    .name = "curl",
    .start = curl_start,
    .cancel_all = curl_cancel_all,
    .close = curl_close,
};

enum kk_code fetcher_curl_open(struct http *http, struct fetcher **ret_fetcher, struct kk_err *err)
{
    struct fetcher_curl *self = calloc(1, sizeof(*self));

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the fetcher");
    self->base.ops = &curl_ops;
    self->http = http;
    self->owner = (struct http_owner){.on_done = on_done, .ctx = self};
    *ret_fetcher = &self->base;
    return KK_OK;
}
