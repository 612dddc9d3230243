/* A list page: it tells how many pages there are, and which items; page 0 makes the tasks of the further pages, each
 * page those of its items' details (K6). */
#include "app/settle_list.h"

#include <inttypes.h>

#include "base/log.h"
#include "ports/store.h"

#define LIST_PAGES_MAX 10000
enum { RANK_FIRST = 0, RANK_LATER = 1 };

/* Page 0: the pages behind it. A site that serves smaller pages than asked is followed: its size is the size. */
static enum kk_code make_pages(struct app *app, const struct job *job, struct run *run, struct tally *tally,
                               int64_t now_ms, struct kk_err *err)
{
    int64_t rows = (int64_t)job->list.row_count;
    int64_t asked = job->page_size;
    int64_t page_count = 1;

    if (rows > 0 && job->list.count > rows) {
        run->page_size = rows < asked ? rows : asked;
        page_count = (job->list.count + run->page_size - 1) / run->page_size;
    }
    if (page_count > LIST_PAGES_MAX)
        page_count = LIST_PAGES_MAX;
    for (int64_t page = 1; page < page_count; page++) {
        const struct next_task next = {.kind = TASK_LIST, .page = page, .rank = RANK_FIRST};
        bool is_made = false;
        enum kk_code rc = tally_make_task(app, &job->task, &next, tally, now_ms, &is_made, err);

        if (rc)
            return rc;
        if (is_made) {
            run->page_count++;
            run->list_open++;
        }
    }
    return KK_OK;
}

static bool wants_look(const struct seller *seller, const struct seen_entry *seen, const struct run *run,
                       int64_t now_ms)
{
    const struct listing *was = &seen->was;

    if (was->seen_run_id == run->id)
        return false; /* an earlier page or pass of this run made its task */
    if (seller->mode == CRAWL_FULL || seen->sighting != SIGHTING_SAME || was->is_removed)
        return true;
    return was->full_look_at_ms + seller->full_every_ms <= now_ms;
}

static enum kk_code see_entries(struct app *app, const struct job *job, const struct run *run, struct tally *tally,
                                int64_t now_ms, struct kk_err *err)
{
    struct seller seller;
    enum kk_code rc = store_get_seller(app->store, kk_sv_of(job->task.seller_id), &seller, err);

    for (size_t i = 0; !rc && i < job->list.entry_count; i++) {
        const struct list_entry *entry = &job->list.entry[i];
        struct next_task next = {.kind = TASK_DETAIL, .item_no = entry->item_no};
        struct seen_entry seen;
        bool is_made;

        rc = store_see_item(app->store, kk_sv_of(seller.seller_id), entry->item_no, &entry->hash, run, now_ms, &seen,
                            err);
        if (rc || !wants_look(&seller, &seen, run, now_ms))
            continue;
        next.rank = seen.sighting == SIGHTING_SAME ? RANK_LATER : RANK_FIRST;
        rc = tally_make_task(app, &job->task, &next, tally, now_ms, &is_made, err);
    }
    return rc;
}

static enum kk_code read_again(struct app *app, struct run *run, struct tally *tally, int64_t now_ms,
                               struct kk_err *err)
{
    const struct next_task next = {.kind = TASK_LIST, .rank = RANK_FIRST};
    struct task origin = {.run_id = run->id};
    bool is_made = false;
    enum kk_code rc;

    run->list_pass++;
    run->page_count = 1;
    run->list_open = 1;
    run->list_failed = 0;
    run->page_size = 0;
    kk_sv_copy(kk_sv_of(run->seller_id), origin.seller_id, sizeof(origin.seller_id));
    rc = tally_make_task(app, &origin, &next, tally, now_ms, &is_made, err);
    if (!rc && !is_made)
        rc = kk_fail(err, KK_CONFLICT, "run %" PRId64 ": its list is under way", run->id);
    if (!rc)
        rc = store_put_run_list(app->store, run, err);
    return rc;
}

enum kk_code settle_list_over(struct app *app, struct run *run, const struct task *task, bool is_in,
                              struct tally *tally, int64_t now_ms, struct kk_err *err)
{
    enum kk_code rc;

    if (run->state != RUN_OPEN)
        return KK_OK; /* a dead letter sent back after its run had ended */
    run->list_open--;
    run->list_failed += is_in ? 0 : 1;
    rc = store_put_run_list(app->store, run, err);
    if (rc || run->list_open > 0)
        return rc;
    rc = store_count_seen(app->store, run, &run->seen_count, err);
    if (rc)
        return rc;
    if (run_next(run) != RUN_READ_LIST_AGAIN)
        return store_put_run_list(app->store, run, err);
    kk_log(KK_EV_RUN_REREAD, KK_NUM("run_id", run->id), KK_CSTR("seller_id", task->seller_id),
           KK_NUM("item_count", run->item_count), KK_NUM("seen_count", run->seen_count));
    return read_again(app, run, tally, now_ms, err);
}

enum kk_code settle_list(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                         struct kk_err *err)
{
    struct run run;
    enum kk_code rc = store_get_run(app->store, job->task.run_id, &run, err);

    if (rc)
        return rc;
    run.item_count = job->list.count;
    if (job->task.page == 0)
        rc = make_pages(app, job, &run, tally, now_ms, err);
    if (!rc)
        rc = see_entries(app, job, &run, tally, now_ms, err);
    return rc ? rc : settle_list_over(app, &run, &job->task, true, tally, now_ms, err);
}
