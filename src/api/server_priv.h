/* What the files of the HTTP server share; for them alone. The library is known to server.c, exchange.c and
 * exchange_stream.c only. */
#ifndef KK_API_SERVER_PRIV_H
#define KK_API_SERVER_PRIV_H

#include <microhttpd.h>
#include <pthread.h>

#include "api/api.h"
#include "api/call.h"
#include "api/console_session.h"
#include "api/meter.h"
#include "api/stream.h"

#define API_DROPPED_MAX_BYTES ((size_t)1024 * 1024) /* of a body that is too long, before the connection is cut */

struct channel; /* a connection that carries the stream */
struct api {
    struct app *app;
    struct api_settings settings;
    struct MHD_Daemon *daemon; /* run by the thread; nobody else calls it while that lives */
    pthread_t thread;
    int wake_fd; /* an eventfd: the thread has something to do */
    bool has_thread, is_draining, is_closing;
    char url[API_URL_BYTES];
    /* The thread's own. */
    int64_t next_id; /* of requests */
    struct sessions sessions;
    struct meter meter;
    struct peer *peers;
    bool has_quiesced;
    struct stream *stream;
    struct channel *channels;
};

struct exchange {
    int64_t id, started_at_ms;
    struct kk_buf body;
    size_t dropped_bytes;
    bool is_ambiguous;
};

/* exchange.c: the library's callbacks. */
enum MHD_Result exchange_on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                    const char *version, const char *upload, size_t *upload_bytes, void **exchange_at);
void exchange_on_end(void *ctx, struct MHD_Connection *connection, void **exchange_at,
                     enum MHD_RequestTerminationCode why);

/* peer.c: connections by how long they have been owing us a request. The library's time-out is for silence; a client
 * that sends a byte now and then would keep its place for ever. */
void peer_on_connection(void *ctx, struct MHD_Connection *connection, void **peer_at,
                        enum MHD_ConnectionNotificationCode what);
void peer_waits(struct MHD_Connection *connection, int64_t since_ms); /* 0: it does not */
void peer_cut(struct api *api);                                       /* those that wait for too long */

/* exchange_stream.c: an answer without end. NULL: call has its refusal. */
struct MHD_Response *channel_open(struct api *api, struct MHD_Connection *connection, struct api_call *call);
/* Lets those go on that have news. */
void channel_resume(struct api *api);

#endif
