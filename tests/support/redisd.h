/* support/redisd.h: a real redis-server on a free port of the loopback, with its files in a folder of its own. */
#ifndef KK_TESTS_REDISD_H
#define KK_TESTS_REDISD_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/folder.h"

struct redisd {
    char folder[TEST_PATH_BYTES];
    pid_t pid; /* 0: not running */
    int port;
    bool is_tls;
};

bool redisd_is_installed(void);
void redisd_make(struct redisd *redisd); /* its folder and its port; bounds the test's time */
/* extra: further words of its command line, NULL at the end. Waits until it listens. */
void redisd_start(struct redisd *redisd, const char *const *extra);
void redisd_kill(struct redisd *redisd); /* as a power cut: kill -9, and gone */
void redisd_remove(struct redisd *redisd);
int redisd_free_port(void);

/* Between a client and a server: lets everything through, or swallows the answers and then hangs up. One client at a
 * time. */
struct redis_proxy;
struct redis_proxy *redis_proxy_start(int to_port);
int redis_proxy_port(const struct redis_proxy *proxy);
/* The next answer is read from the server and never passed on; the client's connection is closed instead. */
void redis_proxy_swallow(struct redis_proxy *proxy);
void redis_proxy_stop(struct redis_proxy *proxy);

#endif
