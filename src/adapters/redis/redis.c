/* One connection. A question is sent whole and its answer read whole; nothing else is ever on the way, so an answer can
 * only belong to the question before it. A connection that failed in between is thrown away. */
#include "adapters/redis/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_priv.h"
#include "base/assert.h"

#define ANSWER_ROOM_BYTES 16384
#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS 2000
#define MOVES_MAX 3 /* from node to node of a cluster */
#define OLDEST_MAJOR 6
#define OLDEST_MINOR 2

struct redis {
    struct redis_settings settings; /* as configured */
    struct redis_settings node;     /* where the connection goes: after MOVED another node of the same cluster */
    struct redis_wire wire;
    struct redis_reader reader;
    struct kk_buf out, in;
    struct redis_server server;
    struct kk_err why; /* the last connect failed; until pause_until_ms it is not tried again */
    int64_t pause_ms, pause_until_ms;
};

/* ---- the server's errors ---- */

enum kk_code redis_fail(struct kk_sv error, struct kk_err *err)
{
    static const struct {
        const char *word;
        enum kk_code code;
        const char *says;
    } known[] = {
        {"OOM", KK_UNAVAILABLE, "Redis is full: give it more memory (maxmemory)"},
        {"READONLY", KK_UNAVAILABLE, "this Redis is a read-only replica: name the primary in limiter.url"},
        {"LOADING", KK_UNAVAILABLE, "Redis is still loading its data"},
        {"MASTERDOWN", KK_UNAVAILABLE, "this Redis is a replica that has lost its primary"},
        {"CLUSTERDOWN", KK_UNAVAILABLE, "the Redis cluster is down"},
        {"TRYAGAIN", KK_UNAVAILABLE, "the Redis cluster moves its data just now"},
        {"MISCONF", KK_UNAVAILABLE, "Redis takes no writes because it cannot save to its disk"},
        {"BUSY", KK_UNAVAILABLE, "Redis is busy with somebody's script"},
        {"NOREPLICAS", KK_UNAVAILABLE, "Redis takes no writes without its replicas"},
        {"WRONGPASS", KK_DENIED, "Redis refuses the user or the password of limiter.url"},
        {"NOAUTH", KK_DENIED, "Redis wants a password: give it in limiter.url"},
        {"NOPERM", KK_DENIED, "Redis does not let this user do what the limiter needs"},
    };
    struct kk_sv rest = error, word = kk_sv_cut(&rest, ' ');

    for (size_t i = 0; i < KK_COUNT(known); i++)
        if (kk_sv_eq(word, kk_sv_of(known[i].word)))
            return kk_fail(err, known[i].code, "%s", known[i].says);
    if (kk_sv_starts(error, KK_SV("ERR AUTH")) || kk_sv_starts(error, KK_SV("ERR invalid password")))
        return kk_fail(err, KK_DENIED, "Redis refuses the password of limiter.url: it expects none, or another");
    return kk_fail(err, KK_UNAVAILABLE, "Redis says: %.*s", (int)(error.len < 150 ? error.len : 150), error.ptr);
}

/* ---- one question on an open connection ---- */

static void drop(struct redis *redis)
{
    redis_wire_close(&redis->wire);
    kk_buf_clear(&redis->in);
}

static enum kk_code read_answer(struct redis *redis, int64_t until_ms, struct kk_err *err)
{
    size_t used = 0;
    enum kk_code rc = KK_OK;

    kk_buf_clear(&redis->in);
    while (!rc && !used) {
        char *room = kk_buf_room(&redis->in, ANSWER_ROOM_BYTES);
        size_t len = 0;

        if (!room)
            return kk_buf_check(&redis->in, "an answer of Redis", err);
        rc = redis_wire_read(&redis->wire, room, ANSWER_ROOM_BYTES, until_ms, &len, err);
        redis->in.len += len;
        if (!rc)
            rc = redis_read(&redis->reader, kk_buf_sv(&redis->in), &used, err);
    }
    if (!rc && used != redis->in.len)
        rc = kk_fail(err, KK_MISMATCH, "Redis answered more than it was asked");
    return rc;
}

