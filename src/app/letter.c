#include "app/letter.h"

#include <stdio.h>

#include "base/json.h"
#include "ports/sink.h"

#define LETTER_MAX_BYTES (32 * 1024)

void letter_begin(struct letter *letter, const char *id, int64_t now_ms)
{
    struct kk_buf *body = &letter->body;

    *letter = (struct letter){.body = KK_BUF(LETTER_MAX_BYTES), .at_ms = now_ms};
    snprintf(letter->id, sizeof(letter->id), "%s", id);
    kk_jw_open(body, '{');
    kk_jw_key_str(body, "specversion", KK_SV("1.0"));
    kk_jw_key_str(body, "id", kk_sv_of(id));
    kk_jw_key_str(body, "source", KK_SV("kkachi/mustit"));
    kk_jw_key_str(body, "type", KK_SV("kkachi.alert"));
    kk_jw_key_time(body, "time", now_ms);
    kk_jw_key_str(body, "datacontenttype", KK_SV("application/json"));
    kk_jw_key(body, "data");
    kk_jw_open(body, '{');
    kk_jw_key(body, "alerts");
    kk_jw_open(body, '[');
}

void letter_add(struct letter *letter, const struct letter_item *item)
{
    struct kk_buf *body = &letter->body;

    kk_jw_open(body, '{');
    kk_jw_key_str(body, "name", kk_sv_of(item->name));
    kk_jw_key_str(body, "news", kk_sv_of(item->news));
    kk_jw_key_str(body, "severity", kk_sv_of(item->severity));
    kk_jw_key_str(body, "meaning", kk_sv_of(item->meaning));
    kk_jw_key_str(body, "detail", kk_sv_of(item->detail));
    kk_jw_key_str(body, "action", kk_sv_of(item->action));
    kk_jw_close(body, '}');
}

enum kk_code letter_post(struct app *app, struct letter *letter, size_t *ret_count, struct kk_err *err)
{
    struct outbox_row row = {.not_before_ms = letter->at_ms, .created_at_ms = letter->at_ms};
    enum kk_code rc;

    kk_jw_close(&letter->body, ']');
    if (app->console_url.len)
        kk_jw_key_str(&letter->body, "console", app->console_url);
    kk_jw_close(&letter->body, '}');
    kk_jw_close(&letter->body, '}');
    rc = kk_buf_check(&letter->body, "an alert's message", err);
    row.body = kk_buf_sv(&letter->body);
    snprintf(row.key, sizeof(row.key), "alert"); /* one at a time, in order */
    snprintf(row.dedup_key, sizeof(row.dedup_key), "%s", letter->id);
    for (size_t i = 0; !rc && i < app->sink_count; i++) {
        if (!app->sinks[i]->is_notifier)
            continue;
        sink_topic(app->sinks[i], row.topic, sizeof(row.topic));
        rc = store_add_outbox(app->store, &row, err);
        ++*ret_count;
    }
    return rc;
}

void letter_done(struct letter *letter)
{
    kk_buf_done(&letter->body);
}
