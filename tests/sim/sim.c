/* Time, chance, the order of events, and the memory of what happened. */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/proc.h"

uint64_t sim_below(const struct kk_rng *rng, uint64_t bound)
{
    return bound ? kk_rng_below(rng, bound) : 0;
}

bool sim_chance(const struct kk_rng *rng, uint64_t per_mille)
{
    return kk_rng_chance(rng, per_mille, 1000);
}

int64_t sim_delay(const struct kk_rng *rng, int64_t max_ms)
{
    int64_t top = max_ms;

    for (uint64_t halvings = sim_below(rng, 12); halvings && top > 1; halvings--)
        top /= 2;
    return (int64_t)sim_below(rng, (uint64_t)top + 1);
}

/* ---- what will happen ---- */

static bool is_sooner(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void sift_up(struct sim *sim, size_t at)
{
    while (at && is_sooner(&sim->heap[at], &sim->heap[(at - 1) / 2])) {
        struct sim_event swap = sim->heap[at];

        sim->heap[at] = sim->heap[(at - 1) / 2];
        sim->heap[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

static void sift_down(struct sim *sim, size_t at)
{
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sim->heap_count; child++)
            if (is_sooner(&sim->heap[child], &sim->heap[least]))
                least = child;
        if (least == at)
            return;
        struct sim_event swap = sim->heap[at];

        sim->heap[at] = sim->heap[least];
        sim->heap[least] = swap;
        at = least;
    }
}

void sim_at(struct sim *sim, int64_t at_ms, void (*run)(struct sim *sim, void *ctx, int64_t arg), void *ctx,
            int64_t arg)
{
    if (sim->heap_count == sim->heap_cap) {
        sim->heap_cap = sim->heap_cap ? 2 * sim->heap_cap : 64;
        sim->heap = realloc(sim->heap, sim->heap_cap * sizeof(*sim->heap));
        KK_ASSERT(sim->heap);
    }
    sim->heap[sim->heap_count++] = (struct sim_event){.at_ms = at_ms > sim->now_ms ? at_ms : sim->now_ms,
                                                      .order = ++sim->last_order,
                                                      .run = run,
                                                      .ctx = ctx,
                                                      .arg = arg};
    sift_up(sim, sim->heap_count - 1);
}

bool sim_run_event(struct sim *sim)
{
    struct sim_event event;

    if (!sim->heap_count || sim->heap[0].at_ms > sim->now_ms)
        return false;
    event = sim->heap[0];
    sim->heap[0] = sim->heap[--sim->heap_count];
    sift_down(sim, 0);
    event.run(sim, event.ctx, event.arg);
    return true;
}

void sim_changed(struct sim *sim)
{
    sim->changed_at_ms = sim->now_ms;
}

int64_t sim_wall_ms(const struct sim *sim)
{
    return SIM_EPOCH_MS + sim->now_ms + sim->wall_offset_ms;
}

bool sim_has(const struct sim *sim, enum sim_fault fault)
{
    return !sim->is_calm && (sim->plan.faults & fault);
}

/* ---- what happened ---- */

static void mix(struct sim *sim, uint64_t number)
{
    uint64_t hash = (sim->result.hash ^ number) * UINT64_C(0x9E3779B97F4A7C15);

    sim->result.hash = hash ^ (hash >> 29);
}

static void write_line(struct sim *sim, const struct proc *who, const char *text)
{
    char *line = sim->ring[sim->ring_next++ % SIM_RING];
    int64_t ms = sim->now_ms;

    snprintf(line, SIM_LINE_BYTES, "%3lldd %02lld:%02lld:%02lld.%03lld  %-4s %s", (long long)(ms / KK_DAY_MS),
             (long long)(ms / KK_HOUR_MS % 24), (long long)(ms / KK_MINUTE_MS % 60),
             (long long)(ms / KK_SECOND_MS % 60), (long long)(ms % 1000), who ? proc_name(who) : "-", text);
    if (sim->options->is_long_trace)
        fprintf(sim->options->trace, "%s\n", line);
}

void sim_note(struct sim *sim, const struct proc *who, const char *what, int64_t a, int64_t b)
{
    uint64_t word = 0;

    memcpy(&word, what, strnlen(what, sizeof(word)));
    mix(sim, word);
    mix(sim, (uint64_t)a);
    mix(sim, (uint64_t)b);
    mix(sim, (uint64_t)sim->now_ms);
    if (sim->options->trace)
        sim_tell(sim, who, "%s %lld %lld", what, (long long)a, (long long)b);
}

void sim_tell(struct sim *sim, const struct proc *who, const char *fmt, ...)
{
    char text[SIM_LINE_BYTES - 40];
    va_list args;

    if (!sim->options->trace)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    write_line(sim, who, text);
}

void sim_fail(struct sim *sim, const char *rule, const char *fmt, ...)
{
    va_list args;

    if (sim->result.is_failed)
        return;
    sim->result.is_failed = true;
    sim->result.at_ms = sim->now_ms;
    snprintf(sim->result.rule, sizeof(sim->result.rule), "%s", rule);
    va_start(args, fmt);
    vsnprintf(sim->result.text, sizeof(sim->result.text), fmt, args);
    va_end(args);
    sim_tell(sim, sim->running, "%s DOES NOT HOLD: %s", rule, sim->result.text);
}

void sim_print_ring(const struct sim *sim)
{
    uint64_t count = sim->ring_next < SIM_RING ? sim->ring_next : SIM_RING;

    for (uint64_t i = sim->ring_next - count; i < sim->ring_next; i++)
        fprintf(sim->options->trace, "    %s\n", sim->ring[i % SIM_RING]);
}
