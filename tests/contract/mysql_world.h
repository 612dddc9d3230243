/* contract/mysql_world.h: a database on a MariaDB server of our own, and a clock that stands until it is moved; the
 * server's stands with it. */
#ifndef KK_TESTS_MYSQL_WORLD_H
#define KK_TESTS_MYSQL_WORLD_H

#include "adapters/store/db_mysql.h"
#include "base/clock.h"
#include "ports/store.h"

bool mysql_world_start(const char *what); /* false: no server here, and that is said */
struct db *mysql_connect(const char *database);
void mysql_admin(const char *sql); /* as root, on a connection of its own */

void mysql_make(void);           /* an empty database, without any table */
void mysql_clear(void);          /* with this program's tables, and nothing in them; quicker */
struct store *mysql_store(void); /* one more connection; mysql_close_stores() closes it */
void mysql_close_stores(void);
void mysql_pass(int64_t ms);

extern int64_t mysql_wall_ms, mysql_mono_ms;
extern const struct kk_clock mysql_clock;

#endif
