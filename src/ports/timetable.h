/* ports/timetable.h: a scheduler elsewhere that calls POST /crawl/start when a seller is due (T1, S3): one entry for
 * each seller that is not DISABLED.
 *
 * The store knows what should be there; the timetable is only told. Calls block for a round trip or two, and none is
 * made inside a transaction. */
#ifndef KK_PORTS_TIMETABLE_H
#define KK_PORTS_TIMETABLE_H

#include "core/seller.h"

#define TIMETABLE_BATCH_MAX 20
#define TIMETABLE_NAME_BYTES 65

struct timetable_result {
    enum kk_code code; /* KK_OK; of look: KK_MISMATCH: it is missing, or not as it should be */
    char error[200];
};
struct timetable {
    const struct timetable_ops *ops;
};
struct timetable_ops {
    const char *name; /* "eventbridge" */
    /* Required. Brings the entries of up to TIMETABLE_BATCH_MAX sellers to what these say: ACTIVE: it goes off each
     * period from next_run_at_ms on; PAUSED: it is there and sleeps; DISABLED: it is gone. Doing it twice is harmless.
     */
    void (*put)(struct timetable *t, const struct seller *sellers, size_t count, struct timetable_result *ret);
    /* Required. Whether they are so. A period's beginning is not compared: it moves with each crawl. */
    void (*look)(struct timetable *t, const struct seller *sellers, size_t count, struct timetable_result *ret);
    /* Required. The name that the seller's entry has. */
    void (*name_of)(struct timetable *t, const struct seller *seller, char ret[TIMETABLE_NAME_BYTES]);
    /* Required. All entries that there are; the name function gives false to end it. */
    enum kk_code (*each)(struct timetable *t, bool (*name)(void *ctx, const char *name), void *ctx, struct kk_err *err);
    /* Required. One that is of no seller goes; gone already is fine. */
    enum kk_code (*drop)(struct timetable *t, const char *name, struct kk_err *err);
    /* Required. Takes t. */
    void (*close)(struct timetable *t);
};
static inline void timetable_close(struct timetable *t)
{
    if (t)
        t->ops->close(t);
}

#endif