static enum kk_code ask_once(struct redis *redis, const struct kk_sv *words, size_t count, int64_t until_ms,
                             struct kk_err *err)
{
    enum kk_code rc;

    kk_buf_clear(&redis->out);
    redis_add_words(&redis->out, words, count);
    rc = kk_buf_check(&redis->out, "a question to Redis", err);
    if (!rc)
        rc = redis_wire_send(&redis->wire, kk_buf_sv(&redis->out), until_ms, err);
    if (!rc)
        rc = read_answer(redis, until_ms, err);
    if (rc)
        drop(redis);
    return rc;
}

/* ---- connecting ---- */

/* A question whose answer may only be good. */
static enum kk_code must(struct redis *redis, const struct kk_sv *words, size_t count, int64_t until_ms,
                         struct kk_err *err)
{
    enum kk_code rc = ask_once(redis, words, count, until_ms, err);

    if (!rc && redis->reader.node[0].kind == REDIS_ERROR)
        rc = redis_fail(redis->reader.node[0].text, err);
    return rc;
}

static enum kk_code log_in(struct redis *redis, int64_t until_ms, struct kk_err *err)
{
    const struct redis_settings *to = &redis->node;
    const struct kk_sv auth[] = {KK_SV("AUTH"), kk_sv_of(to->user), kk_sv_of(to->password)};
    const struct kk_sv old_auth[] = {KK_SV("AUTH"), kk_sv_of(to->password)};
    char db[24];
    enum kk_code rc = KK_OK;

    snprintf(db, sizeof(db), "%lld", (long long)to->db);
    if (to->user[0])
        rc = must(redis, auth, 3, until_ms, err);
    else if (to->password[0])
        rc = must(redis, old_auth, 2, until_ms, err);
    if (!rc && to->db)
        rc = must(redis, (struct kk_sv[]){KK_SV("SELECT"), kk_sv_of(db)}, 2, until_ms, err);
    return rc;
}

/* "key:value\r\n" lines. */
static void find_line(struct kk_sv text, struct kk_sv key, char *ret, size_t ret_bytes)
{
    ret[0] = '\0';
    while (text.len) {
        struct kk_sv line = kk_sv_cut(&text, '\n');

        if (!kk_sv_starts(line, key))
            continue;
        line = (struct kk_sv){line.ptr + key.len, line.len - key.len};
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        kk_sv_copy(line, ret, ret_bytes);
        return;
    }
}

static enum kk_code read_server(struct redis *redis, int64_t until_ms, struct kk_err *err)
{
    int major = 0, minor = 0;
    enum kk_code rc = must(redis, (struct kk_sv[]){KK_SV("INFO"), KK_SV("server")}, 2, until_ms, err);
    struct kk_sv text;

    if (rc)
        return rc;
    text = redis->reader.node[0].text;
    find_line(text, KK_SV("run_id:"), redis->server.run_id, sizeof(redis->server.run_id));
    find_line(text, KK_SV("redis_version:"), redis->server.version, sizeof(redis->server.version));
    if (sscanf(redis->server.version, "%d.%d", &major, &minor) != 2 || !redis->server.run_id[0])
        return kk_fail(err, KK_MISMATCH, "the other side does not say which Redis it is");
    if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
        return kk_fail(err, KK_MISMATCH, "this is Redis %s, and the limiter needs %d.%d or later",
                       redis->server.version, OLDEST_MAJOR, OLDEST_MINOR);
    return KK_OK;
}

static enum kk_code connect_now(struct redis *redis, struct kk_err *err)
{
    int64_t until_ms = redis_now_ms() + redis->node.timeout_ms;
    enum kk_code rc = redis_wire_connect(&redis->wire, &redis->node, until_ms, err);

    if (!rc)
        rc = log_in(redis, until_ms, err);
    if (!rc)
        rc = read_server(redis, until_ms, err);
    if (!rc)
        return KK_OK;
    drop(redis);
    return kk_while(err, rc, "Redis at %.100s port %s", redis->node.host, redis->node.port);
}

enum kk_code redis_connect(struct redis *redis, struct kk_err *err)
{
    enum kk_code rc;

