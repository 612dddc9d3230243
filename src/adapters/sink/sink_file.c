#include "adapters/sink/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/disk/folder.h"
#include "base/assert.h"
#include "base/json.h"
#include "ports/sink.h"

#define ID_BYTES 80
#define TAIL_STEP_BYTES (256 * 1024)
#define TAIL_MAX_BYTES ((size_t)64 * 1024 * 1024) /* the last lines are looked for in so much */
#define HAND_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct line { /* in hand until the flush */
    int64_t id;
    char event_id[ID_BYTES];
};
struct sink_file {
    struct sink base;
    char *path;
    int fd;
    struct kk_buf hand; /* lines not yet written */
    struct line line[SINK_FILE_BATCH];
    size_t line_count;
    char known[SINK_FILE_BATCH][ID_BYTES]; /* ids of the file's last lines, a ring */
    size_t known_at;
};
static const struct sink_ops file_ops;

static enum kk_code fail_file(struct kk_err *err, const struct sink_file *self, const char *what)
{
    return kk_fail(err, folder_code(errno), "%s %s: %s", what, self->path, strerror(errno));
}

static bool is_known(const struct sink_file *self, struct kk_sv event_id)
{
    for (size_t i = 0; i < SINK_FILE_BATCH; i++)
        if (kk_sv_eq(kk_sv_of(self->known[i]), event_id))
            return true;
    return false;
}

static void remember(struct sink_file *self, struct kk_sv event_id)
{
    if (kk_sv_copy(event_id, self->known[self->known_at], ID_BYTES))
        self->known_at = (self->known_at + 1) % SINK_FILE_BATCH;
}

/* ---- opening: the end of the file ---- */

static bool read_at(int fd, char *to, size_t bytes, off_t at)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t got = pread(fd, to + done, bytes - done, at + (off_t)done);

        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static size_t count_lines(struct kk_sv text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

/* The last lines, at least SINK_FILE_BATCH where the file has them; *ret_at is where they begin. */
static enum kk_code read_tail(struct sink_file *self, off_t size, struct kk_buf *out, off_t *ret_at, struct kk_err *err)
{
    size_t bytes = TAIL_STEP_BYTES;

    for (;;) {
        bytes = bytes < (size_t)size ? bytes : (size_t)size;
        kk_buf_clear(out);
        *ret_at = size - (off_t)bytes;
        if (!kk_buf_room(out, bytes))
            return kk_buf_check(out, "the end of the events file", err);
        if (!read_at(self->fd, out->ptr, bytes, *ret_at))
            return fail_file(err, self, "cannot read");
        out->len = bytes;
        if (bytes == (size_t)size || count_lines(kk_buf_sv(out)) > SINK_FILE_BATCH || bytes * 2 > TAIL_MAX_BYTES)
            return KK_OK;
        bytes *= 2;
    }
}

static enum kk_code learn_line(struct sink_file *self, struct kk_sv line, struct kk_err *err)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv event_id;

    if (kk_json_parse(line, &json, NULL) || !kk_jv_str(kk_jv_get(kk_json_root(json), "id"), &event_id))
        return kk_fail(err, KK_CORRUPT, "%s holds a line that is no event; move the file away, a new one is begun",
                       self->path);
    remember(self, event_id);
    return KK_OK;
}

/* Cuts a torn last line off, and learns which events are there already. */
static enum kk_code mend(struct sink_file *self, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf tail = KK_BUF(TAIL_MAX_BYTES);
    struct stat st;
    struct kk_sv rest;
    off_t at = 0;
    enum kk_code rc;

    if (fstat(self->fd, &st))
        return fail_file(err, self, "cannot look at");
    if (!st.st_size)
        return KK_OK;
    rc = read_tail(self, st.st_size, &tail, &at, err);
    if (rc)
        return rc;
    while (tail.len && tail.ptr[tail.len - 1] != '\n')
        tail.len--;
    if (at + (off_t)tail.len < st.st_size && ftruncate(self->fd, at + (off_t)tail.len))
        return fail_file(err, self, "cannot mend the end of");
    rest = kk_buf_sv(&tail);
    if (at)
        kk_sv_cut(&rest, '\n'); /* begins somewhere inside a line */
    while (!rc && rest.len)
        rc = learn_line(self, kk_sv_cut(&rest, '\n'), err);
    return rc;
}

static enum kk_code make_folder(const struct sink_file *self, struct kk_err *err)
{
    const char *slash = strrchr(self->path, '/');
    char folder[FOLDER_PATH_BYTES];

    if (!slash || slash == self->path)
        return KK_OK;
    if (!kk_sv_copy((struct kk_sv){self->path, (size_t)(slash - self->path)}, folder, sizeof(folder)))
        return kk_fail(err, KK_BAD_INPUT, "the path %s is too long", self->path);
    return folder_make(folder, err);
}

static enum kk_code open_file(struct sink_file *self, struct kk_err *err)
{
    enum kk_code rc = make_folder(self, err);

