/* core/stat.h: what is counted of the requests to the site (M1, X2), as one table; the store's columns, `kkachi stats`
 * and the metrics come from it. */
#ifndef KK_CORE_STAT_H
#define KK_CORE_STAT_H

#include "base/bytes.h"
#include "core/answer.h"
#include "core/seller.h"
#include "core/task.h"

// clang-format off
/* Every attempt is a success, a failure or late; the causes below are parts of the failures. */
#define STAT_COUNTERS(X) \
    /* field        column                in JSON           meaning */                                            \
    X(ATTEMPT,      "attempt_count",      "attempts",       "requests that were sent and whose end is known")    \
    X(SUCCESS,      "success_count",      "success",        "answers that said what was asked for")               \
    X(FAILURE,      "failure_count",      "failure",        "answers that did not")                               \
    X(LATE,         "late_count",         "late",           "answers that came after the task's lease was over")  \
    X(RETRY,        "retry_count",        "retries",        "tasks sent back to be tried again")                  \
    X(DEAD,         "dead_count",         "dead",           "tasks that went to the dead letters")                \
    X(TIMEOUT,      "timeout_count",      "timeouts",       "leases that ran out, by a crash too")                \
    X(LIMITED,      "limited_count",      "limited",        "429")                                                \
    X(REFUSED,      "refused_count",      "refused",        "401 and 403")                                        \
    X(SERVER_ERROR, "server_error_count", "serverErrors",   "5xx")                                                \
    X(LOST,         "lost_count",         "lost",           "time-outs and lost connections")                     \
    X(CHALLENGE,    "challenge_count",    "challenges",     "challenge pages")                                    \
    X(MISMATCH,     "mismatch_count",     "mismatches",     "replies without the known shape")                    \
    X(CHANGE,       "change_count",       "changes",        "versions of products: new, changed, gone, back")     \
    X(BODY_BYTES,   "body_bytes",         "bytes",          "of all bodies")                                      \
    X(LATENCY_MS,   "latency_ms",         "latencyMs",      "sum over all attempts")
/* Attempts by how long they took; the last has no upper bound. */
#define STAT_BUCKETS(X) \
    X(10) X(25) X(50) X(100) X(250) X(500) X(1000) X(2500) X(5000) X(10000)
// clang-format on

#define X(field, column, json, meaning) STAT_##field,
#define B(ms) STAT_LE_##ms,
enum stat_field { STAT_COUNTERS(X) STAT_BUCKETS(B) STAT_LE_INF, STAT_FIELD_COUNT };
#undef X
#undef B
#define STAT_BUCKET_FIRST STAT_LE_10
#define STAT_BUCKET_COUNT (STAT_FIELD_COUNT - STAT_BUCKET_FIRST)

struct stat_counts {
    int64_t at[STAT_FIELD_COUNT];
};
const char *stat_json_name(enum stat_field field); /* of a counter, not of a bucket */
/* Upper bound of the bucket in ms, by its place from 0; the last one: INT64_MAX. */
int64_t stat_bucket_ms(int bucket);
void stat_add(struct stat_counts *to, const struct stat_counts *what);
/* One attempt came to its end. */
void stat_count_answer(struct stat_counts *counts, enum answer answer, int64_t body_bytes, int64_t latency_ms);
/* It came too late: neither success nor failure any more. */
void stat_count_late(struct stat_counts *counts, enum answer answer);
/* The latency that a share of the attempts (0 to 1) stayed below, in ms, straight between the bounds of its bucket, as
 * Prometheus' histogram_quantile() has it; past the last bound that bound. -1: there were no attempts. */
double stat_quantile_ms(const struct stat_counts *counts, double share);
/* part of whole, 0 to 1; -1: of nothing. */
double stat_share(int64_t part, int64_t whole);

/* Where the request went: the home page for a token, or a task's endpoint. */
enum stat_endpoint { STAT_TOKEN, STAT_LIST, STAT_DETAIL, STAT_OPTIONS, STAT_ENDPOINT_COUNT };
const char *stat_endpoint_name(enum stat_endpoint endpoint); /* "token" "list" "detail" "options" */
bool stat_endpoint_parse(struct kk_sv name, enum stat_endpoint *ret);
enum stat_endpoint stat_endpoint_of(enum task_kind kind);

struct stat_key {
    int64_t day;                     /* UTC days since 1970 */
    char seller_id[SELLER_ID_BYTES]; /* "": a token's issue */
    enum stat_endpoint endpoint;
    int64_t agent_id; /* 0: no agent's doing */
};
int64_t stat_day(int64_t wall_ms);
bool stat_key_eq(const struct stat_key *a, const struct stat_key *b);

#endif
