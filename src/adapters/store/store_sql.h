/* adapters/store/store_sql.h: the store over any driver of db.h. For this folder, for the drivers' openers, and for the
 * queue and the limiter that live in the store. */
#ifndef KK_ADAPTERS_STORE_STORE_SQL_H
#define KK_ADAPTERS_STORE_STORE_SQL_H

#include "adapters/store/db.h"
#include "base/clock.h"
#include "ports/store.h"

struct seal;        /* adapters/crypto/seal.h */
struct store_block; /* memory that lives until the transaction ends */

struct store {
    struct db *db;                /* owned */
    const struct kk_clock *clock; /* kept */
    const struct seal *seal;      /* kept; NULL: agents' tokens cannot be read, and new ones stand in plain text */
    struct store_block *blocks;
    char looked_at[OUTBOX_KEY_BYTES]; /* where the last walk over the sellers was cut short; "": nowhere. A hint only */
};

/* Takes db, also when it fails. Keeps clock. Gives *ret_store (store_close). */
enum kk_code store_create(struct db *db, const struct kk_clock *clock, struct store **ret_store, struct kk_err *err);
/* The connection: whoever uses it joins the store's open transaction. */
struct db *store_db(struct store *store);

/* Memory until the outermost transaction ends; NULL: there is none. */
void *store_keep(struct store *store, size_t bytes);

/* The agent's row once more, with its secret sealed. */
enum kk_code store_seal_agent(struct store *store, int64_t agent_id, const struct seal *seal, struct kk_err *err);

/* Columns of a task, in the order in which store_read_task() takes them. */
#define TASK_COLUMNS                                                                                            \
    "t.id, t.seller_id, t.kind, t.endpoint, t.page, t.item_no, t.run_id, t.parent_task_id, t.state, t.serial, " \
    "t.attempt, t.lapse_count, t.is_dead, t.lease_until_ms, t.next_attempt_at_ms, t.http_status, t.error, "     \
    "t.created_at_ms, t.published_at_ms, t.started_at_ms, t.ended_at_ms"
void store_read_task(struct db_stmt *q, struct task *ret);
enum kk_code store_task_rows(struct db_stmt *q, bool (*row)(void *ctx, const struct task *task), void *ctx,
                             struct kk_err *err);
/* The number in the one row that a statement of (after, offset) gives; 0: it gives none. */
enum kk_code store_nth(struct db_stmt *q, int64_t after, int64_t count, int64_t *ret, struct kk_err *err);
/* One promise to publish the task (T3). rank < 0: a promise made once more, which no share of the seller holds back. */
#define RANK_AGAIN (-1)
enum kk_code store_promise(struct store *store, const struct task *task, int rank, int64_t due_at_ms, int64_t now_ms,
                           struct kk_err *err);

/* store_migrate() up to an older schema, for tests of what it does with one. */
enum kk_code store_migrate_to(struct store *store, size_t to, int *ret_from, struct kk_err *err);

#endif
