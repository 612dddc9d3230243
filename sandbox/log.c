#include "sandbox/log.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "sandbox/dice.h"
#include "sandbox/memory.h"

static const char *const path_names[LOG_PATH_COUNT] = {
    [LOG_HOME] = "home",     [LOG_HOP] = "hop",         [LOG_LIST] = "list",
    [LOG_DETAIL] = "detail", [LOG_OPTIONS] = "options", [LOG_OTHER] = "other",
};

const char *log_path_name(enum log_path path)
{
    return path_names[path];
}

static struct log_line *slot_of(const struct log *log, int64_t number)
{
    return &log->line[(size_t)(number - 1) % log->cap];
}

static int64_t first_kept(const struct log *log)
{
    return log->last > LOG_MAX ? log->last - LOG_MAX + 1 : 1;
}

void log_add(struct log *log, const struct log_line *line)
{
    if ((size_t)log->last == log->cap && log->cap < LOG_MAX) {
        log->cap = log->cap ? log->cap * 2 : 1024;
        if (log->cap > LOG_MAX)
            log->cap = LOG_MAX;
        log->line = memory_grow(log->line, log->cap, sizeof(*log->line));
    }
    log->last++;

    struct log_line *slot = slot_of(log, log->last);

    *slot = *line;
    slot->number = log->last;
    log->by_status[line->path][line->status]++;
    if (log->last == 1)
        log->first_at_ms = line->at_ms;
    log->last_at_ms = line->at_ms;
    if (line->at_ms / KK_SECOND_MS != log->second) {
        log->second = line->at_ms / KK_SECOND_MS;
        log->in_second = 0;
    }
    if (++log->in_second > log->peak_second)
        log->peak_second = log->in_second;
}

void log_done(struct log *log)
{
    free(log->line);
    *log = (struct log){0};
}

static void write_token(int64_t token, struct kk_buf *out)
{
    char text[16];

    kk_jw_key(out, "token");
    if (token < 0) {
        kk_jw_null(out);
        return;
    }
    /* A name for the token that is none of its bytes. */
    snprintf(text, sizeof(text), "%08x", (unsigned)(dice_mix(0, (uint64_t)token) >> 32));
    kk_jw_str(out, kk_sv_of(text));
}

static void write_line(const struct log_line *line, const struct gate *gate, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "n", line->number);
    kk_jw_key_str(out, "agent", line->agent < 0 ? KK_SV("") : kk_sv_of(gate_agent_at(gate, line->agent)->user_agent));
    write_token(line->token, out);
    kk_jw_key_i64(out, "at", line->at_ms);
    kk_jw_key_str(out, "path", kk_sv_of(line->target));
    kk_jw_key_i64(out, "status", line->status);
    if (line->fault != FAULT_NONE)
        kk_jw_key_str(out, "fault", kk_sv_of(fault_name(line->fault)));
    if (line->is_dead_token)
        kk_jw_key_str(out, "violation", KK_SV("dead_token"));
    else if (line->is_over_limit)
        kk_jw_key_str(out, "violation", KK_SV("over_limit"));
    kk_jw_close(out, '}');
}

void log_write(const struct log *log, const struct gate *gate, int64_t after, int64_t limit, struct kk_buf *out)
{
    int64_t first = first_kept(log);
    int64_t number = after < first ? first : after < log->last ? after + 1 : log->last + 1;

    kk_jw_open(out, '{');
    kk_jw_key(out, "log");
    kk_jw_open(out, '[');
    for (; number <= log->last && limit > 0; number++, limit--)
        write_line(slot_of(log, number), gate, out);
    kk_jw_close(out, ']');
    kk_jw_key_i64(out, "first", first);
    kk_jw_key_i64(out, "last", log->last);
    kk_jw_close(out, '}');
}

static void write_path(const struct log *log, enum log_path path, struct kk_buf *out)
{
    char status[16];

    kk_jw_key(out, path_names[path]);
    kk_jw_open(out, '{');
    for (int s = 0; s < LOG_STATUSES; s++) {
        if (log->by_status[path][s] == 0)
            continue;
        snprintf(status, sizeof(status), "%d", s);
        kk_jw_key_i64(out, status, log->by_status[path][s]);
    }
    kk_jw_close(out, '}');
}

void log_write_counts(const struct log *log, struct kk_buf *out)
{
    int64_t took_ms = log->last_at_ms - log->first_at_ms;

    kk_jw_key_i64(out, "requests", log->last);
    kk_jw_key_i64(out, "firstAt", log->first_at_ms);
    kk_jw_key_i64(out, "lastAt", log->last_at_ms);
    kk_jw_key(out, "perSecond");
    kk_jw_f64(out, took_ms > 0 ? (double)log->last * (double)KK_SECOND_MS / (double)took_ms : 0.0, 1);
    kk_jw_key_i64(out, "peakPerSecond", log->peak_second);
    kk_jw_key(out, "byPath");
    kk_jw_open(out, '{');
    for (int p = 0; p < LOG_PATH_COUNT; p++)
        write_path(log, (enum log_path)p, out);
    kk_jw_close(out, '}');
}
