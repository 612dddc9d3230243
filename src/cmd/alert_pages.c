#include "cmd/alert_pages.h"

#include "base/json.h"
#include "core/alert.h"

static const char *hold_of(const struct alert_rule *rule, struct kk_buf *text)
{
    kk_buf_clear(text);
    kk_duration_print(rule->hold_ms, text);
    return kk_buf_cstr(text);
}

void alert_page(FILE *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf hold = KK_BUF(64);

    fputs("# Alerts\n\nMade by `kkachi help --write docs` from `src/core/alert.h`; edit that.\n\n"
          "The janitor looks every `alert.every`. What is so for long enough is told once, and again after "
          "`alert.repeat`, or\n"
          "when it is twice as much; after it was well for `alert.calm` people are told that it is resolved. What "
          "comes together\n"
          "comes in one message. `alert.slack` and `alert.webhook` say where to; messages wait in the outbox until "
          "they are\n"
          "taken, in order. In the hours of `alert.quiet` warnings wait. `kkachi alert list` shows how things stand, "
          "`kkachi\n"
          "alert test` sends a message that is only a test. [Prometheus has rules of the same "
          "names](../deploy/prometheus/kkachi.rules.yml).\n\n"
          "| alert | severity | after | it means |\n|---|---|---|---|\n",
          out);
    for (int i = 0; i < ALERT_COUNT; i++) {
        const struct alert_rule *rule = alert_rule((enum alert_key)i);

        fprintf(out, "| [`%s`](#", rule->name);
        for (const char *at = rule->name; *at; at++)
            fputc(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at, out);
        fprintf(out, ") | %s | %s | %s |\n", alert_severity_name(rule->severity),
                rule->hold_ms ? hold_of(rule, &hold) : "at once", rule->meaning);
    }
    for (int i = 0; i < ALERT_COUNT; i++) {
        const struct alert_rule *rule = alert_rule((enum alert_key)i);

        fprintf(out, "\n## %s\n\n**Means:** %s. **Do:** %s.\n\nIn Prometheus: `%s`\n", rule->name, rule->meaning,
                rule->action, rule->expr);
    }
}

static void put_line(FILE *out, const char *key, const char *text)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf quoted = KK_BUF(4096);

    kk_jw_str(&quoted, kk_sv_of(text)); /* what JSON quotes, YAML reads */
    fprintf(out, "%s: %s\n", key, kk_buf_cstr(&quoted));
}

static void put_rule(FILE *out, const struct alert_rule *rule, const char *hold)
{
    fprintf(out, "      - alert: %s\n", rule->name);
    put_line(out, "        expr", rule->expr);
    fprintf(out, "        for: %s\n        labels: {severity: %s}\n        annotations:\n", hold,
            alert_severity_name(rule->severity));
    put_line(out, "          summary", rule->meaning);
    put_line(out, "          action", rule->action);
}

void alert_rules(FILE *out)
{
    /* What kkachi cannot tell of itself. */
    static const struct alert_rule silence = {
        .name = "KkachiSilent",
        .severity = ALERT_CRITICAL,
        .hold_ms = 5 * KK_MINUTE_MS,
        .expr = "absent(kkachi_build_info)",
        .meaning = "no process of kkachi answers on /metrics",
        .action = "is it running, and can Prometheus reach api.listen? Its own alerts are silent too then",
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf hold = KK_BUF(64);

    fputs("# Made by `kkachi alert rules` from src/core/alert.h; edit that. The same alerts as kkachi's own, under the "
          "same names.\n"
          "groups:\n  - name: kkachi\n    rules:\n",
          out);
    for (int i = 0; i < ALERT_COUNT; i++)
        put_rule(out, alert_rule((enum alert_key)i), hold_of(alert_rule((enum alert_key)i), &hold));
    put_rule(out, &silence, hold_of(&silence, &hold));
}
