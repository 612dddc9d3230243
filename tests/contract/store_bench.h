/* contract/store_bench.h: what the store's suites have in common: two connections to one fresh database, and short ways
 * to put something into it. */
#ifndef KK_TESTS_STORE_BENCH_H
#define KK_TESTS_STORE_BENCH_H

#include "contract/store_contract.h"
#include "support/check.h"

#define BENCH_NOW_MS INT64_C(1700000000000)
#define BENCH_LEASE_MS INT64_C(600000)
#define BENCH_ROWS_MAX 64

struct store_bench {
    struct store *store, *other; /* two processes */
    struct kk_err err;
};
int store_bench_open(void **state);
int store_bench_close(void **state);
#define STORE_TEST(fn) cmocka_unit_test_setup_teardown(fn, store_bench_open, store_bench_close)

void bench_seller(struct store_bench *bench, const char *seller_id, enum seller_state state);
void bench_seller_state(struct store_bench *bench, const char *seller_id, enum seller_state state);
struct run bench_run(struct store_bench *bench, const char *seller_id);
/* A detail task; CHECKs that it was made. */
struct task bench_task(struct store_bench *bench, const char *seller_id, int64_t item_no, int rank);
/* The relay's work for one task whose outbox row is due. */
void bench_publish(struct store_bench *bench, const struct task *task);
struct task_ticket bench_ticket(const struct task *task);
struct task bench_claim(struct store_bench *bench, const struct task *task); /* CHECKs that it was won */
struct task bench_get(struct store_bench *bench, int64_t task_id);
/* Moves and puts; CHECKs that the move is one and gives whether it was done. */
bool bench_move(struct store_bench *bench, struct task *task, enum task_event on, int64_t now_ms);
int64_t bench_outbox_count(struct store *store, const char *topic);

struct bench_rows { /* outbox rows as a row function got them; body is not kept */
    struct outbox_row row[BENCH_ROWS_MAX];
    size_t count, stop_at; /* stop_at 0: does not stop */
};
bool bench_note_row(void *ctx, const struct outbox_row *row);
struct bench_rows bench_due(struct store_bench *bench, int64_t now_ms, int cap, int limit,
                            char cursor[SELLER_ID_BYTES]);

struct bench_tasks {
    struct task task[BENCH_ROWS_MAX];
    size_t count;
};
bool bench_note_task(void *ctx, const struct task *task);

/* The parts of the suite; each gives the number of tests that failed. */
int store_base_run(const char *group);
int store_seller_run(const char *group);
int store_task_run(const char *group);
int store_claim_run(const char *group);
int store_outbox_run(const char *group);
int store_event_run(const char *group);
int store_item_run(const char *group);
int store_stat_run(const char *group);
int store_alert_run(const char *group);

#endif
