#include "sim/watch.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "adapters/store/store_sqlite.h"
#include "base/assert.h"
#include "sim/parts.h"
#include "sim/picture.h"
#include "sim/proc.h"
#include "support/vfs_disk.h"

#define CLEAN_EVERY 4000 /* lines */

/* One line for each row that changed. The last line stays, so that numbers go on. */
static const char *const triggers[] = {
    "CREATE TABLE IF NOT EXISTS sim_log (seq INTEGER PRIMARY KEY, kind INT, id INT, n0, n1, n2, n3, n4, n5, n6, n7, "
    "n8, "
    "n9, t0, t1, t2, t3, t4);",
    "CREATE TRIGGER IF NOT EXISTS sim_task_new AFTER INSERT ON task BEGIN INSERT INTO sim_log (kind, id, n0, n1, n2, "
    "n3, "
    "n4, t0, t1, t2, t3) VALUES (1, NEW.id, NEW.page, NEW.item_no, NEW.run_id, NEW.serial, NEW.created_at_ms, "
    "NEW.seller_id, NEW.kind, NEW.state, NEW.endpoint); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_task_moved AFTER UPDATE ON task BEGIN INSERT INTO sim_log (kind, id, n0, n1, n2, "
    "n3, n4, n5, n6, n7, n8, n9, t0, t1) VALUES (2, NEW.id, OLD.serial, NEW.serial, NEW.attempt, NEW.lapse_count, "
    "NEW.is_dead, NEW.run_id, NEW.lease_until_ms, NEW.published_at_ms, NEW.started_at_ms, NEW.ended_at_ms, OLD.state, "
    "NEW.state); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_attempt AFTER INSERT ON attempt BEGIN INSERT INTO sim_log (kind, id, n0, n1, t0) "
    "VALUES (3, NEW.task_id, NEW.attempt, NEW.http_status, NEW.cause); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_event_new AFTER INSERT ON outbox WHEN NEW.task_id = 0 BEGIN INSERT INTO sim_log "
    "(kind, id, t0, t1, t2) VALUES (4, NEW.id, NEW.topic, NEW.dedup_key, NEW.row_key); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_event_done AFTER UPDATE OF published_at_ms ON outbox WHEN NEW.task_id = 0 AND "
    "OLD.published_at_ms IS NULL AND NEW.published_at_ms IS NOT NULL BEGIN INSERT INTO sim_log (kind, id, t0, t1) "
    "VALUES (5, NEW.id, NEW.topic, NEW.dedup_key); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_version AFTER INSERT ON product_version BEGIN INSERT INTO sim_log (kind, id, n0, "
    "t0, t1, t2, t3, t4) VALUES (6, NEW.item_no, NEW.version, NEW.seller_id, NEW.type, NEW.hash, NEW.detail_key, "
    "NEW.options_key); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_product_new AFTER INSERT ON product BEGIN INSERT INTO sim_log (kind, id, n0, t0, "
    "t1, t2) VALUES (7, NEW.item_no, NEW.version, NEW.seller_id, NEW.status, NEW.hash); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_product AFTER UPDATE ON product BEGIN INSERT INTO sim_log (kind, id, n0, t0, t1, "
    "t2) VALUES (7, NEW.item_no, NEW.version, NEW.seller_id, NEW.status, NEW.hash); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_visit_new AFTER INSERT ON visit BEGIN INSERT INTO sim_log (kind, id, n0, t0, t1) "
    "VALUES (8, NEW.item_no, NEW.run_id, NEW.seller_id, NEW.detail_key); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_visit AFTER UPDATE ON visit BEGIN INSERT INTO sim_log (kind, id, n0, t0, t1) "
    "VALUES (8, NEW.item_no, NEW.run_id, NEW.seller_id, NEW.detail_key); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_visit_gone AFTER DELETE ON visit BEGIN INSERT INTO sim_log (kind, id, t0) VALUES "
    "(9, OLD.item_no, OLD.seller_id); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_seller_new AFTER INSERT ON seller BEGIN INSERT INTO sim_log (kind, n0, t0, t1) "
    "VALUES (10, NEW.next_run_at_ms, NEW.seller_id, NEW.state); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_seller AFTER UPDATE ON seller BEGIN INSERT INTO sim_log (kind, n0, t0, t1) "
    "VALUES "
    "(10, NEW.next_run_at_ms, NEW.seller_id, NEW.state); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_agent_new AFTER INSERT ON agent BEGIN INSERT INTO sim_log (kind, id, t0, t1, t2) "
    "VALUES (11, NEW.id, NEW.user_agent, NEW.state, NEW.token); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_agent AFTER UPDATE ON agent WHEN OLD.state <> NEW.state OR OLD.token <> "
    "NEW.token "
    "OR OLD.disabled_until_ms <> NEW.disabled_until_ms BEGIN INSERT INTO sim_log (kind, id, t0, t1, t2) VALUES (11, "
    "NEW.id, NEW.user_agent, NEW.state, NEW.token); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_pause_new AFTER INSERT ON setting WHEN NEW.name = 'pause' BEGIN INSERT INTO "
    "sim_log (kind, t0) VALUES (12, NEW.value); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_pause AFTER UPDATE ON setting WHEN NEW.name = 'pause' BEGIN INSERT INTO sim_log "
    "(kind, t0) VALUES (12, NEW.value); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_run_new AFTER INSERT ON run BEGIN INSERT INTO sim_log (kind, id, n0, n1, n2, n3, "
    "n4, n5, t0, t1) VALUES (13, NEW.id, NEW.list_pass, NEW.item_count, NEW.seen_count, NEW.list_failed, "
    "NEW.open_count, NEW.page_count, NEW.seller_id, NEW.state); END;",
    "CREATE TRIGGER IF NOT EXISTS sim_run AFTER UPDATE ON run WHEN OLD.list_pass <> NEW.list_pass OR OLD.state <> "
    "NEW.state OR OLD.page_count <> NEW.page_count BEGIN INSERT INTO sim_log (kind, id, n0, n1, n2, n3, n4, n5, t0, "
    "t1) "
    "VALUES (13, NEW.id, NEW.list_pass, NEW.item_count, NEW.seen_count, NEW.list_failed, NEW.open_count, "
    "NEW.page_count, NEW.seller_id, NEW.state); END;"};

