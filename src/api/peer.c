#include <stdlib.h>
#include <sys/socket.h>

#include "api/server_priv.h"

#define REQUEST_TIMEOUTS 2 /* a whole request, head and body, has so many times api.timeout */

struct peer {
    struct peer *next, **at;
    int64_t since_ms; /* monotonic; 0: it owes nothing */
    int fd;
};

void peer_on_connection(void *ctx, struct MHD_Connection *connection, void **peer_at,
                        enum MHD_ConnectionNotificationCode what)
{
    struct api *api = ctx;
    struct peer *peer = *peer_at;
    const union MHD_ConnectionInfo *info;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer = calloc(1, sizeof(*peer));
        if (!peer || !info) { /* its silence is still limited */
            free(peer);
            return;
        }
        *peer = (struct peer){.next = api->peers, .at = &api->peers, .fd = info->connect_fd};
        peer->since_ms = kk_mono_ms(api->app->clock);
        if (peer->next)
            peer->next->at = &peer->next;
        api->peers = peer;
        *peer_at = peer;
    } else if (peer) {
        *peer->at = peer->next;
        if (peer->next)
            peer->next->at = peer->at;
        free(peer);
        *peer_at = NULL;
    }
}

void peer_waits(struct MHD_Connection *connection, int64_t since_ms)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    if (info && info->socket_context)
        ((struct peer *)info->socket_context)->since_ms = since_ms;
}

/* The library sees the end of the connection, and frees what it has of it. */
void peer_cut(struct api *api)
{
    int64_t now_ms = kk_mono_ms(api->app->clock);

    for (struct peer *peer = api->peers; peer; peer = peer->next)
        if (peer->since_ms && now_ms - peer->since_ms > REQUEST_TIMEOUTS * api->settings.timeout_ms)
            shutdown(peer->fd, SHUT_RDWR);
}
