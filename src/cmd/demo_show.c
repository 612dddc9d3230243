#include "cmd/demo_show.h"

#include "base/text.h"
#include "cmd/table.h"

#define LABEL_COLUMNS 34

static const struct {
    enum change_type type;
    const char *name, *json;
} types[] = {{CHANGE_CREATED, "new items", "created"},
             {CHANGE_CHANGED, "changed items", "changed"},
             {CHANGE_REMOVED, "removed items", "removed"},
             {CHANGE_RETURNED, "returned items", "returned"}};

bool demo_stats_are_good(const struct demo_stats *stats)
{
    return stats->busiest <= stats->limit && stats->over_limit == 0 && stats->dead_token == 0;
}

static const char *paint(const struct demo_show *show, enum table_colour colour)
{
    return terminal_paint(show->out, colour);
}

static void title(const struct demo_show *show, const char *text)
{
    fprintf(show->out, "\n%s%s%s\n", paint(show, TABLE_BOLD), text, paint(show, TABLE_PLAIN));
}

void demo_show_begin(struct demo_show *show, FILE *out, bool is_json, const char *window, const char *limit, int agents)
{
    *show = (struct demo_show){.out = out, .is_json = is_json};
    if (is_json)
        return;
    fprintf(out, "%skkachi%s (까치) against a mock of the site, in a folder of its own\n", paint(show, TABLE_BOLD),
            paint(show, TABLE_PLAIN));
    fprintf(out,
            "%sOne hour is %s here (limiter.window); the limit stays %s requests in it\n"
            "for each of %d agents.%s\n",
            paint(show, TABLE_DIM), window, limit, agents, paint(show, TABLE_PLAIN));
    fflush(out);
}

void demo_show_crawl(struct demo_show *show, const char *text, const struct watch *watch)
{
    if (!show->is_json)
        title(show, text);
    progress_begin(&show->bars, show->out);
    for (size_t i = 0; i < watch->count; i++)
        progress_add(&show->bars, watch->at[i].run.seller_id);
}

void demo_show_bars(struct demo_show *show, int64_t now_ms, bool is_last)
{
    if (show->is_json)
        return;
    if (is_last)
        progress_end(&show->bars, now_ms);
    else
        progress_draw(&show->bars, now_ms);
}

void demo_show_moves(struct demo_show *show, int64_t made, int64_t noise)
{
    if (show->is_json)
        return;
    fprintf(show->out,
            "\nThe shops move: %" PRId64 " times (two moves of one item are one change), and %" PRId64 "\n"
            "times more in ways that must not count.\n",
            made, noise);
    fflush(show->out);
}

/* ---- the end ---- */

static void row(const struct demo_show *show, const char *name, const struct demo_result *result, int type)
{
    bool is_equal =
        result->made.of[type] == result->found.of[type] && result->found.of[type] == result->delivered.of[type];

    fprintf(show->out, "  %-24s %s%8" PRId64 " %8" PRId64 " %11" PRId64 "%s\n", name,
            paint(show, type       ? TABLE_PLAIN
                        : is_equal ? TABLE_GREEN
                                   : TABLE_RED),
            result->made.of[type], result->found.of[type], result->delivered.of[type], paint(show, TABLE_PLAIN));
}

static void KK_PRINTF(4, 5) fact(const struct demo_show *show, const char *name, bool is_good, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fprintf(show->out, "  %-*s%s", LABEL_COLUMNS, name, is_good ? "" : paint(show, TABLE_RED));
    vfprintf(show->out, fmt, args);
    fprintf(show->out, "%s\n", is_good ? "" : paint(show, TABLE_PLAIN));
    va_end(args);
}

static int64_t per_second(const struct demo_stats *stats)
{
    return stats->crawl_ms > 0 ? stats->requests * 1000 / stats->crawl_ms : 0;
}

