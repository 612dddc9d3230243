#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void kk_panic(const char *file, int line, const char *expr)
{
    fflush(stdout);
    fprintf(stderr, "kkachi: bug at %s:%d: %s\n", file, line, expr);
    abort();
}
