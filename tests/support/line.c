#include "support/line.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

#define CHUNK_BYTES 65536
#define LINES_MAX 64

static int listener = -1, to_port;
static const char *mark;
static atomic_int next_fault, is_refusing;
static pthread_t accepting, serving[LINES_MAX];
static size_t line_count;

static int tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    return fd;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
}

static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* What the mark meets. True: the line goes on. */
static bool meet(int *client, int server, const char *bytes, size_t len)
{
    char answer[CHUNK_BYTES];
    ssize_t got;
    int fault = memmem(bytes, len, mark, strlen(mark)) ? atomic_exchange(&next_fault, LINE_WHOLE) : LINE_WHOLE;

    if (fault == LINE_BEFORE)
        return false;
    if (fault == LINE_LATE) {
        reset(*client);
        *client = -1;
        usleep(LINE_LATE_MS * 1000);
    }
    if (!send_all(server, bytes, len))
        return false;
    if (fault == LINE_WHOLE)
        return true;
    got = recv(server, answer, sizeof(answer), 0);
    if (fault == LINE_HALF && got > 1)
        send_all(*client, answer, (size_t)got / 2);
    return false;
}

static void *serve(void *arg)
{
    int client = (int)(intptr_t)arg, server = tcp();
    struct sockaddr_in address = loopback(to_port);
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    char bytes[CHUNK_BYTES];
    bool is_whole = connect(server, (struct sockaddr *)&address, sizeof(address)) == 0;

    while (is_whole && poll(ends, 2, -1) > 0) {
        bool from_client = ends[0].revents != 0;
        ssize_t got = recv(from_client ? client : server, bytes, sizeof(bytes), 0);

        if (got <= 0)
            break;
        is_whole = from_client ? meet(&client, server, bytes, (size_t)got) : send_all(client, bytes, (size_t)got);
    }
    if (client >= 0)
        reset(client);
    reset(server);
    return NULL;
}

static void *accept_all(void *arg)
{
    (void)arg;
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (client < 0)
            return NULL;
        if (atomic_load(&is_refusing)) {
            reset(client);
            continue;
        }
        CHECK(line_count < LINES_MAX);
        CHECK(pthread_create(&serving[line_count++], NULL, serve, (void *)(intptr_t)client) == 0);
    }
}

int line_open(int port, const char *marked)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);

    to_port = port;
    mark = marked;
    listener = tcp();
    CHECK(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 16) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    CHECK(pthread_create(&accepting, NULL, accept_all, NULL) == 0);
    return ntohs(address.sin_port);
}

void line_break(enum line_fault fault)
{
    atomic_store(&next_fault, (int)fault);
}

void line_refuse(int is_refused)
{
    atomic_store(&is_refusing, is_refused);
}

/* Every client has closed its end by now, so each line ends by itself. */
void line_close(void)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(accepting, NULL);
    for (size_t i = 0; i < line_count; i++)
        pthread_join(serving[i], NULL);
    close(listener);
    line_count = 0;
    listener = -1;
}
