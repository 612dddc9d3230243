/* cmd/args.h: what was typed, read against a command's row. */
#ifndef KK_CMD_ARGS_H
#define KK_CMD_ARGS_H

#include "cmd/commands.h"

/* The command that argv's first words name, and how many words that took. NULL: none; KK_BAD_INPUT's sentence names the
 * nearest, or a group's commands. */
const struct command *args_command(const struct command *list, int argc, char **argv, int *ret_words,
                                   struct kk_err *err);
/* Reads what follows the words. Everything is borrowed from argv but call->flag (call_done()). */
enum kk_code args_read(const struct command *command, int argc, char **argv, struct call *call, struct kk_err *err);
void call_done(struct call *call);

#endif
