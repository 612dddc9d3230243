/* kkachi config: the settings in force. */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/report.h"

static const char *const origins[] = {"default", "file", "environment", "flag"};

static void put_value(struct kk_buf *json, const struct config *config, enum config_key key, struct kk_sv shown)
{
    switch (config_row(key)->type) {
    case CONFIG_INT:
        kk_jw_key_i64(json, "value", config_number(config, key));
        return;
    case CONFIG_DURATION:
        kk_jw_key_i64(json, "milliseconds", config_number(config, key));
        break;
    case CONFIG_SIZE:
        kk_jw_key_i64(json, "bytes", config_number(config, key));
        break;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_URL:
    case CONFIG_URLS:
    case CONFIG_LEVEL:
        break;
    }
    kk_jw_key_str(json, "value", shown);
}

int cmd_config(struct call *call)
{
    static const struct table_column columns[] = {
        {"KEY", TABLE_LEFT, false}, {"VALUE", TABLE_LEFT, true}, {"FROM", TABLE_LEFT, true}};
    bool has_origin = call_option(call, "origin");
    struct report report;

    report_begin(&report, call, columns, has_origin ? 3 : 2);
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf shown = KK_BUF(CONFIG_VALUE_MAX_BYTES);
        enum config_key key = (enum config_key)i;
        const struct config_value *value = &call->config.value[key];
        struct kk_sv where = value->where.len ? kk_buf_sv(&value->where) : kk_sv_of("default");

        config_show(&call->config, key, &shown);
        if (call->is_json) {
            kk_jw_open(&report.json, '{');
            kk_jw_key_str(&report.json, "key", kk_sv_of(config_row(key)->key));
            put_value(&report.json, &call->config, key, kk_buf_sv(&shown));
            kk_jw_key_str(&report.json, "origin", kk_sv_of(origins[value->origin]));
            kk_jw_key_str(&report.json, "where", where);
            kk_jw_close(&report.json, '}');
        } else {
            enum table_colour colour = value->origin == CONFIG_FROM_DEFAULT ? TABLE_PLAIN : TABLE_GREEN;

            table_text(&report.table, config_row(key)->key);
            table_cell(&report.table, colour, kk_buf_sv(&shown));
            if (has_origin)
                table_cell(&report.table, colour, where);
        }
        if (!report_row(&report))
            break;
    }
    return report_end(&report, NULL);
}
