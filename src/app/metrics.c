#include "app/metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"

struct page {
    struct kk_buf *out;
    const struct measure *m;
    enum metrics_format format;
};

const char *metrics_content_type(enum metrics_format format)
{
    return format == METRICS_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

/* In OpenMetrics a counter's family has its name without "_total". */
static void family(struct page *page, const char *name, const char *type, const char *help)
{
    struct kk_sv base = kk_sv_of(name), end = KK_SV("_total");

    if (page->format == METRICS_OPENMETRICS && base.len > end.len &&
        kk_sv_eq((struct kk_sv){base.ptr + base.len - end.len, end.len}, end))
        base.len -= end.len;
    kk_buf_addf(page->out, "# HELP " KK_SV_FMT " %s\n# TYPE " KK_SV_FMT " %s\n", KK_SV_ARG(base), help, KK_SV_ARG(base),
                type);
}

static void label(struct page *page, const char *name, const char *value)
{
    kk_buf_addf(page->out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            kk_buf_addc(page->out, '\\');
        kk_buf_addc(page->out, (char)(*value == '\n' ? 'n' : *value));
    }
    kk_buf_addc(page->out, '"');
}

static void value(struct page *page, int64_t number)
{
    kk_buf_addc(page->out, ' ');
    kk_buf_add_i64(page->out, number);
    kk_buf_addc(page->out, '\n');
}

static void value_s(struct page *page, int64_t ms)
{
    kk_buf_addf(page->out, " %.3f\n", (double)ms / 1000);
}

static void sample(struct page *page, const char *name, const char *key, const char *what, int64_t number)
{
    kk_buf_add(page->out, kk_sv_of(name));
    if (key) {
        kk_buf_addc(page->out, '{');
        label(page, key, what);
        kk_buf_addc(page->out, '}');
    }
    value(page, number);
}

static void gauge(struct page *page, const char *name, const char *help, int64_t number)
{
    family(page, name, "gauge", help);
    sample(page, name, NULL, NULL, number);
}

static void gauge_s(struct page *page, const char *name, const char *help, int64_t ms)
{
    family(page, name, "gauge", help);
    kk_buf_add(page->out, kk_sv_of(name));
    value_s(page, ms);
}

/* How long ago; nothing waits: 0. */
static int64_t age_ms(const struct page *page, int64_t since_ms)
{
    return since_ms < page->m->at_ms ? page->m->at_ms - since_ms : 0;
}

/* ---- tasks, queue, outbox ---- */

static void put_tasks(struct page *page)
{
    const struct task_gauge *tasks = &page->m->tasks;
    const struct {
        const char *state;
        const int64_t *count;
    } rows[] = {{"published", tasks->published}, {"running", tasks->running}, {"dead", tasks->dead}};

    family(page, "kkachi_tasks", "gauge", "Tasks in the queue, in a worker's hands, and dead letters.");
    for (size_t i = 0; i < KK_COUNT(rows); i++)
        for (enum task_kind kind = TASK_LIST; kind <= TASK_OPTIONS; kind++)
            kk_buf_addf(page->out, "kkachi_tasks{state=\"%s\",endpoint=\"%s\"} %" PRId64 "\n", rows[i].state,
                        task_kind_name(kind), rows[i].count[kind]);
    gauge(page, "kkachi_tasks_waiting", "Open tasks that are not yet in the queue.", tasks->waiting);
    gauge(page, "kkachi_runs_open", "Crawls under way.", tasks->open_runs);
    gauge_s(page, "kkachi_task_outbox_age_seconds", "How long the oldest due task has waited for the relay.",
            age_ms(page, tasks->promised_at_ms));
    if (page->m->queue_waiting >= 0) {
        gauge(page, "kkachi_queue_messages", "Messages in the queue.", page->m->queue_waiting);
        gauge(page, "kkachi_queue_dead_messages", "Messages that the queue gave up.", page->m->queue_dead);
    }
}

static void put_outbox(struct page *page)
{
    const struct measure *m = page->m;

    family(page, "kkachi_outbox_rows", "gauge", "Changes and alerts that wait for their destination.");
    for (size_t i = 0; i < m->topic_count; i++)
        sample(page, "kkachi_outbox_rows", "topic", m->topic[i].topic, m->topic[i].count);
    family(page, "kkachi_outbox_age_seconds", "gauge", "How long the oldest of them has waited.");
    for (size_t i = 0; i < m->topic_count; i++) {
        kk_buf_add(page->out, KK_SV("kkachi_outbox_age_seconds{"));
        label(page, "topic", m->topic[i].topic);
        kk_buf_addc(page->out, '}');
        value_s(page, age_ms(page, m->topic[i].oldest_at_ms));
    }
    if (m->delivery_count == 0)
        return;
    family(page, "kkachi_delivery_recent_latency_seconds", "gauge",
           "From the site's answer to the delivered change, of the newest deliveries.");
    kk_buf_add(page->out, KK_SV("kkachi_delivery_recent_latency_seconds{quantile=\"0.5\"}"));
    value_s(page, m->delivery_p50_ms);
    kk_buf_add(page->out, KK_SV("kkachi_delivery_recent_latency_seconds{quantile=\"0.99\"}"));
    value_s(page, m->delivery_p99_ms);
}

/* ---- agents ---- */

static void put_agents(struct page *page)
{
    const struct measure *m = page->m;

    family(page, "kkachi_agents", "gauge", "User agents by state.");
    for (int state = AGENT_NONE + 1; state < AGENT_STATE_COUNT; state++)
        sample(page, "kkachi_agents", "state", agent_state_name((enum agent_state)state), m->agents[state]);
    gauge(page, "kkachi_agents_blocked", "Agents at rest after a challenge page.", m->agents_blocked);
    gauge(page, "kkachi_limiter_up", "Whether the limiter answers; nothing is sent while it does not.",
          !m->is_limiter_away);
    if (m->tokens_left >= 0)
        gauge(page, "kkachi_limiter_tokens_left", "Requests that may leave now, over all agents.", m->tokens_left);
    gauge_s(page, "kkachi_limiter_next_token_seconds", "Where none may leave: how long until one may.",
            m->next_token_at_ms > m->at_ms ? m->next_token_at_ms - m->at_ms : 0);
    gauge(page, "kkachi_paused", "Whether an operator stopped all requests.", m->is_paused);
}

/* ---- requests ---- */

static void put_outcomes(struct page *page)
{
    static const struct {
        enum stat_field field;
        const char *name;
    } causes[] = {{STAT_LIMITED, "limited"}, {STAT_REFUSED, "refused"},     {STAT_SERVER_ERROR, "server_error"},
                  {STAT_LOST, "lost"},       {STAT_CHALLENGE, "challenge"}, {STAT_MISMATCH, "schema_mismatch"}};

    family(page, "kkachi_requests_total", "counter", "Requests to the site by how they ended.");
    for (enum stat_endpoint e = STAT_TOKEN; e < STAT_ENDPOINT_COUNT; e++) {
        const int64_t *at = page->m->total[e].at;
        int64_t others = at[STAT_ATTEMPT] - at[STAT_SUCCESS];
        const char *name = stat_endpoint_name(e);

        kk_buf_addf(page->out, "kkachi_requests_total{endpoint=\"%s\",outcome=\"success\"} %" PRId64 "\n", name,
                    at[STAT_SUCCESS]);
        for (size_t i = 0; i < KK_COUNT(causes); i++) {
            kk_buf_addf(page->out, "kkachi_requests_total{endpoint=\"%s\",outcome=\"%s\"} %" PRId64 "\n", name,
                        causes[i].name, at[causes[i].field]);
            others -= at[causes[i].field];
        }
        kk_buf_addf(page->out, "kkachi_requests_total{endpoint=\"%s\",outcome=\"other\"} %" PRId64 "\n", name, others);
    }
}

static void put_counter(struct page *page, const char *name, const char *help, enum stat_field field)
{
    family(page, name, "counter", help);
    for (enum stat_endpoint e = STAT_TOKEN; e < STAT_ENDPOINT_COUNT; e++)
        sample(page, name, "endpoint", stat_endpoint_name(e), page->m->total[e].at[field]);
}

static void put_durations(struct page *page)
{
    family(page, "kkachi_request_duration_seconds", "histogram",
           "Time from sending a request to the end of its answer.");
    for (enum stat_endpoint e = STAT_TOKEN; e < STAT_ENDPOINT_COUNT; e++) {
        const int64_t *at = page->m->total[e].at;
        const char *name = stat_endpoint_name(e);
        int64_t below = 0;

        for (int i = 0; i < STAT_BUCKET_COUNT; i++) {
            char bound[24] = "+Inf";

            below += at[STAT_BUCKET_FIRST + i];
            if (stat_bucket_ms(i) != INT64_MAX)
                snprintf(bound, sizeof(bound), "%.*f", stat_bucket_ms(i) % 1000 ? 3 : 1,
                         (double)stat_bucket_ms(i) / 1000);
            kk_buf_addf(page->out, "kkachi_request_duration_seconds_bucket{endpoint=\"%s\",le=\"%s\"} %" PRId64 "\n",
                        name, bound, below);
        }
        kk_buf_addf(page->out, "kkachi_request_duration_seconds_sum{endpoint=\"%s\"} %.3f\n", name,
                    (double)at[STAT_LATENCY_MS] / 1000);
        kk_buf_addf(page->out, "kkachi_request_duration_seconds_count{endpoint=\"%s\"} %" PRId64 "\n", name, below);
    }
}

static void put_requests(struct page *page)
{
    put_outcomes(page);
    put_durations(page);
    put_counter(page, "kkachi_response_bytes_total", "Bytes of bodies.", STAT_BODY_BYTES);
    put_counter(page, "kkachi_task_retries_total", "Tasks sent back to be tried again.", STAT_RETRY);
    put_counter(page, "kkachi_task_timeouts_total", "Leases that ran out.", STAT_TIMEOUT);
    put_counter(page, "kkachi_task_deaths_total", "Tasks that went to the dead letters.", STAT_DEAD);
    put_counter(page, "kkachi_product_changes_total", "New versions of products, by what told of them.", STAT_CHANGE);
}

/* ---- sellers, process ---- */

/* Those that are named; a share where percent. */
static void put_named(struct page *page, const char *name, const char *help, const struct measured_sellers *sellers,
                      bool is_percent)
{
    family(page, name, "gauge", help);
    for (size_t i = 0; i < MEASURE_SELLERS_MAX && (int64_t)i < sellers->count; i++) {
        kk_buf_addf(page->out, "%s{", name);
        label(page, "seller", sellers->name[i]);
        kk_buf_addf(page->out, is_percent ? "} %.2f\n" : "} %.0f\n",
                    (double)sellers->value[i] / (is_percent ? 100 : 1));
    }
}

static void put_sellers(struct page *page)
{
    const struct measure *m = page->m;
    const struct measured_sellers *stalest = &m->stalest;

    family(page, "kkachi_sellers", "gauge", "Sellers by state.");
    for (int state = SELLER_NONE + 1; state <= SELLER_DISABLED; state++)
        sample(page, "kkachi_sellers", "state", seller_state_name((enum seller_state)state), m->sellers[state]);
    gauge(page, "kkachi_sellers_stale", "Active sellers whose last crawl ended more than two periods ago.",
          m->stale.count);
    gauge(page, "kkachi_sellers_incomplete", "Active sellers whose last crawl ended without a complete list.",
          m->incomplete.count);
    gauge(page, "kkachi_sellers_empty", "Active sellers with products whose list suddenly shows none.", m->empty.count);
    gauge(page, "kkachi_sellers_failing", "Active sellers in whose last crawl many requests fail.", m->failing.count);
    gauge(page, "kkachi_sellers_resting", "Sellers paused for a while because the site only fails for them.",
          m->resting.count);
    family(page, "kkachi_seller_age_seconds", "gauge", "Age of what is known, of the sellers with the oldest.");
    for (size_t i = 0; i < MEASURE_SELLERS_MAX && (int64_t)i < stalest->count; i++) {
        kk_buf_add(page->out, KK_SV("kkachi_seller_age_seconds{"));
        label(page, "seller", stalest->name[i]);
        kk_buf_addc(page->out, '}');
        value_s(page, stalest->value[i]);
    }
    put_named(page, "kkachi_seller_failing_ratio", "Share of the last crawl's requests that fail, where it is much.",
              &m->failing, true);
    put_named(page, "kkachi_seller_missing_items", "Items that an incomplete list counts and did not show.",
              &m->incomplete, false);
}

static void put_process(struct page *page)
{
    const struct host_figures *host = &page->m->host;

    family(page, "kkachi_build_info", "gauge", "The program that tells this.");
    sample(page, "kkachi_build_info", "version", KK_VERSION, 1);
    gauge_s(page, "kkachi_time_seconds", "This machine's clock, Unix time.", page->m->at_ms);
    if (host->disk_free_bytes >= 0) {
        gauge(page, "kkachi_disk_free_bytes", "Room left where the data is.", host->disk_free_bytes);
        gauge(page, "kkachi_disk_size_bytes", "Size of the disk where the data is.", host->disk_bytes);
    }
    if (host->resident_bytes >= 0)
        gauge(page, "process_resident_memory_bytes", "Resident memory size in bytes.", host->resident_bytes);
    if (host->open_fds >= 0)
        gauge(page, "process_open_fds", "Number of open file descriptors.", host->open_fds);
    if (host->started_at_ms >= 0)
        gauge_s(page, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                host->started_at_ms);
    if (host->cpu_ms >= 0) {
        family(page, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.");
        kk_buf_add(page->out, KK_SV("process_cpu_seconds_total"));
        value_s(page, host->cpu_ms);
    }
}

void metrics_write(const struct measure *m, enum metrics_format format, struct kk_buf *out)
{
    struct page page = {.out = out, .m = m, .format = format};

    put_tasks(&page);
    put_outbox(&page);
    put_agents(&page);
    put_requests(&page);
    put_sellers(&page);
    put_process(&page);
    if (format == METRICS_OPENMETRICS)
        kk_buf_add(out, KK_SV("# EOF\n"));
}

/* ---- CloudWatch ---- */

struct emf_metric {
    const char *name, *unit;
    int64_t number;
};

static int64_t sum_of(const struct measure *m, enum stat_field field)
{
    int64_t sum = 0;

    for (int e = 0; e < STAT_ENDPOINT_COUNT; e++)
        sum += m->total[e].at[field];
    return sum;
}

static void put_emf(struct kk_buf *out, int64_t at_ms, const struct emf_metric *metric, size_t count)
{
    kk_jw_open(out, '{');
    kk_jw_key(out, "_aws");
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "Timestamp", at_ms);
    kk_jw_key(out, "CloudWatchMetrics");
    kk_jw_raw(out, KK_SV("[{\"Namespace\":\"kkachi\",\"Dimensions\":[[]],\"Metrics\":"));
    kk_jw_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        kk_jw_open(out, '{');
        kk_jw_key_str(out, "Name", kk_sv_of(metric[i].name));
        kk_jw_key_str(out, "Unit", kk_sv_of(metric[i].unit));
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    kk_buf_add(out, KK_SV("}]"));
    kk_jw_close(out, '}');
    for (size_t i = 0; i < count; i++)
        kk_jw_key_i64(out, metric[i].name, metric[i].number);
    kk_jw_close(out, '}');
}

void metrics_write_emf(const struct measure *m, struct kk_buf *out)
{
    int64_t outbox_oldest_ms = m->at_ms;

    for (size_t i = 0; i < m->topic_count; i++)
        if (m->topic[i].oldest_at_ms < outbox_oldest_ms)
            outbox_oldest_ms = m->topic[i].oldest_at_ms;

    const struct emf_metric metrics[] = {
        {"Requests", "Count", sum_of(m, STAT_ATTEMPT)},
        {"RequestFailures", "Count", sum_of(m, STAT_FAILURE)},
        {"ProductChanges", "Count", sum_of(m, STAT_CHANGE)},
        {"TasksWaiting", "Count", m->tasks.waiting},
        {"TasksPublished", "Count", m->tasks.published[0]},
        {"TasksRunning", "Count", m->tasks.running[0]},
        {"DeadLetters", "Count", m->tasks.dead[0]},
        {"OutboxAge", "Milliseconds", m->at_ms - outbox_oldest_ms},
        {"AgentsDisabled", "Count", m->agents[AGENT_DISABLED]},
        {"AgentsBlocked", "Count", m->agents_blocked},
        {"LimiterUp", "Count", !m->is_limiter_away},
        {"TokensLeft", "Count", m->tokens_left < 0 ? 0 : m->tokens_left},
        {"SellersStale", "Count", m->stale.count},
        {"SellersIncomplete", "Count", m->incomplete.count},
        {"SellersFailing", "Count", m->failing.count},
    };

    put_emf(out, m->at_ms, metrics, KK_COUNT(metrics));
}
