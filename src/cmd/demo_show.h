/* cmd/demo_show.h: what the demo puts before people, or, for programs, one JSON object at the end. */
#ifndef KK_CMD_DEMO_SHOW_H
#define KK_CMD_DEMO_SHOW_H

#include <stdio.h>

#include "cmd/demo_check.h"
#include "cmd/progress.h"
#include "cmd/watch.h"

struct demo_show {
    FILE *out;
    bool is_json;
    struct progress bars;
};
struct demo_stats { /* by the sandbox's own count */
    int64_t requests, busiest, limit, over_limit, dead_token;
    int64_t crawl_ms;
    const char *window;
    int agents;
};
bool demo_stats_are_good(const struct demo_stats *stats);

void demo_show_begin(struct demo_show *show, FILE *out, bool is_json, const char *window, const char *limit,
                     int agents);
void demo_show_crawl(struct demo_show *show, const char *title, const struct watch *watch);
void demo_show_bars(struct demo_show *show, int64_t now_ms, bool is_last);
void demo_show_moves(struct demo_show *show, int64_t made, int64_t noise);
void demo_show_result(struct demo_show *show, const struct demo_result *result, const struct demo_stats *stats,
                      bool is_good);
void demo_show_keep(struct demo_show *show, const char *dir, const char *url);

#endif
