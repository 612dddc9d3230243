#include "app/heal.h"

#include "app/manage.h"
#include "base/log.h"
#include "core/answer.h"
#include "ports/gauge.h"
#include "ports/rests.h"
#include "ports/store.h"

#define ATTEMPTS_MAX 2000 /* of the newest failures */
#define TIRED_MAX 64      /* sellers that fail at once; more are looked at when these rest */
#define RESTS_MAX 200     /* woken in one turn */

/* ---- who is tired ---- */

struct trouble {
    int64_t after_ms;     /* failures since then */
    struct kk_sv only_of; /* empty: of every seller */
    size_t count;
    struct tired {
        char seller_id[SELLER_ID_BYTES];
        int64_t failures, first_at_ms;
    } tired[TIRED_MAX];
};

static bool wants_rest(struct kk_sv cause)
{
    for (int i = 0; i < ANSWER_COUNT; i++)
        if (answer_rule((enum answer)i)->wants_rest && kk_sv_eq(cause, kk_sv_of(answer_rule((enum answer)i)->name)))
            return true;
    return false;
}

/* Newest first. */
static bool note_attempt(void *ctx, const struct attempt_gauge *attempt)
{
    struct trouble *trouble = ctx;
    size_t at = 0;

    if (attempt->at_ms < trouble->after_ms)
        return false;
    if (!attempt->seller_id.len || !wants_rest(attempt->cause) ||
        (trouble->only_of.len && !kk_sv_eq(attempt->seller_id, trouble->only_of)))
        return true;
    while (at < trouble->count && !kk_sv_eq(attempt->seller_id, kk_sv_of(trouble->tired[at].seller_id)))
        at++;
    if (at == TIRED_MAX)
        return true;
    if (at == trouble->count) {
        trouble->tired[at].failures = 0;
        kk_sv_copy(attempt->seller_id, trouble->tired[at].seller_id, SELLER_ID_BYTES);
        trouble->count++;
    }
    trouble->tired[at].failures++;
    trouble->tired[at].first_at_ms = attempt->at_ms;
    return true;
}

/* What failed before the last rest is forgiven: counted anew from its end. */
static enum kk_code count_since_rest(struct app *app, struct tired *tired, const struct rest *rest, struct kk_err *err)
{
    struct trouble anew = {.after_ms = rest->until_ms, .only_of = kk_sv_of(tired->seller_id)};
    enum kk_code rc;

    if (rest->until_ms <= tired->first_at_ms)
        return KK_OK;
    rc = store_gauge_attempts(app->store, ATTEMPTS_MAX, note_attempt, &anew, err);
    tired->failures = anew.count ? anew.tired[0].failures : 0;
    tired->first_at_ms = anew.count ? anew.tired[0].first_at_ms : rest->until_ms;
    return rc;
}

/* ---- to rest and back ---- */

static enum kk_code set_state(struct app *app, struct kk_sv seller_id, enum seller_state state, struct seller *ret,
                              struct kk_err *err)
{
    const struct seller_change change = {.state = state};
    const char *who = app->who;
    enum kk_code rc;

    app->who = HEAL_WHO;
    rc = manage_change_seller(app, seller_id, &change, ret, err);
    app->who = who;
    return rc;
}

/* Inside a transaction. *ret_done: it rests from now on. */
static enum kk_code put_to_rest(struct app *app, struct tired *tired, struct rest *rest, bool *ret_done,
                                struct kk_err *err)
{
    struct kk_sv seller_id = kk_sv_of(tired->seller_id);
    bool has_success = false;
    struct seller seller;
    enum kk_code rc = store_get_seller(app->store, seller_id, &seller, err);

