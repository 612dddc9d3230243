#include "cmd/say.h"

#include "cmd/commands.h"
#include "cmd/table.h"

int say_exit_status(enum kk_code code)
{
    switch (code) {
    case KK_OK:
        return EXIT_DONE;
    case KK_BAD_INPUT:
        return EXIT_USAGE;
    case KK_UNAVAILABLE:
    case KK_BUSY:
    case KK_TIMEOUT:
    case KK_DENIED:
        return EXIT_UNREACHED;
    case KK_NOT_FOUND:
    case KK_CONFLICT:
    case KK_MISMATCH:
    case KK_TOO_NEW:
    case KK_CORRUPT:
    case KK_LIMITED:
    case KK_FULL:
    case KK_NO_MEMORY:
    case KK_CODE_COUNT:
        break;
    }
    return EXIT_FAILED;
}

static void KK_PRINTF(2, 0) say(enum table_colour colour, const char *fmt, va_list args)
{
    fflush(stdout);
    fprintf(stderr, "%skkachi:%s ", terminal_paint(stderr, colour), terminal_paint(stderr, TABLE_PLAIN));
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int say_failure(const struct kk_err *err)
{
    say_failed("%s", err->msg);
    return say_exit_status(err->code);
}

int say_failed(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(TABLE_RED, fmt, args);
    va_end(args);
    return EXIT_FAILED;
}

int say_usage(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(TABLE_RED, fmt, args);
    va_end(args);
    return EXIT_USAGE;
}

void say_note(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(TABLE_DIM, fmt, args);
    va_end(args);
}
