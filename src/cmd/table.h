/* cmd/table.h: listings for people: aligned columns that know how wide Hangul is, and colours where a terminal is. */
#ifndef KK_CMD_TABLE_H
#define KK_CMD_TABLE_H

#include <stdio.h>

#include "base/bytes.h"

#define TABLE_COLUMNS_MAX 12

enum table_align { TABLE_LEFT, TABLE_RIGHT };
enum table_colour { TABLE_PLAIN, TABLE_DIM, TABLE_BOLD, TABLE_GREEN, TABLE_YELLOW, TABLE_RED };

struct table_column {
    const char *title;
    enum table_align align;
    bool is_flexible; /* cut first where the terminal is too narrow */
};
struct table {                         /* rows are kept until table_print(), because widths follow from all of them */
    const struct table_column *column; /* kept */
    size_t column_count;
    struct kk_buf text; /* cells one after the other, each: colour byte, NUL-ended text */
    size_t cell_count;
};

struct table table_of(const struct table_column *columns, size_t count);
void table_done(struct table *table); /* NULL is fine */
/* The next cell, row by row. What is empty is shown as "-". Control characters are left out: site text is hostile. */
void table_cell(struct table *table, enum table_colour colour, struct kk_sv text);
void table_text(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);
/* "2026-11-22 09:30:00" UTC; 0: "-". */
void table_time(struct table *table, int64_t wall_ms);
/* Headings, rows; without rows nothing. Ends every line without trailing blanks. Returns the rows' number. */
size_t table_print(const struct table *table, FILE *out);

/* May colours and moving lines be used on this stream? Not with NO_COLOR, not on a dumb terminal, not in a pipe. */
bool terminal_has_colour(FILE *out);
bool terminal_is(FILE *out);
int terminal_columns(FILE *out); /* 80 where it cannot be told */
/* Starts and ends a colour; writes nothing where there is none. */
const char *terminal_paint(FILE *out, enum table_colour colour);

#endif
