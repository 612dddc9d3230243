/* The files of the disk: their bytes in the page cache and on the platter. How SQLite sees them is in vfs_calls.c. */
#include "support/vfs_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const call_names[VFS_CALL_COUNT] = {"open", "read", "write", "truncate", "sync", "delete", "lock"};

const char *vfs_call_name(enum vfs_call call)
{
    return call_names[call];
}

static void *must(void *memory)
{
    KK_ASSERT(memory);
    return memory;
}

/* ---- bytes ---- */

static void bytes_size(struct vfs_bytes *bytes, size_t size)
{
    if (size > bytes->cap) {
        size_t cap = bytes->cap ? bytes->cap : 65536;

        while (cap < size)
            cap *= 2;
        bytes->ptr = must(realloc(bytes->ptr, cap));
        bytes->cap = cap;
    }
    if (size > bytes->size)
        memset(bytes->ptr + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_copy(struct vfs_bytes *to, const struct vfs_bytes *from)
{
    bytes_size(to, from->size);
    if (from->size)
        memcpy(to->ptr, from->ptr, from->size);
}

/* Sectors [first, end) differ from the platter. */
static void mark_dirty(struct vfs_file *file, size_t first, size_t end)
{
    if (end > file->dirty_cap) {
        size_t cap = file->dirty_cap ? file->dirty_cap : 1024;

        while (cap < end)
            cap *= 2;
        file->is_dirty = must(realloc(file->is_dirty, cap));
        memset(file->is_dirty + file->dirty_cap, 0, cap - file->dirty_cap);
        file->dirty = must(realloc(file->dirty, cap * sizeof(*file->dirty)));
        file->dirty_cap = cap;
    }
    for (size_t i = first; i < end; i++) {
        if (file->is_dirty[i])
            continue;
        file->is_dirty[i] = 1;
        file->dirty[file->dirty_count++] = i;
    }
}

static void forget_dirty(struct vfs_file *file)
{
    for (size_t i = 0; i < file->dirty_count; i++)
        file->is_dirty[file->dirty[i]] = 0;
    file->dirty_count = 0;
}

static size_t sectors(size_t bytes)
{
    return (bytes + VFS_SECTOR_BYTES - 1) / VFS_SECTOR_BYTES;
}

void vfs_file_write(struct vfs_file *file, const void *bytes, size_t count, size_t at)
{
    if (at + count > file->cache.size) {
        if (file->disk->has_power_cuts)
            mark_dirty(file, file->cache.size / VFS_SECTOR_BYTES, sectors(at + count));
        bytes_size(&file->cache, at + count);
    }
    if (file->disk->has_power_cuts)
        mark_dirty(file, at / VFS_SECTOR_BYTES, sectors(at + count));
    memcpy(file->cache.ptr + at, bytes, count);
}

void vfs_file_truncate(struct vfs_file *file, size_t size)
{
    size_t was = file->cache.size;

    if (file->disk->has_power_cuts)
        mark_dirty(file, (was < size ? was : size) / VFS_SECTOR_BYTES, sectors(was > size ? was : size));
    bytes_size(&file->cache, size);
}

/* As on every file system with a journal: deletions before a sync are as durable as what it syncs. */
static void sync_names(struct vfs_disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++)
        if (!disk->file[i]->is_there && disk->file[i]->is_on_platter) {
            disk->file[i]->is_on_platter = false;
            bytes_size(&disk->file[i]->platter, 0);
        }
}

void vfs_file_sync(struct vfs_file *file)
{
    if (!file->disk->has_power_cuts || file->is_nameless)
        return;
    if (file->is_reborn) { /* the platter holds another file of this name */
        bytes_copy(&file->platter, &file->cache);
        file->is_reborn = false;
    } else {
        bytes_size(&file->platter, file->cache.size);
        for (size_t i = 0; i < file->dirty_count; i++) {
            size_t at = file->dirty[i] * VFS_SECTOR_BYTES;
            size_t left = at < file->cache.size ? file->cache.size - at : 0;

            if (left)
                memcpy(file->platter.ptr + at, file->cache.ptr + at, left < VFS_SECTOR_BYTES ? left : VFS_SECTOR_BYTES);
        }
    }
    forget_dirty(file);
    file->is_on_platter = true;
    sync_names(file->disk);
}

/* ---- names ---- */

struct vfs_file *vfs_find(const struct vfs_disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->file_count; i++)
        if (strcmp(disk->file[i]->name, name) == 0)
            return disk->file[i];
    return NULL;
}

struct vfs_file *vfs_make(struct vfs_disk *disk, const char *name)
{
    struct vfs_file *file = name ? vfs_find(disk, name) : NULL;

    if (file) {
        if (!file->is_there) {
            file->is_there = true;
            file->is_reborn = file->is_on_platter;
        }
        return file;
    }
    KK_ASSERT(disk->file_count < VFS_FILES_MAX);
    file = must(calloc(1, sizeof(*file)));
    file->disk = disk;
    file->is_there = true;
    file->is_nameless = !name;
    if (name)
        KK_ASSERT(kk_sv_copy(kk_sv_of(name), file->name, sizeof(file->name)));
    disk->file[disk->file_count++] = file;
    return file;
}

