/* support/vfs_disk.h: a disk in memory for SQLite, whose users can die, whose calls can fail, and whose power can be
 * cut.
 *
 * What SQLite is told is written is in the page cache; only xSync puts it onto the platter. A process that dies loses
 * nothing of the page cache, but its locks; a power cut loses any subset of the 512-byte sectors that were written
 * since the last sync, any file that was never synced, and the whole of the shared memory. One thread. */
#ifndef KK_TESTS_VFS_DISK_H
#define KK_TESTS_VFS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rng.h"

enum vfs_call { VFS_OPEN, VFS_READ, VFS_WRITE, VFS_TRUNCATE, VFS_SYNC, VFS_DELETE, VFS_LOCK, VFS_CALL_COUNT };
const char *vfs_call_name(enum vfs_call call);

struct vfs_hooks { /* any may be NULL */
    /* Before and after each call by this owner. Not 0: that SQLite code is the call's answer; before it, nothing is
     * done, after it, all is done. It may switch to other fibers, and may call vfs_disk_kill(). */
    int (*at)(void *ctx, int owner, enum vfs_call call, bool is_after);
    void (*sleep)(void *ctx, int64_t microseconds); /* a busy database is waited for */
    /* A write transaction of this owner on the file of that name has ended, and what it committed can be read. */
    void (*written)(void *ctx, int owner, const char *name);
    int64_t (*wall_ms)(void *ctx);
    uint64_t (*random)(void *ctx);
    void *ctx;
};

struct vfs_disk;
/* Registers itself with SQLite under name (kept), as the default, so that SQLite's own chance is the hook's too.
 * has_power_cuts: keeps what is needed for vfs_disk_power_cut(). */
struct vfs_disk *vfs_disk_create(const char *name, const struct vfs_hooks *hooks, bool has_power_cuts);
void vfs_disk_destroy(struct vfs_disk *disk); /* every connection is closed by now; NULL is fine */

/* Files opened from now on belong to this owner. */
void vfs_disk_own(struct vfs_disk *disk, int owner);
/* kill -9: its locks are free, and whatever its connections still call fails without effect. */
void vfs_disk_kill(struct vfs_disk *disk, int owner);
/* Its connections are closed; nobody else ran since the kill. What the dead connections wrote into shared memory on
 * their way out, as no dead process would have, is undone. */
void vfs_disk_bury(struct vfs_disk *disk, int owner);
/* Every owner was killed and buried. */
void vfs_disk_power_cut(struct vfs_disk *disk, const struct kk_rng *rng);

int64_t vfs_disk_writes(const struct vfs_disk *disk); /* calls that changed a file, so far */
int64_t vfs_disk_syncs(const struct vfs_disk *disk);
/* The bytes of a file as its users see them; an empty view: no such file. */
struct kk_sv vfs_disk_file(const struct vfs_disk *disk, const char *name);

#endif