/* The next times of everything that waits for one, wall clock; those in the past wait for something else. */
static const char due_sql[] =
    "SELECT MIN(at) FROM ("
    "SELECT MIN(next_run_at_ms) AS at FROM seller WHERE state = 'ACTIVE' AND next_run_at_ms > ?1 "
    "UNION ALL SELECT MIN(due_at_ms) FROM outbox WHERE due_at_ms > ?1 "
    "UNION ALL SELECT MIN(lease_until_ms) + 1 FROM task WHERE state = 'RUNNING' AND lease_until_ms >= ?1 "
    "UNION ALL SELECT MIN(published_at_ms) + ?2 + 1 FROM task WHERE state = 'PUBLISHED' AND published_at_ms + ?2 >= ?1 "
    "UNION ALL SELECT MIN(disabled_until_ms) FROM agent WHERE state = 'DISABLED' AND disabled_until_ms > ?1 "
    "UNION ALL SELECT MIN(visible_at_ms) FROM message WHERE visible_at_ms > ?1)";

/* ---- the connection ---- */

static void must(struct watch *watch, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "the watcher's own database call failed: %s\n", sqlite3_errmsg(watch->conn));
    KK_UNREACHABLE();
}

static void prepare(struct watch *watch)
{
    must(watch,
         sqlite3_prepare_v2(watch->conn,
                            "SELECT seq, kind, id, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, t0, t1, t2, t3, t4 FROM "
                            "sim_log WHERE seq > ? ORDER BY seq",
                            -1, &watch->read, NULL));
    must(watch, sqlite3_prepare_v2(watch->conn, "DELETE FROM sim_log WHERE seq < ?", -1, &watch->clean, NULL));
    must(watch, sqlite3_prepare_v2(watch->conn, due_sql, -1, &watch->due, NULL));
}

static void open_conn(struct watch *watch)
{
    vfs_disk_own(watch->sim->disk, SIM_OWNER_WATCH);
    KK_ASSERT(sqlite3_open_v2("kkachi.db", &watch->conn, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, "kk-disk") ==
              SQLITE_OK);
    must(watch,
         sqlite3_exec(watch->conn, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL));
    for (size_t i = 0; i < KK_COUNT(triggers); i++)
        must(watch, sqlite3_exec(watch->conn, triggers[i], NULL, NULL, NULL));
    prepare(watch);
}

static void close_conn(struct watch *watch)
{
    sqlite3_finalize(watch->read);
    sqlite3_finalize(watch->clean);
    sqlite3_finalize(watch->due);
    sqlite3_close(watch->conn);
    watch->conn = NULL;
}

/* The tables must be there before the triggers. */
static void make_tables(struct sim *sim)
{
    const struct db_sqlite_options options = {.vfs = "kk-disk"};
    struct store *store = NULL;
    int from, to;

    vfs_disk_own(sim->disk, SIM_OWNER_WATCH);
    KK_ASSERT(store_sqlite_open("kkachi.db", &options, &sim->operator->clock, &store, NULL) == KK_OK);
    KK_ASSERT(store_migrate(store, &from, &to, NULL) == KK_OK);
    store_close(store);
}

