#include "app/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ports/store.h"

#define NAMES_MAX 100000 /* agents */

static const struct {
    enum stat_by by;
    const char *name;
} bys[] = {{STAT_BY_DAY, "day"}, {STAT_BY_SELLER, "seller"}, {STAT_BY_ENDPOINT, "endpoint"}, {STAT_BY_AGENT, "agent"}};

const char *stats_by_name(enum stat_by by)
{
    return bys[by - STAT_BY_DAY].name;
}

bool stats_by_parse(struct kk_sv name, enum stat_by *ret)
{
    for (size_t i = 0; i < KK_COUNT(bys); i++)
        if (kk_sv_eq(name, kk_sv_of(bys[i].name))) {
            *ret = bys[i].by;
            return true;
        }
    return false;
}

static void day_text(int64_t day, char ret[KK_ISO_BYTES])
{
    kk_time_iso(day * KK_DAY_MS, ret);
    ret[10] = '\0';
}

/* A date that does not come back as it was written, as the 31st of February, is none. */
enum kk_code stats_day_parse(struct kk_sv text, int64_t *ret_day, struct kk_err *err)
{
    struct kk_sv rest = text;
    int64_t year = 0, month = 0, day = 0, found;
    char back[KK_ISO_BYTES];

    if (kk_sv_i64(kk_sv_cut(&rest, '-'), &year) && kk_sv_i64(kk_sv_cut(&rest, '-'), &month) && kk_sv_i64(rest, &day) &&
        year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31) {
        found = stat_day(kk_time_from_civil((int)year, (int)month, (int)day, 0, 0, 0));
        day_text(found, back);
        if (kk_sv_eq(text, kk_sv_of(back))) {
            *ret_day = found;
            return KK_OK;
        }
    }
    return kk_fail(err, KK_BAD_INPUT, "\"%.*s\" is no day, as in 2026-11-28", (int)(text.len < 40 ? text.len : 40),
                   text.ptr);
}

enum kk_code stats_query(struct kk_sv by, struct kk_sv from, struct kk_sv to, int64_t now_ms, struct stat_query *ret,
                         struct kk_err *err)
{
    struct stat_query query = {.by = STAT_BY_DAY, .to_day = stat_day(now_ms)};
    enum kk_code rc = KK_OK;

    if (by.len && !stats_by_parse(by, &query.by))
        return kk_fail(err, KK_BAD_INPUT, "\"%.*s\" is none of day, seller, endpoint, agent",
                       (int)(by.len < 40 ? by.len : 40), by.ptr);
    if (to.len)
        rc = stats_day_parse(to, &query.to_day, err);
    query.from_day = query.to_day - STATS_DAYS + 1;
    if (!rc && from.len)
        rc = stats_day_parse(from, &query.from_day, err);
    if (!rc && query.from_day > query.to_day)
        rc = kk_fail(err, KK_BAD_INPUT, "the first day is after the last");
    if (!rc)
        *ret = query;
    return rc;
}

/* ---- rows with their names ---- */

struct agent_name {
    int64_t id;
    char name[AGENT_NAME_BYTES];
};
struct naming {
    struct agent_name *agent;
    size_t count, cap;
    bool is_short;
    const struct stat_query *query;
    bool (*row)(void *ctx, const struct stat_row *row, const char *name);
    void *ctx;
};

static bool note_agent(void *ctx, const struct agent *agent)
{
    struct naming *naming = ctx;

    if (naming->count == naming->cap) {
        size_t cap = naming->cap ? 2 * naming->cap : 64;
        struct agent_name *grown = realloc(naming->agent, cap * sizeof(*grown));

        naming->is_short = !grown;
        if (!grown)
            return false;
        naming->agent = grown;
        naming->cap = cap;
    }
    naming->agent[naming->count].id = agent->id;
    memcpy(naming->agent[naming->count++].name, agent->name, sizeof(agent->name));
    return naming->count < NAMES_MAX;
}

static int by_id(const void *key, const void *at)
{
    int64_t id = *(const int64_t *)key, other = ((const struct agent_name *)at)->id;

    return id < other ? -1 : id > other;
}

