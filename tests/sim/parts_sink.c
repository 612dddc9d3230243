/* Where events go: a file that keeps what it is given in order, or a webhook whose receiver is far and moody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/parts.h"
#include "sim/proc.h"
#include "sim/watch.h"

#define EVENT_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define TIMEOUT_MS (15 * KK_SECOND_MS)
#define INFLIGHT_MAX 16

struct parcel { /* one POST on its way */
    struct parcel *next, **at;
    struct proc *proc;
    int life, sink, refs;
    int64_t id;
    char event_id[80];
    struct kk_buf body;
    bool is_told;
    struct sink_result result;
};
struct sink_box {
    struct parcel *parcels;
};

struct sink_box *sink_box_create(void)
{
    struct sink_box *box = calloc(1, sizeof(*box));

    KK_ASSERT(box);
    return box;
}

static void parcel_free(struct parcel *parcel)
{
    *parcel->at = parcel->next;
    if (parcel->next)
        parcel->next->at = parcel->at;
    kk_buf_done(&parcel->body);
    free(parcel);
}

void sink_box_destroy(struct sink_box *box)
{
    while (box && box->parcels)
        parcel_free(box->parcels);
    free(box);
}

static struct proc_sink *self_of(struct sink *s);

static void let_go(struct parcel *parcel)
{
    if (--parcel->refs == 0)
        parcel_free(parcel);
}

static void deliver(struct sim *sim, int sink, struct kk_sv event_id, struct kk_sv body)
{
    sim->result.counts.deliveries++;
    sim_note(sim, NULL, "deliver", sink, (int64_t)body.len);
    sim_tell(sim, NULL, "sink %d got event " KK_SV_FMT, sink, KK_SV_ARG(event_id));
    watch_delivered(sim->watch, sink, event_id, body);
}

/* ---- the webhook ---- */

static void open_result(struct proc *proc, void *what, int64_t arg)
{
    struct parcel *parcel = what;
    struct sink *sink = &proc->sink[parcel->sink].base;
    struct sink_result result = parcel->result;

    (void)arg;
    sim_note(proc->sim, proc, "told", parcel->id, result.code);
    sink->on_delivered(sink->ctx, sink, parcel->id, &result);
    let_go(parcel);
}

static void drop_result(struct proc *proc, void *what, int64_t arg)
{
    (void)proc;
    (void)arg;
    let_go(what);
}

static void tell(struct parcel *parcel, const struct sink_result *result)
{
    struct proc *proc = parcel->proc;

    if (parcel->is_told)
        return;
    parcel->is_told = true;
    parcel->result = *result;
    if (!proc->is_up || proc->is_dead || proc->life != parcel->life)
        return;
    parcel->refs++;
    proc_post(proc, (struct proc_mail){.open = open_result, .drop = drop_result, .what = parcel});
}

static void time_out(struct sim *sim, void *ctx, int64_t arg)
{
    struct sink_result result = {.code = KK_TIMEOUT, .error = "no answer"};

    (void)sim;
    (void)arg;
    tell(ctx, &result);
    let_go(ctx);
}

static void answer(struct sim *sim, void *ctx, int64_t arg)
{
    struct sink_result result = {.code = arg == 204 ? KK_OK : KK_UNAVAILABLE, .http_status = (int)arg};

    if (arg != 204)
        snprintf(result.error, sizeof(result.error), "the receiver answered %d", (int)arg);
    if (arg == 429)
        result.retry_after_ms = 1000 + sim_delay(&sim->fate, 10 * KK_MINUTE_MS);
    tell(ctx, &result);
    let_go(ctx);
}

static void repeat(struct sim *sim, void *ctx, int64_t arg)
{
    struct parcel *parcel = ctx;

    (void)arg;
    deliver(sim, parcel->sink, kk_sv_of(parcel->event_id), kk_buf_sv(&parcel->body));
    let_go(parcel);
}

static void answer_in(struct sim *sim, struct parcel *parcel, int64_t ms, int status)
{
    parcel->refs++;
    sim_at(sim, sim->now_ms + ms, answer, parcel, status);
}

static void arrive(struct sim *sim, void *ctx, int64_t arg)
{
    static const int refusals[] = {500, 503, 429, 400};
    struct parcel *parcel = ctx;
    int64_t back_ms = 1 + (int64_t)sim_below(&sim->order_rng, 50);
    bool is_moody = sim_has(sim, SIM_SINK);

    (void)arg;
    if (is_moody && sim_chance(&sim->fate, 100)) {
        answer_in(sim, parcel, back_ms, refusals[sim_below(&sim->fate, KK_COUNT(refusals))]);
    } else {
        deliver(sim, parcel->sink, kk_sv_of(parcel->event_id), kk_buf_sv(&parcel->body));
        if (is_moody && sim_chance(&sim->fate, 50))
            back_ms += sim_delay(&sim->fate, KK_MINUTE_MS);
        if (!is_moody || !sim_chance(&sim->fate, 50)) /* else its answer is lost */
            answer_in(sim, parcel, back_ms, is_moody && sim_chance(&sim->fate, 20) ? 502 : 204);
        if (is_moody && sim_chance(&sim->fate, 50)) {
            parcel->refs++;
            sim_at(sim, sim->now_ms + sim_delay(&sim->fate, 5 * KK_MINUTE_MS), repeat, parcel, 0);
        }
    }
    let_go(parcel);
}

static int in_flight(const struct proc *proc, int sink)
{
    int count = 0;

    for (const struct parcel *parcel = proc->sim->sinks->parcels; parcel; parcel = parcel->next)
        count += parcel->proc == proc && parcel->life == proc->life && parcel->sink == sink && !parcel->is_told;
    return count;
}