struct watch *watch_create(struct sim *sim)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    KK_ASSERT(watch);
    watch->sim = sim;
    rule_request_init(watch);
    make_tables(sim);
    open_conn(watch);
    return watch;
}

void watch_destroy(struct watch *watch)
{
    if (!watch)
        return;
    if (watch->conn)
        close_conn(watch);
    index_done(&watch->tasks);
    index_done(&watch->task_keys);
    index_done(&watch->items);
    index_done(&watch->listings);
    index_done(&watch->runs);
    free(watch->task);
    free(watch->item);
    free(watch->listing);
    free(watch->run);
    rule_request_done(watch);
    free(watch);
}

/* ---- reading ---- */

static bool read_row(sqlite3_stmt *stmt, struct row *row)
{
    int rc = sqlite3_step(stmt);

    if (rc != SQLITE_ROW)
        return false;
    row->seq = sqlite3_column_int64(stmt, 0);
    row->kind = (enum row_kind)sqlite3_column_int(stmt, 1);
    row->id = sqlite3_column_int64(stmt, 2);
    for (int i = 0; i < ROW_NUMBERS; i++)
        row->n[i] = sqlite3_column_int64(stmt, 3 + i);
    for (int i = 0; i < ROW_TEXTS; i++) {
        row->t[i].ptr = sqlite3_column_blob(stmt, 3 + ROW_NUMBERS + i);
        row->t[i].len = (size_t)sqlite3_column_bytes(stmt, 3 + ROW_NUMBERS + i);
    }
    return true;
}

static void rule_pause(struct watch *watch, const struct row *row)
{
    bool is_paused = kk_sv_find(row->t[0], KK_SV("\"paused\":true")) < row->t[0].len;

    if (is_paused && !watch->is_paused) {
        watch->paused_seq = row->seq;
        watch->paused_at_ms = watch->sim->now_ms;
    }
    watch->is_paused = is_paused;
}

static void note_attempt(struct watch *watch, const struct row *row)
{
    struct commit *commit = &watch->commit;

    for (size_t i = 0; i < commit->failed_count; i++)
        if (commit->failed[i].task_id == row->id) {
            commit->failed[i].attempts++;
            return;
        }
    KK_ASSERT(commit->failed_count < COMMIT_ROWS_MAX);
    commit->failed[commit->failed_count].task_id = row->id;
    commit->failed[commit->failed_count].moves = 0;
    commit->failed[commit->failed_count++].attempts = 1;
}

static void note_visit(struct watch *watch, const struct row *row)
{
    struct seen_item *item = seen_item(watch, row->id);

    if (row->kind == ROW_VISIT_GONE && item->is_visited)
        item->closed_in = watch->commit.number;
    item->is_visited = row->kind == ROW_VISIT;
    if (row->kind == ROW_VISIT && row->t[1].len == KK_HASH_BYTES)
        memcpy(item->visit_key.byte, row->t[1].ptr, KK_HASH_BYTES);
}

