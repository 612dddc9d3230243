/* Numbered migrations. Their text is in sql/, and travels in the binary. One that has been released is never edited. */
#include "adapters/store/store_sql.h"

#include <string.h>

#include "base/assert.h"

/* KK_SQL_DIR comes from the build. */
#define EMBED(name, file)                                                                      \
    __asm__(".pushsection .rodata,\"a\",@progbits\n" #name ":\n.incbin \"" KK_SQL_DIR "/" file \
            "\"\n.byte 0\n.popsection\n");                                                     \
    extern const char name[] __attribute__((visibility("hidden")))

EMBED(kk_sql_0001, "0001_store.sql");
EMBED(kk_sql_0002, "0002_queue.sql");
EMBED(kk_sql_0003, "0003_limiter.sql");
EMBED(kk_sql_0004, "0004_stat.sql");
EMBED(kk_sql_0005, "0005_silence.sql");
EMBED(kk_sql_0006, "0006_agent.sql");
EMBED(kk_sql_0007, "0007_api.sql");
EMBED(kk_sql_0008, "0008_limiter_use.sql");
EMBED(kk_sql_0009, "0009_alert.sql");
EMBED(kk_sql_0010, "0010_trace.sql");
EMBED(kk_sql_0011, "0011_rest.sql");

static const struct {
    const char *name, *text;
} migrations[] = {
    {"0001_store", kk_sql_0001}, {"0002_queue", kk_sql_0002},       {"0003_limiter", kk_sql_0003},
    {"0004_stat", kk_sql_0004},  {"0005_silence", kk_sql_0005},     {"0006_agent", kk_sql_0006},
    {"0007_api", kk_sql_0007},   {"0008_limiter_use", kk_sql_0008}, {"0009_alert", kk_sql_0009},
    {"0010_trace", kk_sql_0010}, {"0011_rest", kk_sql_0011},
};

#define STATEMENT_MAX_BYTES (16 * 1024)

static const struct db_sql get_version = {"SELECT MAX(version) FROM schema_version"};
static const struct db_sql add_version = {"INSERT INTO schema_version (version, name, applied_at_ms) VALUES (?, ?, ?)"};
static const char make_table[] = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, "
                                 "name VARCHAR(64) NOT NULL, applied_at_ms BIGINT NOT NULL) {table}";
static const struct db_sql get_step = {"SELECT done_count FROM schema_step WHERE version = ?"};
static const struct db_sql put_step = {"INSERT INTO schema_step (version, done_count) VALUES (?, ?) "
                                       "{upsert(version)} done_count = {new(done_count)}"};
static const char make_step_table[] = "CREATE TABLE IF NOT EXISTS schema_step (version INTEGER NOT NULL PRIMARY KEY, "
                                      "done_count BIGINT NOT NULL) {table}";

/* Without a table, or with an empty one, it is version 0. */
static enum kk_code read_version(struct store *store, int64_t *ret_version, struct kk_err *err)
{
    int64_t version = 0;
    enum kk_code rc = db_number(db_use(store->db, &get_version), &version, err);

    if (rc)
        return rc;
    if (version > (int64_t)KK_COUNT(migrations))
        return kk_fail(err, KK_TOO_NEW,
                       "the database has schema %d, and this kkachi knows no newer than %d: use the newer kkachi that "
                       "wrote it",
                       (int)version, (int)KK_COUNT(migrations));
    *ret_version = version;
    return KK_OK;
}

/* ---- one migration ----
 *
 * Where a table's definition ends the transaction it stands in, a migration is no transaction: schema_step counts the
 * statements that are done, and a migration that was cut short goes on behind them. */

static bool is_stepwise(const struct store *store)
{
    return store->db->ops->lock_schema != NULL;
}

static enum kk_code note_step(struct store *store, int version, int64_t done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_step);

    db_put_int(q, version);
    db_put_int(q, done);
    return db_run(q, NULL, err);
}

static enum kk_code read_step(struct store *store, int version, int64_t *ret_done, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_step);

    db_put_int(q, version);
    return db_number(q, ret_done, err);
}

