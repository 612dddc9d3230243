#include "app/relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ports/queue.h"
#include "ports/store.h"

#define RELAY_MAX 256               /* rows a turn */
#define HAND_MS (15 * KK_SECOND_MS) /* a relay that died had its rows in hand for no longer; a push takes less */
#define LOOK_AGAIN_MS INT64_C(200)  /* rows of other processes, and those that a full share held back */
#define CURSOR_KEY "relay_cursor"

struct relay_row {
    int64_t outbox_id, task_id, serial, due_at_ms;
    char seller_id[SELLER_ID_BYTES], dedup_key[OUTBOX_KEY_BYTES], trace_id[TRACE_ID_BYTES];
    char body[TASK_MESSAGE_MAX_BYTES];
    size_t body_bytes;
};
struct relay_rows {
    const char *installation;
    size_t count;
    struct relay_row row[RELAY_MAX];
};

static bool note_row(void *ctx, const struct outbox_row *row)
{
    struct relay_rows *rows = ctx;
    struct relay_row *to = &rows->row[rows->count];

    KK_ASSERT(row->body.len <= sizeof(to->body)); /* task_message() wrote it */
    to->outbox_id = row->id;
    to->task_id = row->task_id;
    to->serial = row->serial;
    to->due_at_ms = row->not_before_ms;
    trace_id(rows->installation, row->run_id, to->trace_id);
    kk_sv_copy(kk_sv_of(row->key), to->seller_id, sizeof(to->seller_id));
    kk_sv_copy(kk_sv_of(row->dedup_key), to->dedup_key, sizeof(to->dedup_key));
    memcpy(to->body, row->body.ptr, row->body.len);
    to->body_bytes = row->body.len;
    return ++rows->count < RELAY_MAX;
}

static enum kk_code push_rows(struct app *app, const struct relay_rows *rows, struct kk_err *err)
{
    struct queue_item items[RELAY_MAX];

    for (size_t i = 0; i < rows->count; i++)
        items[i] = (struct queue_item){.dedup_key = kk_sv_of(rows->row[i].dedup_key),
                                       .group = kk_sv_of(rows->row[i].seller_id),
                                       .body = {rows->row[i].body, rows->row[i].body_bytes},
                                       .trace_id = kk_sv_of(rows->row[i].trace_id)};
    return queue_push(app->queue, items, rows->count, err);
}

static enum kk_code mark_published(struct app *app, const struct relay_rows *rows, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < rows->count; i++)
        rc = store_task_published(app->store, rows->row[i].outbox_id, rows->row[i].task_id, rows->row[i].serial, now_ms,
                                  err);
    return rc;
}

static enum kk_code due_rows(struct app *app, struct relay_rows *rows, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf saved = KK_BUF(SELLER_ID_BYTES);
    char cursor[SELLER_ID_BYTES] = "";
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc;

    rc = store_get_setting(app->store, CURSOR_KEY, &saved, err);
    if (rc && rc != KK_NOT_FOUND)
        return rc;
    kk_sv_copy(kk_buf_sv(&saved), cursor, sizeof(cursor));
    rc = store_due_task_rows(app->store, now_ms, app->limits.relay_seller_cap, RELAY_MAX, cursor, note_row, rows, err);
    return rc || !rows->count ? rc : store_put_setting(app->store, CURSOR_KEY, kk_sv_of(cursor), err);
}

static enum kk_code end(struct app *app, enum kk_code rc, size_t row_count, struct kk_err *err)
{
    if (!rc && row_count)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

/* A queue in the store: rows, messages and marks are one transaction. */
static enum kk_code relay_inside(struct app *app, struct relay_rows *rows, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = due_rows(app, rows, err);
    if (!rc && rows->count)
        rc = push_rows(app, rows, err);
    if (!rc)
        rc = mark_published(app, rows, err);
    return end(app, rc, rows->count, err);
}

/* This relay has them in hand until until_ms: no other one sends them too. Those that another was first at go. */
static enum kk_code take_rows(struct app *app, struct relay_rows *rows, int64_t until_ms, struct kk_err *err)
{
    size_t kept = 0;
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < rows->count; i++) {
        bool is_done = false;

        rc = store_task_row_taken(app->store, rows->row[i].outbox_id, rows->row[i].due_at_ms, until_ms, &is_done, err);
        if (!is_done)
            continue;
        if (kept != i)
            rows->row[kept] = rows->row[i];
        kept++;
    }
    rows->count = rc ? 0 : kept;
    return rc;
}

/* They could not be sent, or not all: due again as before. */
static void give_rows_back(struct app *app, const struct relay_rows *rows, int64_t until_ms)
{
    enum kk_code rc = store_begin(app->store, NULL);
    bool is_done;

    for (size_t i = 0; !rc && i < rows->count; i++)
        rc = store_task_row_taken(app->store, rows->row[i].outbox_id, until_ms, rows->row[i].due_at_ms, &is_done, NULL);
    end(app, rc, rows->count, NULL); /* where this fails, they are due when until_ms is over */
}

/* A queue elsewhere is called between two transactions. Send, then mark: a crash between the two sends twice, and the
 * claim makes the second a no-op; the other order would lose the message. */
static enum kk_code relay_outside(struct app *app, struct relay_rows *rows, struct kk_err *err)
{
    int64_t until_ms = kk_wall_ms(app->clock) + HAND_MS;
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = due_rows(app, rows, err);
    if (!rc)
        rc = take_rows(app, rows, until_ms, err);
    rc = end(app, rc, rows->count, err);
    if (rc || !rows->count)
        return rc;
    rc = push_rows(app, rows, err);
    if (rc) {
        give_rows_back(app, rows, until_ms);
        return rc;
    }
    rc = store_begin(app->store, err);
    return rc ? rc : end(app, mark_published(app, rows, err), rows->count, err);
}

static enum kk_code relay_once(struct app *app, struct relay_rows *rows, struct kk_err *err)
{
    return app->queue->ops->joins_store ? relay_inside(app, rows, err) : relay_outside(app, rows, err);
}

int64_t relay_turn(struct app *app)
{
    KK_CLEANUP(kk_free_cleanup) struct relay_rows *rows = malloc(sizeof(*rows));
    struct kk_err err;
    enum kk_code rc;

    app->task_outbox_woken = false;
    if (!rows)
        return LOOK_AGAIN_MS;
    rows->installation = app->installation;
    rows->count = 0;
    rc = relay_once(app, rows, &err);
    if (rc) {
        kk_log(KK_EV_QUEUE_FAILED, KK_CSTR("while", "publish tasks"), KK_ERR_FIELDS(&err));
        return KK_SECOND_MS;
    }
    for (size_t i = 0; i < rows->count; i++)
        kk_log(KK_EV_TASK_PUBLISHED, KK_NUM("task_id", rows->row[i].task_id),
               KK_CSTR("seller_id", rows->row[i].seller_id), KK_CSTR("dedup_key", rows->row[i].dedup_key),
               KK_CSTR("trace_id", rows->row[i].trace_id));
    if (rows->count)
        app->queue_woken = true;
    return rows->count == RELAY_MAX ? 0 : LOOK_AGAIN_MS;
}
