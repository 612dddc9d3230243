/* ports/store.h: the truth (design.md section 3). One set of statements over several database drivers, so this port is
 * chosen by link, not by a table of functions; the drivers are (adapters/store/db.h).
 *
 * Blocks for as long as a local commit takes. One store per process and thread. Every call works inside the
 * transaction that is open, or in one of its own. Codes that any call may return: KK_UNAVAILABLE, KK_BUSY, KK_FULL,
 * KK_CORRUPT, KK_NO_MEMORY; after one of them inside a transaction, roll back. "Guarded" calls repeat the rule of
 * core/ in their WHERE, so that two machines cannot make the same move; they tell by *ret_done.
 * Views given to row functions are valid for that call only. A row function answers false to stop. */
#ifndef KK_PORTS_STORE_H
#define KK_PORTS_STORE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "core/agent.h"
#include "core/change.h"
#include "core/run.h"
#include "core/seller.h"
#include "core/task.h"

struct store;
void store_close(struct store *store); /* NULL is fine; an open transaction is rolled back */

/* Transactions. Begun inside another they join it: only the outermost commit or rollback acts, and an inner rollback
 * makes the outer commit fail with KK_CONFLICT. Durable when commit returns KK_OK. A commit that failed is rolled back.
 */
enum kk_code store_begin(struct store *store, struct kk_err *err);
enum kk_code store_commit(struct store *store, struct kk_err *err);
void store_rollback(struct store *store); /* no transaction: nothing */

/* Schema. migrate brings an older or empty database to this binary's schema; KK_TOO_NEW refuses a newer one. */
enum kk_code store_migrate(struct store *store, int *ret_from, int *ret_to, struct kk_err *err);
enum kk_code store_check(struct store *store, struct kk_err *err); /* integrity; KK_CORRUPT with the finding */

/* Small named values of the whole installation: "pause", "relay_cursor", … KK_NOT_FOUND. */
enum kk_code store_get_setting(struct store *store, const char *key, struct kk_buf *ret_value, struct kk_err *err);
enum kk_code store_put_setting(struct store *store, const char *key, struct kk_sv value, struct kk_err *err);

/* Sellers */
enum kk_code store_add_seller(struct store *store, const struct seller *seller, struct kk_err *err); /* KK_CONFLICT */
enum kk_code store_get_seller(struct store *store, struct kk_sv seller_id, struct seller *ret, struct kk_err *err);
/* Guarded by revision: writes all but id and created_at, and adds 1 to it. KK_CONFLICT when somebody was first. */
enum kk_code store_put_seller(struct store *store, struct seller *seller, struct kk_err *err);
/* A crawl began: last_run_id, last_started_at and next_run_at, and nothing else; no new revision. */
enum kk_code store_seller_started(struct store *store, const struct seller *seller, struct kk_err *err);
enum kk_code store_each_seller(struct store *store, bool (*row)(void *ctx, const struct seller *seller), void *ctx,
                               struct kk_err *err); /* by sellerId */
/* ACTIVE sellers with next_run_at <= now, the longest due first, at most limit. */
enum kk_code store_due_sellers(struct store *store, int64_t now_ms, int limit,
                               bool (*row)(void *ctx, const struct seller *seller), void *ctx, struct kk_err *err);
enum kk_code store_next_due(struct store *store, int64_t *ret_due_at_ms, struct kk_err *err); /* INT64_MAX: none */

/* Runs. At most one is open per seller. */
enum kk_code store_add_run(struct store *store, struct run *run,
                           struct kk_err *err); /* sets id; KK_CONFLICT: one is open */
enum kk_code store_get_run(struct store *store, int64_t run_id, struct run *ret, struct kk_err *err);
enum kk_code store_get_open_run(struct store *store, struct kk_sv seller_id, struct run *ret, struct kk_err *err);
struct run_query {
    struct kk_sv seller_id; /* empty: of all */
    bool open_only;
    int64_t before_id; /* for paging; 0: from the newest */
    int64_t limit;     /* needed */
};
/* Newest first. */
enum kk_code store_each_run(struct store *store, const struct run_query *query,
                            bool (*row)(void *ctx, const struct run *run), void *ctx, struct kk_err *err);
