/* adapters/redis/redis_priv.h: the wire below redis.h, and the reader of answers. */
#ifndef KK_ADAPTERS_REDIS_REDIS_PRIV_H
#define KK_ADAPTERS_REDIS_REDIS_PRIV_H

#include "adapters/redis/redis.h"

/* ---- redis_resolve.c: the addresses of a name ---- */

struct addrinfo;
/* until_ms: when to give up, by redis_now_ms(). Gives *ret_found (freeaddrinfo). KK_UNAVAILABLE, KK_TIMEOUT. */
enum kk_code redis_resolve(const char *host, const char *port, int64_t until_ms, struct addrinfo **ret_found,
                           struct kk_err *err);

/* ---- redis_wire.c: bytes, in clear or through TLS ---- */

struct redis_wire {
    int fd;          /* -1: not connected */
    void *tls, *ctx; /* OpenSSL's; NULL: in clear */
};
int64_t redis_now_ms(void); /* monotonic */
/* until_ms: when to give up, by redis_now_ms(). */
enum kk_code redis_wire_connect(struct redis_wire *wire, const struct redis_settings *to, int64_t until_ms,
                                struct kk_err *err);
enum kk_code redis_wire_send(struct redis_wire *wire, struct kk_sv bytes, int64_t until_ms, struct kk_err *err);
/* At least one byte, at most room. */
enum kk_code redis_wire_read(struct redis_wire *wire, char *room, size_t room_bytes, int64_t until_ms, size_t *ret_len,
                             struct kk_err *err);
void redis_wire_close(struct redis_wire *wire);

/* ---- redis_reply.c: the protocol, RESP2 ---- */

struct redis_reader { /* owned: redis_reader_done() */
    struct redis_node *node;
    size_t count, cap;
};
void redis_add_words(struct kk_buf *out, const struct kk_sv *words, size_t count);
/* Reads one whole answer from bytes; node texts point into them. *ret_used 0: it is not whole yet. KK_MISMATCH: no
 * answer of a Redis. */
enum kk_code redis_read(struct redis_reader *reader, struct kk_sv bytes, size_t *ret_used, struct kk_err *err);
void redis_reader_done(struct redis_reader *reader);

#endif
