/* The connection to MySQL or MariaDB and its transactions.
 *
 * A connection is renewed only between transactions: within one, its loss is the transaction's failure, and whoever
 * began it begins again. That leaves one doubt, a COMMIT whose answer never came. So each commit writes a row of its
 * own connection, with a number that is used once: where the answer is missing, a new connection looks for that number.
 * The old connection is killed first and its row read with a lock, so that it cannot commit after we have looked.
 * Rejected: the server's own names for a transaction (GTID), which MySQL and MariaDB tell differently, and only with a
 * binary log. */
#include "adapters/store/db_mysql.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <errmsg.h>
#include <mysqld_error.h>

#include "adapters/store/db_mysql_priv.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/rng.h"

#define CONNECT_TIMEOUT_S 5
#define IO_TIMEOUT_S 30
#define SCHEMA_IO_TIMEOUT_S 3600 /* a large table may take that long to change */
#define SCHEMA_WAIT_S 120
#define IDLE_MS (5 * KK_SECOND_MS) /* after so long it is asked whether the connection still stands */
#define DOUBT_MS (8 * KK_SECOND_MS)
#define DOUBT_PAUSE_MS 100
#define COMMIT_ROW_LIFE_MS (7 * KK_DAY_MS) /* rows of processes that died */
#define DEFAULT_PORT 3306
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

static struct db_mysql *self_of(struct db *db)
{
    return (struct db_mysql *)db;
}

int64_t db_mysql_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * KK_SECOND_MS + now.tv_nsec / 1000000;
}

/* ---- what went wrong ---- */

bool db_mysql_is_lost(unsigned number)
{
    switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_CONN_HOST_ERROR:
    case CR_CONNECTION_ERROR:
    case CR_IPSOCK_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_MALFORMED_PACKET:
    case CR_COMMANDS_OUT_OF_SYNC: /* half an answer: nothing more can be understood */
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_PACKETS_OUT_OF_ORDER:
    case ER_OPTION_PREVENTS_STATEMENT: /* read-only since a failover: the name stands for another server by now */
        return true;
    default:
        return false;
    }
}

static enum kk_code code_of(unsigned number)
{
    switch (number) {
    case ER_DUP_ENTRY:
    case ER_TABLE_EXISTS_ERROR:
    case ER_DUP_KEYNAME:
    case ER_DUP_FIELDNAME:
        return KK_CONFLICT;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
        return KK_BUSY;
    case ER_RECORD_FILE_FULL:
    case ER_DISK_FULL:
        return KK_FULL;
    case ER_DATA_TOO_LONG:
    case ER_NET_PACKET_TOO_LARGE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_BAD_NULL_ERROR:
        return KK_BAD_INPUT;
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
        return KK_DENIED;
    case CR_OUT_OF_MEMORY:
        return KK_NO_MEMORY;
    default:
        return KK_UNAVAILABLE;
    }
}

static const char *advice_of(unsigned number)
{
    switch (number) {
    case ER_ACCESS_DENIED_ERROR:
        return "user or password is refused: see store.url and store.password";
    case ER_BAD_DB_ERROR:
        return "there is no such database: CREATE DATABASE … CHARACTER SET utf8mb4";
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
        return "the user lacks a right: GRANT ALL ON the database TO it";
    case ER_CON_COUNT_ERROR:
        return "it has no connection left: raise max_connections, or run fewer processes";
    case ER_NO_SUCH_TABLE:
    case ER_BAD_FIELD_ERROR:
        return "it has not this program's schema: run `kkachi migrate`";
    case CR_SSL_CONNECTION_ERROR:
        return "TLS fails: see that the server offers it and that tls, ca and the host in store.url are right";
    case ER_NET_PACKET_TOO_LARGE:
        return "a value is larger than the server takes: raise max_allowed_packet";
    default:
        return NULL;
    }
}

enum kk_code db_mysql_fail(struct db_mysql *self, unsigned number, const char *words, struct kk_err *err)
{
    enum kk_code rc = code_of(number);
    const char *advice = advice_of(number);

    if (db_mysql_is_lost(number)) {
        self->is_open = false;
        return kk_fail(err, rc,
                       "the database %.120s is not reachable: see that it runs and that store.url is right (%s)",
                       self->name, words);
    }
    if (rc == KK_BUSY)
        return kk_fail(err, rc, "the database %.120s: other work holds the same rows; try again (%s)", self->name,
                       words);
    if (advice)
        return kk_fail(err, rc, "the database %.120s: %s (%s)", self->name, advice, words);
    return kk_fail(err, rc, "the database %.120s: %s (error %u)", self->name, words, number);
}