static bool name_row(void *ctx, const struct stat_row *row)
{
    const struct naming *naming = ctx;
    const struct agent_name *agent = NULL;
    char text[KK_ISO_BYTES];

    switch (naming->query->by) {
    case STAT_BY_DAY:
        day_text(row->key.day, text);
        return naming->row(naming->ctx, row, text);
    case STAT_BY_SELLER:
        return naming->row(naming->ctx, row, row->key.seller_id);
    case STAT_BY_ENDPOINT:
        return naming->row(naming->ctx, row, stat_endpoint_name(row->key.endpoint));
    case STAT_BY_AGENT:
        if (naming->count)
            agent = bsearch(&row->key.agent_id, naming->agent, naming->count, sizeof(*naming->agent), by_id);
        snprintf(text, sizeof(text), "agent %" PRId64, row->key.agent_id);
        return naming->row(naming->ctx, row, agent ? agent->name : text);
    }
    return false;
}

enum kk_code stats_each(struct app *app, const struct stat_query *query,
                        bool (*row)(void *ctx, const struct stat_row *row, const char *name), void *ctx,
                        struct kk_err *err)
{
    struct naming naming = {.query = query, .row = row, .ctx = ctx};
    enum kk_code rc = KK_OK;

    if (query->by == STAT_BY_AGENT)
        rc = store_each_agent(app->store, note_agent, &naming, err); /* by id */
    if (!rc && naming.is_short)
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for the names of %zu agents", naming.cap);
    if (!rc)
        rc = store_each_stat(app->store, query, name_row, &naming, err);
    free(naming.agent);
    return rc;
}

/* ---- JSON ---- */

static void put_rate(struct kk_buf *json, const char *key, double rate, int decimals)
{
    kk_jw_key(json, key);
    if (rate < 0)
        kk_jw_null(json);
    else
        kk_jw_f64(json, rate, decimals);
}

static void put_buckets(struct kk_buf *json, const struct stat_counts *sum)
{
    kk_jw_key(json, "latencyBuckets");
    kk_jw_open(json, '[');
    for (int i = 0; i < STAT_BUCKET_COUNT; i++) {
        kk_jw_open(json, '{');
        kk_jw_key(json, "upToMs");
        if (stat_bucket_ms(i) == INT64_MAX)
            kk_jw_null(json);
        else
            kk_jw_i64(json, stat_bucket_ms(i));
        kk_jw_key_i64(json, "count", sum->at[STAT_BUCKET_FIRST + i]);
        kk_jw_close(json, '}');
    }
    kk_jw_close(json, ']');
}

void stats_write(const struct stat_query *query, const struct stat_row *row, const char *name, struct kk_buf *json)
{
    const struct stat_counts *sum = &row->sum;

    kk_jw_open(json, '{');
    if (query->by == STAT_BY_AGENT)
        kk_jw_key_i64(json, "agentId", row->key.agent_id);
    kk_jw_key_str(json, query->by == STAT_BY_SELLER ? "sellerId" : stats_by_name(query->by), kk_sv_of(name));
    for (int i = 0; i < STAT_BUCKET_FIRST; i++)
        kk_jw_key_i64(json, stat_json_name((enum stat_field)i), sum->at[i]);
    put_rate(json, "successRate", stat_share(sum->at[STAT_SUCCESS], sum->at[STAT_ATTEMPT]), 4);
    put_rate(json, "failureRate", stat_share(sum->at[STAT_FAILURE], sum->at[STAT_ATTEMPT]), 4);
    put_rate(json, "limitedRate", stat_share(sum->at[STAT_LIMITED], sum->at[STAT_ATTEMPT]), 4);
    put_rate(json, "latencyP50Ms", stat_quantile_ms(sum, 0.5), 1);
    put_rate(json, "latencyP95Ms", stat_quantile_ms(sum, 0.95), 1);
    put_rate(json, "latencyP99Ms", stat_quantile_ms(sum, 0.99), 1);
    put_buckets(json, sum);
    kk_jw_close(json, '}');
}
