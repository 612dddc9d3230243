/* kkachi key create|list|revoke */
#include "app/key.h"
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/ledger.h"
#include "ports/store.h"

static int answer(struct call *call, const struct api_key *key, const char *text)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(4096);

    if (!call->is_json) {
        if (text)
            fprintf(call->out, "%s\nKey %" PRId64 " (%s, %s). It is shown this once; keep it where secrets are kept.\n",
                    text, key->id, key->name, api_role_name(key->role));
        else
            fprintf(call->out, "key %" PRId64 " (%s) is revoked\n", key->id, key->name);
        return EXIT_DONE;
    }
    kk_jw_open(&json, '{');
    show_api_key(&json, key);
    if (text)
        kk_jw_key_str(&json, "key", kk_sv_of(text));
    kk_jw_close(&json, '}');
    return report_value(call, &json);
}

int cmd_key_create(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *role_name = call_option(call, "role"), *name = call_option(call, "name");
    const char *expires = call_option(call, "expires");
    char text[API_KEY_TEXT_BYTES];
    int64_t life_ms = 0;
    enum api_role role;
    struct api_key key;
    struct kk_err err = {0};
    int status;

    if (!role_name || !name)
        return say_usage("key create needs --role and --name, as in --role trigger --name EventBridge");
    if (!api_role_parse(kk_sv_of(role_name), &role))
        return say_usage("--role: \"%.40s\" is none of viewer, trigger, operator, admin", role_name);
    if (expires && (!kk_duration_parse(kk_sv_of(expires), &life_ms) || life_ms == 0 || life_ms > 36500 * KK_DAY_MS))
        return say_usage("--expires: \"%.40s\" is not a duration of at most 36500d, as in 90d", expires);
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    if (key_create(&office.app, kk_sv_of(name), role, life_ms ? kk_wall_ms(&office.clock) + life_ms : 0, &key, text,
                   &err))
        return say_failure(&err);
    return answer(call, &key, text);
}

int cmd_key_revoke(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct api_key key;
    struct kk_err err = {0};
    int64_t id;
    int status;

    if (!office_id(call->arg[0], "key's number", &id))
        return EXIT_USAGE;
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    return key_revoke(&office.app, id, &key, &err) ? say_failure(&err) : answer(call, &key, NULL);
}

static bool list_row(void *ctx, const struct api_key *key)
{
    struct report *report = ctx;

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_api_key(&report->json, key);
        kk_jw_close(&report->json, '}');
        return report_row(report);
    }
    table_number(&report->table, key->id);
    table_text(&report->table, key->name);
    table_text(&report->table, api_role_name(key->role));
    table_time(&report->table, key->created_at_ms);
    table_time(&report->table, key->last_used_at_ms);
    table_time(&report->table, key->expires_at_ms);
    table_time(&report->table, key->revoked_at_ms);
    return report_row(report);
}

int cmd_key_list(struct call *call)
{
    static const struct table_column columns[] = {
        {"ID", TABLE_RIGHT, false},           {"NAME", TABLE_LEFT, true},        {"ROLE", TABLE_LEFT, false},
        {"MADE (UTC)", TABLE_LEFT, false},    {"USED (UTC)", TABLE_LEFT, false}, {"EXPIRES (UTC)", TABLE_LEFT, true},
        {"REVOKED (UTC)", TABLE_LEFT, false},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct report report;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_key(office.app.store, list_row, &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "No keys yet. Make one: kkachi key create --role admin --name NAME");
}
