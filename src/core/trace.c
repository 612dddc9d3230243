#include "core/trace.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"

static void hex_of(const char *text, size_t bytes, char *ret)
{
    struct kk_hash hash = kk_sha256(kk_sv_of(text));

    /* A specification's only forbidden value; a hash that begins so is not to be feared, but it is cheap to say. */
    hash.byte[bytes - 1] |= 1;
    for (size_t i = 0; i < bytes; i++)
        snprintf(ret + 2 * i, 3, "%02x", hash.byte[i]);
}

void trace_id(const char *installation, int64_t run_id, char ret[TRACE_ID_BYTES])
{
    char text[INSTALLATION_BYTES + 32];

    ret[0] = '\0';
    if (!run_id)
        return;
    snprintf(text, sizeof(text), "%.*s run %" PRId64, INSTALLATION_BYTES - 1, installation, run_id);
    hex_of(text, 16, ret);
}

void trace_parent(const char *installation, int64_t run_id, const char *span, int64_t number,
                  char ret[TRACEPARENT_BYTES])
{
    char trace[TRACE_ID_BYTES], text[TRACE_ID_BYTES + 64], id[17];

    ret[0] = '\0';
    trace_id(installation, run_id, trace);
    if (!trace[0])
        return;
    snprintf(text, sizeof(text), "%s %.20s %" PRId64, trace, span, number);
    hex_of(text, 8, id);
    snprintf(ret, TRACEPARENT_BYTES, "00-%s-%s-01", trace, id);
}
