#include "cmd/help.h"

#include <sys/stat.h>

#include "api/table.h"
#include "base/log.h"
#include "cmd/alert_pages.h"
#include "cmd/config.h"
#include "cmd/table.h"
#include "core/agent_state.h"
#include "core/task_state.h"

/* Of the text; a page that is made anew on another day is the same page. */
#define MANUAL_DATE "2026-11-22"

static void print_indented(FILE *out, const char *text, const char *before)
{
    struct kk_sv rest = kk_sv_of(text);

    while (rest.ptr) {
        struct kk_sv line = kk_sv_cut(&rest, '\n');

        fprintf(out, "%s%.*s\n", before, (int)line.len, line.ptr);
    }
}

void help_overview(FILE *out)
{
    const char *bold = terminal_paint(out, TABLE_BOLD), *plain = terminal_paint(out, TABLE_PLAIN);

    fprintf(out,
            "%skkachi%s (까치) crawls the products of chosen MustIt sellers, notices what changed, and tells it.\n\n"
            "  %skkachi COMMAND [OPTIONS]%s\n\n",
            bold, plain, bold, plain);
    for (const struct command *c = commands; c->words; c++)
        if (!(c->traits & COMMAND_HIDDEN))
            fprintf(out, "  %s%-15s%s %s\n", bold, c->words, plain, c->meaning);
    fputs("\nkkachi COMMAND --help shows options and an example. Every command that needs the configuration takes\n"
          "--config FILE, --set KEY=VALUE and --KEY VALUE, as in --site.url http://127.0.0.1:8630; listings take\n"
          "--json and --limit N. Exit status: 0 done, 1 it failed, 2 wrong usage, 3 a backend could not be reached.\n",
          out);
}

static void print_option(FILE *out, const char *name, const char *value, const char *meaning)
{
    char left[48];

    snprintf(left, sizeof(left), "--%s%s%s", name, value ? " " : "", value ? value : "");
    fprintf(out, "  %-22s %s\n", left, meaning);
}

void help_command(const struct command *command, FILE *out)
{
    const char *bold = terminal_paint(out, TABLE_BOLD), *plain = terminal_paint(out, TABLE_PLAIN);

    fprintf(out, "%skkachi %s%s %s\n\n  %s\n", bold, command->words, plain, command->synopsis, command->meaning);
    if (command->details) {
        fputc('\n', out);
        print_indented(out, command->details, "  ");
    }
    fprintf(out, "\n%sOptions%s\n", bold, plain);
    for (int i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        print_option(out, command->options[i].name, command->options[i].value, command->options[i].meaning);
    if (command->traits & COMMAND_JSON)
        print_option(out, "json", NULL, "one JSON value for programs");
    if (command->traits & COMMAND_LIMIT)
        print_option(out, "limit", "N", "at most so many rows");
    if (!(command->traits & COMMAND_NO_CONFIG)) {
        print_option(out, "config", "FILE", "the configuration file");
        print_option(out, "KEY", "VALUE", "a setting, as in --site.rate 5; also --set KEY=VALUE");
    }
    print_option(out, "help", NULL, "this");
    fprintf(out, "\n%sExample%s\n", bold, plain);
    print_indented(out, command->example, "  ");
}

bool help_group(const char *group, FILE *out)
{
    size_t len = strlen(group), count = 0;

    for (const struct command *c = commands; c->words; c++) {
        if (strncmp(c->words, group, len) != 0 || c->words[len] != ' ')
            continue;
        fprintf(out, "  kkachi %s %s\n      %s\n", c->words, c->synopsis, c->meaning);
        count++;
    }
    if (count > 0)
        fprintf(out, "\nkkachi %s ... --help shows options and an example.\n", group);
    return count > 0;
}

/* ---- pages ---- */

/* In roff a line that begins with '.' or ''' is an order, and '\' and '-' are not themselves. */
static void put_roff(FILE *out, const char *text)
{
    for (bool at_start = true; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        at_start = *text == '\n';
    }
}

static void manual_command(const struct command *c, FILE *out)
{
    fputs(".SS \"", out);
    put_roff(out, c->words);
    fputs("\"\n.B kkachi ", out);
    put_roff(out, c->words);
    fputc(' ', out);
    put_roff(out, c->synopsis);
    fputs("\n.PP\n", out);
    put_roff(out, c->meaning);
    fputs(".\n", out);
    if (c->details) {
        put_roff(out, c->details);
        fputc('\n', out);
    }
    for (int i = 0; i < COMMAND_OPTIONS_MAX && c->options[i].name; i++) {
        fputs(".TP\n.B \\-\\-", out);
        put_roff(out, c->options[i].name);
        if (c->options[i].value)
            fprintf(out, " \\fI%s\\fR", c->options[i].value);
        fputc('\n', out);
        put_roff(out, c->options[i].meaning);
        fputc('\n', out);
    }
    fputs(".PP\n.nf\n", out);
    put_roff(out, c->example);
    fputs("\n.fi\n", out);
}

void help_manual(FILE *out)
{
    fputs(".\\\" Made by `kkachi help --write docs` from src/cmd/commands.c; edit that.\n"
          ".TH KKACHI 1 \"" MANUAL_DATE "\" \"kkachi " KK_VERSION "\" \"User Commands\"\n"
          ".SH NAME\nkkachi \\- crawls MustIt sellers, notices what changed, and tells it\n"
          ".SH SYNOPSIS\n.B kkachi\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
          ".SH DESCRIPTION\n"
          "The products of chosen sellers are crawled through the site's JSON endpoints, within strict limits of\n"
          "requests; each product has versions, and every change is delivered to a file or a webhook.\n"
          "All data is in the folder that the configuration names, by default\n.I var\nin the working directory.\n"
          ".SH COMMANDS\n",
          out);
    for (const struct command *c = commands; c->words; c++)
        if (!(c->traits & COMMAND_HIDDEN))
            manual_command(c, out);
    fputs(".SH CONFIGURATION\n"
          "Every command that needs it reads the first file that is there of\n"
          ".BR \\-\\-config ,\n.BR $KKACHI_CONFIG ,\n.I ./kkachi.conf\nand\n.IR /etc/kkachi/kkachi.conf ;\n"
          "over it the environment, over it flags\n(\\fB\\-\\-\\fIKEY VALUE\\fR or \\fB\\-\\-set "
          "\\fIKEY\\fR=\\fIVALUE\\fR).\n",
          out);
    for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_row *row = config_row((enum config_key)i);

        fprintf(out, ".TP\n.B %s\n", row->key);
        put_roff(out, row->meaning);
        if (*row->value)
            fprintf(out, " (%s)", row->value);
        fputc('\n', out);
    }
    fputs(".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nit failed\n.TP\n.B 2\nwrong usage, or a bad configuration\n"
          ".TP\n.B 3\na backend could not be reached\n"
          ".SH ENVIRONMENT\n.TP\n.B KKACHI_CONFIG\nthe configuration file\n.TP\n.B KKACHI_SECTION_KEY\n"
          "a setting; with _FILE behind it, a file that holds it\n.TP\n.B NO_COLOR\nno colours\n"
          ".SH FILES\n.TP\n.I var/kkachi.db\nthe database\n.TP\n.I var/archive\nraw answers\n.TP\n"
          ".I var/events.ndjson\ndelivered changes, one CloudEvents object a line\n.TP\n"
          ".I var/kkachi.lock\nheld while something runs on the folder\n",
          out);
}

