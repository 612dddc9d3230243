#include "cmd/args.h"

#include <stdlib.h>

#include "base/assert.h"
#include "cmd/nearest.h"

#define FLAGS_MAX 256 /* settings on one command line */

/* ---- which command ---- */

/* How many words of command->words begin argv; 0: they do not. */
static int words_matched(const char *words, int argc, char **argv)
{
    struct kk_sv rest = kk_sv_of(words);
    int count = 0;

    while (rest.ptr) {
        struct kk_sv word = kk_sv_cut(&rest, ' ');

        if (count >= argc || !kk_sv_eq(word, kk_sv_of(argv[count])))
            return 0;
        count++;
    }
    return count;
}

static bool is_in_group(const struct command *command, const char *group)
{
    size_t len = strlen(group);

    return strncmp(command->words, group, len) == 0 && command->words[len] == ' ';
}

static enum kk_code fail_in_group(const struct command *list, const char *group, const char *typed, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf names = KK_BUF(512);
    struct nearest nearest = {0};

    for (const struct command *c = list; c->words; c++) {
        if (!is_in_group(c, group))
            continue;
        const char *last = c->words + strlen(group) + 1;

        if (typed)
            nearest_try(&nearest, kk_sv_of(typed), last);
        kk_buf_addf(&names, "%s%s", names.len ? ", " : "", last);
    }
    if (!typed)
        return kk_fail(err, KK_BAD_INPUT, "%s needs one of: %s", group, kk_buf_cstr(&names));
    if (nearest.name)
        return kk_fail(err, KK_BAD_INPUT, "%s has no \"%.40s\"; did you mean `kkachi %s %s`?", group, typed, group,
                       nearest.name);
    return kk_fail(err, KK_BAD_INPUT, "%s has no \"%.40s\", but: %s", group, typed, kk_buf_cstr(&names));
}

static enum kk_code fail_unknown(const struct command *list, const char *typed, struct kk_err *err)
{
    struct nearest nearest = {0};
    char first[COMMAND_ARGS_MAX][32];
    size_t count = 0;

    for (const struct command *c = list; c->words && count < KK_COUNT(first); c++) {
        struct kk_sv rest = kk_sv_of(c->words);

        if ((c->traits & COMMAND_HIDDEN) || !kk_sv_copy(kk_sv_cut(&rest, ' '), first[count], sizeof(first[0])))
            continue;
        nearest_try(&nearest, kk_sv_of(typed), first[count]);
        count++;
    }
    if (nearest.name)
        return kk_fail(err, KK_BAD_INPUT, "there is no command \"%.40s\"; did you mean `kkachi %s`?", typed,
                       nearest.name);
    return kk_fail(err, KK_BAD_INPUT, "there is no command \"%.40s\"; `kkachi help` lists them", typed);
}

const struct command *args_command(const struct command *list, int argc, char **argv, int *ret_words,
                                   struct kk_err *err)
{
    const char *typed = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;

    KK_ASSERT(argc > 0);
    for (const struct command *c = list; c->words; c++) {
        *ret_words = words_matched(c->words, argc, argv);
        if (*ret_words > 0)
            return c;
    }
    for (const struct command *c = list; c->words; c++) {
        if (is_in_group(c, argv[0])) {
            fail_in_group(list, argv[0], typed, err);
            return NULL;
        }
    }
    fail_unknown(list, argv[0], err);
    return NULL;
}

/* ---- its options ---- */

static enum kk_code add_flag(struct call *call, const char *key, const char *value, struct kk_err *err)
{
    if (call->flag_count == FLAGS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "more than %d settings on one command line", FLAGS_MAX);
    if (call->flag_count == call->flag_room) {
        size_t room = call->flag_room ? call->flag_room * 2 : 8;
        struct config_flag *grown = realloc(call->flag, room * sizeof(*grown));

        if (!grown)
            return kk_fail(err, KK_NO_MEMORY, "no memory for the command line");
        call->flag = grown;
        call->flag_room = room;
    }
    call->flag[call->flag_count++] = (struct config_flag){key, value};
    return KK_OK;
}

static enum kk_code fail_option(const struct call *call, const char *name, struct kk_err *err)
{
    struct nearest nearest = {0};
    const struct command *command = call->command;

    for (int i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        nearest_try(&nearest, kk_sv_of(name), command->options[i].name);
    if (command->traits & COMMAND_JSON)
        nearest_try(&nearest, kk_sv_of(name), "json");
    if (command->traits & COMMAND_LIMIT)
        nearest_try(&nearest, kk_sv_of(name), "limit");
    if (nearest.name)
        return kk_fail(err, KK_BAD_INPUT, "%s has no option --%.40s; did you mean --%s?", command->words, name,
                       nearest.name);
    return kk_fail(err, KK_BAD_INPUT, "%s has no option --%.40s; see `kkachi %s --help`", command->words, name,
                   command->words);
}

struct words { /* what is left to read */
    int argc, at;
    char **argv;
    const char *inline_value; /* behind '=' of the option at hand */
};

static const char *take_value(struct words *w)
{
    if (w->inline_value)
        return w->inline_value;
    return w->at + 1 < w->argc ? w->argv[++w->at] : NULL;
}

static enum kk_code need_value(struct words *w, const char *name, const char **ret, struct kk_err *err)
{
    *ret = take_value(w);
    return *ret ? KK_OK : kk_fail(err, KK_BAD_INPUT, "--%.60s needs a value", name);
}

static enum kk_code read_own(struct call *call, struct words *w, int index, struct kk_err *err)
{
    const struct command_option *option = &call->command->options[index];

