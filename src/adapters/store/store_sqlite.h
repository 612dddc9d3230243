/* adapters/store/store_sqlite.h: the store on an SQLite file. */
#ifndef KK_ADAPTERS_STORE_STORE_SQLITE_H
#define KK_ADAPTERS_STORE_STORE_SQLITE_H

#include "adapters/store/db_sqlite.h"
#include "base/clock.h"
#include "ports/store.h"

/* Opens the file, and makes an empty one where there is none; store_migrate() makes its tables. options may be NULL.
 * Keeps clock. Gives *ret_store (store_close). Codes as db_sqlite_open(). */
enum kk_code store_sqlite_open(const char *path, const struct db_sqlite_options *options, const struct kk_clock *clock,
                               struct store **ret_store, struct kk_err *err);

#endif
