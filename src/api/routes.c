/* Every question the system answers, and who may ask it. */
#include "api/call.h"
#include "api/console.h"
#include "api/table.h"

#define PAGED "limit cursor"

// clang-format off
const struct api_route api_routes[] = {
    {"GET",    "/healthz",                        API_ANYONE,   api_health,        "the process is there",                           NULL, "200 Health", NULL},
    {"GET",    "/readyz",                         API_ANYONE,   api_ready,         "the store answers",                              NULL, "200 Health", NULL},
    {"GET",    "/metrics",                        API_ANYONE,   api_metrics,       "the measured facts, for Prometheus",             NULL, "200 text/plain", NULL},
    {"GET",    "/openapi.json",                   API_VIEWER,   api_openapi,       "this document",                                  NULL, "200 Object", NULL},
    {"POST",   "/crawl/start",                    API_TRIGGER,  api_start_crawl,   "starts a crawl, or gives the one under way",     "sellerId! @Idempotency-Key", "202 Started", "404 409"},
    {"GET",    "/v1/sellers",                     API_VIEWER,   api_list_sellers,  "all sellers, by id",                             PAGED, "200 [Seller]", NULL},
    {"POST",   "/v1/sellers",                     API_OPERATOR, api_add_seller,    "registers a seller, due at once",                "sellerId! period! name mode fullEvery", "201 Seller", "409"},
    {"GET",    "/v1/sellers/{sellerId}",          API_VIEWER,   api_get_seller,    "one seller",                                     NULL, "200 Seller", NULL},
    {"PATCH",  "/v1/sellers/{sellerId}",          API_OPERATOR, api_change_seller, "changes what the body names",                    "period name mode fullEvery state:SellerState @If-Match", "200 Seller", "409 412"},
    {"GET",    "/v1/sellers/{sellerId}/progress", API_VIEWER,   api_get_progress,  "how far its last crawl is",                      NULL, "200 Progress", NULL},
    {"GET",    "/v1/runs",                        API_VIEWER,   api_list_runs,     "crawls, newest first",                           "sellerId state:OpenState " PAGED, "200 [Run]", NULL},
    {"GET",    "/v1/runs/{runId}",                API_VIEWER,   api_get_run,       "one crawl",                                      NULL, "200 Run", NULL},
    {"GET",    "/v1/tasks",                       API_VIEWER,   api_list_tasks,    "tasks, by id",                                   "sellerId status:TaskState endpoint:TaskKind runId " PAGED, "200 [Task]", NULL},
    {"GET",    "/v1/tasks/{id}",                  API_VIEWER,   api_get_task,      "one task with its failed attempts",              NULL, "200 TaskInFull", NULL},
    {"POST",   "/v1/tasks/{id}/retry",            API_OPERATOR, api_retry_task,    "sends a dead letter back to work",               NULL, "202 TaskInFull", "409"},
    {"GET",    "/v1/dead",                        API_VIEWER,   api_list_dead,     "tasks that failed for good",                     "sellerId " PAGED, "200 [Task]", NULL},
    {"POST",   "/v1/dead/retry",                  API_OPERATOR, api_retry_dead,    "sends all dead letters back to work",            "sellerId", "202 Retried", NULL},
    {"GET",    "/v1/agents",                      API_VIEWER,   api_list_agents,   "user agents with what their limit leaves them",  PAGED, "200 [Agent]", NULL},
    {"POST",   "/v1/agents",                      API_OPERATOR, api_add_agent,     "registers a user agent",                         "userAgent! name:agentName", "201 Agent", "409"},
    {"PATCH",  "/v1/agents/{id}",                 API_OPERATOR, api_change_agent,  "disables an agent until it is enabled again",    "isEnabled!", "200 Agent", NULL},
    {"GET",    "/v1/products",                    API_VIEWER,   api_list_products, "products as stored, by item number",             "sellerId status:ProductStatus " PAGED, "200 [Product]", NULL},
    {"GET",    "/v1/products/{itemNo}",           API_VIEWER,   api_get_product,   "one product",                                    NULL, "200 Product", NULL},
    {"GET",    "/v1/products/{itemNo}/versions",  API_VIEWER,   api_list_versions, "its versions, oldest first",                     PAGED, "200 [Version]", NULL},
    {"GET",    "/v1/changes",                     API_VIEWER,   api_list_changes,  "what changed, oldest first, or by order=newest", "after sellerId order " PAGED, "200 [Change]", NULL},
    {"GET",    "/v1/stream",                      API_VIEWER,   api_stream,        "changes and progress as they come",              "after sellerId @Last-Event-ID", "200 text/event-stream", NULL},
    {"GET",    "/v1/stats",                       API_VIEWER,   api_get_stats,     "requests by day, seller, endpoint or agent",     "by from:day to:day", "200 Stats", NULL},
    {"GET",    "/v1/alerts",                      API_VIEWER,   api_list_alerts,   "every alert, raised or not",                     NULL, "200 [Alert]", NULL},
    {"GET",    "/v1/why/{itemNo}",                API_VIEWER,   api_why_item,      "why an item was (not) crawled, changed, told",   NULL, "200 Object", NULL},
    {"GET",    "/v1/sellers/{sellerId}/why",      API_VIEWER,   api_why_seller,    "why a seller is (not) crawled",                  NULL, "200 Object", NULL},
    {"POST",   "/v1/pause",                       API_OPERATOR, api_pause,         "stops all requests to the site",                 "why", "200 Pause", NULL},
    {"POST",   "/v1/resume",                      API_OPERATOR, api_resume,        "lets requests go on",                            NULL, "200 Pause", NULL},
    {"GET",    "/v1/keys",                        API_ADMIN,    api_list_keys,     "all keys, never their text",                     PAGED, "200 [Key]", NULL},
    {"DELETE", "/v1/keys/{id}",                   API_ADMIN,    api_revoke_key,    "revokes a key at once",                          NULL, "200 Key", NULL},
    {"GET",    "/v1/audit",                       API_ADMIN,    api_list_audit,    "who changed what, newest first",                 PAGED, "200 [Audit]", NULL},
    {"POST",   "/console/login",                  API_ANYONE,   console_login,     "opens a session of the console with a key",      "key!", NULL, NULL},
    {"GET",    "/console/session",                API_ANYONE,   console_show_session, "who is logged in to the console",             NULL, NULL, NULL},
    {"POST",   "/console/logout",                 API_ANYONE,   console_logout,    "ends that session",                              NULL, NULL, NULL},
    {NULL, NULL, API_ANYONE, NULL, NULL, NULL, NULL, NULL},
};

