/* What a crash can leave: the end of a batch may be missing, down to half a line; after a power cut, pages that never
 * reached the disk read as zeros, with whole lines behind them. Everything from the first such place on belongs to the
 * one batch that was not synced, and nobody was told that it is there; it is cut off and delivered again. */
#include "adapters/sink/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "base/json.h"

#define CHUNK_BYTES (64 * 1024)
#define LINE_MAX_BYTES (16 * 1024 * 1024)
#define TAIL_MAX_BYTES (INT64_C(256) * 1024 * 1024) /* how far back the last lines are looked for */
#define EVENT_BEGIN "{\"specversion\":\"1.0\",\"id\":\""

static enum kk_code fail(const struct event_file *file, const char *doing, int error, struct kk_err *err)
{
    return kk_fail(err, folder_code(error), "%s cannot be %s: %s", file->path, doing, strerror(error));
}

/* Reading the tail */

static enum kk_code read_at(const struct event_file *file, int64_t at, char *bytes, size_t len, struct kk_err *err)
{
    while (len > 0) {
        ssize_t got = pread(file->fd, bytes, len, at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail(file, "read", got < 0 ? errno : EIO, err);
        bytes += got;
        at += got;
        len -= (size_t)got;
    }
    return KK_OK;
}

/* Where the last RECENT_MAX whole lines begin, with what is behind the last newline. */
static enum kk_code find_tail(const struct event_file *file, int64_t size, int64_t *ret_from, struct kk_err *err)
{
    char chunk[CHUNK_BYTES];
    int64_t at = size, limit = size > TAIL_MAX_BYTES ? size - TAIL_MAX_BYTES : 0;
    int newlines = 0;

    *ret_from = limit;
    while (at > limit) {
        size_t len = at - limit < CHUNK_BYTES ? (size_t)(at - limit) : CHUNK_BYTES;
        enum kk_code rc = read_at(file, at - (int64_t)len, chunk, len, err);

        if (rc)
            return rc;
        at -= (int64_t)len;
        for (size_t i = len; i > 0; i--) {
            if (chunk[i - 1] != '\n')
                continue;
            if (newlines == RECENT_MAX || limit > 0) /* without the file's beginning, a line's must be seen */
                *ret_from = at + (int64_t)i;
            if (newlines++ == RECENT_MAX)
                return KK_OK;
        }
    }
    return KK_OK;
}

struct kk_sv event_line_id(struct kk_sv line, struct kk_buf *scratch)
{
    struct kk_json *json = NULL;
    struct kk_sv id = {0};

