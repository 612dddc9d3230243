/* What a process wrote and did not sync before it died may be read by the next one; then it must also last. */
#include "adapters/store/db_sqlite.h"
#include "base/rng.h"
#include "support/check.h"
#include "support/vfs_disk.h"

#define CUTS 64

struct machine {
    struct vfs_disk *disk;
    int victim; /* dies at its next sync; 0: nobody does */
};

static int at_call(void *ctx, int owner, enum vfs_call call, bool is_after)
{
    struct machine *machine = ctx;

    if (is_after || call != VFS_SYNC || owner != machine->victim)
        return 0;
    machine->victim = 0;
    vfs_disk_kill(machine->disk, owner);
    return 0;
}

static struct db *open_as(struct machine *machine, int owner)
{
    static const struct db_sqlite_options options = {.vfs = "power-test"};
    struct db *db = NULL;
    struct kk_err err = {0};

    vfs_disk_own(machine->disk, owner);
    CHECK_OK(db_sqlite_open("/db", &options, &db, &err), &err);
    return db;
}

static void insert(struct db *db, int64_t id, bool is_told)
{
    static const struct db_sql sql = {"INSERT INTO thing (id) VALUES (?)"};
    struct db_stmt *q = db_use(db, &sql);
    struct kk_err err = {0};

    db_put_int(q, id);
    CHECK_EQ(!db_run(q, NULL, &err), is_told);
}

static int64_t last_of(struct db *db)
{
    static const struct db_sql sql = {"SELECT MAX(id) FROM thing"};
    int64_t id = 0;
    struct kk_err err = {0};

    CHECK_OK(db_number(db_use(db, &sql), &id, &err), &err);
    return id;
}

static void bury(struct machine *machine, int owner, struct db *db)
{
    vfs_disk_kill(machine->disk, owner);
    db_close(db);
    vfs_disk_bury(machine->disk, owner);
}

/* The last row there was before the power went, and after. */
static void play(uint64_t seed, int64_t *ret_before, int64_t *ret_after)
{
    struct machine machine = {0};
    const struct vfs_hooks hooks = {.at = at_call, .ctx = &machine};
    struct kk_rng_seeded seeded;
    const struct kk_rng rng = kk_rng_from_seed(&seeded, seed);
    struct kk_err err = {0};
    struct db *db;

    machine.disk = vfs_disk_create("power-test", &hooks, true);
    db = open_as(&machine, 1);
    CHECK_OK(db_exec(db, "CREATE TABLE thing (id INTEGER PRIMARY KEY)", &err), &err);
    insert(db, 1, true);
    machine.victim = 1;
    insert(db, 2, false);
    bury(&machine, 1, db);

    db = open_as(&machine, 2);
    *ret_before = last_of(db);
    bury(&machine, 2, db);
    vfs_disk_power_cut(machine.disk, &rng);

    db = open_as(&machine, 3);
    *ret_after = last_of(db);
    db_close(db);
    vfs_disk_destroy(machine.disk);
}

static void what_can_be_read_survives_a_power_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CUTS; seed++) {
        int64_t before, after;

        play(seed, &before, &after);
        CHECK_EQ(before, 2); /* or the test would show nothing */
        CHECK_EQ(after, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_read_survives_a_power_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
