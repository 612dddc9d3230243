/* adapters/store/db_mysql.h: the driver for MySQL 8.0 and MariaDB 10.6 or newer. Their numbers stop here. */
#ifndef KK_ADAPTERS_STORE_DB_MYSQL_H
#define KK_ADAPTERS_STORE_DB_MYSQL_H

#include "adapters/store/db.h"

struct kk_clock;
struct kk_rng;

struct db_mysql_options { /* copied */
    const char *host, *user, *password, *database;
    const char *socket;       /* NULL or "": TCP */
    const char *ca;           /* a file of certificates; NULL or "": the system's */
    int port;                 /* 0: 3306 */
    bool tls;                 /* required, and the server's certificate is verified */
    const struct kk_rng *rng; /* names the connection; kept */
    int64_t doubt_ms;         /* how long a COMMIT without an answer is asked about; 0: 8 s */
};
/* Gives *ret_db (db_close). KK_UNAVAILABLE: not reachable; KK_DENIED: user, password, database or rights are refused.
 * No message shows the password. */
enum kk_code db_mysql_open(const struct db_mysql_options *options, struct db **ret_db, struct kk_err *err);

#define DB_MYSQL_FACT_BYTES 96
struct db_mysql_facts { /* of the server and of our connection to it, for `kkachi doctor` */
    char version[DB_MYSQL_FACT_BYTES];
    char charset[DB_MYSQL_FACT_BYTES];   /* of the database */
    char isolation[DB_MYSQL_FACT_BYTES]; /* of our transactions */
    char cipher[DB_MYSQL_FACT_BYTES];    /* "": the connection is not encrypted */
    char binlog_format[DB_MYSQL_FACT_BYTES];
    int64_t version_number; /* 100611 is 10.6.11 */
    int64_t clock_ms;       /* the server's, when it answered */
    int64_t packet_bytes;   /* its max_allowed_packet */
    int64_t connections_max;
    int64_t flush_at_commit; /* innodb_flush_log_at_trx_commit; 1: what was committed outlives a loss of power */
    bool is_mariadb, is_read_only, has_binlog;
    bool can_change_schema; /* may make and drop a table */
};
enum kk_code db_mysql_look(struct db *db, struct db_mysql_facts *ret, struct kk_err *err);

#endif
