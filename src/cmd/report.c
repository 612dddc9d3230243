#include "cmd/report.h"

#include "cmd/say.h"

void report_begin(struct report *report, const struct call *call, const struct table_column *columns, size_t count)
{
    *report = (struct report){
        .out = call->out,
        .is_json = call->is_json,
        .limit = call->limit,
        .table = table_of(columns, count),
        .json = KK_BUF(REPORT_ROW_MAX_BYTES),
    };
    if (report->is_json)
        fputc('[', report->out);
}

bool report_row(struct report *report)
{
    report->count++;
    if (report->is_json) {
        if (report->json.failed)
            return false;
        fputs(report->count > 1 ? ",\n" : "\n", report->out);
        fwrite(report->json.ptr, 1, report->json.len, report->out);
        kk_buf_clear(&report->json);
    }
    return report->count != report->limit && !report->table.text.failed && !ferror(report->out);
}

static int check_written(FILE *out)
{
    if (fflush(out) == 0 && !ferror(out))
        return EXIT_DONE;
    return say_failed("the output cannot be written: %s", strerror(errno));
}

void report_drop(struct report *report)
{
    table_done(&report->table);
    kk_buf_done(&report->json);
}

int report_end(struct report *report, const char *what_if_none)
{
    int status = EXIT_DONE;

    if (report->json.failed || report->table.text.failed)
        status = say_failed("no memory for the report");
    else if (report->is_json)
        fputs(report->count > 0 ? "\n]\n" : "]\n", report->out);
    else if (table_print(&report->table, report->out) == 0 && what_if_none)
        fprintf(report->out, "%s\n", what_if_none);
    report_drop(report);
    return status ? status : check_written(report->out ? report->out : stdout);
}

int report_value(const struct call *call, struct kk_buf *json)
{
    if (json->failed)
        return say_failed("no memory for the answer");
    fwrite(json->ptr, 1, json->len, call->out);
    fputc('\n', call->out);
    return check_written(call->out);
}
