/* core/why.h: what an item or a seller waits for, said as one reason and a time. Pure: `kkachi why` and the API ask. */
#ifndef KK_CORE_WHY_H
#define KK_CORE_WHY_H

#include "core/seller.h"
#include "core/task.h"

/* In the order in which they are looked for: the first that holds is the answer. */
#define WHY_REASONS(X)                                                                                    \
    X(SELLER_DISABLED, "its seller is out of service: `kkachi seller resume` puts it back")               \
    X(SELLER_PAUSED, "its seller is paused: `kkachi seller resume` puts it back")                         \
    X(NOT_SHOWN, "no list of this seller has shown it")                                                   \
    X(RUNNING, "a worker has it in hand")                                                                 \
    X(ALL_PAUSED, "all requests to the site are stopped: `kkachi resume` lets them go on")                \
    X(NO_AGENT, "no agent may send: see `kkachi agent list`")                                             \
    X(RETRY, "the last try failed, and the next one is due then")                                         \
    X(AGENTS_SPENT, "every agent has spent its budget until then")                                        \
    X(QUEUED, "it stands in the queue, and a worker takes it when an agent is free")                      \
    X(SHARE, "it waits for the relay: its seller has its share in the queue already")                     \
    X(LISTING, "a crawl is under way, and its list is still being read")                                  \
    X(CRAWLING, "a crawl is under way")                                                                   \
    X(DEAD, "its last task failed for good: `kkachi dead retry`, or the next crawl, tries again")         \
    X(REMOVED, "the lists do not show it any more; the next crawl looks for it")                          \
    X(ENTRY, "the next crawl looks at its list entry; only a change there, or a look that is due, costs " \
             "more")                                                                                      \
    X(PERIOD, "the next crawl of its seller")

#define X(reason, text) WHY_##reason,
enum why_reason { WHY_NONE, WHY_REASONS(X) WHY_REASON_COUNT };
#undef X

const char *why_reason_name(enum why_reason reason); /* "ALL_PAUSED" */
const char *why_reason_text(enum why_reason reason);

struct why_facts {
    int64_t now_ms;
    const struct seller *seller;
    bool is_all_paused, has_open_run, is_list_open; /* list open: the run still reads it */
    size_t agents;                                  /* that may send now or later by themselves */
    int64_t agents_free_at_ms;                      /* when one of them may; 0: now, or not known */
    bool is_item;                                   /* else a seller: what follows is not looked at */
    bool is_listed, is_removed;
    const struct task *task; /* the item's task that is not over, else a dead one; NULL: neither */
};
struct why_wait {
    enum why_reason reason;
    int64_t until_ms; /* 0: no time is known */
};
struct why_wait why_wait(const struct why_facts *facts);

#endif
