/* cmd/watch.h: crawls that are under way, how far each is, and waiting for their ends. */
#ifndef KK_CMD_WATCH_H
#define KK_CMD_WATCH_H

#include "cmd/commands.h"
#include "cmd/progress.h"
#include "cmd/wire.h"

struct watched { /* one seller's crawl */
    struct run run;
    bool was_created;
    enum crawl_mode mode;
};
struct watch {
    struct watched at[COMMAND_ARGS_MAX];
    size_t count;
};
/* Starts a crawl, or finds the one that is under way, and watches it. KK_NOT_FOUND names the nearest seller;
 * KK_CONFLICT: the seller is paused or disabled. */
enum kk_code watch_start(struct watch *watch, struct wire *office, const char *seller_id, struct kk_err *err);
/* Reads how far each is; bars may be NULL, else it has one for each crawl. *ret_open: how many have not ended. */
enum kk_code watch_look(struct watch *watch, struct store *store, struct progress *bars, size_t *ret_open,
                        struct kk_err *err);
/* Complete, and without dead letters? All of them. */
bool watch_is_good(const struct watch *watch);

#endif
