/* The store on MariaDB: the contract. */
#include "adapters/store/store_sql.h"
#include "contract/mysql_world.h"
#include "contract/store_contract.h"
#include "support/check.h"

static void make(void *ctx)
{
    (void)ctx;
    mysql_make();
}

static struct store *open_one(void *ctx, const struct kk_clock *clock)
{
    struct store *store = NULL;
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(store_create(mysql_connect("kkachi_test"), clock, &store, &err), &err);
    return store;
}

static void remove_it(void *ctx)
{
    (void)ctx;
    mysql_admin("DROP DATABASE kkachi_test");
}

int main(void)
{
    static const struct store_world world = {.make = make, .open = open_one, .remove = remove_it};

    return mysql_world_start("the store on MySQL") ? store_contract_run("store_mysql", &world) : 0;
}
