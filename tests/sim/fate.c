/* What befalls a process inside a call: it dies, stands still, or the call fails, before or after its effect. */
#include <sqlite3.h>

#include "base/assert.h"
#include "sim/proc.h"
#include "sim/watch.h"
#include "support/vfs_disk.h"

/* Calls until the next fault: about mean, never the same. */
static int64_t gap(struct sim *sim, int64_t mean)
{
    return 1 + (int64_t)sim_below(&sim->fate, (uint64_t)(2 * mean));
}

static bool counts_down(struct sim *sim, int64_t *left, int64_t mean)
{
    if (!mean || sim->is_calm)
        return false;
    if (*left <= 0)
        *left = gap(sim, mean);
    return --*left == 0;
}

static void stall(struct proc *proc)
{
    struct sim *sim = proc->sim;
    int64_t ms = sim_delay(&sim->fate, sim->plan.stall_max_ms);

    sim->result.counts.stalls++;
    sim_note(sim, proc, "stalls", ms, 0);
    proc_sleep(proc, ms);
    sim->failed_at_ms = sim->now_ms;
}

static void fails(struct proc *proc, const char *what, bool is_after)
{
    struct sim *sim = proc->sim;

    sim->result.counts.failures++;
    sim->failed_at_ms = sim->now_ms;
    sim_note(sim, proc, "fails", is_after, 0);
    sim_tell(sim, proc, "told to fail %s: %s", is_after ? "after its effect" : "before its effect", what);
}

enum fate { FATE_GO, FATE_KILL, FATE_POWER, FATE_STALL, FATE_FAIL };

/* Which of those that are on in this run. */
static enum fate draw(struct sim *sim, enum sim_fault fault)
{
    switch ((enum fate)sim_below(&sim->fate, 5)) {
    case FATE_KILL:
        return sim_has(sim, SIM_KILL) ? FATE_KILL : FATE_GO;
    case FATE_POWER:
        return sim_has(sim, SIM_POWER) && sim_chance(&sim->fate, 100) ? FATE_POWER : FATE_GO;
    case FATE_STALL:
        return sim_has(sim, SIM_STALL) ? FATE_STALL : FATE_GO;
    case FATE_FAIL:
    case FATE_GO:
        break;
    }
    return sim_has(sim, fault) ? FATE_FAIL : FATE_GO;
}

static bool strike(struct proc *proc, enum fate fate, const char *what, bool is_after)
{
    switch (fate) {
    case FATE_GO:
        return false;
    case FATE_POWER:
        proc->sim->is_cut = true;
        proc_kill(proc);
        return true;
    case FATE_KILL:
        sim_tell(proc->sim, proc, "dies %s %s", is_after ? "after" : "before", what);
        proc_kill(proc);
        return true;
    case FATE_STALL:
        if (!proc->is_firm)
            stall(proc);
        return false;
    case FATE_FAIL:
        fails(proc, what, is_after);
        return true;
    }
    KK_UNREACHABLE();
}

enum kk_code fate_before(struct proc *proc, const char *what, enum sim_fault fault, struct kk_err *err)
{
    struct sim *sim = proc->sim;

    if (proc->is_dead)
        return kk_fail(err, KK_UNAVAILABLE, "%s: the process is dead", what);
    if (!counts_down(sim, &proc->ports_left, sim->plan.port_calls))
        return KK_OK;
    if (strike(proc, draw(sim, fault), what, false) || proc->is_dead)
        return kk_fail(err, KK_UNAVAILABLE, "%s was told to fail", what);
    return KK_OK;
}

enum kk_code fate_after(struct proc *proc, const char *what, enum sim_fault fault, enum kk_code rc, struct kk_err *err)
{
    struct sim *sim = proc->sim;

    if (proc->is_dead)
        return kk_fail(err, KK_UNAVAILABLE, "%s: the process is dead", what);
    sim_note(sim, proc, what, rc, 0);
    if (!counts_down(sim, &proc->ports_left, sim->plan.port_calls))
        return rc;
    if (strike(proc, draw(sim, fault), what, true) || proc->is_dead)
        return kk_fail(err, KK_UNAVAILABLE, "the answer of %s was lost", what);
    return rc;
}

static int disk_code(enum vfs_call call)
{
    switch (call) {
    case VFS_OPEN:
        return SQLITE_CANTOPEN;
    case VFS_READ:
        return SQLITE_IOERR_READ;
    case VFS_WRITE:
        return SQLITE_FULL;
    case VFS_TRUNCATE:
        return SQLITE_IOERR_TRUNCATE;
    case VFS_SYNC:
        return SQLITE_IOERR_FSYNC;
    case VFS_DELETE:
        return SQLITE_IOERR_DELETE;
    case VFS_LOCK:
        return SQLITE_BUSY;
    case VFS_CALL_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

int fate_of_disk(struct sim *sim, int owner, int call, bool is_after)
{
    struct proc *proc = sim->running;
    const char *what = vfs_call_name((enum vfs_call)call);

    if (owner == SIM_OWNER_WATCH)
        return SQLITE_OK;
    KK_ASSERT(proc && proc->number == owner);
    if (proc->is_dead)
        return disk_code((enum vfs_call)call);
    if (call == VFS_WRITE && !is_after)
        sim_note(sim, proc, "disk", call, vfs_disk_writes(sim->disk));
    if (!counts_down(sim, &proc->disk_left, sim->plan.disk_calls))
        return SQLITE_OK;
    if (strike(proc, draw(sim, SIM_DISK), what, is_after) || proc->is_dead)
        return disk_code((enum vfs_call)call);
    return SQLITE_OK;
}