static enum kk_code post(struct proc *proc, int at, int64_t id, struct kk_sv event_id, struct kk_sv body,
                         struct kk_err *err)
{
    struct sim *sim = proc->sim;
    struct parcel *parcel;
    int64_t way_ms = 1 + (int64_t)sim_below(&sim->order_rng, 30);
    enum kk_code rc = fate_before(proc, "sink.start", SIM_SINK, err);

    if (rc)
        return rc;
    if (in_flight(proc, at) >= INFLIGHT_MAX)
        return kk_fail(err, KK_BUSY, "no more at once");
    parcel = calloc(1, sizeof(*parcel));
    KK_ASSERT(parcel);
    *parcel = (struct parcel){.proc = proc, .life = proc->life, .sink = at, .id = id, .body = KK_BUF(EVENT_MAX_BYTES)};
    KK_ASSERT(kk_sv_copy(event_id, parcel->event_id, sizeof(parcel->event_id)));
    kk_buf_add(&parcel->body, body);
    parcel->next = sim->sinks->parcels;
    parcel->at = &sim->sinks->parcels;
    if (parcel->next)
        parcel->next->at = &parcel->next;
    sim->sinks->parcels = parcel;
    if (sim_has(sim, SIM_SINK) && sim_chance(&sim->fate, 50))
        way_ms += sim_delay(&sim->fate, KK_MINUTE_MS);
    parcel->refs = 2;
    sim_at(sim, sim->now_ms + way_ms, arrive, parcel, 0);
    sim_at(sim, sim->now_ms + TIMEOUT_MS, time_out, parcel, 0);
    return fate_after(proc, "sink.start", 0, KK_OK, err);
}

/* ---- the file ---- */

static enum kk_code add_line(struct proc_sink *self, int64_t id, struct kk_sv event_id, struct kk_sv body,
                             struct kk_err *err)
{
    enum kk_code rc = fate_before(self->proc, "sink.start", SIM_SINK, err);

    if (rc)
        return rc;
    if (self->line_count == KK_COUNT(self->line))
        return kk_fail(err, KK_BUSY, "no more at once");
    self->line[self->line_count].id = id;
    kk_sv_copy(event_id, self->line[self->line_count].event_id, sizeof(self->line[0].event_id));
    kk_buf_done(&self->line[self->line_count].body);
    self->line[self->line_count].body = KK_BUF(EVENT_MAX_BYTES);
    kk_buf_add(&self->line[self->line_count++].body, body);
    return KK_OK;
}

/* A beginning of the lines gets there, and what is told as delivered is a beginning of that. */
static void write_lines(struct proc_sink *self)
{
    struct proc *proc = self->proc;
    struct sim *sim = proc->sim;
    size_t count = self->line_count, written = count, synced = count;
    struct kk_err err;

    if (!count || proc->is_dead)
        return;
    if (sim_has(sim, SIM_SINK) && sim_chance(&sim->fate, 50)) {
        written = (size_t)sim_below(&sim->fate, count + 1);
        synced = (size_t)sim_below(&sim->fate, written + 1);
    }
    if (fate_before(proc, "sink.flush", SIM_SINK, &err))
        written = synced = 0;
    for (size_t i = 0; i < written && !proc->is_dead; i++)
        deliver(sim, self->at, kk_sv_of(self->line[i].event_id), kk_buf_sv(&self->line[i].body));
    if (fate_after(proc, "sink.flush", SIM_SINK, KK_OK, &err))
        synced = 0;
    self->line_count = 0;
    for (size_t i = 0; i < count && !proc->is_dead; i++) {
        struct sink_result result = {.code = i < synced ? KK_OK : KK_FULL};

        self->base.on_delivered(self->base.ctx, &self->base, self->line[i].id, &result);
    }
}

/* ---- a process's view ---- */

static enum kk_code s_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct proc_sink *self = self_of(s);

    return s->is_sequence ? add_line(self, event->id, event->event_id, event->body, err)
                          : post(self->proc, self->at, event->id, event->event_id, event->body, err);
}

static void s_flush(struct sink *s)
{
    if (s->is_sequence)
        write_lines(self_of(s));
}

static void s_close(struct sink *s)
{
    (void)s;
}

static const struct sink_ops ops = {.kind = "sim", .start = s_start, .flush = s_flush, .close = s_close};

static struct proc_sink *self_of(struct sink *s)
{
    KK_ASSERT(s->ops == &ops);
    return (struct proc_sink *)s;
}

void proc_open_sinks(struct proc *proc)
{
    const struct sim_plan *plan = &proc->sim->plan;

    for (int i = 0; i < plan->sink_count; i++) {
        struct proc_sink *sink = &proc->sink[i];

        sink->base.ops = &ops;
        sink->base.is_sequence = plan->is_sequence[i];
        snprintf(sink->base.name, sizeof(sink->base.name), "%s-%d", plan->is_sequence[i] ? "file" : "webhook", i);
        sink->proc = proc;
        sink->at = i;
        sink->line_count = 0;
        proc->app.sinks[i] = &sink->base;
    }
    proc->app.sink_count = (size_t)plan->sink_count;
}

void proc_close_ports(struct proc *proc)
{
    queue_close(proc->app.queue);
    limiter_close(proc->app.limiter);
    archive_close(proc->app.archive);
    fetcher_close(proc->app.fetcher);
    for (size_t i = 0; i < proc->app.sink_count; i++)
        sink_close(proc->app.sinks[i]);
}
