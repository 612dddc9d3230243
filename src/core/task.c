#include "core/task.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/json.h"

enum kk_code task_move(struct task *task, enum task_event on, struct kk_err *err)
{
    enum task_state to = task_next(task->state, on);

    if (to == TASK_NONE)
        return kk_fail(err, KK_CONFLICT, "task %" PRId64 ": no move from %s on %s", task->id,
                       task_state_name(task->state), task_event_name(on));
    task->state = to;
    return KK_OK;
}

bool task_is_over(const struct task *task)
{
    return task->state == TASK_SUCCESS || (task->state == TASK_FAILED && task->is_dead);
}

static const char *const kind_names[] = {[TASK_LIST] = "list", [TASK_DETAIL] = "detail", [TASK_OPTIONS] = "options"};

const char *task_kind_name(enum task_kind kind)
{
    KK_ASSERT(kind >= TASK_LIST && kind <= TASK_OPTIONS);
    return kind_names[kind];
}

bool task_kind_parse(struct kk_sv name, enum task_kind *ret)
{
    for (int kind = TASK_LIST; kind <= TASK_OPTIONS; kind++) {
        if (!kk_sv_eq(name, kk_sv_of(kind_names[kind])))
            continue;
        *ret = (enum task_kind)kind;
        return true;
    }
    return false;
}

static void write_ticket(int64_t task_id, int64_t serial, struct kk_sv seller_id, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "v", 1);
    kk_jw_key_i64(out, "task_id", task_id);
    kk_jw_key_i64(out, "serial", serial);
    kk_jw_key_str(out, "seller_id", seller_id);
    kk_jw_close(out, '}');
}

void task_message(const struct task *task, struct kk_buf *out)
{
    KK_ASSERT(task->id > 0 && task->serial > 0);
    write_ticket(task->id, task->serial, kk_sv_of(task->seller_id), out);
}

/* Takes label off the start of *rest. */
static bool take(struct kk_sv *rest, struct kk_sv label)
{
    if (!kk_sv_starts(*rest, label))
        return false;
    rest->ptr += label.len;
    rest->len -= label.len;
    return true;
}

/* "Exactly ours" means that writing what was read gives the same bytes: no second spelling of a message exists. */
enum kk_code task_ticket_read(struct kk_sv message, struct task_ticket *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf same = KK_BUF(TASK_MESSAGE_MAX_BYTES);
    struct task_ticket ticket = {0};
    struct kk_sv rest = message, seller_id;

    if (message.len > TASK_MESSAGE_MAX_BYTES || !take(&rest, KK_SV("{\"v\":1,\"task_id\":")) ||
        !kk_sv_i64(kk_sv_cut(&rest, ','), &ticket.task_id) || !take(&rest, KK_SV("\"serial\":")) ||
        !kk_sv_i64(kk_sv_cut(&rest, ','), &ticket.serial) || !take(&rest, KK_SV("\"seller_id\":\"")))
        return kk_fail(err, KK_BAD_INPUT, "a queue message is not one of ours");
    seller_id = kk_sv_cut(&rest, '"');
    if (ticket.task_id <= 0 || ticket.serial <= 0 || seller_id_check(seller_id, NULL))
        return kk_fail(err, KK_BAD_INPUT, "a queue message names a task or seller that cannot be ours");

    write_ticket(ticket.task_id, ticket.serial, seller_id, &same);
    if (same.failed)
        return kk_buf_check(&same, "a queue message", err);
    if (!kk_sv_eq(kk_buf_sv(&same), message))
        return kk_fail(err, KK_BAD_INPUT, "a queue message is not one of ours to the letter");
    KK_ASSERT(kk_sv_copy(seller_id, ticket.seller_id, sizeof(ticket.seller_id))); /* its length was checked above */
    *ret = ticket;
    return KK_OK;
}

void task_dedup_key(const struct task *task, char *ret, size_t ret_bytes)
{
    int len = snprintf(ret, ret_bytes, "t%" PRId64 ".%" PRId64, task->id, task->serial);

    KK_ASSERT(len > 0 && (size_t)len < ret_bytes);
}
