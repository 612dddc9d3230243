#include "api/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/show.h"
#include "base/assert.h"
#include "base/json.h"
#include "base/log.h"
#include "core/api_key.h"
#include "core/change.h"
#include "ports/ledger.h"
#include "ports/store.h"

#define CHANGES_AT_ONCE 64
#define TEXT_FULL_BYTES ((size_t)256 * 1024)     /* of one piece: no further change */
#define TEXT_MAX_BYTES ((size_t)4 * 1024 * 1024) /* with the change that was under way, and progress */
#define RUN_TEXT_BYTES 1024
#define RUNS_LOOK_MS KK_SECOND_MS

/* A crawl as it was last told. */
struct told {
    int64_t run_id, seq; /* run_id 0: a free place */
    bool is_open, was_seen;
    char seller_id[SELLER_ID_BYTES];
    char text[RUN_TEXT_BYTES]; /* its JSON */
};

/* Text that brings a reader from one place to another; shared, and freed by whoever lets go of it last. */
struct piece {
    int refs;
    int64_t from_id, to_id, from_seq, to_seq;
    struct kk_buf text; /* owned */
};

struct stream {
    struct app *app;                  /* kept */
    int64_t newest_id, newest_run_id; /* newest_run_id -1: not looked yet */
    int64_t seq;                      /* of progress: +1 for each crawl that is told anew */
    int64_t looked_at_ms, looked_at_runs_ms;
    size_t reader_count;
    bool is_over;
    struct piece *last; /* the piece that was made last, for the next reader at the same place */
    struct told told[STREAM_RUNS_MAX];
};

struct stream_reader {
    struct stream *stream; /* kept */
    struct stream_wish wish;
    int64_t seq, old_seq; /* of progress: told it so far; crawls that ended before old_seq are no news for it */
    int64_t read_at_ms;
    struct piece *piece; /* shared; NULL: nothing is under way */
    size_t taken;        /* of piece */
    bool has_begun;
};

static void let_go(struct piece *piece)
{
    if (!piece || --piece->refs > 0)
        return;
    kk_buf_done(&piece->text);
    free(piece);
}

/* ---- the store's news ---- */

static bool note_id(void *ctx, const struct product_version *version)
{
    *(int64_t *)ctx = version->id;
    return false;
}

static enum kk_code look_for_changes(struct stream *stream, struct kk_err *err)
{
    const struct version_query newest = {.newest_first = true, .limit = 1};

    return store_each_version(stream->app->store, &newest, note_id, &stream->newest_id, err);
}

/* The place of the crawl; of one not told before, a free place, or that of the crawl that ended longest ago. */
static struct told *place_of(struct stream *stream, int64_t run_id)
{
    struct told *best = NULL;

    for (size_t i = 0; i < STREAM_RUNS_MAX; i++) {
        struct told *told = &stream->told[i];

        if (told->run_id == run_id)
            return told;
        if (!told->is_open && (!best || told->seq < best->seq))
            best = told;
    }
    return best;
}

static bool tell_run(void *ctx, const struct run *run)
{
    struct stream *stream = ctx;
    struct told *told = place_of(stream, run->id);
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(RUN_TEXT_BYTES - 1);

    if (!told)
        return true;
    kk_jw_open(&json, '{');
    show_run(&json, run);
    kk_jw_close(&json, '}');
    if (json.failed)
        return true;
    told->was_seen = true;
    if (told->run_id == run->id && kk_sv_eq(kk_buf_sv(&json), kk_sv_of(told->text)))
        return true;
    told->run_id = run->id;
    told->seq = ++stream->seq;
    told->is_open = run->state == RUN_OPEN;
    memcpy(told->seller_id, run->seller_id, sizeof(told->seller_id));
    kk_sv_copy(kk_buf_sv(&json), told->text, sizeof(told->text));
    return true;
}

struct newer {
    struct stream *stream;
    int64_t newest_id;
};

/* Newest first, down to those known. */
static bool tell_newer(void *ctx, const struct run *run)
{
    struct newer *newer = ctx;

    if (run->id > newer->newest_id)
        newer->newest_id = run->id;
    return newer->stream->newest_run_id >= 0 && run->id > newer->stream->newest_run_id && tell_run(newer->stream, run);
}

/* What is open, what was, and what began and ended between two looks: an end is progress too. */
static enum kk_code look_for_progress(struct stream *stream, struct kk_err *err)
{
    const struct run_query newest = {.limit = STREAM_RUNS_MAX};
    const struct run_query open = {.open_only = true, .limit = STREAM_RUNS_MAX};
    struct newer newer = {.stream = stream};
    enum kk_code rc;

