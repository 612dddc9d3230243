/* ports/archive.h: raw bodies, addressed by the hash of their bytes (D1, R10).
 *
 * The same body is stored once. put() may keep bodies in hand; sync() makes all of them durable at once, so that a
 * batch costs one wait for the disk; a body is in the archive only when sync() has returned KK_OK. Blocks. All calls:
 * KK_UNAVAILABLE, KK_FULL, KK_CORRUPT, KK_NO_MEMORY. */
#ifndef KK_PORTS_ARCHIVE_H
#define KK_PORTS_ARCHIVE_H

#include "base/bytes.h"
#include "base/hash.h"

struct archive {
    const struct archive_ops *ops;
};
struct archive_ops {
    const char *name; /* "file", "s3" */
    /* Required. Borrows body. Gives its key. */
    enum kk_code (*put)(struct archive *a, struct kk_sv body, struct kk_hash *ret_key, struct kk_err *err);
    /* Required. After a failure none of what was put since the last sync() counts as kept. */
    enum kk_code (*sync)(struct archive *a, struct kk_err *err);
    /* Required. KK_NOT_FOUND; KK_CORRUPT when the bytes do not hash to the key. */
    enum kk_code (*get)(struct archive *a, const struct kk_hash *key, struct kk_buf *ret_body, struct kk_err *err);
    /* Required. Bodies and bytes on disk, about. */
    enum kk_code (*size)(struct archive *a, int64_t *ret_count, int64_t *ret_bytes, struct kk_err *err);
    /* Required. Takes a. */
    void (*close)(struct archive *a);
};

static inline enum kk_code archive_put(struct archive *a, struct kk_sv body, struct kk_hash *ret_key,
                                       struct kk_err *err)
{
    return a->ops->put(a, body, ret_key, err);
}
static inline enum kk_code archive_sync(struct archive *a, struct kk_err *err)
{
    return a->ops->sync(a, err);
}
static inline enum kk_code archive_get(struct archive *a, const struct kk_hash *key, struct kk_buf *ret_body,
                                       struct kk_err *err)
{
    return a->ops->get(a, key, ret_body, err);
}
static inline enum kk_code archive_size(struct archive *a, int64_t *ret_count, int64_t *ret_bytes, struct kk_err *err)
{
    return a->ops->size(a, ret_count, ret_bytes, err);
}
static inline void archive_close(struct archive *a)
{
    if (a)
        a->ops->close(a);
}

#endif
