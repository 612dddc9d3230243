/* kkachi agent add|list|enable|disable|stats */
#include "app/manage.h"
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/office.h"
#include "cmd/say.h"
#include "ports/limiter.h"
#include "ports/stats.h"
#include "ports/store.h"

#define LINE_MAX_BYTES 4096
#define JSON_MAX_BYTES (4 << 20)

static enum table_colour state_colour(enum agent_state state)
{
    return state == AGENT_ACTIVE     ? TABLE_GREEN
           : state == AGENT_DISABLED ? TABLE_RED
           : state == AGENT_IDLE     ? TABLE_PLAIN
                                     : TABLE_YELLOW;
}

static int answer(struct call *call, const struct agent *agent, const char *what)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(16384);

    if (!call->is_json) {
        fprintf(call->out, "%s (%" PRId64 ") %s: %s\n", agent->name, agent->id, what, agent_state_name(agent->state));
        return EXIT_DONE;
    }
    kk_jw_open(&json, '{');
    show_agent(&json, agent);
    kk_jw_close(&json, '}');
    return report_value(call, &json);
}

/* ---- all of them ---- */

struct agents {
    struct agent *at;
    size_t count, room;
    bool no_memory;
};

static bool keep_agent(void *ctx, const struct agent *agent)
{
    struct agents *all = ctx;

    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 64;
        struct agent *grown = realloc(all->at, room * sizeof(*grown));

        if (!grown) {
            all->no_memory = true;
            return false;
        }
        all->at = grown;
        all->room = room;
    }
    all->at[all->count++] = *agent;
    return true;
}

/* ---- add ---- */

struct intake {
    struct agents pool; /* who is there already, those of this list too */
    int64_t added_count, known_count;
    int line;
};

static bool is_known(const struct agents *pool, struct kk_sv user_agent)
{
    for (size_t i = 0; i < pool->count; i++)
        if (kk_sv_eq(user_agent, kk_sv_of(pool->at[i].user_agent)))
            return true;
    return false;
}

static enum kk_code take_one(struct app *app, struct kk_sv user_agent, struct kk_sv name, struct intake *intake,
                             struct kk_err *err)
{
    struct agent agent;
    enum kk_code rc;

    if (is_known(&intake->pool, user_agent)) { /* the list was given before, and grew */
        intake->known_count++;
        return KK_OK;
    }
    rc = manage_add_agent(app, user_agent, name, &agent, err);
    if (!rc && !keep_agent(&intake->pool, &agent))
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for the agents");
    intake->added_count += !rc;
    return rc;
}

static enum kk_code take_line(struct app *app, struct kk_sv line, struct intake *intake, struct kk_err *err)
{
    intake->line++;
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    line = kk_sv_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return KK_OK;
    return take_one(app, line, (struct kk_sv){0}, intake, err);
}

/* An array of strings, or of {"name", "userAgent"}. In intake->line the element's number, from 1. */
static enum kk_code take_json(struct app *app, FILE *in, struct intake *intake, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(JSON_MAX_BYTES);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    char part[LINE_MAX_BYTES];
    size_t len;
    enum kk_code rc;

    do { /* a short read is the list's end */
        len = fread(part, 1, sizeof(part), in);
        kk_buf_add(&text, (struct kk_sv){part, len});
    } while (len == sizeof(part) && !text.failed);
    rc = kk_buf_check(&text, "the list", err);
    if (!rc)
        rc = kk_json_parse(kk_buf_sv(&text), &json, err);
    if (rc)
        return rc;

    struct kk_jv array = kk_json_root(json);

    for (size_t i = 0; !rc && i < kk_jv_count(array); i++) {
        struct kk_jv element = kk_jv_at(array, i);
        struct kk_sv user_agent = {0}, name = {0};

        intake->line++;
        kk_jv_str(kk_jv_get(element, "name"), &name);
        if (!kk_jv_str(element, &user_agent) && !kk_jv_str(kk_jv_get(element, "userAgent"), &user_agent))
            rc = kk_fail(err, KK_BAD_INPUT, "the element is neither a string nor {\"name\", \"userAgent\"}");
        else
            rc = take_one(app, user_agent, name, intake, err);
    }
    return rc;
}

static bool begins_json(FILE *in)
{
    int c = fgetc(in);

    if (c != EOF)
        ungetc(c, in);
    return c == '[';
}

/* All of the list or nothing of it. */
static enum kk_code take_list(struct app *app, FILE *in, const char *name, struct intake *intake, struct kk_err *err)
{
    char line[LINE_MAX_BYTES];
    enum kk_code rc = store_begin(app->store, err);