    if (rc)
        return rc;
    self->fd = open(self->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (self->fd < 0)
        return fail_file(err, self, "cannot open");
    if (flock(self->fd, LOCK_EX | LOCK_NB))
        return kk_fail(err, KK_BUSY, "%s is being written by another process", self->path);
    return mend(self, err);
}

static void close_file(struct sink_file *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

/* ---- writing ---- */

/* logrotate moved it away, or somebody removed it: the next line begins a new one. */
static enum kk_code follow_path(struct sink_file *self, struct kk_err *err)
{
    struct stat by_path, by_fd;

    if (self->fd >= 0 && !stat(self->path, &by_path) && !fstat(self->fd, &by_fd) && by_path.st_ino == by_fd.st_ino &&
        by_path.st_dev == by_fd.st_dev)
        return KK_OK;
    close_file(self);
    return open_file(self, err);
}

/* All of it, or none: what was written of a failed write is cut off again. */
static enum kk_code write_all(struct sink_file *self, struct kk_err *err)
{
    off_t begin = lseek(self->fd, 0, SEEK_END);
    size_t done = 0;
    enum kk_code rc;

    if (begin < 0)
        return fail_file(err, self, "cannot write to");
    while (done < self->hand.len) {
        ssize_t wrote = write(self->fd, self->hand.ptr + done, self->hand.len - done);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        done += (size_t)wrote;
    }
    if (done == self->hand.len && !fdatasync(self->fd))
        return KK_OK;
    rc = fail_file(err, self, "cannot write to");
    if (ftruncate(self->fd, begin))
        close_file(self); /* opening it again mends its end */
    return rc;
}

static enum kk_code write_hand(struct sink_file *self, struct kk_err *err)
{
    enum kk_code rc = follow_path(self, err);

    if (!rc && self->hand.len)
        rc = write_all(self, err);
    return rc;
}

static enum kk_code file_start(struct sink *s, int64_t id, struct kk_sv event_id, struct kk_sv body, struct kk_err *err)
{
    KK_ASSERT(s->ops == &file_ops);
    struct sink_file *self = (struct sink_file *)s;
    struct line *line = &self->line[self->line_count];

    if (self->line_count == SINK_FILE_BATCH || self->hand.len + body.len + 1 > HAND_MAX_BYTES)
        return kk_fail(err, KK_BUSY, "%zu events are in hand", self->line_count);
    if (!kk_sv_copy(event_id, line->event_id, sizeof(line->event_id)))
        return kk_fail(err, KK_BAD_INPUT, "an event's id has at most %d bytes", ID_BYTES - 1);
    if (!is_known(self, event_id)) {
        size_t before = self->hand.len;

        kk_buf_add(&self->hand, body);
        kk_buf_addc(&self->hand, '\n');
        if (self->hand.failed) {
            self->hand.failed = KK_OK;
            self->hand.len = before;
            return kk_fail(err, KK_NO_MEMORY, "no memory for an event");
        }
    }
    line->id = id;
    self->line_count++;
    return KK_OK;
}

static void file_flush(struct sink *s)
{
    KK_ASSERT(s->ops == &file_ops);
    struct sink_file *self = (struct sink_file *)s;
    struct sink_result result = {.code = KK_OK};
    size_t count = self->line_count;
    struct kk_err err = {0};

    if (!count)
        return;
    result.code = write_hand(self, &err);
    if (result.code)
        snprintf(result.error, sizeof(result.error), "%.*s", (int)sizeof(result.error) - 1, err.msg);
    self->line_count = 0;
    kk_buf_clear(&self->hand);
    for (size_t i = 0; i < count; i++) {
        if (!result.code && !is_known(self, kk_sv_of(self->line[i].event_id)))
            remember(self, kk_sv_of(self->line[i].event_id));
        s->on_delivered(s->ctx, s, self->line[i].id, &result);
    }
}

static void file_close(struct sink *s)
{
    struct sink_file *self = (struct sink_file *)s;

    close_file(self);
    kk_buf_done(&self->hand);
    free(self->path);
    free(self);
}

static const struct sink_ops file_ops = {.kind = "file", .start = file_start, .flush = file_flush, .close = file_close};

enum kk_code sink_file_open(const char *path, struct sink **ret_sink, struct kk_err *err)
{
    struct sink_file *self = calloc(1, sizeof(*self));
    enum kk_code rc;

    if (self)
        self->path = strdup(path);
    if (!self || !self->path) {
        free(self);
        return kk_fail(err, KK_NO_MEMORY, "no memory for the events file");
    }
    self->base = (struct sink){.ops = &file_ops, .name = "file", .is_sequence = true};
    self->hand = KK_BUF(HAND_MAX_BYTES);
    self->fd = -1;
    rc = open_file(self, err);
    if (rc) {
        file_close(&self->base);
        return rc;
    }
    *ret_sink = &self->base;
    return KK_OK;
}
