#include "adapters/notifier/notifier_slack.h"

#include "base/json.h"

#define ALERTS_MAX 40       /* Slack takes 50 blocks */
#define TEXT_MAX_BYTES 2900 /* and 3,000 characters in each */

/* Slack's own three. */
static void add_escaped(struct kk_buf *out, struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        switch (text.ptr[i]) {
        case '&':
            kk_buf_add(out, KK_SV("&amp;"));
            break;
        case '<':
            kk_buf_add(out, KK_SV("&lt;"));
            break;
        case '>':
            kk_buf_add(out, KK_SV("&gt;"));
            break;
        default:
            kk_buf_addc(out, text.ptr[i]);
        }
}

static struct kk_sv text_of(struct kk_jv object, const char *key)
{
    struct kk_sv text = {0};

    return kk_jv_str(kk_jv_get(object, key), &text) ? text : KK_SV("");
}

static struct kk_sv sign_of(struct kk_jv alert)
{
    if (kk_sv_eq(text_of(alert, "news"), KK_SV("resolved")))
        return KK_SV(":white_check_mark:");
    return kk_sv_eq(text_of(alert, "severity"), KK_SV("critical")) ? KK_SV(":rotating_light:") : KK_SV(":warning:");
}

static void add_section(struct kk_buf *out, struct kk_buf *text)
{
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", KK_SV("section"));
    kk_jw_key(out, "text");
    kk_jw_open(out, '{');
    kk_jw_key_str(out, "type", KK_SV("mrkdwn"));
    kk_jw_key_str(out, "text", kk_buf_sv(text));
    kk_jw_close(out, '}');
    kk_jw_close(out, '}');
    kk_buf_clear(text);
}

static void add_alert(struct kk_buf *out, struct kk_jv alert, struct kk_buf *text)
{
    struct kk_sv detail = text_of(alert, "detail");
    bool is_over = kk_sv_eq(text_of(alert, "news"), KK_SV("resolved"));

    kk_buf_add(text, sign_of(alert));
    kk_buf_add(text, KK_SV(" *"));
    add_escaped(text, text_of(alert, "name"));
    kk_buf_add(text, is_over ? KK_SV("* is resolved\n") : KK_SV("*\n"));
    add_escaped(text, text_of(alert, "meaning"));
    if (detail.len) {
        kk_buf_add(text, KK_SV(" ("));
        add_escaped(text, detail);
        kk_buf_addc(text, ')');
    }
    if (!is_over) {
        kk_buf_add(text, KK_SV("\n_What to do:_ "));
        add_escaped(text, text_of(alert, "action"));
    }
    add_section(out, text);
}

/* What a phone shows without opening it: the names. */
static void add_summary(struct kk_buf *out, struct kk_jv alerts, struct kk_buf *text)
{
    kk_buf_add(text, KK_SV("kkachi:"));
    for (size_t i = 0; i < kk_jv_count(alerts) && i < ALERTS_MAX; i++) {
        kk_buf_add(text, i ? KK_SV(", ") : KK_SV(" "));
        add_escaped(text, text_of(kk_jv_at(alerts, i), "name"));
        kk_buf_addc(text, ' ');
        add_escaped(text, text_of(kk_jv_at(alerts, i), "news"));
    }
    kk_jw_key_str(out, "text", kk_buf_sv(text));
    kk_buf_clear(text);
}

enum kk_code slack_message(struct kk_sv alert_json, struct kk_buf *out, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(TEXT_MAX_BYTES);
    struct kk_jv data, alerts;
    enum kk_code rc = kk_json_parse(alert_json, &json, err);

    if (rc)
        return rc;
    data = kk_jv_get(kk_json_root(json), "data");
    alerts = kk_jv_get(data, "alerts");
    if (!kk_jv_is(alerts, KK_J_ARR) || kk_jv_count(alerts) == 0)
        return kk_fail(err, KK_MISMATCH, "a message without alerts");
    kk_jw_open(out, '{');
    add_summary(out, alerts, &text);
    kk_jw_key(out, "blocks");
    kk_jw_open(out, '[');
    for (size_t i = 0; i < kk_jv_count(alerts) && i < ALERTS_MAX; i++)
        add_alert(out, kk_jv_at(alerts, i), &text);
    if (text_of(data, "console").len) {
        kk_buf_addc(&text, '<');
        add_escaped(&text, text_of(data, "console"));
        kk_buf_add(&text, KK_SV("|Open the console>"));
        add_section(out, &text);
    }
    kk_jw_close(out, ']');
    kk_jw_close(out, '}');
    return kk_buf_check(out, "a message to Slack", err);
}
