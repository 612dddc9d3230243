/* sandbox/move.h: how the world changes: by itself at a rate, by order, or one field by hand. */
#ifndef SANDBOX_MOVE_H
#define SANDBOX_MOVE_H

#include "sandbox/world.h"

#define MOVE_COUNT_MAX 100000 /* moves in one order */

struct move_order {
    int64_t count;
    uint64_t seed;                     /* the same order on the same world makes the same moves */
    uint32_t kinds;                    /* bit per enum world_kind; 0: all that count, likely ones more often */
    const struct world_seller *seller; /* NULL: any */
    bool is_distinct;                  /* no item twice, so that each move is one difference to be found */
};

/* Makes up to count moves (fewer where the world has nothing left to move) and gives how many. */
int64_t world_move(struct world *world, const struct move_order *order, int64_t at_ms);
/* A new item of this seller, recorded; for lists that change while they are read. */
void world_move_new(struct world *world, struct world_seller *seller, int64_t at_ms);
/* One field by hand (fields.h), recorded where it changed anything. */
enum kk_code world_move_set(struct world *world, int64_t item_no, struct kk_sv field, struct kk_sv value, int64_t at_ms,
                            struct kk_err *err);
/* "price,stock" to bits. KK_BAD_INPUT names the word and the known ones. */
enum kk_code move_kinds_parse(struct kk_sv text, uint32_t *ret_kinds, struct kk_err *err);

#endif
