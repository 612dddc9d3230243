/* The queue in a store on MariaDB: the contract. */
#include "adapters/queue/queue_local.h"
#include "contract/mysql_world.h"
#include "contract/queue_contract.h"
#include "support/check.h"

static void make(void *ctx)
{
    (void)ctx;
    mysql_clear();
}

static struct queue *open_queue(void *ctx, const struct queue_rules *rules)
{
    struct queue *queue = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(queue_local_open(mysql_store(), rules, &mysql_clock, &queue, &err), &err);
    return queue;
}

static void pass(void *ctx, int64_t ms)
{
    (void)ctx;
    mysql_pass(ms);
}

static void remove_all(void *ctx)
{
    (void)ctx;
    mysql_close_stores();
}

int main(void)
{
    static const struct queue_world world = {.make = make,
                                             .open = open_queue,
                                             .pass = pass,
                                             .remove = remove_all,
                                             .has_dedup = true,
                                             .is_fifo = true,
                                             .tick_ms = 1};

    return mysql_world_start("the queue on MySQL") ? queue_contract_run("queue_mysql", &world) : 0;
}