    if (call->option[index])
        return kk_fail(err, KK_BAD_INPUT, "--%s is given twice", option->name);
    if (option->value)
        return need_value(w, option->name, &call->option[index], err);
    if (w->inline_value)
        return kk_fail(err, KK_BAD_INPUT, "--%s takes no value", option->name);
    call->option[index] = "";
    return KK_OK;
}

static enum kk_code read_limit(struct call *call, struct words *w, struct kk_err *err)
{
    const char *value = NULL;
    enum kk_code rc = need_value(w, "limit", &value, err);

    if (rc)
        return rc;
    if (!kk_sv_i64(kk_sv_of(value), &call->limit) || call->limit < 1)
        return kk_fail(err, KK_BAD_INPUT, "--limit: \"%.40s\" is not a number above 0", value);
    return KK_OK;
}

/* "key=value" of --set is cut in place. */
static enum kk_code read_set(struct call *call, struct words *w, struct kk_err *err)
{
    const char *value = NULL;
    enum kk_code rc = need_value(w, "set", &value, err);
    char *equals = rc ? NULL : strchr(value, '=');

    if (rc)
        return rc;
    if (!equals)
        return kk_fail(err, KK_BAD_INPUT, "--set takes key=value, not \"%.40s\"", value);
    *equals = '\0';
    return add_flag(call, value, equals + 1, err);
}

static enum kk_code read_option(struct call *call, struct words *w, struct kk_err *err)
{
    char *name = w->argv[w->at] + 2, *equals = strchr(name, '=');
    const struct command *command = call->command;
    const char *value = NULL;

    w->inline_value = NULL;
    if (equals) {
        *equals = '\0';
        w->inline_value = equals + 1;
    }
    for (int i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        if (strcmp(name, command->options[i].name) == 0)
            return read_own(call, w, i, err);
    if (strcmp(name, "help") == 0) {
        call->is_help = true;
        return KK_OK;
    }
    if (strcmp(name, "json") == 0 && (command->traits & COMMAND_JSON)) {
        call->is_json = true;
        return KK_OK;
    }
    if (strcmp(name, "limit") == 0 && (command->traits & COMMAND_LIMIT))
        return read_limit(call, w, err);
    if (command->traits & COMMAND_NO_CONFIG)
        return fail_option(call, name, err);
    if (strcmp(name, "config") == 0)
        return need_value(w, name, &call->config_file, err);
    if (strcmp(name, "set") == 0)
        return read_set(call, w, err);
    if (!strchr(name, '.'))
        return fail_option(call, name, err);

    enum kk_code rc = need_value(w, name, &value, err);

    return rc ? rc : add_flag(call, name, value, err);
}

static enum kk_code check_args(const struct call *call, struct kk_err *err)
{
    const struct command *command = call->command;

    if (call->is_help)
        return KK_OK;
    if (call->arg_count < (size_t)command->args_min)
        return kk_fail(err, KK_BAD_INPUT, "something is missing: kkachi %s %s", command->words, command->synopsis);
    if (call->arg_count > (size_t)command->args_max)
        return kk_fail(err, KK_BAD_INPUT, "%s does not know what to do with \"%.60s\"; see `kkachi %s --help`",
                       command->words, call->arg[command->args_max], command->words);
    return KK_OK;
}

enum kk_code args_read(const struct command *command, int argc, char **argv, struct call *call, struct kk_err *err)
{
    struct words w = {.argc = argc, .argv = argv};
    bool is_plain = false; /* after "--" nothing is an option */

    call->command = command;
    for (; w.at < argc; w.at++) {
        const char *word = argv[w.at];
        enum kk_code rc = KK_OK;

        if (!is_plain && strcmp(word, "--") == 0)
            is_plain = true;
        else if (!is_plain && strcmp(word, "-h") == 0)
            call->is_help = true;
        else if (!is_plain && word[0] == '-' && word[1] == '-')
            rc = read_option(call, &w, err);
        else if (!is_plain && word[0] == '-' && word[1] != '\0')
            rc = kk_fail(err, KK_BAD_INPUT, "%s has no option %.40s; see `kkachi %s --help`", command->words, word,
                         command->words);
        else if (call->arg_count == COMMAND_ARGS_MAX)
            rc = kk_fail(err, KK_BAD_INPUT, "more than %d names on one command line", COMMAND_ARGS_MAX);
        else
            call->arg[call->arg_count++] = word;
        if (rc)
            return rc;
    }
    return check_args(call, err);
}

void call_done(struct call *call)
{
    free(call->flag);
    config_done(&call->config);
}

const char *call_option(const struct call *call, const char *name)
{
    for (int i = 0; i < COMMAND_OPTIONS_MAX && call->command->options[i].name; i++)
        if (strcmp(name, call->command->options[i].name) == 0)
            return call->option[i];
    KK_UNREACHABLE();
}
