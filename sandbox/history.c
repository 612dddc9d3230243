#include "sandbox/history.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/memory.h"

static const char *const kind_names[] = {
#define X(kind, name, meaning) [WORLD_##kind] = name,
    WORLD_KINDS(X)
#undef X
};

const char *world_kind_name(enum world_kind kind)
{
    return kind_names[kind];
}

bool world_kind_parse(struct kk_sv name, enum world_kind *ret)
{
    for (size_t k = 0; k < WORLD_KIND_COUNT; k++)
        if (kk_sv_eq(name, kk_sv_of(kind_names[k]))) {
            *ret = (enum world_kind)k;
            return true;
        }
    return false;
}

static struct history_entry *slot_of(const struct history *history, int64_t seq)
{
    return &history->entry[(size_t)(seq - 1) % history->cap];
}

/* Grows only while no number has wrapped, so that every entry keeps its slot. */
static void grow(struct history *history)
{
    size_t cap = history->cap ? history->cap * 2 : 256;

    if (cap > HISTORY_MAX)
        cap = HISTORY_MAX;
    history->entry = memory_grow(history->entry, cap, sizeof(*history->entry));
    memset(history->entry + history->cap, 0, (cap - history->cap) * sizeof(*history->entry));
    history->cap = cap;
}

int64_t history_add(struct history *history, const struct history_entry *entry, struct kk_sv fields)
{
    int64_t seq = history->last + 1;

    if ((size_t)history->last == history->cap && history->cap < HISTORY_MAX)
        grow(history);

    struct history_entry *slot = slot_of(history, seq);

    free(slot->fields);
    *slot = *entry;
    slot->seq = seq;
    slot->fields = memory_new(fields.len + 1, 1);
    memcpy(slot->fields, fields.ptr, fields.len);
    history->last = seq;
    history->first = seq > HISTORY_MAX ? seq - HISTORY_MAX + 1 : 1;
    return seq;
}

const struct history_entry *history_get(const struct history *history, int64_t seq)
{
    return seq > 0 && seq >= history->first && seq <= history->last ? slot_of(history, seq) : NULL;
}

void history_done(struct history *history)
{
    for (size_t i = 0; i < history->cap; i++)
        free(history->entry[i].fields);
    free(history->entry);
    *history = (struct history){0};
}