    if (rc || seller.state != SELLER_ACTIVE)
        return rc;
    rc = store_get_rest(app->store, seller_id, rest, err);
    if (!rc)
        rc = count_since_rest(app, tired, rest, err);
    if (rc || !rest_is_needed(&app->limits.rest, tired->failures))
        return rc;
    rc = store_has_success(app->store, seller_id, tired->first_at_ms, &has_success, err);
    if (rc || has_success)
        return rc;
    rc = set_state(app, seller_id, SELLER_PAUSED, &seller, err);
    if (rc)
        return rc;
    rest_begin(rest, &app->limits.rest, kk_wall_ms(app->clock));
    rest->revision = seller.revision;
    *ret_done = true;
    return store_put_rest(app->store, rest, err);
}

/* Inside a transaction. Whoever was changed by a person meanwhile stays as that person left it. */
static enum kk_code wake(struct app *app, const struct rest *rest, bool *ret_done, struct kk_err *err)
{
    struct rest over = *rest;
    struct seller seller;
    enum kk_code rc = store_get_seller(app->store, kk_sv_of(rest->seller_id), &seller, err);

    if (rc)
        return rc;
    if (seller.state == SELLER_PAUSED && seller.revision == rest->revision) {
        rc = set_state(app, kk_sv_of(rest->seller_id), SELLER_ACTIVE, &seller, err);
        *ret_done = true;
    }
    over.is_resting = false;
    return rc ? rc : store_put_rest(app->store, &over, err);
}

static enum kk_code end(struct app *app, enum kk_code rc, struct kk_err *err)
{
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static enum kk_code rest_tired(struct app *app, struct kk_err *err)
{
    struct trouble trouble = {.after_ms = kk_wall_ms(app->clock) - REST_LOOK_MS};
    enum kk_code rc = store_gauge_attempts(app->store, ATTEMPTS_MAX, note_attempt, &trouble, err);

    for (size_t i = 0; !rc && i < trouble.count; i++) {
        struct rest rest = {0};
        bool is_done = false;

        if (!rest_is_needed(&app->limits.rest, trouble.tired[i].failures))
            continue;
        rc = store_begin(app->store, err);
        if (rc)
            return rc;
        rc = end(app, put_to_rest(app, &trouble.tired[i], &rest, &is_done, err), err);
        if (!rc && is_done)
            kk_log(KK_EV_SELLER_RESTED, KK_CSTR("seller_id", rest.seller_id),
                   KK_NUM("failures", trouble.tired[i].failures), KK_NUM("rest_ms", rest.until_ms - rest.since_ms));
    }
    return rc;
}

struct rested {
    int64_t now_ms;
    size_t count;
    struct rest rest[RESTS_MAX];
};

static bool note_rested(void *ctx, const struct rest *rest)
{
    struct rested *rested = ctx;

    if (rest->until_ms <= rested->now_ms)
        rested->rest[rested->count++] = *rest;
    return rested->count < RESTS_MAX;
}

static enum kk_code wake_rested(struct app *app, struct kk_err *err)
{
    struct rested rested = {.now_ms = kk_wall_ms(app->clock)};
    enum kk_code rc = store_each_rest(app->store, note_rested, &rested, err);

    for (size_t i = 0; !rc && i < rested.count; i++) {
        bool is_done = false;

        rc = store_begin(app->store, err);
        if (rc)
            return rc;
        rc = end(app, wake(app, &rested.rest[i], &is_done, err), err);
        if (!rc && is_done)
            kk_log(KK_EV_SELLER_WOKEN, KK_CSTR("seller_id", rested.rest[i].seller_id));
    }
    return rc;
}

void heal_turn(struct app *app)
{
    int64_t mono_ms = kk_mono_ms(app->clock);
    struct kk_err err = {0};
    enum kk_code rc;

    if (mono_ms < app->heal_at_ms)
        return;
    app->heal_at_ms = mono_ms + app->limits.alert_every_ms;
    rc = wake_rested(app, &err); /* also when no new rest is wanted any more */
    if (!rc && app->limits.rest.rest_ms)
        rc = rest_tired(app, &err);
    if (rc)
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "rest sellers"), KK_ERR_FIELDS(&err));
}
