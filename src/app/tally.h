/* app/tally.h: what a transaction does to its runs: tasks made, and counts. */
#ifndef KK_APP_TALLY_H
#define KK_APP_TALLY_H

#include "app/app.h"
#include "core/stat.h"

/* Counts of one transaction, kept by run and by statistics' key until its end, so that a batch updates each once. */
#define TALLY_RUNS_MAX 64
#define TALLY_STATS_MAX 64
struct tally {
    struct {
        int64_t run_id;
        struct run_counts add;
    } run[TALLY_RUNS_MAX];
    size_t run_count;
    struct {
        struct stat_key key;
        struct stat_counts add;
    } stat[TALLY_STATS_MAX];
    size_t stat_count;
};
/* The counts of run_id to add to. Writes all out first when there is no room. */
enum kk_code tally_of(struct app *app, struct tally *tally, int64_t run_id, struct run_counts **ret,
                      struct kk_err *err);
/* The statistics of what a request of a task did today; task NULL: a token's issue. */
enum kk_code tally_stat_of(struct app *app, struct tally *tally, const struct task *task, int64_t agent_id,
                           int64_t now_ms, struct stat_counts **ret, struct kk_err *err);
enum kk_code tally_write(struct app *app, struct tally *tally, struct kk_err *err);

struct next_task { /* what a task leads to; a list has a page, the others an item */
    enum task_kind kind;
    int64_t page, item_no;
    int rank;
};

/* A task of the parent's run is made (its row, its outbox row, the run's counts). *ret_made false: one is under way. */
enum kk_code tally_make_task(struct app *app, const struct task *parent, const struct next_task *next,
                             struct tally *tally, int64_t now_ms, bool *ret_made, struct kk_err *err);

#endif
