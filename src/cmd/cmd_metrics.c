/* kkachi metrics [--format prometheus|openmetrics|emf] */
#include "app/metrics.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"

static bool write_as(const char *format, const struct measure *m, struct kk_buf *out)
{
    if (!format || strcmp(format, "prometheus") == 0)
        metrics_write(m, METRICS_PROMETHEUS, out);
    else if (strcmp(format, "openmetrics") == 0)
        metrics_write(m, METRICS_OPENMETRICS, out);
    else if (strcmp(format, "emf") == 0)
        metrics_write_emf(m, out);
    else
        return false;
    if (out->len && out->ptr[out->len - 1] != '\n')
        kk_buf_addc(out, '\n');
    return true;
}

int cmd_metrics(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(METRICS_MAX_BYTES);
    struct measure measure;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_MANAGE);

    if (status)
        return status;
    if (measure_take(&office.app, &measure, &err))
        return say_failure(&err);
    if (!write_as(call_option(call, "format"), &measure, &text))
        return say_usage("--format is prometheus, openmetrics or emf");
    if (text.failed)
        return say_failed("no memory for the metrics");
    fwrite(text.ptr, 1, text.len, call->out);
    return fflush(call->out) ? say_failed("the output cannot be written") : EXIT_DONE;
}
