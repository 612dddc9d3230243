/* app/manage.h: what people do to sellers, agents, tasks and the whole; commands and the API call these. */
#ifndef KK_APP_MANAGE_H
#define KK_APP_MANAGE_H

#include "app/app.h"

/* Registers a seller (S1), due at once. Fills state, times and revision. KK_BAD_INPUT, KK_CONFLICT: known already. */
enum kk_code manage_add_seller(struct app *app, struct seller *seller, struct kk_err *err);
/* What to change; a member that is not given keeps its value. */
struct seller_change {
    const char *name;     /* NULL: keep */
    int64_t period_count; /* 0: keep; with period_unit */
    enum period_unit period_unit;
    enum crawl_mode mode;      /* 0: keep */
    int64_t full_every_ms;     /* 0: keep */
    enum seller_state state;   /* SELLER_NONE: keep. To ACTIVE: its published tasks are queued again */
    int64_t expected_revision; /* 0: whichever */
};
/* S2-S4. A changed period moves next_run_at at once (S3). Gives the seller as it is now. KK_NOT_FOUND, KK_CONFLICT. */
enum kk_code manage_change_seller(struct app *app, struct kk_sv seller_id, const struct seller_change *change,
                                  struct seller *ret, struct kk_err *err);

/* Registers a user agent (A1). name empty: "agent-<n>". KK_BAD_INPUT, KK_CONFLICT: that string or name is known. */
enum kk_code manage_add_agent(struct app *app, struct kk_sv user_agent, struct kk_sv name, struct agent *ret,
                              struct kk_err *err);
/* By hand: disable drops the token and lasts until enabled; enable ends a rest. */
enum kk_code manage_enable_agent(struct app *app, int64_t agent_id, bool is_enabled, struct kk_err *err);

/* A dead letter back to work: FAILED → RETRY with its attempts anew, in the seller's open run or one of its own.
 * KK_NOT_FOUND; KK_CONFLICT: it is not dead. */
enum kk_code manage_retry_task(struct app *app, int64_t task_id, struct kk_err *err);
/* All dead letters (seller_id empty: of all sellers); gives their number. */
enum kk_code manage_retry_dead(struct app *app, struct kk_sv seller_id, int64_t *ret_count, struct kk_err *err);

/* Stop all requests to the site on every machine, and let them go on. Who and why are kept. */
struct pause {
    bool is_paused;
    char who[65], why[513];
    int64_t at_ms;
};
enum kk_code manage_pause(struct app *app, bool is_paused, const char *who, const char *why, struct kk_err *err);
enum kk_code manage_get_pause(struct app *app, struct pause *ret, struct kk_err *err);

#endif