/* Adds counts (may be negative) to the run's. */
enum kk_code store_add_run_counts(struct store *store, int64_t run_id, const struct run_counts *add,
                                  struct kk_err *err);
/* Writes all list_ fields, page_ fields, item_count, seen_count; not counts, not state. */
enum kk_code store_put_run_list(struct store *store, const struct run *run, struct kk_err *err);
/* Open runs without open tasks, of ACTIVE sellers. */
enum kk_code store_idle_runs(struct store *store, int limit, bool (*row)(void *ctx, const struct run *run), void *ctx,
                             struct kk_err *err);
/* Guarded by OPEN: sets state and ended_at, and the seller's last_ended_at. */
enum kk_code store_end_run(struct store *store, int64_t run_id, enum run_state state, int64_t now_ms, bool *ret_done,
                           struct kk_err *err);

/* Tasks */
/* Makes the task, or gives its row a new life when that is over (R5): WAITING, serial + 1, counters 0, the run and
 * parent of *task, plus its outbox row (topic "task", dedup key, due now_ms, rank). *ret_made false, and nothing
 * written: a task of that key is under way. Sets task's id, serial and state. */
enum kk_code store_make_task(struct store *store, struct task *task, int rank, int64_t now_ms, bool *ret_made,
                             struct kk_err *err);
enum kk_code store_get_task(struct store *store, int64_t task_id, struct task *ret, struct kk_err *err);
enum kk_code store_find_task(struct store *store, struct kk_sv seller_id, struct kk_sv endpoint, int64_t page,
                             struct task *ret, struct kk_err *err);

enum claim { CLAIM_WON = 1, CLAIM_STALE, CLAIM_EARLY, CLAIM_HELD };
/* PUBLISHED → RUNNING for the ticket's serial, with a lease. WON gives the task. STALE: the message is of no use any
 * more. EARLY: the relay's commit is not visible yet, the message must come again. HELD: the seller is not ACTIVE;
 * whoever puts it back to work queues the task again, so the message is of no use either. */
enum kk_code store_claim_task(struct store *store, const struct task_ticket *ticket, int64_t now_ms,
                              int64_t lease_until_ms, enum claim *ret_claim, struct task *ret, struct kk_err *err);
/* Writes what task_move() made of the task: guarded by (id, serial, from). RETRY takes serial + 1 and an outbox row due
 * at task->next_attempt_at_ms; sets task->serial then. */
enum kk_code store_put_task(struct store *store, struct task *task, enum task_state from, int64_t now_ms,
                            bool *ret_done, struct kk_err *err);
/* A failed attempt is kept with its cause (R3). */
struct attempt {
    int64_t task_id, run_id, agent_id, at_ms;
    int attempt;
    const char *cause; /* answer_rule()->name, "lease", … */
    int http_status;
    struct kk_sv error;
    struct kk_hash archive_key; /* zero: no body */
};
enum kk_code store_add_attempt(struct store *store, const struct attempt *attempt, struct kk_err *err);
enum kk_code store_each_attempt(struct store *store, int64_t task_id,
                                bool (*row)(void *ctx, const struct attempt *attempt), void *ctx, struct kk_err *err);
/* RUNNING with a lease before now_ms / PUBLISHED, of an ACTIVE seller, and silent since before_ms. */
enum kk_code store_lapsed_tasks(struct store *store, int64_t now_ms, int limit,
                                bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err);
enum kk_code store_silent_tasks(struct store *store, int64_t before_ms, int limit,
                                bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err);
/* K4: promises once more to publish a PUBLISHED task, with the serial it has; published_at becomes now_ms. */
enum kk_code store_promise_again(struct store *store, const struct task *task, int64_t now_ms, struct kk_err *err);
/* The same for every PUBLISHED task of a seller that goes back to work. Gives their number. */
enum kk_code store_promise_seller_again(struct store *store, struct kk_sv seller_id, int64_t now_ms, int64_t *ret_count,
                                        struct kk_err *err);
struct task_query {
    struct kk_sv seller_id; /* empty: all */
    enum task_state state;  /* TASK_NONE: all */
    enum task_kind kind;    /* 0: all */
    bool dead_only;
    int64_t run_id;   /* 0: all */
    int64_t after_id; /* for paging; by id */
    int64_t until_id; /* the last that is looked at; 0: no last */
    int64_t limit;    /* 0: no limit */
};
/* Where a page that may find little ends: the id of the count-th task after after_id; 0: there are fewer. */
enum kk_code store_task_window(struct store *store, int64_t after_id, int64_t count, int64_t *ret_until_id,
                               struct kk_err *err);
