/* How SQLite sees the disk: sqlite3_vfs and sqlite3_io_methods, with the locks of files and of shared memory. */
#include "support/vfs_priv.h"

#include <stdlib.h>
#include <string.h>

static struct vfs_disk *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static struct vfs_handle *handle_of(sqlite3_file *file)
{
    return (struct vfs_handle *)file;
}

static int ask(struct vfs_disk *disk, int owner, enum vfs_call call, bool is_after)
{
    return disk->hooks.at ? disk->hooks.at(disk->hooks.ctx, owner, call, is_after) : SQLITE_OK;
}

static int before(struct vfs_handle *handle, enum vfs_call call, int dead_code)
{
    int rc;

    if (handle->is_dead)
        return dead_code;
    rc = ask(handle->file->disk, handle->owner, call, false);
    return handle->is_dead ? dead_code : rc;
}

static int after(struct vfs_handle *handle, enum vfs_call call, int dead_code)
{
    int rc = ask(handle->file->disk, handle->owner, call, true);

    return handle->is_dead ? dead_code : rc;
}

/* ---- bytes ---- */

static int io_read(sqlite3_file *base, void *to, int count, sqlite3_int64 offset)
{
    struct vfs_handle *handle = handle_of(base);
    const struct vfs_bytes *bytes = &handle->file->cache;
    size_t at = (size_t)offset, want = (size_t)count;
    size_t have = at < bytes->size ? bytes->size - at : 0;
    int rc = before(handle, VFS_READ, SQLITE_IOERR_READ);

    if (rc)
        return rc;
    if (have >= want) {
        memcpy(to, bytes->ptr + at, want);
        return SQLITE_OK;
    }
    memset(to, 0, want);
    if (have)
        memcpy(to, bytes->ptr + at, have);
    return SQLITE_IOERR_SHORT_READ;
}

static int io_write(sqlite3_file *base, const void *from, int count, sqlite3_int64 offset)
{
    struct vfs_handle *handle = handle_of(base);
    int rc = before(handle, VFS_WRITE, SQLITE_IOERR_WRITE);

    if (rc)
        return rc;
    vfs_file_write(handle->file, from, (size_t)count, (size_t)offset);
    handle->file->disk->write_count++;
    return after(handle, VFS_WRITE, SQLITE_IOERR_WRITE);
}

static int io_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_handle *handle = handle_of(base);
    int rc = before(handle, VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE);

    if (rc)
        return rc;
    vfs_file_truncate(handle->file, (size_t)size);
    handle->file->disk->write_count++;
    return after(handle, VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE);
}

static int io_sync(sqlite3_file *base, int flags)
{
    struct vfs_handle *handle = handle_of(base);
    int rc = before(handle, VFS_SYNC, SQLITE_IOERR_FSYNC);

    (void)flags;
    if (rc)
        return rc;
    vfs_file_sync(handle->file);
    handle->file->disk->sync_count++;
    return after(handle, VFS_SYNC, SQLITE_IOERR_FSYNC);
}

static int io_file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)handle_of(base)->file->cache.size;
    return SQLITE_OK;
}

/* ---- file locks ---- */