const struct api_shape api_shapes[] = {
    {"SellerState",   "|ACTIVE PAUSED DISABLED"},
    {"CrawlMode",     "|full delta"},
    {"RunState",      "|OPEN COMPLETE INCOMPLETE"},
    {"RunTrigger",    "|schedule person"},
    {"TaskState",     "|WAITING PUBLISHED RUNNING SUCCESS FAILED TIMEOUT RETRY"},
    {"TaskKind",      "|list detail options"},
    {"AgentState",    "|IDLE ACTIVE RATE_LIMITED DISABLED RECOVERED"},
    {"ChangeType",    "|kkachi.product.created kkachi.product.changed kkachi.product.removed kkachi.product.returned"},
    {"Role",          "|viewer trigger operator admin"},
    {"Health",        "status"},
    {"Started",       "runId:int sellerId created:bool"},
    {"Retried",       "retried:int"},
    {"Seller",        "sellerId name state:SellerState period mode:CrawlMode fullEveryMs:int nextRunAt:time? lastRunId:int? "
                      "lastStartedAt:time? lastEndedAt:time? createdAt:time revision:int"},
    {"Run",           "id:int sellerId trigger:RunTrigger state:RunState startedAt:time endedAt:time? itemCount:int tasks:int "
                      "open:int success:int dead:int requests:int retries:int created:int changed:int removed:int returned:int"},
    {"Progress",      "id:int sellerId trigger:RunTrigger state:RunState startedAt:time endedAt:time? itemCount:int tasks:int "
                      "open:int success:int dead:int requests:int retries:int created:int changed:int removed:int returned:int "
                      "requestsLeft:int?* leftMs:int?*"},
    {"Task",          "id:int sellerId kind:TaskKind endpoint page:int itemNo:int? runId:int parentTaskId:int? state:TaskState "
                      "isDead:bool attempt:int lapses:int httpStatus:int error createdAt:time publishedAt:time? startedAt:time? "
                      "endedAt:time? nextAttemptAt:time?"},
    {"Attempt",       "at:time runId:int attempt:int agentId:int cause httpStatus:int error archiveKey"},
    {"TaskInFull",    "id:int sellerId kind:TaskKind endpoint page:int itemNo:int? runId:int parentTaskId:int? state:TaskState "
                      "isDead:bool attempt:int lapses:int httpStatus:int error createdAt:time publishedAt:time? startedAt:time? "
                      "endedAt:time? nextAttemptAt:time? attempts:[Attempt]"},
    {"Agent",         "id:int name userAgent state:AgentState hasToken:bool tokenExpiresAt:time? disabledUntil:time? reason "
                      "requests:int successes:int failures:int limited:int lastUsedAt:time? tokensLeft:int tokenFreeAt:time? "
                      "isBusy:bool"},
    {"Product",       "itemNo:int sellerId version:int hash lastChangedAt:time firstSeenAt:time? lastCheckedAt:time? "
                      "product:Object"},
    {"FieldChange",   "field from:any* to:any*"},
    {"Version",       "itemNo:int version:int at:time type:ChangeType hash detailKey optionsKey changes:[FieldChange]"},
    {"Change",        "id:int at:time sellerId itemNo:int version:int type:ChangeType hash changes:[FieldChange]"},
    {"Alert",         "name state severity since:time? raisedAt:time? toldAt:time? resolvedAt:time? detail meaning action holdMs:int"},
    {"Stats",         "by from to items:[Object]"},
    {"Pause",         "isPaused:bool who why at:time?"},
    {"Key",           "id:int name role:Role createdAt:time expiresAt:time? revokedAt:time? lastUsedAt:time?"},
    {"Audit",         "id:int at:time who what target before:Object? after:Object?"},
    {"FieldError",    "pointer detail"},
    {"Problem",       "type title status:int detail errors:[FieldError]*"},
    {NULL, NULL},
};
// clang-format on
