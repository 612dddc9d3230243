/* app/audit.h: everything that a person or a program changes leaves a row: who, what, before, after. */
#ifndef KK_APP_AUDIT_H
#define KK_APP_AUDIT_H

#include "app/app.h"

/* Inside the transaction of the change it tells of. Without app->who the machine itself acts, and nothing is written.
 * before and after: the members of an object, or empty. */
enum kk_code audit_note(struct app *app, const char *what, const char *target, const struct kk_buf *before,
                        const struct kk_buf *after, struct kk_err *err);

#define AUDIT_JSON_MAX_BYTES (64 * 1024)

#endif
