/* core/task.h: one request to be made (K1), and the message that carries it through the queue. */
#ifndef KK_CORE_TASK_H
#define KK_CORE_TASK_H

#include "base/bytes.h"
#include "core/seller.h"
#include "core/task_state.h"

enum task_kind { TASK_LIST = 1, TASK_DETAIL, TASK_OPTIONS }; /* list → detail → options (K6) */

#define TASK_ENDPOINT_BYTES 160
#define TASK_ERROR_BYTES 256
#define TASK_MESSAGE_MAX_BYTES 512

struct task {
    int64_t id; /* 0: not stored yet */
    char seller_id[SELLER_ID_BYTES];
    enum task_kind kind;
    char endpoint[TASK_ENDPOINT_BYTES]; /* the path, with the item number in it (K5) */
    int64_t page;                       /* 0 but for lists */
    int64_t item_no;                    /* 0 for lists */
    int64_t run_id, parent_task_id;     /* parent 0: the trigger made it */
    enum task_state state;
    int64_t serial;  /* +1 each time it becomes WAITING or RETRY; a message with another serial is stale */
    int attempt;     /* deliveries that reached the site or failed, in this run; 0 before the first */
    int lapse_count; /* tries that cost no attempt, in this run: leases that ran out, tokens that were renewed */
    bool is_dead;    /* FAILED for good: a dead letter */
    int64_t lease_until_ms, next_attempt_at_ms;
    int http_status; /* of the last answer; 0: none came */
    char error[TASK_ERROR_BYTES];
    int64_t created_at_ms, published_at_ms, started_at_ms, ended_at_ms;
};

/* Moves task along one arrow of K2. KK_CONFLICT, and an unchanged task, where there is none. */
enum kk_code task_move(struct task *task, enum task_event on, struct kk_err *err);
bool task_is_over(const struct task *task); /* SUCCESS, or FAILED and dead */

const char *task_kind_name(enum task_kind kind); /* "list" "detail" "options" */
bool task_kind_parse(struct kk_sv name, enum task_kind *ret);

/* What travels in the queue. A message is hostile: KK_BAD_INPUT unless it is exactly ours. */
struct task_ticket {
    int64_t task_id, serial;
    char seller_id[SELLER_ID_BYTES];
};
void task_message(const struct task *task, struct kk_buf *out);
enum kk_code task_ticket_read(struct kk_sv message, struct task_ticket *ret, struct kk_err *err);
/* "t<id>.<serial>": one promise to publish for each time the task became WAITING or RETRY (T3). */
void task_dedup_key(const struct task *task, char *ret, size_t ret_bytes);

#endif
