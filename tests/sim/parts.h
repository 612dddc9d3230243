/* sim/parts.h: what outlives every process: the far queue, the far limiter, the archive, the receivers, the site. */
#ifndef KK_SIM_PARTS_H
#define KK_SIM_PARTS_H

#include "base/hash.h"
#include "sim/sim.h"

struct remote_queue *remote_queue_create(void);
void remote_queue_destroy(struct remote_queue *queue);
int64_t remote_queue_due_ms(const struct remote_queue *queue, int64_t now_ms); /* the next to be seen; true time */

/* The limiter on a machine of its own: the real one, on a database that no process here shares. */
struct remote_limiter *remote_limiter_create(struct sim *sim);
void remote_limiter_destroy(struct remote_limiter *limiter);

struct archive_box *archive_box_create(void);
void archive_box_destroy(struct archive_box *box);
/* What a reader finds now. UNKNOWN: it is there, but cannot be read at the moment, or is no longer kept. */
enum box_answer { BOX_HAS, BOX_HAS_NOT, BOX_UNKNOWN };
enum box_answer archive_box_get(struct sim *sim, const struct kk_hash *key, struct kk_buf *ret_body);

struct sink_box *sink_box_create(void);
void sink_box_destroy(struct sink_box *box);

#endif