    if (redis->wire.fd >= 0)
        return KK_OK;
    if (redis_now_ms() < redis->pause_until_ms)
        return kk_fail(err, redis->why.code, "%s", redis->why.msg);
    rc = connect_now(redis, &redis->why);
    if (!rc) {
        redis->pause_ms = 0;
        return KK_OK;
    }
    redis->node = redis->settings; /* the node that a cluster named may be the one that is gone */
    redis->pause_ms = redis->pause_ms ? 2 * redis->pause_ms : PAUSE_FIRST_MS;
    if (redis->pause_ms > PAUSE_LAST_MS)
        redis->pause_ms = PAUSE_LAST_MS;
    redis->pause_until_ms = redis_now_ms() + redis->pause_ms;
    return kk_fail(err, rc, "%s", redis->why.msg);
}

bool redis_is_connected(const struct redis *redis)
{
    return redis->wire.fd >= 0;
}

const struct redis_server *redis_server(const struct redis *redis)
{
    return &redis->server;
}

/* "MOVED 3999 10.0.0.5:6379": where the data is. An empty host is the one that answered. */
static bool read_move(struct redis *redis)
{
    struct kk_sv rest = redis->reader.node[0].text, host;
    size_t colon;

    if (redis->reader.node[0].kind != REDIS_ERROR || !kk_sv_starts(rest, KK_SV("MOVED ")))
        return false;
    kk_sv_cut(&rest, ' ');
    kk_sv_cut(&rest, ' ');
    for (colon = rest.len; colon > 0 && rest.ptr[colon - 1] != ':';)
        colon--;
    if (colon == 0)
        return false;
    host = (struct kk_sv){rest.ptr, colon - 1};
    rest = (struct kk_sv){rest.ptr + colon, rest.len - colon};
    return (host.len == 0 || kk_sv_copy(host, redis->node.host, sizeof(redis->node.host))) &&
           kk_sv_copy(rest, redis->node.port, sizeof(redis->node.port));
}

enum kk_code redis_ask(struct redis *redis, const struct kk_sv *words, size_t count, struct redis_answer *ret_answer,
                       struct kk_err *err)
{
    enum kk_code rc = redis_connect(redis, err);

    if (!rc)
        rc = ask_once(redis, words, count, redis_now_ms() + redis->node.timeout_ms, err);
    if (rc)
        return rc;
    if (read_move(redis)) {
        drop(redis);
        return kk_fail(err, KK_UNAVAILABLE, "the Redis cluster has moved the data to another node");
    }
    *ret_answer = (struct redis_answer){redis->reader.node, redis->reader.count};
    return KK_OK;
}

enum kk_code redis_seek(struct redis *redis, const char *key, struct kk_err *err)
{
    const struct kk_sv find[] = {KK_SV("EXISTS"), kk_sv_of(key)};
    struct redis_answer answer = {0};
    enum kk_code rc = KK_UNAVAILABLE;

    for (int moves = 0; rc == KK_UNAVAILABLE && moves < MOVES_MAX; moves++) {
        rc = redis_connect(redis, err);
        if (rc)
            return rc;
        rc = redis_ask(redis, find, KK_COUNT(find), &answer, err);
    }
    if (!rc && answer.count && answer.node[0].kind == REDIS_ERROR)
        rc = redis_fail(answer.node[0].text, err);
    return rc;
}

enum kk_code redis_open(const struct redis_settings *settings, struct redis **ret_redis, struct kk_err *err)
{
    struct redis *redis = calloc(1, sizeof(*redis));

    if (!redis)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a connection to Redis");
    *redis = (struct redis){.settings = *settings,
                            .node = *settings,
                            .wire = {.fd = -1},
                            .out = KK_BUF(REDIS_ANSWER_MAX_BYTES),
                            .in = KK_BUF(REDIS_ANSWER_MAX_BYTES)};
    *ret_redis = redis;
    return KK_OK;
}

void redis_close(struct redis *redis)
{
    if (!redis)
        return;
    drop(redis);
    redis_reader_done(&redis->reader);
    kk_buf_done(&redis->out);
    kk_buf_done(&redis->in);
    explicit_bzero(&redis->settings, sizeof(redis->settings));
    explicit_bzero(&redis->node, sizeof(redis->node));
    free(redis);
}
