/* Pages under docs/ that are made from the program's own tables: none may be stale. */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/help.h"

static void read_page(const char *path, struct kk_buf *out)
{
    char whole[256];
    int byte;

    snprintf(whole, sizeof(whole), "docs/%s", path);
    FILE *in = fopen(whole, "re");

    if (!in)
        fail_msg("%s is not there; make it with `kkachi help --write docs`", whole);
    while ((byte = getc(in)) != EOF)
        kk_buf_addc(out, (char)byte);
    fclose(in);
}

static void every_page_is_what_the_program_prints(void **state)
{
    (void)state;
    for (const struct help_page *page = help_pages; page->path; page++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf kept = KK_BUF(1 << 20);
        char *printed = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&printed, &len);

        CHECK(out != NULL);
        page->print(out);
        fclose(out);
        read_page(page->path, &kept);
        if (!kk_sv_eq(kk_buf_sv(&kept), (struct kk_sv){printed, len})) {
            free(printed);
            fail_msg("docs/%s is stale; make it anew with `kkachi help --write docs`", page->path);
        }
        free(printed);
    }
}

static void every_command_has_help_with_an_example(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->words; c++) {
        CHECK(c->meaning && *c->meaning);
        CHECK(c->example && strstr(c->example, c->words));
        CHECK((c->run != NULL) != (c->run_raw != NULL));
        CHECK(c->args_max <= COMMAND_ARGS_MAX && c->args_min <= c->args_max);
        for (int i = 0; i < COMMAND_OPTIONS_MAX && c->options[i].name; i++)
            CHECK(c->options[i].meaning && *c->options[i].meaning);
    }
}

static void no_word_of_two_commands_hides_another(void **state)
{
    (void)state;
    for (const struct command *a = commands; a->words; a++)
        for (const struct command *b = commands; b->words; b++)
            if (a != b && strncmp(a->words, b->words, strlen(a->words)) == 0)
                CHECK(b->words[strlen(a->words)] != ' ' && b->words[strlen(a->words)] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_what_the_program_prints),
        cmocka_unit_test(every_command_has_help_with_an_example),
        cmocka_unit_test(no_word_of_two_commands_hides_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