    if (kk_sv_starts(line, KK_SV(EVENT_BEGIN))) { /* as we write it ourselves */
        struct kk_sv rest = {line.ptr + sizeof(EVENT_BEGIN) - 1, line.len - (sizeof(EVENT_BEGIN) - 1)};

        id = kk_sv_cut(&rest, '"');
        if (rest.ptr && !memchr(id.ptr, '\\', id.len))
            return id;
        id = (struct kk_sv){0};
    }
    if (kk_json_parse(line, &json, NULL) == KK_OK && kk_jv_str(kk_jv_get(kk_json_root(json), "id"), &id)) {
        kk_buf_clear(scratch);
        kk_buf_add(scratch, id);
        id = kk_buf_sv(scratch);
    }
    kk_json_done(json);
    return id;
}

/* True: cut the file off where this line begins. */
static bool is_hole(struct kk_sv line)
{
    return line.len > 0 && memchr(line.ptr, '\0', line.len);
}

/* Half a line of ours, or the beginning of one. */
static bool is_torn_event(struct kk_sv rest)
{
    struct kk_sv begin = KK_SV(EVENT_BEGIN);

    if (is_hole(rest))
        return true;
    return rest.len < begin.len ? kk_sv_starts(begin, rest) : kk_sv_starts(rest, begin);
}

/* Remembers the ids of the lines from `from` on. Gives where the file should end. */
static enum kk_code read_tail(struct event_file *file, int64_t from, int64_t size, int64_t *ret_end, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(LINE_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf scratch = KK_BUF(RECENT_ID_BYTES);

    while (from + (int64_t)text.len < size) {
        int64_t left = size - from - (int64_t)text.len;
        size_t len = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        char *room = kk_buf_room(&text, len);

        if (!room)
            return kk_buf_check(&text, "a line of the events' file", err);

        enum kk_code rc = read_at(file, from + (int64_t)text.len, room, len, err);

        if (rc)
            return rc;
        text.len += len;

        struct kk_sv rest = kk_buf_sv(&text);

        while (memchr(rest.ptr, '\n', rest.len)) {
            struct kk_sv line = kk_sv_cut(&rest, '\n');

            if (is_hole(line)) {
                *ret_end = from;
                return KK_OK;
            }
            recent_add(&file->seen, event_line_id(line, &scratch));
            from += (int64_t)line.len + 1;
            if (rest.len == 0)
                break;
        }
        if (rest.len > 0)
            memmove(text.ptr, rest.ptr, rest.len);
        text.len = rest.len;
    }
    *ret_end = from;
    if (text.len > 0 && !is_torn_event(kk_buf_sv(&text)))
        return kk_fail(err, KK_CORRUPT,
                       "the last line of %s is no event of ours: end it with a newline, or name another file in "
                       "events.url",
                       file->path);
    return KK_OK;
}

/* A wrong path must not cost somebody a file: nothing is cut off a file that does not begin as ours do, or with the
 * zeros of a page that was lost. */
static enum kk_code check_ours(const struct event_file *file, int64_t size, struct kk_err *err)
{
    char first = '\0';
    enum kk_code rc = size > 0 ? read_at(file, 0, &first, 1, err) : KK_OK;

    if (rc || first == '\0' || first == '{')
        return rc;
    return kk_fail(err, KK_CORRUPT, "%s holds something else than events: name another file in events.url", file->path);
}

/* What is there counts as delivered from now on, so it must be on the disk: a process that died may have written it
 * without its sync. */
static enum kk_code mend(struct event_file *file, int64_t size, struct kk_err *err)
{
    int64_t from = 0, end = 0;
    enum kk_code rc = check_ours(file, size, err);

    if (!rc)
        rc = find_tail(file, size, &from, err);
    if (!rc)
        rc = read_tail(file, from, size, &end, err);
    if (rc)
        return rc;
    if (end < size && ftruncate(file->fd, end))
        return fail(file, "mended", errno, err);
    return fdatasync(file->fd) ? fail(file, "synced", errno, err) : KK_OK;
}

/* Opening */

/* The name of a new file is durable only when its folder is synced. */
static enum kk_code sync_folder(const struct event_file *file, struct kk_err *err)
{
    char folder[FOLDER_PATH_BYTES];
    char *slash;
    int fd;

    kk_sv_copy(kk_sv_of(file->path), folder, sizeof(folder));
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(file, "synced", errno, err);

    int error = fsync(fd) ? errno : 0;

    close(fd);
    return error ? fail(file, "synced", error, err) : KK_OK;
}

static enum kk_code make_folder(const struct event_file *file, struct kk_err *err)
{
    char folder[FOLDER_PATH_BYTES];
    char *slash;

    kk_sv_copy(kk_sv_of(file->path), folder, sizeof(folder));
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return KK_OK;
    *slash = '\0';
    return folder_make(folder, err);
}

static enum kk_code open_and_mend(struct event_file *file, struct kk_err *err)
{
    struct stat st;
    enum kk_code rc = make_folder(file, err);

    if (rc)
        return rc;
    file->cut_at = -1;
    /* Not blocking: a pipe in the file's place would hold us until somebody reads it. */
    file->fd = open(file->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    if (file->fd < 0)
        return fail(file, "opened", errno, err);
    if (fstat(file->fd, &st))
        return fail(file, "read", errno, err);
    if (!S_ISREG(st.st_mode))
        return kk_fail(err, KK_BAD_INPUT, "%s is no regular file; events.url names one", file->path);
    if (flock(file->fd, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK ? kk_fail(err, KK_BUSY, "%s is being written by another process", file->path)
                                    : fail(file, "locked", errno, err);
    rc = mend(file, st.st_size, err);
    return rc ? rc : sync_folder(file, err);
}

enum kk_code event_file_open(struct event_file *file, const char *path, struct kk_err *err)
{
    enum kk_code rc;

    file->fd = -1;
    if (!kk_sv_copy(kk_sv_of(path), file->path, sizeof(file->path)) || !file->path[0])
        return kk_fail(err, KK_BAD_INPUT, "a path of 1 to %zu bytes is needed for events", sizeof(file->path) - 1);
    rc = open_and_mend(file, err);
    if (rc)
        event_file_close(file);
    return rc;
}

void event_file_close(struct event_file *file)
{
    if (file->fd >= 0)
        close(file->fd); /* and the lock with it */
    file->fd = -1;
}

/* Appending */

/* Whoever rotates logs moves the file away; what comes next belongs into a new one of the old name. */
static enum kk_code follow_name(struct event_file *file, struct kk_err *err)
{
    struct stat named, ours;

    if (file->fd >= 0 && fstat(file->fd, &ours) == 0 && stat(file->path, &named) == 0 && named.st_ino == ours.st_ino &&
        named.st_dev == ours.st_dev)
        return KK_OK;
    event_file_close(file);

    enum kk_code rc = open_and_mend(file, err);

    if (rc)
        event_file_close(file);
    return rc;
}

static int write_all(int fd, struct kk_sv bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : ENOSPC;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return 0;
}

/* Half a batch must not stay: its last line would swallow the first of the next. */
static enum kk_code cut_off(struct event_file *file, struct kk_err *err)
{
    if (file->cut_at >= 0 && ftruncate(file->fd, file->cut_at))
        return fail(file, "mended", errno, err);
    file->cut_at = -1;
    return KK_OK;
}

enum kk_code event_file_append(struct event_file *file, struct kk_sv lines, struct kk_err *err)
{
    struct stat st;
    enum kk_code rc = follow_name(file, err);
    int error;

    if (!rc)
        rc = cut_off(file, err);
    if (rc)
        return rc;
    if (fstat(file->fd, &st))
        return fail(file, "read", errno, err);
    error = write_all(file->fd, lines);
    if (!error && fdatasync(file->fd))
        error = errno;
    if (!error)
        return KK_OK;
    file->cut_at = st.st_size;
    cut_off(file, NULL); /* if this fails too, the next append tries it first */
    return fail(file, "written", error, err);
}
