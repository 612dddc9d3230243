/* Foreign bytes from the queue: a message that is taken is one that we could have written, byte for byte. */
#include "base/assert.h"
#include "core/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf same = KK_BUF(TASK_MESSAGE_MAX_BYTES);
    struct kk_sv message = {(const char *)data, size};
    struct task_ticket ticket = {0};
    struct kk_err err = {0};
    struct task task;

    if (task_ticket_read(message, &ticket, &err)) {
        KK_ASSERT(err.code == KK_BAD_INPUT && err.msg[0] && ticket.task_id == 0);
        return 0;
    }
    task = (struct task){.id = ticket.task_id, .serial = ticket.serial};
    KK_ASSERT(kk_sv_copy(kk_sv_of(ticket.seller_id), task.seller_id, sizeof(task.seller_id)));
    KK_ASSERT(seller_id_check(kk_sv_of(ticket.seller_id), NULL) == KK_OK);
    task_message(&task, &same);
    KK_ASSERT(!same.failed && kk_sv_eq(kk_buf_sv(&same), message));
    return 0;
}
