/* The limiter: the real one in the store with trouble around it, or the same on a machine of its own, whose decisions
 * no rollback here takes back. */
#include <stdlib.h>

#include "adapters/limiter/limiter_local.h"
#include "adapters/store/store_sqlite.h"
#include "base/assert.h"
#include "sim/parts.h"
#include "sim/proc.h"
#include "support/vfs_disk.h"

struct remote_limiter {
    struct sim *sim;
    struct store *store;
    struct limiter *limiter;
    struct kk_clock clock;
    struct kk_rng_seeded seed;
    struct kk_rng rng;
};

static int64_t far_wall(void *ctx)
{
    const struct remote_limiter *far = ctx;

    return SIM_EPOCH_MS + far->sim->now_ms;
}

static int64_t far_mono(void *ctx)
{
    const struct remote_limiter *far = ctx;

    return KK_DAY_MS + far->sim->now_ms;
}

struct remote_limiter *remote_limiter_create(struct sim *sim)
{
    const struct db_sqlite_options options = {.vfs = "kk-far"};
    struct remote_limiter *far = calloc(1, sizeof(*far));
    int from, to;

    KK_ASSERT(far);
    far->sim = sim;
    far->clock = (struct kk_clock){.wall_ms = far_wall, .mono_ms = far_mono, .ctx = far};
    far->rng = kk_rng_from_seed(&far->seed, sim->options->seed + 77);
    KK_ASSERT(store_sqlite_open("limiter.db", &options, &far->clock, &far->store, NULL) == KK_OK);
    KK_ASSERT(store_migrate(far->store, &from, &to, NULL) == KK_OK);
    KK_ASSERT(limiter_local_open(far->store, &sim->plan.limiter, &far->clock, &far->rng, &far->limiter, NULL) == KK_OK);
    return far;
}

void remote_limiter_destroy(struct remote_limiter *far)
{
    if (!far)
        return;
    limiter_close(far->limiter);
    store_close(far->store);
    free(far);
}

/* ---- a process's view ---- */

static struct proc_limiter *self_of(struct limiter *l);

static struct limiter *target(const struct proc_limiter *self)
{
    return self->inner ? self->inner : self->proc->sim->limiter->limiter;
}

static enum kk_code l_turn(struct limiter *l, const struct limiter_ask *ask, struct limiter_grant *ret_grants,
                           size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err)
{
    struct proc_limiter *self = self_of(l);
    struct proc *proc = self->proc;
    enum kk_code rc = fate_before(proc, "limiter.turn", SIM_LIMITER, err);
    size_t count = 0;
    int64_t wait_ms = 0;

    if (rc)
        return rc;
    rc = limiter_turn(target(self), ask, ret_grants, &count, &wait_ms, err);
    rc = fate_after(proc, "limiter.turn", SIM_LIMITER, rc, err);
    if (rc)
        return rc;
    proc->limiter_at_ms = wait_ms && wait_ms < INT64_MAX / 2 ? proc->sim->now_ms + wait_ms : INT64_MAX;
    *ret_count = count;
    *ret_wait_ms = wait_ms;
    return KK_OK;
}

static enum kk_code l_again(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err)
{
    struct proc_limiter *self = self_of(l);
    enum kk_code rc = fate_before(self->proc, "limiter.again", SIM_LIMITER, err);

    if (rc)
        return rc;
    rc = limiter_again(target(self), grant, err);
    return fate_after(self->proc, "limiter.again", SIM_LIMITER, rc, err);
}

static enum kk_code l_look(struct limiter *l, const int64_t *agent_ids, size_t count, struct limiter_agent *ret,
                           struct kk_err *err)
{
    struct proc_limiter *self = self_of(l);
    enum kk_code rc = fate_before(self->proc, "limiter.look", SIM_LIMITER, err);

    if (rc)
        return rc;
    rc = limiter_look(target(self), agent_ids, count, ret, err);
    return fate_after(self->proc, "limiter.look", SIM_LIMITER, rc, err);
}

static enum kk_code l_unhold(struct limiter *l, int64_t agent_id, struct kk_err *err)
{
    struct proc_limiter *self = self_of(l);
    enum kk_code rc = fate_before(self->proc, "limiter.unhold", SIM_LIMITER, err);

    if (rc)
        return rc;
    rc = limiter_unhold(target(self), agent_id, err);
    return fate_after(self->proc, "limiter.unhold", SIM_LIMITER, rc, err);
}

static enum kk_code l_recover(struct limiter *l, struct kk_err *err)
{
    struct proc_limiter *self = self_of(l);
    enum kk_code rc = fate_before(self->proc, "limiter.recover", SIM_LIMITER, err);

    if (rc)
        return rc;
    rc = limiter_recover(self->inner, err);
    return fate_after(self->proc, "limiter.recover", SIM_LIMITER, rc, err);
}

static void l_close(struct limiter *l)
{
    limiter_close(self_of(l)->inner);
}

static const struct limiter_ops ops = {.name = "sim",
                                       .joins_store = true,
                                       .turn = l_turn,
                                       .again = l_again,
                                       .look = l_look,
                                       .unhold = l_unhold,
                                       .recover = l_recover,
                                       .close = l_close};

/* Only the process that is alone with its limiter may say that everybody else is dead. */
static const struct limiter_ops remote_ops = {
    .name = "sim-far", .turn = l_turn, .again = l_again, .look = l_look, .unhold = l_unhold, .close = l_close};

static struct proc_limiter *self_of(struct limiter *l)
{
    KK_ASSERT(l->ops == &ops || l->ops == &remote_ops);
    return (struct proc_limiter *)l;
}

enum kk_code proc_open_limiter(struct proc *proc, struct kk_err *err)
{
    bool is_remote = proc->sim->plan.has_remote_limiter;

    proc->limiter = (struct proc_limiter){.base.ops = is_remote ? &remote_ops : &ops, .proc = proc};
    proc->app.limiter = &proc->limiter.base;
    if (is_remote)
        return KK_OK;
    return limiter_local_open(proc->app.store, &proc->sim->plan.limiter, &proc->clock, &proc->rng, &proc->limiter.inner,
                              err);
}
