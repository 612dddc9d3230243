/* Alerts: a row for each rule that was ever broken. A name that is no rule any more is passed over. */
#include "ports/alerts.h"

#include "adapters/store/store_sql.h"

#define COLUMNS                                                                                          \
    "name, since_ms, raised_at_ms, well_since_ms, told_at_ms, told_count, size_count, told_size_count, " \
    "resolved_at_ms, detail"
static const struct db_sql get_alerts = {"SELECT " COLUMNS " FROM alert"};
static const struct db_sql put_alert = {
    "INSERT INTO alert (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {upsert(name)} since_ms = {new(since_ms)}, "
    "raised_at_ms = {new(raised_at_ms)}, well_since_ms = {new(well_since_ms)}, told_at_ms = {new(told_at_ms)}, "
    "told_count = {new(told_count)}, size_count = {new(size_count)}, told_size_count = {new(told_size_count)}, "
    "resolved_at_ms = {new(resolved_at_ms)}, detail = {new(detail)}"};

enum kk_code store_get_alerts(struct store *store, struct alert ret[ALERT_COUNT], struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &get_alerts);
    enum kk_code rc;

    for (int i = 0; i < ALERT_COUNT; i++)
        ret[i] = (struct alert){.key = (enum alert_key)i};
    while (db_row(q, &rc, err)) {
        struct alert alert = {0};

        if (!alert_parse(db_get_sv(q), &alert.key))
            continue;
        alert.since_ms = db_get_int(q);
        alert.raised_at_ms = db_get_int(q);
        alert.well_since_ms = db_get_int(q);
        alert.told_at_ms = db_get_int(q);
        alert.told_count = db_get_int(q);
        alert.size = db_get_int(q);
        alert.told_size = db_get_int(q);
        alert.resolved_at_ms = db_get_int(q);
        db_get_copy(q, alert.detail, sizeof(alert.detail));
        rc = db_row_check(q, "alert", err);
        if (rc) {
            db_done(q);
            break;
        }
        ret[alert.key] = alert;
    }
    return rc;
}

enum kk_code store_put_alert(struct store *store, const struct alert *alert, struct kk_err *err)
{
    struct db_stmt *q = db_use(store->db, &put_alert);

    db_put_cstr(q, alert_rule(alert->key)->name);
    db_put_int(q, alert->since_ms);
    db_put_int(q, alert->raised_at_ms);
    db_put_int(q, alert->well_since_ms);
    db_put_int(q, alert->told_at_ms);
    db_put_int(q, alert->told_count);
    db_put_int(q, alert->size);
    db_put_int(q, alert->told_size);
    db_put_int(q, alert->resolved_at_ms);
    db_put_cstr(q, alert->detail);
    return db_run(q, NULL, err);
}
