#include "cmd/table.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/text.h"

#define TABLE_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define COLUMN_GAP 2
#define FLEXIBLE_LEAST 8

struct table table_of(const struct table_column *columns, size_t count)
{
    KK_ASSERT(count > 0 && count <= TABLE_COLUMNS_MAX);
    return (struct table){.column = columns, .column_count = count, .text = KK_BUF(TABLE_MAX_BYTES)};
}

void table_done(struct table *table)
{
    if (table)
        kk_buf_done(&table->text);
}

void table_cell(struct table *table, enum table_colour colour, struct kk_sv text)
{
    kk_buf_addc(&table->text, (char)('0' + (int)colour));
    if (text.len == 0)
        kk_buf_addc(&table->text, '-');
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7F)
            kk_buf_addc(&table->text, text.ptr[i]);
    kk_buf_addc(&table->text, '\0');
    table->cell_count++;
}

void table_text(struct table *table, const char *text)
{
    table_cell(table, TABLE_PLAIN, kk_sv_of(text));
}

void table_number(struct table *table, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRId64, number);
    table_text(table, digits);
}

void table_time(struct table *table, int64_t wall_ms)
{
    char iso[KK_ISO_BYTES];

    if (wall_ms == 0) {
        table_text(table, "");
        return;
    }
    kk_time_iso(wall_ms, iso);
    iso[10] = ' ';
    iso[19] = '\0'; /* seconds are enough for people */
    table_text(table, iso);
}

/* ---- the terminal ---- */

bool terminal_is(FILE *out)
{
    const char *term = getenv("TERM");

    return isatty(fileno(out)) && !(term && strcmp(term, "dumb") == 0);
}

bool terminal_has_colour(FILE *out)
{
    const char *no = getenv("NO_COLOR");

    return terminal_is(out) && !(no && *no);
}

int terminal_columns(FILE *out)
{
    struct winsize size = {0};

    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

const char *terminal_paint(FILE *out, enum table_colour colour)
{
    static const char *const codes[] = {
        [TABLE_PLAIN] = "\033[0m",  [TABLE_DIM] = "\033[2m",     [TABLE_BOLD] = "\033[1m",
        [TABLE_GREEN] = "\033[32m", [TABLE_YELLOW] = "\033[33m", [TABLE_RED] = "\033[31m",
    };

    return terminal_has_colour(out) ? codes[colour] : "";
}

/* ---- printing ---- */

static void measure(const struct table *table, int *widths)
{
    const char *at = table->text.ptr;

    for (size_t c = 0; c < table->column_count; c++)
        widths[c] = kk_text_columns(kk_sv_of(table->column[c].title));
    for (size_t i = 0; i < table->cell_count; i++) {
        struct kk_sv text = kk_sv_of(at + 1);
        int columns = kk_text_columns(text);

        if (columns > widths[i % table->column_count])
            widths[i % table->column_count] = columns;
        at = text.ptr + text.len + 1;
    }
}

/* Only for a terminal: what goes into a pipe or a file is whole. */
static void squeeze(const struct table *table, int *widths, int room)
{
    int total = -COLUMN_GAP;

    for (size_t c = 0; c < table->column_count; c++)
        total += widths[c] + COLUMN_GAP;
    for (size_t c = table->column_count; c-- > 0 && total > room;) {
        int least = widths[c] < FLEXIBLE_LEAST ? widths[c] : FLEXIBLE_LEAST;
        int cut = total - room < widths[c] - least ? total - room : widths[c] - least;

        if (!table->column[c].is_flexible)
            continue;
        widths[c] -= cut;
        total -= cut;
    }
}

struct line {
    FILE *out;
    int owed; /* blanks before the next text, so that a line ends without them */
};

static void put(struct line *line, struct kk_sv text, int width, enum table_align align, const char *paint)
{
    int columns = kk_text_columns(text);
    bool is_cut = columns > width;
    int blanks;

    if (is_cut) {
        text = kk_text_fit(text, width - 1);
        columns = kk_text_columns(text) + 1;
    }
    blanks = width - columns;
    line->owed += align == TABLE_RIGHT ? blanks : 0;
    fprintf(line->out, "%*s%s%.*s%s%s", line->owed, "", paint, (int)text.len, text.ptr ? text.ptr : "",
            is_cut ? "…" : "", *paint ? terminal_paint(line->out, TABLE_PLAIN) : "");
    line->owed = COLUMN_GAP + (align == TABLE_LEFT ? blanks : 0);
}

size_t table_print(const struct table *table, FILE *out)
{
    int widths[TABLE_COLUMNS_MAX];
    struct line line = {.out = out};
    const char *at = table->text.ptr;

    if (table->cell_count == 0 || table->text.failed)
        return 0;
    KK_ASSERT(table->cell_count % table->column_count == 0);
    measure(table, widths);
    if (terminal_is(out))
        squeeze(table, widths, terminal_columns(out));
    for (size_t c = 0; c < table->column_count; c++)
        put(&line, kk_sv_of(table->column[c].title), widths[c], table->column[c].align,
            terminal_paint(out, TABLE_BOLD));
    for (size_t i = 0; i < table->cell_count; i++) {
        struct kk_sv text = kk_sv_of(at + 1);
        size_t c = i % table->column_count;
        enum table_colour colour = (enum table_colour)(at[0] - '0');

        if (c == 0) {
            fputc('\n', out);
            line.owed = 0;
        }
        put(&line, text, widths[c], table->column[c].align, colour ? terminal_paint(out, colour) : "");
        at = text.ptr + text.len + 1;
    }
    fputc('\n', out);
    return table->cell_count / table->column_count;
}