    for (size_t i = 0; i < STREAM_RUNS_MAX; i++)
        stream->told[i].was_seen = false;
    rc = store_each_run(stream->app->store, &newest, tell_newer, &newer, err);
    if (!rc)
        rc = store_each_run(stream->app->store, &open, tell_run, stream, err);
    if (!rc)
        stream->newest_run_id = newer.newest_id;
    for (size_t i = 0; !rc && i < STREAM_RUNS_MAX; i++) {
        struct told *told = &stream->told[i];
        struct run run;

        if (!told->is_open || told->was_seen)
            continue;
        rc = store_get_run(stream->app->store, told->run_id, &run, err);
        if (!rc)
            tell_run(stream, &run);
        else if (rc == KK_NOT_FOUND) { /* purged meanwhile */
            told->is_open = false;
            rc = KK_OK;
        }
    }
    return rc;
}

static enum kk_code look(struct stream *stream, struct kk_err *err)
{
    int64_t now_ms = kk_mono_ms(stream->app->clock);
    enum kk_code rc;

    stream->looked_at_ms = now_ms;
    rc = look_for_changes(stream, err);
    if (rc || now_ms - stream->looked_at_runs_ms < RUNS_LOOK_MS)
        return rc;
    stream->looked_at_runs_ms = now_ms;
    return look_for_progress(stream, err);
}

bool stream_look(struct stream *stream)
{
    struct kk_err err = {0};

    if (!stream->reader_count || kk_mono_ms(stream->app->clock) - stream->looked_at_ms < STREAM_LOOK_MS)
        return false;
    if (look(stream, &err))
        kk_log(KK_EV_API_FAILED, KK_CSTR("method", "GET"), KK_CSTR("path", "/v1/stream"), KK_ERR_FIELDS(&err));
    return true;
}

/* ---- a piece of text ---- */

static bool write_change(void *ctx, const struct product_version *version)
{
    struct piece *piece = ctx;

    kk_buf_addf(&piece->text, "event: change\nid: %" PRId64 "\ndata: ", version->id);
    kk_jw_open(&piece->text, '{');
    show_change(&piece->text, version);
    kk_jw_close(&piece->text, '}');
    kk_buf_add(&piece->text, KK_SV("\n\n"));
    piece->to_id = version->id;
    return piece->text.len < TEXT_FULL_BYTES;
}

static void write_progress(struct piece *piece, const struct stream_reader *reader)
{
    const struct stream *stream = reader->stream;

    for (size_t i = 0; i < STREAM_RUNS_MAX && reader->seq < stream->seq; i++) {
        const struct told *told = &stream->told[i];

        if (told->seq <= reader->seq || (!told->is_open && told->seq <= reader->old_seq) ||
            (reader->wish.seller_id[0] && strcmp(reader->wish.seller_id, told->seller_id) != 0))
            continue;
        kk_buf_add(&piece->text, KK_SV("event: progress\ndata: "));
        kk_buf_add(&piece->text, kk_sv_of(told->text));
        kk_buf_add(&piece->text, KK_SV("\n\n"));
    }
    piece->to_seq = stream->seq;
}

/* NULL: not now. */
static struct piece *make_piece(const struct stream_reader *reader)
{
    struct stream *stream = reader->stream;
    const struct version_query query = {
        .after_id = reader->wish.after_id, .seller_id = kk_sv_of(reader->wish.seller_id), .limit = CHANGES_AT_ONCE};
    struct piece *piece = calloc(1, sizeof(*piece));

    if (!piece)
        return NULL;
    *piece = (struct piece){.refs = 1,
                            .from_id = reader->wish.after_id,
                            .to_id = reader->wish.after_id,
                            .from_seq = reader->seq,
                            .text = KK_BUF(TEXT_MAX_BYTES)};
    if (stream->newest_id > reader->wish.after_id &&
        store_each_version(stream->app->store, &query, write_change, piece, NULL)) {
        let_go(piece);
        return NULL;
    }
    if (piece->to_id == piece->from_id && stream->newest_id > piece->to_id) { /* all that is new is of other sellers */
        piece->to_id = stream->newest_id;
        kk_buf_addf(&piece->text, "id: %" PRId64 "\n\n", piece->to_id);
    }
    write_progress(piece, reader);
    if (!piece->text.failed)
        return piece;
    let_go(piece);
    return NULL;
}

static struct piece *next_piece(struct stream_reader *reader)
{
    struct stream *stream = reader->stream;
    struct piece *last = stream->last;
    bool is_shared = !reader->wish.seller_id[0] && reader->seq; /* the first one depends on when it came */

