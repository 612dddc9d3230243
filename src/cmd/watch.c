#include "cmd/watch.h"

#include "app/trigger.h"
#include "base/assert.h"
#include "cmd/office.h"
#include "ports/store.h"

enum kk_code watch_start(struct watch *watch, struct wire *office, const char *seller_id, struct kk_err *err)
{
    struct watched *watched = &watch->at[watch->count];
    struct seller seller;
    enum kk_code rc = office_find_seller(office->app.store, seller_id, &seller, err);

    KK_ASSERT(watch->count < COMMAND_ARGS_MAX);
    if (rc)
        return rc;
    watched->mode = seller.mode;
    rc = trigger_crawl(&office->app, kk_sv_of(seller_id), RUN_BY_PERSON, &watched->run, &watched->was_created, err);
    watch->count += !rc;
    return rc;
}

static void put_note(struct kk_buf *note, int64_t count, const char *what)
{
    if (count > 0)
        kk_buf_addf(note, "%s%" PRId64 " %s", note->len ? ", " : "", count, what);
}

/* "60 new, 4 changed, 2 retries": only what there is. */
static void write_note(const struct run *run, char *ret, size_t ret_bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf note = KK_BUF(256);

    put_note(&note, run->counts.created_count, "new");
    put_note(&note, run->counts.changed_count, "changed");
    put_note(&note, run->counts.removed_count, "removed");
    put_note(&note, run->counts.returned_count, "returned");
    put_note(&note, run->counts.retry_count, run->counts.retry_count == 1 ? "retry" : "retries");
    put_note(&note, run->counts.dead_count, "dead");
    if (run->state == RUN_INCOMPLETE)
        kk_buf_addf(&note, "%sincomplete", note.len ? ", " : "");
    if (run->state == RUN_COMPLETE && note.len == 0)
        kk_buf_add(&note, KK_SV("no changes"));
    snprintf(ret, ret_bytes, "%s", kk_buf_cstr(&note));
}

static void show(struct progress_bar *bar, const struct watched *watched)
{
    const struct run_counts *counts = &watched->run.counts;
    int64_t expected = counts->task_count;

    /* Before the details of a page are made, the list already says how many there will be. */
    if (watched->mode == CRAWL_FULL && watched->run.item_count > 0 && expected < 2 * watched->run.item_count)
        expected = watched->run.page_count + 2 * watched->run.item_count;
    bar->done = counts->success_count + counts->dead_count;
    bar->is_over = watched->run.state != RUN_OPEN;
    bar->total = bar->is_over || watched->run.item_count >= 0 ? expected : 0;
    bar->colour = watched->run.state == RUN_INCOMPLETE || counts->dead_count ? TABLE_YELLOW : TABLE_GREEN;
    write_note(&watched->run, bar->note, sizeof(bar->note));
}

enum kk_code watch_look(struct watch *watch, struct store *store, struct progress *bars, size_t *ret_open,
                        struct kk_err *err)
{
    *ret_open = 0;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *watched = &watch->at[i];

        if (watched->run.state == RUN_OPEN) {
            enum kk_code rc = store_get_run(store, watched->run.id, &watched->run, err);

            if (rc)
                return rc;
        }
        *ret_open += watched->run.state == RUN_OPEN;
        if (bars)
            show(&bars->bar[i], watched);
    }
    return KK_OK;
}

bool watch_is_good(const struct watch *watch)
{
    bool is_good = true;

    for (size_t i = 0; i < watch->count; i++)
        is_good = is_good && watch->at[i].run.state == RUN_COMPLETE && watch->at[i].run.counts.dead_count == 0;
    return is_good;
}
