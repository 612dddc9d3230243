/* Every question the system answers, and who may ask it. */
#include "api/call.h"
#include "api/console.h"

// clang-format off
const struct api_route api_routes[] = {
    {"GET",    "/healthz",                        API_ANYONE,   api_health,        "the process is there"},
    {"GET",    "/readyz",                         API_ANYONE,   api_ready,         "the store answers"},
    {"GET",    "/metrics",                        API_ANYONE,   api_metrics,       "the measured facts, for Prometheus"},
    {"POST",   "/crawl/start",                    API_TRIGGER,  api_start_crawl,   "starts a crawl, or gives the one under way"},
    {"GET",    "/v1/sellers",                     API_VIEWER,   api_list_sellers,  "all sellers, by id"},
    {"POST",   "/v1/sellers",                     API_OPERATOR, api_add_seller,    "registers a seller, due at once"},
    {"GET",    "/v1/sellers/{sellerId}",          API_VIEWER,   api_get_seller,    "one seller"},
    {"PATCH",  "/v1/sellers/{sellerId}",          API_OPERATOR, api_change_seller, "changes what the body names"},
    {"GET",    "/v1/sellers/{sellerId}/progress", API_VIEWER,   api_get_progress,  "how far its last crawl is"},
    {"GET",    "/v1/runs/{runId}",                API_VIEWER,   api_get_run,       "one crawl"},
    {"GET",    "/v1/tasks",                       API_VIEWER,   api_list_tasks,    "tasks, by id"},
    {"GET",    "/v1/tasks/{id}",                  API_VIEWER,   api_get_task,      "one task with its failed attempts"},
    {"POST",   "/v1/tasks/{id}/retry",            API_OPERATOR, api_retry_task,    "sends a dead letter back to work"},
    {"GET",    "/v1/dead",                        API_VIEWER,   api_list_dead,     "tasks that failed for good"},
    {"POST",   "/v1/dead/retry",                  API_OPERATOR, api_retry_dead,    "sends all dead letters back to work"},
    {"GET",    "/v1/products",                    API_VIEWER,   api_list_products, "products as stored, by item number"},
    {"GET",    "/v1/products/{itemNo}",           API_VIEWER,   api_get_product,   "one product"},
    {"GET",    "/v1/products/{itemNo}/versions",  API_VIEWER,   api_list_versions, "its versions, oldest first"},
    {"GET",    "/v1/changes",                     API_VIEWER,   api_list_changes,  "what changed, oldest first, or by order=newest"},
    {"GET",    "/v1/stream",                      API_VIEWER,   api_stream,        "changes and progress as they come"},
    {"GET",    "/v1/alerts",                      API_VIEWER,   api_list_alerts,   "every alert, raised or not"},
    {"GET",    "/v1/why/{itemNo}",                API_VIEWER,   api_why_item,      "why an item was (not) crawled, changed, told"},
    {"GET",    "/v1/sellers/{sellerId}/why",      API_VIEWER,   api_why_seller,    "why a seller is (not) crawled"},
    {"POST",   "/v1/pause",                       API_OPERATOR, api_pause,         "stops all requests to the site"},
    {"POST",   "/v1/resume",                      API_OPERATOR, api_resume,        "lets requests go on"},
    {"GET",    "/v1/keys",                        API_ADMIN,    api_list_keys,     "all keys, never their text"},
    {"DELETE", "/v1/keys/{id}",                   API_ADMIN,    api_revoke_key,    "revokes a key at once"},
    {"GET",    "/v1/audit",                       API_ADMIN,    api_list_audit,    "who changed what, newest first"},
    {"POST",   "/console/login",                  API_ANYONE,   console_login,     "opens a session of the console with a key"},
    {"GET",    "/console/session",                API_ANYONE,   console_show_session, "who is logged in to the console"},
    {"POST",   "/console/logout",                 API_ANYONE,   console_logout,    "ends that session"},
    {NULL, NULL, API_ANYONE, NULL, NULL},
};
// clang-format on
