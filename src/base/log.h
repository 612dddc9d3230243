/* base/log.h: one JSON object a line; names are noun.past_verb, ids are fields. Only app/, api/ and cmd/ log.
 * Tokens, cookies and bodies are never logged. */
#ifndef KK_BASE_LOG_H
#define KK_BASE_LOG_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/events.h"

enum kk_level { KK_DEBUG, KK_INFO, KK_WARN, KK_ERROR };

enum kk_field_type { KK_FIELD_NUM, KK_FIELD_STR };
struct kk_field {
    const char *key;
    enum kk_field_type type;
    int64_t num;
    struct kk_sv str;
};
#define KK_NUM(k, n) ((struct kk_field){.key = (k), .type = KK_FIELD_NUM, .num = (int64_t)(n)})
#define KK_STR(k, text) ((struct kk_field){.key = (k), .type = KK_FIELD_STR, .str = (text)})
#define KK_CSTR(k, text) KK_STR(k, kk_sv_of(text))

/* Where lines go; the writer gets whole lines with their newline. Before the first call nothing is written.
 * min: lines below it are dropped before their text is built. Keeps clock and ctx. */
void kk_log_open(const struct kk_clock *clock, enum kk_level min, void (*write)(void *ctx, struct kk_sv line),
                 void *ctx);
void kk_log_close(void);
void kk_log_write(enum kk_event event, const struct kk_field *fields); /* ends with a NULL key */

#define kk_log(event, ...) kk_log_write((event), (const struct kk_field[]){__VA_ARGS__, {.key = NULL}})
/* The failure of err as fields: code and message. */
#define KK_ERR_FIELDS(err) KK_CSTR("error_code", kk_code_name((err)->code)), KK_CSTR("error", (err)->msg)

enum kk_level kk_event_level(enum kk_event event);
const char *kk_event_name(enum kk_event event);
const char *kk_event_meaning(enum kk_event event);
bool kk_level_parse(struct kk_sv text, enum kk_level *ret); /* debug info warn error */

#endif
