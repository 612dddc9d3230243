/* The file is in WAL mode with synchronous=FULL: a commit is one append to the log and one wait for the disk, readers
 * never wait, and what was committed survives a power cut. */
#include "adapters/store/db_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/assert.h"

#define BUSY_TIMEOUT_MS 5000
#define OPEN_WAIT_MS 10
#define APPLICATION_ID 0x6b6b6368 /* "kkch": tells our file from another program's */

struct db_sqlite {
    struct db base;
    sqlite3 *conn;
    sqlite3_stmt *begin, *commit, *rollback;
    bool has_vfs;
    const char *setting; /* for messages */
    char path[512];      /* for messages */
};

static struct db_sqlite *self_of(struct db *db);

/* ---- what went wrong ---- */

static enum kk_code code_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return KK_BUSY;
    case SQLITE_FULL:
        return KK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return KK_CORRUPT;
    case SQLITE_NOMEM:
        return KK_NO_MEMORY;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_NOMEM ? KK_NO_MEMORY : rc == SQLITE_IOERR_DATA ? KK_CORRUPT : KK_UNAVAILABLE;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ? KK_CONFLICT : KK_BAD_INPUT;
    case SQLITE_TOOBIG:
        return KK_BAD_INPUT;
    default:
        return KK_UNAVAILABLE;
    }
}

/* A sentence that says what to do, then SQLite's own words. */
static enum kk_code fail(const struct db_sqlite *self, int rc, struct kk_err *err)
{
    bool is_told = self->conn && (sqlite3_errcode(self->conn) & 0xFF) == (rc & 0xFF);
    const char *words = is_told ? sqlite3_errmsg(self->conn) : sqlite3_errstr(rc);
    enum kk_code code = code_of(rc);

    if (code == KK_BUSY)
        return kk_fail(err, code, "%s is locked: another process has been writing to it for too long (%s)", self->path,
                       words);
    if (code == KK_FULL)
        return kk_fail(err, code, "no space left on the disk of %s (%s)", self->path, words);
    if ((rc & 0xFF) == SQLITE_NOTADB)
        return kk_fail(err, code, "%s is not a kkachi database (%s): move it away or name another in %s", self->path,
                       words, self->setting);
    if (code == KK_CORRUPT)
        return kk_fail(err, code, "%s is damaged (%s): stop kkachi and restore the file from a backup", self->path,
                       words);
    if (code == KK_NO_MEMORY)
        return kk_fail(err, code, "no memory for the database %s", self->path);
    if ((rc & 0xFF) == SQLITE_READONLY)
        return kk_fail(err, code,
                       "%s cannot be written: give this user the right to write the file and its folder (%s)",
                       self->path, words);
    if ((rc & 0xFF) == SQLITE_IOERR)
        return kk_fail(err, code, "%s cannot be read or written: %s, system error %d (%s)", self->path, words,
                       sqlite3_system_errno(self->conn), strerror(sqlite3_system_errno(self->conn)));
    if ((rc & 0xFF) == SQLITE_ERROR && strncmp(words, "no such", 7) == 0)
        return kk_fail(err, code, "%s has not this program's schema (%s): run `kkachi migrate`", self->path, words);
    return kk_fail(err, code, "%s: %s", self->path, words);
}

/* ---- statements ---- */

static enum kk_code sqlite_exec(struct db *db, const char *sql, struct kk_err *err)
{
    struct db_sqlite *self = self_of(db);
    int rc = sqlite3_exec(self->conn, sql, NULL, NULL, NULL);

    return rc ? fail(self, rc, err) : KK_OK;
}

