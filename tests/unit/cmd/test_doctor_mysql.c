#include "cmd/doctor_mysql.h"

#include <string.h>

#include "support/check.h"

static struct doctor_mysql d;
static enum finding worst;
static char said[2000];

static void note(void *ctx, const char *what, enum finding finding, const char *text)
{
    size_t len = strlen(said);

    (void)ctx;
    worst = finding > worst ? finding : worst;
    if (finding != FINDING_OK)
        snprintf(said + len, sizeof(said) - len, "%s: %s\n", what, text);
}

static int set_up(void **state)
{
    (void)state;
    d = (struct doctor_mysql){.facts = {.version = "10.11.6-MariaDB",
                                        .charset = "utf8mb4",
                                        .isolation = "READ-COMMITTED",
                                        .cipher = "TLS_AES_256_GCM_SHA384",
                                        .binlog_format = "MIXED",
                                        .version_number = 101106,
                                        .clock_ms = 1000000,
                                        .packet_bytes = 64 << 20,
                                        .connections_max = 151,
                                        .flush_at_commit = 1,
                                        .is_mariadb = true,
                                        .can_change_schema = true},
                              .now_ms = 1000000,
                              .body_max_bytes = 16 << 20,
                              .is_far = true};
    return 0;
}

static void check_says(enum finding finding, const char *words)
{
    worst = FINDING_OK;
    said[0] = '\0';
    doctor_mysql_judge(&d, note, NULL);
    CHECK_EQ(worst, finding);
    if (!strstr(said, words))
        print_error("it said:\n%s", said);
    CHECK(strstr(said, words));
}

static void a_server_as_it_should_be_is_well(void **state)
{
    (void)state;
    check_says(FINDING_OK, "");
    CHECK_STR(said, "");
    d.facts.has_binlog = true;
    check_says(FINDING_OK, "");
}

static void an_old_server_is_refused_and_the_oldest_that_does_is_named(void **state)
{
    (void)state;
    d.facts.version_number = 100525;
    check_says(FINDING_BAD, "MariaDB 10.6");
    d.facts.version_number = 100600;
    check_says(FINDING_OK, "");
    d.facts.is_mariadb = false;
    d.facts.version_number = 50744;
    check_says(FINDING_BAD, "MySQL 8.0");
    d.facts.version_number = 80036;
    check_says(FINDING_OK, "");
}

static void what_would_lose_or_refuse_writes_is_named(void **state)
{
    (void)state;
    d.facts.flush_at_commit = 2;
    check_says(FINDING_WARN, "innodb_flush_log_at_trx_commit to 1, not 2");
    d.facts.charset[4] = '\0';
    check_says(FINDING_WARN, "character set is utf8:");
    /* Each is worse than the one before it, so it is what is said. */
    snprintf(d.facts.isolation, sizeof(d.facts.isolation), "REPEATABLE-READ");
    check_says(FINDING_BAD, "REPEATABLE-READ");
    d.facts.has_binlog = true;
    snprintf(d.facts.binlog_format, sizeof(d.facts.binlog_format), "STATEMENT");
    check_says(FINDING_BAD, "binlog_format is STATEMENT");
    d.facts.is_read_only = true;
    check_says(FINDING_BAD, "read-only: name the writer");
}

static void a_value_that_would_not_fit_is_told(void **state)
{
    (void)state;
    d.facts.packet_bytes = 16 << 20;
    check_says(FINDING_WARN, "raise max_allowed_packet");
}

static void clocks_that_are_apart_are_told_with_their_side(void **state)
{
    (void)state;
    d.facts.clock_ms += 1000;
    check_says(FINDING_OK, "");
    d.facts.clock_ms += 1500;
    check_says(FINDING_WARN, "2.5 s ahead of ours");
    d.facts.clock_ms = d.now_ms - 61000;
    check_says(FINDING_BAD, "61.0 s behind ours");
}

static void a_user_without_rights_to_the_schema_may_run(void **state)
{
    (void)state;
    d.facts.can_change_schema = false;
    check_says(FINDING_WARN, "database rights: may not make tables");
}

static void a_bare_connection_to_another_machine_is_a_warning(void **state)
{
    (void)state;
    d.facts.cipher[0] = '\0';
    check_says(FINDING_WARN, "add ?tls=required");
    d.is_far = false;
    check_says(FINDING_OK, "");
}

int main(void)
{
#define JUDGE_TEST(fn) cmocka_unit_test_setup(fn, set_up)
    const struct CMUnitTest tests[] = {
        JUDGE_TEST(a_server_as_it_should_be_is_well),
        JUDGE_TEST(an_old_server_is_refused_and_the_oldest_that_does_is_named),
        JUDGE_TEST(what_would_lose_or_refuse_writes_is_named),
        JUDGE_TEST(a_value_that_would_not_fit_is_told),
        JUDGE_TEST(clocks_that_are_apart_are_told_with_their_side),
        JUDGE_TEST(a_user_without_rights_to_the_schema_may_run),
        JUDGE_TEST(a_bare_connection_to_another_machine_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
