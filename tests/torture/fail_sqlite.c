/* SQLite's calls as a failing disk, a full one or a locked database would answer them. Which of these takes turns. What
 * the library calls of itself is let through: it would take a refusal there for what it is not. */
#include <dlfcn.h>
#include <stddef.h>

#include <sqlite3.h>

#include "torture/fail.h"

static _Thread_local int inside;

static bool is_refused(void)
{
    return !inside && fail_is_due(FAIL_SQLITE);
}

static int refusal(void)
{
    static const int answers[] = {SQLITE_IOERR, SQLITE_FULL, SQLITE_BUSY, SQLITE_NOMEM};

    return answers[(fail_seen() + fail_failed()) % 4];
}

/* The function behind ours; looked up once each. */
#define REAL(name)                                  \
    static __typeof__(&name) real_;                 \
    if (!real_) {                                   \
        fail_spare(true);                           \
        *(void **)&real_ = dlsym(RTLD_NEXT, #name); \
        fail_spare(false);                          \
    }

static int left(int rc)
{
    inside--;
    return rc;
}

#define CALL_REAL(...) (inside++, left(real_(__VA_ARGS__)))

#define BIND(name, parameters, ...)    \
    int name parameters                \
    {                                  \
        REAL(name)                     \
        if (is_refused())              \
            return SQLITE_NOMEM;       \
        return CALL_REAL(__VA_ARGS__); \
    }

BIND(sqlite3_bind_int64, (sqlite3_stmt * stmt, int at, sqlite3_int64 number), stmt, at, number)
BIND(sqlite3_bind_null, (sqlite3_stmt * stmt, int at), stmt, at)
BIND(sqlite3_bind_text64,
     (sqlite3_stmt * stmt, int at, const char *text, sqlite3_uint64 bytes, void (*done)(void *), unsigned char code),
     stmt, at, text, bytes, done, code)
BIND(sqlite3_bind_blob64, (sqlite3_stmt * stmt, int at, const void *from, sqlite3_uint64 bytes, void (*done)(void *)),
     stmt, at, from, bytes, done)

int sqlite3_step(sqlite3_stmt *stmt)
{
    REAL(sqlite3_step)
    if (!is_refused())
        return CALL_REAL(stmt);
    if (fail_is_partial()) {
        int rc = CALL_REAL(stmt);

        if (rc != SQLITE_DONE && rc != SQLITE_ROW)
            return rc;
    }
    return refusal();
}

int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **ret, const char **tail)
{
    REAL(sqlite3_prepare_v2)
    if (!is_refused())
        return CALL_REAL(db, sql, bytes, ret, tail);
    *ret = NULL;
    return refusal();
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags, sqlite3_stmt **ret, const char **tail)
{
    REAL(sqlite3_prepare_v3)
    if (!is_refused())
        return CALL_REAL(db, sql, bytes, flags, ret, tail);
    *ret = NULL;
    return refusal();
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *ctx, char **words)
{
    REAL(sqlite3_exec)
    return is_refused() ? refusal() : CALL_REAL(db, sql, row, ctx, words);
}

int sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs)
{
    REAL(sqlite3_open_v2)
    if (!is_refused())
        return CALL_REAL(path, ret, flags, vfs);
    *ret = NULL;
    return SQLITE_NOMEM;
}
