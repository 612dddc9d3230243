/* The archive: in memory, where what is not synced goes with its process, or the real one on the simulated disk. */
#include <stdlib.h>
#include <string.h>

#include "adapters/archive/archive_file.h"
#include "base/assert.h"
#include "sim/parts.h"
#include "sim/proc.h"
#include "support/vfs_disk.h"

#define BODY_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define BODIES_KEPT 2048 /* bodies in memory; of older ones only the keys */

struct boxed {
    struct kk_hash key;
    bool is_there;
};
struct archive_box {
    struct boxed *slot; /* a hash table of keys that are durable */
    size_t count, cap;
    struct {
        struct kk_hash key;
        struct kk_buf body;
    } kept[BODIES_KEPT]; /* a ring of the last ones */
    uint64_t kept_next;
    struct {
        struct proc *proc;
        struct kk_hash key;
        struct kk_buf body;
    } pending[256];
    size_t pending_count;
};

struct archive_box *archive_box_create(void)
{
    struct archive_box *box = calloc(1, sizeof(*box));

    KK_ASSERT(box);
    return box;
}

void archive_box_destroy(struct archive_box *box)
{
    if (!box)
        return;
    for (size_t i = 0; i < BODIES_KEPT; i++)
        kk_buf_done(&box->kept[i].body);
    for (size_t i = 0; i < box->pending_count; i++)
        kk_buf_done(&box->pending[i].body);
    free(box->slot);
    free(box);
}

static struct boxed *find(struct archive_box *box, const struct kk_hash *key)
{
    uint64_t at;

    memcpy(&at, key->byte, sizeof(at));
    for (;; at++) {
        struct boxed *slot = &box->slot[at % box->cap];

        if (!slot->is_there || kk_hash_eq(&slot->key, key))
            return slot;
    }
}

static void remember(struct archive_box *box, const struct kk_hash *key)
{
    struct boxed *old = box->slot, *slot;
    size_t cap = box->cap;

    if (2 * (box->count + 1) > cap) {
        box->cap = cap ? 2 * cap : 1024;
        box->slot = calloc(box->cap, sizeof(*box->slot));
        KK_ASSERT(box->slot);
        for (size_t i = 0; i < cap; i++)
            if (old[i].is_there)
                *find(box, &old[i].key) = old[i];
        free(old);
    }
    slot = find(box, key);
    box->count += !slot->is_there;
    *slot = (struct boxed){.key = *key, .is_there = true};
}

static bool is_durable(struct archive_box *box, const struct kk_hash *key)
{
    return box->cap && find(box, key)->is_there;
}

/* Takes what this process put out of the pending; keeps it when is_synced. */
static void settle(struct archive_box *box, const struct proc *proc, bool is_synced)
{
    size_t left = 0;

    for (size_t i = 0; i < box->pending_count; i++) {
        if (box->pending[i].proc != proc) {
            box->pending[left++] = box->pending[i];
            continue;
        }
        if (is_synced && !is_durable(box, &box->pending[i].key)) {
            size_t at = box->kept_next++ % BODIES_KEPT;

            remember(box, &box->pending[i].key);
            kk_buf_done(&box->kept[at].body);
            box->kept[at].key = box->pending[i].key;
            box->kept[at].body = box->pending[i].body;
        } else {
            kk_buf_done(&box->pending[i].body);
        }
    }
    box->pending_count = left;
}

/* The watcher looks for itself: whose turn it is must not be told to fail for it. */
static enum box_answer look_into_file(struct sim *sim, const struct kk_hash *key, struct kk_buf *ret_body)
{
    struct archive *archive = NULL;
    enum kk_code rc;

    vfs_disk_own(sim->disk, SIM_OWNER_WATCH);
    rc = archive_file_open("archive", "kk-disk", &sim->operator->clock, &archive, NULL);
    if (!rc)
        rc = archive_get(archive, key, ret_body, NULL);
    archive_close(archive);
    if (sim->running)
        vfs_disk_own(sim->disk, sim->running->number);
    return rc == KK_OK ? BOX_HAS : rc == KK_NOT_FOUND || rc == KK_CORRUPT ? BOX_HAS_NOT : BOX_UNKNOWN;
}

