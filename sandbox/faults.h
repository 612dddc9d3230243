/* sandbox/faults.h: which requests go wrong, and how. Pure: chance comes in with every draw. */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum fault_path { /* bits: what is asked for */
                  AT_HOME = 1,
                  AT_LIST = 2,
                  AT_DETAIL = 4,
                  AT_OPTIONS = 8,
                  AT_ITEM = AT_DETAIL | AT_OPTIONS,
                  AT_API = AT_LIST | AT_ITEM,
                  AT_ALL = AT_HOME | AT_API
};

// clang-format off
#define FAULTS(X) /* name, where it can strike, what happens */                                                        \
    X(429,             "429",             AT_ALL,    "429; the token is dead")                                          \
    X(429_RETRY_AFTER, "429_retry_after", AT_ALL,    "429 with Retry-After, in seconds or as a date; the token is dead") \
    X(400,             "400",             AT_API,    "400")                                                             \
    X(401,             "401",             AT_API,    "401; the token is void from now on")                              \
    X(403,             "403",             AT_API,    "403")                                                             \
    X(404,             "404",             AT_ITEM,   "404, though the item is there")                                   \
    X(500,             "500",             AT_ALL,    "500")                                                             \
    X(503,             "503",             AT_ALL,    "503")                                                             \
    X(SLOW,            "slow",            AT_ALL,    "the right answer, late")                                          \
    X(HANG,            "hang",            AT_ALL,    "no answer; the connection is closed at last")                     \
    X(CUT,             "cut",             AT_ALL,    "the connection closes inside the body")                           \
    X(SHORT,           "short",           AT_API,    "half of the body, as if that were all")                           \
    X(GARBLE,          "garble",          AT_API,    "no JSON, or broken compression")                                  \
    X(HUGE,            "huge",            AT_ALL,    "a body past any sensible size")                                   \
    X(CHALLENGE,       "challenge",       AT_ALL,    "a challenge page with status 200")                                \
    X(CHALLENGE_403,   "challenge_403",   AT_ALL,    "a challenge page with status 403")                                \
    X(WRONG_SHAPE,     "wrong_shape",     AT_API,    "JSON that lacks a required field or has it in another type")      \
    X(EMPTY,           "empty200",        AT_ALL,    "200 and nothing")                                                 \
    X(FOREIGN,         "foreign",         AT_DETAIL, "the detail names another seller")                                 \
    X(OFF_HOST,        "off_host",        AT_ALL,    "302 to another host")                                             \
    X(HOP,             "hop",             AT_ALL,    "302 to the same address, which may then answer")                  \
    X(INSERT,          "insert",          AT_LIST,   "right after this page a new item comes in front of all")          \
    X(HOME_NO_COOKIE,  "home_no_cookie",  AT_HOME,   "the home page without cookies")                                   \
    X(HOME_EXPIRES,    "home_expires",    AT_HOME,   "cookies with Expires only")                                       \
    X(HOME_403,        "home_403",        AT_HOME,   "403")                                                             \
    X(HOME_HOP,        "home_hop",        AT_HOME,   "302 to a page that sets the token")
// clang-format on

#define X(fault, name, where, meaning) FAULT_##fault,
enum fault { FAULTS(X) FAULT_COUNT, FAULT_NONE = FAULT_COUNT };
#undef X
const char *fault_name(enum fault fault); /* NULL for FAULT_NONE */
const char *fault_meaning(enum fault fault);

#define FAULT_ALWAYS UINT32_C(1000000)

struct fault_rule {
    uint32_t rate_ppm;
    int64_t left;     /* times it may still strike; -1: no end */
    int64_t until_ms; /* 0: no end */
    unsigned paths;
    int64_t struck;
};
struct faults { /* a zeroed one is off */
    struct fault_rule rule[FAULT_COUNT];
};

/* "429" or "all". paths 0: wherever it can. KK_BAD_INPUT: no such fault, or not on these paths. */
enum kk_code faults_set(struct faults *faults, struct kk_sv name, const struct fault_rule *rule, struct kk_err *err);
/* "429=0.1,slow=0.01" */
enum kk_code faults_parse(struct faults *faults, struct kk_sv text, struct kk_err *err);
/* "0.25" to parts in a million; false: not from 0 to 1. */
bool fault_rate_parse(struct kk_sv text, uint32_t *ret_ppm);
/* "list", "detail", "options", "home", several with commas. */
enum kk_code fault_paths_parse(struct kk_sv text, unsigned *ret_paths, struct kk_err *err);

/* What goes wrong with a request at path; each fault rolls on its own, the first in the table's order wins. */
enum fault faults_draw(struct faults *faults, uint64_t dice, enum fault_path path, int64_t now_ms);
/* [{"name","rate","left","until","paths","struck","meaning"}, …] of those that are on or ever struck. */
void faults_write(const struct faults *faults, struct kk_buf *out);

#endif