void vfs_remove(struct vfs_file *file, bool is_synced)
{
    file->is_there = false;
    bytes_size(&file->cache, 0);
    forget_dirty(file);
    if (is_synced) {
        file->is_on_platter = false;
        bytes_size(&file->platter, 0);
    }
    vfs_shm_clear(file);
}

static void file_free(struct vfs_file *file)
{
    vfs_shm_clear(file);
    free(file->cache.ptr);
    free(file->platter.ptr);
    free(file->is_dirty);
    free(file->dirty);
    free(file);
}

void vfs_forget_nameless(struct vfs_file *file)
{
    struct vfs_disk *disk = file->disk;

    for (size_t i = 0; i < disk->file_count; i++)
        if (disk->file[i] == file) {
            disk->file[i] = disk->file[--disk->file_count];
            file_free(file);
            return;
        }
}

/* ---- death and power ---- */

static struct vfs_bytes *shm_bytes(struct vfs_file *file, size_t region)
{
    return &file->shm_saved[region];
}

void vfs_disk_kill(struct vfs_disk *disk, int owner)
{
    for (struct vfs_handle *handle = disk->handles; handle; handle = handle->next) {
        struct vfs_file *file = handle->file;

        if (handle->owner != owner || handle->is_dead)
            continue;
        vfs_release_locks(handle);
        handle->is_dead = true;
        if (!handle->has_shm || file->is_shm_saved)
            continue;
        file->is_shm_saved = true;
        for (size_t i = 0; i < file->region_count; i++) {
            bytes_size(shm_bytes(file, i), VFS_REGION_BYTES);
            memcpy(shm_bytes(file, i)->ptr, file->region[i], VFS_REGION_BYTES);
        }
    }
}

void vfs_disk_bury(struct vfs_disk *disk, int owner)
{
    for (struct vfs_handle *handle = disk->handles; handle; handle = handle->next)
        KK_ASSERT(handle->owner != owner);
    for (size_t f = 0; f < disk->file_count; f++) {
        struct vfs_file *file = disk->file[f];

        for (size_t i = 0; file->is_shm_saved && i < file->region_count; i++)
            memcpy(file->region[i], shm_bytes(file, i)->ptr, VFS_REGION_BYTES);
        file->is_shm_saved = false;
    }
}

static void cut_file(struct vfs_file *file, const struct kk_rng *rng)
{
    struct vfs_bytes *cache = &file->cache, *platter = &file->platter;
    size_t size = kk_rng_chance(rng, 1, 2) ? cache->size : platter->size;

    if (!file->is_there || file->is_reborn) {
        /* Deleted, or replaced by a file that was never synced: the old one may be back. */
        bool is_back = file->is_on_platter && kk_rng_chance(rng, 1, 2);

        file->is_there = is_back;
        bytes_size(cache, 0);
        if (is_back)
            bytes_copy(cache, platter);
    } else if (!file->is_on_platter && kk_rng_chance(rng, 1, 2)) {
        file->is_there = false;
        bytes_size(cache, 0);
    } else {
        bytes_size(platter, size > platter->size ? size : platter->size);
        for (size_t i = 0; i < file->dirty_count; i++) {
            size_t at = file->dirty[i] * VFS_SECTOR_BYTES;
            size_t left = at < cache->size ? cache->size - at : 0;

            if (left > VFS_SECTOR_BYTES)
                left = VFS_SECTOR_BYTES;
            if (left && at + left <= platter->size && kk_rng_chance(rng, 1, 2))
                memcpy(platter->ptr + at, cache->ptr + at, left);
        }
        bytes_size(platter, size);
        bytes_copy(cache, platter);
    }
    file->is_on_platter = file->is_there;
    file->is_reborn = false;
    if (file->is_there)
        bytes_copy(platter, cache);
    forget_dirty(file);
    vfs_shm_clear(file);
}

void vfs_disk_power_cut(struct vfs_disk *disk, const struct kk_rng *rng)
{
    KK_ASSERT(disk->has_power_cuts && !disk->handles);
    for (size_t i = 0; i < disk->file_count; i++)
        cut_file(disk->file[i], rng);
}

/* ---- the disk ---- */

struct vfs_disk *vfs_disk_create(const char *name, const struct vfs_hooks *hooks, bool has_power_cuts)
{
    struct vfs_disk *disk = must(calloc(1, sizeof(*disk)));

    disk->hooks = *hooks;
    disk->has_power_cuts = has_power_cuts;
    disk->name = name;
    vfs_register(disk);
    return disk;
}

void vfs_disk_destroy(struct vfs_disk *disk)
{
    if (!disk)
        return;
    KK_ASSERT(!disk->handles);
    vfs_unregister(disk);
    for (size_t i = 0; i < disk->file_count; i++)
        file_free(disk->file[i]);
    free(disk);
}

void vfs_disk_own(struct vfs_disk *disk, int owner)
{
    disk->owner = owner;
}

int64_t vfs_disk_writes(const struct vfs_disk *disk)
{
    return disk->write_count;
}

int64_t vfs_disk_syncs(const struct vfs_disk *disk)
{
    return disk->sync_count;
}

struct kk_sv vfs_disk_file(const struct vfs_disk *disk, const char *name)
{
    const struct vfs_file *file = vfs_find(disk, name);

    return file && file->is_there ? (struct kk_sv){file->cache.ptr, file->cache.size} : (struct kk_sv){0};
}
