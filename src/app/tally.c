#include "app/settle.h"

#include <string.h>

#include "ports/store.h"

enum kk_code tally_of(struct app *app, struct tally *tally, int64_t run_id, struct run_counts **ret, struct kk_err *err)
{
    for (size_t i = 0; i < tally->run_count; i++)
        if (tally->run[i].run_id == run_id) {
            *ret = &tally->run[i].add;
            return KK_OK;
        }
    if (tally->run_count == TALLY_RUNS_MAX) {
        enum kk_code rc = tally_write(app, tally, err);

        if (rc)
            return rc;
    }
    size_t at = tally->run_count++;

    tally->run[at].run_id = run_id;
    tally->run[at].add = (struct run_counts){0};
    *ret = &tally->run[at].add;
    return KK_OK;
}

enum kk_code tally_write(struct app *app, struct tally *tally, struct kk_err *err)
{
    for (size_t i = 0; i < tally->run_count; i++) {
        enum kk_code rc = store_add_run_counts(app->store, tally->run[i].run_id, &tally->run[i].add, err);

        if (rc)
            return rc;
    }
    tally->run_count = 0;
    return KK_OK;
}
