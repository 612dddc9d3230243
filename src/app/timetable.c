/* What is told is what the seller is when it is told, not what it was when the row was written: so rows may come twice
 * and late, and two relays may tell the same. */
#include "app/timetable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/trigger.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/backoff.h"
#include "ports/store.h"
#include "ports/timetable.h"

#define HAND_MS KK_MINUTE_MS       /* another relay leaves a row alone so long while this one has it in hand */
#define LOOK_AGAIN_MS KK_SECOND_MS /* rows of other processes */
#define SWEEP_EVERY_MS KK_MINUTE_MS
#define SURPLUS_EVERY (60) /* sweeps */
#define SURPLUS_MAX 100    /* entries of nobody that go in one sweep */

struct promises {
    size_t count;
    int64_t id[TIMETABLE_BATCH_MAX], not_before_ms[TIMETABLE_BATCH_MAX];
    int attempts[TIMETABLE_BATCH_MAX];
    struct seller seller[TIMETABLE_BATCH_MAX]; /* first only its id */
};

/* ---- the promise ---- */

static enum kk_code promise(struct app *app, const struct seller *seller, const char *dedup, struct kk_err *err)
{
    struct outbox_row row = {.topic = TIMETABLE_TOPIC, .body = KK_SV("{}")};

    kk_sv_copy(kk_sv_of(seller->seller_id), row.key, sizeof(row.key));
    kk_sv_copy(kk_sv_of(dedup), row.dedup_key, sizeof(row.dedup_key));
    row.not_before_ms = row.created_at_ms = kk_wall_ms(app->clock);
    return store_add_outbox(app->store, &row, err);
}

enum kk_code timetable_note(struct app *app, const struct seller *seller, struct kk_err *err)
{
    struct kk_hash hash;
    char text[KK_HASH_TEXT_BYTES], dedup[OUTBOX_KEY_BYTES];

    if (!app->has_timetable)
        return KK_OK;
    hash = kk_sha256(kk_sv_of(seller->seller_id));
    kk_hash_text(&hash, text);
    snprintf(dedup, sizeof(dedup), "%.24s.%" PRId64, text + strlen("sha256:"), seller->revision);
    return promise(app, seller, dedup, err);
}

/* ---- telling ---- */

static bool note_promise(void *ctx, const struct outbox_row *row)
{
    struct promises *promises = ctx;
    size_t at = promises->count++;

    promises->id[at] = row->id;
    promises->not_before_ms[at] = row->not_before_ms;
    promises->attempts[at] = row->attempts;
    kk_sv_copy(kk_sv_of(row->key), promises->seller[at].seller_id, SELLER_ID_BYTES);
    return promises->count < TIMETABLE_BATCH_MAX;
}

/* Takes the due rows into this relay's hand, and reads their sellers. */
static enum kk_code take(struct app *app, struct promises *promises, int64_t now_ms, struct kk_err *err)
{
    size_t kept = 0;
    enum kk_code rc = store_due_event_rows(app->store, KK_SV(TIMETABLE_TOPIC), false, now_ms, TIMETABLE_BATCH_MAX,
                                           note_promise, promises, err);

    for (size_t i = 0; !rc && i < promises->count; i++) {
        struct outbox_row row = {.id = promises->id[i], .not_before_ms = promises->not_before_ms[i]};
        bool is_done = false;

        rc = store_event_taken(app->store, &row, now_ms + HAND_MS, &is_done, err);
        if (rc || !is_done)
            continue;
        promises->id[kept] = promises->id[i];
        promises->attempts[kept] = promises->attempts[i];
        rc = store_get_seller(app->store, kk_sv_of(promises->seller[i].seller_id), &promises->seller[kept], err);
        kept++;
    }
    promises->count = rc ? 0 : kept;
    return rc;
}

static enum kk_code end(struct app *app, enum kk_code rc, size_t found_count, struct kk_err *err)
{
    if (!rc && found_count)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static enum kk_code write_results(struct app *app, const struct promises *promises,
                                  const struct timetable_result *result, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < promises->count; i++) {
        int64_t wait_ms = backoff_ms(promises->attempts[i] + 1, app->limits.task_backoff_ms,
                                     app->limits.task_backoff_max_ms, kk_rng_next(app->rng));

        if (!result[i].code)
            rc = store_event_published(app->store, promises->id[i], now_ms, &(struct event_answer){0}, err);
        else
            rc = store_event_failed(app->store, promises->id[i], now_ms + wait_ms,
                                    &(struct event_answer){.error = kk_sv_of(result[i].error)}, err);
    }
    return rc;
}