static enum kk_code fail_conn(struct db_mysql *self, struct kk_err *err)
{
    return db_mysql_fail(self, mysql_errno(self->conn), mysql_error(self->conn), err);
}

/* ---- text, for what is asked rarely ---- */

/* One or several statements in one round trip; the rows of the last that has any are kept: *ret_rows may be NULL. */
static enum kk_code ask(struct db_mysql *self, const char *sql, MYSQL_RES **ret_rows, struct kk_err *err)
{
    int more = mysql_query(self->conn, sql);

    while (!more) {
        MYSQL_RES *rows = mysql_store_result(self->conn);

        if (rows && ret_rows) {
            mysql_free_result(*ret_rows);
            *ret_rows = rows;
        } else if (rows) {
            mysql_free_result(rows);
        }
        if (!rows && mysql_errno(self->conn))
            break;
        more = mysql_next_result(self->conn);
        if (more < 0) {
            self->used_at_ms = db_mysql_mono_ms();
            return KK_OK;
        }
    }
    return fail_conn(self, err);
}

static void free_rows(MYSQL_RES **rows)
{
    mysql_free_result(*rows);
}

/* The first column of the first row; nothing, or NULL: *ret stays. */
static enum kk_code ask_number(struct db_mysql *self, const char *sql, int64_t *ret, struct kk_err *err)
{
    KK_CLEANUP(free_rows) MYSQL_RES *rows = NULL;
    enum kk_code rc = ask(self, sql, &rows, err);
    MYSQL_ROW row = !rc && rows ? mysql_fetch_row(rows) : NULL;

    if (row && row[0])
        *ret = strtoll(row[0], NULL, 10);
    return rc;
}

/* ---- the connection ---- */

/* Words of ours are UTC; strict, or a text that is too long would be cut; a lock is waited for less long than a lease
 * lasts. READ COMMITTED: a statement sees what is committed, and locks only the rows it means. */
static const char settings[] = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
                               "ERROR_FOR_DIVISION_BY_ZERO', innodb_lock_wait_timeout = 5, time_zone = '+00:00';"
                               "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

static enum kk_code connect_now(struct db_mysql *self, struct kk_err *err)
{
    unsigned connect_s = CONNECT_TIMEOUT_S, io_s = self->has_schema_lock ? SCHEMA_IO_TIMEOUT_S : IO_TIMEOUT_S;
    my_bool yes = 1;
    enum kk_code rc;

