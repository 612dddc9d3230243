/* api/api.h: the HTTP API (design.md section 7): a thread with a store connection of its own, beside the loop
 * (docs/adr/0003). */
#ifndef KK_API_API_H
#define KK_API_API_H

#include "app/app.h"

#define API_URL_BYTES 64

struct api_settings {
    struct kk_sv listen; /* "127.0.0.1:8620"; port 0: any */
    unsigned connections, connections_per_address;
    int64_t rate;            /* requests a second of one key, or without one of one address; 0: any */
    int64_t timeout_ms;      /* a client that neither sends nor takes for so long is cut; to the second */
    void (*wake)(void *ctx); /* after a commit, on the API's thread: whoever works on the store looks now */
    void *ctx;
};
struct api;
/* Keeps app, whose ports are used on the API's thread and nowhere else. Listening elsewhere than on loopback needs a
 * key that is good: KK_CONFLICT. KK_BUSY: the address is in use. KK_BAD_INPUT: it is none. Gives *ret_api (api_close).
 */
enum kk_code api_open(struct app *app, const struct api_settings *settings, struct api **ret_api, struct kk_err *err);
const char *api_url(const struct api *api);
/* Takes no new connections; what is being answered ends. */
void api_drain(struct api *api);
void api_close(struct api *api); /* NULL is fine */

#endif
