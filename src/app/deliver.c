#include "app/deliver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/backoff.h"
#include "ports/store.h"

#define ROWS_MAX 256               /* events a turn and sink */
#define FLIGHTS_MAX 256            /* events in hand of sinks that answer later */
#define HAND_MS KK_MINUTE_MS       /* another relay leaves a row alone so long while this one has it in hand */
#define LOOK_AGAIN_MS INT64_C(200) /* rows that another process wrote */

struct flight {        /* an event that a sink has in hand */
    int64_t outbox_id; /* 0: free */
    struct sink *sink;
    int64_t run_id;
    int attempts;
    bool is_back;
    struct sink_result result;
};
struct deliver {
    struct flight flight[FLIGHTS_MAX];
    size_t flying, back;
    int64_t sink_at_ms[APP_SINKS_MAX]; /* monotonic: nothing is due for this sink before */
    int64_t retry_at_ms;
};

struct event_rows { /* due rows, copied out of the store's views */
    size_t count, max;
    struct {
        int64_t id, not_before_ms, run_id;
        int attempts;
        char dedup_key[OUTBOX_KEY_BYTES];
        size_t body_at, body_bytes;
    } row[ROWS_MAX];
    struct kk_buf bodies;
};

enum kk_code deliver_create(struct app *app, struct deliver **ret_deliver, struct kk_err *err)
{
    (void)app;
    *ret_deliver = calloc(1, sizeof(**ret_deliver));
    return *ret_deliver ? KK_OK : kk_fail(err, KK_NO_MEMORY, "no memory for deliveries");
}

void deliver_destroy(struct deliver *deliver)
{
    free(deliver);
}

bool deliver_is_idle(const struct deliver *deliver)
{
    return deliver->flying == 0 && deliver->back == 0;
}

static bool note_row(void *ctx, const struct outbox_row *row)
{
    struct event_rows *rows = ctx;
    size_t body_at = rows->bodies.len;

    kk_buf_add(&rows->bodies, row->body);
    if (rows->bodies.failed) { /* the rest goes with the next turn; one event alone always fits */
        rows->bodies.failed = KK_OK;
        return false;
    }
    rows->row[rows->count].id = row->id;
    rows->row[rows->count].not_before_ms = row->not_before_ms;
    rows->row[rows->count].run_id = row->run_id;
    rows->row[rows->count].attempts = row->attempts;
    kk_sv_copy(kk_sv_of(row->dedup_key), rows->row[rows->count].dedup_key, OUTBOX_KEY_BYTES);
    rows->row[rows->count].body_at = body_at;
    rows->row[rows->count].body_bytes = row->body.len;
    return ++rows->count < rows->max;
}

static enum kk_code due_rows(struct app *app, const struct sink *sink, struct event_rows *rows, int64_t now_ms,
                             struct kk_err *err)
{
    char topic[OUTBOX_TOPIC_BYTES];

    rows->count = 0;
    kk_buf_clear(&rows->bodies);
    if (!rows->max)
        return KK_OK;
    sink_topic(sink, topic, sizeof(topic));
    return store_due_event_rows(app->store, kk_sv_of(topic), sink->is_sequence, now_ms, (int)rows->max, note_row, rows,
                                err);
}

void deliver_on_delivered(void *ctx, struct sink *sink, int64_t id, const struct sink_result *result)
{
    struct app *app = ctx;
    struct deliver *deliver = app->deliver;

    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &deliver->flight[i];

        if (flight->outbox_id != id || flight->sink != sink || flight->is_back)
            continue;
        flight->is_back = true;
        flight->result = *result;
        deliver->flying--;
        deliver->back++;
        return;
    }
}

static struct flight *board(struct deliver *deliver, struct sink *sink, const struct event_rows *rows, size_t at)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        if (!deliver->flight[i].outbox_id) {
            deliver->flight[i] = (struct flight){.outbox_id = rows->row[at].id,
                                                 .sink = sink,
                                                 .run_id = rows->row[at].run_id,
                                                 .attempts = rows->row[at].attempts};
            deliver->flying++;
            return &deliver->flight[i];
        }
    return NULL;
}

/* Hands one event over. False: the sink takes no more now. */
static bool hand_over(struct app *app, struct sink *sink, const struct event_rows *rows, size_t at)
{
    struct deliver *deliver = app->deliver;
    struct flight *flight = board(deliver, sink, rows, at);
    char traceparent[TRACEPARENT_BYTES];
    struct sink_event event = {.id = rows->row[at].id,
                               .event_id = kk_sv_of(rows->row[at].dedup_key),
                               .body = {rows->bodies.ptr + rows->row[at].body_at, rows->row[at].body_bytes},
                               .traceparent = traceparent};
    struct kk_err err;
    enum kk_code rc;

    if (!flight)
        return false;
    trace_parent(app->installation, flight->run_id, "event", flight->outbox_id, traceparent);
    rc = sink_start(sink, &event, &err);
    if (!rc)
        return true;
    flight->outbox_id = 0;
    deliver->flying--;
    if (rc != KK_BUSY)
        kk_log(KK_EV_EVENT_REFUSED, KK_CSTR("sink", sink->name), KK_CSTR("event_id", rows->row[at].dedup_key),
               KK_ERR_FIELDS(&err));
    return false;
}