enum kk_code store_each_task(struct store *store, const struct task_query *query,
                             bool (*row)(void *ctx, const struct task *task), void *ctx, struct kk_err *err);
/* M2: tasks of a run by state and kind. */
struct task_tally {
    int64_t count[TASK_OPTIONS + 1][TASK_STATE_COUNT]; /* [kind][state]; kind 0: all */
};
enum kk_code store_tally_tasks(struct store *store, int64_t run_id, struct task_tally *ret, struct kk_err *err);

/* Outbox: rows written with the data they belong to and published after the commit. */
#define OUTBOX_TOPIC_BYTES 96
#define OUTBOX_KEY_BYTES 80
struct outbox_row {
    int64_t id;
    char topic[OUTBOX_TOPIC_BYTES]; /* "task", "event:<name of the sink>", "notify:<name>" */
    char key[OUTBOX_KEY_BYTES];     /* task: the seller; event: the item; "alert" */
    char dedup_key[OUTBOX_KEY_BYTES];
    struct kk_sv body;
    int64_t not_before_ms, created_at_ms, answered_at_ms; /* answered: when the answer behind it came in */
    int attempts;
    int rank;                /* smaller goes first */
    int64_t task_id, serial; /* task rows */
    int64_t run_id;          /* the crawl behind it; 0: none, or one of before this was kept */
};
/* An event's row (task_id 0); tasks' rows come with their tasks. A row of the same topic and dedup key is there
 * already: nothing is written (T3). */
enum kk_code store_add_outbox(struct store *store, const struct outbox_row *row, struct kk_err *err);
/* Due task rows of ACTIVE sellers, fair between them: the sellers after *cursor in turn, each at most seller_cap minus
 * what it has PUBLISHED or RUNNING, at most limit in all; by rank, then age. *cursor moves on to the last seller
 * served. A promise made once more is not held back by the share. A call looks at no more than 1,000 sellers that can
 * be given nothing; the next one goes on behind them. Rows stay valid until the transaction ends. */
enum kk_code store_due_task_rows(struct store *store, int64_t now_ms, int seller_cap, int limit,
                                 char cursor[SELLER_ID_BYTES], bool (*row)(void *ctx, const struct outbox_row *row),
                                 void *ctx, struct kk_err *err);
/* The task WAITING or RETRY → PUBLISHED, guarded by serial, and the row gone: both or neither matter not; a row whose
 * task moved on is only removed. */
enum kk_code store_task_published(struct store *store, int64_t outbox_id, int64_t task_id, int64_t serial,
                                  int64_t now_ms, struct kk_err *err);
/* A relay that sends outside of a transaction has the row in hand: not due before until_ms. Guarded by its due time:
 * *ret_done false when another was first. */
enum kk_code store_task_row_taken(struct store *store, int64_t outbox_id, int64_t due_at_ms, int64_t until_ms,
                                  bool *ret_done, struct kk_err *err);
/* Whether any task is PUBLISHED: a message of it is, or was, in the queue. */
enum kk_code store_has_published(struct store *store, bool *ret, struct kk_err *err);
/* Unpublished event rows of a topic, oldest first. in_sequence: all that are there, for a sink that keeps the order of
 * what it is given. Else only rows that are due, and of one item only its oldest (R7: in version order). */
enum kk_code store_due_event_rows(struct store *store, struct kk_sv topic, bool in_sequence, int64_t now_ms, int limit,
                                  bool (*row)(void *ctx, const struct outbox_row *row), void *ctx, struct kk_err *err);
/* A relay has the row in hand: not due before until_ms, so that no other relay takes it. Guarded by unpublished and
 * not_before: *ret_done false when another was first. */
enum kk_code store_event_taken(struct store *store, const struct outbox_row *row, int64_t until_ms, bool *ret_done,
                               struct kk_err *err);
struct event_answer {
    int http_status;            /* 0: none came */
    struct kk_sv error, answer; /* error: of a failure; answer: what the other side said */
};
enum kk_code store_event_published(struct store *store, int64_t outbox_id, int64_t now_ms,
                                   const struct event_answer *answer, struct kk_err *err);
