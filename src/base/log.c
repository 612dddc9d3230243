#include "base/log.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/json.h"

/* Ids, counts and one sentence fit many times over; a line past it is replaced, so that a log reader's own limit (often
 * 16 KiB) is never met. */
#define LINE_MAX_BYTES 8192

static const struct {
    const char *name, *meaning;
    enum kk_level level;
} events[KK_EV_COUNT] = {
#define X(event, name, level, meaning) [KK_EV_##event] = {name, meaning, KK_##level},
    KK_EVENTS(X)
#undef X
};
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static struct {
    const struct kk_clock *clock; /* NULL: not open */
    enum kk_level min;
    void (*write)(void *ctx, struct kk_sv line);
    void *ctx;
} sink;

void kk_log_open(const struct kk_clock *clock, enum kk_level min, void (*write_line)(void *ctx, struct kk_sv line),
                 void *ctx)
{
    KK_ASSERT(clock && write_line);
    sink.clock = clock;
    sink.min = min;
    sink.write = write_line;
    sink.ctx = ctx;
}

void kk_log_close(void)
{
    sink.clock = NULL;
}

static void begin_line(struct kk_buf *line, enum kk_event event, int64_t now_ms)
{
    char at[KK_ISO_BYTES];

    kk_time_iso(now_ms, at);
    kk_jw_open(line, '{');
    kk_jw_key_str(line, "at", kk_sv_of(at));
    kk_jw_key_str(line, "level", kk_sv_of(level_names[events[event].level]));
    kk_jw_key_str(line, "event", kk_sv_of(events[event].name));
}

static void end_line(struct kk_buf *line)
{
    kk_jw_close(line, '}');
    kk_buf_addc(line, '\n');
}

/* A line without its fields. It takes no memory, because that may be what there is none of. */
static void write_cut(enum kk_event event, int64_t now_ms)
{
    char at[KK_ISO_BYTES], line[256];

    kk_time_iso(now_ms, at);

    int len = snprintf(line, sizeof(line), "{\"at\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"is_cut\":true}\n", at,
                       level_names[events[event].level], events[event].name);

    KK_ASSERT(len > 0 && (size_t)len < sizeof(line)); /* names are short words of ours */
    sink.write(sink.ctx, (struct kk_sv){line, (size_t)len});
}

void kk_log_write(enum kk_event event, const struct kk_field *fields)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf line = KK_BUF(LINE_MAX_BYTES);

    KK_ASSERT(event < KK_EV_COUNT);
    if (!sink.clock || events[event].level < sink.min)
        return;

    int64_t now_ms = kk_wall_ms(sink.clock);

    begin_line(&line, event, now_ms);
    for (const struct kk_field *field = fields; field->key; field++) {
        if (field->type == KK_FIELD_NUM)
            kk_jw_key_i64(&line, field->key, field->num);
        else
            kk_jw_key_str(&line, field->key, field->str);
    }
    end_line(&line);
    if (line.failed) /* half a line would be worse than a line that says it is not whole */
        write_cut(event, now_ms);
    else
        sink.write(sink.ctx, kk_buf_sv(&line));
}

enum kk_level kk_event_level(enum kk_event event)
{
    KK_ASSERT(event < KK_EV_COUNT);
    return events[event].level;
}

const char *kk_event_name(enum kk_event event)
{
    KK_ASSERT(event < KK_EV_COUNT);
    return events[event].name;
}

const char *kk_event_meaning(enum kk_event event)
{
    KK_ASSERT(event < KK_EV_COUNT);
    return events[event].meaning;
}

bool kk_level_parse(struct kk_sv text, enum kk_level *ret)
{
    for (size_t i = 0; i < KK_COUNT(level_names); i++) {
        if (kk_sv_eq(text, kk_sv_of(level_names[i]))) {
            *ret = (enum kk_level)i;
            return true;
        }
    }
    return false;
}
