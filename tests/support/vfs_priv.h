/* support/vfs_priv.h: what the two halves of vfs_disk share. */
#ifndef KK_TESTS_VFS_PRIV_H
#define KK_TESTS_VFS_PRIV_H

#include "support/vfs_disk.h"

#include <sqlite3.h>

#include "base/assert.h"

#define VFS_SECTOR_BYTES 512
#define VFS_REGION_BYTES 32768
#define VFS_REGIONS_MAX 64
#define VFS_FILES_MAX 64
#define VFS_NAME_BYTES 128

struct vfs_bytes {
    char *ptr;
    size_t size, cap;
};

struct vfs_file {
    struct vfs_disk *disk;
    char name[VFS_NAME_BYTES];
    bool is_there;      /* as its users see it */
    bool is_nameless;   /* gone with its handle */
    bool is_on_platter; /* there after a power cut */
    bool is_reborn;     /* deleted and made anew since the platter's file */
    struct vfs_bytes cache, platter;
    unsigned char *is_dirty; /* by sector: differs from the platter */
    size_t *dirty;
    size_t dirty_count, dirty_cap;
    /* file locks */
    int shared_count;
    struct vfs_handle *reserved, *pending, *exclusive;
    /* shared memory */
    char *region[VFS_REGIONS_MAX];
    size_t region_count;
    int shm_users;
    int shm_shared[SQLITE_SHM_NLOCK];
    struct vfs_handle *shm_exclusive[SQLITE_SHM_NLOCK];
    bool is_shm_saved;
    struct vfs_bytes shm_saved[VFS_REGIONS_MAX];
};

struct vfs_handle { /* SQLite gives its memory */
    sqlite3_file base;
    struct vfs_file *file;
    struct vfs_handle *next;
    int owner, lock;
    bool is_dead, has_shm;
    unsigned shm_shared, shm_exclusive; /* bits: held by this handle */
};

struct vfs_disk {
    sqlite3_vfs vfs;
    struct vfs_hooks hooks;
    const char *name;
    bool has_power_cuts;
    int owner;
    struct vfs_file *file[VFS_FILES_MAX];
    size_t file_count;
    struct vfs_handle *handles;
    int64_t write_count, sync_count;
};

struct vfs_file *vfs_find(const struct vfs_disk *disk, const char *name);
struct vfs_file *vfs_make(struct vfs_disk *disk, const char *name); /* name NULL: a nameless one */
void vfs_remove(struct vfs_file *file, bool is_synced);
void vfs_forget_nameless(struct vfs_file *file);
void vfs_file_write(struct vfs_file *file, const void *bytes, size_t count, size_t at);
void vfs_file_truncate(struct vfs_file *file, size_t size);
void vfs_file_sync(struct vfs_file *file);

void vfs_register(struct vfs_disk *disk);
void vfs_unregister(struct vfs_disk *disk);
void vfs_release_locks(struct vfs_handle *handle);
void vfs_shm_clear(struct vfs_file *file);

#endif
