/* The stream over libmicrohttpd: a connection without news is suspended, and costs neither time nor a thread. */
#include <stdlib.h>
#include <sys/socket.h>

#include "api/server_priv.h"

#define BLOCK_BYTES 4096
#define SEND_BYTES (64 * 1024) /* what the kernel keeps for a reader that does not read */

struct channel {
    struct api *api;
    struct MHD_Connection *connection;
    struct stream_reader *reader; /* owned */
    struct channel *next, **at;
    bool is_suspended;
};

static ssize_t on_room(void *ctx, uint64_t pos, char *to, size_t max)
{
    struct channel *channel = ctx;
    int64_t count = stream_read(channel->reader, to, max);

    (void)pos;
    if (count < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!count) {
        channel->is_suspended = true;
        MHD_suspend_connection(channel->connection);
    }
    return (ssize_t)count;
}

static void on_gone(void *ctx)
{
    struct channel *channel = ctx;

    *channel->at = channel->next;
    if (channel->next)
        channel->next->at = channel->at;
    stream_leave(channel->reader);
    free(channel);
}

static void limit_kernel(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int bytes = SEND_BYTES;

    if (info)
        setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static struct MHD_Response *refuse(struct api_call *call, const char *why)
{
    api_refuse(call, 503, NULL, why);
    call->retry_after_s = 5;
    return NULL;
}

struct MHD_Response *channel_open(struct api *api, struct MHD_Connection *connection, struct api_call *call)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    struct MHD_Response *response;
    struct kk_err err = {0};

    if (!channel)
        return refuse(call, "no memory for another reader");
    if (stream_join(api->stream, &call->stream_wish, &channel->reader, &err)) {
        free(channel);
        return refuse(call, err.code == KK_LIMITED ? err.msg : "the store cannot answer now; try again");
    }
    *channel = (struct channel){
        .api = api, .connection = connection, .reader = channel->reader, .next = api->channels, .at = &api->channels};
    if (channel->next)
        channel->next->at = &channel->next;
    api->channels = channel;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_room, channel, on_gone);
    if (!response) {
        on_gone(channel);
        return refuse(call, "no memory for another reader");
    }
    limit_kernel(connection);
    return response;
}

void channel_resume(struct api *api)
{
    for (struct channel *channel = api->channels; channel; channel = channel->next) {
        if (!channel->is_suspended || !stream_has_news(channel->reader))
            continue;
        channel->is_suspended = false;
        MHD_resume_connection(channel->connection);
    }
}
