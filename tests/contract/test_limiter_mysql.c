/* The limiter in a store on MariaDB: the contract, by the server's clock. */
#include "adapters/limiter/limiter_local.h"
#include "contract/limiter_contract.h"
#include "contract/mysql_world.h"
#include "support/check.h"

static struct kk_rng_seeded seeded;
static struct kk_rng rng;

static void make(void *ctx)
{
    (void)ctx;
    rng = kk_rng_from_seed(&seeded, 7);
    mysql_clear();
}

static struct limiter *open_limiter(void *ctx, const struct limiter_rules *rules)
{
    struct limiter *limiter = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(limiter_local_open(mysql_store(), rules, &mysql_clock, &rng, &limiter, &err), &err);
    return limiter;
}

static int64_t now_ms(void *ctx)
{
    (void)ctx;
    return mysql_wall_ms;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return mysql_wall_ms;
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
    /* Our own wall clock plays no part. */
    static const struct limiter_world world = {
        .make = make, .open = open_limiter, .now_ms = now_ms, .pass = pass, .wall_ms = wall_ms, .remove = remove_all};

    return mysql_world_start("the limiter on MySQL") ? limiter_contract_run("limiter_mysql", &world) : 0;
}