struct script { /* one migration, as it is run */
    struct store *store;
    int version;
    int64_t at, first; /* statements: in hand, and the first that is not known to be done */
};

static enum kk_code run_statement(struct script *script, const char *sql, struct kk_err *err)
{
    int64_t at = script->at++;
    enum kk_code rc = KK_OK;

    if (at < script->first)
        return KK_OK;
    rc = db_exec(script->store->db, sql, err);
    if (!is_stepwise(script->store))
        return rc;
    if (rc == KK_CONFLICT && at == script->first) /* done, and cut off before that was noted */
        rc = KK_OK;
    return rc ? rc : note_step(script->store, script->version, script->at, err);
}

/* Statements end with ";\n"; lines that begin with "--" are comments. */
static enum kk_code run_text(struct script *script, struct kk_sv text, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf statement = KK_BUF(STATEMENT_MAX_BYTES);
    enum kk_code rc = KK_OK;

    while (!rc && text.len) {
        struct kk_sv line = kk_sv_cut(&text, '\n');
        bool is_last = line.len && line.ptr[line.len - 1] == ';';

        if (!line.len || kk_sv_starts(line, KK_SV("--")))
            continue;
        if (is_last)
            line.len--;
        kk_buf_add(&statement, line);
        kk_buf_addc(&statement, '\n');
        if (!is_last)
            continue;
        rc = kk_buf_check(&statement, "a migration's statement", err);
        if (!rc)
            rc = run_statement(script, kk_buf_cstr(&statement), err);
        kk_buf_clear(&statement);
    }
    return rc;
}

static enum kk_code apply(struct store *store, size_t at, struct kk_err *err)
{
    struct script script = {.store = store, .version = (int)at + 1};
    struct db_stmt *q;
    enum kk_code rc = is_stepwise(store) ? read_step(store, script.version, &script.first, err) : KK_OK;

    if (!rc)
        rc = run_text(&script, kk_sv_of(migrations[at].text), err);
    if (rc)
        return kk_while(err, rc, "migration %s", migrations[at].name);
    q = db_use(store->db, &add_version);
    db_put_int(q, (int64_t)at + 1);
    db_put_cstr(q, migrations[at].name);
    db_put_int(q, kk_wall_ms(store->clock));
    return db_run(q, NULL, err);
}

static enum kk_code apply_all(struct store *store, size_t to, int64_t *ret_from, struct kk_err *err)
{
    enum kk_code rc = db_exec(store->db, make_table, err);

    if (!rc && is_stepwise(store))
        rc = db_exec(store->db, make_step_table, err);
    if (!rc)
        rc = read_version(store, ret_from, err); /* again: another process may have been first */
    for (size_t at = (size_t)*ret_from; !rc && at < to; at++)
        rc = apply(store, at, err);
    return rc;
}

static enum kk_code migrate(struct store *store, size_t to, int64_t *ret_from, struct kk_err *err)
{
    const struct db_ops *ops = store->db->ops;
    enum kk_code rc = is_stepwise(store) ? ops->lock_schema(store->db, err) : db_begin(store->db, err);

    if (rc)
        return rc;
    rc = apply_all(store, to, ret_from, err);
    if (!is_stepwise(store))
        return db_end(store->db, rc, err);
    ops->unlock_schema(store->db);
    return rc;
}

enum kk_code store_migrate_to(struct store *store, size_t to, int *ret_from, struct kk_err *err)
{
    int64_t from = 0;
    enum kk_code rc;

    KK_ASSERT(store->db->depth == 0);
    rc = read_version(store, &from, NULL);
    if (rc || from < (int64_t)to)
        rc = migrate(store, to, &from, err);
    if (!rc)
        *ret_from = (int)from;
    return rc;
}

enum kk_code store_migrate(struct store *store, int *ret_from, int *ret_to, struct kk_err *err)
{
    *ret_to = (int)KK_COUNT(migrations);
    return store_migrate_to(store, KK_COUNT(migrations), ret_from, err);
}