static void apply(struct watch *watch, const struct row *row)
{
    switch (row->kind) {
    case ROW_TASK_NEW:
        rule_task_new(watch, row);
        return;
    case ROW_TASK_MOVED:
        rule_task_moved(watch, row);
        return;
    case ROW_ATTEMPT:
        note_attempt(watch, row);
        return;
    case ROW_EVENT_NEW:
        rule_event_new(watch, row);
        return;
    case ROW_EVENT_DONE:
        watch->sim->result.counts.events++;
        return;
    case ROW_VERSION:
        rule_version(watch, row);
        return;
    case ROW_PRODUCT:
        rule_product(watch, row);
        return;
    case ROW_VISIT:
    case ROW_VISIT_GONE:
        note_visit(watch, row);
        return;
    case ROW_SELLER:
        rule_seller(watch, row);
        return;
    case ROW_AGENT:
        rule_agent(watch, row);
        return;
    case ROW_PAUSE:
        rule_pause(watch, row);
        return;
    case ROW_RUN:
        rule_run(watch, row);
        return;
    case ROW_KIND_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

static void read_log(struct watch *watch)
{
    struct row row;
    bool is_new = false;

    must(watch, sqlite3_bind_int64(watch->read, 1, watch->seq));
    while (read_row(watch->read, &row)) {
        watch->seq = row.seq;
        is_new = true;
        watch->sim->result.counts.rows++;
        sim_note(watch->sim, watch->commit.proc, "row", row.kind * 1000000 + row.id, row.n[0]);
        if (row.kind == ROW_TASK_MOVED || row.kind == ROW_TASK_NEW)
            sim_tell(watch->sim, watch->commit.proc, "task %lld: " KK_SV_FMT " " KK_SV_FMT, (long long)row.id,
                     KK_SV_ARG(row.t[0]), KK_SV_ARG(row.t[1]));
        apply(watch, &row);
    }
    sqlite3_reset(watch->read);
    if (is_new)
        sim_changed(watch->sim);
}

static void begin_commit(struct watch *watch, struct proc *proc)
{
    watch->commit.proc = proc;
    watch->commit.number++;
    watch->commit.failed_count = watch->commit.succeeded_count = watch->commit.version_count = 0;
}

void watch_committed(struct watch *watch, struct proc *proc)
{
    if (!watch->conn)
        return; /* nobody has begun to look yet */
    if (vfs_disk_writes(watch->sim->disk) != watch->seen_writes) {
        watch->seen_writes = vfs_disk_writes(watch->sim->disk);
        watch->sim->result.counts.commits++;
        begin_commit(watch, proc);
        read_log(watch);
        rule_task_commit(watch);
        rule_item_commit(watch);
    }
    proc->seen_seq = watch->seq;
}

/* Old lines go when nobody writes. */
static void clean(struct watch *watch)
{
    if (watch->seq - watch->cleaned_seq < CLEAN_EVERY)
        return;
    must(watch, sqlite3_bind_int64(watch->clean, 1, watch->seq));
    if (sqlite3_step(watch->clean) == SQLITE_DONE)
        watch->cleaned_seq = watch->seq;
    sqlite3_reset(watch->clean);
    watch->seen_writes = vfs_disk_writes(watch->sim->disk);
}

int64_t watch_due_ms(struct watch *watch)
{
    struct sim *sim = watch->sim;
    int64_t wall_ms = sim_wall_ms(sim), due_ms = INT64_MAX;

    if (!watch->conn)
        return INT64_MAX;
    clean(watch);
    must(watch, sqlite3_bind_int64(watch->due, 1, wall_ms));
    must(watch, sqlite3_bind_int64(watch->due, 2, sim->plan.limits.task_silence_ms));
    if (sqlite3_step(watch->due) == SQLITE_ROW && sqlite3_column_type(watch->due, 0) != SQLITE_NULL)
        due_ms = sqlite3_column_int64(watch->due, 0) - wall_ms + sim->now_ms;
    sqlite3_reset(watch->due);
    return due_ms;
}

/* ---- power ---- */

static void check_integrity(struct watch *watch)
{
    sqlite3_stmt *stmt = NULL;

    must(watch, sqlite3_prepare_v2(watch->conn, "PRAGMA integrity_check", -1, &stmt, NULL));
    must(watch, sqlite3_step(stmt));
    if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        sim_fail(watch->sim, "disk", "after a power cut: %s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

static void check_last_seq(struct watch *watch)
{
    sqlite3_stmt *stmt = NULL;

    must(watch, sqlite3_prepare_v2(watch->conn, "SELECT MAX(seq) FROM sim_log", -1, &stmt, NULL));
    must(watch, sqlite3_step(stmt));
    if (sqlite3_column_int64(stmt, 0) < watch->seq)
        sim_fail(watch->sim, "disk", "what was committed is lost: line %lld of %lld is the last",
                 (long long)sqlite3_column_int64(stmt, 0), (long long)watch->seq);
    sqlite3_finalize(stmt);
}

/* R10 after a power cut: what the versions stand on is still there. */
static void check_archive(struct watch *watch)
{
    for (size_t i = 0; i < watch->item_count; i++) {
        struct kk_buf body = KK_BUF((size_t)16 * 1024 * 1024);

        if (watch->item[i].version && archive_box_get(watch->sim, &watch->item[i].detail_key, &body) == BOX_HAS_NOT)
            sim_fail(watch->sim, "R10", "a power cut took the detail of item %lld, version %lld",
                     (long long)watch->item[i].item_no, (long long)watch->item[i].version);
        kk_buf_done(&body);
    }
}

void watch_sleep(struct watch *watch)
{
    if (watch->conn)
        close_conn(watch);
}

/* A commit that was told to have failed may be there after all, once the log was recovered: it is nobody's. */
void watch_wake(struct watch *watch)
{
    struct sim *sim = watch->sim;

    if (watch->conn)
        return;
    open_conn(watch);
    check_last_seq(watch);
    begin_commit(watch, NULL);
    read_log(watch);
    rule_task_commit(watch);
    rule_item_commit(watch);
    watch->seen_writes = vfs_disk_writes(sim->disk);
    if (sim->running)
        vfs_disk_own(sim->disk, sim->running->number);
}

void watch_check_disk(struct watch *watch)
{
    watch_wake(watch);
    check_integrity(watch);
    check_archive(watch);
}
