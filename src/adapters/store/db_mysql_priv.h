/* adapters/store/db_mysql_priv.h: what the two halves of the MySQL driver share: the connection and its transactions
 * (db_mysql.c), the statements (db_mysql_stmt.c). */
#ifndef KK_ADAPTERS_STORE_DB_MYSQL_PRIV_H
#define KK_ADAPTERS_STORE_DB_MYSQL_PRIV_H

#include <mysql.h>

#include "adapters/store/db_mysql.h"

struct db_mysql {
    struct db base;
    MYSQL *conn;
    uint64_t generation;  /* of the connection: statements of an older one are prepared again */
    unsigned long thread; /* the server's number for the connection */
    bool is_open;
    bool has_written;     /* in the open transaction */
    bool has_schema_lock; /* the connection must not be renewed: the lock would go with the old one */
    int64_t used_at_ms;   /* monotonic: the last answer */
    int64_t changes, last_id;
    int64_t commit_row, commit_token; /* what a COMMIT without an answer is known by; token 0: none yet */
    struct db_mysql_options options;  /* without the texts, which are below */
    char host[256], user[128], password[256], database[65], socket[256], ca[512];
    char name[512]; /* for messages */
};

/* A sentence and a code for the server's number or the library's; notes that the connection is lost. */
enum kk_code db_mysql_fail(struct db_mysql *self, unsigned number, const char *words, struct kk_err *err);
bool db_mysql_is_lost(unsigned number);
/* A connection to speak on: renewed where it was lost, but never within a transaction. */
enum kk_code db_mysql_need(struct db_mysql *self, struct kk_err *err);
int64_t db_mysql_mono_ms(void);

enum kk_code db_mysql_prepare(struct db *db, const char *sql, void **ret_handle, struct kk_err *err);
void db_mysql_finalize(void *handle);
enum kk_code db_mysql_bind_int(void *handle, int at, int64_t number);
enum kk_code db_mysql_bind_text(void *handle, int at, struct kk_sv text);
enum kk_code db_mysql_bind_blob(void *handle, int at, struct kk_sv bytes);
enum kk_code db_mysql_bind_null(void *handle, int at);
enum kk_code db_mysql_step(struct db *db, void *handle, bool *ret_row, struct kk_err *err);
void db_mysql_reset(void *handle);
int64_t db_mysql_column_int(void *handle, int at);
struct kk_sv db_mysql_column_bytes(void *handle, int at);
bool db_mysql_column_is_null(void *handle, int at);

#endif
