/* torture/torture.h: does a piece of work again and again, its n-th allocation, SQLite call or file operation failing,
 * for n = 1, 2, 3 … until it gets through unharmed. After each: no crash, no leak, and a failure has a sentence; that
 * what came out all the same is right, the work itself looks after.
 *
 * In the short form (make test) n takes steps that grow; with KK_TORTURE=long every n is tried. */
#ifndef KK_TORTURE_TORTURE_H
#define KK_TORTURE_TORTURE_H

#include "support/check.h"
#include "torture/fail.h"

struct torture {
    const char *name;
    unsigned kinds;
    void *ctx;
    /* Required. The work: cleans up behind itself whatever happens. What belongs to the test it does spared. */
    enum kk_code (*work)(void *ctx, struct kk_err *err);
    /* Optional. What must hold afterwards, while nothing fails. */
    void (*check)(void *ctx, enum kk_code rc);
};

/* All ways to fail, all n. False, and the plan is printed: there is a finding. */
bool torture_holds(const struct torture *torture);
/* The same for one plan, for a regression test. *ret_reached: it made something fail. */
bool torture_holds_once(const struct torture *torture, const struct fail_plan *plan, bool *ret_reached);
bool torture_is_long(void);
bool torture_sees_leaks(void); /* only under the address sanitizer */
/* For a cmocka teardown: a finding jumps out with its plan still armed. */
int torture_relax(void **state);

#endif
