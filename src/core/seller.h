/* core/seller.h: a shop whose products we follow (S1-S4), and when it is next due. */
#ifndef KK_CORE_SELLER_H
#define KK_CORE_SELLER_H

#include "base/bytes.h"

#define SELLER_ID_BYTES 65
#define SELLER_NAME_CHARS 128
#define SELLER_NAME_BYTES (4 * SELLER_NAME_CHARS + 1)

enum seller_state { SELLER_NONE, SELLER_ACTIVE, SELLER_PAUSED, SELLER_DISABLED };
enum period_unit { PERIOD_HOUR = 1, PERIOD_DAY };
enum crawl_mode { CRAWL_FULL = 1, CRAWL_DELTA };

struct seller {
    char seller_id[SELLER_ID_BYTES]; /* as MustIt gave it; case matters */
    char name[SELLER_NAME_BYTES];    /* for people; may be empty */
    enum seller_state state;
    int64_t period_count;
    enum period_unit period_unit;
    enum crawl_mode mode;
    int64_t full_every_ms;  /* delta: an item gets a full look at least this often */
    int64_t next_run_at_ms; /* when the scheduler starts it */
    int64_t last_run_id;    /* 0: never crawled */
    int64_t last_started_at_ms, last_ended_at_ms;
    int64_t created_at_ms, updated_at_ms;
    int64_t revision; /* +1 at each change by a person: optimistic locking */
};

/* 1 to 64 letters, digits, '.', '_', '-' or '@' of ASCII. KK_BAD_INPUT says what is wrong with it. */
enum kk_code seller_id_check(struct kk_sv id, struct kk_err *err);
/* UTF-8 on one line, at most SELLER_NAME_CHARS characters; may be empty. KK_BAD_INPUT. */
enum kk_code seller_name_check(struct kk_sv name, struct kk_err *err);
/* "6h", "1d": whole hours or days, 1 hour to 365 days. KK_BAD_INPUT. */
enum kk_code seller_period_parse(struct kk_sv text, int64_t *ret_count, enum period_unit *ret_unit, struct kk_err *err);
void seller_period_print(const struct seller *seller, struct kk_buf *out);
int64_t seller_period_ms(const struct seller *seller);
/* S3: when a seller is next due after its period changed or it was put back to work: one period after the last start,
 * or at once when that is past or there was none. */
int64_t seller_next_run_at_ms(const struct seller *seller, int64_t now_ms);
/* After a start at now_ms: the next point of the grid that began at next_run_at_ms; missed points are skipped. */
int64_t seller_after_start_ms(const struct seller *seller, int64_t now_ms);

const char *seller_state_name(enum seller_state state); /* "ACTIVE" … */
bool seller_state_parse(struct kk_sv name, enum seller_state *ret);
const char *period_unit_name(enum period_unit unit); /* "HOUR" "DAY" */
bool period_unit_parse(struct kk_sv name, enum period_unit *ret);
const char *crawl_mode_name(enum crawl_mode mode); /* "full" "delta" */
bool crawl_mode_parse(struct kk_sv name, enum crawl_mode *ret);

#endif