static int try_lock(struct vfs_handle *handle, int level)
{
    struct vfs_file *file = handle->file;

    if (handle->lock == SQLITE_LOCK_NONE) {
        if (file->pending || file->exclusive)
            return SQLITE_BUSY;
        file->shared_count++;
        handle->lock = SQLITE_LOCK_SHARED;
    }
    if (level >= SQLITE_LOCK_RESERVED && handle->lock < SQLITE_LOCK_RESERVED) {
        if (file->reserved)
            return SQLITE_BUSY;
        file->reserved = handle;
        handle->lock = SQLITE_LOCK_RESERVED;
    }
    if (level < SQLITE_LOCK_EXCLUSIVE || handle->lock == SQLITE_LOCK_EXCLUSIVE)
        return SQLITE_OK;
    if (file->pending && file->pending != handle)
        return SQLITE_BUSY;
    file->pending = handle;
    handle->lock = SQLITE_LOCK_PENDING;
    if (file->shared_count > 1)
        return SQLITE_BUSY;
    file->exclusive = handle;
    handle->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static void unlock_to(struct vfs_handle *handle, int level)
{
    struct vfs_file *file = handle->file;

    if (handle->lock <= level)
        return;
    if (file->exclusive == handle)
        file->exclusive = NULL;
    if (file->pending == handle)
        file->pending = NULL;
    if (file->reserved == handle)
        file->reserved = NULL;
    if (level == SQLITE_LOCK_NONE)
        file->shared_count--;
    handle->lock = level;
}

static int io_lock(sqlite3_file *base, int level)
{
    struct vfs_handle *handle = handle_of(base);

    if (handle->is_dead)
        return SQLITE_IOERR_LOCK;
    return handle->lock >= level ? SQLITE_OK : try_lock(handle, level);
}

static int io_unlock(sqlite3_file *base, int level)
{
    struct vfs_handle *handle = handle_of(base);

    if (!handle->is_dead)
        unlock_to(handle, level);
    return SQLITE_OK;
}

static int io_check_reserved(sqlite3_file *base, int *ret)
{
    *ret = handle_of(base)->file->reserved != NULL;
    return SQLITE_OK;
}

/* ---- shared memory ---- */

void vfs_shm_clear(struct vfs_file *file)
{
    for (size_t i = 0; i < file->region_count; i++)
        free(file->region[i]);
    file->region_count = 0;
    for (size_t i = 0; i < VFS_REGIONS_MAX; i++) {
        free(file->shm_saved[i].ptr);
        file->shm_saved[i] = (struct vfs_bytes){0};
    }
    file->is_shm_saved = false;
}

static int io_shm_map(sqlite3_file *base, int at, int bytes, int may_extend, void volatile **ret)
{
    struct vfs_handle *handle = handle_of(base);
    struct vfs_file *file = handle->file;

    *ret = NULL;
    KK_ASSERT(bytes == VFS_REGION_BYTES && at >= 0 && at < VFS_REGIONS_MAX);
    if (handle->is_dead)
        return SQLITE_IOERR_SHMMAP;
    if (!handle->has_shm) {
        /* The first user finds what dead ones left, and must not trust it: SQLite's own file system empties it. */
        if (file->shm_users == 0)
            vfs_shm_clear(file);
        file->shm_users++;
        handle->has_shm = true;
    }
    while (may_extend && file->region_count <= (size_t)at) {
        char *region = calloc(1, VFS_REGION_BYTES);

        KK_ASSERT(region);
        file->region[file->region_count++] = region;
    }
    if ((size_t)at < file->region_count)
        *ret = file->region[at];
    return SQLITE_OK;
}

static int shm_unlock(struct vfs_handle *handle, int slot)
{
    struct vfs_file *file = handle->file;
    unsigned bit = 1u << slot;

    if (handle->shm_shared & bit)
        file->shm_shared[slot]--;
    if (handle->shm_exclusive & bit)
        file->shm_exclusive[slot] = NULL;
    handle->shm_shared &= ~bit;
    handle->shm_exclusive &= ~bit;
    return SQLITE_OK;
}

static bool is_free(const struct vfs_handle *handle, int slot, bool is_exclusive)
{
    const struct vfs_file *file = handle->file;
    int own = (handle->shm_shared >> slot) & 1u;

    if (file->shm_exclusive[slot] && file->shm_exclusive[slot] != handle)
        return false;
    return !is_exclusive || file->shm_shared[slot] - own == 0;
}

static void shm_take(struct vfs_handle *handle, int slot, bool is_exclusive)
{
    unsigned bit = 1u << slot;

    if (is_exclusive) {
        handle->file->shm_exclusive[slot] = handle;
        handle->shm_exclusive |= bit;
    } else if (!(handle->shm_shared & bit)) {
        handle->file->shm_shared[slot]++;
        handle->shm_shared |= bit;
    }
}

static int io_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct vfs_handle *handle = handle_of(base);
    bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    int rc;

    if (flags & SQLITE_SHM_UNLOCK) {
        for (int i = offset; !handle->is_dead && i < offset + count; i++)
            shm_unlock(handle, i);
        /* Lock 0 is the writer's: it is given back when the log's new end is known to all. */
        if (is_exclusive && offset == 0 && !handle->is_dead && handle->file->disk->hooks.written)
            handle->file->disk->hooks.written(handle->file->disk->hooks.ctx, handle->owner, handle->file->name);
        return SQLITE_OK;
    }
    if (!is_exclusive) { /* readers come and go too often to ask for each */
        if (handle->is_dead)
            return SQLITE_IOERR_SHMLOCK;
        if (!is_free(handle, offset, false))
            return SQLITE_BUSY;
        shm_take(handle, offset, false);
        return SQLITE_OK;
    }
    rc = before(handle, VFS_LOCK, SQLITE_IOERR_SHMLOCK);
    if (rc)
        return rc;
    for (int i = offset; i < offset + count; i++)
        if (!is_free(handle, i, true))
            return SQLITE_BUSY;
    for (int i = offset; i < offset + count; i++)
        shm_take(handle, i, true);
    rc = after(handle, VFS_LOCK, SQLITE_IOERR_SHMLOCK);
    for (int i = offset; rc && !handle->is_dead && i < offset + count; i++)
        shm_unlock(handle, i); /* SQLite takes a failure for a lock it has not got */
    return rc;
}

static void io_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int io_shm_unmap(sqlite3_file *base, int is_delete)
{
    struct vfs_handle *handle = handle_of(base);

    (void)is_delete; /* the next first user empties it */
    if (handle->has_shm) {
        for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
            shm_unlock(handle, i);
        handle->file->shm_users--;
        handle->has_shm = false;
    }
    return SQLITE_OK;
}

void vfs_release_locks(struct vfs_handle *handle)
{
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
        shm_unlock(handle, i);
    unlock_to(handle, SQLITE_LOCK_NONE);
}

/* ---- the rest of a file ---- */