enum kk_code store_event_failed(struct store *store, int64_t outbox_id, int64_t not_before_ms,
                                const struct event_answer *answer, struct kk_err *err);
/* The earliest not_before of unpublished rows of a topic; INT64_MAX: none. Unpublished rows in all. */
enum kk_code store_outbox_next(struct store *store, struct kk_sv topic, int64_t *ret_due_at_ms, struct kk_err *err);
enum kk_code store_outbox_count(struct store *store, struct kk_sv topic, int64_t *ret_count, struct kk_err *err);
/* For reports: published event rows, with their times, newest first. */
struct delivery {
    int64_t outbox_id, answered_at_ms, created_at_ms, due_at_ms, published_at_ms; /* 0: it is, or is not, published */
    int attempts, http_status;
    struct kk_sv topic, key, dedup_key, error, answer;
};
enum kk_code store_each_delivery(struct store *store, struct kk_sv key, int limit,
                                 bool (*row)(void *ctx, const struct delivery *delivery), void *ctx,
                                 struct kk_err *err);
/* One event row by its key, published (published_at_ms > 0) or not. KK_NOT_FOUND. */
enum kk_code store_get_delivery(struct store *store, struct kk_sv topic, struct kk_sv dedup_key,
                                void (*row)(void *ctx, const struct delivery *delivery), void *ctx, struct kk_err *err);

/* Listing: what a seller's list says. */
struct listing {
    char seller_id[SELLER_ID_BYTES];
    int64_t item_no;
    struct kk_hash list_hash;
    int64_t seen_run_id, seen_pass;                             /* the run, and its list pass, that saw it last */
    int64_t missed_count;                                       /* complete lists in a row without it (R11) */
    int64_t first_seen_at_ms, last_seen_at_ms, full_look_at_ms; /* full look: when a visit last closed; 0: never */
    bool is_removed;
};
enum kk_code store_get_listing(struct store *store, struct kk_sv seller_id, int64_t item_no, struct listing *ret,
                               struct kk_err *err); /* KK_NOT_FOUND */
enum sighting { SIGHTING_NEW = 1, SIGHTING_CHANGED, SIGHTING_SAME };
struct seen_entry {
    enum sighting sighting;
    bool is_first;      /* false: this run and pass saw it already */
    struct listing was; /* the row before; zero when new */
};
/* The list page of run shows the item: remembers it, missed_count 0. */
enum kk_code store_see_item(struct store *store, struct kk_sv seller_id, int64_t item_no, const struct kk_hash *hash,
                            const struct run *run, int64_t now_ms, struct seen_entry *ret_seen, struct kk_err *err);
/* Distinct items that this run saw in its present list pass. */
enum kk_code store_count_seen(struct store *store, const struct run *run, int64_t *ret_count, struct kk_err *err);
/* After a complete list: missed_count + 1 for each listing of the seller not seen in this run's last pass. Guarded by
 * the run, so that a repetition adds nothing. */
enum kk_code store_count_missed(struct store *store, const struct run *run, struct kk_err *err);
/* Listings of the seller, not removed, with missed_count >= misses, at most limit. */
enum kk_code store_missing_items(struct store *store, struct kk_sv seller_id, int64_t misses, int limit,
                                 bool (*row)(void *ctx, const struct listing *listing), void *ctx, struct kk_err *err);
enum kk_code store_mark_removed(struct store *store, struct kk_sv seller_id, int64_t item_no, struct kk_err *err);

/* A visit: the detail waits here for its options. */
struct visit {
    int64_t run_id;
    struct kk_buf detail_json; /* owned: snapshot_write() of a detail */
    struct kk_hash detail_key; /* its body in the archive */
};
enum kk_code store_put_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, int64_t run_id,
                             struct kk_sv detail_json, const struct kk_hash *detail_key, struct kk_err *err);
enum kk_code store_get_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, struct visit *ret,
                             struct kk_err *err); /* KK_NOT_FOUND */
/* The visit is over; a listing that was removed is so no longer when was_complete. */
enum kk_code store_close_visit(struct store *store, struct kk_sv seller_id, int64_t item_no, bool was_complete,
                               int64_t now_ms, struct kk_err *err);

