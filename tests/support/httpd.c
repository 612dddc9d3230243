#include "support/httpd.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/check.h"

#define CONNS_MAX 256
#define CALL_MAX_BYTES (1024 * 1024)

struct httpd_conn {
    struct httpd *httpd;
    int fd; /* -1: free */
};

struct httpd {
    bool (*answer)(void *ctx, struct httpd_conn *conn, const struct httpd_call *call);
    void *ctx;
    int listen_fd, stop_fds[2]; /* closing the writing end wakes every thread */
    int port;
    pthread_t listener;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t is_idle;
    struct httpd_conn conns[CONNS_MAX];
    int open_count, conn_count, call_count;
};

/* Bytes that came, or none: the client is gone or the server stops. */
static ssize_t receive(struct httpd_conn *conn, char *bytes, size_t max)
{
    struct pollfd fds[2] = {{.fd = conn->fd, .events = POLLIN}, {.fd = conn->httpd->stop_fds[0], .events = POLLIN}};

    if (poll(fds, 2, -1) < 0 || fds[1].revents)
        return 0;
    return recv(conn->fd, bytes, max, 0);
}

static size_t content_length(struct kk_sv head)
{
    while (head.len > 0) {
        struct kk_sv line = kk_sv_cut(&head, '\n');
        struct kk_sv value = line;
        struct kk_sv name = kk_sv_cut(&value, ':');
        int64_t number = 0;

        if (!kk_sv_eq_ci(name, KK_SV("content-length")))
            continue;
        if (value.len > 0 && value.ptr[value.len - 1] == '\r')
            value.len--;
        return kk_sv_i64(kk_sv_trim(value), &number) && number >= 0 ? (size_t)number : 0;
    }
    return 0;
}

/* Reads until a whole request stands at the beginning of in. Gives its length, 0 at the end. */
static size_t read_call(struct httpd_conn *conn, struct kk_buf *in, struct httpd_call *ret)
{
    for (;;) {
        struct kk_sv text = kk_buf_sv(in);
        size_t head = kk_sv_find(text, KK_SV("\r\n\r\n"));

        if (head < text.len) {
            struct kk_sv rest = {text.ptr, head + 2};
            struct kk_sv first = kk_sv_cut(&rest, '\n');
            size_t body = content_length(rest);

            if (text.len >= head + 4 + body) {
                ret->method = kk_sv_cut(&first, ' ');
                ret->path = kk_sv_cut(&first, ' ');
                ret->headers = rest;
                ret->body = (struct kk_sv){text.ptr + head + 4, body};
                return head + 4 + body;
            }
        }

        char *room = kk_buf_room(in, 16384);
        ssize_t got = room ? receive(conn, room, 16384) : 0;

        if (got <= 0)
            return 0;
        in->len += (size_t)got;
    }
}

static void serve(struct httpd_conn *conn)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf in = KK_BUF(CALL_MAX_BYTES);
    struct httpd_call call = {0};
    size_t len;

    while ((len = read_call(conn, &in, &call)) > 0) {
        call.nth_on_connection++;
        pthread_mutex_lock(&conn->httpd->lock);
        conn->httpd->call_count++;
        pthread_mutex_unlock(&conn->httpd->lock);
        if (!conn->httpd->answer(conn->httpd->ctx, conn, &call))
            return;
        memmove(in.ptr, in.ptr + len, in.len - len);
        in.len -= len;
    }
}

static void *serve_thread(void *arg)
{
    struct httpd_conn *conn = arg;
    struct httpd *httpd = conn->httpd;

    serve(conn);
    pthread_mutex_lock(&httpd->lock);
    close(conn->fd);
    conn->fd = -1;
    httpd->open_count--;
    pthread_cond_signal(&httpd->is_idle);
    pthread_mutex_unlock(&httpd->lock);
    return NULL;
}

