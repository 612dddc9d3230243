/* sandbox/history.h: every change the world made that counts, with a number, whether or not anybody looked in time. */
#ifndef SANDBOX_HISTORY_H
#define SANDBOX_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define HISTORY_MAX 200000 /* entries kept; older ones are forgotten, and that is said */

// clang-format off
#define WORLD_KINDS(X) /* name, what it does */                                                  \
    X(PRICE,        "price",        "normal, selling or discount price")                          \
    X(STOCK,        "stock",        "the stock of one option")                                    \
    X(OPTION_GONE,  "option_gone",  "an option disappears")                                       \
    X(OPTION_ADDED, "option_added", "an option appears")                                          \
    X(IMAGES,       "images",       "an image comes, goes, is replaced, or two change places")    \
    X(NAME,         "name",         "another name")                                               \
    X(DESCRIPTION,  "description",  "another description")                                        \
    X(NEW,          "new",          "a new item")                                                 \
    X(REMOVED,      "removed",      "an item is no longer shown")                                 \
    X(SOLD_OUT,     "sold_out",     "an item sells out")                                          \
    X(BACK,         "back",         "a sold-out item is on sale again")                           \
    X(RETURNED,     "returned",     "a removed item is shown again")                              \
    X(NOISE,        "noise",        "only what must not count; never recorded")                   \
    X(SET,          "set",          "one field, by hand")
// clang-format on

#define X(kind, name, meaning) WORLD_##kind,
enum world_kind { WORLD_KINDS(X) WORLD_KIND_COUNT };
#undef X
const char *world_kind_name(enum world_kind kind);
bool world_kind_parse(struct kk_sv name, enum world_kind *ret);

struct history_entry {
    int64_t seq, at_ms, item_no;
    uint32_t seller;
    enum world_kind kind;
    bool was_gone, is_gone;
    uint64_t was, is; /* digests of the item's truth before and after; was is 0 for a new item */
    char *fields;     /* JSON: [{"field","from","to"}, …] */
};
struct history { /* a ring that grows up to HISTORY_MAX; a zeroed one is empty */
    struct history_entry *entry;
    size_t cap;
    int64_t first, last; /* numbers kept: first … last; last is 0 when empty */
};
/* Copies entry and fields, and numbers it, from 1. Gives the number. */
int64_t history_add(struct history *history, const struct history_entry *entry, struct kk_sv fields);
const struct history_entry *history_get(const struct history *history, int64_t seq); /* NULL: not kept */
void history_done(struct history *history);

#endif