    if (!rc)
        rc = store_each_agent(app->store, keep_agent, &intake->pool, err);
    if (!rc && begins_json(in))
        rc = take_json(app, in, intake, err);
    while (!rc && !feof(in) && !ferror(in) && fgets(line, sizeof(line), in)) {
        size_t len = strlen(line);

        if (len == sizeof(line) - 1 && line[len - 1] != '\n')
            rc = kk_fail(err, KK_BAD_INPUT, "the line is longer than %zu bytes", sizeof(line) - 2);
        if (!rc)
            rc = take_line(app, (struct kk_sv){line, len}, intake, err);
    }
    if (!rc && ferror(in))
        rc = kk_fail(err, KK_BAD_INPUT, "%s", strerror(errno));
    if (rc) {
        store_rollback(app->store);
        return kk_while(err, rc, "%.100s:%d", name, intake->line);
    }
    return store_commit(app->store, err);
}

static int add_list(struct call *call, struct wire *office, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    struct intake intake = {0};
    struct kk_err err = {0};
    enum kk_code rc;

    if (!in)
        return say_usage("%.150s: %s", path, strerror(errno));
    rc = take_list(&office->app, in, is_stdin ? "standard input" : path, &intake, &err);
    if (!is_stdin)
        fclose(in);
    free(intake.pool.at);
    if (rc)
        return say_failure(&err);
    wire_wake(office);
    if (call->is_json)
        fprintf(call->out, "{\"added\":%" PRId64 ",\"known\":%" PRId64 "}\n", intake.added_count, intake.known_count);
    else
        fprintf(call->out, "%" PRId64 " agents added, %" PRId64 " known already\n", intake.added_count,
                intake.known_count);
    return EXIT_DONE;
}

int cmd_agent_add(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *file = call_option(call, "file"), *name = call_option(call, "name");
    struct agent agent;
    struct kk_err err = {0};
    int status;

    if ((file != NULL) == (call->arg_count == 1))
        return say_usage("agent add takes a user-agent string or --file LIST");
    if (file && name)
        return say_usage("--name goes with one string, not with a list");
    status = office_open(&office, call, WIRE_MANAGE);
    if (status)
        return status;
    if (file)
        return add_list(call, &office, file);
    if (manage_add_agent(&office.app, kk_sv_of(call->arg[0]), kk_sv_of(name), &agent, &err))
        return say_failure(&err);
    wire_wake(&office);
    return answer(call, &agent, "is added");
}

/* ---- enable, disable ---- */

static int enable(struct call *call, bool is_enabled)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct agent agent;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_MANAGE);

    if (status)
        return status;
    if (office_find_agent(office.app.store, call->arg[0], &agent, &err) ||
        manage_enable_agent(&office.app, agent.id, is_enabled, &err) ||
        store_get_agent(office.app.store, agent.id, &agent, &err))
        return say_failure(&err);
    wire_wake(&office);
    return answer(call, &agent, is_enabled ? "is enabled" : "is disabled");
}

int cmd_agent_enable(struct call *call)
{
    return enable(call, true);
}

int cmd_agent_disable(struct call *call)
{
    return enable(call, false);
}

/* ---- list, stats ---- */

static enum kk_code look(struct wire *office, const struct agents *all, struct limiter_agent *ret, struct kk_err *err)
{
    int64_t *ids = calloc(all->count ? all->count : 1, sizeof(*ids));
    enum kk_code rc;

    if (!ids)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the agents");
    for (size_t i = 0; i < all->count; i++)
        ids[i] = all->at[i].id;
    rc = limiter_look(office->app.limiter, ids, all->count, ret, err);
    free(ids);
    return rc;
}

#define WEEK_DAYS 7

struct rates { /* of one agent (X2) */
    struct stat_counts today, week;
};
struct rating {
    const struct agents *all;
    struct rates *at; /* as all->at */
    bool is_today;
};

static bool note_rate(void *ctx, const struct stat_row *row)
{
    struct rating *rating = ctx;

    for (size_t i = 0; i < rating->all->count; i++)
        if (rating->all->at[i].id == row->key.agent_id)
            stat_add(rating->is_today ? &rating->at[i].today : &rating->at[i].week, &row->sum);
    return true;
}

static enum kk_code rate(struct wire *office, const struct agents *all, struct rates *ret, struct kk_err *err)
{
    struct rating rating = {.all = all, .at = ret};
    int64_t today = stat_day(kk_wall_ms(&office->clock));
    struct stat_query query = {.by = STAT_BY_AGENT, .from_day = today - WEEK_DAYS + 1, .to_day = today};
    enum kk_code rc = store_each_stat(office->app.store, &query, note_rate, &rating, err);

    query.from_day = today;
    rating.is_today = true;
    return rc ? rc : store_each_stat(office->app.store, &query, note_rate, &rating, err);
}

