/* app/stats.h: the statistics as people and programs read them: by day, seller, endpoint or agent, with rates. */
#ifndef KK_APP_STATS_H
#define KK_APP_STATS_H

#include "app/app.h"
#include "ports/stats.h"

#define STATS_DAYS 30 /* where no first day is named */

const char *stats_by_name(enum stat_by by); /* "day" "seller" "endpoint" "agent" */
bool stats_by_parse(struct kk_sv name, enum stat_by *ret);
/* "2026-11-28", a day of UTC. KK_BAD_INPUT. */
enum kk_code stats_day_parse(struct kk_sv text, int64_t *ret_day, struct kk_err *err);
/* The query of what was typed; empty texts are not given: by day, the last STATS_DAYS days. KK_BAD_INPUT. */
enum kk_code stats_query(struct kk_sv by, struct kk_sv from, struct kk_sv to, int64_t now_ms, struct stat_query *ret,
                         struct kk_err *err);
/* name: what the row is about, for people: the day, the seller, the endpoint, the agent's name. */
enum kk_code stats_each(struct app *app, const struct stat_query *query,
                        bool (*row)(void *ctx, const struct stat_row *row, const char *name), void *ctx,
                        struct kk_err *err);
/* One row as a JSON object. */
void stats_write(const struct stat_query *query, const struct stat_row *row, const char *name, struct kk_buf *json);

#endif
