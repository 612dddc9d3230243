/* ports/host.h: what this process costs the machine, for metrics and alerts. Never blocks for long. */
#ifndef KK_PORTS_HOST_H
#define KK_PORTS_HOST_H

#include "base/bytes.h"

struct host_figures {                    /* -1: cannot be told */
    int64_t disk_free_bytes, disk_bytes; /* where the data is */
    int64_t resident_bytes, cpu_ms, open_fds, started_at_ms;
};
struct host {
    void (*look)(struct host *h, struct host_figures *ret);
};

#endif