static void put_rate(struct kk_buf *json, const char *key, const struct stat_counts *counts)
{
    kk_jw_key(json, key);
    kk_jw_open(json, '{');
    kk_jw_key_i64(json, "requests", counts->at[STAT_ATTEMPT]);
    kk_jw_key_i64(json, "successes", counts->at[STAT_SUCCESS]);
    kk_jw_key_i64(json, "limited", counts->at[STAT_LIMITED]);
    kk_jw_close(json, '}');
}

static void percent(struct table *table, int64_t part, int64_t whole, bool is_bad)
{
    char text[16] = "";

    if (whole > 0)
        snprintf(text, sizeof(text), "%.1f%%", 100.0 * (double)part / (double)whole);
    table_cell(table, is_bad && part > 0 ? TABLE_RED : TABLE_PLAIN, kk_sv_of(text));
}

static void list_row(struct report *report, const struct agent *agent, const struct limiter_agent *bucket,
                     const struct rates *rates)
{
    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_agent(&report->json, agent);
        show_bucket(&report->json, bucket);
        put_rate(&report->json, "today", &rates->today);
        put_rate(&report->json, "week", &rates->week);
        kk_jw_close(&report->json, '}');
        return;
    }
    table_number(&report->table, agent->id);
    table_text(&report->table, agent->name);
    table_cell(&report->table, state_colour(agent->state), kk_sv_of(agent_state_name(agent->state)));
    table_number(&report->table, bucket->tokens_left);
    table_time(&report->table, bucket->tokens_left > 0 ? 0 : bucket->free_at_ms);
    if (agent->state == AGENT_DISABLED && agent->disabled_until_ms == INT64_MAX)
        table_text(&report->table, "until enabled");
    else
        table_time(&report->table, agent->state == AGENT_DISABLED ? agent->disabled_until_ms : 0);
    table_text(&report->table, agent->state == AGENT_DISABLED ? agent->reason : agent->user_agent);
}

static void stats_row(struct report *report, const struct agent *agent, const struct limiter_agent *bucket,
                      const struct rates *rates)
{
    const int64_t *today = rates->today.at, *week = rates->week.at;

    if (report->is_json) {
        list_row(report, agent, bucket, rates);
        return;
    }
    table_text(&report->table, agent->name);
    table_number(&report->table, agent->request_count);
    percent(&report->table, agent->success_count, agent->request_count, false);
    percent(&report->table, agent->limited_count, agent->request_count, true);
    table_number(&report->table, today[STAT_ATTEMPT]);
    percent(&report->table, today[STAT_SUCCESS], today[STAT_ATTEMPT], false);
    percent(&report->table, today[STAT_LIMITED], today[STAT_ATTEMPT], true);
    table_number(&report->table, week[STAT_ATTEMPT]);
    percent(&report->table, week[STAT_SUCCESS], week[STAT_ATTEMPT], false);
    percent(&report->table, week[STAT_LIMITED], week[STAT_ATTEMPT], true);
}

static int list(struct call *call, const struct table_column *columns, size_t column_count,
                void (*row)(struct report *, const struct agent *, const struct limiter_agent *, const struct rates *))
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct agents all = {0};
    struct limiter_agent *buckets;
    struct rates *rates;
    struct report report;
    struct kk_err err = {0};
    enum kk_code rc;
    int status = office_open(&office, call, WIRE_STORE | WIRE_LIMITER);

    if (status)
        return status;
    rc = store_each_agent(office.app.store, keep_agent, &all, &err);
    buckets = calloc(all.count ? all.count : 1, sizeof(*buckets));
    rates = calloc(all.count ? all.count : 1, sizeof(*rates));
    if (all.no_memory || !buckets || !rates) {
        status = say_failed("no memory for the agents");
    } else if (rc || look(&office, &all, buckets, &err) || rate(&office, &all, rates, &err)) {
        status = say_failure(&err);
    } else {
        report_begin(&report, call, columns, column_count);
        for (size_t i = 0; i < all.count; i++) {
            row(&report, &all.at[i], &buckets[i], &rates[i]);
            if (!report_row(&report))
                break;
        }
        status = report_end(
            &report,
            "No agents yet. Register some: kkachi agent add --file LIST; share/kkachi/agents.txt beside the program "
            "is one to begin with");
    }
    free(all.at);
    free(buckets);
    free(rates);
    return status;
}

int cmd_agent_list(struct call *call)
{
    static const struct table_column columns[] = {
        {"ID", TABLE_RIGHT, false},
        {"NAME", TABLE_LEFT, false},
        {"STATE", TABLE_LEFT, false},
        {"TOKENS", TABLE_RIGHT, false},
        {"NEXT TOKEN (UTC)", TABLE_LEFT, false},
        {"RESTS UNTIL", TABLE_LEFT, false},
        {"USER AGENT, OR WHY IT RESTS", TABLE_LEFT, true},
    };

    return list(call, columns, KK_COUNT(columns), list_row);
}

