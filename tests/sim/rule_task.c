/* R3: a task moves only along the arrows of K2, by whoever may move it, and each failed attempt is kept. R5: it exists
 * once. What happens inside one UPDATE is seen as its two ends: RUNNING → FAILED → RETRY as RUNNING → RETRY. */
#include <string.h>

#include "base/assert.h"
#include "sim/picture.h"
#include "sim/proc.h"

static int64_t key_of(struct kk_sv seller_id, struct kk_sv endpoint, int64_t page)
{
    return (int64_t)((uint64_t)number_of_text(seller_id) * 31 + (uint64_t)number_of_text(endpoint) * 7 +
                     (uint64_t)page);
}

struct seen_task *seen_task_of(struct watch *watch, struct kk_sv seller_id, struct kk_sv endpoint, int64_t page)
{
    int at = index_find(&watch->task_keys, key_of(seller_id, endpoint, page));

    return at < 0 ? NULL : &watch->task[at];
}

void rule_task_new(struct watch *watch, const struct row *row)
{
    struct seen_task *task;

    if (seen_task_of(watch, row->t[0], row->t[3], row->n[0])) {
        sim_fail(watch->sim, "R5", "a second task for " KK_SV_FMT " " KK_SV_FMT " page %lld", KK_SV_ARG(row->t[0]),
                 KK_SV_ARG(row->t[3]), (long long)row->n[0]);
        return;
    }
    task = seen_task_new(watch, row->id);
    index_put(&watch->task_keys, key_of(row->t[0], row->t[3], row->n[0]), (int)(task - watch->task));
    kk_sv_copy(row->t[0], task->seller_id, sizeof(task->seller_id));
    KK_ASSERT(task_kind_parse(row->t[1], &task->kind) && task_state_parse(row->t[2], &task->state));
    task->page = row->n[0];
    task->item_no = row->n[1];
    task->run_id = row->n[2];
    task->serial = row->n[3];
    if (task->state != TASK_WAITING || !row->n[4])
        sim_fail(watch->sim, "R3", "task %lld begins as %s, created at %lld", (long long)row->id,
                 task_state_name(task->state), (long long)row->n[4]);
}

static void broken(struct watch *watch, const struct seen_task *task, const struct row *row, const char *why)
{
    sim_fail(watch->sim, "R3", "task %lld (%s, item %lld, serial %lld): " KK_SV_FMT " -> " KK_SV_FMT ": %s",
             (long long)task->id, task_kind_name(task->kind), (long long)task->item_no, (long long)row->n[1],
             KK_SV_ARG(row->t[0]), KK_SV_ARG(row->t[1]), why);
}

static void note_failure(struct watch *watch, int64_t task_id)
{
    struct commit *commit = &watch->commit;

    for (size_t i = 0; i < commit->failed_count; i++)
        if (commit->failed[i].task_id == task_id) {
            commit->failed[i].moves++;
            return;
        }
    KK_ASSERT(commit->failed_count < COMMIT_ROWS_MAX);
    commit->failed[commit->failed_count].task_id = task_id;
    commit->failed[commit->failed_count].attempts = 0;
    commit->failed[commit->failed_count++].moves = 1;
}

/* R9: by the order of the commits, nobody claims a task of a seller at rest. */
static void check_claim(struct watch *watch, const struct seen_task *task, const struct row *row)
{
    const struct seen_seller *seller = seen_seller(watch, task->seller_id);

    if (!seller || seller->state != SELLER_ACTIVE)
        sim_fail(watch->sim, "R9", "task %lld was claimed while its seller %s is at rest", (long long)task->id,
                 task->seller_id);
    if (!row->n[8])
        broken(watch, task, row, "without the time of its start");
}

static bool is_held_by(const struct seen_task *task, const struct proc *proc)
{
    return !proc || (task->holder == proc->number && task->holder_life == proc->life);
}

/* Somebody else may take a task away once its lease is over, or, alone in the installation, from a dead process. */
static bool may_take_away(const struct watch *watch, const struct seen_task *task)
{
    const struct sim *sim = watch->sim;

    return task->lease_until_ms <= sim_wall_ms(sim) || sim->plan.proc_count == 1 || (sim->plan.faults & SIM_CLOCK);
}

