/* api/stream.h: GET /v1/stream without the library that carries it: what is new for a reader, as server-sent events.
 *
 * Nothing is kept for a reader but its place. A change is read from the store when the reader can take it, so a slow
 * one costs no memory, and one that comes back goes on behind its Last-Event-ID. Progress is a state, not a story: a
 * reader gets the latest of each crawl. Readers at the same place share one piece of text. Server's thread only. */
#ifndef KK_API_STREAM_H
#define KK_API_STREAM_H

#include "app/app.h"
#include "core/seller.h"

#define STREAM_READERS_MAX 1024
#define STREAM_RUNS_MAX 512                /* crawls whose progress is told at once */
#define STREAM_LOOK_MS INT64_C(250)        /* between two looks at the store */
#define STREAM_PING_MS (15 * KK_SECOND_MS) /* of silence; then a comment, so that a dead connection shows */

struct stream;        /* one per server */
struct stream_reader; /* one per connection */

/* Keeps app. Gives *ret_stream (stream_destroy), which needs its readers gone first. KK_NO_MEMORY. */
enum kk_code stream_create(struct app *app, struct stream **ret_stream, struct kk_err *err);
void stream_destroy(struct stream *stream); /* NULL is fine */

/* Looks into the store for news, at most once in STREAM_LOOK_MS, and without readers never. True: it looked, so readers
 * may have news. What it could not read it reads next time. */
bool stream_look(struct stream *stream);
void stream_end(struct stream *stream); /* ends every reader at its next read */
bool stream_has_readers(const struct stream *stream);

struct stream_wish {
    int64_t key_id;                  /* whose key it is: when that is revoked, the stream ends; 0: nobody's */
    int64_t after_id;                /* of the change it saw last; -1: begin with what comes now */
    char seller_id[SELLER_ID_BYTES]; /* "": all */
};
/* Gives *ret_reader (stream_leave). KK_LIMITED: there are too many. */
enum kk_code stream_join(struct stream *stream, const struct stream_wish *wish, struct stream_reader **ret_reader,
                         struct kk_err *err);
void stream_leave(struct stream_reader *reader); /* NULL is fine */
bool stream_has_news(const struct stream_reader *reader);
/* The next bytes for the reader, at most max. 0: nothing now. -1: it is over. */
int64_t stream_read(struct stream_reader *reader, char *to, size_t max);

#endif
