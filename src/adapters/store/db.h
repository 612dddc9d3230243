/* adapters/store/db.h: one connection to an SQL database, and the little that the statements need of it.
 *
 * The statements of this folder are written once. What databases spell differently stands in their text as {word} or
 * {word(argument)}; the driver's table of words says what goes there. Parameters are always bound ('?'), in order, and
 * columns are read in order, so that nobody counts places.
 *
 * A use of a statement is: db_use(), db_put_*(), then either db_run(), or db_row() until it says that there is no
 * further row, or db_done() before that. Failures are sticky: a statement that could not be prepared or bound fails in
 * db_run() or db_row(), with its reason. */
#ifndef KK_ADAPTERS_STORE_DB_H
#define KK_ADAPTERS_STORE_DB_H

#include "base/bytes.h"
#include "base/hash.h"

struct db;

struct db_word { /* {upsert(id)} → "ON CONFLICT (id) DO UPDATE SET": '$' in the text is the argument */
    const char *name, *text;
};

/* What a driver gives. Handles are the driver's own statements; places and columns count from 0. */
struct db_ops {
    const char *name; /* "sqlite" */
    const struct db_word *words;
    size_t word_count;
    enum kk_code (*exec)(struct db *db, const char *sql, struct kk_err *err);
    enum kk_code (*prepare)(struct db *db, const char *sql, void **ret_handle, struct kk_err *err);
    void (*finalize)(void *handle);
    /* Bound views stay valid until the statement is done. Other than KK_OK: too big, or no memory. */
    enum kk_code (*bind_int)(void *handle, int at, int64_t number);
    enum kk_code (*bind_text)(void *handle, int at, struct kk_sv text);
    enum kk_code (*bind_blob)(void *handle, int at, struct kk_sv bytes);
    enum kk_code (*bind_null)(void *handle, int at);
    /* KK_CONFLICT: a unique key is taken; the transaction goes on. */
    enum kk_code (*step)(struct db *db, void *handle, bool *ret_row, struct kk_err *err);
    void (*reset)(void *handle);
    int64_t (*column_int)(void *handle, int at);
    struct kk_sv (*column_bytes)(void *handle, int at); /* NULL: an empty view; valid until the next step or reset */
    bool (*column_is_null)(void *handle, int at);
    int64_t (*changes)(struct db *db); /* rows that the last statement wrote */
    int64_t (*last_id)(struct db *db);
    enum kk_code (*begin)(struct db *db, struct kk_err *err); /* takes the right to write at once */
    enum kk_code (*commit)(struct db *db, struct kk_err *err);
    void (*rollback)(struct db *db);
    enum kk_code (*check)(struct db *db, struct kk_err *err); /* integrity; KK_CORRUPT with the finding */
    void (*close)(struct db *db);                             /* takes db; statements are finalized already */
    /* Where a table's definition ends the transaction it stands in: nobody else changes the schema in between. NULL:
     * begin() sees to that. What is there already is a KK_CONFLICT then. */
    enum kk_code (*lock_schema)(struct db *db, struct kk_err *err);
    void (*unlock_schema)(struct db *db);
};

struct db_sql { /* its address is the statement's name in the cache, so it must be static */
    const char *text;
};

struct db_stmt {
    struct db *db;
    const struct db_sql *sql;
    void *handle;
    int put_at, get_at;
    bool is_busy, is_spare;     /* spare: not in the cache */
    struct db_stmt *next_spare; /* of those not in use */
    enum kk_code failed;
    const char *bad_column; /* a stored value that cannot be ours */
};

#define DB_CACHE_SLOTS 512 /* a power of two, well over the number of statements */

struct db { /* a driver embeds this as its first member */
    const struct db_ops *ops;
    struct db_stmt cache[DB_CACHE_SLOTS];
    size_t cached_count;
    int depth;      /* transactions begun and not ended */
    bool is_doomed; /* something inside it failed or was rolled back: it cannot be committed */
    struct kk_err why_doomed;
    struct db_stmt *spares;
    struct db_stmt broken; /* stands for any statement that could not be had */
    struct kk_err why_broken;
    void (*on_end)(void *ctx); /* after the outermost commit or rollback; NULL: nobody listens */
    void *on_end_ctx;
};

void db_init(struct db *db, const struct db_ops *ops);
void db_close(struct db *db); /* takes db; NULL is fine; an open transaction is rolled back */

/* Nesting is settled here, for all drivers: only the outermost commit or rollback acts. */
enum kk_code db_begin(struct db *db, struct kk_err *err);
enum kk_code db_commit(struct db *db, struct kk_err *err); /* a failed one is rolled back */
void db_rollback(struct db *db);
/* Ends what db_begin() began: commits when rc is KK_OK or only says no (not found, conflict: nothing was written then);
 * rolls back after a failure. Returns rc, or the commit's failure. */
enum kk_code db_end(struct db *db, enum kk_code rc, struct kk_err *err);

/* Text that is used once, with its {words}: migrations. */
enum kk_code db_exec(struct db *db, const char *text, struct kk_err *err);
void db_expand(const struct db_ops *ops, struct kk_sv text, struct kk_buf *out);

struct db_stmt *db_use(struct db *db, const struct db_sql *sql); /* never NULL */
/* A statement that was put together from fixed pieces; not cached. Borrows text for the call. */
struct db_stmt *db_use_text(struct db *db, const char *text);
void db_put_int(struct db_stmt *q, int64_t number);
void db_put_text(struct db_stmt *q, struct kk_sv text);
void db_put_cstr(struct db_stmt *q, const char *text);
void db_put_blob(struct db_stmt *q, struct kk_sv bytes);
void db_put_hash(struct db_stmt *q, const struct kk_hash *hash); /* NULL or all zero: NULL */
void db_put_null(struct db_stmt *q);

/* Runs it to its end. ret_changes may be NULL. */
enum kk_code db_run(struct db_stmt *q, int64_t *ret_changes, struct kk_err *err);
/* An insertion where a row with one of its unique keys may stand: that one stays, and *ret_is_new says so. Not IGNORE,
 * which in MySQL lets wrong values pass as well. */
enum kk_code db_run_new(struct db_stmt *q, bool *ret_is_new, struct kk_err *err);
/* True: there is a row to read. False: there is none any more (*ret_rc KK_OK) or it failed; the statement is done. */
bool db_row(struct db_stmt *q, enum kk_code *ret_rc, struct kk_err *err);
void db_done(struct db_stmt *q); /* not to be called after db_row() said false */

int64_t db_get_int(struct db_stmt *q);
bool db_get_bool(struct db_stmt *q);
struct kk_sv db_get_sv(struct db_stmt *q); /* valid until the next row */
void db_get_copy(struct db_stmt *q, char *dst, size_t dst_bytes);
void db_get_buf(struct db_stmt *q, struct kk_buf *out);   /* clears and fills it */
void db_get_hash(struct db_stmt *q, struct kk_hash *ret); /* NULL: all zero */
void db_bad(struct db_stmt *q, const char *column);       /* a value that no version of ours wrote */
/* KK_CORRUPT when one of this row's values was bad. */
enum kk_code db_row_check(struct db_stmt *q, const char *table, struct kk_err *err);

/* One row, one number: runs q. No row, or NULL: *ret is what it was. */
enum kk_code db_number(struct db_stmt *q, int64_t *ret, struct kk_err *err);

#endif
