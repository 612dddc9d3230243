/* unit/site/body.h: reads a body from tests/data; tests run at the root of the repository. */
#ifndef KK_TESTS_BODY_H
#define KK_TESTS_BODY_H

#include <stdio.h>

#include "support/check.h"

#define BODY_MAX_BYTES ((size_t)1 << 20)

/* Appends a whole file. False: there is none. */
static inline bool body_append(const char *path, struct kk_buf *out)
{
    FILE *file = fopen(path, "rb");
    size_t got = 1;

    if (!file)
        return false;
    while (got > 0) {
        char part[4096];

        got = fread(part, 1, sizeof(part), file);
        kk_buf_add(out, (struct kk_sv){part, got});
    }
    fclose(file);
    return !out->failed;
}

/* Gives tests/data/<name>.json (kk_buf_done). */
static inline struct kk_buf body_read(const char *name)
{
    struct kk_buf body = KK_BUF(BODY_MAX_BYTES);
    char path[256];

    snprintf(path, sizeof(path), "tests/data/%s.json", name);
    if (!body_append(path, &body))
        print_error("%s cannot be read\n", path);
    CHECK(body.len > 0);
    return body;
}

#endif