enum box_answer archive_box_get(struct sim *sim, const struct kk_hash *key, struct kk_buf *ret_body)
{
    struct archive_box *box = sim->archive;

    if (sim->plan.has_archive_file)
        return look_into_file(sim, key, ret_body);
    for (size_t i = 0; i < BODIES_KEPT && i < box->kept_next; i++)
        if (kk_hash_eq(&box->kept[i].key, key)) {
            kk_buf_add(ret_body, kk_buf_sv(&box->kept[i].body));
            return BOX_HAS;
        }
    return is_durable(box, key) ? BOX_UNKNOWN : BOX_HAS_NOT;
}

/* ---- a process's view ---- */

static struct proc_archive *self_of(struct archive *a);

static enum kk_code a_put(struct archive *a, struct kk_sv body, struct kk_hash *ret_key, struct kk_err *err)
{
    struct proc_archive *self = self_of(a);
    struct archive_box *box = self->proc->sim->archive;
    enum kk_code rc = fate_before(self->proc, "archive.put", SIM_ARCHIVE, err);

    if (rc)
        return rc;
    if (self->inner) {
        rc = archive_put(self->inner, body, ret_key, err);
    } else {
        *ret_key = kk_sha256(body);
        KK_ASSERT(box->pending_count < KK_COUNT(box->pending));
        box->pending[box->pending_count].proc = self->proc;
        box->pending[box->pending_count].key = *ret_key;
        box->pending[box->pending_count].body = KK_BUF(BODY_MAX_BYTES);
        kk_buf_add(&box->pending[box->pending_count++].body, body);
    }
    return fate_after(self->proc, "archive.put", SIM_ARCHIVE, rc, err);
}

static enum kk_code a_sync(struct archive *a, struct kk_err *err)
{
    struct proc_archive *self = self_of(a);
    struct sim *sim = self->proc->sim;
    enum kk_code rc = fate_before(self->proc, "archive.sync", SIM_ARCHIVE, err);

    if (rc) {
        settle(sim->archive, self->proc, false);
        return rc;
    }
    if (self->inner)
        rc = archive_sync(self->inner, err);
    else
        settle(sim->archive, self->proc, true);
    return fate_after(self->proc, "archive.sync", SIM_ARCHIVE, rc, err);
}

static enum kk_code a_get(struct archive *a, const struct kk_hash *key, struct kk_buf *ret_body, struct kk_err *err)
{
    struct proc_archive *self = self_of(a);

    return archive_box_get(self->proc->sim, key, ret_body) == BOX_HAS ? KK_OK
                                                                      : kk_fail(err, KK_NOT_FOUND, "no such body");
}

static enum kk_code a_size(struct archive *a, int64_t *ret_count, int64_t *ret_bytes, struct kk_err *err)
{
    (void)err;
    *ret_count = (int64_t)self_of(a)->proc->sim->archive->count;
    *ret_bytes = 0;
    return KK_OK;
}

static void a_close(struct archive *a)
{
    struct proc_archive *self = self_of(a);

    settle(self->proc->sim->archive, self->proc, false);
    archive_close(self->inner);
}

static const struct archive_ops ops = {
    .name = "sim", .put = a_put, .sync = a_sync, .get = a_get, .size = a_size, .close = a_close};

static struct proc_archive *self_of(struct archive *a)
{
    KK_ASSERT(a->ops == &ops);
    return (struct proc_archive *)a;
}

enum kk_code proc_open_archive(struct proc *proc, struct kk_err *err)
{
    proc->archive = (struct proc_archive){.base.ops = &ops, .proc = proc};
    proc->app.archive = &proc->archive.base;
    if (!proc->sim->plan.has_archive_file)
        return KK_OK;
    return archive_file_open("archive", "kk-disk", &proc->clock, &proc->archive.inner, err);
}
