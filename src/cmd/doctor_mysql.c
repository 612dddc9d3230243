#include "cmd/doctor_mysql.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define MYSQL_OLDEST 80000
#define MARIADB_OLDEST 100600
#define SKEW_WARN_MS KK_SECOND_MS
#define SKEW_BAD_MS KK_MINUTE_MS
#define PACKET_SLACK_BYTES (INT64_C(1) << 20) /* the rest of the row */

struct judge {
    const struct doctor_mysql *d;
    void (*found)(void *ctx, const char *what, enum finding finding, const char *text);
    void *ctx;
};

static void KK_PRINTF(4, 5) say(const struct judge *judge, const char *what, enum finding finding, const char *fmt, ...)
{
    char text[300];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    judge->found(judge->ctx, what, finding, text);
}

static void judge_server(const struct judge *judge)
{
    const struct db_mysql_facts *facts = &judge->d->facts;
    const char *name = facts->is_mariadb ? "MariaDB" : "MySQL";

    if (facts->version_number < (facts->is_mariadb ? MARIADB_OLDEST : MYSQL_OLDEST))
        say(judge, "database", FINDING_BAD, "%s %s is too old: MySQL 8.0 or MariaDB 10.6 is needed", name,
            facts->version);
    else if (facts->is_read_only)
        say(judge, "database", FINDING_BAD, "%s %s is read-only: name the writer's address in store.url", name,
            facts->version);
    else if (facts->has_binlog && strcmp(facts->binlog_format, "STATEMENT") == 0)
        say(judge, "database", FINDING_BAD, "binlog_format is STATEMENT, which refuses our writes: set it to ROW");
    else if (strcmp(facts->isolation, "READ-COMMITTED") != 0)
        say(judge, "database", FINDING_BAD, "transactions are %s in spite of what we set: is a proxy between?",
            facts->isolation);
    else if (strcmp(facts->charset, "utf8mb4") != 0)
        say(judge, "database", FINDING_WARN, "its character set is %s: ALTER DATABASE … CHARACTER SET utf8mb4",
            facts->charset);
    else if (facts->flush_at_commit != 1)
        say(judge, "database", FINDING_WARN,
            "a loss of power takes the last commits: set innodb_flush_log_at_trx_commit to 1, not %" PRId64,
            facts->flush_at_commit);
    else if (facts->packet_bytes < judge->d->body_max_bytes + PACKET_SLACK_BYTES)
        say(judge, "database", FINDING_WARN,
            "it takes values of %" PRId64 " MiB and site.max_body is %" PRId64 " MiB: raise max_allowed_packet",
            facts->packet_bytes >> 20, judge->d->body_max_bytes >> 20);
    else
        say(judge, "database", FINDING_OK, "%s %s, %s, %s, %" PRId64 " connections at most", name, facts->version,
            facts->charset, facts->isolation, facts->connections_max);
}

static void judge_clock(const struct judge *judge)
{
    int64_t skew_ms = judge->d->facts.clock_ms - judge->d->now_ms;
    int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    const char *side = skew_ms < 0 ? "behind" : "ahead of";

    if (size_ms > SKEW_WARN_MS)
        say(judge, "database clock", size_ms > SKEW_BAD_MS ? FINDING_BAD : FINDING_WARN,
            "it is %" PRId64 ".%" PRId64 " s %s ours: both must follow NTP, or leases and due times are wrong",
            size_ms / 1000, size_ms % 1000 / 100, side);
    else
        say(judge, "database clock", FINDING_OK, "%" PRId64 " ms from ours", size_ms);
}

static void judge_rights(const struct judge *judge)
{
    if (judge->d->facts.can_change_schema)
        say(judge, "database rights", FINDING_OK, "may change the schema");
    else
        say(judge, "database rights", FINDING_WARN,
            "may not make tables: enough to run, but `kkachi migrate` needs CREATE, ALTER, INDEX and DROP");
}

static void judge_tls(const struct judge *judge)
{
    const struct db_mysql_facts *facts = &judge->d->facts;

    if (facts->cipher[0])
        say(judge, "database TLS", FINDING_OK, "%s", facts->cipher);
    else if (judge->d->is_far)
        say(judge, "database TLS", FINDING_WARN, "not encrypted, to another machine: add ?tls=required to store.url");
    else
        say(judge, "database TLS", FINDING_OK, "not encrypted, on this machine");
}

void doctor_mysql_judge(const struct doctor_mysql *d,
                        void (*found)(void *ctx, const char *what, enum finding finding, const char *text), void *ctx)
{
    const struct judge judge = {d, found, ctx};

    judge_server(&judge);
    judge_clock(&judge);
    judge_rights(&judge);
    judge_tls(&judge);
}
