/* cmd/commands.h: every command of the program as one table; help, the manual page and the parser come from it. */
#ifndef KK_CMD_COMMANDS_H
#define KK_CMD_COMMANDS_H

#include <stdio.h>

#include "base/bytes.h"
#include "cmd/config.h"

/* Exit status of every command (design.md section 7). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

#define COMMAND_OPTIONS_MAX 8
#define COMMAND_ARGS_MAX 64

struct command_option {
    const char *name;  /* without the dashes; NULL ends a list */
    const char *value; /* what it takes, for help; NULL: it is a switch */
    const char *meaning;
};

enum command_trait {
    COMMAND_JSON = 1,      /* knows --json */
    COMMAND_LIMIT = 2,     /* knows --limit */
    COMMAND_NO_CONFIG = 4, /* reads no configuration, so it works where that is broken */
    COMMAND_OWN_ARGS = 8,  /* reads its arguments itself: run_raw */
    COMMAND_HIDDEN = 16
};

struct call;
struct command {
    const char *words;    /* "seller add" */
    const char *synopsis; /* "SELLER --period PERIOD [--name NAME]" */
    const char *meaning;  /* one line */
    const char *details;  /* sentences, a line each; may be NULL */
    const char *example;  /* what to type, a line each */
    unsigned traits;
    int args_min, args_max;
    struct command_option options[COMMAND_OPTIONS_MAX];
    int (*run)(struct call *call);
    int (*run_raw)(int argc, char **argv); /* argv[0] is the command's last word */
};

/* One call of a command: what was typed, read against the command's row. */
struct call {
    const struct command *command;
    const char *arg[COMMAND_ARGS_MAX];
    size_t arg_count;
    const char *option[COMMAND_OPTIONS_MAX]; /* in the row's order; "" for a switch that is on; NULL: not given */
    bool is_json, is_help;
    int64_t limit; /* 0: no limit */
    const char *config_file;
    struct config_flag *flag; /* owned */
    size_t flag_count, flag_room;
    struct config config;
    FILE *out;
};
/* The value of an option by its name; NULL when it was not given. */
const char *call_option(const struct call *call, const char *name);

/* Ends with a row whose words are NULL. */
extern const struct command commands[];

/* What `kkachi ARGS...` does; the exit status. */
int commands_main(int argc, char **argv);

/* The sandbox reads its own arguments: it shares nothing with the crawler's configuration. */
int cmd_sandbox(int argc, char **argv);

#endif