void help_events(FILE *out)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};

    fputs("# Log events\n\nMade by `kkachi help --write docs` from `src/base/events.h`; edit that.\n\n"
          "One JSON object a line, on standard error. `log.level` drops what is below it.\n\n"
          "| event | level | meaning |\n|---|---|---|\n",
          out);
    for (int i = 0; i < KK_EV_COUNT; i++)
        fprintf(out, "| `%s` | %s | %s |\n", kk_event_name((enum kk_event)i), levels[kk_event_level((enum kk_event)i)],
                kk_event_meaning((enum kk_event)i));
}

static void openapi_page(FILE *out)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(OPENAPI_MAX_BYTES);

    openapi_write(true, &text);
    fwrite(text.ptr, 1, text.len, out);
}

const struct help_page help_pages[] = {
    {"alerts.md", alert_page},
    {"config.md", config_page},
    {"events.md", help_events},
    {"openapi.json", openapi_page},
    {"man/kkachi.1", help_manual},
    {"states/task.mmd", task_states_print},
    {"states/agent.mmd", agent_states_print},
    {NULL, NULL},
};

static enum kk_code write_page(const char *dir, const struct help_page *page, struct kk_err *err)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", dir, page->path);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            return kk_fail(err, KK_DENIED, "%.150s: %s", path, strerror(errno));
        *slash = '/';
    }
    out = fopen(path, "we");
    if (!out)
        return kk_fail(err, KK_DENIED, "%.150s: %s", path, strerror(errno));
    page->print(out);

    bool is_bad = ferror(out) != 0;

    if (fclose(out) || is_bad)
        return kk_fail(err, KK_FULL, "%.150s: %s", path, strerror(errno));
    return KK_OK;
}

enum kk_code help_write_pages(const char *dir, const char *prefix, struct kk_err *err)
{
    for (const struct help_page *page = help_pages; page->path; page++) {
        if (strncmp(page->path, prefix, strlen(prefix)) != 0)
            continue;

        enum kk_code rc = write_page(dir, page, err);

        if (rc)
            return rc;
    }
    return KK_OK;
}