int cmd_agent_stats(struct call *call)
{
    static const struct table_column columns[] = {
        {"NAME", TABLE_LEFT, true},  {"EVER", TABLE_RIGHT, false},   {"OK", TABLE_RIGHT, false},
        {"429", TABLE_RIGHT, false}, {"TODAY", TABLE_RIGHT, false},  {"OK", TABLE_RIGHT, false},
        {"429", TABLE_RIGHT, false}, {"7 DAYS", TABLE_RIGHT, false}, {"OK", TABLE_RIGHT, false},
        {"429", TABLE_RIGHT, false},
    };

    return list(call, columns, KK_COUNT(columns), stats_row);
}

/* ---- show, forget ---- */

#define MOVES_SHOWN 50

/* The arrow's own words, and why. */
static const char *because(const struct agent_move *move)
{
#define X(from_state, on, to_state, text)                                  \
    if (move->from == AGENT_##from_state && strcmp(move->event, #on) == 0) \
        return text;
    AGENT_MOVES(X)
#undef X
    return "";
}

static bool show_move(void *ctx, const struct agent_move *move)
{
    struct report *report = ctx;
    const char *cause = *move->cause ? move->cause : because(move);

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        kk_jw_key_time(&report->json, "at", move->at_ms);
        kk_jw_key_str(&report->json, "from", kk_sv_of(agent_state_name(move->from)));
        kk_jw_key_str(&report->json, "to", kk_sv_of(agent_state_name(move->to)));
        kk_jw_key_str(&report->json, "event", kk_sv_of(move->event));
        kk_jw_key_str(&report->json, "cause", kk_sv_of(cause));
        kk_jw_close(&report->json, '}');
        return true;
    }
    table_time(&report->table, move->at_ms);
    table_text(&report->table, agent_state_name(move->from));
    table_cell(&report->table, state_colour(move->to), kk_sv_of(agent_state_name(move->to)));
    table_text(&report->table, cause);
    return report_row(report);
}

static int show_json(struct call *call, struct wire *office, const struct agent *agent, int limit)
{
    struct report report = {.is_json = true, .json = KK_BUF(REPORT_ROW_MAX_BYTES)};
    struct kk_err err = {0};
    enum kk_code rc;
    int status;

    kk_jw_open(&report.json, '{');
    show_agent(&report.json, agent);
    kk_jw_key(&report.json, "moves");
    kk_jw_open(&report.json, '[');
    rc = store_each_agent_move(office->app.store, agent->id, limit, show_move, &report, &err);
    kk_jw_close(&report.json, ']');
    kk_jw_close(&report.json, '}');
    status = rc ? say_failure(&err) : report_value(call, &report.json);
    kk_buf_done(&report.json);
    return status;
}

int cmd_agent_show(struct call *call)
{
    static const struct table_column columns[] = {{"AT (UTC)", TABLE_LEFT, false},
                                                  {"FROM", TABLE_LEFT, false},
                                                  {"TO", TABLE_LEFT, false},
                                                  {"BECAUSE", TABLE_LEFT, true}};
    KK_CLEANUP(wire_close) struct wire office = {0};
    int limit = call->limit > 0 && call->limit < MOVES_SHOWN ? (int)call->limit : MOVES_SHOWN;
    struct agent agent;
    struct report report;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (office_find_agent(office.app.store, call->arg[0], &agent, &err))
        return say_failure(&err);
    if (call->is_json)
        return show_json(call, &office, &agent, limit);
    fprintf(call->out, "%s (%" PRId64 ") %s%s%s\n%s\n%" PRId64 " requests, %" PRId64 " good, %" PRId64 " limited\n\n",
            agent.name, agent.id, agent_state_name(agent.state), *agent.reason ? ": " : "", agent.reason,
            agent.user_agent, agent.request_count, agent.success_count, agent.limited_count);
    report_begin(&report, call, columns, KK_COUNT(columns));
    if (store_each_agent_move(office.app.store, agent.id, limit, show_move, &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "It has not moved yet.");
}

int cmd_agent_forget(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct kk_err err = {0};
    int64_t count = 0;
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (store_forget_tokens(office.app.store, &count, &err))
        return say_failure(&err);
    if (call->is_json)
        fprintf(call->out, "{\"forgotten\":%" PRId64 "}\n", count);
    else
        fprintf(call->out, "%" PRId64 " tokens are gone; the agents ask for new ones.\n", count);
    return EXIT_DONE;
}