    if (self->conn)
        mysql_close(self->conn);
    self->is_open = false;
    self->generation++;
    self->conn = mysql_init(NULL);
    if (!self->conn)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a connection to %.120s", self->name);
    mysql_options(self->conn, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(self->conn, MYSQL_OPT_READ_TIMEOUT, &io_s);
    mysql_options(self->conn, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
    mysql_options(self->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (self->options.tls) {
        mysql_ssl_set(self->conn, NULL, NULL, self->ca[0] ? self->ca : SYSTEM_CA, NULL, NULL);
        mysql_options(self->conn, MYSQL_OPT_SSL_ENFORCE, &yes);
        mysql_options(self->conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
    if (!mysql_real_connect(self->conn, self->socket[0] ? NULL : self->host, self->user, self->password, self->database,
                            (unsigned)self->options.port, self->socket[0] ? self->socket : NULL,
                            CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS))
        return fail_conn(self, err);
    rc = ask(self, settings, NULL, err);
    if (rc)
        return rc;
    self->thread = mysql_thread_id(self->conn);
    self->is_open = true;
    return KK_OK;
}

enum kk_code db_mysql_need(struct db_mysql *self, struct kk_err *err)
{
    bool is_free = self->base.depth == 0 && !self->has_schema_lock;

    if (self->is_open && is_free && db_mysql_mono_ms() - self->used_at_ms > IDLE_MS) {
        self->is_open = mysql_ping(self->conn) == 0;
        self->used_at_ms = db_mysql_mono_ms();
    }
    if (self->is_open)
        return KK_OK;
    if (!is_free)
        return kk_fail(err, KK_UNAVAILABLE,
                       "the connection to the database %.120s was lost in the middle of a change: "
                       "it is undone, and tried again",
                       self->name);
    return connect_now(self, err);
}

static enum kk_code my_exec(struct db *db, const char *sql, struct kk_err *err)
{
    struct db_mysql *self = self_of(db);
    enum kk_code rc = db_mysql_need(self, err);

    return rc ? rc : ask(self, sql, NULL, err);
}

/* ---- transactions ---- */

static enum kk_code my_begin(struct db *db, struct kk_err *err)
{
    struct db_mysql *self = self_of(db);
    enum kk_code rc = my_exec(db, "START TRANSACTION", err);

    if (rc && !self->is_open) /* nothing is lost yet: once more, on a new connection */
        rc = my_exec(db, "START TRANSACTION", err);
    self->has_written = false;
    return rc;
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / KK_SECOND_MS, .tv_nsec = (ms % KK_SECOND_MS) * 1000000};

    nanosleep(&pause, NULL);
}

/* Connection numbers only grow while a server runs: a smaller one now is another server's, or it was started anew, and
 * then the old connection is gone anyhow. */
static enum kk_code find_token(struct db_mysql *self, unsigned long old_thread, int64_t *ret_token)
{
    char sql[128];
    enum kk_code rc = self->is_open ? KK_OK : connect_now(self, NULL);

    if (!rc && self->thread > old_thread) {
        snprintf(sql, sizeof(sql), "KILL %lu", old_thread);
        rc = ask(self, sql, NULL, NULL);
        if (rc && self->is_open)
            rc = KK_OK; /* it has ended already */
    }
    if (rc)
        return rc;
    snprintf(sql, sizeof(sql), "SELECT token FROM commit_token WHERE id = %" PRId64 " FOR UPDATE", self->commit_row);
    *ret_token = 0;
    return ask_number(self, sql, ret_token, NULL);
}

static enum kk_code settle_doubt(struct db_mysql *self, struct kk_err *err)
{
    unsigned long old_thread = self->thread;
    int64_t until_ms = db_mysql_mono_ms() + self->options.doubt_ms, token = 0;

    while (find_token(self, old_thread, &token)) {
        if (db_mysql_mono_ms() >= until_ms)
            return kk_fail(err, KK_UNAVAILABLE,
                           "the database %.120s went away during a commit and does not come back: whether it was "
                           "committed shows when it does",
                           self->name);
        pause_ms(DOUBT_PAUSE_MS);
    }
    return token == self->commit_token
               ? KK_OK
               : kk_fail(
                     err, KK_UNAVAILABLE,
                     "the connection to the database %.120s was lost during a commit: it is undone, and tried again",
                     self->name);
}

/* The text holds numbers of our own making only; with them bound it would be one more round trip for each commit. */
static enum kk_code my_commit(struct db *db, struct kk_err *err)
{
    struct db_mysql *self = self_of(db);
    char sql[256];
    enum kk_code rc = db_mysql_need(self, err);

    if (rc)
        return rc;
    if (!self->has_written)
        return ask(self, "COMMIT", NULL, err);
    self->commit_token++;
    snprintf(sql, sizeof(sql),
             "INSERT INTO commit_token (id, token, at_ms) VALUES (%" PRId64 ", %" PRId64 ", "
             "UNIX_TIMESTAMP() * 1000) ON DUPLICATE KEY UPDATE token = VALUES(token), at_ms = VALUES(at_ms); COMMIT",
             self->commit_row, self->commit_token);
    rc = ask(self, sql, NULL, err);
    return rc && !self->is_open ? settle_doubt(self, err) : rc;
}

/* Where it cannot be said, the server does it when it sees that the connection is gone. */
static void my_rollback(struct db *db)
{
    struct db_mysql *self = self_of(db);

    if (self->is_open && ask(self, "ROLLBACK", NULL, NULL))
        self->is_open = false;
}

/* ---- the schema ---- */

static const char make_tokens[] = "CREATE TABLE IF NOT EXISTS commit_token (id BIGINT NOT NULL PRIMARY KEY, "
                                  "token BIGINT NOT NULL, at_ms BIGINT NOT NULL) ENGINE=InnoDB";

/* The lock is the connection's, so it lives on one of its own, with time enough for a large table. */
static enum kk_code my_lock_schema(struct db *db, struct kk_err *err)
{
    struct db_mysql *self = self_of(db);
    char sql[128];
    int64_t is_ours = 0;
    enum kk_code rc;

    self->has_schema_lock = true;
    snprintf(sql, sizeof(sql), "SELECT GET_LOCK(LEFT(CONCAT('kkachi.', DATABASE()), 64), %d)", SCHEMA_WAIT_S);
    rc = connect_now(self, err);
    if (!rc)
        rc = ask_number(self, sql, &is_ours, err);
    if (!rc && !is_ours)
        rc = kk_fail(err, KK_BUSY,
                     "another process has been changing the schema of %.120s for %d s: wait for it, then "
                     "start again",
                     self->name, SCHEMA_WAIT_S);
    if (!rc)
        rc = ask(self, make_tokens, NULL, err);
    if (rc) {
        self->has_schema_lock = false;
        self->is_open = false;
    }
    return rc;
}

static void my_unlock_schema(struct db *db)
{
    struct db_mysql *self = self_of(db);

    self->has_schema_lock = false;
    self->is_open = false; /* the next use renews it; closing the old one gives the lock back */
}

/* ---- the rest ---- */

static int64_t my_changes(struct db *db)
{
    return self_of(db)->changes;
}

static int64_t my_last_id(struct db *db)
{
    return self_of(db)->last_id;
}

static enum kk_code my_check(struct db *db, struct kk_err *err)
{
    return my_exec(db, "DO 1", err); /* the server sees to its files itself */
}

static void my_close(struct db *db)
{
    struct db_mysql *self = self_of(db);
    char sql[192];

    if (self->is_open && self->commit_token) {
        snprintf(sql, sizeof(sql),
                 "DELETE FROM commit_token WHERE id = %" PRId64 " OR at_ms < UNIX_TIMESTAMP() * 1000 - %" PRId64,
                 self->commit_row, COMMIT_ROW_LIFE_MS);
        ask(self, sql, NULL, NULL); /* tidiness: the next process that ends does it as well */
    }
    if (self->conn)
        mysql_close(self->conn);
    explicit_bzero(self->password, sizeof(self->password));
    free(self);
}

/* Keys compare byte by byte, trailing spaces and all; the two servers name that collation differently. clock_ms is the
 * time at which a row was read, not that at which the wait for it began. */
// clang-format off
#define WORDS(collation)                                                                          \
    {"id",        "BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT"},                                  \
    {"once_id",   "BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT"},                                  \
    {"given_id",  "BIGINT NOT NULL PRIMARY KEY"},                                                 \
    {"hash",      "BINARY(32)"},                                                                  \
    {"blob",      "LONGBLOB"},                                                                    \
    {"text",      "LONGTEXT"},                                                                    \
    {"table",     "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=" collation},                    \
    {"clustered", "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=" collation},                    \
    {"only",      ""},                                                                            \
    {"upsert",    "ON DUPLICATE KEY UPDATE"},                                                     \
    {"new",       "VALUES($)"},                                                                   \
    {"lock",      "FOR UPDATE"},                                                                  \
    {"fresh_id",  "REPLACE(UUID(), '-', '')"},                                                    \
    {"skip",      "FOR UPDATE SKIP LOCKED"},                                                      \
    {"cross",     "STRAIGHT_JOIN"},                                                               \
    {"clock_ms",  "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"}
// clang-format on

static const struct db_word mariadb_words[] = {WORDS("utf8mb4_nopad_bin")};
static const struct db_word mysql_words[] = {WORDS("utf8mb4_0900_bin")};

#define OPS(words_of)                           \
    {.name = "mysql",                           \
     .words = words_of,                         \
     .word_count = KK_COUNT(words_of),          \
     .exec = my_exec,                           \
     .prepare = db_mysql_prepare,               \
     .finalize = db_mysql_finalize,             \
     .bind_int = db_mysql_bind_int,             \
     .bind_text = db_mysql_bind_text,           \
     .bind_blob = db_mysql_bind_blob,           \
     .bind_null = db_mysql_bind_null,           \
     .step = db_mysql_step,                     \
     .reset = db_mysql_reset,                   \
     .column_int = db_mysql_column_int,         \
     .column_bytes = db_mysql_column_bytes,     \
     .column_is_null = db_mysql_column_is_null, \
     .changes = my_changes,                     \
     .last_id = my_last_id,                     \
     .begin = my_begin,                         \
     .commit = my_commit,                       \
     .rollback = my_rollback,                   \
     .check = my_check,                         \
     .close = my_close,                         \
     .lock_schema = my_lock_schema,             \
     .unlock_schema = my_unlock_schema}

static const struct db_ops mariadb_ops = OPS(mariadb_words);
static const struct db_ops mysql_ops = OPS(mysql_words);

static bool copy_options(struct db_mysql *self, const struct db_mysql_options *options)
{
    self->options.port = options->port ? options->port : DEFAULT_PORT;
    self->options.tls = options->tls;
    self->options.doubt_ms = options->doubt_ms ? options->doubt_ms : DOUBT_MS;
    return kk_sv_copy(kk_sv_of(options->host), self->host, sizeof(self->host)) &&
           kk_sv_copy(kk_sv_of(options->user), self->user, sizeof(self->user)) &&
           kk_sv_copy(kk_sv_of(options->password), self->password, sizeof(self->password)) &&
           kk_sv_copy(kk_sv_of(options->database), self->database, sizeof(self->database)) &&
           kk_sv_copy(kk_sv_of(options->socket), self->socket, sizeof(self->socket)) &&
           kk_sv_copy(kk_sv_of(options->ca), self->ca, sizeof(self->ca));
}

static void set_up_library(void)
{
    mysql_library_init(0, NULL, NULL); /* its first use would do it, but not in two threads at once */
}

enum kk_code db_mysql_open(const struct db_mysql_options *options, struct db **ret_db, struct kk_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct db_mysql *self = calloc(1, sizeof(*self));
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the database");
    db_init(&self->base, &mysql_ops);
    if (!copy_options(self, options)) {
        free(self);
        return kk_fail(err, KK_BAD_INPUT, "a part of store.url is too long");
    }
    self->commit_row = (int64_t)(kk_rng_next(options->rng) >> 1);
    snprintf(self->name, sizeof(self->name), "mysql://%s:%d/%s", self->host, self->options.port, self->database);
    pthread_once(&once, set_up_library);
    rc = connect_now(self, err);
    if (rc) {
        db_close(&self->base);
        return rc;
    }
    if (strstr(mysql_get_server_info(self->conn), "MariaDB"))
        self->base.ops = &mariadb_ops;
    *ret_db = &self->base;
    return KK_OK;
}

/* ---- facts, for the doctor ---- */

/* The isolation's name comes in front: the two servers call it differently. */
#define FACTS                                                                                  \
    "SELECT @@session.%s, DEFAULT_CHARACTER_SET_NAME, @@log_bin, @@binlog_format, "            \
    "@@read_only, @@max_allowed_packet, @@max_connections, @@innodb_flush_log_at_trx_commit, " \
    "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED) "                                       \
    "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()"

static void copy_fact(const char *text, char ret[DB_MYSQL_FACT_BYTES])
{
    snprintf(ret, DB_MYSQL_FACT_BYTES, "%s", text ? text : "");
}

/* Tried on a table of this connection's own, which goes again. */
static bool may_change_schema(struct db_mysql *self)
{
    char sql[256];
    bool may;

    snprintf(sql, sizeof(sql),
             "CREATE TABLE kkachi_try_%lu (id BIGINT); ALTER TABLE kkachi_try_%lu ADD COLUMN more BIGINT; "
             "CREATE INDEX more ON kkachi_try_%lu (more)",
             self->thread, self->thread, self->thread);
    may = !ask(self, sql, NULL, NULL);
    snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS kkachi_try_%lu", self->thread);
    return !ask(self, sql, NULL, NULL) && may;
}

enum kk_code db_mysql_look(struct db *db, struct db_mysql_facts *ret, struct kk_err *err)
{
    struct db_mysql *self = self_of(db);
    KK_CLEANUP(free_rows) MYSQL_RES *rows = NULL;
    bool is_mariadb = self->base.ops == &mariadb_ops;
    char sql[512];
    MYSQL_ROW row;
    enum kk_code rc = db_mysql_need(self, err);

    snprintf(sql, sizeof(sql), FACTS, is_mariadb ? "tx_isolation" : "transaction_isolation");
    if (!rc)
        rc = ask(self, sql, &rows, err);
    if (rc)
        return rc;
    row = rows ? mysql_fetch_row(rows) : NULL;
    if (!row)
        return kk_fail(err, KK_DENIED, "the database %.120s does not show itself to this user", self->name);
    *ret = (struct db_mysql_facts){.version_number = (int64_t)mysql_get_server_version(self->conn),
                                   .is_mariadb = is_mariadb,
                                   .has_binlog = row[2] && row[2][0] == '1',
                                   .is_read_only = row[4] && row[4][0] == '1',
                                   .packet_bytes = row[5] ? strtoll(row[5], NULL, 10) : 0,
                                   .connections_max = row[6] ? strtoll(row[6], NULL, 10) : 0,
                                   .flush_at_commit = row[7] ? strtoll(row[7], NULL, 10) : 0,
                                   .clock_ms = row[8] ? strtoll(row[8], NULL, 10) : 0};
    copy_fact(mysql_get_server_info(self->conn), ret->version);
    copy_fact(row[0], ret->isolation);
    copy_fact(row[1], ret->charset);
    copy_fact(row[3], ret->binlog_format);
    copy_fact(mysql_get_ssl_cipher(self->conn), ret->cipher);
    ret->can_change_schema = may_change_schema(self);
    return KK_OK;
}
