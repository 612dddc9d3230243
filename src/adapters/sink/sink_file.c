#include "adapters/sink/sink_file.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/sink/event_file.h"
#include "base/assert.h"
#include "ports/sink.h"

#define LINES_MAX_BYTES (16 * 1024 * 1024)

struct item { /* an event in hand */
    int64_t id;
    char event_id[RECENT_ID_BYTES]; /* empty: too long to be remembered */
};
struct batch {
    struct item items[SINK_FILE_BATCH];
    size_t count;
    struct kk_buf lines; /* of those that are not in the file yet */
};

struct sink_file {
    struct sink base;
    struct event_file file;
    struct batch batches[2], *open, *told; /* an owner may start the next while it is told of the last */
    bool is_flushing;
};
static const struct sink_ops file_ops;

static struct sink_file *self_of(struct sink *s)
{
    KK_ASSERT(s && s->ops == &file_ops);
    return (struct sink_file *)s;
}

static enum kk_code file_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct sink_file *self = self_of(s);
    struct batch *batch = self->open;
    struct item *item = &batch->items[batch->count];
    struct kk_sv body = event->body;

    if (body.len == 0 || memchr(body.ptr, '\n', body.len) || body.len >= LINES_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "an event is one line of less than %d bytes", LINES_MAX_BYTES);
    if (batch->count == SINK_FILE_BATCH || batch->lines.len + body.len + 1 > LINES_MAX_BYTES)
        return kk_fail(err, KK_BUSY, "%zu events wait to be written, as many as may be", batch->count);
    item->id = event->id;
    kk_sv_copy(event->event_id, item->event_id, sizeof(item->event_id));
    if (!recent_has(&self->file.seen, event->event_id)) {
        size_t len = batch->lines.len;

        kk_buf_add(&batch->lines, body);
        kk_buf_addc(&batch->lines, '\n');
        if (batch->lines.failed) {
            batch->lines.failed = KK_OK;
            batch->lines.len = len;
            return kk_fail(err, KK_NO_MEMORY, "no memory for an event");
        }
    }
    batch->count++;
    return KK_OK;
}

/* As much of the sentence as fits, at a whole character. */
static void copy_sentence(const char *msg, char *ret_text, size_t text_bytes)
{
    struct kk_sv text = kk_sv_of(msg);

    if (text.len >= text_bytes)
        text.len = text_bytes - 1;
    while (text.len > 0 && ((unsigned char)msg[text.len] & 0xC0) == 0x80)
        text.len--;
    kk_sv_copy(text, ret_text, text_bytes);
}

static void tell(struct sink_file *self, struct batch *batch, const struct kk_err *why)
{
    struct sink_result result = {.code = why->code};

    copy_sentence(why->msg, result.error, sizeof(result.error));
    for (size_t i = 0; i < batch->count; i++)
        self->base.on_delivered(self->base.ctx, &self->base, batch->items[i].id, &result);
    batch->count = 0;
    kk_buf_clear(&batch->lines);
}

static void file_flush(struct sink *s)
{
    struct sink_file *self = self_of(s);
    struct batch *batch = self->open;
    struct kk_err why = {0};

    if (batch->count == 0 || self->is_flushing)
        return;
    KK_ASSERT(self->base.on_delivered);
    self->is_flushing = true;
    self->open = self->told;
    self->told = batch;
    if (batch->lines.len > 0 && event_file_append(&self->file, kk_buf_sv(&batch->lines), &why) == KK_OK)
        for (size_t i = 0; i < batch->count; i++)
            if (!recent_has(&self->file.seen, kk_sv_of(batch->items[i].event_id)))
                recent_add(&self->file.seen, kk_sv_of(batch->items[i].event_id));
    tell(self, batch, &why);
    self->is_flushing = false;
}

static void file_close(struct sink *s)
{
    struct sink_file *self = self_of(s);

    event_file_close(&self->file);
    kk_buf_done(&self->batches[0].lines);
    kk_buf_done(&self->batches[1].lines);
    free(self);
}

static const struct sink_ops file_ops = {
    .kind = "file",
    .start = file_start,
    .flush = file_flush,
    .close = file_close,
};

enum kk_code sink_file_open(const char *path, struct sink **ret_sink, struct kk_err *err)
{
    struct sink_file *self = calloc(1, sizeof(*self));
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the events' file");
    self->base.ops = &file_ops;
    self->base.is_sequence = true;
    kk_sv_copy(KK_SV("file"), self->base.name, sizeof(self->base.name));
    self->open = &self->batches[0];
    self->told = &self->batches[1];
    self->batches[0].lines = self->batches[1].lines = KK_BUF(LINES_MAX_BYTES);
    rc = event_file_open(&self->file, path, err);
    if (rc) {
        free(self);
        return rc;
    }
    *ret_sink = &self->base;
    return KK_OK;
}
