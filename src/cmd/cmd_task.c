/* kkachi task list|show|retry, kkachi dead list|show|retry */
#include "app/manage.h"
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/office.h"
#include "cmd/say.h"
#include "ports/archive.h"
#include "ports/store.h"

#define BODY_MAX_BYTES ((size_t)256 * 1024 * 1024)

static enum table_colour state_colour(const struct task *task)
{
    return task->state == TASK_SUCCESS                                ? TABLE_GREEN
           : task->is_dead                                            ? TABLE_RED
           : task->state == TASK_RETRY || task->state == TASK_TIMEOUT ? TABLE_YELLOW
                                                                      : TABLE_PLAIN;
}

/* ---- list ---- */

static bool task_row(void *ctx, const struct task *task)
{
    struct report *report = ctx;

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_task(&report->json, task);
        kk_jw_close(&report->json, '}');
        return report_row(report);
    }
    table_number(&report->table, task->id);
    table_text(&report->table, task->seller_id);
    table_text(&report->table, task_kind_name(task->kind));
    table_number(&report->table, task->kind == TASK_LIST ? task->page : task->item_no);
    table_cell(&report->table, state_colour(task), kk_sv_of(task->is_dead ? "DEAD" : task_state_name(task->state)));
    table_number(&report->table, task->attempt);
    table_number(&report->table, task->http_status);
    table_time(&report->table, task->ended_at_ms ? task->ended_at_ms : task->created_at_ms);
    table_text(&report->table, task->error);
    return report_row(report);
}

static int list(struct call *call, struct task_query *query, const char *what_if_none)
{
    static const struct table_column columns[] = {
        {"ID", TABLE_RIGHT, false},   {"SELLER", TABLE_LEFT, false},
        {"KIND", TABLE_LEFT, false},  {"PAGE/ITEM", TABLE_RIGHT, false},
        {"STATE", TABLE_LEFT, false}, {"TRIES", TABLE_RIGHT, false},
        {"HTTP", TABLE_RIGHT, false}, {"MADE OR ENDED (UTC)", TABLE_LEFT, false},
        {"ERROR", TABLE_LEFT, true},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *after = call_option(call, "after");
    struct report report;
    struct kk_err err = {0};
    int status;

    query->seller_id = kk_sv_of(call_option(call, "seller"));
    query->limit = call->limit;
    if (after && !office_id(after, "task id", &query->after_id))
        return EXIT_USAGE;
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_task(office.app.store, query, task_row, &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, what_if_none);
}

int cmd_task_list(struct call *call)
{
    const char *state = call_option(call, "state"), *kind = call_option(call, "kind"), *run = call_option(call, "run");
    struct task_query query = {0};

    if (state && !task_state_parse(kk_sv_of(state), &query.state))
        return say_usage("--state: \"%.40s\" is none of WAITING, PUBLISHED, RUNNING, SUCCESS, FAILED, TIMEOUT, RETRY",
                         state);
    if (kind && !task_kind_parse(kk_sv_of(kind), &query.kind))
        return say_usage("--kind: \"%.40s\" is none of list, detail, options", kind);
    if (run && !office_id(run, "run id", &query.run_id))
        return EXIT_USAGE;
    return list(call, &query, "No such tasks.");
}

int cmd_dead_list(struct call *call)
{
    return list(call, &(struct task_query){.dead_only = true}, "No dead letters.");
}

/* ---- show ---- */

static bool attempt_row(void *ctx, const struct attempt *attempt)
{
    struct report *report = ctx;
    char key[KK_HASH_TEXT_BYTES] = "";

    if (!kk_hash_is_zero(&attempt->archive_key))
        kk_hash_text(&attempt->archive_key, key);
    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_attempt(&report->json, attempt);
        kk_jw_close(&report->json, '}');
        return true;
    }
    table_time(&report->table, attempt->at_ms);
    table_number(&report->table, attempt->run_id);
    table_number(&report->table, attempt->attempt);
    table_number(&report->table, attempt->agent_id);
    table_text(&report->table, attempt->cause);
    table_number(&report->table, attempt->http_status);
    table_cell(&report->table, TABLE_PLAIN, attempt->error);
    table_text(&report->table, key);
    return report_row(report);
}

static int show_json(struct call *call, struct store *store, const struct task *task)
{
    struct report report = {.is_json = true, .json = KK_BUF(REPORT_ROW_MAX_BYTES)};
    struct kk_err err = {0};
    int status;

    kk_jw_open(&report.json, '{');
    show_task(&report.json, task);
    kk_jw_key(&report.json, "attempts");
    kk_jw_open(&report.json, '[');
    status = store_each_attempt(store, task->id, attempt_row, &report, &err) ? say_failure(&err) : EXIT_DONE;
    kk_jw_close(&report.json, ']');
    kk_jw_close(&report.json, '}');
    if (!status)
        status = report_value(call, &report.json);
    report_drop(&report);
    return status;
}

