/* cmd/demo_check.h: what was found and delivered, held against what the sandbox says is true. */
#ifndef KK_CMD_DEMO_CHECK_H
#define KK_CMD_DEMO_CHECK_H

#include "base/json.h"
#include "core/change.h"

struct store;

#define DEMO_TYPES (CHANGE_RETURNED + 1)

struct demo_count { /* by type; [0]: all */
    int64_t of[DEMO_TYPES];
};
struct demo_result {
    struct demo_count made, found, delivered; /* changes of the second crawl */
    bool is_same;                             /* item by item, not only in number */
    int64_t product_count, equal_count;       /* products shown by the site; those stored equal, field by field */
    int64_t surplus_count;                    /* stored as shown, and not shown */
    int64_t version_count, event_count, repeated_event_count;
    int64_t delivery_median_ms, delivery_p99_ms; /* from the answer to the delivered event */
};

/* The number of the last version; 0: none yet. */
enum kk_code demo_last_version(struct store *store, int64_t *ret_id, struct kk_err *err);
/* Products against /__sandbox/truth. */
enum kk_code demo_check_products(struct store *store, const struct kk_json *truth, struct demo_result *result,
                                 struct kk_err *err);
/* Versions after a number, and the lines of the events file after so many, against the net of /__sandbox/changes. */
enum kk_code demo_check_changes(struct store *store, const struct kk_json *changes, const char *events_path,
                                int64_t after_version, int64_t after_line, struct demo_result *result,
                                struct kk_err *err);
enum kk_code demo_check_times(struct store *store, struct demo_result *result, struct kk_err *err);
bool demo_is_good(const struct demo_result *result);

/* Equal as values: members in any order. For the check's own test. */
bool demo_json_same(struct kk_jv a, struct kk_jv b);

#endif