static enum kk_code sqlite_prepare(struct db *db, const char *sql, void **ret_handle, struct kk_err *err)
{
    struct db_sqlite *self = self_of(db);
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(self->conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

    if (rc)
        return fail(self, rc, err);
    *ret_handle = stmt;
    return KK_OK;
}

static void sqlite_finalize(void *handle)
{
    sqlite3_finalize(handle);
}

static enum kk_code sqlite_bind_int(void *handle, int at, int64_t number)
{
    return sqlite3_bind_int64(handle, at + 1, number) ? KK_NO_MEMORY : KK_OK;
}

static enum kk_code bind_code(int rc)
{
    return rc == SQLITE_OK ? KK_OK : code_of(rc);
}

/* Without memory of its own an empty view would become NULL. */
static enum kk_code sqlite_bind_text(void *handle, int at, struct kk_sv text)
{
    return bind_code(
        sqlite3_bind_text64(handle, at + 1, text.len ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8));
}

static enum kk_code sqlite_bind_blob(void *handle, int at, struct kk_sv bytes)
{
    return bind_code(sqlite3_bind_blob64(handle, at + 1, bytes.len ? bytes.ptr : "", bytes.len, SQLITE_STATIC));
}

static enum kk_code sqlite_bind_null(void *handle, int at)
{
    return bind_code(sqlite3_bind_null(handle, at + 1));
}

static enum kk_code sqlite_step(struct db *db, void *handle, bool *ret_row, struct kk_err *err)
{
    int rc = sqlite3_step(handle);

    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        *ret_row = rc == SQLITE_ROW;
        return KK_OK;
    }
    return fail(self_of(db), rc, err);
}

static void sqlite_reset(void *handle)
{
    sqlite3_reset(handle);
}

static int64_t sqlite_column_int(void *handle, int at)
{
    return sqlite3_column_int64(handle, at);
}

static struct kk_sv sqlite_column_bytes(void *handle, int at)
{
    const char *ptr =
        sqlite3_column_blob(handle, at); /* of a text too: the same bytes, without a NUL to make room for */

    return (struct kk_sv){ptr, ptr ? (size_t)sqlite3_column_bytes(handle, at) : 0};
}

static bool sqlite_column_is_null(void *handle, int at)
{
    return sqlite3_column_type(handle, at) == SQLITE_NULL;
}

static int64_t sqlite_changes(struct db *db)
{
    return sqlite3_changes64(self_of(db)->conn);
}

static int64_t sqlite_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(self_of(db)->conn);
}

/* ---- transactions ---- */

static enum kk_code run_word(struct db_sqlite *self, sqlite3_stmt *stmt, struct kk_err *err)
{
    int rc = sqlite3_step(stmt);
    enum kk_code code = rc == SQLITE_DONE ? KK_OK : fail(self, rc, err);

    sqlite3_reset(stmt);
    return code;
}

/* After some failures SQLite has rolled back by itself. */
static void sqlite_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(self_of(db)->conn))
        run_word(self_of(db), self_of(db)->rollback, NULL);
}

static enum kk_code sqlite_begin(struct db *db, struct kk_err *err)
{
    sqlite_rollback(db); /* one that failed is made up for, or nothing could be begun any more */
    return run_word(self_of(db), self_of(db)->begin, err);
}

static enum kk_code sqlite_commit(struct db *db, struct kk_err *err)
{
    return run_word(self_of(db), self_of(db)->commit, err);
}

static enum kk_code sqlite_check(struct db *db, struct kk_err *err)
{
    struct db_sqlite *self = self_of(db);
    sqlite3_stmt *stmt = NULL;
    enum kk_code code = KK_OK;
    int rc = sqlite3_prepare_v2(self->conn, "PRAGMA integrity_check(1)", -1, &stmt, NULL);

    if (rc)
        return fail(self, rc, err);
    rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW)
        code = fail(self, rc, err);
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        code = kk_fail(err, KK_CORRUPT, "%s is damaged: %s", self->path, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return code;
}

static void sqlite_close(struct db *db)
{
    struct db_sqlite *self = self_of(db);

    sqlite3_finalize(self->begin);
    sqlite3_finalize(self->commit);
    sqlite3_finalize(self->rollback);
    sqlite3_close_v2(self->conn);
    free(self);
}

