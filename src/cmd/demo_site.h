/* cmd/demo_site.h: the demo's sandbox: started, moved, and asked what is true. */
#ifndef KK_CMD_DEMO_SITE_H
#define KK_CMD_DEMO_SITE_H

#include "base/json.h"
#include "cmd/child.h"

struct http;
struct demo_site { /* a zeroed one is valid for demo_site_stop() */
    struct child child;
    struct http *http;
    char url[128];
};
/* log: the file for what it says. window: as `kkachi sandbox --window` takes it. */
enum kk_code demo_site_start(struct demo_site *site, const char *sellers, const char *limit, const char *window,
                             const char *log, struct kk_err *err);
void demo_site_stop(struct demo_site *site);
/* Asks /__sandbox/<what>; gives the answer (kk_json_done). */
enum kk_code demo_site_ask(struct demo_site *site, const char *what, bool is_post, struct kk_json **ret,
                           struct kk_err *err);

#endif