static void leave_running(struct watch *watch, const struct seen_task *task, const struct row *row, enum task_state to)
{
    struct commit *commit = &watch->commit;
    int64_t serial_step = row->n[1] - row->n[0];
    bool is_holder = is_held_by(task, commit->proc);

    if (to == TASK_RETRY || to == TASK_FAILED || to == TASK_TIMEOUT)
        note_failure(watch, task->id);
    if (to != TASK_RETRY && !is_holder)
        broken(watch, task, row, "by a process that does not hold it");
    else if (to == TASK_RETRY && !is_holder && !may_take_away(watch, task))
        broken(watch, task, row, "taken away before its lease was over");
    if (to == TASK_RETRY ? serial_step != 1 : serial_step != 0)
        broken(watch, task, row, "with a wrong serial");
    if ((to == TASK_SUCCESS || to == TASK_FAILED) && !row->n[9])
        broken(watch, task, row, "without the time of its end");
    if (to == TASK_FAILED && !row->n[4])
        broken(watch, task, row, "neither dead nor spared");
    if (to == TASK_SUCCESS && task->kind == TASK_LIST) {
        rule_list_succeeded(watch, task); /* at once: the same commit may begin the run's next pass */
    } else if (to == TASK_SUCCESS) {
        KK_ASSERT(commit->succeeded_count < COMMIT_ROWS_MAX);
        commit->succeeded[commit->succeeded_count++] = task->id;
    }
    if (row->n[2] + row->n[3] <= task->attempt + task->lapse_count)
        broken(watch, task, row, "and neither an attempt nor a lapse was counted");
}

static bool is_over(const struct seen_task *task)
{
    return task->state == TASK_SUCCESS || (task->state == TASK_FAILED && task->is_dead);
}

static void check_move(struct watch *watch, struct seen_task *task, const struct row *row, enum task_state to)
{
    int64_t serial_step = row->n[1] - row->n[0];
    bool is_published = to == TASK_PUBLISHED && (task->state == TASK_WAITING || task->state == TASK_RETRY);

    if (task->state == TASK_RUNNING && to != TASK_RUNNING && to != TASK_PUBLISHED && to != TASK_WAITING) {
        leave_running(watch, task, row, to);
    } else if (task->state == TASK_PUBLISHED && to == TASK_RUNNING) {
        check_claim(watch, task, row);
        task->holder = watch->commit.proc ? watch->commit.proc->number : 0;
        task->holder_life = watch->commit.proc ? watch->commit.proc->life : 0;
        if (serial_step)
            broken(watch, task, row, "with a wrong serial");
    } else if (is_published || (task->state == TASK_PUBLISHED && to == TASK_PUBLISHED)) {
        if (serial_step || !row->n[7])
            broken(watch, task, row, "with a wrong serial, or without the time");
    } else if (to == TASK_WAITING && is_over(task)) {
        if (serial_step != 1)
            broken(watch, task, row, "a new life without a new serial");
    } else if (to == TASK_RETRY && task->state == TASK_FAILED && task->is_dead) {
        if (serial_step != 1)
            broken(watch, task, row, "sent back without a new serial");
    } else {
        broken(watch, task, row, "no such arrow");
    }
}

void rule_task_moved(struct watch *watch, const struct row *row)
{
    struct seen_task *task = seen_task(watch, row->id);
    enum task_state from, to;

    KK_ASSERT(task_state_parse(row->t[0], &from) && task_state_parse(row->t[1], &to));
    if (!task || task->state != from || task->serial != row->n[0]) {
        sim_fail(watch->sim, "R3", "task %lld was not what its last move made of it", (long long)row->id);
        return;
    }
    check_move(watch, task, row, to);
    task->state = to;
    task->serial = row->n[1];
    task->attempt = (int)row->n[2];
    task->lapse_count = (int)row->n[3];
    task->is_dead = row->n[4] != 0;
    task->run_id = row->n[5];
    task->lease_until_ms = row->n[6];
    watch->sim->result.counts.dead_letters += task->is_dead && from == TASK_RUNNING;
}

void rule_task_commit(struct watch *watch)
{
    struct commit *commit = &watch->commit;

    for (size_t i = 0; i < commit->failed_count; i++)
        if (commit->failed[i].moves != commit->failed[i].attempts)
            sim_fail(watch->sim, "R3", "task %lld failed %d times in one commit, and %d attempts were kept",
                     (long long)commit->failed[i].task_id, commit->failed[i].moves, commit->failed[i].attempts);
    for (size_t i = 0; i < commit->succeeded_count && !watch->sim->result.is_failed; i++)
        rule_item_succeeded(watch, seen_task(watch, commit->succeeded[i]));
}
