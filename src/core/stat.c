#include "core/stat.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"

static const int64_t bounds_ms[STAT_BUCKET_COUNT] = {
#define B(ms) ms,
    STAT_BUCKETS(B)
#undef B
        INT64_MAX};

const char *stat_json_name(enum stat_field field)
{
    static const char *const names[] = {
#define X(field, column, json, meaning) json,
        STAT_COUNTERS(X)
#undef X
    };

    KK_ASSERT((unsigned)field < KK_COUNT(names));
    return names[field];
}

int64_t stat_bucket_ms(int bucket)
{
    KK_ASSERT(bucket >= 0 && bucket < STAT_BUCKET_COUNT);
    return bounds_ms[bucket];
}

void stat_add(struct stat_counts *to, const struct stat_counts *what)
{
    for (int i = 0; i < STAT_FIELD_COUNT; i++)
        to->at[i] += what->at[i];
}

/* The counter of a failure's cause; STAT_FIELD_COUNT: it has none of its own. */
static enum stat_field cause_of(enum answer answer)
{
    switch (answer) {
    case ANSWER_LIMITED:
        return STAT_LIMITED;
    case ANSWER_UNAUTHORIZED:
        return STAT_REFUSED;
    case ANSWER_SERVER_ERROR:
        return STAT_SERVER_ERROR;
    case ANSWER_LOST:
        return STAT_LOST;
    case ANSWER_CHALLENGE:
        return STAT_CHALLENGE;
    case ANSWER_MISMATCH:
        return STAT_MISMATCH;
    case ANSWER_OK:
    case ANSWER_GONE:
    case ANSWER_FOREIGN:
    case ANSWER_REDIRECTED:
    case ANSWER_REJECTED:
    case ANSWER_COUNT:
        return STAT_FIELD_COUNT;
    }
    KK_UNREACHABLE();
}

static enum stat_field end_of(enum answer answer)
{
    return answer_rule(answer)->task == TASK_SUCCEEDS ? STAT_SUCCESS : STAT_FAILURE;
}

void stat_count_answer(struct stat_counts *counts, enum answer answer, int64_t body_bytes, int64_t latency_ms)
{
    enum stat_field cause = cause_of(answer);
    int bucket = 0;

    while (latency_ms > bounds_ms[bucket])
        bucket++;
    counts->at[STAT_ATTEMPT]++;
    counts->at[end_of(answer)]++;
    if (cause != STAT_FIELD_COUNT)
        counts->at[cause]++;
    counts->at[STAT_BODY_BYTES] += body_bytes;
    counts->at[STAT_LATENCY_MS] += latency_ms;
    counts->at[STAT_BUCKET_FIRST + bucket]++;
}

void stat_count_late(struct stat_counts *counts, enum answer answer)
{
    counts->at[end_of(answer)]--;
    counts->at[STAT_LATE]++;
}

double stat_quantile_ms(const struct stat_counts *counts, double share)
{
    const int64_t *bucket = &counts->at[STAT_BUCKET_FIRST];
    int64_t total = 0, below = 0;
    double rank;
    int i = 0;

    for (int b = 0; b < STAT_BUCKET_COUNT; b++)
        total += bucket[b];
    if (total <= 0)
        return -1;
    rank = share * (double)total;
    while (i < STAT_BUCKET_COUNT - 1 && (double)(below + bucket[i]) < rank)
        below += bucket[i++];
    if (i == STAT_BUCKET_COUNT - 1)
        return (double)bounds_ms[i - 1];

    double low = i ? (double)bounds_ms[i - 1] : 0, width = (double)bounds_ms[i] - low;

    return bucket[i] ? low + width * (rank - (double)below) / (double)bucket[i] : low;
}

double stat_share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

const char *stat_endpoint_name(enum stat_endpoint endpoint)
{
    static const char *const names[STAT_ENDPOINT_COUNT] = {"token", "list", "detail", "options"};

    KK_ASSERT((unsigned)endpoint < STAT_ENDPOINT_COUNT);
    return names[endpoint];
}

bool stat_endpoint_parse(struct kk_sv name, enum stat_endpoint *ret)
{
    for (enum stat_endpoint i = STAT_TOKEN; i < STAT_ENDPOINT_COUNT; i++)
        if (kk_sv_eq(name, kk_sv_of(stat_endpoint_name(i)))) {
            *ret = i;
            return true;
        }
    return false;
}

enum stat_endpoint stat_endpoint_of(enum task_kind kind)
{
    switch (kind) {
    case TASK_LIST:
        return STAT_LIST;
    case TASK_DETAIL:
        return STAT_DETAIL;
    case TASK_OPTIONS:
        return STAT_OPTIONS;
    }
    return STAT_TOKEN;
}

int64_t stat_day(int64_t wall_ms)
{
    return wall_ms / KK_DAY_MS - (wall_ms % KK_DAY_MS < 0);
}

bool stat_key_eq(const struct stat_key *a, const struct stat_key *b)
{
    return a->agent_id == b->agent_id && a->endpoint == b->endpoint && a->day == b->day &&
           strcmp(a->seller_id, b->seller_id) == 0;
}
