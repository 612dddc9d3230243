/* A socket that never waits past its time, in clear or through TLS. OpenSSL stays in this file. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "adapters/clock/clock_system.h"
#include "adapters/redis/redis_priv.h"

int64_t redis_now_ms(void)
{
    struct kk_clock clock = clock_system();

    return kk_mono_ms(&clock);
}

/* False: the time is over. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
    for (;;) {
        int64_t left_ms = until_ms - redis_now_ms();
        struct pollfd wait = {.fd = fd, .events = events};
        int rc = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);

        if (rc > 0)
            return true;
        if (rc == 0 || errno != EINTR)
            return false;
    }
}

static enum kk_code too_slow(struct kk_err *err)
{
    return kk_fail(err, KK_TIMEOUT, "Redis did not answer in time; is it overloaded or stopped?");
}

static enum kk_code cut_off(struct kk_err *err)
{
    return kk_fail(err, KK_UNAVAILABLE, "Redis closed the connection");
}

/* OpenSSL writes without MSG_NOSIGNAL: a connection that is gone must not end the process. */
static void hush_pipe(sigset_t *old)
{
    sigset_t broken;

    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, old);
}

static void unhush_pipe(const sigset_t *old)
{
    const struct timespec at_once = {0};
    sigset_t broken;

    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (!sigismember(old, SIGPIPE))
        sigtimedwait(&broken, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

/* ---- connecting ---- */

static enum kk_code connect_one(struct redis_wire *wire, const struct addrinfo *to, int64_t until_ms,
                                struct kk_err *err)
{
    int failure = 0, on = 1;
    socklen_t len = sizeof(failure);

    wire->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return kk_fail(err, KK_UNAVAILABLE, "no socket for Redis: %s", strerror(errno));
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(wire->fd, to->ai_addr, to->ai_addrlen) == 0)
        return KK_OK;
    failure = errno;
    if (failure == EINPROGRESS && !wait_for(wire->fd, POLLOUT, until_ms))
        failure = ETIMEDOUT;
    else if (failure == EINPROGRESS && getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &failure, &len))
        failure = errno;
    if (!failure)
        return KK_OK;
    close(wire->fd);
    wire->fd = -1;
    return kk_fail(err, KK_UNAVAILABLE, "%s", strerror(failure));
}

static enum kk_code tls_failed(struct redis_wire *wire, struct kk_err *err)
{
    long verdict = SSL_get_verify_result(wire->tls);
    unsigned long why = ERR_peek_last_error();

    if (verdict != X509_V_OK)
        return kk_fail(err, KK_DENIED, "its certificate is not trusted: %s", X509_verify_cert_error_string(verdict));
    return kk_fail(err, KK_UNAVAILABLE, "TLS failed: %s",
                   why ? ERR_reason_error_string(why) : "the other side closed the connection");
}

/* What OpenSSL waits for, waited for. KK_OK: try again. */
static enum kk_code tls_wait(struct redis_wire *wire, int rc, int64_t until_ms, struct kk_err *err)
{
    switch (SSL_get_error(wire->tls, rc)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(wire->fd, POLLIN, until_ms) ? KK_OK : too_slow(err);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(wire->fd, POLLOUT, until_ms) ? KK_OK : too_slow(err);
    case SSL_ERROR_ZERO_RETURN:
        return cut_off(err);
    default:
        return tls_failed(wire, err);
    }
}

