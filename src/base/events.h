/* base/events.h: every line the program may log. The level is decided here, once; docs/events.md is printed from it. */
#ifndef KK_BASE_EVENTS_H
#define KK_BASE_EVENTS_H

// clang-format off
#define KK_EVENTS(X) \
    X(PROCESS_STARTED,   "process.started",   INFO,  "a process began its roles")                                     \
    X(PROCESS_STOPPING,  "process.stopping",  INFO,  "a stop was asked for; work in flight ends first")               \
    X(PROCESS_STOPPED,   "process.stopped",   INFO,  "a process ended cleanly")                                       \
    X(STORE_MIGRATED,    "store.migrated",    INFO,  "the database was brought to this binary's schema")              \
    X(STORE_FAILED,      "store.failed",      ERROR, "the store refused; the step is tried again")                    \
    X(ORPHANS_RECOVERED, "tasks.recovered",   WARN,  "tasks of a process that died were put back")                    \
    X(SELLER_RESTED,     "seller.rested",     WARN,  "the site only fails for a seller; it is paused for a while")    \
    X(SELLER_WOKEN,      "seller.woken",      INFO,  "a seller has rested and is crawled again")                       \
    X(SELLER_DUE,        "seller.due",        INFO,  "the scheduler started a crawl")                                 \
    X(RUN_STARTED,       "run.started",       INFO,  "a crawl of a seller began")                                     \
    X(RUN_REREAD,        "run.reread",        WARN,  "items did not match the list's count; the list is read again")  \
    X(RUN_ENDED,         "run.ended",         INFO,  "a crawl of a seller ended")                                     \
    X(RUN_INCOMPLETE,    "run.incomplete",    WARN,  "a crawl ended without a complete list; nothing counts as gone") \
    X(TASK_PUBLISHED,    "task.published",    DEBUG, "the relay gave a task to the queue")                            \
    X(TASK_ENDED,        "task.ended",        DEBUG, "a task ended in SUCCESS")                                       \
    X(TASK_RETRIED,      "task.retried",      WARN,  "an attempt failed; the task is tried again later")              \
    X(TASK_DIED,         "task.died",         ERROR, "a task went to the dead letters")                               \
    X(TASK_TIMED_OUT,    "task.timed_out",    WARN,  "a lease ran out; the task is tried again")                      \
    X(TASK_REQUEUED,     "task.requeued",     DEBUG, "a published task was silent for long; its message is sent again")\
    X(TASK_LOST,         "task.lost",         INFO,  "a worker finished after its lease; its result was dropped")     \
    X(MESSAGE_BAD,       "message.bad",       WARN,  "a queue message was not ours and was dropped")                  \
    X(ITEM_FOREIGN,      "item.foreign",      WARN,  "an item named another seller and was left alone")               \
    X(ITEM_GONE,         "item.gone",         INFO,  "the site no longer shows an item's page")                       \
    X(SCHEMA_MISMATCH,   "schema.mismatched", ERROR, "a reply had not the known shape; it is in the archive")         \
    X(PRODUCT_CHANGED,   "product.changed",   INFO,  "a product got a new version")                                   \
    X(AGENT_READY,       "agent.ready",       INFO,  "an agent got a token")                                          \
    X(AGENT_LIMITED,     "agent.limited",     WARN,  "the site said 429; the token is gone and the agent rests")      \
    X(AGENT_DISABLED,    "agent.disabled",    WARN,  "an agent rests after refused tokens")                           \
    X(AGENT_BLOCKED,     "agent.blocked",     ERROR, "the site showed a challenge page; the agent stops")             \
    X(AGENT_RECOVERED,   "agent.recovered",   INFO,  "an agent's rest is over")                                       \
    X(TOKEN_SHUT,        "token.shut",        WARN,  "a stored token does not open with the key; the agent asks for a new one")      \
    X(TOKEN_REFUSED,     "token.refused",     WARN,  "the home page gave no token")                                   \
    X(LIMITER_FAILED,    "limiter.failed",    ERROR, "the limiter cannot be asked; nothing is sent until it answers") \
    X(LIMITER_BACK,      "limiter.back",      INFO,  "the limiter answers again")                                    \
    X(LIMITER_RESTORED,  "limiter.restored",  WARN,  "Redis was new, restarted or emptied; it was told what the store knows") \
    X(SCHEDULE_PUT,      "schedule.put",      INFO,  "EventBridge was told of a seller")                              \
    X(SCHEDULE_FAILED,   "schedule.failed",   ERROR, "EventBridge refused; it is told again")                         \
    X(SCHEDULE_DRIFTED,  "schedule.drifted",  WARN,  "EventBridge has a seller otherwise than the store; mended")     \
    X(SCHEDULE_DROPPED,  "schedule.dropped",  WARN,  "a schedule of no seller was removed from EventBridge")          \
    X(QUEUE_FAILED,      "queue.failed",      ERROR, "the queue refused; the step is tried again")                    \
    X(ARCHIVE_FAILED,    "archive.failed",    ERROR, "a body could not be kept; its task is tried again")             \
    X(FETCH_FAILED,      "fetch.failed",      WARN,  "a transfer could not be started")                               \
    X(EVENT_DELIVERED,   "event.delivered",   DEBUG, "a change reached its destination")                              \
    X(EVENT_REFUSED,     "event.refused",     WARN,  "a destination refused a change; it is sent again later")        \
    X(API_LISTENING,     "api.listening",     INFO,  "the HTTP API answers at this address")                          \
    X(API_ANSWERED,      "api.answered",      DEBUG, "a request to the HTTP API was answered")                        \
    X(API_FAILED,        "api.failed",        ERROR, "a request to the HTTP API met a failure; its answer was 500 or 503")\
    X(ALERT_RAISED,      "alert.raised",      ERROR, "something is wrong that people are told of; again while it stays")\
    X(ALERT_RESOLVED,    "alert.resolved",    INFO,  "what people were told of is well again")                        \
    X(CRAWLING_PAUSED,   "crawling.paused",   WARN,  "an operator stopped all requests")                              \
    X(CRAWLING_RESUMED,  "crawling.resumed",  INFO,  "an operator let requests go on")
// clang-format on

#define X(event, name, level, meaning) KK_EV_##event,
enum kk_event { KK_EVENTS(X) KK_EV_COUNT };
#undef X

#endif