static int show(struct call *call, struct store *store, const struct task *task)
{
    static const struct table_column columns[] = {
        {"AT (UTC)", TABLE_LEFT, false}, {"RUN", TABLE_RIGHT, false},           {"TRY", TABLE_RIGHT, false},
        {"AGENT", TABLE_RIGHT, false},   {"CAUSE", TABLE_LEFT, false},          {"HTTP", TABLE_RIGHT, false},
        {"ERROR", TABLE_LEFT, true},     {"ARCHIVED ANSWER", TABLE_LEFT, true},
    };
    struct report report;
    struct kk_err err = {0};

    if (call->is_json)
        return show_json(call, store, task);
    fprintf(call->out, "task %" PRId64 " of %s, run %" PRId64 ": %s %s", task->id, task->seller_id, task->run_id,
            task_kind_name(task->kind), task->endpoint);
    if (task->kind == TASK_LIST)
        fprintf(call->out, ", page %" PRId64, task->page);
    fprintf(call->out, "\n%s%s after %d %s%s%s\n\n", task_state_name(task->state), task->is_dead ? " (dead)" : "",
            task->attempt, task->attempt == 1 ? "try" : "tries", *task->error ? ": " : "", task->error);
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_attempt(store, task->id, attempt_row, &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "No attempt failed.");
}

static int find_task(struct call *call, struct wire *office, unsigned parts, struct task *ret)
{
    struct kk_err err = {0};
    int64_t id;
    int status;

    if (!office_id(call->arg[0], "task id", &id))
        return EXIT_USAGE;
    status = office_open(office, call, parts);
    if (status)
        return status;
    enum kk_code rc = store_get_task(office->app.store, id, ret, &err);

    if (rc == KK_NOT_FOUND)
        return say_failed("there is no task %" PRId64, id);
    return rc ? say_failure(&err) : EXIT_DONE;
}

int cmd_task_show(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct task task;
    int status = find_task(call, &office, WIRE_STORE, &task);

    return status ? status : show(call, office.app.store, &task);
}

static bool last_key(void *ctx, const struct attempt *attempt)
{
    if (!kk_hash_is_zero(&attempt->archive_key))
        *(struct kk_hash *)ctx = attempt->archive_key;
    return true;
}

static int show_raw(struct call *call, struct wire *office, const struct task *task)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(BODY_MAX_BYTES);
    struct kk_hash key = {{0}};
    struct kk_err err = {0};

    if (store_each_attempt(office->app.store, task->id, last_key, &key, &err))
        return say_failure(&err);
    if (kk_hash_is_zero(&key))
        return say_failed("no answer of task %" PRId64 " was archived", task->id);
    if (archive_get(office->app.archive, &key, &body, &err))
        return say_failure(&err);
    return report_value(call, &body);
}

int cmd_dead_show(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    bool is_raw = call_option(call, "raw");
    struct task task;
    int status = find_task(call, &office, is_raw ? WIRE_STORE | WIRE_ARCHIVE : WIRE_STORE, &task);

    if (status)
        return status;
    if (!task.is_dead)
        return say_failed("task %" PRId64 " is not dead but %s; `kkachi task show %" PRId64 "` shows it", task.id,
                          task_state_name(task.state), task.id);
    return is_raw ? show_raw(call, &office, &task) : show(call, office.app.store, &task);
}

/* ---- retry ---- */

static int say_retried(struct call *call, struct wire *office, int64_t count)
{
    wire_wake(office);
    if (call->is_json)
        fprintf(call->out, "{\"retried\":%" PRId64 "}\n", count);
    else
        fprintf(call->out, "%" PRId64 " sent back to work\n", count);
    return EXIT_DONE;
}

int cmd_task_retry(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct task task;
    struct kk_err err = {0};
    int status = find_task(call, &office, WIRE_MANAGE, &task);

    if (status)
        return status;
    if (manage_retry_task(&office.app, task.id, &err))
        return say_failure(&err);
    return say_retried(call, &office, 1);
}

int cmd_dead_retry(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *seller = call_option(call, "seller");
    int64_t count = 0;
    struct kk_err err = {0};
    int status;

    if ((call_option(call, "all") != NULL) == (call->arg_count == 1))
        return say_usage("dead retry takes the id of a dead letter or --all");
    if (call->arg_count == 1)
        return cmd_task_retry(call);
    status = office_open(&office, call, WIRE_MANAGE);
    if (status)
        return status;
    if (manage_retry_dead(&office.app, kk_sv_of(seller), &count, &err))
        return say_failure(&err);
    return say_retried(call, &office, count);
}
