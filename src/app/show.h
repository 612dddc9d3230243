/* app/show.h: what is stored, as JSON, in the words that commands and API share (design.md section 7). Each appends the
 * members of one object and leaves its brackets to the caller, who may have more to say. Secrets are never shown. */
#ifndef KK_APP_SHOW_H
#define KK_APP_SHOW_H

#include "base/bytes.h"

struct agent;
struct alert;
struct api_key;
struct attempt;
struct audit;
struct limiter_agent;
struct measured_crawl;
struct pause;
struct product;
struct product_version;
struct run;
struct seller;
struct task;

void show_seller(struct kk_buf *json, const struct seller *seller);
void show_run(struct kk_buf *json, const struct run *run);
/* What a crawl under way has still to do, and for how long; null: not known. */
void show_crawl_left(struct kk_buf *json, const struct measured_crawl *crawl);
void show_task(struct kk_buf *json, const struct task *task);
void show_attempt(struct kk_buf *json, const struct attempt *attempt);
void show_agent(struct kk_buf *json, const struct agent *agent); /* never the token: only whether there is one */
void show_bucket(struct kk_buf *json, const struct limiter_agent *bucket);
void show_product(struct kk_buf *json, const struct product *product);
/* A version with the archive keys behind it; a change is a version as it is told to others, with its number. */
void show_version(struct kk_buf *json, const struct product_version *version);
void show_change(struct kk_buf *json, const struct product_version *version);
void show_api_key(struct kk_buf *json, const struct api_key *key); /* never the key or its hash */
void show_audit(struct kk_buf *json, const struct audit *audit);
/* With its rule: what it means, and what to do. */
void show_alert(struct kk_buf *json, const struct alert *alert);
void show_pause(struct kk_buf *json, const struct pause *pause);

/* A member that is null where the number is 0: an id that is not there. */
void show_key_id(struct kk_buf *json, const char *key, int64_t id);

#endif
