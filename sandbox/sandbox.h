/* sandbox/sandbox.h: a mock MustIt to be called without sockets. The server and the simulator both stand on this.
 *
 * One world from a seed, a gate with tokens and a limit, faults, a log, and the truth: what a crawler should have
 * stored. Nothing here reads a clock, sleeps or starts a thread; times come in and are taken as never going back.
 * The same calls with the same times give the same bytes. Not thread-safe. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "sandbox/faults.h"

#define SANDBOX_LIMIT_MAX 1000000
#define SANDBOX_BODY_MAX ((size_t)1024 * 1024 * 1024)

enum sandbox_home { HOME_PLAIN, HOME_HOP, HOME_EXPIRES, HOME_NO_COOKIE, HOME_FORBIDDEN };
enum sandbox_retry_after { RETRY_AFTER_NONE, RETRY_AFTER_SECONDS, RETRY_AFTER_DATE }; /* on the limit's own 429 */

struct sandbox_conf {
    uint64_t seed;
    const char *sellers;      /* "luxmaison:120,casaverde:501", or "5x120" */
    int64_t limit, window_ms; /* requests of an agent in any window; limit 0: none */
    int64_t token_life_ms;
    int64_t page_max;         /* items on a page at most, whatever was asked for */
    int64_t big_every;        /* every so many-th item has a 2 MiB description; 0: none */
    int64_t moves_per_minute; /* changes the world makes by itself */
    const char *faults;       /* "429=0.1,slow=0.01"; "" for none */
    const char *replay_dir;   /* serve recorded bodies instead of the world; NULL: no */
    const char *list_path;
    enum sandbox_home home;
    enum sandbox_retry_after retry_after;
    int64_t fault_retry_after_ms; /* what 429_retry_after says */
    int64_t slow_ms, hang_ms;
    int64_t huge_bytes;
    int64_t cache_bytes;
    bool has_noise, has_gzip;
};
struct sandbox_conf sandbox_conf_default(void);

struct sandbox;
/* Borrows conf. Gives *ret_sandbox (sandbox_destroy). KK_BAD_INPUT with a sentence; KK_NOT_FOUND: the replay folder. */
enum kk_code sandbox_create(const struct sandbox_conf *conf, int64_t now_ms, struct sandbox **ret_sandbox,
                            struct kk_err *err);
void sandbox_destroy(struct sandbox *sandbox); /* NULL is fine */

/* --- asking --- */

struct sandbox_request { /* borrowed; a header that is not there is empty */
    struct kk_sv method;
    struct kk_sv target; /* path and query, as on the wire */
    struct kk_sv user_agent, authorization, cookie, accept_encoding;
};

#define SANDBOX_HEADERS_MAX 12
#define SANDBOX_HEADER_BYTES 512
#define SANDBOX_WHOLE SIZE_MAX

struct sandbox_header {
    const char *name;
    char value[SANDBOX_HEADER_BYTES];
};
struct sandbox_reply { /* begin with sandbox_reply_init(); used again and again; sandbox_reply_done() at the end */
    int status;        /* 0 with is_hang */
    struct sandbox_header header[SANDBOX_HEADERS_MAX];
    unsigned header_count;
    struct kk_buf body;
    int64_t delay_ms; /* wait so long before the first byte */
    size_t cut_at;    /* so many bytes of the body arrive, then the connection is closed; SANDBOX_WHOLE: all */
    bool is_chunked;  /* with cut_at: no Content-Length had been promised */
    bool is_hang;     /* no answer at all: after delay_ms the connection is closed */
    enum fault fault; /* what went wrong with it, or FAULT_NONE */
};
void sandbox_reply_init(struct sandbox_reply *reply);
void sandbox_reply_done(struct sandbox_reply *reply);
/* The value, or NULL; the first of that name from *from on, which is moved behind it (several Set-Cookie). */
const char *sandbox_reply_header(const struct sandbox_reply *reply, const char *name, unsigned *from);

/* Answers one request that arrives now, /__sandbox/ included, after the moves that are due by now. */
void sandbox_respond(struct sandbox *sandbox, const struct sandbox_request *request, int64_t now_ms,
                     struct sandbox_reply *ret_reply);

/* --- moving the world --- */

/* The moves that fell due by now, each at its own time. Called by sandbox_respond() itself. */
void sandbox_advance(struct sandbox *sandbox, int64_t now_ms);

struct sandbox_order {
    int64_t count;
    uint64_t seed;         /* of the choice: the same order on the same world makes the same moves */
    const char *kinds;     /* "price,stock,new"; "" or NULL: all that count */
    const char *seller_id; /* NULL: any */
    bool is_distinct;      /* no item twice */
};
enum kk_code sandbox_move(struct sandbox *sandbox, const struct sandbox_order *order, int64_t now_ms, int64_t *ret_made,
                          struct kk_err *err);
/* One field of one item (sandbox/fields.h), exactly. */
enum kk_code sandbox_set(struct sandbox *sandbox, int64_t item_no, struct kk_sv field, struct kk_sv value,
                         int64_t now_ms, struct kk_err *err);

/* --- faults --- */

struct sandbox_fault {
    struct kk_sv name;  /* "429"; "all" */
    uint32_t rate_ppm;  /* FAULT_ALWAYS: each time */
    int64_t count;      /* so many times; -1: no end */
    int64_t for_ms;     /* from now; 0: no end */
    struct kk_sv paths; /* "list,detail"; empty: wherever it can strike */
};
enum kk_code sandbox_fault(struct sandbox *sandbox, const struct sandbox_fault *fault, int64_t now_ms,
                           struct kk_err *err);

/* --- looking behind the scenes --- */

/* {"items":[…],"removed":[…],"lastChange":N} (sandbox/truth.h); seller_id NULL: all. KK_NOT_FOUND: no such seller. */
enum kk_code sandbox_truth(const struct sandbox *sandbox, const char *seller_id, struct kk_buf *out,
                           struct kk_err *err);
enum kk_code sandbox_truth_item(const struct sandbox *sandbox, int64_t item_no, struct kk_buf *out, struct kk_err *err);
/* {"changes":[…],"net":[…],"first":N,"last":N,"noiseMoves":N} of those after a number. */
void sandbox_changes(const struct sandbox *sandbox, int64_t after, struct kk_buf *out);
int64_t sandbox_last_change(const struct sandbox *sandbox);
void sandbox_stats(const struct sandbox *sandbox, struct kk_buf *out);
/* after 0 and limit INT64_MAX: all that is kept. */
void sandbox_log(const struct sandbox *sandbox, int64_t after, int64_t limit, struct kk_buf *out);

struct sandbox_totals { /* for a check after every step: no JSON, no search */
    int64_t requests, over_limit, dead_token_uses;
    int64_t busiest; /* most requests of one agent in any window */
};
struct sandbox_totals sandbox_totals(const struct sandbox *sandbox);

#endif
