#include "adapters/host/host_linux.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long long pages = -1;

    if (!file)
        return -1;
    if (fscanf(file, "%*s %lld", &pages) != 1)
        pages = -1;
    fclose(file);
    return pages < 0 ? -1 : (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = -3; /* ".", "..", and the folder itself */

    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int64_t cpu_ms(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage))
        return -1;
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void look(struct host *h, struct host_figures *ret)
{
    const struct host_linux *self = (const struct host_linux *)h;
    struct statvfs disk;
    bool has_disk = statvfs(self->dir, &disk) == 0;

    *ret = (struct host_figures){
        .disk_free_bytes = has_disk ? (int64_t)(disk.f_bavail * disk.f_frsize) : -1,
        .disk_bytes = has_disk ? (int64_t)(disk.f_blocks * disk.f_frsize) : -1,
        .resident_bytes = resident_bytes(),
        .cpu_ms = cpu_ms(),
        .open_fds = open_fds(),
        .started_at_ms = self->started_at_ms,
    };
}

struct host *host_linux_init(struct host_linux *host, const char *dir, const struct kk_clock *clock)
{
    *host = (struct host_linux){.base = {.look = look}, .dir = dir, .started_at_ms = kk_wall_ms(clock)};
    return &host->base;
}