static int io_close(sqlite3_file *base)
{
    struct vfs_handle *handle = handle_of(base);
    struct vfs_disk *disk = handle->file->disk;

    io_shm_unmap(base, 0);
    vfs_release_locks(handle);
    for (struct vfs_handle **at = &disk->handles; *at; at = &(*at)->next)
        if (*at == handle) {
            *at = handle->next;
            break;
        }
    if (handle->file->is_nameless)
        vfs_forget_nameless(handle->file);
    return SQLITE_OK;
}

static int io_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int io_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

/* As SQLite takes it of every disk: a write harms nothing beside it. */
static int io_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = io_close,
    .xRead = io_read,
    .xWrite = io_write,
    .xTruncate = io_truncate,
    .xSync = io_sync,
    .xFileSize = io_file_size,
    .xLock = io_lock,
    .xUnlock = io_unlock,
    .xCheckReservedLock = io_check_reserved,
    .xFileControl = io_control,
    .xSectorSize = io_sector_size,
    .xDeviceCharacteristics = io_characteristics,
    .xShmMap = io_shm_map,
    .xShmLock = io_shm_lock,
    .xShmBarrier = io_shm_barrier,
    .xShmUnmap = io_shm_unmap,
};

/* ---- the file system ---- */

static int fs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *ret_flags)
{
    struct vfs_disk *disk = disk_of(vfs);
    struct vfs_handle *handle = handle_of(base);
    struct vfs_file *file = name ? vfs_find(disk, name) : NULL;
    int rc = ask(disk, disk->owner, VFS_OPEN, false);

    memset(handle, 0, sizeof(*handle));
    if (rc)
        return rc;
    if ((!file || !file->is_there) && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    handle->base.pMethods = &methods;
    handle->file = vfs_make(disk, name);
    handle->owner = disk->owner;
    handle->next = disk->handles;
    disk->handles = handle;
    if (ret_flags)
        *ret_flags = flags;
    return SQLITE_OK;
}

static bool is_owner_dead(const struct vfs_disk *disk)
{
    for (const struct vfs_handle *handle = disk->handles; handle; handle = handle->next)
        if (handle->owner == disk->owner && handle->is_dead)
            return true;
    return false;
}

static int fs_delete(sqlite3_vfs *vfs, const char *name, int is_synced)
{
    struct vfs_disk *disk = disk_of(vfs);
    struct vfs_file *file = vfs_find(disk, name);
    int rc = is_owner_dead(disk) ? SQLITE_IOERR_DELETE : ask(disk, disk->owner, VFS_DELETE, false);

    if (rc)
        return rc;
    if (!file || !file->is_there)
        return SQLITE_IOERR_DELETE_NOENT;
    vfs_remove(file, is_synced != 0);
    disk->write_count++;
    return SQLITE_OK;
}

static int fs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    const struct vfs_file *file = vfs_find(disk_of(vfs), name);

    (void)flags;
    *ret = file && file->is_there;
    return SQLITE_OK;
}

static int fs_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *ret)
{
    (void)vfs;
    return kk_sv_copy(kk_sv_of(name), ret, (size_t)bytes) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int fs_randomness(sqlite3_vfs *vfs, int count, char *ret)
{
    struct vfs_disk *disk = disk_of(vfs);

    for (int i = 0; i < count; i++)
        ret[i] = disk->hooks.random ? (char)(disk->hooks.random(disk->hooks.ctx) & 0xFF) : (char)i;
    return count;
}

static int fs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    struct vfs_disk *disk = disk_of(vfs);

    if (disk->hooks.sleep)
        disk->hooks.sleep(disk->hooks.ctx, microseconds);
    return microseconds;
}

static int fs_time(sqlite3_vfs *vfs, sqlite3_int64 *ret)
{
    struct vfs_disk *disk = disk_of(vfs);

    /* Milliseconds since noon of a day long ago (Julian day 0), as SQLite counts. */
    *ret = INT64_C(210866760000000) + (disk->hooks.wall_ms ? disk->hooks.wall_ms(disk->hooks.ctx) : 0);
    return SQLITE_OK;
}

static int fs_time_old(sqlite3_vfs *vfs, double *ret)
{
    sqlite3_int64 now;

    fs_time(vfs, &now);
    *ret = (double)now / 86400000.0;
    return SQLITE_OK;
}

static int fs_last_error(sqlite3_vfs *vfs, int bytes, char *ret)
{
    (void)vfs;
    (void)bytes;
    (void)ret;
    return 0;
}

void vfs_register(struct vfs_disk *disk)
{
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct vfs_handle),
        .mxPathname = VFS_NAME_BYTES - 1,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = fs_open,
        .xDelete = fs_delete,
        .xAccess = fs_access,
        .xFullPathname = fs_full_path,
        .xRandomness = fs_randomness,
        .xSleep = fs_sleep,
        .xCurrentTime = fs_time_old,
        .xGetLastError = fs_last_error,
        .xCurrentTimeInt64 = fs_time,
    };
    KK_ASSERT(sqlite3_vfs_register(&disk->vfs, 1) == SQLITE_OK);
    sqlite3_randomness(0, NULL); /* what SQLite drew before is forgotten */
}

void vfs_unregister(struct vfs_disk *disk)
{
    sqlite3_vfs_unregister(&disk->vfs);
    sqlite3_randomness(0, NULL);
}
