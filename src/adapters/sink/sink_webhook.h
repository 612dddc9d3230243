/* adapters/sink/sink_webhook.h: events POSTed one by one to an address, signed (ports/sink.h, webhook_signature.h).
 *
 * 2xx is delivered. What the other side says beside its status is not read. Redirects are not followed: the secret's
 * owner named one address. */
#ifndef KK_ADAPTERS_SINK_WEBHOOK_H
#define KK_ADAPTERS_SINK_WEBHOOK_H

#include "base/bytes.h"

#define WEBHOOK_INFLIGHT_MAX 16

struct http;
struct kk_clock;
struct sink;

struct webhook_settings { /* borrowed for the call */
    struct kk_sv url;     /* http or https */
    struct kk_sv secret;  /* "whsec_" + base64, or the key itself; not empty */
    int64_t timeout_ms;
};
/* Keeps http, whose turns tell what came, and clock. Gives *ret_sink (sink_close, before http_close), named by a hash
 * of the address without user and password, so that a new password keeps the outbox. KK_BAD_INPUT, KK_NO_MEMORY. */
enum kk_code sink_webhook_open(struct http *http, const struct kk_clock *clock, const struct webhook_settings *settings,
                               struct sink **ret_sink, struct kk_err *err);

#endif