/* Its first period has not begun, or it came back after it was due: it need not wait for the entry to go off. */
static void start_at_once(struct app *app, const struct seller *seller)
{
    struct run run;
    struct kk_err err;
    bool is_created = false;

    if (seller->state != SELLER_ACTIVE || seller->next_run_at_ms > kk_wall_ms(app->clock))
        return;
    if (trigger_crawl(app, kk_sv_of(seller->seller_id), RUN_BY_SCHEDULE, &run, &is_created, &err) == KK_OK &&
        is_created)
        kk_log(KK_EV_SELLER_DUE, KK_CSTR("seller_id", seller->seller_id), KK_NUM("run_id", run.id));
}

static void log_result(const struct seller *seller, const struct timetable_result *result)
{
    if (result->code)
        kk_log(KK_EV_SCHEDULE_FAILED, KK_CSTR("seller_id", seller->seller_id),
               KK_CSTR("error_code", kk_code_name(result->code)), KK_CSTR("error", result->error));
    else
        kk_log(KK_EV_SCHEDULE_PUT, KK_CSTR("seller_id", seller->seller_id),
               KK_CSTR("state", seller_state_name(seller->state)));
}

static enum kk_code tell(struct app *app, struct promises *promises, struct kk_err *err)
{
    struct timetable_result result[TIMETABLE_BATCH_MAX] = {0};
    enum kk_code rc = store_begin(app->store, err);

    if (!rc)
        rc = end(app, take(app, promises, kk_wall_ms(app->clock), err), promises->count, err);
    if (rc || !promises->count)
        return rc;
    for (size_t i = 0; i < promises->count; i++) /* first, so that the entry's period begins after it */
        start_at_once(app, &promises->seller[i]);
    for (size_t i = 0; !rc && i < promises->count; i++)
        rc = store_get_seller(app->store, kk_sv_of(promises->seller[i].seller_id), &promises->seller[i], err);
    if (rc)
        return rc;
    app->timetable->ops->put(app->timetable, promises->seller, promises->count, result);
    for (size_t i = 0; i < promises->count; i++)
        log_result(&promises->seller[i], &result[i]);
    rc = store_begin(app->store, err);
    return rc ? rc : end(app, write_results(app, promises, result, err), promises->count, err);
}

int64_t timetable_turn(struct app *app)
{
    KK_CLEANUP(kk_free_cleanup) struct promises *promises = NULL;
    struct kk_err err = {0};
    int64_t due_at_ms = 0;

    if (!app->timetable || store_outbox_next(app->store, KK_SV(TIMETABLE_TOPIC), &due_at_ms, NULL) ||
        due_at_ms > kk_wall_ms(app->clock))
        return LOOK_AGAIN_MS;
    promises = calloc(1, sizeof(*promises));
    if (!promises)
        return LOOK_AGAIN_MS;
    if (tell(app, promises, &err)) {
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "tell the timetable"), KK_ERR_FIELDS(&err));
        return LOOK_AGAIN_MS;
    }
    return promises->count ? 0 : LOOK_AGAIN_MS;
}

/* ---- mending ---- */

struct some_sellers { /* the next few by id, behind a cursor that goes round */
    const char *after;
    size_t count;
    struct seller seller[TIMETABLE_BATCH_MAX];
};

static bool note_some(void *ctx, const struct seller *seller)
{
    struct some_sellers *some = ctx;

    if (strcmp(seller->seller_id, some->after) <= 0)
        return true;
    some->seller[some->count] = *seller;
    return ++some->count < TIMETABLE_BATCH_MAX;
}

static void mend(struct app *app, const struct seller *seller, const char *why)
{
    struct kk_err err = {0};
    char dedup[OUTBOX_KEY_BYTES];

    snprintf(dedup, sizeof(dedup), "mend.%016" PRIx64 ".%" PRId64, kk_rng_next(app->rng), kk_wall_ms(app->clock));
    kk_log(KK_EV_SCHEDULE_DRIFTED, KK_CSTR("seller_id", seller->seller_id), KK_CSTR("error", why));
    if (promise(app, seller, dedup, &err))
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "mend the timetable"), KK_ERR_FIELDS(&err));
}

/* While a change waits to be told, a difference is no drift. */
static bool is_all_told(struct app *app)
{
    int64_t count = 0;

    return store_outbox_count(app->store, KK_SV(TIMETABLE_TOPIC), &count, NULL) == KK_OK && count == 0;
}

