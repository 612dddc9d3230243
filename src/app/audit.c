#include "app/audit.h"

#include "base/json.h"
#include "ports/ledger.h"

/* An object needs its brackets; what is empty stays so. */
static void put_object(struct kk_buf *out, const struct kk_buf *members)
{
    if (!members || members->len == 0)
        return;
    kk_jw_open(out, '{');
    kk_buf_add(out, kk_buf_sv(members));
    kk_jw_close(out, '}');
}

enum kk_code audit_note(struct app *app, const char *what, const char *target, const struct kk_buf *before,
                        const struct kk_buf *after, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf was = KK_BUF(AUDIT_JSON_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf is = KK_BUF(AUDIT_JSON_MAX_BYTES);
    enum kk_code rc;

    if (!app->who)
        return KK_OK;
    put_object(&was, before);
    put_object(&is, after);
    rc = kk_buf_check(&was, "an audit row", err);
    if (!rc)
        rc = kk_buf_check(&is, "an audit row", err);
    if (rc)
        return rc;
    return store_add_audit(app->store,
                           &(struct audit){.at_ms = kk_wall_ms(app->clock),
                                           .who = kk_sv_of(app->who),
                                           .what = kk_sv_of(what),
                                           .target = kk_sv_of(target),
                                           .before_json = kk_buf_sv(&was),
                                           .after_json = kk_buf_sv(&is)},
                           err);
}
