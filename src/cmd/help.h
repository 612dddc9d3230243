/* cmd/help.h: what `--help` prints, and the pages under docs/ that are made from the program's own tables. */
#ifndef KK_CMD_HELP_H
#define KK_CMD_HELP_H

#include "cmd/commands.h"

void help_overview(FILE *out);
void help_command(const struct command *command, FILE *out);
/* The commands of a group ("seller"). False: there is none of that name. */
bool help_group(const char *group, FILE *out);

/* docs/man/kkachi.1 and docs/events.md */
void help_manual(FILE *out);
void help_events(FILE *out);

struct help_page {
    const char *path; /* below docs/ */
    void (*print)(FILE *out);
};
extern const struct help_page help_pages[]; /* ends with a NULL path */
/* Writes every page below dir whose path begins with prefix. */
enum kk_code help_write_pages(const char *dir, const char *prefix, struct kk_err *err);

#endif