/* What SQLite spells in its own way. MySQL's spelling is beside it in the comment, so that the words stay a pair. */
// clang-format off
static const struct db_word words[] = {
    {"id",        "INTEGER NOT NULL PRIMARY KEY"},                /* BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT */
    {"once_id",   "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"},  /* the same; here: an id is never used twice */
    {"given_id",  "INTEGER NOT NULL PRIMARY KEY"},                /* BIGINT NOT NULL PRIMARY KEY */
    {"hash",      "BLOB"},                                        /* BINARY(32) */
    {"blob",      "BLOB"},                                        /* LONGBLOB */
    {"text",      "TEXT"},                                        /* LONGTEXT */
    {"table",     ""},                                            /* ENGINE=InnoDB … COLLATE=utf8mb4_bin */
    {"clustered", "WITHOUT ROWID"},                               /* the same; InnoDB clusters by itself */
    {"only",      "WHERE $"},                                     /* "": MySQL has no partial indexes */
    {"upsert",    "ON CONFLICT ($) DO UPDATE SET"},               /* ON DUPLICATE KEY UPDATE */
    {"new",       "excluded.$"},                                  /* VALUES($) */
    {"lock",      ""},                                            /* FOR UPDATE */
    {"fresh_id",  "lower(hex(randomblob(16)))"},                  /* REPLACE(UUID(), '-', '') */
    {"skip",      ""},                                            /* FOR UPDATE SKIP LOCKED */
    {"cross",     "CROSS JOIN"},                                  /* STRAIGHT_JOIN: the left table first */
    {"clock_ms",  "NULL"},                                        /* its own clock; NULL: it has none but ours */
};
// clang-format on

static const struct db_ops sqlite_ops = {
    .name = "sqlite",
    .words = words,
    .word_count = KK_COUNT(words),
    .exec = sqlite_exec,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .bind_int = sqlite_bind_int,
    .bind_text = sqlite_bind_text,
    .bind_blob = sqlite_bind_blob,
    .bind_null = sqlite_bind_null,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .column_int = sqlite_column_int,
    .column_bytes = sqlite_column_bytes,
    .column_is_null = sqlite_column_is_null,
    .changes = sqlite_changes,
    .last_id = sqlite_last_id,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .check = sqlite_check,
    .close = sqlite_close,
};

static struct db_sqlite *self_of(struct db *db)
{
    KK_ASSERT(db->ops == &sqlite_ops);
    return (struct db_sqlite *)db;
}

/* ---- opening ---- */

/* SQLite says only "unable to open database file"; the reason is mostly the folder. */
static enum kk_code fail_open(const struct db_sqlite *self, int rc, struct kk_err *err)
{
    char folder[sizeof(self->path)];
    char *slash;
    struct stat st;

    if ((rc & 0xFF) != SQLITE_CANTOPEN || self->has_vfs)
        return fail(self, rc, err);
    kk_sv_copy(kk_sv_of(self->path), folder, sizeof(folder));
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    if (slash && folder[0] && stat(folder, &st) != 0)
        return kk_fail(err, KK_UNAVAILABLE, "%s cannot be opened: the folder %s is not there; make it, or change %s",
                       self->path, folder, self->setting);
    if (stat(self->path, &st) == 0 && S_ISDIR(st.st_mode))
        return kk_fail(err, KK_UNAVAILABLE, "%s is a folder; %s names the database file", self->path, self->setting);
    return kk_fail(err, KK_UNAVAILABLE, "%s cannot be opened: %s; see to its rights, or change %s", self->path,
                   strerror(sqlite3_system_errno(self->conn)), self->setting);
}

/* Tokens are in there, so the file is the owner's alone. SQLite gives its side files the same rights. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_EXCL, 0600);

    if (fd >= 0)
        close(fd);
}

static enum kk_code pragma_int(struct db_sqlite *self, const char *sql, int64_t *ret, struct kk_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(self->conn, sql, -1, &stmt, NULL);
    enum kk_code code = KK_OK;

    if (rc)
        return fail(self, rc, err);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(stmt, 0);
    else
        code = fail(self, rc, err);
    sqlite3_finalize(stmt);
    return code;
}

/* Another program's database must not get our tables. The id is written before the first table is made, so that whoever
 * sees a table sees the id as well. */
static enum kk_code check_owner(struct db_sqlite *self, bool read_only, struct kk_err *err)
{
    int64_t id = 0, table_count = 0;
    enum kk_code rc;

    rc = pragma_int(self, "SELECT count(*) FROM sqlite_master", &table_count, err);
    if (!rc)
        rc = pragma_int(self, "PRAGMA application_id", &id, err);
    if (rc || id == APPLICATION_ID)
        return rc;
    if (id != 0 || table_count != 0)
        return kk_fail(err, KK_CORRUPT, "%s is the database of another program: name another file in store.url",
                       self->path);
    return read_only ? KK_OK : sqlite_exec(&self->base, "PRAGMA application_id = 1802199912", err);
}