static void show_table(const struct demo_show *show, const struct demo_result *result, const struct demo_stats *stats,
                       bool is_good)
{
    title(show, "What the shops did, and what came of it");
    fprintf(show->out, "  %s%-24s %8s %8s %11s%s\n", paint(show, TABLE_DIM), "", "made", "found", "delivered",
            paint(show, TABLE_PLAIN));
    for (size_t i = 0; i < KK_COUNT(types); i++)
        if (result->made.of[types[i].type] || result->found.of[types[i].type])
            row(show, types[i].name, result, (int)types[i].type);
    row(show, "all", result, 0);
    fputc('\n', show->out);
    fact(show, "products as the site shows them",
         result->equal_count == result->product_count && result->surplus_count == 0, "%" PRId64 " of %" PRId64,
         result->equal_count, result->product_count);
    fact(show, "versions, and events of them",
         result->event_count == result->version_count && result->repeated_event_count == 0, "%" PRId64 ", %" PRId64,
         result->version_count, result->event_count);
    fact(show, "requests", true, "%" PRId64 " in %.1f s: %" PRId64 " a second", stats->requests,
         (double)stats->crawl_ms / 1000, per_second(stats));
    fact(show, "busiest agent in any hour", stats->busiest <= stats->limit && stats->over_limit == 0,
         "%" PRId64 " requests of %" PRId64, stats->busiest, stats->limit);
    fact(show, "from answer to delivered event", true, "median %" PRId64 " ms, p99 %" PRId64 " ms",
         result->delivery_median_ms, result->delivery_p99_ms);
    fprintf(show->out, "\n%s%s%s\n", paint(show, is_good ? TABLE_GREEN : TABLE_RED),
            is_good ? "The numbers agree." : "The numbers do not agree.", paint(show, TABLE_PLAIN));
}

static void put_count(struct kk_buf *json, const char *key, const struct demo_count *count)
{
    kk_jw_key(json, key);
    kk_jw_open(json, '{');
    kk_jw_key_i64(json, "all", count->of[0]);
    for (size_t i = 0; i < KK_COUNT(types); i++)
        kk_jw_key_i64(json, types[i].json, count->of[types[i].type]);
    kk_jw_close(json, '}');
}

static void show_json(const struct demo_show *show, const struct demo_result *result, const struct demo_stats *stats,
                      bool is_good)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(8192);

    kk_jw_open(&json, '{');
    kk_jw_key_bool(&json, "agree", is_good);
    put_count(&json, "made", &result->made);
    put_count(&json, "found", &result->found);
    put_count(&json, "delivered", &result->delivered);
    kk_jw_key_bool(&json, "sameItems", result->is_same);
    kk_jw_key_i64(&json, "products", result->product_count);
    kk_jw_key_i64(&json, "productsEqual", result->equal_count);
    kk_jw_key_i64(&json, "productsTooMany", result->surplus_count);
    kk_jw_key_i64(&json, "versions", result->version_count);
    kk_jw_key_i64(&json, "events", result->event_count);
    kk_jw_key_i64(&json, "eventsRepeated", result->repeated_event_count);
    kk_jw_key_i64(&json, "requests", stats->requests);
    kk_jw_key_i64(&json, "requestsPerSecond", per_second(stats));
    kk_jw_key_i64(&json, "crawlMs", stats->crawl_ms);
    kk_jw_key_str(&json, "window", kk_sv_of(stats->window));
    kk_jw_key_i64(&json, "agents", stats->agents);
    kk_jw_key_i64(&json, "limit", stats->limit);
    kk_jw_key_i64(&json, "busiest", stats->busiest);
    kk_jw_key_i64(&json, "overLimit", stats->over_limit);
    kk_jw_key_i64(&json, "deadTokens", stats->dead_token);
    kk_jw_key_i64(&json, "deliveryMedianMs", result->delivery_median_ms);
    kk_jw_key_i64(&json, "deliveryP99Ms", result->delivery_p99_ms);
    kk_jw_close(&json, '}');
    fprintf(show->out, "%s\n", kk_buf_cstr(&json));
}

void demo_show_result(struct demo_show *show, const struct demo_result *result, const struct demo_stats *stats,
                      bool is_good)
{
    if (show->is_json)
        show_json(show, result, stats, is_good);
    else
        show_table(show, result, stats, is_good);
    fflush(show->out);
}

void demo_show_keep(struct demo_show *show, const char *dir, const char *url)
{
    if (show->is_json)
        return;
    fprintf(show->out,
            "\nIt goes on until Ctrl-C. In another terminal:\n"
            "  cd %s\n"
            "  kkachi seller list\n"
            "  curl -X POST '%s/__sandbox/move?count=5'\n"
            "  kkachi crawl luxmaison casaverde --wait\n"
            "  kkachi changes --follow\n",
            dir, url);
    fflush(show->out);
}
