/* app/key.h: keys for the HTTP API: made, checked, revoked. */
#ifndef KK_APP_KEY_H
#define KK_APP_KEY_H

#include "app/app.h"
#include "core/api_key.h"

/* Makes a key; its text is given here and never again. expires_at_ms 0: never. KK_BAD_INPUT: a bad name or a date that
 * is past. */
enum kk_code key_create(struct app *app, struct kk_sv name, enum api_role role, int64_t expires_at_ms,
                        struct api_key *ret, char ret_text[API_KEY_TEXT_BYTES], struct kk_err *err);
/* Whose key it is, as the store knows it now, so that a revoked one is refused at once. KK_DENIED: unknown, revoked or
 * past its date; the sentence does not say which. Notes its use, once a minute at most. */
enum kk_code key_check(struct app *app, struct kk_sv text, struct api_key *ret, struct kk_err *err);
/* The same for one who showed the key before and is known by something else since. */
enum kk_code key_check_id(struct app *app, int64_t key_id, struct api_key *ret, struct kk_err *err);
/* KK_NOT_FOUND. One that is revoked already stays so. */
enum kk_code key_revoke(struct app *app, int64_t key_id, struct api_key *ret, struct kk_err *err);
/* Keys that are neither revoked nor past their date. */
enum kk_code key_count_live(struct app *app, int64_t *ret_count, struct kk_err *err);

#endif
