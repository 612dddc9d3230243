#include "adapters/store/store_mysql.h"

#include <string.h>

#include "support/check.h"

static struct mysql_url url;
static struct kk_err err;

static void parse(const char *text)
{
    CHECK_OK(mysql_url_parse(kk_sv_of(text), &url, &err), &err);
}

static void a_whole_address_is_taken_apart_and_decoded(void **state)
{
    (void)state;
    parse("mysql://kk%40team:p%40ss%2Fw%25@db.internal:3307/kkachi?tls=required&ca=/etc/rds.pem&dir=/run/kkachi");
    CHECK_STR(url.user, "kk@team");
    CHECK_STR(url.password, "p@ss/w%");
    CHECK_STR(url.host, "db.internal");
    CHECK_EQ(url.port, 3307);
    CHECK_STR(url.database, "kkachi");
    CHECK(url.tls);
    CHECK_STR(url.ca, "/etc/rds.pem");
    CHECK_STR(url.dir, "/run/kkachi");
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    parse("mysql://u@h/db");
    CHECK_STR(url.password, "");
    CHECK_EQ(url.port, 0);
    CHECK(!url.tls);
    CHECK_STR(url.dir, "var");
    CHECK_STR(url.socket, "");
}

static void an_ipv6_host_stands_in_brackets(void **state)
{
    (void)state;
    parse("mysql://u@[::1]:3306/db");
    CHECK_STR(url.host, "::1");
    CHECK_EQ(url.port, 3306);
    parse("mysql://u@[fe80::2]/db");
    CHECK_STR(url.host, "fe80::2");
}

static void a_password_may_hold_an_at_sign_and_colons(void **state)
{
    (void)state;
    parse("mysql://u:a@b:c@h/db");
    CHECK_STR(url.user, "u");
    CHECK_STR(url.password, "a@b:c");
    CHECK_STR(url.host, "h");
}

static void what_is_wrong_is_named_and_the_password_is_not(void **state)
{
    static const char *const wrong[][2] = {
        {"mysql:u@h/db", "//"},
        {"mysql://h/db", "user"},
        {"mysql://:hush@h/db", "user"},
        {"mysql://u:hush@/db", "host"},
        {"mysql://u:hush@[::1/db", "host"},
        {"mysql://u:hush@[::1]x/db", "host"},
        {"mysql://u:hush@h", "database"},
        {"mysql://u:hush@h/", "database"},
        {"mysql://u:hush@h/a/b", "database"},
        {"mysql://u:hush@h/a%60b", "database"},
        {"mysql://u:hush%0@h/db", "password"},
        {"mysql://u:hush%00@h/db", "password"},
        {"mysql://u:hush@h:0/db", "port"},
        {"mysql://u:hush@h:65536/db", "port"},
        {"mysql://u:hush@h:x/db", "port"},
        {"mysql://u:hush@h/db?tls=maybe", "tls"},
        {"mysql://u:hush@h/db?ca=", "ca"},
        {"mysql://u:hush@h/db?tsl=required", "tls, ca, socket, dir"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(wrong); i++) {
        err = (struct kk_err){0};
        CHECK_EQ(mysql_url_parse(kk_sv_of(wrong[i][0]), &url, &err), KK_BAD_INPUT);
        if (!strstr(err.msg, wrong[i][1]) || strstr(err.msg, "hush"))
            print_error("%s: %s\n", wrong[i][0], err.msg);
        CHECK(strstr(err.msg, wrong[i][1]));
        CHECK(!strstr(err.msg, "hush"));
    }
}

static void a_part_that_is_too_long_is_refused(void **state)
{
    char text[2048];
    static const char *const forms[] = {"mysql://%s@h/db", "mysql://u:%s@h/db", "mysql://u@%s/db", "mysql://u@h/%s",
                                        "mysql://u@h/db?ca=%s"};
    char part[600];

    (void)state;
    memset(part, 'a', sizeof(part) - 1);
    part[sizeof(part) - 1] = '\0';
    for (size_t i = 0; i < KK_COUNT(forms); i++) {
        struct kk_sv form = kk_sv_of(forms[i]);
        size_t at = kk_sv_find(form, KK_SV("%s"));

        snprintf(text, sizeof(text), "%.*s%s%s", (int)at, form.ptr, part, form.ptr + at + 2);
        CHECK_EQ(mysql_url_parse(kk_sv_of(text), &url, &err), KK_BAD_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_address_is_taken_apart_and_decoded),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(an_ipv6_host_stands_in_brackets),
        cmocka_unit_test(a_password_may_hold_an_at_sign_and_colons),
        cmocka_unit_test(what_is_wrong_is_named_and_the_password_is_not),
        cmocka_unit_test(a_part_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