/* ---- what came back ---- */

static enum kk_code write_result(struct app *app, const struct flight *flight, int64_t now_ms, struct kk_err *err)
{
    const struct sink_result *result = &flight->result;
    const struct event_answer answer = {
        .http_status = result->http_status, .error = kk_sv_of(result->error), .answer = kk_sv_of(result->answer)};
    int64_t wait_ms;

    if (!result->code)
        return store_event_published(app->store, flight->outbox_id, now_ms, &answer, err);
    wait_ms = backoff_ms(flight->attempts + 1, app->limits.task_backoff_ms, app->limits.task_backoff_max_ms,
                         kk_rng_next(app->rng));
    if (wait_ms < result->retry_after_ms)
        wait_ms = result->retry_after_ms;
    return store_event_failed(app->store, flight->outbox_id, now_ms + wait_ms, &answer, err);
}

static void log_result(const struct app *app, const struct flight *flight)
{
    const struct sink_result *result = &flight->result;
    char trace[TRACE_ID_BYTES];

    trace_id(app->installation, flight->run_id, trace);

    if (!result->code)
        kk_log(KK_EV_EVENT_DELIVERED, KK_CSTR("sink", flight->sink->name), KK_NUM("outbox_id", flight->outbox_id),
               KK_NUM("attempt", flight->attempts + 1), KK_NUM("http_status", result->http_status),
               KK_CSTR("trace_id", trace));
    else
        kk_log(KK_EV_EVENT_REFUSED, KK_CSTR("sink", flight->sink->name), KK_NUM("outbox_id", flight->outbox_id),
               KK_NUM("attempt", flight->attempts + 1), KK_NUM("http_status", result->http_status),
               KK_CSTR("trace_id", trace), KK_CSTR("error_code", kk_code_name(result->code)),
               KK_CSTR("error", result->error));
}

/* Inside a transaction: what is known to be delivered is marked; the flights end only once that is committed. */
static enum kk_code write_results(struct app *app, int64_t now_ms, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < FLIGHTS_MAX; i++)
        if (app->deliver->flight[i].is_back)
            rc = write_result(app, &app->deliver->flight[i], now_ms, err);
    return rc;
}

static void end_flights(struct app *app)
{
    struct deliver *deliver = app->deliver;

    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &deliver->flight[i];

        if (!flight->is_back)
            continue;
        log_result(app, flight);
        for (size_t s = 0; s < app->sink_count; s++)
            if (app->sinks[s] == flight->sink)
                deliver->sink_at_ms[s] = 0; /* its next may go */
        *flight = (struct flight){0};
        deliver->back--;
    }
}

/* ---- what goes out ---- */

/* Rows that the sink can take now: one that was marked as in hand for nothing costs two writes. */
static size_t room(const struct deliver *deliver, const struct sink *sink)
{
    size_t left = FLIGHTS_MAX - deliver->flying - deliver->back, flying = 0;

    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        flying += deliver->flight[i].outbox_id && deliver->flight[i].sink == sink && !deliver->flight[i].is_back;
    if (sink->inflight_max && flying + left > sink->inflight_max)
        left = flying < sink->inflight_max ? sink->inflight_max - flying : 0;
    return left < ROWS_MAX ? left : ROWS_MAX;
}

/* A sink that keeps what it is given in order: rows, flush and marks in one transaction. */
static enum kk_code send_sequence(struct app *app, struct sink *sink, struct event_rows *rows, int64_t now_ms,
                                  struct kk_err *err)
{
    enum kk_code rc = due_rows(app, sink, rows, now_ms, err);

    if (rc || !rows->count)
        return rc;
    for (size_t i = 0; i < rows->count && hand_over(app, sink, rows, i);)
        i++;
    sink_flush(sink);
    return write_results(app, now_ms, err);
}

/* Others answer later: the rows are marked as in hand first, so that no other relay sends them too. */
static enum kk_code take_rows(struct app *app, struct sink *sink, struct event_rows *rows, int64_t now_ms,
                              struct kk_err *err)
{
    size_t kept = 0;
    enum kk_code rc = due_rows(app, sink, rows, now_ms, err);

