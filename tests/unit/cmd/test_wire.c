#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/logline.h"
#include "cmd/wire.h"
#include "ports/sink.h"

static const char *refuses(const char *text)
{
    static struct kk_err err;
    struct config config;
    struct wire wire = {0};

    err = (struct kk_err){0};
    CHECK_OK(config_read_text(&config, kk_sv_of(text), "f", &err), &err);
    CHECK_EQ(wire_begin(&wire, &config, &err), KK_BAD_INPUT);
    wire_close(&wire);
    config_done(&config);
    return err.msg;
}

static void a_scheme_that_is_not_known_or_not_in_this_build_names_the_valid_ones(void **state)
{
    (void)state;
    CHECK_STR(refuses("queue.url = rabbit://h"),
              "queue.url: rabbit: is no scheme that is known; valid here: store:, sqs:");
    CHECK_STR(refuses("events.url = file:a,ftp://r/q"),
              "events.url: ftp: is no scheme that is known; valid here: file:, https:, http:, sqs:");
    CHECK_STR(refuses("store.url = sqlite:"), "store.url names no file behind its scheme, as in sqlite:var/kkachi.db");
    CHECK_STR(refuses("store.url = sqlite:var/"),
              "store.url names no file behind its scheme, as in sqlite:var/kkachi.db");
}

static void a_password_in_a_url_is_in_no_message(void **state)
{
    (void)state;
    CHECK(!strstr(refuses("store.url = mysql://u:hush@h"), "hush"));
    CHECK(!strstr(refuses("store.url = mysql://u:hush@h/db?tls=hush"), "hush"));
    CHECK(!strstr(refuses("store.url = mysql://u:hush%zz@h/db"), "hush"));
    CHECK(!strstr(refuses("limiter.url = redis://:hush@h/x"), "hush"));
}

/* Everything at once, in a folder that is not there yet. */
static void all_parts_open_in_a_folder_of_their_own_which_only_its_owner_may_enter(void **state)
{
    char dir[] = "/tmp/kk-wire-XXXXXX", text[512], path[WIRE_PATH_BYTES];
    struct config config;
    struct wire wire = {0};
    struct stat st;
    struct kk_err err = {0};

    (void)state;
    CHECK(mkdtemp(dir));
    snprintf(text, sizeof(text),
             "store.url=sqlite:%s/a/b/k.db\narchive.url=file://%s/a/archive\nevents.url=file:%s/a/e1,file:%s/a/e2", dir,
             dir, dir, dir);
    CHECK_OK(config_read_text(&config, kk_sv_of(text), "f", &err), &err);
    CHECK_OK(wire_open(&wire, &config, WIRE_ALL, &err), &err);
    snprintf(path, sizeof(path), "%s/a/b", dir);
    CHECK_STR(wire.dir, path);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK_EQ(wire.app.sink_count, 2);
    CHECK_STR(wire.app.sinks[0]->name, "file");
    CHECK(strncmp(wire.app.sinks[1]->name, "file-", 5) == 0);
    CHECK_EQ(wire.app.limits.task_lease_ms, 600000);
    CHECK_EQ(wire.app.limits.removal_misses, 2);
    CHECK(wire.schema_to > wire.schema_from);

    char second[64];

    snprintf(second, sizeof(second), "%s", wire.app.sinks[1]->name);
    wire_close(&wire);
    CHECK_OK(wire_open(&wire, &config, WIRE_STORE | WIRE_EVENT_NAMES, &err), &err);
    CHECK_EQ(wire.schema_to, wire.schema_from);
    CHECK_STR(wire.app.sinks[0]->name, "file"); /* whoever only writes the outbox uses the same names */
    CHECK_STR(wire.app.sinks[1]->name, second);
    wire_close(&wire);
    config_done(&config);
    snprintf(text, sizeof(text), "rm -r %s", dir);
    CHECK_EQ(system(text), 0);
}

static void a_log_line_for_people_is_short_and_harmless(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    CHECK(out != NULL);
    logline_human(out, KK_SV("{\"at\":\"2026-11-22T09:30:00.123Z\",\"level\":\"info\",\"event\":\"run.ended\","
                             "\"run_id\":3,\"seller_id\":\"a\\u001b[31mb\"}\n"));
    logline_human(out, KK_SV("no JSON\n"));
    fclose(out);
    CHECK_STR(text, "09:30:00 run.ended          run_id=3 seller_id=a[31mb\nno JSON\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheme_that_is_not_known_or_not_in_this_build_names_the_valid_ones),
        cmocka_unit_test(a_password_in_a_url_is_in_no_message),
        cmocka_unit_test(all_parts_open_in_a_folder_of_their_own_which_only_its_owner_may_enter),
        cmocka_unit_test(a_log_line_for_people_is_short_and_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
