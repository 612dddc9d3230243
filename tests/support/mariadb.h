/* support/mariadb.h: a MariaDB server of a test program's own (tools/test-mariadb). */
#ifndef KK_TESTS_MARIADB_H
#define KK_TESTS_MARIADB_H

#include <stdbool.h>

extern char mariadb_socket[256];
extern int mariadb_port;

/* False, and a line that counts as a skipped test, where the machine has no server. option: one more for it, or NULL.
 */
bool mariadb_start(const char *what, const char *option);
void mariadb_stop(void);

#endif
