/* cmd/report.h: one report: a table for people, or one JSON array for programs, written as it comes. */
#ifndef KK_CMD_REPORT_H
#define KK_CMD_REPORT_H

#include "cmd/commands.h"
#include "cmd/table.h"

#define REPORT_ROW_MAX_BYTES (4 * 1024 * 1024)

struct report {
    FILE *out;
    bool is_json;
    int64_t limit, count;
    struct table table;
    struct kk_buf json; /* the row at hand */
};
void report_begin(struct report *report, const struct call *call, const struct table_column *columns, size_t count);
/* Ends a row that was put into ->json or ->table. False: no more rows are wanted, or can be kept. */
bool report_row(struct report *report);
/* Prints the rest; for people, what_if_none where there was no row. The exit status. Frees. */
int report_end(struct report *report, const char *what_if_none);
/* After a failure: frees, prints nothing more. */
void report_drop(struct report *report);

/* One JSON value and a newline. The exit status. */
int report_value(const struct call *call, struct kk_buf *json);

#endif