static void open_conn(struct httpd *httpd, int fd)
{
    struct httpd_conn *conn = NULL;
    pthread_t thread;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    pthread_mutex_lock(&httpd->lock);
    for (size_t i = 0; i < CONNS_MAX && !conn; i++)
        if (httpd->conns[i].fd < 0)
            conn = &httpd->conns[i];
    if (conn) {
        conn->fd = fd;
        httpd->open_count++;
        httpd->conn_count++;
    }
    pthread_mutex_unlock(&httpd->lock);
    if (!conn) {
        close(fd);
        return;
    }
    if (pthread_create(&thread, NULL, serve_thread, conn) == 0)
        pthread_detach(thread);
}

static void *listen_thread(void *arg)
{
    struct httpd *httpd = arg;

    for (;;) {
        struct pollfd fds[2] = {{.fd = httpd->listen_fd, .events = POLLIN},
                                {.fd = httpd->stop_fds[0], .events = POLLIN}};

        if (poll(fds, 2, -1) < 0 || fds[1].revents)
            return NULL;

        int fd = accept4(httpd->listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            open_conn(httpd, fd);
    }
}

static int bind_loopback(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&address, len), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

struct httpd *httpd_start(bool (*answer)(void *ctx, struct httpd_conn *conn, const struct httpd_call *call), void *ctx)
{
    struct httpd *httpd = calloc(1, sizeof(*httpd));

    CHECK(httpd);
    httpd->answer = answer;
    httpd->ctx = ctx;
    for (size_t i = 0; i < CONNS_MAX; i++)
        httpd->conns[i] = (struct httpd_conn){.httpd = httpd, .fd = -1};
    pthread_mutex_init(&httpd->lock, NULL);
    pthread_cond_init(&httpd->is_idle, NULL);
    httpd->listen_fd = bind_loopback(&httpd->port);
    CHECK_EQ(listen(httpd->listen_fd, CONNS_MAX), 0);
    CHECK_EQ(pipe(httpd->stop_fds), 0);
    CHECK_EQ(pthread_create(&httpd->listener, NULL, listen_thread, httpd), 0);
    return httpd;
}

void httpd_stop(struct httpd *httpd)
{
    if (!httpd)
        return;
    close(httpd->stop_fds[1]);
    pthread_join(httpd->listener, NULL);
    close(httpd->listen_fd);
    pthread_mutex_lock(&httpd->lock);
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (httpd->conns[i].fd >= 0)
            shutdown(httpd->conns[i].fd, SHUT_RDWR);
    while (httpd->open_count > 0)
        pthread_cond_wait(&httpd->is_idle, &httpd->lock);
    pthread_mutex_unlock(&httpd->lock);
    close(httpd->stop_fds[0]);
    pthread_cond_destroy(&httpd->is_idle);
    pthread_mutex_destroy(&httpd->lock);
    free(httpd);
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

void httpd_url(const struct httpd *httpd, const char *path, char ret_url[HTTPD_URL_BYTES])
{
    snprintf(ret_url, HTTPD_URL_BYTES, "http://127.0.0.1:%d%s", httpd->port, path);
}

static int locked_count(struct httpd *httpd, const int *count)
{
    pthread_mutex_lock(&httpd->lock);

    int now = *count;

    pthread_mutex_unlock(&httpd->lock);
    return now;
}

int httpd_call_count(struct httpd *httpd)
{
    return locked_count(httpd, &httpd->call_count);
}

int httpd_conn_count(struct httpd *httpd)
{
    return locked_count(httpd, &httpd->conn_count);
}

bool httpd_send(struct httpd_conn *conn, struct kk_sv bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(conn->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes.ptr += sent;
        bytes.len -= (size_t)sent;
    }
    return true;
}

bool httpd_reply(struct httpd_conn *conn, int status, const char *headers, struct kk_sv body)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(64 * 1024 * 1024);

    kk_buf_addf(&out, "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n", status, body.len, headers);
    kk_buf_add(&out, body);
    return httpd_send(conn, kk_buf_sv(&out));
}

void httpd_stall(struct httpd_conn *conn)
{
    char byte;

    while (receive(conn, &byte, 1) > 0)
        ;
}

int httpd_free_port(void)
{
    int port;

    close(bind_loopback(&port));
    return port;
}
