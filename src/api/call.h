/* api/call.h: one request and its answer, apart from the library that carries them, so that a fuzzer can ask too. */
#ifndef KK_API_CALL_H
#define KK_API_CALL_H

#include "api/stream.h"
#include "api/table.h"
#include "app/app.h"
#include "base/json.h"
#include "core/api_key.h"

#define API_BODY_MAX_BYTES ((size_t)64 * 1024)
#define API_ANSWER_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define API_PARTS_MAX 5
#define API_PAGE_DEFAULT 100
#define API_PAGE_MAX 1000

struct meter;    /* api/meter.h */
struct sessions; /* api/console_session.h */
struct api_call {
    struct app *app;
    struct kk_sv method, path, body;
    struct kk_sv content_type, authorization, api_key, if_match, idempotency_key, last_event_id, accept;
    struct kk_sv cookie, csrf, accept_encoding, if_none_match, forwarded_proto; /* the console's */
    struct meter *meter;                                                        /* NULL: nobody is too fast */
    uint32_t client;                                                            /* its address */
    int64_t rate;                                       /* requests a second of one asker; 0: any */
    struct sessions *sessions;                          /* NULL: nobody can log in */
    struct kk_sv (*query)(void *ctx, const char *name); /* decoded; ptr NULL: not given */
    /* Every parameter's name, until visit says false; NULL: there are none but those that are asked for. */
    void (*each_query)(void *ctx, bool (*visit)(void *visit_ctx, struct kk_sv name), void *visit_ctx);
    void *query_ctx;
    /* What handling it finds out. */
    struct kk_sv part[API_PARTS_MAX]; /* of the path, between slashes */
    size_t part_count;
    const struct api_route *route;
    struct kk_json *json; /* owned: the body */
    struct api_key key;   /* id 0: nobody's */
    char who[API_KEY_NAME_BYTES + 32];
    /* The answer. */
    int status;
    struct kk_buf answer; /* owned */
    const char *type;
    const char *encoding, *cache, *policy; /* NULL: none, no-store, none */
    char allow[48], etag[32], set_cookie[192];
    bool varies;       /* with Accept-Encoding */
    int retry_after_s; /* 0: not said */
    bool is_replayed, has_written;
    bool is_stream; /* the answer is without end: what stream_wish asks for */
    struct stream_wish stream_wish;
};

/* Answers it, whatever it is. */
void api_handle(struct api_call *call);
void api_call_done(struct api_call *call);

/* ---- for handlers: what they are called with fits their route's row ---- */

/* RFC 9457. pointer NULL: it is not about one field. */
enum kk_code api_refuse(struct api_call *call, int status, const char *pointer, const char *detail);
void api_begin(struct api_call *call, int status); /* opens the answer's object */
enum kk_code api_end(struct api_call *call);
/* The part of the path that is a number. False: it was refused. */
bool api_path_id(struct api_call *call, size_t at, int64_t *ret);
/* A list: {"items":[…],"cursor":…}. after: where the page begins. */
struct api_page {
    struct api_call *call;
    const char *tag; /* of the list: a cursor of another one is refused */
    int64_t after, limit, count, last;
    int64_t until; /* the last id that was looked at, where a page does not look at all; 0: it does */
    char after_text[SELLER_ID_BYTES], last_text[SELLER_ID_BYTES];
};
bool api_page_begin(struct api_page *page, struct api_call *call, const char *tag);
/* Opens the next item's object; false: the page is full. */
bool api_page_item(struct api_page *page);
void api_page_close(struct api_page *page, int64_t id, const char *text);
enum kk_code api_page_end(struct api_page *page);
/* Writes and reads a cursor. False: it is none of ours, or of another list. */
void api_cursor_write(const char *tag, int64_t id, const char *text, struct kk_buf *out);
bool api_cursor_read(struct kk_sv cursor, const char *tag, int64_t *ret_id, char ret_text[SELLER_ID_BYTES]);
/* A text member of the body; without ptr: it is not there. */
struct kk_sv api_text(const struct api_call *call, const char *name);
/* A parameter of the query; without ptr: it is not there. */
struct kk_sv api_query(const struct api_call *call, const char *name);

enum kk_code api_health(struct api_call *call, struct kk_err *err);
enum kk_code api_ready(struct api_call *call, struct kk_err *err);
enum kk_code api_openapi(struct api_call *call, struct kk_err *err);
enum kk_code api_metrics(struct api_call *call, struct kk_err *err);
enum kk_code api_list_alerts(struct api_call *call, struct kk_err *err);
enum kk_code api_pause(struct api_call *call, struct kk_err *err);
enum kk_code api_resume(struct api_call *call, struct kk_err *err);
enum kk_code api_list_keys(struct api_call *call, struct kk_err *err);
enum kk_code api_revoke_key(struct api_call *call, struct kk_err *err);
enum kk_code api_list_audit(struct api_call *call, struct kk_err *err);
enum kk_code api_start_crawl(struct api_call *call, struct kk_err *err);
enum kk_code api_list_sellers(struct api_call *call, struct kk_err *err);
enum kk_code api_add_seller(struct api_call *call, struct kk_err *err);
enum kk_code api_get_seller(struct api_call *call, struct kk_err *err);
enum kk_code api_change_seller(struct api_call *call, struct kk_err *err);
enum kk_code api_get_progress(struct api_call *call, struct kk_err *err);
enum kk_code api_list_runs(struct api_call *call, struct kk_err *err);
enum kk_code api_get_run(struct api_call *call, struct kk_err *err);
enum kk_code api_list_tasks(struct api_call *call, struct kk_err *err);
enum kk_code api_list_dead(struct api_call *call, struct kk_err *err);
enum kk_code api_get_task(struct api_call *call, struct kk_err *err);
enum kk_code api_retry_task(struct api_call *call, struct kk_err *err);
enum kk_code api_retry_dead(struct api_call *call, struct kk_err *err);
enum kk_code api_list_agents(struct api_call *call, struct kk_err *err);
enum kk_code api_add_agent(struct api_call *call, struct kk_err *err);
enum kk_code api_change_agent(struct api_call *call, struct kk_err *err);
enum kk_code api_get_stats(struct api_call *call, struct kk_err *err);
enum kk_code api_list_products(struct api_call *call, struct kk_err *err);
enum kk_code api_get_product(struct api_call *call, struct kk_err *err);
enum kk_code api_list_versions(struct api_call *call, struct kk_err *err);
enum kk_code api_list_changes(struct api_call *call, struct kk_err *err);
enum kk_code api_stream(struct api_call *call, struct kk_err *err);
enum kk_code api_why_item(struct api_call *call, struct kk_err *err);
enum kk_code api_why_seller(struct api_call *call, struct kk_err *err);

#endif
