/* support/rig.h: one process of the pipeline on a bench: the real store, queue and limiter in a file of their own, and
 * in place of the world a scripted site, an archive in memory, a sink that writes down, and a clock that stands still.
 */
#ifndef KK_TESTS_RIG_H
#define KK_TESTS_RIG_H

#include "app/app.h"
#include "app/turn.h"
#include "base/rng.h"
#include "core/run.h"
#include "ports/fetcher.h"

#define RIG_SHOP "luxmaison"
/* Shorter than in life, so that a test waits less: the limiter's hour, an agent's rest, a task's lease. */
#define RIG_WINDOW_MS (6 * KK_MINUTE_MS)
#define RIG_COOLDOWN_MS (6 * KK_MINUTE_MS)
#define RIG_LEASE_MS (3 * KK_MINUTE_MS)

/* What the site shows of one item; a test changes it and crawls again. */
struct rig_item {
    int64_t item_no, selling_price, stock;
    bool is_listed, is_gone; /* gone: its pages answer 404 */
    int options_status;      /* 200, or what its options answer */
};
struct rig_site {
    struct rig_item item[8];
    size_t item_count;
    int64_t page_max;                          /* a server that serves smaller pages than asked; 0: as asked */
    int64_t count_lie;                         /* added to the list's count */
    int status;                                /* of every answer but the home page; 200 */
    const char *retry_after, *location, *body; /* NULL: none, none; what belongs there */
    enum fetch_end end;                        /* FETCH_DONE */
    int home_status;                           /* 200 */
    bool is_silent;                            /* answers nothing: requests stay in flight */
    size_t request_count, home_count;
    char last_headers[4096], last_url[512];
};

struct rig {
    struct app app;
    struct app_timer timer;
    struct rig_site site;
    int64_t wall_ms, mono_ms;
    struct kk_rng_seeded seed;
    struct kk_rng rng;
    struct kk_clock clock;
    char folder[64], path[128];
    struct kk_buf told; /* events that reached the sink, one a line */
    size_t told_count;
    enum kk_code sink_code;    /* what the sink answers; KK_OK */
    enum kk_code archive_code; /* what the archive answers; KK_OK */
    size_t archive_syncs, archive_puts;
    /* The bench's own code is entered (true) and left (false), for who makes the program's calls fail; may be NULL. */
    void (*on_bench)(bool is_bench);
};

struct rig *rig_open(void); /* one seller RIG_SHOP, one agent, no crawl yet */
void rig_close(struct rig *rig);
/* A new process on the same files: what was in flight is forgotten, nothing is put back. */
void rig_crash(struct rig *rig);
void rig_pass(struct rig *rig, int64_t ms); /* time goes on */
struct rig_item *rig_add_item(struct rig *rig, int64_t item_no, int64_t selling_price);
/* Turns all roles, letting time pass, until nothing is in flight and the run of the shop has ended, or for limit_ms. */
void rig_run(struct rig *rig, int64_t limit_ms);
struct run rig_crawl(struct rig *rig); /* starts one and runs it to its end */
struct run rig_last_run(struct rig *rig);
/* The task of an item (0: the list's page 0). */
struct task rig_task(struct rig *rig, enum task_kind kind, int64_t item_no);

#endif