/* synchronous FULL: see the top. secure_delete: what was deleted need not be overwritten with zeros, which costs a page
 * write each time (Debian's library does it by default). cache_size bounds the memory however large the file grows; the
 * system's own cache holds the rest. mmap_size 0: a mapped file would count as the process's memory, and a failing disk
 * would kill it by a signal. wal_autocheckpoint: 16 MiB of log between two copies into the file, so that a page that
 * changes often is copied once. wal_checkpoint: what a process wrote and did not sync before it died comes back to
 * light in the next one's log, and only a wait for the disk makes it last: nobody may act on it before. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = OFF;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA secure_delete = OFF;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA cache_size = -4096;"
                               "PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA wal_checkpoint;";

static enum kk_code settle_in(struct db_sqlite *self, bool read_only, struct kk_err *err)
{
    enum kk_code rc = check_owner(self, read_only, err);

    if (rc)
        return rc;
    return sqlite_exec(&self->base, read_only ? "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY" : settings,
                       err);
}

/* Where several processes make the file at once, SQLite may say "busy" without waiting, lest two wait for each other;
 * so the waiting is done here. */
static enum kk_code set_up(struct db_sqlite *self, const struct db_sqlite_options *options, struct kk_err *err)
{
    int timeout_ms = options->busy_timeout_ms > 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;
    enum kk_code rc;

    sqlite3_busy_timeout(self->conn, OPEN_WAIT_MS);
    sqlite3_db_config(self->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(self->conn, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!options->read_only && sqlite3_db_readonly(self->conn, "main") == 1)
        return fail(self, SQLITE_READONLY, err);
    rc = settle_in(self, options->read_only, err);
    for (int waited_ms = 0; rc == KK_BUSY && waited_ms < timeout_ms; waited_ms += OPEN_WAIT_MS) {
        sqlite3_sleep(OPEN_WAIT_MS);
        rc = settle_in(self, options->read_only, err);
    }
    sqlite3_busy_timeout(self->conn, timeout_ms);
    return rc;
}

static enum kk_code prepare_words(struct db_sqlite *self, bool read_only, struct kk_err *err)
{
    void *begin = NULL, *commit = NULL, *rollback = NULL;
    enum kk_code rc;

    rc = sqlite_prepare(&self->base, read_only ? "BEGIN" : "BEGIN IMMEDIATE", &begin, err);
    if (!rc)
        rc = sqlite_prepare(&self->base, "COMMIT", &commit, err);
    if (!rc)
        rc = sqlite_prepare(&self->base, "ROLLBACK", &rollback, err);
    self->begin = begin;
    self->commit = commit;
    self->rollback = rollback;
    return rc;
}

/* SQLite would count its memory under a lock at each allocation, 7 % of its time, for figures that nobody asks for. It
 * refuses, harmlessly, where the process used it before us. */
static void set_up_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum kk_code db_sqlite_open(const char *path, const struct db_sqlite_options *options, struct db **ret_db,
                            struct kk_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct db_sqlite *self = calloc(1, sizeof(*self));
    enum kk_code code;
    int rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the database %s", path);
    db_init(&self->base, &sqlite_ops);
    self->has_vfs = options->vfs != NULL;
    self->setting = options->setting ? options->setting : "store.url";
    if (!kk_sv_copy(kk_sv_of(path), self->path, sizeof(self->path))) {
        free(self);
        return kk_fail(err, KK_BAD_INPUT, "the database's path is longer than %zu bytes", sizeof(self->path) - 1);
    }
    if (!options->vfs && !options->read_only && path[0] != ':')
        make_private(path);
    pthread_once(&once, set_up_library);
    rc = sqlite3_open_v2(path, &self->conn, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, options->vfs);
    if (rc) {
        code = fail_open(self, rc, err);
    } else {
        code = set_up(self, options, err);
        if (!code)
            code = prepare_words(self, options->read_only, err);
    }
    if (code) {
        db_close(&self->base);
        return code;
    }
    *ret_db = &self->base;
    return KK_OK;
}
