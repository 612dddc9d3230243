/* app/app.h: what every verb of the pipeline is given: the ports, clock, chance and limits of one process.
 *
 * A verb is a function `<verb>_turn()` that does what is due and returns; a test can turn each by hand. None keeps
 * truth in memory: what struct app holds can be lost at any instant. */
#ifndef KK_APP_APP_H
#define KK_APP_APP_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"
#include "core/agent.h"
#include "core/alert.h"
#include "core/plan.h"
#include "core/rest.h"
#include "core/run.h"
#include "core/task.h"
#include "core/trace.h"
#include "site/endpoint.h"

struct store;
struct queue;
struct limiter;
struct archive;
struct fetcher;
struct sink;
struct work;    /* app/work.h: what is in flight in this process */
struct alarm;   /* app/alarm.h: what the janitor remembers of alerts */
struct deliver; /* app/deliver.h: events in flight in this process */

#define APP_SINKS_MAX 8

struct timetable; /* ports/timetable.h */
struct host;      /* ports/host.h */

struct app_limits { /* the settings of design.md section 7, checked by cmd/config */
    int task_attempts;
    int64_t task_lease_ms, task_backoff_ms, task_backoff_max_ms, task_silence_ms;
    int relay_seller_cap;
    int worker_inflight, worker_batch;
    int64_t site_timeout_ms, site_max_body_bytes;
    int64_t limiter_grant_ttl_ms;
    int64_t agent_issue_gap_ms; /* between two token issues of this process */
    struct agent_rules agent;
    int64_t removal_misses; /* R11: 2 */
    int64_t keep_events_ms, keep_attempts_ms, keep_runs_ms, keep_stats_ms;
    int64_t alert_every_ms, alert_calm_ms, alert_repeat_ms; /* between two looks; core/alert.h */
    struct quiet_hours alert_quiet;
    struct rest_rules rest; /* X4 */
    struct plan_rules pace; /* for estimates; request_ms is measured */
};

struct app {
    struct store *store; /* all kept, none owned */
    struct queue *queue;
    struct limiter *limiter;
    struct archive *archive;
    struct fetcher *fetcher;
    struct host *host; /* NULL: its figures are not known */
    struct sink *sinks[APP_SINKS_MAX];
    size_t sink_count;
    const struct kk_clock *clock;
    const struct kk_rng *rng;
    char installation[INSTALLATION_BYTES]; /* what trace ids are made with; "" will do where nobody else is */
    const char *who; /* a person or a key that acts through this, for the audit; NULL: the machine itself */
    struct site site;
    struct app_limits limits;
    struct kk_sv console_url;           /* for links in alerts; may be empty */
    struct alarm *alarm;                /* NULL: this process is no janitor */
    bool has_timetable;                 /* a scheduler elsewhere starts sellers; it is told of changes */
    struct timetable *timetable;        /* NULL: this process does not speak with it */
    char timetable_at[SELLER_ID_BYTES]; /* the janitor: how far it has compared */
    unsigned timetable_sweeps;
    int64_t heal_at_ms;                         /* monotonic: when tired sellers are looked for next */
    struct work *work;                          /* NULL: this process is no worker */
    struct deliver *deliver;                    /* NULL: this process is no relay */
    bool task_outbox_woken, event_outbox_woken; /* a commit of this process wrote rows: the relay need not wait */
    bool queue_woken;                           /* this process put messages into the queue: its worker need not wait */
    int64_t dead_look_at_ms;                    /* monotonic: a queue elsewhere is not asked for its dead before */
    bool runs_woken;                            /* a task ended: a run may be over */
};

#endif
