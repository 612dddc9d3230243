/* adapters/store/store_mysql.h: the store on MySQL or MariaDB, by its address. */
#ifndef KK_ADAPTERS_STORE_STORE_MYSQL_H
#define KK_ADAPTERS_STORE_STORE_MYSQL_H

#include "adapters/store/db_mysql.h"
#include "base/clock.h"
#include "ports/store.h"

#define MYSQL_URL_PART_BYTES 256

struct mysql_url { /* mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?OPTION=VALUE&…], each part decoded */
    char user[128], password[MYSQL_URL_PART_BYTES], host[MYSQL_URL_PART_BYTES], database[65];
    char socket[MYSQL_URL_PART_BYTES]; /* socket=: a path, in place of host and port */
    char ca[MYSQL_URL_PART_BYTES];     /* ca=: a file of certificates */
    char dir[MYSQL_URL_PART_BYTES];    /* dir=: the folder of this machine for lock and sockets; "var" */
    int port;                          /* 0: not said */
    bool tls;                          /* tls=required; tls=off, the default, is for a server on the same machine */
};
/* KK_BAD_INPUT names what is wrong and how it is written; no message shows the password. */
enum kk_code mysql_url_parse(struct kk_sv url, struct mysql_url *ret, struct kk_err *err);

/* password: counts where the address holds none; may be empty. Keeps clock and rng. Gives *ret_store (store_close);
 * store_migrate() makes its tables. Codes as db_mysql_open(). */
enum kk_code store_mysql_open(const struct mysql_url *url, struct kk_sv password, const struct kk_clock *clock,
                              const struct kk_rng *rng, struct store **ret_store, struct kk_err *err);
/* What the doctor says of the server. KK_NOT_FOUND: the store is no MySQL. */
enum kk_code store_mysql_look(struct store *store, struct db_mysql_facts *ret, struct kk_err *err);

#endif
