/* R11: what is called removed was missing from enough complete lists in a row. The watcher reads along: for each run,
 * the items on the pages that came in during its last pass. */
#include <string.h>

#include "base/assert.h"
#include "sim/picture.h"
#include "sim/proc.h"

static void begin_pass(struct seen_run *run)
{
    run->count = -1;
    run->seen_count = 0;
    run->pages_in = 0;
}

static void see(struct seen_run *run, int64_t item_no)
{
    for (size_t i = 0; i < run->seen_count; i++)
        if (run->item[i] == item_no)
            return;
    KK_ASSERT(run->seen_count < LIST_ITEMS_MAX);
    run->item[run->seen_count++] = item_no;
}

void rule_list_succeeded(struct watch *watch, const struct seen_task *task)
{
    const struct answer_facts_seen *answer = NULL;
    struct seen_run *run = seen_run(watch, task->run_id);

    if (!run)
        return;
    answer = last_answer(watch, task);
    if (!answer || !answer_is_good(answer)) {
        sim_fail(watch->sim, "R8", "page %lld of %s is in, and the site's answer was %s", (long long)task->page,
                 task->seller_id,
                 !answer            ? "none"
                 : answer->is_whole ? "no good one"
                                    : "cut");
        return;
    }
    run->count = answer->count;
    run->pages_in++;
    for (size_t i = 0; i < answer->item_count; i++) {
        see(run, answer->item[i]);
        seen_listing(watch, task->seller_id, answer->item[i])->missed = 0;
    }
}

static bool is_seen(const struct seen_run *run, int64_t item_no)
{
    for (size_t i = 0; i < run->seen_count; i++)
        if (run->item[i] == item_no)
            return true;
    return false;
}

static bool is_complete(const struct seen_run *run)
{
    return run->pages_in >= run->page_count && run->count == (int64_t)run->seen_count;
}

/* Its list was complete, it says. */
static void check_complete(struct watch *watch, const struct seen_run *run)
{
    if (!is_complete(run))
        sim_fail(watch->sim, "R11",
                 "run %lld is called complete: %lld of %lld pages came in, and %zu items of %lld were on them",
                 (long long)run->id, (long long)run->pages_in, (long long)run->page_count, run->seen_count,
                 (long long)run->count);
}

static void count_missed(struct watch *watch, const struct seen_run *run)
{
    for (size_t i = 0; i < watch->listing_count; i++)
        if (strcmp(watch->listing[i].seller_id, run->seller_id) == 0 && !is_seen(run, watch->listing[i].item_no))
            watch->listing[i].missed++;
}

void rule_run(struct watch *watch, const struct row *row)
{
    struct seen_run *run = seen_run(watch, row->id);
    struct seen_seller *seller;
    enum run_state state;

    KK_ASSERT(run_state_parse(row->t[1], &state));
    if (!run) {
        run = seen_run_new(watch, row->id);
        kk_sv_copy(row->t[0], run->seller_id, sizeof(run->seller_id));
        run->list_pass = row->n[0];
        begin_pass(run);
    }
    if (run->list_pass != row->n[0]) {
        run->list_pass = row->n[0];
        begin_pass(run);
    }
    run->page_count = row->n[5];
    seller = seen_seller(watch, run->seller_id);
    if (state != RUN_OPEN && run->state == RUN_OPEN && seller) {
        watch->sim->result.counts.runs++;
        seller->ended_runs++;
        seller->complete_runs += state == RUN_COMPLETE;
        if (row->n[4])
            sim_fail(watch->sim, "R4", "run %lld ended with %lld open tasks", (long long)run->id, (long long)row->n[4]);
        if (state == RUN_COMPLETE) {
            if (!watch->sim->result.first_run_ms)
                watch->sim->result.first_run_ms = watch->sim->now_ms;
            check_complete(watch, run);
            count_missed(watch, run);
        }
    }
    run->state = state;
}

/* R11. The removals of a run are written before its end, so the list it just read counts as one more. */
void rule_removed(struct watch *watch, const char *seller_id, int64_t item_no)
{
    int64_t missed = seen_listing(watch, seller_id, item_no)->missed;

    for (size_t i = watch->run_count; i-- > 0;) {
        const struct seen_run *run = &watch->run[i];

        if (run->state != RUN_OPEN || strcmp(run->seller_id, seller_id) != 0)
            continue;
        missed += is_complete(run) && !is_seen(run, item_no);
        break;
    }
    if (missed < watch->sim->plan.limits.removal_misses)
        sim_fail(watch->sim, "R11", "item %lld is called removed after it was missing from %lld complete lists",
                 (long long)item_no, (long long)missed);
}
