/* adapters/store/db_sqlite.h: the SQLite driver. SQLite's numbers stop here. */
#ifndef KK_ADAPTERS_STORE_DB_SQLITE_H
#define KK_ADAPTERS_STORE_DB_SQLITE_H

#include "adapters/store/db.h"

struct db_sqlite_options {
    const char *vfs;     /* SQLite's name of another file system; NULL: the machine's own */
    const char *setting; /* which one names the file, for messages; kept; NULL: store.url */
    bool read_only;      /* for readers beside a writer: begin() takes no lock */
    int busy_timeout_ms; /* how long to wait for another process's transaction; 0: 5 s */
};
/* Gives *ret_db (db_close). Makes the file where there is none. KK_UNAVAILABLE: cannot be opened or written;
 * KK_CORRUPT: not an SQLite database, or not one of ours; KK_BUSY. */
enum kk_code db_sqlite_open(const char *path, const struct db_sqlite_options *options, struct db **ret_db,
                            struct kk_err *err);

#endif