/* The name, or the address, that the certificate must be for. */
static bool expect_host(SSL *tls, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

static enum kk_code tls_begin(struct redis_wire *wire, const struct redis_settings *to, int64_t until_ms,
                              struct kk_err *err)
{
    enum kk_code rc = KK_OK;
    int done;

    wire->ctx = SSL_CTX_new(TLS_client_method());
    if (!wire->ctx || SSL_CTX_set_min_proto_version(wire->ctx, TLS1_2_VERSION) != 1)
        return kk_fail(err, KK_NO_MEMORY, "no memory for TLS");
    SSL_CTX_set_verify(wire->ctx, SSL_VERIFY_PEER, NULL);
    if (to->ca_path[0] ? SSL_CTX_load_verify_locations(wire->ctx, to->ca_path, NULL) != 1
                       : SSL_CTX_set_default_verify_paths(wire->ctx) != 1)
        return kk_fail(err, KK_BAD_INPUT, "the certificates in %.120s cannot be read", to->ca_path);
    wire->tls = SSL_new(wire->ctx);
    if (!wire->tls || SSL_set_fd(wire->tls, wire->fd) != 1 || !expect_host(wire->tls, to->host))
        return kk_fail(err, KK_NO_MEMORY, "no memory for TLS");
    do {
        ERR_clear_error();
        done = SSL_connect(wire->tls);
        if (done != 1)
            rc = tls_wait(wire, done, until_ms, err);
    } while (!rc && done != 1);
    return rc == KK_TIMEOUT ? kk_fail(err, rc, "it did not begin TLS in time; does it speak TLS?") : rc;
}

enum kk_code redis_wire_connect(struct redis_wire *wire, const struct redis_settings *to, int64_t until_ms,
                                struct kk_err *err)
{
    struct addrinfo *found = NULL;
    sigset_t old;
    enum kk_code rc = redis_resolve(to->host, to->port, until_ms, &found, err);

    if (rc)
        return rc;
    rc = KK_UNAVAILABLE;
    for (const struct addrinfo *at = found; rc && at; at = at->ai_next)
        rc = connect_one(wire, at, until_ms, err);
    freeaddrinfo(found);
    if (!rc && to->is_tls) {
        hush_pipe(&old);
        rc = tls_begin(wire, to, until_ms, err);
        unhush_pipe(&old);
    }
    if (rc)
        redis_wire_close(wire);
    return rc;
}

void redis_wire_close(struct redis_wire *wire)
{
    SSL_free(wire->tls);
    SSL_CTX_free(wire->ctx);
    if (wire->fd >= 0)
        close(wire->fd);
    *wire = (struct redis_wire){.fd = -1};
}

/* ---- bytes ---- */

/* *ret_len 0, and KK_OK: try again. */
static enum kk_code tls_send(struct redis_wire *wire, struct kk_sv bytes, int64_t until_ms, size_t *ret_len,
                             struct kk_err *err)
{
    sigset_t old;
    int len;

    ERR_clear_error();
    hush_pipe(&old);
    len = SSL_write(wire->tls, bytes.ptr, bytes.len > 16384 ? 16384 : (int)bytes.len);
    unhush_pipe(&old);
    *ret_len = len > 0 ? (size_t)len : 0;
    return len > 0 ? KK_OK : tls_wait(wire, len, until_ms, err);
}

static enum kk_code plain_send(struct redis_wire *wire, struct kk_sv bytes, int64_t until_ms, size_t *ret_len,
                               struct kk_err *err)
{
    ssize_t len = send(wire->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

    *ret_len = len > 0 ? (size_t)len : 0;
    if (len >= 0)
        return KK_OK;
    if (errno != EAGAIN && errno != EINTR)
        return cut_off(err);
    return wait_for(wire->fd, POLLOUT, until_ms) ? KK_OK : too_slow(err);
}

enum kk_code redis_wire_send(struct redis_wire *wire, struct kk_sv bytes, int64_t until_ms, struct kk_err *err)
{
    while (bytes.len) {
        size_t len;
        enum kk_code rc =
            wire->tls ? tls_send(wire, bytes, until_ms, &len, err) : plain_send(wire, bytes, until_ms, &len, err);

        if (rc)
            return rc;
        bytes = (struct kk_sv){bytes.ptr + len, bytes.len - len};
    }
    return KK_OK;
}

static enum kk_code tls_read(struct redis_wire *wire, char *room, size_t room_bytes, int64_t until_ms, size_t *ret_len,
                             struct kk_err *err)
{
    sigset_t old;
    int len;

    ERR_clear_error();
    hush_pipe(&old);
    len = SSL_read(wire->tls, room, room_bytes > 1 << 20 ? 1 << 20 : (int)room_bytes);
    unhush_pipe(&old);
    *ret_len = len > 0 ? (size_t)len : 0;
    return len > 0 ? KK_OK : tls_wait(wire, len, until_ms, err);
}

static enum kk_code plain_read(struct redis_wire *wire, char *room, size_t room_bytes, int64_t until_ms,
                               size_t *ret_len, struct kk_err *err)
{
    ssize_t len = recv(wire->fd, room, room_bytes, 0);

    *ret_len = len > 0 ? (size_t)len : 0;
    if (len > 0)
        return KK_OK;
    if (len == 0 || (errno != EAGAIN && errno != EINTR))
        return cut_off(err);
    return wait_for(wire->fd, POLLIN, until_ms) ? KK_OK : too_slow(err);
}

enum kk_code redis_wire_read(struct redis_wire *wire, char *room, size_t room_bytes, int64_t until_ms, size_t *ret_len,
                             struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    *ret_len = 0;
    while (!rc && !*ret_len)
        rc = wire->tls ? tls_read(wire, room, room_bytes, until_ms, ret_len, err)
                       : plain_read(wire, room, room_bytes, until_ms, ret_len, err);
    return rc;
}
