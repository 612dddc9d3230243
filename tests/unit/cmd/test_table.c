#include "support/check.h"

#include <stdlib.h>

#include "cmd/progress.h"
#include "cmd/table.h"

/* What fn prints into memory, which is no terminal. */
struct printed {
    char *text;
    size_t len;
    FILE *out;
};

static void open_printed(struct printed *printed)
{
    printed->out = open_memstream(&printed->text, &printed->len);
    CHECK(printed->out != NULL);
}

static const char *text_of(struct printed *printed)
{
    fflush(printed->out);
    return printed->text;
}

static void close_printed(struct printed *printed)
{
    fclose(printed->out);
    free(printed->text);
}

static const struct table_column columns[] = {
    {"NAME", TABLE_LEFT, true}, {"N", TABLE_RIGHT, false}, {"NOTE", TABLE_LEFT, false}};

static void columns_are_as_wide_as_hangul_is_on_a_terminal(void **state)
{
    KK_CLEANUP(table_done) struct table table = table_of(columns, KK_COUNT(columns));
    struct printed printed;

    (void)state;
    open_printed(&printed);
    table_text(&table, "럭스메종");
    table_number(&table, 5);
    table_text(&table, "x");
    table_text(&table, "abc");
    table_number(&table, 12345);
    table_text(&table, "");
    CHECK_EQ(table_print(&table, printed.out), 2);
    CHECK_STR(text_of(&printed), "NAME          N  NOTE\n"
                                 "럭스메종      5  x\n"
                                 "abc       12345  -\n");
    close_printed(&printed);
}

static void an_empty_table_prints_nothing(void **state)
{
    KK_CLEANUP(table_done) struct table table = table_of(columns, KK_COUNT(columns));
    struct printed printed;

    (void)state;
    open_printed(&printed);
    CHECK_EQ(table_print(&table, printed.out), 0);
    CHECK_STR(text_of(&printed), "");
    close_printed(&printed);
}

static void control_characters_of_the_site_do_not_reach_the_terminal(void **state)
{
    KK_CLEANUP(table_done) struct table table = table_of(columns, 1);
    struct printed printed;

    (void)state;
    open_printed(&printed);
    table_text(&table, "a\033[31mb\n\x7F");
    table_print(&table, printed.out);
    CHECK_STR(text_of(&printed), "NAME\na[31mb\n");
    close_printed(&printed);
}

static void times_are_shown_to_the_second(void **state)
{
    KK_CLEANUP(table_done) struct table table = table_of(columns, 1);
    struct printed printed;

    (void)state;
    open_printed(&printed);
    table_time(&table, 0);
    table_time(&table, INT64_C(1795339800123));
    table_print(&table, printed.out);
    CHECK_STR(text_of(&printed), "NAME\n-\n2026-11-22 09:30:00\n");
    close_printed(&printed);
}

static void without_a_terminal_progress_is_told_in_plain_lines(void **state)
{
    struct progress progress;
    struct printed printed;
    struct progress_bar *a, *b;

    (void)state;
    open_printed(&printed);
    progress_begin(&progress, printed.out);
    a = progress_add(&progress, "a");
    b = progress_add(&progress, "b");
    progress_draw(&progress, 1000);
    a->done = 3;
    a->total = 10;
    progress_draw(&progress, 2000); /* too soon to say something */
    CHECK_STR(text_of(&printed), "");
    progress_draw(&progress, 7000);
    CHECK_STR(text_of(&printed), "a 3/10\nb …\n");
    b->is_over = true;
    snprintf(b->note, sizeof(b->note), "done");
    progress_draw(&progress, 7100); /* what ends is told at once, and once */
    progress_draw(&progress, 7200);
    CHECK_STR(text_of(&printed), "a 3/10\nb …\nb 0/0 done\n");
    progress_end(&progress, 7300);
    CHECK_STR(text_of(&printed), "a 3/10\nb …\nb 0/0 done\na 3/10\n");
    close_printed(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_hangul_is_on_a_terminal),
        cmocka_unit_test(an_empty_table_prints_nothing),
        cmocka_unit_test(control_characters_of_the_site_do_not_reach_the_terminal),
        cmocka_unit_test(times_are_shown_to_the_second),
        cmocka_unit_test(without_a_terminal_progress_is_told_in_plain_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