    if (is_shared && last && last->from_id == reader->wish.after_id && last->from_seq == reader->seq &&
        last->to_seq == stream->seq && (last->to_id > last->from_id || stream->newest_id <= last->from_id)) {
        last->refs++;
        return last;
    }
    last = make_piece(reader);
    if (last && is_shared) {
        let_go(stream->last);
        stream->last = last;
        last->refs++;
    }
    return last;
}

/* ---- readers ---- */

static bool is_still_good(const struct stream_reader *reader)
{
    const struct app *app = reader->stream->app;
    struct api_key key;

    if (reader->stream->is_over)
        return false;
    if (!reader->wish.key_id)
        return true;
    enum kk_code rc = store_get_key(app->store, reader->wish.key_id, &key, NULL);

    return rc ? rc != KK_NOT_FOUND : api_key_is_live(&key, kk_wall_ms(app->clock));
}

bool stream_has_news(const struct stream_reader *reader)
{
    const struct stream *stream = reader->stream;

    return reader->piece || stream->is_over || !reader->has_begun || stream->newest_id > reader->wish.after_id ||
           stream->seq > reader->seq || kk_mono_ms(stream->app->clock) - reader->read_at_ms >= STREAM_PING_MS;
}

static int64_t take(struct stream_reader *reader, char *to, size_t max)
{
    struct piece *piece = reader->piece;
    size_t left = piece->text.len - reader->taken, count = left < max ? left : max;

    if (count && piece->text.ptr)
        memcpy(to, piece->text.ptr + reader->taken, count);
    reader->taken += count;
    if (count < left)
        return (int64_t)count;
    reader->wish.after_id = piece->to_id;
    reader->seq = piece->to_seq;
    reader->piece = NULL;
    reader->taken = 0;
    let_go(piece);
    return (int64_t)count;
}

int64_t stream_read(struct stream_reader *reader, char *to, size_t max)
{
    int64_t now_ms = kk_mono_ms(reader->stream->app->clock);
    int count;

    KK_ASSERT(max > 64);
    if (reader->piece) {
        reader->read_at_ms = now_ms;
        return take(reader, to, max);
    }
    if (!stream_has_news(reader))
        return 0;
    if (!is_still_good(reader))
        return -1;
    /* A number alone is no event, but a client remembers it: one that is cut off before its first event misses none. */
    if (!reader->has_begun || now_ms - reader->read_at_ms >= STREAM_PING_MS) {
        count = snprintf(to, max, "%sid: %" PRId64 "\n\n", reader->has_begun ? ": still here\n" : "retry: 2000\n",
                         reader->wish.after_id);
        reader->has_begun = true;
        reader->read_at_ms = now_ms;
        return count;
    }
    reader->piece = next_piece(reader);
    if (!reader->piece)
        return 0;
    reader->read_at_ms = now_ms;
    return take(reader, to, max);
}

enum kk_code stream_join(struct stream *stream, const struct stream_wish *wish, struct stream_reader **ret_reader,
                         struct kk_err *err)
{
    struct stream_reader *reader;
    enum kk_code rc;

    if (stream->reader_count >= STREAM_READERS_MAX)
        return kk_fail(err, KK_LIMITED, "there are %d readers of the stream already", STREAM_READERS_MAX);
    rc = look(stream, err);
    if (rc)
        return rc;
    reader = calloc(1, sizeof(*reader));
    if (!reader)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a reader of the stream");
    *reader = (struct stream_reader){.stream = stream,
                                     .wish = *wish,
                                     .old_seq = wish->after_id < 0 ? stream->seq : 0,
                                     .read_at_ms = kk_mono_ms(stream->app->clock)};
    /* A number of the future is from another store: what comes now is the best answer. */
    if (wish->after_id < 0 || wish->after_id > stream->newest_id)
        reader->wish.after_id = stream->newest_id;
    stream->reader_count++;
    *ret_reader = reader;
    return KK_OK;
}

void stream_leave(struct stream_reader *reader)
{
    if (!reader)
        return;
    reader->stream->reader_count--;
    let_go(reader->piece);
    free(reader);
}

enum kk_code stream_create(struct app *app, struct stream **ret_stream, struct kk_err *err)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the stream");
    stream->app = app;
    stream->seq = 1;
    stream->newest_run_id = -1;
    *ret_stream = stream;
    return KK_OK;
}

void stream_end(struct stream *stream)
{
    stream->is_over = true;
}

bool stream_has_readers(const struct stream *stream)
{
    return stream->reader_count > 0;
}

void stream_destroy(struct stream *stream)
{
    if (!stream)
        return;
    KK_ASSERT(!stream->reader_count);
    let_go(stream->last);
    free(stream);
}
