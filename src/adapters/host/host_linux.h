/* adapters/host/host_linux.h: figures from /proc and the file system. */
#ifndef KK_ADAPTERS_HOST_LINUX_H
#define KK_ADAPTERS_HOST_LINUX_H

#include "base/clock.h"
#include "ports/host.h"

struct host_linux { /* caller's memory; nothing to free */
    struct host base;
    const char *dir; /* kept */
    int64_t started_at_ms;
};
struct host *host_linux_init(struct host_linux *host, const char *dir, const struct kk_clock *clock);

#endif
