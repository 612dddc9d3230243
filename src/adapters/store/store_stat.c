/* Counts by day, seller, endpoint and agent, and each endpoint's since the beginning. Both tables have the columns of
 * core/stat.h, in its order. */
#include "ports/stats.h"

#include "adapters/store/store_sql.h"

/* The same columns as names, places, additions and sums; "_B" for a bucket's. */
#define NAME(field, column, json, meaning) ", " column
#define NAME_B(ms) ", le_" #ms
#define NAMES STAT_COUNTERS(NAME) STAT_BUCKETS(NAME_B) ", le_inf"
#define PLACE(field, column, json, meaning) ", ?"
#define PLACE_B(ms) ", ?"
#define PLACES STAT_COUNTERS(PLACE) STAT_BUCKETS(PLACE_B) ", ?"
#define PLUS(column) column " = " column " + {new(" column ")}"
#define ADD(field, column, json, meaning) PLUS(column) ", "
#define ADD_B(ms) PLUS("le_" #ms) ", "
#define ADDITIONS STAT_COUNTERS(ADD) STAT_BUCKETS(ADD_B) PLUS("le_inf")
#define SUM(field, column, json, meaning) ", SUM(" column ")"
#define SUM_B(ms) ", SUM(le_" #ms ")"
#define SUMS STAT_COUNTERS(SUM) STAT_BUCKETS(SUM_B) ", SUM(le_inf)"

static const struct db_sql add_stat = {"INSERT INTO stat (day, seller_id, endpoint, agent_id" NAMES
                                       ") VALUES (?, ?, ?, ?" PLACES
                                       ") {upsert(day, seller_id, endpoint, agent_id)} " ADDITIONS};
static const struct db_sql add_total = {"INSERT INTO stat_total (endpoint" NAMES ") VALUES (?" PLACES
                                        ") {upsert(endpoint)} " ADDITIONS};
static const struct db_sql get_totals = {"SELECT endpoint" NAMES " FROM stat_total"};

#define BY(column, also) \
    {"SELECT " column SUMS " FROM stat WHERE day >= ? AND day <= ?" also " GROUP BY " column " ORDER BY " column}
static const struct db_sql by_day = BY("day", "");
static const struct db_sql by_seller = BY("seller_id", " AND seller_id <> ''");
static const struct db_sql by_endpoint = BY("endpoint", "");
static const struct db_sql by_agent = BY("agent_id", " AND agent_id <> 0");

static const struct db_sql oldest_day = {"SELECT MIN(day) FROM stat"};
static const struct db_sql drop_day = {"DELETE FROM stat WHERE day = ?"};

static void put_counts(struct db_stmt *q, const struct stat_counts *counts)
{
    for (int i = 0; i < STAT_FIELD_COUNT; i++)
        db_put_int(q, counts->at[i]);
}

static void get_counts(struct db_stmt *q, struct stat_counts *ret)
{
    for (int i = 0; i < STAT_FIELD_COUNT; i++)
        ret->at[i] = db_get_int(q);
}

static void get_endpoint(struct db_stmt *q, enum stat_endpoint *ret)
{
    if (!stat_endpoint_parse(db_get_sv(q), ret))
        db_bad(q, "an endpoint");
}

enum kk_code store_add_stat(struct store *store, const struct stat_key *key, const struct stat_counts *add,
                            struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_stat);

    db_put_int(q, key->day);
    db_put_cstr(q, key->seller_id);
    db_put_cstr(q, stat_endpoint_name(key->endpoint));
    db_put_int(q, key->agent_id);
    put_counts(q, add);
    return db_run(q, NULL, err);
}

enum kk_code store_add_stat_total(struct store *store, enum stat_endpoint endpoint, const struct stat_counts *add,
                                  struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &add_total);

    db_put_cstr(q, stat_endpoint_name(endpoint));
    put_counts(q, add);
    return db_run(q, NULL, err);
}

enum kk_code store_get_stat_totals(struct store *store, struct stat_counts ret[STAT_ENDPOINT_COUNT], struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_totals);
    enum kk_code rc;

    for (int i = 0; i < STAT_ENDPOINT_COUNT; i++)
        ret[i] = (struct stat_counts){0};
    while (db_row(q, &rc, err)) {
        enum stat_endpoint endpoint = STAT_TOKEN;

        get_endpoint(q, &endpoint);
        get_counts(q, &ret[endpoint]);
        rc = db_row_check(q, "stat_total", err);
        if (rc) {
            db_done(q);
            break;
        }
    }
    return rc;
}

static const struct db_sql *sql_of(enum stat_by by)
{
    switch (by) {
    case STAT_BY_DAY:
        return &by_day;
    case STAT_BY_SELLER:
        return &by_seller;
    case STAT_BY_ENDPOINT:
        return &by_endpoint;
    case STAT_BY_AGENT:
        return &by_agent;
    }
    return &by_day;
}

static void get_key(struct db_stmt *q, enum stat_by by, struct stat_key *ret)
{
    switch (by) {
    case STAT_BY_DAY:
        ret->day = db_get_int(q);
        break;
    case STAT_BY_SELLER:
        db_get_copy(q, ret->seller_id, sizeof(ret->seller_id));
        break;
    case STAT_BY_ENDPOINT:
        get_endpoint(q, &ret->endpoint);
        break;
    case STAT_BY_AGENT:
        ret->agent_id = db_get_int(q);
        break;
    }
}

enum kk_code store_each_stat(struct store *store, const struct stat_query *query,
                             bool (*row)(void *ctx, const struct stat_row *row), void *ctx, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, sql_of(query->by));
    enum kk_code rc;

    db_put_int(q, query->from_day);
    db_put_int(q, query->to_day);
    while (db_row(q, &rc, err)) {
        struct stat_row one = {0};

        get_key(q, query->by, &one.key);
        get_counts(q, &one.sum);
        rc = db_row_check(q, "stat", err);
        if (rc || !row(ctx, &one)) {
            db_done(q);
            break;
        }
    }
    return rc;
}

enum kk_code store_purge_stat(struct store *store, int64_t before_day, int64_t *ret_count, struct kk_err *err)
{
    int64_t day = before_day, count = 0;
    enum kk_code rc = db_number(db_use(store->db, &oldest_day), &day, err);

    if (!rc && day < before_day) {
        struct db_stmt *q = db_use(store->db, &drop_day);

        db_put_int(q, day);
        rc = db_run(q, &count, err);
    }
    if (!rc)
        *ret_count = count;
    return rc;
}
