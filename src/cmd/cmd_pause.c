/* kkachi pause, kkachi resume: all requests to the site, on every machine. */
#include "app/manage.h"
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"

static void put_pause(struct kk_buf *json, const struct pause *pause)
{
    kk_jw_open(json, '{');
    show_pause(json, pause);
    kk_jw_close(json, '}');
}

static int set_pause(struct call *call, bool is_paused, const char *why)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(2048);
    struct pause pause;
    struct kk_err err = {0};
    int status;

    if (why && strlen(why) >= sizeof(pause.why))
        return say_usage("--why is longer than %zu bytes", sizeof(pause.why) - 1);
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    if (manage_pause(&office.app, is_paused, office.who, why ? why : "", &err) ||
        manage_get_pause(&office.app, &pause, &err))
        return say_failure(&err);
    wire_wake(&office);
    if (!call->is_json) {
        fputs(is_paused ? "Nothing is sent to the site until `kkachi resume`; what is in flight may end.\n"
                        : "Requests go on.\n",
              call->out);
        return EXIT_DONE;
    }
    put_pause(&json, &pause);
    return report_value(call, &json);
}

static int tell_pause(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(2048);
    struct pause pause;
    char at[KK_ISO_BYTES];
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (manage_get_pause(&office.app, &pause, &err))
        return say_failure(&err);
    if (call->is_json) {
        put_pause(&json, &pause);
        return report_value(call, &json);
    }
    kk_time_iso(pause.at_ms, at);
    fputs(pause.is_paused ? "All requests are stopped" : "Requests go on", call->out);
    if (pause.at_ms)
        fprintf(call->out, ", since %s, by %s%s%s", at, pause.who, *pause.why ? ": " : "", pause.why);
    fputs(".\n", call->out);
    return EXIT_DONE;
}

int cmd_pause(struct call *call)
{
    const char *why = call_option(call, "why"), *reason = call_option(call, "reason");

    if (why && reason)
        return say_usage("--reason and --why are the same: give one");
    if (call_option(call, "show"))
        return why || reason ? say_usage("--show changes nothing, so it takes no reason") : tell_pause(call);
    return set_pause(call, true, why ? why : reason);
}

int cmd_resume(struct call *call)
{
    return set_pause(call, false, NULL);
}
