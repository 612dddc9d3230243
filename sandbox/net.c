/* What changed, entry by entry, and what of it is still so. */
#include "sandbox/truth.h"

#include <stdlib.h>

#include "base/json.h"
#include "sandbox/fields.h"

static void write_entry(const struct world *world, const struct history_entry *entry, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "seq", entry->seq);
    kk_jw_key_i64(out, "at", entry->at_ms);
    kk_jw_key_i64(out, "itemNo", entry->item_no);
    kk_jw_key_str(out, "sellerId", kk_sv_of(world->seller[entry->seller].name));
    kk_jw_key_str(out, "kind", kk_sv_of(world_kind_name(entry->kind)));
    kk_jw_key(out, "fields");
    kk_jw_raw(out, kk_sv_of(entry->fields));
    kk_jw_close(out, '}');
}

static int by_item_then_seq(const void *left, const void *right)
{
    const struct history_entry *a = *(const struct history_entry *const *)left;
    const struct history_entry *b = *(const struct history_entry *const *)right;

    if (a->item_no != b->item_no)
        return a->item_no < b->item_no ? -1 : 1;
    return a->seq < b->seq ? -1 : 1;
}

/* Between the state before first and the state after last; NULL: nothing a visitor could still see. */
static const char *net_type(const struct history_entry *first, const struct history_entry *last)
{
    bool was_shown = first->was != 0 && !first->was_gone;

    if (!was_shown && last->is_gone)
        return NULL;
    if (last->is_gone)
        return "removed";
    if (!was_shown)
        return first->was == 0 ? "created" : "returned";
    return first->was == last->is ? NULL : "changed";
}

static void write_net(const struct world *world, int64_t from, struct kk_buf *out)
{
    const struct history *history = &world->history;
    size_t count = history->last < from ? 0 : (size_t)(history->last - from + 1);
    KK_CLEANUP(kk_free_cleanup) const struct history_entry **entry = memory_new(count, sizeof(const void *));

    for (size_t i = 0; i < count; i++)
        entry[i] = history_get(history, from + (int64_t)i);
    qsort(entry, count, sizeof(const void *), by_item_then_seq);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && entry[end]->item_no == entry[i]->item_no;)
            end++;

        const char *type = net_type(entry[i], entry[end - 1]);

        if (!type)
            continue;
        kk_jw_open(out, '{');
        kk_jw_key_i64(out, "itemNo", entry[i]->item_no);
        kk_jw_key_str(out, "sellerId", kk_sv_of(world->seller[entry[i]->seller].name));
        kk_jw_key_str(out, "type", kk_sv_of(type));
        kk_jw_close(out, '}');
    }
}

void truth_changes(const struct world *world, int64_t after, struct kk_buf *out)
{
    const struct history *history = &world->history;
    int64_t from = after < 0 ? 1 : after < INT64_MAX ? after + 1 : after;

    if (from < history->first)
        from = history->first;
    kk_jw_open(out, '{');
    kk_jw_key(out, "changes");
    kk_jw_open(out, '[');
    for (int64_t seq = from; seq <= history->last; seq++)
        write_entry(world, history_get(history, seq), out);
    kk_jw_close(out, ']');
    kk_jw_key(out, "net");
    kk_jw_open(out, '[');
    write_net(world, from, out);
    kk_jw_close(out, ']');
    kk_jw_key_i64(out, "first", history->first);
    kk_jw_key_i64(out, "last", history->last);
    kk_jw_key_i64(out, "noiseMoves", (int64_t)world->noise_moves);
    kk_jw_close(out, '}');
}