/* Products (D5) */
struct product { /* owned (product_done): snapshot_json */
    int64_t item_no;
    char seller_id[SELLER_ID_BYTES];
    enum product_status status;
    int64_t version;
    struct kk_hash hash;
    int64_t first_seen_at_ms, last_changed_at_ms, last_checked_at_ms;
    struct kk_buf snapshot_json;
    struct kk_hash detail_key, options_key; /* archive keys behind the present version (R10) */
};
void product_done(struct product *product);
enum kk_code store_get_product(struct store *store, int64_t item_no, struct product *ret, struct kk_err *err);
/* Writes the product and its version row. Guarded: the stored version must be product->version - 1 (0: none is
 * stored), else KK_CONFLICT. type, run_id and changes_json go into the version row. */
enum kk_code store_put_version(struct store *store, const struct product *product, enum change_type type,
                               int64_t run_id, struct kk_sv changes_json, struct kk_err *err);
/* A visit found nothing new: last_checked_at, and the seller that shows the item now. */
enum kk_code store_touch_product(struct store *store, int64_t item_no, struct kk_sv seller_id, int64_t checked_at_ms,
                                 struct kk_err *err);
struct product_query {
    struct kk_sv seller_id;       /* empty: all */
    enum product_status status;   /* 0: all */
    int64_t after_item_no, limit; /* by itemNo; limit 0: none */
    int64_t until_item_no;        /* the last that is looked at; 0: no last */
};
/* As store_task_window(). */
enum kk_code store_product_window(struct store *store, int64_t after_item_no, int64_t count, int64_t *ret_until_item_no,
                                  struct kk_err *err);
enum kk_code store_each_product(struct store *store, const struct product_query *query,
                                bool (*row)(void *ctx, const struct product *product), void *ctx, struct kk_err *err);
enum kk_code store_count_products(struct store *store, struct kk_sv seller_id, int64_t *ret_count, struct kk_err *err);
struct product_version {
    int64_t id; /* grows with time over all items */
    int64_t item_no, version, at_ms;
    const char *seller_id;
    enum change_type type;
    struct kk_hash hash, detail_key, options_key;
    struct kk_sv changes_json;
    int64_t run_id; /* 0: of before this was kept */
};
/* item_no 0: of all items; seller_id empty: of all; id > after_id; by id; limit 0: none. newest_first turns it round.
 */
struct version_query {
    int64_t item_no, after_id, limit;
    int64_t before_id; /* 0: up to the newest */
    struct kk_sv seller_id;
    bool newest_first;
};
enum kk_code store_each_version(struct store *store, const struct version_query *query,
                                bool (*row)(void *ctx, const struct product_version *version), void *ctx,
                                struct kk_err *err);

/* Agents */
enum kk_code store_add_agent(struct store *store, struct agent *agent, struct kk_err *err); /* sets id; KK_CONFLICT */
enum kk_code store_get_agent(struct store *store, int64_t agent_id, struct agent *ret, struct kk_err *err);
enum kk_code store_put_agent(struct store *store, const struct agent *agent, struct kk_err *err); /* all but id */
enum kk_code store_each_agent(struct store *store, bool (*row)(void *ctx, const struct agent *agent), void *ctx,
                              struct kk_err *err); /* by id */
/* store_put_agent() keeps each step of the agent's trail. Newest first. */
struct agent_move {
    int64_t agent_id, at_ms;
    enum agent_state from, to;
    char event[17];  /* agent_event_name(); "": not told */
    char cause[128]; /* why it is DISABLED now; else the arrow itself says it */
};
enum kk_code store_each_agent_move(struct store *store, int64_t agent_id, int limit,
                                   bool (*row)(void *ctx, const struct agent_move *move), void *ctx,
                                   struct kk_err *err);
/* Every agent's token goes, and with them what binds the store to the key they were sealed with. */
enum kk_code store_forget_tokens(struct store *store, int64_t *ret_count, struct kk_err *err);

/* B15: removes what is older than the settings say, at most limit rows a call: published events, failed attempts and
 * agents' moves, ended runs, messages. Never products, versions, tasks. */
struct retention {
    int64_t events_before_ms, attempts_before_ms, runs_before_ms;
};
enum kk_code store_purge(struct store *store, const struct retention *retention, int limit, int64_t *ret_count,
                         struct kk_err *err);

#endif
