/* cmd/doctor_mysql.h: what `kkachi doctor` says of a MySQL or MariaDB server. Pure. */
#ifndef KK_CMD_DOCTOR_MYSQL_H
#define KK_CMD_DOCTOR_MYSQL_H

#include "adapters/store/db_mysql.h"

enum finding { FINDING_OK, FINDING_WARN, FINDING_BAD };

struct doctor_mysql {
    struct db_mysql_facts facts;
    int64_t now_ms;         /* this machine's clock, halfway between question and answer */
    int64_t body_max_bytes; /* site.max_body: such a value must fit into a packet */
    bool is_far;            /* the server is on another machine */
};
/* Calls found once for each thing that was looked at; text says what to do where it is not FINDING_OK. */
void doctor_mysql_judge(const struct doctor_mysql *d,
                        void (*found)(void *ctx, const char *what, enum finding finding, const char *text), void *ctx);

#endif
