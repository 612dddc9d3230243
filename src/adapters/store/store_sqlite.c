#include "adapters/store/store_sqlite.h"

#include "adapters/store/store_sql.h"

enum kk_code store_sqlite_open(const char *path, const struct db_sqlite_options *options, const struct kk_clock *clock,
                               struct store **ret_store, struct kk_err *err)
{
    static const struct db_sqlite_options usual = {0};
    struct db *db = NULL;
    enum kk_code rc = db_sqlite_open(path, options ? options : &usual, &db, err);

    return rc ? rc : store_create(db, clock, ret_store, err);
}
