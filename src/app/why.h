/* app/why.h: when and why an item or a seller was (not) crawled, changed and told. Gathered once; commands print it and
 * the API sends it. */
#ifndef KK_APP_WHY_H
#define KK_APP_WHY_H

#include "app/app.h"
#include "core/why.h"
#include "ports/store.h"

#define WHY_VERSIONS_MAX 5 /* the newest */
#define WHY_RUNS_MAX 5
#define WHY_TEXT_BYTES 257

struct why_told { /* one version to one destination */
    char sink[64];
    int64_t created_at_ms, due_at_ms, told_at_ms; /* told 0: not yet */
    int attempts, http_status;
    char error[WHY_TEXT_BYTES], answer[WHY_TEXT_BYTES];
};
struct why_version {
    int64_t version, at_ms, run_id;
    enum change_type type;
    struct kk_buf changes_json; /* owned */
    struct why_told told[APP_SINKS_MAX];
    size_t told_count;
};
struct why { /* owned (why_done) */
    struct seller seller;
    struct why_wait wait;
    /* Of an item. */
    int64_t item_no; /* 0: it is about the seller */
    struct listing listing;
    struct product product;      /* version 0: it was never complete */
    struct task detail, options; /* id 0: never made */
    struct why_version version[WHY_VERSIONS_MAX];
    size_t version_count;
    /* Of a seller. */
    struct run run[WHY_RUNS_MAX]; /* newest first */
    size_t run_count;
    struct task_tally tally; /* of the newest */
    int64_t product_count;
    /* For both: what the wait was found from. */
    struct why_facts facts;
};
void why_done(struct why *why); /* NULL is fine */

/* KK_NOT_FOUND: no list has shown the item, or nobody has registered the seller. */
enum kk_code why_item(struct app *app, int64_t item_no, struct why *ret, struct kk_err *err);
enum kk_code why_seller(struct app *app, struct kk_sv seller_id, struct why *ret, struct kk_err *err);

/* Appends the members of one object. */
void why_show(const struct app *app, const struct why *why, struct kk_buf *json);

#endif
