/* kkachi help, states, version: what the program knows about itself. */
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/say.h"
#include "core/agent_state.h"
#include "core/task_state.h"

static int write_pages(const char *dir, const char *prefix)
{
    struct kk_err err = {0};

    return help_write_pages(dir, prefix, &err) ? say_failure(&err) : EXIT_DONE;
}

int cmd_help(struct call *call)
{
    const char *dir = call_option(call, "write");
    char *words[2] = {NULL};
    struct kk_err err = {0};
    int used = 0;

    if (dir)
        return write_pages(dir, "");
    if (call->arg_count == 0) {
        help_overview(call->out);
        return EXIT_DONE;
    }
    if (call->arg_count == 1 && help_group(call->arg[0], call->out))
        return EXIT_DONE;
    for (size_t i = 0; i < call->arg_count; i++)
        words[i] = (char *)(uintptr_t)call->arg[i]; /* only read there; argv has no const */

    const struct command *command = args_command(commands, (int)call->arg_count, words, &used, &err);

    if (!command)
        return say_failure(&err);
    if (command->traits & COMMAND_OWN_ARGS) {
        char name[] = "sandbox", option[] = "--help", *argv[] = {name, option, NULL};

        return command->run_raw(2, argv);
    }
    help_command(command, call->out);
    return EXIT_DONE;
}

int cmd_states(struct call *call)
{
    const char *dir = call_option(call, "write");

    if (dir)
        return write_pages(dir, "states/");
    fputs("%% a task (spec K2)\n", call->out);
    task_states_print(call->out);
    fputs("\n%% an agent (spec A4)\n", call->out);
    agent_states_print(call->out);
    return EXIT_DONE;
}

int cmd_version(struct call *call)
{
    if (call->is_json)
        fputs("{\"version\":\"" KK_VERSION "\"}\n", call->out);
    else
        fputs("kkachi " KK_VERSION "\n", call->out);
    return EXIT_DONE;
}
