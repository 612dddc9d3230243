/* sandbox/truth.h: what a crawler should have stored, computed from the world by the sandbox's own rules, and what
 * changed. It shares no code with the crawler's parsers or snapshots, or both would be wrong together. */
#ifndef SANDBOX_TRUTH_H
#define SANDBOX_TRUTH_H

#include "sandbox/world.h"

#define TRUTH_MAX_BYTES ((size_t)1024 * 1024 * 1024)

/* One snapshot as JSON (design.md section 6). An item that is gone has status REMOVED and its last values. */
void truth_item(const struct world *world, const struct world_item *item, struct kk_buf *out);
/* {"items":[snapshot, …] newest first,"removed":[item number, …],"lastChange":N}; seller NULL: all. */
void truth_all(const struct world *world, const struct world_seller *seller, struct kk_buf *out);

/* A number for the whole snapshot, never 0: equal where the snapshots are. */
uint64_t truth_digest(const struct world *world, const struct world_item *item);

/* {"changes":[{"seq","at","itemNo","sellerId","kind","fields":[{"field","from","to"}]}],
 *  "net":[{"itemNo","sellerId","type"}],"first":N,"last":N,"noiseMoves":N}
 * of the changes after a number. net is what is still different now: one entry per item, of type created, changed,
 * removed or returned; what was undone is in changes and not in net. */
void truth_changes(const struct world *world, int64_t after, struct kk_buf *out);

#endif
