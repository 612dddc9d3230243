#include "cmd/progress.h"

#include <stdlib.h>

#include "base/text.h"

#define TELL_EVERY_MS 5000
#define BAR_COLUMNS_MAX 30
#define BAR_COLUMNS_MIN 8
#define EIGHTHS 8
#define DIGITS_COLUMNS 9 /* "1004/1004": the bars keep their length while the numbers grow */

void progress_begin(struct progress *progress, FILE *out)
{
    *progress = (struct progress){.out = out, .is_live = terminal_is(out)};
}

struct progress_bar *progress_add(struct progress *progress, const char *label)
{
    struct progress_bar *bar;

    if (progress->count == PROGRESS_BARS_MAX)
        return NULL;
    bar = &progress->bar[progress->count++];
    *bar = (struct progress_bar){0};
    kk_sv_copy(kk_text_fit(kk_sv_of(label), PROGRESS_LABEL_BYTES / 3), bar->label, sizeof(bar->label));
    return bar;
}

/* Blocks of eighths: a bar of 20 columns has 160 steps. */
static void put_bar(FILE *out, const struct progress_bar *bar, int columns)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int64_t whole = (int64_t)columns * EIGHTHS;
    int64_t steps = bar->total > 0 ? whole * (bar->done < bar->total ? bar->done : bar->total) / bar->total
                    : bar->is_over ? whole
                                   : 0;
    int full = (int)(steps / EIGHTHS), used = full;

    fputs(terminal_paint(out, bar->colour ? bar->colour : TABLE_GREEN), out);
    for (int i = 0; i < full; i++)
        fputs("█", out);
    if (steps % EIGHTHS) {
        fputs(parts[steps % EIGHTHS], out);
        used++;
    }
    fputs(terminal_paint(out, TABLE_PLAIN), out);
    fputs(terminal_paint(out, TABLE_DIM), out);
    for (int i = used; i < columns; i++)
        fputs("·", out);
    fputs(terminal_paint(out, TABLE_PLAIN), out);
}

static void numbers(const struct progress_bar *bar, char *ret, size_t ret_bytes)
{
    if (bar->total > 0)
        snprintf(ret, ret_bytes, "%" PRId64 "/%" PRId64, bar->done, bar->total);
    else
        snprintf(ret, ret_bytes, "%s", bar->is_over ? "0/0" : "…");
}

static void draw_live(struct progress *progress)
{
    int columns = terminal_columns(progress->out), label = 0, digits = DIGITS_COLUMNS, bar_columns;
    char text[48];

    for (size_t i = 0; i < progress->count; i++) {
        int width = kk_text_columns(kk_sv_of(progress->bar[i].label));

        numbers(&progress->bar[i], text, sizeof(text));
        label = width > label ? width : label;
        digits = kk_text_columns(kk_sv_of(text)) > digits ? kk_text_columns(kk_sv_of(text)) : digits;
    }
    bar_columns = (columns - label - digits - 6) / 2;
    if (bar_columns > BAR_COLUMNS_MAX)
        bar_columns = BAR_COLUMNS_MAX;
    if (bar_columns < BAR_COLUMNS_MIN)
        bar_columns = BAR_COLUMNS_MIN;
    if (progress->drawn > 0)
        fprintf(progress->out, "\033[%zuA", progress->drawn);
    for (size_t i = 0; i < progress->count; i++) {
        const struct progress_bar *bar = &progress->bar[i];
        int left = columns - label - digits - bar_columns - 7;
        struct kk_sv note = kk_text_fit(kk_sv_of(bar->note), left > 0 ? left : 0);

        numbers(bar, text, sizeof(text));
        fprintf(progress->out, "\r\033[K  %s%*s ", bar->label, label - kk_text_columns(kk_sv_of(bar->label)), "");
        put_bar(progress->out, bar, bar_columns);
        fprintf(progress->out, " %*s%s  %s%.*s%s\n", digits - kk_text_columns(kk_sv_of(text)), "", text,
                terminal_paint(progress->out, TABLE_DIM), (int)note.len, note.len ? note.ptr : "",
                terminal_paint(progress->out, TABLE_PLAIN));
    }
    progress->drawn = progress->count;
    fflush(progress->out);
}

static void tell(FILE *out, const struct progress_bar *bar)
{
    char text[48];

    numbers(bar, text, sizeof(text));
    fprintf(out, "%s %s%s%s\n", bar->label, text, *bar->note ? " " : "", bar->note);
}

static void tell_plain(struct progress *progress, int64_t now_ms, bool is_last)
{
    bool is_time = now_ms - progress->told_at_ms >= TELL_EVERY_MS;

    if (progress->told_at_ms == 0) {
        progress->told_at_ms = now_ms;
        is_time = false;
    }
    for (size_t i = 0; i < progress->count; i++) {
        struct progress_bar *bar = &progress->bar[i];

        if (bar->was_told || !(bar->is_over || is_time || is_last))
            continue;
        tell(progress->out, bar);
        bar->was_told = bar->is_over;
    }
    if (is_time)
        progress->told_at_ms = now_ms;
    fflush(progress->out);
}

void progress_draw(struct progress *progress, int64_t now_ms)
{
    if (progress->is_live)
        draw_live(progress);
    else
        tell_plain(progress, now_ms, false);
}

void progress_end(struct progress *progress, int64_t now_ms)
{
    if (progress->is_live)
        draw_live(progress);
    else
        tell_plain(progress, now_ms, true);
}
