/* adapters/redis/redis.h: one connection to a Redis server, asked one question at a time.
 *
 * It connects when it is first asked, and again after a failure, not before a pause that doubles. Nothing takes longer
 * than the settings' time-out. After a failure the connection is gone: whether the server did what it was asked is not
 * known. The password stands in no error. */
#ifndef KK_ADAPTERS_REDIS_REDIS_H
#define KK_ADAPTERS_REDIS_REDIS_H

#include "base/bytes.h"

#define REDIS_NODES_MAX 400000           /* values in one answer */
#define REDIS_ANSWER_MAX_BYTES (8 << 20) /* of one answer */
#define REDIS_DEPTH_MAX 4
#define REDIS_RUN_ID_BYTES 48

struct redis_settings { /* from a URL: redis_read_url() */
    char host[256], port[8], user[128], password[512], prefix[64], ca_path[512];
    int64_t db;
    int64_t timeout_ms; /* of a connect, and of a question */
    bool is_tls;
};
enum redis_kind { REDIS_NIL, REDIS_NUMBER, REDIS_TEXT, REDIS_ERROR, REDIS_LIST };
struct redis_node { /* a list's members follow it, in order */
    enum redis_kind kind;
    int64_t number;    /* of a number, or how many members */
    struct kk_sv text; /* of a text or an error */
};
struct redis_answer { /* borrowed from the connection, until it is asked again */
    const struct redis_node *node;
    size_t count;
};
struct redis_server { /* what it said of itself when the connection was made */
    char run_id[REDIS_RUN_ID_BYTES], version[32];
};
struct redis;

/* redis://[[user]:password@]host[:port][/db][?ca=FILE&prefix=NAME], rediss:// with TLS. KK_BAD_INPUT says what is
 * wrong, without the text itself, which may hold a password. */
enum kk_code redis_read_url(struct kk_sv url, struct redis_settings *ret, struct kk_err *err);
/* Copies settings. Connects nothing yet. */
enum kk_code redis_open(const struct redis_settings *settings, struct redis **ret_redis, struct kk_err *err);
void redis_close(struct redis *redis); /* NULL is fine */

/* KK_OK: connected. KK_UNAVAILABLE, KK_TIMEOUT, KK_DENIED (password, certificate), KK_MISMATCH (too old, no Redis). */
enum kk_code redis_connect(struct redis *redis, struct kk_err *err);
bool redis_is_connected(const struct redis *redis); /* as far as is known */
/* Of the connection that is open: redis_connect() went well. */
const struct redis_server *redis_server(const struct redis *redis);
/* Asks, over a connection that is made if there is none. An error of the server's is an answer too: *ret_answer has
 * the one node. KK_UNAVAILABLE or KK_TIMEOUT: no answer, and the connection is gone. So too when a node of a cluster
 * names another one: the next connection goes there, and who asks must look first whom he has found. */
enum kk_code redis_ask(struct redis *redis, const struct kk_sv *words, size_t count, struct redis_answer *ret_answer,
                       struct kk_err *err);
/* Connects to the node that has the key, where the address is a cluster's. Codes as of both above. */
enum kk_code redis_seek(struct redis *redis, const char *key, struct kk_err *err);
/* The server's error as ours, in a sentence. */
enum kk_code redis_fail(struct kk_sv error, struct kk_err *err);

#endif