static void compare_some(struct app *app, struct some_sellers *some)
{
    struct timetable_result result[TIMETABLE_BATCH_MAX] = {0};
    struct kk_err err = {0};
    bool has_failed = false;

    some->after = app->timetable_at;
    if (store_each_seller(app->store, note_some, some, &err)) {
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "compare the timetable"), KK_ERR_FIELDS(&err));
        return;
    }
    if (some->count)
        app->timetable->ops->look(app->timetable, some->seller, some->count, result);
    for (size_t i = 0; i < some->count; i++) {
        if (result[i].code == KK_MISMATCH)
            mend(app, &some->seller[i], result[i].error);
        else if (result[i].code && result[i].code != KK_MISMATCH && !has_failed)
            log_result(&some->seller[i], &result[i]); /* the others failed for the same reason */
        has_failed |= result[i].code && result[i].code != KK_MISMATCH;
    }
    snprintf(app->timetable_at, sizeof(app->timetable_at), "%s",
             some->count == TIMETABLE_BATCH_MAX ? some->seller[some->count - 1].seller_id : "");
}

struct names { /* sorted */
    char (*name)[TIMETABLE_NAME_BYTES];
    size_t count, cap;
    struct timetable *timetable;
    bool is_short;
    char surplus[SURPLUS_MAX][TIMETABLE_NAME_BYTES];
    size_t surplus_count;
};

static bool note_name(void *ctx, const struct seller *seller)
{
    struct names *names = ctx;

    if (names->count == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 256;
        void *grown = realloc(names->name, cap * sizeof(*names->name));

        names->is_short = !grown;
        if (!grown)
            return false;
        names->name = grown;
        names->cap = cap;
    }
    names->timetable->ops->name_of(names->timetable, seller, names->name[names->count++]);
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool note_surplus(void *ctx, const char *name)
{
    struct names *names = ctx;

    if (!bsearch(name, names->name, names->count, sizeof(*names->name), compare_names))
        snprintf(names->surplus[names->surplus_count++], TIMETABLE_NAME_BYTES, "%s", name);
    return names->surplus_count < SURPLUS_MAX;
}

/* Entries first, sellers after them would be wrong: a seller that was added between the two would seem to be nobody. So
 * sellers are read again before anything goes: what is of nobody then was of nobody when it was listed. */
static enum kk_code find_surplus(struct app *app, struct names *names, struct kk_err *err)
{
    enum kk_code rc = store_each_seller(app->store, note_name, names, err);

    if (!rc && names->is_short)
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for %zu names", names->cap);
    if (rc)
        return rc;
    if (names->count)
        qsort(names->name, names->count, sizeof(*names->name), compare_names);
    return app->timetable->ops->each(app->timetable, note_surplus, names, err);
}

static bool has_name(void *ctx, const struct seller *seller)
{
    struct names *names = ctx;
    char name[TIMETABLE_NAME_BYTES];

    names->timetable->ops->name_of(names->timetable, seller, name);
    for (size_t i = 0; i < names->surplus_count; i++)
        if (strcmp(names->surplus[i], name) == 0)
            names->surplus[i][0] = '\0';
    return true;
}

static enum kk_code drop_surplus(struct app *app, struct names *names, struct kk_err *err)
{
    enum kk_code rc = find_surplus(app, names, err);

    if (!rc && names->surplus_count)
        rc = store_each_seller(app->store, has_name, names, err);
    for (size_t i = 0; !rc && i < names->surplus_count; i++) {
        if (!names->surplus[i][0])
            continue;
        rc = app->timetable->ops->drop(app->timetable, names->surplus[i], err);
        if (!rc)
            kk_log(KK_EV_SCHEDULE_DROPPED, KK_CSTR("schedule", names->surplus[i]));
    }
    return rc;
}

int64_t timetable_sweep(struct app *app)
{
    KK_CLEANUP(kk_free_cleanup) struct some_sellers *some = NULL;
    KK_CLEANUP(kk_free_cleanup) struct names *names = NULL;
    struct kk_err err = {0};

    if (!app->timetable)
        return SWEEP_EVERY_MS;
    some = calloc(1, sizeof(*some));
    names = calloc(1, sizeof(*names));
    if (!some || !names || !is_all_told(app))
        return SWEEP_EVERY_MS;
    compare_some(app, some);
    if (app->timetable_sweeps++ % SURPLUS_EVERY != 0)
        return SWEEP_EVERY_MS;
    names->timetable = app->timetable;
    if (drop_surplus(app, names, &err))
        kk_log(KK_EV_SCHEDULE_FAILED, KK_ERR_FIELDS(&err));
    free(names->name);
    return SWEEP_EVERY_MS;
}
