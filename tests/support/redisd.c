#include "support/redisd.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

#define WORDS_MAX 48
#define START_TRIES 500
#define PASS_BYTES 65536
#define TEST_SECONDS 200 /* a test that hangs ends itself: its server goes with it, and holds nobody's pipe open */

bool redisd_is_installed(void)
{
    return access("/usr/bin/redis-server", X_OK) == 0;
}

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&to, len) == 0 && listen(fd, 16) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&to, &len) == 0);
    *ret_port = ntohs(to.sin_port);
    return fd;
}

int redisd_free_port(void)
{
    int port;

    close(listen_somewhere(&port));
    return port;
}

static int dial(int port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

void redisd_make(struct redisd *redisd)
{
    alarm(TEST_SECONDS);
    *redisd = (struct redisd){.port = redisd_free_port()};
    test_folder_make(redisd->folder);
}

void redisd_start(struct redisd *redisd, const char *const *extra)
{
    char port[16];
    const char *words[WORDS_MAX] = {"/usr/bin/redis-server",
                                    redisd->is_tls ? "--tls-port" : "--port",
                                    port,
                                    "--bind",
                                    "127.0.0.1",
                                    "--dir",
                                    redisd->folder,
                                    "--save",
                                    "",
                                    "--logfile",
                                    "redis.log",
                                    "--maxmemory-policy",
                                    "noeviction"};
    size_t count = 13;
    int fd = -1;

    snprintf(port, sizeof(port), "%d", redisd->port);
    if (redisd->is_tls) {
        words[count++] = "--port";
        words[count++] = "0";
    }
    for (; extra && *extra; extra++) {
        CHECK(count < WORDS_MAX - 1);
        words[count++] = *extra;
    }
    redisd->pid = fork();
    CHECK(redisd->pid >= 0);
    if (redisd->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves no server behind */
        execv(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    for (int i = 0; fd < 0 && i < START_TRIES; i++) {
        poll(NULL, 0, 10);
        fd = dial(redisd->port);
    }
    CHECK(fd >= 0);
    close(fd);
}

void redisd_kill(struct redisd *redisd)
{
    if (redisd->pid <= 0)
        return;
    kill(redisd->pid, SIGCONT);
    kill(redisd->pid, SIGKILL);
    while (waitpid(redisd->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    redisd->pid = 0;
}

void redisd_remove(struct redisd *redisd)
{
    redisd_kill(redisd);
    test_folder_remove(redisd->folder);
}

/* ---- the proxy ---- */

struct redis_proxy {
    int listen_fd, port, to_port;
    int stop_fds[2];
    atomic_bool will_swallow;
    pthread_t thread;
};

/* False: this end is gone. */
static bool pass_on(struct redis_proxy *proxy, int from, int to, bool is_answer)
{
    char bytes[PASS_BYTES];
    ssize_t len = recv(from, bytes, sizeof(bytes), 0);

    if (len <= 0 || (is_answer && atomic_exchange(&proxy->will_swallow, false)))
        return false;
    return send(to, bytes, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len; /* a peer that stands still is cut off */
}

static void serve(struct redis_proxy *proxy, int client)
{
    int server = dial(proxy->to_port);
    struct pollfd fds[3] = {{.fd = client, .events = POLLIN},
                            {.fd = server, .events = POLLIN},
                            {.fd = proxy->stop_fds[0], .events = POLLIN}};
    bool is_open = server >= 0;

    while (is_open && poll(fds, 3, -1) > 0 && !fds[2].revents) {
        if (fds[0].revents)
            is_open = pass_on(proxy, client, server, false);
        if (is_open && fds[1].revents)
            is_open = pass_on(proxy, server, client, true);
    }
    if (server >= 0)
        close(server);
    close(client);
}

static void *run_proxy(void *ctx)
{
    struct redis_proxy *proxy = ctx;
    struct pollfd fds[2] = {{.fd = proxy->listen_fd, .events = POLLIN}, {.fd = proxy->stop_fds[0], .events = POLLIN}};

    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int client = accept(proxy->listen_fd, NULL, NULL);

        if (client >= 0)
            serve(proxy, client);
    }
    return NULL;
}

struct redis_proxy *redis_proxy_start(int to_port)
{
    struct redis_proxy *proxy = calloc(1, sizeof(*proxy));

    CHECK(proxy);
    proxy->to_port = to_port;
    proxy->listen_fd = listen_somewhere(&proxy->port);
    CHECK_EQ(pipe(proxy->stop_fds), 0);
    CHECK_EQ(pthread_create(&proxy->thread, NULL, run_proxy, proxy), 0);
    return proxy;
}

int redis_proxy_port(const struct redis_proxy *proxy)
{
    return proxy->port;
}

void redis_proxy_swallow(struct redis_proxy *proxy)
{
    atomic_store(&proxy->will_swallow, true);
}

void redis_proxy_stop(struct redis_proxy *proxy)
{
    close(proxy->stop_fds[1]);
    pthread_join(proxy->thread, NULL);
    close(proxy->stop_fds[0]);
    close(proxy->listen_fd);
    free(proxy);
}