    for (size_t i = 0; !rc && i < rows->count; i++) {
        struct outbox_row row = {.id = rows->row[i].id, .not_before_ms = rows->row[i].not_before_ms};
        bool is_done = false;

        rc = store_event_taken(app->store, &row, now_ms + HAND_MS, &is_done, err);
        if (is_done)
            rows->row[kept++] = rows->row[i];
    }
    rows->count = rc ? 0 : kept;
    return rc;
}

/* What the sink did not take is due again at once. */
static enum kk_code hand_all(struct app *app, struct sink *sink, const struct event_rows *rows, int64_t now_ms,
                             struct kk_err *err)
{
    size_t sent = 0;
    enum kk_code rc = KK_OK;

    while (sent < rows->count && hand_over(app, sink, rows, sent))
        sent++;
    sink_flush(sink);
    if (sent == rows->count)
        return KK_OK;
    rc = store_begin(app->store, err);
    for (size_t i = sent; !rc && i < rows->count; i++) {
        struct outbox_row row = {.id = rows->row[i].id, .not_before_ms = now_ms + HAND_MS};
        bool is_done;

        rc = store_event_taken(app->store, &row, rows->row[i].not_before_ms, &is_done, err);
    }
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static enum kk_code serve(struct app *app, struct sink *sink, struct event_rows *rows, int64_t now_ms,
                          struct kk_err *err)
{
    bool has_back = app->deliver->back > 0;
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = write_results(app, now_ms, err);
    if (!rc && sink->is_sequence)
        rc = send_sequence(app, sink, rows, now_ms, err);
    else if (!rc)
        rc = take_rows(app, sink, rows, now_ms, err);
    if (!rc && (rows->count || has_back))
        rc = store_commit(app->store, err);
    else
        store_rollback(app->store);
    if (rc)
        return rc;
    end_flights(app);
    return sink->is_sequence ? KK_OK : hand_all(app, sink, rows, now_ms, err);
}

/* How long until a row of the sink is due; 0: one is. */
static int64_t next_due_ms(struct app *app, const struct sink *sink, int64_t now_ms)
{
    char topic[OUTBOX_TOPIC_BYTES];
    int64_t due_at_ms = 0;

    sink_topic(sink, topic, sizeof(topic));
    if (store_outbox_next(app->store, kk_sv_of(topic), &due_at_ms, NULL) || due_at_ms > now_ms + LOOK_AGAIN_MS)
        return LOOK_AGAIN_MS;
    return due_at_ms > now_ms ? due_at_ms - now_ms : 0;
}

/* Returns how long the sink has nothing due. */
static int64_t serve_sink(struct app *app, size_t at, struct event_rows *rows, int64_t mono_ms)
{
    struct deliver *deliver = app->deliver;
    struct sink *sink = app->sinks[at];
    int64_t now_ms = kk_wall_ms(app->clock);
    struct kk_err err = {0};

    if (!deliver->back && !app->event_outbox_woken && deliver->sink_at_ms[at] > mono_ms)
        return deliver->sink_at_ms[at] - mono_ms;
    deliver->sink_at_ms[at] = mono_ms + (deliver->back ? 0 : next_due_ms(app, sink, now_ms));
    if (deliver->sink_at_ms[at] > mono_ms)
        return deliver->sink_at_ms[at] - mono_ms;
    rows->count = 0;
    rows->max = room(deliver, sink);
    if (serve(app, sink, rows, now_ms, &err)) {
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "deliver events"), KK_CSTR("sink", sink->name),
               KK_ERR_FIELDS(&err));
        deliver->retry_at_ms = mono_ms + KK_SECOND_MS;
        return KK_SECOND_MS;
    }
    /* A due row that stayed behind waits for an event of its item, or for room. */
    deliver->sink_at_ms[at] = rows->count ? mono_ms : mono_ms + LOOK_AGAIN_MS;
    return deliver->sink_at_ms[at] - mono_ms;
}

int64_t deliver_turn(struct app *app, bool is_stopping)
{
    struct deliver *deliver = app->deliver;
    KK_CLEANUP(kk_free_cleanup) struct event_rows *rows = NULL;
    int64_t mono_ms = kk_mono_ms(app->clock);
    int64_t wait_ms = LOOK_AGAIN_MS;

    if (mono_ms < deliver->retry_at_ms)
        return deliver->retry_at_ms - mono_ms;
    if (is_stopping && !deliver->back && !app->event_outbox_woken)
        return LOOK_AGAIN_MS;
    rows = calloc(1, sizeof(*rows));
    if (!rows)
        return KK_SECOND_MS;
    rows->bodies = KK_BUF(8 * 1024 * 1024);
    for (size_t i = 0; i < app->sink_count; i++) {
        int64_t sink_wait_ms = serve_sink(app, i, rows, mono_ms);

        if (sink_wait_ms < wait_ms)
            wait_ms = sink_wait_ms;
    }
    app->event_outbox_woken = false;
    kk_buf_done(&rows->bodies);
    return wait_ms;
}
