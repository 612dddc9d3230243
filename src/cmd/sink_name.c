#include "cmd/sink_name.h"

#include "base/assert.h"
#include "ports/sink.h"

static enum kk_code name_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    (void)s, (void)event, (void)err;
    KK_UNREACHABLE();
}

static void name_flush(struct sink *s)
{
    (void)s;
}

static void name_close(struct sink *s)
{
    free(s);
}

static const struct sink_ops name_ops = {.kind = "file", .start = name_start, .flush = name_flush, .close = name_close};

enum kk_code sink_name_open(const char *name, struct sink **ret_sink, struct kk_err *err)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    if (!sink)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a destination");
    sink->ops = &name_ops;
    kk_sv_copy(kk_sv_of(name), sink->name, sizeof(sink->name));
    *ret_sink = sink;
    return KK_OK;
}
