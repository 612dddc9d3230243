/* ports/stats.h: the counts of core/stat.h in the store. A part of the store's port (ports/store.h): the same handle,
 * transactions and codes. Counts are added in the transaction whose doing they describe, so that they tell of what was
 * committed, once, whatever dies. */
#ifndef KK_PORTS_STATS_H
#define KK_PORTS_STATS_H

#include "core/stat.h"

struct store;

/* Adds to the row of the key. */
enum kk_code store_add_stat(struct store *store, const struct stat_key *key, const struct stat_counts *add,
                            struct kk_err *err);
/* Adds to what an endpoint had since the installation began: sums that never fall, cheap to read. */
enum kk_code store_add_stat_total(struct store *store, enum stat_endpoint endpoint, const struct stat_counts *add,
                                  struct kk_err *err);
enum kk_code store_get_stat_totals(struct store *store, struct stat_counts ret[STAT_ENDPOINT_COUNT],
                                   struct kk_err *err);

enum stat_by { STAT_BY_DAY = 1, STAT_BY_SELLER, STAT_BY_ENDPOINT, STAT_BY_AGENT };
struct stat_query {
    enum stat_by by;
    int64_t from_day, to_day; /* both within */
};
struct stat_row { /* of the key only what was asked by is set */
    struct stat_key key;
    struct stat_counts sum;
};
/* By the key's order. Of sellers only what has one; of agents only what one did. */
enum kk_code store_each_stat(struct store *store, const struct stat_query *query,
                             bool (*row)(void *ctx, const struct stat_row *row), void *ctx, struct kk_err *err);
/* Removes the oldest day when it is before_day or older; *ret_count 0: there is none. */
enum kk_code store_purge_stat(struct store *store, int64_t before_day, int64_t *ret_count, struct kk_err *err);

#endif
