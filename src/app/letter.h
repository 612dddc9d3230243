/* app/letter.h: a message about alerts: what came together goes out together, through the outbox, to every notifier. */
#ifndef KK_APP_LETTER_H
#define KK_APP_LETTER_H

#include "app/app.h"
#include "ports/store.h"

struct letter { /* owned (letter_done); zeroed: not begun */
    struct kk_buf body;
    char id[OUTBOX_KEY_BYTES];
    int64_t at_ms;
};
struct letter_item { /* borrowed */
    const char *name, *news, *severity, *meaning, *action, *detail;
};
/* id: the same letter twice is sent once. */
void letter_begin(struct letter *letter, const char *id, int64_t now_ms);
void letter_add(struct letter *letter, const struct letter_item *item);
/* Into the outbox, for each notifier; *ret_count: their number. */
enum kk_code letter_post(struct app *app, struct letter *letter, size_t *ret_count, struct kk_err *err);
void letter_done(struct letter *letter);

#endif
